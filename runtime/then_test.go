package runtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// residual is w·exp(x) + exp(x) behind a rectifier: what follows the product
// ends the life of one of its operands, of which every block reads all, and
// must not overwrite it.
func residual(k ir.Kind) (*ir.Module, *ir.Func) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	x := f.AddParam("x", ir.TensorOf(k, batchDim, batchDim), ir.Input{})
	w := f.AddParam("w", x.Type, ir.Input{})
	b := ir.NewBuilder(m, f)
	e := b.One("exp", nil, x)
	p := b.Einsum("bi,ij->bj", w, e)
	ps := b.Open(e.Type, p.Type)
	sum := b.Add(ps[0], ps[1])
	zero := b.Float(sum.Type, 0)
	on := b.Cmp("gt", sum, zero)
	c := b.Close(b.Select(on, sum, zero), on)
	rs := b.OpWith("fused", nil, []*ir.Region{c.Region}, e, p)
	b.Return(b.One("neg", nil, rs[0]), rs[1])
	return m, f
}

// TestFollows: what follows a product runs within it, and gives what it gives
// behind it, on any number of workers.
func TestFollows(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, size := range []int64{7, 200} {
			t.Run(fmt.Sprint(k, size), func(t *testing.T) {
				m, f := residual(k)
				compare(t, m, f, ir.Sample{}, size, size-1, 1)
				within(t, m, size)
			})
		}
	}
}

// within sees that the plan lets something run within another kernel.
func within(t *testing.T, m *ir.Module, rows int64) {
	t.Helper()
	p, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fn, err := p.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := fn.Plan().String(); !strings.Contains(text, "with it") {
		t.Errorf("nothing runs within another kernel:\n%s", text)
	}
}

// TestLinesWithin: a sum of lines runs within what makes them, gives the bits
// that it gives alone.
func TestLinesWithin(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, n := range []int64{1, 5, 700, 4096} {
			t.Run(fmt.Sprint(k, n), func(t *testing.T) {
				alone, f := squares(k, n, true)
				m, g := squares(k, n, false)
				compare(t, m, g, ir.Sample{}, 40, 33, 1)
				within(t, m, 40)
				a, b := runOnce(t, alone, f, 40), runOnce(t, m, g, 40)
				sameBits(t, f, a[0], b[0])
			})
		}
	}
}

// squares is the sums of the squares of rows, and their exponentials. Where
// apart, the squares are a result too, so that they are stored.
func squares(k ir.Kind, n int64, apart bool) (*ir.Module, *ir.Func) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	x := f.AddParam("x", ir.TensorOf(k, batchDim, ir.N(n)), ir.Input{Role: ir.Col})
	b := ir.NewBuilder(m, f)
	ps := b.Open(x.Type)
	c := b.Close(b.Mul(ps[0], ps[0]), b.One("exp", nil, ps[0]))
	rs := b.OpWith("fused", nil, []*ir.Region{c.Region}, x)
	sum := b.Sum(rs[0], 1)
	if apart {
		b.Return(sum, rs[1], rs[0])
	} else {
		b.Return(sum, rs[1])
	}
	return m, f
}

func runOnce(t *testing.T, m *ir.Module, f *ir.Func, rows int64) []*array.Array {
	t.Helper()
	p, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fn, err := p.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*array.Array, len(f.Results()))
	if err := fn.Run(randomArgs(f, rows, 3), out, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFaultBehindProduct: what can fail on an element stays behind a product,
// where its fault is seen.
func TestFaultBehindProduct(t *testing.T) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	x := f.AddParam("x", ir.TensorOf(ir.F32, batchDim, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	p := b.Einsum("bi,ij->bj", x, x)
	ps := b.Open(p.Type)
	large := b.Mul(ps[0], b.Float(p.Type, 1e30))
	c := b.Close(b.One("convert", ir.ConvertAttrs{K: ir.I32}, large))
	b.Return(b.OpWith("fused", nil, []*ir.Region{c.Region}, p)...)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 9, Capacity: 9}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := fn.Run(randomArgs(f, 9, 1), make([]*array.Array, 1), nil); err == nil {
		t.Error("no fault")
	}
}
