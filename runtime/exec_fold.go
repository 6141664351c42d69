package runtime

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Note: sums by key in place. Gradients of rows are added to zeros at the first
// position of each key, and most keys of a batch stand once: nearly every sum is
// 0 plus its one term. So that is computed by the loop that makes the terms, and
// what is left of the sum, where the terms lie, is to add the rows of keys that
// come again to their first.

// folds reports whether op is such a sum of what a tile program, or a product of
// nothing but one, makes for it alone.
func (p *plan) folds(op *ir.Op) bool {
	if op.Row.Name != "scatter_add" || op.Attrs != (ir.GatherAttrs{}) || !op.Results[0].Type.IsFloat() || !isZeros(op.Operands[0]) {
		return false
	}
	first, terms := op.Operands[1], op.Operands[2]
	if first.Def == nil || first.Def.Row.Name != "first_of" || first.Type.Rank() != 1 || !ir.EqualDims(terms.Type.Dims, op.Results[0].Type.Dims) {
		return false
	}
	i := p.info[terms]
	if terms.Def == nil || i.root != terms || i.region != p.info[op.Results[0]].region || len(p.uses[terms]) != 1 {
		return false
	}
	return p.ops[terms.Def].tile != nil || isOuter(terms.Def)
}

// isOuter reports whether op is a product of two operands that sums nothing.
func isOuter(op *ir.Op) bool {
	_, ok := op.Attrs.(ir.EinsumAttrs)
	return ok && len(op.Operands) == 2 && !isProduct(op)
}

// joinFold lets what makes the terms of op add the zeros.
func (p *plan) joinFold(op *ir.Op) {
	terms := op.Operands[2]
	p.ops[op].folds = true
	if o := p.ops[terms.Def]; o.tile != nil {
		o.tile.plusZero(terms)
	} else {
		o.plusZero = true
	}
}

// plusZero makes a result of the program, v, that plus 0: -0 becomes 0.
func (t *tileProg) plusZero(v *ir.Value) {
	zero, sum := len(t.kinds), len(t.kinds)+1
	t.kinds = append(t.kinds, v.Type.Kind, v.Type.Kind)
	t.consts = append(t.consts, tileConst{reg: zero})
	add := &ir.Op{Row: ir.RowOf("add"), Operands: []*ir.Value{v, v}, Results: []*ir.Value{v}, Span: v.Def.Span}
	t.instrs = append(t.instrs, tileInstr{op: add, dst: sum, src: []int{t.results[v.Index], zero}})
	t.results[v.Index] = sum
}

// sumInPlace adds up rows by their first positions, in the order of positions.
func (b *binder) sumInPlace(op *ir.Op) step {
	if op.Results[0].Type.Kind == ir.F32 {
		return inPlaceOf[float32](b, op)
	}
	return inPlaceOf[float64](b, op)
}

func inPlaceOf[T kernel.Float](b *binder, op *ir.Op) step {
	dst, first, fr := b.view(op.Results[0]), b.view(op.Operands[1]), b.fr
	n := dst.len()
	if n == 0 {
		return nil
	}
	many := dst.shape[0]
	return inOrder(b.copyStep(dst, b.view(op.Operands[2])), func() *Fault {
		acc := elems[T](fr, dst.slot, dst.off+n)[dst.off:]
		kernel.FoldFirsts(acc, elems[int32](fr, first.slot, first.off+many)[first.off:], n/many)
		return nil
	})
}
