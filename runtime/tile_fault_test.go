package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// failing is a function of one region of checked integers in which every
// operation counts, with a place of its own. Its results may be written over its
// operands.
func failing(r *rand.Rand) (*ir.Module, *ir.Func) {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	b := ir.NewBuilder(m, f)
	k := []ir.Kind{ir.I32, ir.I64}[r.Intn(2)]
	t := ir.TensorOf(k, ir.Sym("B"))
	var params []*ir.Value
	var types []ir.Type
	for range 2 + r.Intn(3) {
		// an operand made within the function, so that a result may take its place
		p := f.AddParam("", t, ir.Input{})
		params, types = append(params, b.One("max", nil, p, b.Int(t, math.MinInt32))), append(types, t)
	}
	vals := b.Open(types...)
	first, read := len(vals), map[*ir.Value]bool{}
	pick := func() *ir.Value {
		v := vals[max(0, len(vals)-1-r.Intn(5))]
		read[v] = true
		return v
	}
	for i := range 2 + r.Intn(8) {
		b.Span = source.Span{Start: i + 1}
		switch row := []string{"add", "sub", "mul", "div", "rem", "neg", "convert"}[r.Intn(7)]; row {
		case "neg":
			vals = append(vals, b.One(row, nil, pick()))
		case "convert":
			vals = append(vals, b.One(row, ir.ConvertAttrs{K: k}, b.One(row, ir.ConvertAttrs{K: ir.I16}, pick())))
		default:
			vals = append(vals, b.One(row, nil, pick(), pick()))
		}
	}
	var out []*ir.Value
	for _, v := range vals[first:] {
		if !read[v] || r.Intn(4) == 0 {
			out = append(out, v)
		}
	}
	c := b.Close(out...)
	b.Return(b.OpWith("fused", nil, []*ir.Region{c.Region}, params...)...)
	m.Add(f)
	return m, f
}

// TestFaultsOfRegions: of several operations of a region that fail, on points of
// different tiles, tasks and vectors, the first one is told at its first point,
// as the interpreter does that runs one after the other.
func TestFaultsOfRegions(t *testing.T) {
	failed, several := 0, 0
	for seed := range int64(150) {
		r := rand.New(rand.NewSource(seed))
		m, f := failing(r)
		n := []int{1, 40, 3000, 50000}[r.Intn(4)]
		var in []*array.Array
		var tensors []*ir.Tensor
		for _, p := range f.Params() {
			a, x := array.New(p.Type.Kind, n), ir.NewTensor(p.Type, n)
			for i := range n {
				v := int64(1 + r.Intn(3))
				if r.Intn(n) < 3 {
					v = []int64{0, math.MaxInt32, math.MinInt32, 40000, -40000, 1 << 20}[r.Intn(6)]
				}
				a.SetInt(i, v)
				x.I[i] = v
			}
			in, tensors = append(in, a), append(tensors, x)
		}
		_, err := ir.NewEvaluator(m, map[string]int64{"B": int64(n)}).Call(f, tensors...)
		var want *ir.EvalError
		if errors.As(err, &want) {
			failed++
			if want.Op.Span.Start > 1 {
				several++
			}
		}
		sizes := ir.Sizes{"B": {Actual: int64(n), Capacity: int64(n)}}
		for _, opt := range []Options{{NoJIT: true, Workers: 1}, {NoJIT: true, Workers: 2}, {Workers: 1}, {Workers: 2}} {
			for _, tier := range kernel.Tiers() {
				old := kernel.Use(tier)
				got := faultWith(t, m, sizes, in, opt)
				kernel.Use(old)
				if (got == nil) != (want == nil) {
					t.Fatalf("seed %d, %+v, %v: %v, interpreted %v\n%s", seed, opt, tier, got, want, m)
				}
				if want != nil && (got.Span.Start != want.Op.Span.Start || got.Element != int64(want.Element) || got.Message != want.Msg) {
					t.Fatalf("seed %d, %+v, %v: operation %d, element %d: %q, interpreted operation %d: %q\n%s", seed, opt, tier,
						got.Span.Start, got.Element, got.Message, want.Op.Span.Start, fmt.Sprint(want), m)
				}
			}
		}
	}
	if failed < 60 || several < 30 {
		t.Errorf("%d of 150 regions failed, %d of them not in their first operation", failed, several)
	}
}

// faultWith is what a function fails with, nil where it does not.
func faultWith(t *testing.T, m *ir.Module, sizes ir.Sizes, in []*array.Array, opt Options) *Fault {
	t.Helper()
	prog, err := Load(m, sizes, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("main", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = fn.Run(in, make([]*array.Array, len(m.Func("main").Results())), nil)
	var fault *Fault
	if err != nil && !errors.As(err, &fault) {
		t.Fatal(err)
	}
	return fault
}
