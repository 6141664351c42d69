package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// layout brings transposes to where they cost nothing: through elementwise
// operations and reductions, into the labels of contractions (whose packing
// reads in any order), or against another transpose. Narrow tables that
// contractions read are put together column by column (see Note: columns).
func layout(m *ir.Module, sizes ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		columns(m, f, f.Body, sizes)
		v.rewrite(f, Reorder, true)
	}
	return nil
}

var layoutLaws = []Law{
	{Name: "elementwise-transpose", Says: "f(transposed x, repeated y) = transposed f(x, repeated y)", late: true, Apply: elementwiseTranspose},
	{Name: "concat-transpose", Says: "transposed x, mostly, beside other columns is transposed x above transposed columns", late: true,
		On: []string{"concat"}, Apply: concatTranspose},
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
	var dims []ir.Dim
	for _, x := range op.Operands {
		if !is(x, "transpose") {
			continue
		}
		p := x.Def.Attrs.(ir.TransposeAttrs).Perm
		if w.uses(x) > 1 || perm != nil && !slices.Equal(perm, p) {
			return nil
		}
		perm, dims = p, x.Def.Operands[0].Type.Dims
	}
	if perm == nil {
		return nil
	}
	for _, x := range op.Operands {
		if _, ok := splat(x); !ok && !is(x, "transpose") && !repeatsAlong(x, perm) {
			return nil
		}
	}
	var in []*ir.Value
	for _, x := range op.Operands {
		switch {
		case is(x, "transpose"):
			in = append(in, x.Def.Operands[0])
		case is(x, "broadcast"):
			in = append(in, w.b.Broadcast(x.Def.Operands[0], dims, movedAxes(x, perm)...))
		default:
			c := x.Def.Attrs.(ir.ConstAttrs)
			c.T = c.T.WithDims(dims...)
			in = append(in, w.constant(c)[0])
		}
	}
	return one(w.b.One("transpose", ir.TransposeAttrs{Perm: perm}, w.b.One(op.Row.Name, op.Attrs, in...)))
}

// concatTranspose puts tables of columns above each other where they stood
// beside each other as rows.
func concatTranspose(w *rewriter, op *ir.Op) []*ir.Value {
	rank := op.Results[0].Type.Rank()
	if op.Attrs.(ir.AxisAttrs).Axis != rank-1 || rank < 2 {
		return nil
	}
	n := int64(0)
	for _, x := range op.Operands {
		if is(x, "transpose") && w.uses(x) == 1 && slices.Equal(x.Def.Attrs.(ir.TransposeAttrs).Perm, rowsLast(rank)) {
			n += width(x)
		}
	}
	if n == 0 || 2*n < width(op.Results[0]) {
		return nil
	}
	return one(transposedConcat(w.b, op))
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
