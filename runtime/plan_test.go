package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

func batchModule() *ir.Module {
	return &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
}

// mlp is a training step of a perceptron with momentum: parameters and
// velocities first, then the data; results in the same order, then the loss.
func mlp(m *ir.Module, k ir.Kind, in, hidden, out int64) *ir.Func {
	f := ir.NewFunc("step")
	n := ir.N
	w1 := f.AddParam("w1", ir.TensorOf(k, n(in), n(hidden)), ir.Input{Role: ir.Weight})
	w2 := f.AddParam("w2", ir.TensorOf(k, n(hidden), n(out)), ir.Input{Role: ir.Weight})
	v1 := f.AddParam("v1", w1.Type, ir.Input{})
	v2 := f.AddParam("v2", w2.Type, ir.Input{})
	x := f.AddParam("x", ir.TensorOf(k, batchDim, n(in)), ir.Input{Role: ir.Col})
	y := f.AddParam("y", ir.TensorOf(k, batchDim, n(out)), ir.Input{Role: ir.Col})
	b := ir.NewBuilder(m, f)
	h := b.One("tanh", nil, b.Einsum("bi,ih->bh", x, w1))
	d := b.Sub(b.Einsum("bh,ho->bo", h, w2), y)
	loss := b.Sum(b.Mul(d, d), 0, 1)
	g2 := b.Einsum("bh,bo->ho", h, d)
	dh := b.Einsum("bo,ho->bh", d, w2)
	dz := b.Mul(dh, b.Sub(b.Float(h.Type, 1), b.Mul(h, h)))
	g1 := b.Einsum("bi,bh->ih", x, dz)
	update := func(w, v, g *ir.Value) (*ir.Value, *ir.Value) {
		nv := b.Add(b.Mul(v, b.Float(v.Type, 0.9)), g)
		return b.Sub(w, b.Mul(nv, b.Float(w.Type, 0.001))), nv
	}
	nw1, nv1 := update(w1, v1, g1)
	nw2, nv2 := update(w2, v2, g2)
	b.Return(nw1, nw2, nv1, nv2, loss)
	return m.Add(f)
}

var inPlace = map[int]int{0: 0, 1: 1, 2: 2, 3: 3}

func randomArgs(f *ir.Func, actual int64, seed int64) []*array.Array {
	r := rand.New(rand.NewSource(seed))
	look := func(string) (int64, bool) { return actual, true }
	var in []*array.Array
	for i, p := range f.Params() {
		in = append(in, fillArg(r, p.Type, shapeOf(p.Type, look), ir.Sample{}, i, look))
	}
	return in
}

func TestTrainingStep(t *testing.T) {
	m := batchModule()
	f := mlp(m, ir.F32, 20, 16, 3)
	compare(t, m, f, ir.Sample{}, 32, 20, 1)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 64, Capacity: 64}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	plain, err := prog.Function("step", nil)
	if err != nil {
		t.Fatal(err)
	}
	fn, err := prog.Function("step", inPlace)
	if err != nil {
		t.Fatal(err)
	}
	in := randomArgs(f, 64, 2)
	want := make([]*array.Array, 5)
	if err := plain.Run(in, want, nil); err != nil {
		t.Fatal(err)
	}
	out := []*array.Array{in[0], in[1], in[2], in[3], nil}
	if err := fn.Run(in, out, nil); err != nil {
		t.Fatal(err)
	}
	for k := range out {
		sameBits(t, f, out[k], want[k])
	}
	for _, o := range fn.plan.outs[:4] {
		if o.copy {
			t.Error("a parameter is not updated in place")
		}
	}
	r := fn.Plan()
	if float64(r.Peak) > 1.2*float64(r.Lower) {
		t.Errorf("arena of %d bytes, %d alive at once", r.Peak, r.Lower)
	}
	if text := r.String(); !strings.Contains(text, "GEMM 20×16×64") || !strings.Contains(text, "einsum bi,bh->ih") {
		t.Errorf("the plan does not show its products:\n%s", text)
	}
}

// TestNoAllocation runs full and short batches in turn.
func TestNoAllocation(t *testing.T) {
	m := batchModule()
	f := mlp(m, ir.F32, 20, 16, 3)
	scanFunc(m)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 64, Capacity: 64}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	for _, name := range []string{"step", "loop"} {
		f = m.Func(name)
		fn, err := prog.Function(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		full, short := randomArgs(f, 64, 1), randomArgs(f, 10, 2)
		out := make([]*array.Array, len(f.Results()))
		sizes := map[string]int64{"B": 10}
		both := func() {
			if err := errors.Join(fn.Run(full, out, nil), fn.Run(short, out, sizes)); err != nil {
				t.Fatal(err)
			}
		}
		both()
		if n := testing.AllocsPerRun(20, both); n != 0 {
			t.Errorf("%s: %v allocations a run", name, n)
		}
	}
}

