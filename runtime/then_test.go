package runtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
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

// within sees that the plan lets something run within a product.
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
		t.Errorf("nothing runs within the product:\n%s", text)
	}
}
