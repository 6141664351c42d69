package passes

import "github.com/dfc-lang/dfc/ir"

// contract writes x*y + z as one operation with one rounding, where nobody
// else reads the product. It is the only place where that is decided, so that
// all kernels give the same bits: none of them contracts by itself.
//
// Differences stay as they are. With x*y - z*w rounded twice, equal products
// give 0; with one of them unrounded they give its rounding error, and the
// square root of that may be no number.
func contract(m *ir.Module, _ ir.Sizes) error {
	t := &tally{}
	for _, f := range m.Funcs {
		if len(f.Linear) > 0 { // is said of sums and products, each by itself
			continue
		}
		contractRegion(m, f, f.Body, t)
	}
	return nil
}

func contractRegion(m *ir.Module, f *ir.Func, r *ir.Region, t *tally) {
	uses := t.countUses(r.Ops, r.Results)
	ops := r.Ops
	r.Ops = make([]*ir.Op, 0, len(ops))
	b, e := at(m, f, r), env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			contractRegion(m, f, s, t)
		}
		e.rewire(op)
		product, z := productAndSum(op, uses)
		if product == nil {
			r.Ops = append(r.Ops, op)
			continue
		}
		b.Span, b.Primal = op.Span, op.Results[0].Primal
		fma := b.Op("fma", nil, product.Operands[0], product.Operands[1], z)
		dress(fma[0], op.Results[0])
		e.bind(op.Results, fma)
	}
	r.Results = e.list(r.Results)
}

// productAndSum matches a sum of floats with a product that has no other
// reader; of two such products the second.
func productAndSum(op *ir.Op, uses counts) (product *ir.Op, z *ir.Value) {
	if op.Row.Name != "add" || !op.Results[0].Type.IsFloat() {
		return nil, nil
	}
	for _, i := range []int{1, 0} {
		if x := op.Operands[i]; is(x, "mul") && uses.of(x) == 1 {
			return x.Def, op.Operands[1-i]
		}
	}
	return nil, nil
}