// scanFunc adds a loop with a state, an accumulator and a call.
func scanFunc(m *ir.Module) *ir.Func {
	g := ir.NewFunc("double")
	p := g.AddParam("p", ir.TensorOf(ir.F64, batchDim, three), ir.Input{})
	b := ir.NewBuilder(m, g)
	b.Return(b.Add(p, p))
	m.Add(g)
	f := ir.NewFunc("loop")
	x := f.AddParam("x", ir.TensorOf(ir.F64, ir.N(7), batchDim, three), ir.Input{})
	w := f.AddParam("w", ir.TensorOf(ir.F64, three, three), ir.Input{})
	b = ir.NewBuilder(m, f)
	zero := b.Zeros(ir.TensorOf(ir.F64, batchDim, three))
	sum := b.Zeros(w.Type)
	last, ys := b.Scan(ir.N(7), []*ir.Value{zero, sum}, []*ir.Value{x}, false, func(c, xs []*ir.Value) (next, out []*ir.Value) {
		h := b.One("tanh", nil, b.Add(b.Einsum("bi,ij->bj", c[0], w), callOf(b, g, xs[0])[0]))
		return []*ir.Value{h, b.Add(c[1], b.Einsum("bi,bj->ij", h, xs[0]))}, []*ir.Value{h}
	})
	b.Return(append(last, ys...)...)
	return m.Add(f)
}

func TestLoopInPlace(t *testing.T) {
	m := batchModule()
	f := scanFunc(m)
	compare(t, m, f, ir.Sample{}, 5, 4, 3)
	prog, _ := Load(m, ir.Sizes{"B": {Actual: 5}}, Options{})
	defer prog.Close()
	fn, err := prog.Function("loop", nil)
	if err != nil {
		t.Fatal(err)
	}
	for op, o := range fn.plan.ops {
		if op.Row.Name != "scan" {
			continue
		}
		if o.scan.carry[0].inPlace || !o.scan.carry[1].inPlace {
			t.Errorf("the state must have two buffers and the accumulator one: %+v", o.scan.carry)
		}
		if o.scan.carry[0].copyNext || !o.scan.y[0].copy {
			t.Errorf("the state is copied: %+v", o.scan)
		}
	}
}

// TestDonation lets random functions overwrite their parameters.
func TestDonation(t *testing.T) {
	for seed := int64(0); seed < 150; seed++ {
		m, f := randomFunc(seed, ir.F64, 5+int(seed)%25)
		donate, free := map[int]int{}, map[int]bool{}
		for k, v := range f.Results() {
			for j, p := range f.Params() {
				if !free[j] && donate[k] == 0 && p.Type.Equal(v.Type) && j > 0 {
					donate[k], free[j] = j, true
				}
			}
		}
		for k, j := range donate {
			if j == 0 {
				delete(donate, k)
			}
		}
		prog, _ := Load(m, ir.Sizes{"B": {Actual: 4}}, Options{})
		plain, err := prog.Function("main", nil)
		if err != nil {
			t.Fatal(err)
		}
		fn, err := prog.Function("main", donate)
		if err != nil {
			t.Fatal(err)
		}
		in, want := randomArgs(f, 4, seed), make([]*array.Array, len(f.Results()))
		out := make([]*array.Array, len(want))
		for k, j := range donate {
			out[k] = in[j]
		}
		if err := errors.Join(plain.Run(in, want, nil), fn.Run(in, out, nil)); err != nil {
			t.Fatal(err)
		}
		for k := range out {
			for i := 0; i < out[k].Len(); i++ {
				if math.Float64bits(out[k].F64[i]) != math.Float64bits(want[k].F64[i]) {
					t.Fatalf("seed %d: result %d of %v element %d is %v, want %v\n%s", seed, k, donate, i, out[k].F64[i], want[k].F64[i], m)
				}
			}
		}
		prog.Close()
	}
}

// TestPeak keeps arenas near what is alive at once.
func TestPeak(t *testing.T) {
	var peak, lower int64
	for seed := int64(0); seed < 200; seed++ {
		m, _ := randomFunc(seed, ir.F64, 30)
		prog, _ := Load(m, ir.Sizes{"B": {Actual: 500}}, Options{})
		fn, err := prog.Function("main", nil)
		if err != nil {
			t.Fatal(err)
		}
		r := fn.Plan()
		if float64(r.Peak) > 1.2*float64(r.Lower) {
			t.Errorf("seed %d: arena of %d bytes, %d alive at once", seed, r.Peak, r.Lower)
		}
		peak, lower = peak+r.Peak, lower+r.Lower
		prog.Close()
	}
	t.Logf("arenas are %.3f of what is alive at once", float64(peak)/float64(lower))
}

