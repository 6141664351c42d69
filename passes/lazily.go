package passes

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// rowByRow checks that a lazy update works row by row: one that needs all rows
// of the parameter or of its gradient would go over all of them after all.
func rowByRow(m *ir.Module, n *ir.Node, p ir.TrainParam) *source.Diagnostic {
	f := m.Func(p.Update)
	if !p.Lazily || f == nil {
		return nil
	}
	plain := ir.Clone(f, f.Name)
	newDeriver(m).inlineCalls(plain, plain.Body)
	rows := p.Type.Dims[0]
	along := map[*ir.Value]bool{}
	for i, in := range plain.Inputs {
		if x := plain.Params()[i]; in.Role == ir.Plain && leads(x, rows) {
			along[x] = true
		}
	}
	op := mixing(plain.Body, rows, along)
	if op == nil {
		return nil
	}
	return source.Errorf(codeLazily, op.Span, "this needs all rows of `%s`, and `lazily` looks at those of the batch alone", p.Path).
		Note(n.Span, "asked for in this training").WithHint("leave out `lazily`, or update each row by itself")
}

// mixing is the first operation of r that takes a value by row, one of along,
// in another way than row by row; nil where there is none.
func mixing(r *ir.Region, rows ir.Dim, along map[*ir.Value]bool) *ir.Op {
	for _, op := range r.Ops {
		if _, ok := op.Attrs.(ir.CondAttrs); ok && !along[op.Operands[0]] {
			if bad := mixingBranch(op, rows, along); bad != nil {
				return bad
			}
			continue
		}
		in, ok := rowwise(op, rows)
		takes := false
		for i, x := range op.Operands {
			if along[x] {
				takes = true
				ok = ok && in[i]
			}
		}
		if takes && !ok {
			return op
		}
		if takes {
			along[op.Results[0]] = true
		}
	}
	return nil
}

// mixingBranch goes into the sides of a branch that all rows take together.
func mixingBranch(op *ir.Op, rows ir.Dim, along map[*ir.Value]bool) *ir.Op {
	for _, side := range op.Regions {
		for i, x := range op.Operands[1:] {
			along[side.Params[i]] = along[x]
		}
		if bad := mixing(side, rows, along); bad != nil {
			return bad
		}
		for i, x := range side.Results {
			along[op.Results[i]] = along[op.Results[i]] || along[x]
		}
	}
	return nil
}
