package runtime

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// withFloat replaces the float kinds of a type.
func withFloat(t ir.Type, k ir.Kind) ir.Type {
	if t.IsFloat() {
		t.Kind = k
	}
	return t
}

// sampleFunc is a function of one operation; with d, a batch of it.
func sampleFunc(m *ir.Module, row *ir.Row, s ir.Sample, k ir.Kind, d ir.Dim) (f *ir.Func, err error) {
	defer func() {
		if e, ok := recover().(*ir.TypeError); ok {
			err = e
		}
	}()
	attrs := s.Attrs
	switch a := attrs.(type) {
	case ir.ConstAttrs:
		a.T = withFloat(a.T, k)
		attrs = a
	}
	one := ir.NewFunc(row.Name)
	var ps []*ir.Value
	for i, t := range s.Operands {
		ps = append(ps, one.AddParam(fmt.Sprintf("x%d", i), withFloat(t, k), ir.Input{}))
	}
	b := ir.NewBuilder(m, one)
	out := b.Op(row.Name, attrs, ps...)
	b.Return(out...)
	if d.IsZero() || row.Batch == nil || len(ps) == 0 {
		return one, nil
	}
	op := one.Body.Ops[0]
	many := ir.NewFunc(row.Name + "!batch")
	var in []*ir.Value
	on := make([]bool, len(ps))
	for i, p := range ps {
		on[i] = true
		in = append(in, many.AddParam(p.Name, p.Type.Lead(d), ir.Input{}))
	}
	b = ir.NewBuilder(m, many)
	out, _ = row.Batch(b, op, in, on, d, true)
	b.Return(out...)
	return many, nil
}

// fillArg draws an argument.
func fillArg(r *rand.Rand, t ir.Type, shape []int, s ir.Sample, i int, sizes func(string) (int64, bool)) *array.Array {
	a := array.New(t.Kind, shape...)
	lo, hi := -2.0, 2.0
	if i < len(s.Lo) {
		lo = s.Lo[i]
	}
	if i < len(s.Hi) {
		hi = s.Hi[i]
	}
	for j := 0; j < a.Len(); j++ {
		switch {
		case t.IsFloat():
			a.SetFloat(j, lo+(hi-lo)*r.Float64())
		case i < len(s.Ints) && len(s.Ints[i]) > 0:
			a.SetInt(j, s.Ints[i][j%len(s.Ints[i])])
		case t.Kind == ir.Bool:
			a.SetInt(j, int64(r.Intn(2)))
		case t.Kind == ir.Index:
			n, _ := t.Bound.Eval(sizes)
			a.SetInt(j, r.Int63n(n))
		case t.Kind == ir.Key:
			a.SetInt(j, r.Int63())
		default:
			a.SetInt(j, int64(r.Intn(9)-3))
		}
	}
	return a
}

func shapeOf(t ir.Type, look func(string) (int64, bool)) []int {
	var s []int
	for _, d := range t.Dims {
		n, err := d.Eval(look)
		if err != nil {
			panic(err)
		}
		s = append(s, int(n))
	}
	return s
}

