package runtime

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// reduceMax writes the greatest element of each row.
func (c *roundsCoder) reduceMax(op *ir.Op) bool {
	v, axes := op.Operands[0], op.Attrs.(ir.AxesAttrs).Axes
	x := c.elements(v)
	if len(x) == 0 || !v.Type.IsFloat() || c.rowAxis(op.Results[0]) < 0 || len(axes) != len(v.Type.Dims)-1 {
		return false
	}
	greater, ok := macro.For("max", laneOf(v.Type.Kind), 0)
	if !ok {
		return false
	}
	w := c.floatWidth(op)
	most := x[0].value[index(w)]
	for _, y := range x[1:] {
		most = c.out.Expand(greater, most, y.value[index(w)])
	}
	c.values[op.Results[0]] = []lanes{number(most, w)}
	return true
}

// chosen are, for a gather or a scatter_add along the elements of a row, masks of
// the rows whose index is each element; the code is left where an index is none.
func (c *roundsCoder) chosen(op *ir.Op, n int, w jit.Width) []jit.Value {
	idx := op.Operands[1]
	at := c.elements(idx)
	if op.Attrs != (ir.GatherAttrs{Axis: 1, BatchDims: 1}) || len(op.Operands[0].Type.Dims) != 2 || op.Operands[0].Type.Dims[0] != c.batch ||
		len(at) != 1 || len(idx.Type.Dims) != 1 || !op.Operands[0].Type.IsFloat() {
		return nil
	}
	i := at[0].value[index(at[0].width)]
	if at[0].width != jit.W4 {
		return nil
	}
	c.out.Leave(c.out.Do(jit.IGt, jit.W4, i, c.out.Const(jit.W4, uint64(n-1))))
	c.out.Leave(c.out.Do(jit.IGt, jit.W4, c.out.Const(jit.W4, 0), i))
	var out []jit.Value
	for j := range n {
		c.regs = []lanes{number(c.out.Do(jit.IEq, jit.W4, i, c.out.Const(jit.W4, uint64(j))), jit.W4)}
		out = append(out, c.mask(0, w))
	}
	return out
}

// pick writes a gather of one element of each row.
func (c *roundsCoder) pick(op *ir.Op) bool {
	x, w := c.elements(op.Operands[0]), c.floatWidth(op)
	if len(x) == 0 {
		return false
	}
	masks := c.chosen(op, len(x), w)
	if masks == nil {
		return false
	}
	v := x[0].value[index(w)]
	for j := 1; j < len(x); j++ {
		v = c.out.Do(jit.Blend, w, masks[j], x[j].value[index(w)], v)
	}
	c.values[op.Results[0]] = []lanes{number(v, w)}
	return true
}

// addPicked writes a scatter_add to one element of each row.
func (c *roundsCoder) addPicked(op *ir.Op) bool {
	w := c.floatWidth(op)
	x, y := c.elements(op.Operands[0]), c.elements(op.Operands[2])
	if len(x) == 0 || len(y) != 1 {
		return false
	}
	masks := c.chosen(op, len(x), w)
	if masks == nil {
		return false
	}
	var out []lanes
	for j, v := range x {
		old := v.value[index(w)]
		out = append(out, number(c.out.Do(jit.Blend, w, masks[j], c.out.Do(jit.Add, w, old, y[0].value[index(w)]), old), w))
	}
	c.values[op.Results[0]] = out
	return true
}
