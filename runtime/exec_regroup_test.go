package runtime

import (
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// regroupings are the contractions of a convolution and its gradients, whose
// labels do not join.
var regroupings = []struct{ spec, sizes string }{
	{"okl,bykzl->boyz", "b=6 k=5 l=5 o=8 y=12 z=12"},
	{"oikl,byikzl->boyz", "b=5 i=4 k=3 l=3 o=6 y=5 z=7"},
	{"boyz,bykzl->okl", "b=9 k=5 l=5 o=8 y=12 z=12"},
	{"oikl,boyz->byikzl", "b=5 i=4 k=3 l=3 o=16 y=5 z=5"},
	{"byikzl,oikl->boyz", "b=4 i=6 k=3 l=3 o=9 y=6 z=6"},
	{"bhqd,bkhd->bqhk", "b=3 d=8 h=4 k=7 q=5"},
}

func planOf(t *testing.T, m *ir.Module, fn *ir.Func, rows int64) string {
	t.Helper()
	prog, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	f, err := prog.Function(fn.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.Plan().String()
}

// TestRegroup compares regrouped contractions with the interpreter, and the
// bits between numbers of workers; and holds that the usual ones stay products
// of what lies there.
func TestRegroup(t *testing.T) {
	for i, c := range regroupings {
		for _, k := range []ir.Kind{ir.F32, ir.F64} {
			m := batchModule()
			fn, rows := einsumFunc(m, c.spec, c.sizes, k)
			if plan := planOf(t, m, fn, rows); strings.Contains(plan, "regrouped") != (i < 5) {
				t.Errorf("%s: the plan is\n%s", c.spec, plan)
			}
			compare(t, m, fn, ir.Sample{}, rows, rows, 3)
			compare(t, m, fn, ir.Sample{}, rows, rows/2+1, 4)
		}
	}
	for _, c := range contractions {
		m := batchModule()
		fn, rows := einsumFunc(m, c.spec, c.sizes, ir.F32)
		if plan := planOf(t, m, fn, rows); strings.Contains(plan, "regrouped") {
			t.Errorf("%s is regrouped", c.spec)
		}
	}
}

// windowFunc contracts windows of the last axis of x with y, or sums them; the
// window of place p begins at from + step*p.
func windowFunc(m *ir.Module, from, step, bound int64, sum bool) *ir.Func {
	n, inside := ir.N(4), ir.N(3)
	f := ir.NewFunc("windows")
	x := f.AddParam("x", ir.TensorOf(ir.F32, batchDim, ir.N(bound)), ir.Input{})
	y := f.AddParam("y", ir.TensorOf(ir.F32, inside), ir.Input{})
	b := ir.NewBuilder(m, f)
	number := func(d ir.Dim, dims []ir.Dim, times int64) *ir.Value {
		i := b.One("convert", ir.ConvertAttrs{K: ir.I64}, b.One("iota", ir.IotaAttrs{N: d}))
		return b.Mul(i, b.Int(ir.TensorOf(ir.I64, d), times))
	}
	both := []ir.Dim{n, inside}
	at := b.Add(b.Broadcast(number(n, both, step), both, 0), b.Broadcast(number(inside, both, 1), both, 1))
	at = b.Sub(at, b.Int(ir.TensorOf(ir.I64, both...), -from))
	index := b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: ir.N(bound)}, at)
	w := b.One("gather", ir.GatherAttrs{Axis: 1}, x, index)
	out := []*ir.Value{b.Einsum("bnk,k->bn", w, y)}
	if sum {
		out = append(out, b.Sum(w, 2))
	}
	b.Return(out...)
	return m.Add(f)
}

// TestWindows holds that gathers at places that step evenly are views where
// contractions read them, and gathers where they may leave the axis, go backwards, or where
// others read them.
func TestWindows(t *testing.T) {
	for _, c := range []struct {
		from, step, bound int64
		sum, view         bool
	}{
		{0, 2, 9, false, true}, {1, 1, 7, false, true}, {9, -3, 12, false, false}, {0, 0, 3, false, true},
		{0, 2, 9, true, false}, {0, 1, 30, false, true},
	} {
		m := batchModule()
		fn := windowFunc(m, c.from, c.step, c.bound, c.sum)
		if plan := planOf(t, m, fn, 5); strings.Contains(plan, "gather") == c.view {
			t.Errorf("from %d by %d of %d: the plan is\n%s", c.from, c.step, c.bound, plan)
		}
		compare(t, m, fn, ir.Sample{}, 5, 5, 3)
		compare(t, m, fn, ir.Sample{}, 5, 3, 4)
	}
	m := batchModule()
	fn := windowFunc(m, 0, 2, 8, false)
	if plan := planOf(t, m, fn, 5); !strings.Contains(plan, "gather") {
		t.Errorf("places outside of the axis are read as a view:\n%s", plan)
	}
}
