package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: columns. Data is read column by column, and a model puts columns beside
// each other: concat of f32[B,1] along the last axis. Row by row that writes
// one number at a time, and everything elementwise behind it repeats a row of n
// numbers B times. The same table column by column, f32[n,B], is copied in long
// runs, and numbers of a column repeat over B. Contractions read either way. So
// where all that comes of a concat ends in contractions and sums, it is
// transposed, and the laws of transposes do the rest.

// Limits of columns: rows at the capacity from which on it pays, and columns
// up to which rows are narrow.
const (
	leastRows   = 16
	mostColumns = 256
)

// columns transposes the concats of a region and of those inside of it.
func columns(m *ir.Module, f *ir.Func, r *ir.Region, sizes ir.Sizes) {
	for _, op := range r.Ops {
		for _, s := range op.Regions {
			columns(m, f, s, sizes)
		}
	}
	c := &columnar{r: r, sizes: sizes, readers: map[*ir.Value][]*ir.Op{}}
	for _, op := range r.Ops {
		for _, x := range op.Operands {
			c.readers[x] = append(c.readers[x], op)
		}
	}
	for _, x := range r.Results {
		c.readers[x] = append(c.readers[x], nil)
	}
	ops := r.Ops
	r.Ops = nil
	b, e := at(m, f, r), env{}
	for _, op := range ops {
		e.rewire(op)
		if c.narrow(op) && c.alone(op) && c.absorbed(op.Results[0]) {
			b.Span, b.Primal = op.Span, op.Results[0].Primal
			x := transposedConcat(b, op)
			dress(x, op.Results[0])
			e[op.Results[0]] = x
			continue
		}
		r.Ops = append(r.Ops, op)
	}
	r.Results = e.list(r.Results)
}

type columnar struct {
	r       *ir.Region
	sizes   ir.Sizes
	readers map[*ir.Value][]*ir.Op // nil is the result of the region
}

// narrow reports whether op puts columns beside each other.
func (c *columnar) narrow(op *ir.Op) bool {
	if op.Row.Name != "concat" {
		return false
	}
	t, last := op.Results[0].Type, op.Results[0].Type.Rank()-1
	n, ok := t.Dims[last].Const()
	if last == 0 || op.Attrs.(ir.AxisAttrs).Axis != last || !ok || n > mostColumns {
		return false
	}
	rows, err := product(t.Dims[:last]).Eval(func(name string) (int64, bool) {
		s, ok := c.sizes[name]
		return s.Capacity, ok
	})
	return err == nil && rows >= leastRows
}

// alone reports whether at least half of what op puts together is single
// columns.
func (c *columnar) alone(op *ir.Op) bool { return 2*c.single(op) >= width(op.Results[0]) }

func (c *columnar) single(op *ir.Op) int64 {
	n := int64(0)
	for _, x := range op.Operands {
		if width(x) == 1 {
			n++
		}
	}
	return n
}

// width is the last dimension of x, 0 where it is not known.
func width(x *ir.Value) int64 {
	n, _ := x.Type.Dims[x.Type.Rank()-1].Const()
	return n
}

// absorbed reports whether the laws take a transpose of x to where it costs
// nothing: a contraction, a sum, or a wider concat that is mostly x.
func (c *columnar) absorbed(x *ir.Value) bool {
	readers := c.readers[x]
	for _, op := range readers {
		switch {
		case op == nil:
			return false
		case op.Row.Name == "einsum" || op.Row.Name == "reduce_sum" || op.Row.Name == "reduce_max":
		case len(readers) > 1:
			return false
		case op.Row.Name == "concat":
			if !c.narrow(op) || 2*(width(x)+c.single(op)) < width(op.Results[0]) || !c.absorbed(op.Results[0]) {
				return false
			}
		case !op.Row.Has(ir.Elementwise) || !c.repeats(op, x) || !c.absorbed(op.Results[0]):
			return false
		}
	}
	return len(readers) > 0
}

// repeats reports whether all operands of op but x are numbers, or repeat.
func (c *columnar) repeats(op *ir.Op, x *ir.Value) bool {
	for _, y := range op.Operands {
		if _, ok := splat(y); y != x && !ok && !repeatsAlong(y, nil) {
			return false
		}
	}
	return true
}

// repeatsAlong reports whether x is a broadcast whose axes stay in order under
// the permutation: that of a table to columns where it is nil.
func repeatsAlong(x *ir.Value, perm []int) bool {
	if !is(x, "broadcast") {
		return false
	}
	if perm == nil {
		perm = rowsLast(x.Type.Rank())
	}
	return slices.IsSorted(movedAxes(x, perm))
}

// movedAxes is where the axes of a broadcast lie before a transpose by perm.
func movedAxes(x *ir.Value, perm []int) []int {
	var axes []int
	for _, a := range x.Def.Attrs.(ir.BroadcastAttrs).Axes {
		axes = append(axes, perm[a])
	}
	return axes
}

// rowsLast is the permutation that makes a table of columns one of rows.
func rowsLast(rank int) []int {
	var perm []int
	for i := 1; i < rank; i++ {
		perm = append(perm, i)
	}
	return append(perm, 0)
}

// transposedConcat writes a concat along the last axis as the transpose of one
// along the first.
func transposedConcat(b *ir.Builder, op *ir.Op) *ir.Value {
	rank := op.Results[0].Type.Rank()
	var parts []*ir.Value
	for _, x := range op.Operands {
		parts = append(parts, columnsOf(b, x))
	}
	return b.One("transpose", ir.TransposeAttrs{Perm: rowsLast(rank)}, b.One("concat", ir.AxisAttrs{Axis: 0}, parts...))
}

// columnsOf is x with its last axis first.
func columnsOf(b *ir.Builder, x *ir.Value) *ir.Value {
	last := x.Type.Rank() - 1
	if width(x) == 1 {
		dims := append([]ir.Dim{ir.N(1)}, x.Type.Dims[:last]...)
		return b.One("reshape", ir.ReshapeAttrs{Dims: dims}, x)
	}
	perm := []int{last}
	for i := range last {
		perm = append(perm, i)
	}
	return b.One("transpose", ir.TransposeAttrs{Perm: perm}, x)
}