// compare runs f with workers 1, 2 and 4 and compares with the interpreter.
func compare(t *testing.T, m *ir.Module, f *ir.Func, s ir.Sample, capacity, actual int64, seed int64) {
	t.Helper()
	sizes := ir.Sizes{"B": {Actual: capacity, Capacity: capacity}}
	look := func(name string) (int64, bool) { return actual, name == "B" }
	r := rand.New(rand.NewSource(seed))
	var in []*array.Array
	var args []*ir.Tensor
	scale, many := 1.0, 1.0
	for i, p := range f.Params() {
		a := fillArg(r, p.Type, shapeOf(p.Type, look), s, i, look)
		in = append(in, a)
		x := a.ToTensor(p.Type)
		args = append(args, x)
		many = max(many, float64(x.Len()))
		for _, v := range x.F {
			scale = max(scale, math.Abs(v))
		}
	}
	e := ir.NewEvaluator(m, map[string]int64{"B": actual})
	want, err := e.Call(f, args...)
	if err != nil {
		t.Fatalf("%s: interpreter: %v", f.Name, err)
	}
	e.Round = true
	rounded, err := e.Call(f, args...)
	if err != nil {
		t.Fatalf("%s: interpreter: %v", f.Name, err)
	}
	var first []*array.Array
	for _, workers := range []int{1, 2, 4} {
		prog, err := Load(m, sizes, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		fn, err := prog.Function(f.Name, nil)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out := make([]*array.Array, len(f.Results()))
		for range 2 { // the second run finds used storage
			if err := fn.Run(in, out, map[string]int64{"B": actual}); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		prog.Close()
		if workers == 1 {
			first = out
			for k := range out {
				check(t, f, k, out[k], want[k], rounded[k], scale, many)
			}
			continue
		}
		for k := range out {
			sameBits(t, f, out[k], first[k])
		}
	}
}

func check(t *testing.T, f *ir.Func, k int, got *array.Array, want, rounded *ir.Tensor, scale, many float64) {
	t.Helper()
	if fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape) {
		t.Fatalf("%s: shape %v, want %v", f.Name, got.Shape, want.Shape)
	}
	for _, v := range want.F {
		if !math.IsInf(v, 0) && v == v {
			scale = max(scale, math.Abs(v))
		}
	}
	eps := 0x1p-52
	if got.Kind == ir.F32 {
		eps = 0x1p-23
	}
	for i := 0; i < got.Len(); i++ {
		if !want.Type.IsFloat() {
			if got.Int(i) != want.I[i] {
				t.Fatalf("%s: result %d element %d is %d, want %d", f.Name, k, i, got.Int(i), want.I[i])
			}
			continue
		}
		g, w := got.Float(i), want.F[i]
		bound := 8*math.Abs(rounded.F[i]-w) + 16*eps*scale*math.Sqrt(many)
		if g != w && !(math.Abs(g-w) <= bound) && !(g != g && w != w) {
			t.Fatalf("%s: result %d element %d is %v, want %v", f.Name, k, i, g, w)
		}
	}
}

func sameBits(t *testing.T, f *ir.Func, a, b *array.Array) {
	t.Helper()
	for i := 0; i < a.Len(); i++ {
		if a.Kind.IsFloat() {
			if math.Float64bits(a.Float(i)) != math.Float64bits(b.Float(i)) {
				t.Fatalf("%s: element %d depends on the workers: %v and %v", f.Name, i, a.Float(i), b.Float(i))
			}
		} else if a.Int(i) != b.Int(i) {
			t.Fatalf("%s: element %d depends on the workers: %v and %v", f.Name, i, a.Int(i), b.Int(i))
		}
	}
}

// TestRows runs every row from its samples, alone and in batches.
func TestRows(t *testing.T) {
	for _, row := range ir.Rows() {
		if row.Samples == nil || row.Has(ir.Control) {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			for n, s := range row.Samples() {
				if s.Regions != nil {
					continue
				}
				for _, k := range []ir.Kind{ir.F32, ir.F64} {
					m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
					f, err := sampleFunc(m, row, s, k, ir.Dim{})
					if err != nil {
						continue // the row does not take that kind
					}
					m.Add(f)
					compare(t, m, f, s, 1, 1, int64(n))
					if len(s.Operands) == 0 || row.Batch == nil {
						continue
					}
					g, err := sampleFunc(m, row, s, k, ir.Sym("B"))
					if err != nil {
						t.Fatal(err)
					}
					m.Add(g)
					compare(t, m, g, s, 1, 1, int64(n))
					compare(t, m, g, s, 16, 7, int64(n))
					compare(t, m, g, s, 1024, 1024, int64(n))
				}
			}
		})
	}
}
