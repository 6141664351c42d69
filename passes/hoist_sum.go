package passes

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Note: contractions of loops. The cotangent of a weight that a loop uses is
// an accumulator to which each step adds a contraction of two things of that
// step. Where both are, or can be, stacked, the sum over steps is one
// contraction over the stacks with the step as one more summed label: one
// large matrix product instead of many small ones. It adds the same terms, in
// another order and without the zero it began with.

// hoistSums does so for the loops in r and below.
func (v *deriver) hoistSums(f *ir.Func, r *ir.Region) {
	ops := r.Ops
	r.Ops = nil
	b, e := at(v.m, f, r), env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			v.hoistSums(f, s)
		}
		e.rewire(op)
		a, ok := op.Attrs.(ir.ScanAttrs)
		if !ok {
			r.Ops = append(r.Ops, op)
			continue
		}
		b.Span = op.Span
		for i := a.Carries - 1; i >= 0; i-- {
			if terms := sumTerms(op.Regions[0], a, i); terms != nil {
				x := op.Results[i]
				e[x] = hoistSum(f, op, i, terms, b, r)
			}
		}
		if op.Attrs.(ir.ScanAttrs).Carries == a.Carries {
			r.Ops = append(r.Ops, op)
		}
	}
	r.Results = e.list(r.Results)
}

// sumTerms is the contractions that carry i adds up, nil where it does
// anything else, or where one of them is the same in every step.
func sumTerms(r *ir.Region, a ir.ScanAttrs, i int) []*ir.Value {
	p, uses := r.Params[a.Captures+i], (&tally{}).countUses(r.Ops, r.Results)
	var terms []*ir.Value
	x := r.Results[i]
	for x != p {
		if !is(x, "add") || uses.of(x) != 1 {
			return nil
		}
		y, t := x.Def.Operands[0], x.Def.Operands[1]
		if !is(t, "einsum") || uses.of(t) != 1 {
			y, t = t, y
		}
		if !is(t, "einsum") || uses.of(t) != 1 || len(t.Def.Operands) != 2 {
			return nil
		}
		steps := 0
		for _, o := range t.Def.Operands {
			if o.Def != nil || o.Index >= a.Captures {
				steps++
			}
		}
		if steps != 2 {
			return nil
		}
		terms, x = append(terms, t), y
	}
	if uses.of(p) != 1 {
		return nil
	}
	return terms
}

// hoistSum takes carry i out of the loop op, which it puts at the end of r
// again with what must be stacked, and writes the contractions behind it.
func hoistSum(f *ir.Func, op *ir.Op, i int, terms []*ir.Value, b *ir.Builder, r *ir.Region) *ir.Value {
	a, body := op.Attrs.(ir.ScanAttrs), op.Regions[0]
	init := op.Operands[a.Captures+i]
	stacks := map[*ir.Value]*ir.Value{}
	for _, t := range terms {
		for _, o := range t.Def.Operands {
			if stacks[o] == nil {
				stacks[o] = stackOf(f, op, body, a, o, r)
			}
		}
	}
	primal := op.Results[i]
	op.Operands = without(op.Operands, a.Captures+i)
	op.Results = without(op.Results, i)
	p := body.Params[a.Captures+i]
	body.Params, body.Results = without(body.Params, a.Captures+i), without(body.Results, i)
	forget(body, p)
	a.Carries--
	op.Attrs = a
	renumber(op.Results)
	renumber(body.Params)
	if !holdsOp(r.Ops, op) {
		r.Ops = append(r.Ops, op)
	}
	b.Primal = label(primal)
	total := init
	if isSplat(init, 0) {
		total = nil
	}
	for _, t := range terms {
		in, out := labels(t.Def)
		c := fresh(in)
		x := b.Einsum(ir.EinsumSpec([]string{c + in[0], c + in[1]}, out), stacks[t.Def.Operands[0]], stacks[t.Def.Operands[1]])
		if total != nil {
			x = b.Add(total, x)
		}
		total = x
	}
	dress(total, primal)
	return total
}

// stackOf is the array of all values that o of the body takes.
func stackOf(f *ir.Func, op *ir.Op, body *ir.Region, a ir.ScanAttrs, o *ir.Value, r *ir.Region) *ir.Value {
	if from := a.Captures + a.Carries; o.Def == nil && o.Index >= from {
		return op.Operands[o.Index]
	}
	for k := a.Carries; k < len(body.Results); k++ {
		if body.Results[k] == o {
			return op.Results[k]
		}
	}
	y := f.NewValue(o.Type.Lead(a.Count))
	y.Def, y.Index, y.In = op, len(op.Results), r
	dress(y, o)
	op.Results, body.Results = append(op.Results, y), append(body.Results, o)
	return y
}

func holdsOp(ops []*ir.Op, op *ir.Op) bool {
	for _, o := range ops {
		if o == op {
			return true
		}
	}
	return false
}

// fresh is a label that stands in neither operand.
func fresh(in []string) string {
	for i := range alphabet {
		if c := alphabet[i : i+1]; !strings.Contains(in[0]+in[1], c) {
			return c
		}
	}
	panic("passes: einsum without a free label")
}
