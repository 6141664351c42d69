package passes

import "github.com/dfc-lang/dfc/ir"

// Laws of zero. They hold wherever the left side is not NaN, up to the sign of
// zero, and are for proofs alone (see touch.go): code is never rewritten by
// them, since an infinity or NaN in it must be seen.

var vanishLaws = []Law{
	{Name: "zero-product", Says: "x·0 = 0", Class: Vanish, On: []string{"mul"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if isZero(op.Operands[0]) || isZero(op.Operands[1]) {
			return one(w.b.Zeros(op.Results[0].Type))
		}
		return nil
	}},
	{Name: "zero-quotient", Says: "0/x = 0", Class: Vanish, On: []string{"div"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if isZero(op.Operands[0]) {
			return one(w.b.Zeros(op.Results[0].Type))
		}
		return nil
	}},
	{Name: "zero-term", Says: "x + 0 = x, x - 0 = x", Class: Vanish, On: []string{"add", "sub"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		switch {
		case isZero(op.Operands[1]):
			return one(op.Operands[0])
		case isZero(op.Operands[0]) && op.Row.Name == "add":
			return one(op.Operands[1])
		}
		return nil
	}},
	{Name: "zero-contraction", Says: "a contraction with zeros is 0", Class: Vanish, On: []string{"einsum"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		for _, x := range op.Operands {
			if isZero(x) {
				return one(w.b.Zeros(op.Results[0].Type))
			}
		}
		return nil
	}},
	{Name: "zero-reduction", Says: "the sum and the greatest of zeros are 0", Class: Vanish, On: []string{"reduce_sum", "reduce_max"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if isZero(op.Operands[0]) {
			return one(w.b.Zeros(op.Results[0].Type))
		}
		return nil
	}},
}

// isZero reports whether all elements of x are known to be 0 or -0.
func isZero(x *ir.Value) bool {
	f, ok := splat(x)
	return ok && f == 0
}
