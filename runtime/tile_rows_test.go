package runtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// touching is a step that moves rows of two tensors at the keys of a batch, by
// gradients that meet where keys do. With apart it returns the gradients and the
// new rows as well, so that they are stored and nothing runs within anything.
func touching(k ir.Kind, inner int64, apart bool) (*ir.Module, *ir.Func) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	all := f.AddParam("all", ir.TensorOf(k, ir.N(100), ir.N(inner)), ir.Input{})
	state := f.AddParam("state", all.Type, ir.Input{})
	idx := f.AddParam("idx", ir.IndexOf(ir.N(100), batchDim), ir.Input{})
	e := f.AddParam("e", ir.TensorOf(k, batchDim), ir.Input{})
	v := f.AddParam("v", ir.TensorOf(k, batchDim, ir.N(inner)), ir.Input{})
	b := ir.NewBuilder(m, f)
	e = b.One("floor", nil, e) // some are 0, and make -0
	rows, states := b.One("gather", ir.GatherAttrs{}, all, idx), b.One("gather", ir.GatherAttrs{}, state, idx)
	terms := b.Einsum("b,bi->bi", e, v)
	sum := b.One("scatter_add", ir.GatherAttrs{}, b.Float(terms.Type, 0), b.One("first_of", nil, idx), terms)
	ps := b.Open(sum.Type, rows.Type, states.Type)
	c := b.Close(b.Mul(ps[0], ps[1]), b.Add(ps[2], ps[0]))
	rs := b.OpWith("fused", nil, []*ir.Region{c.Region}, sum, rows, states)
	out := []*ir.Value{b.One("row_write", ir.GatherAttrs{}, all, idx, rs[0]), b.One("row_write", ir.GatherAttrs{}, state, idx, rs[1])}
	if apart {
		out = append(out, rs[0], rs[1], terms)
	}
	b.Return(out...)
	return m, f
}

// TestRowsWithin: rows are written by what makes them, and sums by key lie where
// their terms were, with the bits that they have apart, on any number of workers.
func TestRowsWithin(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, inner := range []int64{1, 3, 16, 100} {
			t.Run(fmt.Sprint(k, inner), func(t *testing.T) {
				const rows = 300 // of 100 keys; several strips
				m, f := touching(k, inner, false)
				compare(t, m, f, ir.Sample{}, rows, rows-7, 1)
				plan := planned(t, m, rows)
				if strings.Count(plan, "with it, rows") != 2 || !strings.Contains(plan, "in place") {
					t.Errorf("rows are not written within, or not added in place:\n%s", plan)
				}
				n, g := touching(k, inner, true)
				if plan := planned(t, n, rows); strings.Contains(plan, "with it") || strings.Contains(plan, "in place") {
					t.Errorf("something runs within another kernel:\n%s", plan)
				}
				a, b := runOnce(t, m, f, rows), runOnce(t, n, g, rows)
				sameBits(t, f, a[0], b[0])
				sameBits(t, f, a[1], b[1])
			})
		}
	}
}

// planned is the plan of @f as text.
func planned(t *testing.T, m *ir.Module, rows int64) string {
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
	return fn.Plan().String()
}

// TestRowsInPlace: rows are written over a parameter whose storage the result
// takes over, and the others stay.
func TestRowsInPlace(t *testing.T) {
	m, f := touching(ir.F32, 16, false)
	p, err := Load(m, ir.Sizes{"B": {Actual: 64, Capacity: 64}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fn, err := p.Function("f", map[int]int{0: 0, 1: 1})
	if err != nil {
		t.Fatal(err)
	}
	want, in := runOnce(t, m, f, 64), randomArgs(f, 64, 3)
	if err := fn.Run(in, in[:2], nil); err != nil {
		t.Fatal(err)
	}
	sameBits(t, f, in[0], want[0])
	sameBits(t, f, in[1], want[1])
}

// TestRowsWithinFault: a key that is none of the rows is found where rows are
// written.
func TestRowsWithinFault(t *testing.T) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	all := f.AddParam("all", ir.TensorOf(ir.F32, ir.N(100), ir.N(4)), ir.Input{})
	idx := f.AddParam("idx", ir.IndexOf(ir.N(100), batchDim), ir.Input{})
	v := f.AddParam("v", ir.TensorOf(ir.F32, batchDim, ir.N(4)), ir.Input{})
	b := ir.NewBuilder(m, f)
	b.One("first_of", nil, idx)
	b.Return(b.One("row_write", ir.GatherAttrs{}, all, idx, b.One("neg", nil, v)))
	p, err := Load(m, ir.Sizes{"B": {Actual: 500, Capacity: 500}}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fn, err := p.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := randomArgs(f, 500, 1)
	for i := range in[1].I32 {
		in[1].I32[i] = int32(i % 100)
	}
	in[1].I32[77] = 100
	err = fn.Run(in, make([]*array.Array, 1), nil)
	if fault, ok := err.(*Fault); !ok || fault.Code != CodeIndex || fault.Element != 77 {
		t.Errorf("%v, and not a fault at element 77", err)
	}
}
