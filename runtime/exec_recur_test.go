package runtime

import (
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// randomRecurrence is a function of one loop over single numbers.
func randomRecurrence(r *rand.Rand) (*ir.Module, *ir.Func) {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	b := ir.NewBuilder(m, f)
	k := []ir.Kind{ir.F32, ir.F64}[r.Intn(2)]
	number, list := ir.ScalarOf(k), ir.TensorOf(k, ir.Sym("B"))
	var carries, xs []*ir.Value
	carries = append(carries, f.AddParam("", ir.ScalarOf(ir.I32), ir.Input{}))
	for range 1 + r.Intn(4) {
		carries = append(carries, f.AddParam("", number, ir.Input{}))
	}
	for range r.Intn(3) {
		xs = append(xs, f.AddParam("", list, ir.Input{}))
	}
	xs = append(xs, f.AddParam("", ir.TensorOf(ir.Bool, ir.Sym("B")), ir.Input{}))
	capture := f.AddParam("", number, ir.Input{})
	last, ys := b.Scan(ir.Sym("B"), carries, xs, r.Intn(2) == 0, func(carry, x []*ir.Value) (next, out []*ir.Value) {
		g := &region{r: r, b: b, vals: map[ir.Kind][]*ir.Value{}}
		for _, v := range append(append(carry[1:len(carry):len(carry)], x...), capture) {
			g.add(v)
		}
		for range 1 + r.Intn(12) {
			g.grow(k)
		}
		next = append(next, b.Add(carry[0], b.Int(ir.ScalarOf(ir.I32), int64(1))))
		for range carry[1:] {
			next = append(next, b.One("tanh", nil, g.pick(k)))
		}
		return next, []*ir.Value{g.pick(k), next[0], g.pick(ir.Bool)}
	})
	b.Return(append(last, ys...)...)
	m.Add(f)
	return m, f
}

// TestCodeOfRecurrences compares random loops over numbers in machine code
// with the same loops step by step.
func TestCodeOfRecurrences(t *testing.T) {
	needCode(t)
	for seed := range 200 {
		r := rand.New(rand.NewSource(int64(seed)))
		m, f := randomRecurrence(r)
		for _, n := range []int64{1, 2, 7, 700} {
			sizes := ir.Sizes{"B": {Actual: n, Capacity: n}}
			var in []*array.Array
			for _, p := range f.Params() {
				a := array.New(p.Type.Kind, shapeOf(p.Type, func(string) (int64, bool) { return n, true })...)
				special(r, a)
				in = append(in, a)
			}
			want, _, _ := runWith(t, m, sizes, in, Options{NoJIT: true})
			got, _, _ := runWith(t, m, sizes, in, Options{})
			for k := range want {
				for i := range want[k].Len() {
					if !sameNumber(got[k], want[k], i) {
						t.Fatalf("seed %d, %d steps: element %d of result %d is %s, step by step %s\n%s", seed, n, i, k, text(got[k], i), text(want[k], i), m)
					}
				}
			}
		}
	}
}

// TestRecurrenceOverflow: a loop that overflows in machine code fails as it
// does step by step.
func TestRecurrenceOverflow(t *testing.T) {
	needCode(t)
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	b := ir.NewBuilder(m, f)
	x := f.AddParam("x", ir.ScalarOf(ir.I32), ir.Input{})
	last, _ := b.Scan(ir.Sym("B"), []*ir.Value{x}, nil, false, func(carry, _ []*ir.Value) (next, out []*ir.Value) {
		return []*ir.Value{b.Add(carry[0], carry[0])}, nil
	})
	b.Return(last...)
	m.Add(f)
	var faults []string
	for _, no := range []bool{true, false} {
		prog, err := Load(m, ir.Sizes{"B": {Actual: 40, Capacity: 40}}, Options{NoJIT: no})
		if err != nil {
			t.Fatal(err)
		}
		fn, err := prog.Function("main", nil)
		if err != nil {
			t.Fatal(err)
		}
		a := array.New(ir.I32)
		a.I32[0] = 3
		err = fn.Run([]*array.Array{a}, []*array.Array{nil}, nil)
		prog.Close()
		if err == nil {
			t.Fatalf("no fault with NoJIT %v", no)
		}
		faults = append(faults, err.Error())
	}
	if faults[0] != faults[1] {
		t.Errorf("%q, step by step %q", faults[1], faults[0])
	}
}