func TestFaults(t *testing.T) {
	span := source.Span{File: source.NewFile("p.df", []byte("x / y")), Start: 0, End: 5}
	i32 := ir.TensorOf(ir.I32, batchDim)
	cases := []struct {
		want string
		code string
		at   int64
		make func(b *ir.Builder, x, y *ir.Value) *ir.Value
	}{
		{"7 divided by 0", CodeInteger, 3, func(b *ir.Builder, x, y *ir.Value) *ir.Value { return b.Div(x, y) }},
		{"2147483647 * 2 overflows i32", CodeInteger, 5, func(b *ir.Builder, x, y *ir.Value) *ir.Value { return b.Mul(x, b.Int(x.Type, 2)) }},
		{"7 is no index below 4", CodeIndex, 0, func(b *ir.Builder, x, y *ir.Value) *ir.Value {
			return b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: ir.N(4)}, x)
		}},
		{"must differ", CodeAssert, 5, func(b *ir.Builder, x, y *ir.Value) *ir.Value {
			b.Op("assert", ir.AssertAttrs{Message: "must differ"}, b.Cmp("ne", x, b.Int(x.Type, math.MaxInt32)))
			return x
		}},
	}
	for _, c := range cases {
		m := batchModule()
		f := ir.NewFunc("f")
		x, y := f.AddParam("x", i32, ir.Input{}), f.AddParam("y", i32, ir.Input{})
		b := ir.NewBuilder(m, f)
		b.Span = span
		b.Return(c.make(b, x, y))
		m.Add(f)
		prog, _ := Load(m, ir.Sizes{"B": {Actual: 8}}, Options{Workers: 2})
		fn, err := prog.Function("f", nil)
		if err != nil {
			t.Fatal(err)
		}
		xs, ys := array.New(ir.I32, 8), array.New(ir.I32, 8)
		copy(xs.I32, []int32{7, 7, 7, 7, 7, math.MaxInt32, 7, 7})
		copy(ys.I32, []int32{1, 1, 1, 0, 1, 1, 0, 1})
		err = fn.Run([]*array.Array{xs, ys}, make([]*array.Array, 1), nil)
		var ft *Fault
		if !errors.As(err, &ft) || ft.Message != c.want || ft.Code != c.code || ft.Row != c.at || ft.Element != c.at || ft.Span != span {
			t.Errorf("got %+v, want %q of row %d", err, c.want, c.at)
		}
		prog.Close()
	}
}

func TestBlame(t *testing.T) {
	m := batchModule()
	f := ir.NewFunc("f")
	x := f.AddParam("x", ir.TensorOf(ir.F64, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	on := b.Cmp("gt", x, b.Float(x.Type, 0))
	guarded := b.Select(on, b.One("log", nil, x), x) // the log of -1 is left out
	bad := b.One("log", nil, b.Add(x, b.Float(x.Type, 1)))
	bad.Name = "entropy"
	b.Return(b.Sum(b.Mul(guarded, guarded), 0), b.Sum(b.Mul(bad, b.Float(x.Type, 2)), 0))
	m.Add(f)
	prog, _ := Load(m, ir.Sizes{"B": {Actual: 3}}, Options{})
	defer prog.Close()
	fn, err := prog.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := array.New(ir.F64, 3)
	copy(in.F64, []float64{2, -1, 5})
	bl, err := fn.Blame([]*array.Array{in}, nil)
	if err != nil || bl == nil {
		t.Fatal(bl, err)
	}
	if bl.Op != "log" || bl.Name != "entropy" || bl.Row != 1 || bl.Output != 1 || fmt.Sprint(bl.Operands) != "[0]" || !math.IsInf(bl.Result, -1) {
		t.Errorf("%+v", bl)
	}
	in.F64[1] = 1
	if bl, err := fn.Blame([]*array.Array{in}, nil); bl != nil || err != nil {
		t.Errorf("blame without cause: %+v %v", bl, err)
	}
}

func TestMemoryLimit(t *testing.T) {
	m := batchModule()
	mlp(m, ir.F32, 100, 100, 10).Name = "fit.step"
	m.SetFuncs(m.Funcs)
	prog, _ := Load(m, ir.Sizes{"B": {Actual: 100000}}, Options{Memory: 10 << 20})
	defer prog.Close()
	_, err := prog.Function("fit.step", inPlace)
	var d *source.Diagnostic
	if !errors.As(err, &d) || d.Code != CodeMemory || !strings.Contains(d.Hint, "rows instead of") || len(d.Notes) == 0 {
		t.Fatalf("%v", err)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, rows := range []int64{64, 256} {
			b.Run(fmt.Sprintf("%s/%d", k, rows), func(b *testing.B) {
				m := batchModule()
				f := mlp(m, k, 784, 128, 10)
				prog, _ := Load(m, ir.Sizes{"B": {Actual: rows}}, Options{Workers: 1})
				defer prog.Close()
				fn, err := prog.Function("step", inPlace)
				if err != nil {
					b.Fatal(err)
				}
				in := randomArgs(f, rows, 1)
				for i := 0; i < 4; i++ {
					for j := 0; j < in[i].Len(); j++ {
						in[i].SetFloat(j, 0)
					}
				}
				out := []*array.Array{in[0], in[1], in[2], in[3], nil}
				for b.Loop() {
					if err := fn.Run(in, out, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(fn.Plan().Flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
