package random

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
)

// manyFaults draws a function of checked integers along the batch, of single
// ones, sums and assertions, with floats between; every operation has a place of
// its own and counts.
func manyFaults(r *rand.Rand) (*ir.Module, *ir.Func) {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: batchSymbol, Class: ir.Batch, Size: maxRows}}}
	f := ir.NewFunc("f")
	b := ir.NewBuilder(m, f)
	types := []ir.Type{ir.TensorOf(ir.I64, ir.Sym(batchSymbol)), ir.TensorOf(ir.I64, ir.Sym(batchSymbol), ir.N(3)), ir.ScalarOf(ir.I64)}
	vals, read := [3][]*ir.Value{}, map[*ir.Value]bool{}
	for k, t := range types {
		for range 2 {
			vals[k] = append(vals[k], f.AddParam("", t, ir.Input{}))
		}
	}
	params := 2
	pick := func(k int) *ir.Value {
		v := vals[k][max(0, len(vals[k])-1-r.IntN(4))]
		read[v] = true
		return v
	}
	add := func(k int, v *ir.Value) { vals[k] = append(vals[k], v) }
	for i := range 6 + r.IntN(20) {
		b.Span = source.Span{Start: i + 1}
		k := r.IntN(3)
		switch row := []string{"add", "sub", "mul", "mul", "div", "rem", "float", "narrow", "sum", "spread", "assert"}[r.IntN(11)]; row {
		case "float": // through floats, which may be fused with what fails
			x := b.One("convert", ir.ConvertAttrs{K: ir.F64}, pick(k))
			x = b.Mul(x, b.Float(x.Type, 0.75))
			add(k, b.One("convert", ir.ConvertAttrs{K: ir.I64}, x))
		case "narrow":
			add(k, b.One("convert", ir.ConvertAttrs{K: ir.I64}, b.One("convert", ir.ConvertAttrs{K: ir.I32}, pick(k))))
		case "sum":
			add(0, b.Sum(pick(1), 1))
		case "spread":
			add(1, b.Broadcast(pick(0), types[1].Dims, 0))
		case "assert":
			x := pick(k)
			b.Op("assert", ir.AssertAttrs{Message: "too great"}, b.Cmp("lt", x, b.Int(x.Type, 1<<40)))
		default:
			add(k, b.One(row, nil, pick(k), pick(k)))
		}
	}
	var out []*ir.Value
	for _, vs := range vals {
		for _, v := range vs[params:] {
			if !read[v] || r.IntN(4) == 0 {
				out = append(out, v)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, vals[0][0])
	}
	b.Return(out...)
	m.Add(f)
	return m, f
}

// TestFaultsInOrder: which of several faults is told, and where, does not depend
// on what is fused, nor on the order that needs least memory: it is that of the
// interpreter, which runs the function as it stands.
func TestFaultsInOrder(t *testing.T) {
	failed, later := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 9))
		m, f := manyFaults(r)
		rows := int64(1 + r.IntN(maxRows))
		var args []*ir.Tensor
		for _, p := range f.Params() {
			shape := []int{int(rows), 3}[:p.Type.Rank()]
			x := ir.NewTensor(p.Type, shape...)
			for i := range x.I {
				x.I[i] = int64(1 + r.IntN(3))
			}
			for range r.IntN(3) {
				x.I[r.IntN(len(x.I))] = []int64{0, math.MaxInt64, math.MinInt64, 1 << 33, -1 << 31}[r.IntN(5)]
			}
			args = append(args, x)
		}
		_, err := ir.NewEvaluator(m, map[string]int64{batchSymbol: rows}).Call(f, args...)
		var want *ir.EvalError
		if errors.As(err, &want) {
			if failed++; want.Op.Span.Start > 3 {
				later++
			}
		}
		before := m.String()
		limits := ir.Sizes{batchSymbol: {Actual: rows, Capacity: maxRows}}
		list := slices.DeleteFunc(slices.Clone(passes.Sized), func(p passes.Pass) bool {
			return p.Name != "fuse" && p.Name != "dce" && p.Name != "schedule"
		})
		if err := passes.Run(m, list, limits, nil); err != nil {
			t.Fatal(err)
		}
		_, err = execute(m, m.Func("f"), limits, args)
		var got *runtime.Fault
		if err != nil && !errors.As(err, &got) {
			t.Fatal(err)
		}
		same := (got == nil) == (want == nil)
		if got != nil && want != nil {
			same = got.Span.Start == want.Op.Span.Start
			if want.Op.Row.Has(ir.Elementwise) { // others say less in the runtime
				same = same && got.Message == want.Msg && got.Element == int64(want.Element)
			}
		}
		if !same {
			t.Fatalf("seed %d: %+v, interpreted %+v\n%s\n%s", seed, got, want, before, m)
		}
	}
	if failed < 150 || later < 80 {
		t.Errorf("%d of 400 functions failed, %d of them late", failed, later)
	}
}
