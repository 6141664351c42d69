package passes

import (
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// laneCheck transforms @f of a module and compares each lane with the function
// that was not batched; what all lanes share gets the sum over them.
type laneCheck struct {
	m      *ir.Module
	order  []string
	n      int    // lanes
	shared []bool // by parameter of @f
	finite bool   // no lane may hold a NaN or an infinity, alone either
	value  func(param, lane, element int) float64
}

func (l laneCheck) run(t *testing.T) {
	single, all := l.transform(t, false), l.transform(t, true)
	if err := ir.Verify(l.m, ir.StageRaw); err != nil {
		t.Fatal(err)
	}
	args, rows := l.arguments(single, all)
	var want [][]*ir.Tensor
	for _, row := range rows {
		want = append(want, run(t, l.m, nil, single, row))
	}
	sizes := map[string]int64{"L": int64(l.n)}
	l.compare(t, "derived", all, run(t, l.m, sizes, all, args), want)
	c, name := clone(l.m), all.Name
	for _, list := range [][]Pass{SizeFree, Sized} {
		err := Run(c, list, ir.Sizes{"L": {Actual: int64(l.n), Capacity: 8}}, func(pass string, m *ir.Module) {
			l.compare(t, "after "+pass, m.Func(name), run(t, m, sizes, m.Func(name), args), want)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// transform applies the order to the function of one row, or of all.
func (l laneCheck) transform(t *testing.T, batch bool) *ir.Func {
	f, err := l.m.Func("f"), error(nil)
	var on []bool
	for _, s := range l.shared {
		on = append(on, !s)
	}
	for _, o := range l.order {
		switch {
		case o == "batch" && batch:
			f, err = Batch(l.m, f.Name, on, ir.Sym("L"), true)
		case o == "jvp":
			f, err = JVP(l.m, f.Name, floats(f.Params()))
		case o == "vjp":
			f, err = VJP(l.m, f.Name, floats(f.Params()), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		for len(on) < len(f.Params()) {
			on = append(on, true)
		}
	}
	return f
}

// arguments is those of the batched function, and those of each row.
func (l laneCheck) arguments(single, all *ir.Func) (args []*ir.Tensor, rows [][]*ir.Tensor) {
	rows = make([][]*ir.Tensor, l.n)
	for i, p := range single.Params() {
		q := all.Params()[i]
		var x *ir.Tensor
		for lane := range l.n {
			row := ir.NewTensor(p.Type, constShape(p.Type)...)
			for j := range row.F {
				row.F[j] = l.value(i, lane, j)
			}
			rows[lane] = append(rows[lane], row)
			switch {
			case !byLane(q):
				x = row
			case x == nil:
				x = ir.NewTensor(q.Type, append([]int{l.n}, row.Shape...)...)
				fallthrough
			default:
				copy(x.F[lane*len(row.F):], row.F)
			}
		}
		args = append(args, x)
	}
	return args, rows
}

func byLane(x *ir.Value) bool { return x.Type.Rank() > 0 && x.Type.Dims[0] == ir.Sym("L") }

func constShape(t ir.Type) []int {
	var shape []int
	for _, d := range t.Dims {
		n, _ := d.Const()
		shape = append(shape, int(n))
	}
	return shape
}

func (l laneCheck) compare(t *testing.T, what string, f *ir.Func, got []*ir.Tensor, want [][]*ir.Tensor) {
	t.Helper()
	for r, x := range f.Results() {
		size := len(want[0][r].F)
		for j := range size {
			sum, most := 0.0, 0.0
			for lane := range l.n {
				w := want[lane][r].F[j]
				if l.finite && (math.IsNaN(w) || math.IsInf(w, 0)) {
					t.Fatalf("result %d element %d of lane %d alone is %v", r, j, lane, w)
				}
				sum, most = sum+w, math.Max(most, math.Abs(w))
				if !byLane(x) {
					continue
				}
				if a := got[r].F[lane*size+j]; !close(a, w, 1e-11) && !(math.IsNaN(a) && math.IsNaN(w)) {
					t.Fatalf("%s: result %d element %d of lane %d (%g) is %v, alone %v\n%s", what, r, j, lane, l.value(0, lane, 0), a, w, f)
				}
			}
			if !byLane(x) && !(math.Abs(got[r].F[j]-sum) <= 1e-11*(1+most)) {
				t.Fatalf("%s: result %d element %d is %v, sum of lanes %v\n%s", what, r, j, got[r].F[j], sum, f)
			}
		}
	}
}
