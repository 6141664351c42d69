package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// layout brings transposes to where they cost nothing: through elementwise
// operations and reductions, into the labels of contractions (whose packing
// reads in any order), or against another transpose.
func layout(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.rewrite(f, Reorder, true)
	}
	return nil
}

var layoutLaws = []Law{
	{Name: "elementwise-transpose", Says: "f(transposed x, number) = transposed f(x, number)", late: true, Apply: elementwiseTranspose},
	{Name: "reduce-transpose", Says: "a reduction of a transpose reduces other axes", Class: Reorder, late: true,
		On: []string{"reduce_sum", "reduce_max", "reduce_prod"}, Apply: reduceTranspose},
}

// elementwiseTranspose moves a transpose behind the operation where nobody
// else reads what was transposed.
func elementwiseTranspose(w *rewriter, op *ir.Op) []*ir.Value {
	if !op.Row.Has(ir.Elementwise) || len(op.Results) != 1 {
		return nil
	}
	var perm []int
	for _, x := range op.Operands {
		if _, ok := splat(x); ok {
			continue
		}
		if !is(x, "transpose") || w.uses(x) > 1 {
			return nil
		}
		p := x.Def.Attrs.(ir.TransposeAttrs).Perm
		if perm != nil && !slices.Equal(perm, p) {
			return nil
		}
		perm = p
	}
	if perm == nil {
		return nil
	}
	var dims []ir.Dim
	var in []*ir.Value
	for _, x := range op.Operands {
		if is(x, "transpose") {
			dims = x.Def.Operands[0].Type.Dims
		}
	}
	for _, x := range op.Operands {
		if is(x, "transpose") {
			in = append(in, x.Def.Operands[0])
			continue
		}
		c := x.Def.Attrs.(ir.ConstAttrs)
		c.T = c.T.WithDims(dims...)
		in = append(in, w.constant(c)[0])
	}
	return one(w.b.One("transpose", ir.TransposeAttrs{Perm: perm}, w.b.One(op.Row.Name, op.Attrs, in...)))
}

func reduceTranspose(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "transpose") {
		return nil
	}
	perm := x.Def.Attrs.(ir.TransposeAttrs).Perm
	gone := make([]bool, len(perm))
	for _, a := range op.Attrs.(ir.AxesAttrs).Axes {
		gone[perm[a]] = true
	}
	var axes, rest []int
	at := map[int]int{} // axis of the operand -> axis of the result of the new reduction
	for i := range perm {
		if gone[i] {
			axes = append(axes, i)
		} else {
			at[i] = len(at)
		}
	}
	for _, p := range perm {
		if !gone[p] {
			rest = append(rest, at[p])
		}
	}
	y := w.b.One(op.Row.Name, ir.AxesAttrs{Axes: axes}, x.Def.Operands[0])
	for i, p := range rest {
		if p != i {
			return one(w.b.One("transpose", ir.TransposeAttrs{Perm: rest}, y))
		}
	}
	return one(y)
}
