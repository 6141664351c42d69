package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// sink moves a pure value that only branches use into them, so that a `let`
// before an `if` behaves as it reads: in a side that is not taken it is not
// computed, and gives no derivative. A value that is used outside of branches
// too is really needed there. Loops and comprehensions are not entered from
// outside, as the value would be computed more often; branches with a vector
// predicate are not, as the types of their captures say which lanes they carry.
func sink(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.sinkRegion(f, f.Body)
		ir.Renumber(f)
	}
	return nil
}

// sinkRegion goes backwards, so that what a moved value needed can follow it;
// then into the regions, where it may sink further.
func (v *deriver) sinkRegion(f *ir.Func, r *ir.Region) {
	if slices.ContainsFunc(r.Ops, branches) {
		v.sinkOps(f, r)
	}
	for _, op := range r.Ops {
		for _, s := range op.Regions {
			v.sinkRegion(f, s)
		}
	}
}

// branches reports whether op is a branch that values can move into.
func branches(op *ir.Op) bool {
	_, ok := op.Attrs.(ir.CondAttrs)
	return ok && op.Operands[0].Type.Rank() == 0
}

func (v *deriver) sinkOps(f *ir.Func, r *ir.Region) {
	users := map[*ir.Value][]*ir.Op{}
	for i := len(r.Ops) - 1; i >= 0; i-- {
		op := r.Ops[i]
		if into := v.sinkInto(op, users, r); into != nil {
			for _, c := range into {
				enter(v.m, f, c, op)
				for _, x := range op.Operands {
					users[x] = append(users[x], c)
				}
			}
			r.Ops = append(r.Ops[:i], r.Ops[i+1:]...)
			continue
		}
		for _, x := range op.Operands {
			users[x] = append(users[x], op)
		}
	}
}

// sinkInto is the branches that op can move into: all its users.
func (v *deriver) sinkInto(op *ir.Op, users map[*ir.Value][]*ir.Op, r *ir.Region) []*ir.Op {
	if v.effect(op) || len(op.Operands) == 0 || len(op.Results) == 0 {
		return nil
	}
	var into []*ir.Op
	seen := map[*ir.Op]bool{}
	for _, x := range op.Results {
		for _, y := range r.Results {
			if x == y {
				return nil
			}
		}
		for _, u := range users[x] {
			if !branches(u) || u.Operands[0] == x {
				return nil
			}
			if !seen[u] {
				seen[u] = true
				into = append(into, u)
			}
		}
	}
	if len(into) > 2 && len(op.Regions) > 0 {
		return nil // a loop is not copied into many places
	}
	return into
}

// enter copies op into those sides of a branch that use it, and makes its
// operands captures.
func enter(m *ir.Module, f *ir.Func, c, op *ir.Op) {
	from, n := captures(c)
	args := make([]int, len(op.Operands))
	for i, x := range op.Operands {
		args[i] = -1
		for k := range n {
			if c.Operands[from+k] == x {
				args[i] = k
			}
		}
		if args[i] < 0 {
			args[i] = n
			n++
			c.Operands = append(c.Operands, x)
			for _, r := range c.Regions {
				addParam(f, r, x.Type, x)
			}
		}
	}
	gone := map[*ir.Value]bool{}
	for _, x := range op.Results {
		gone[x] = true
	}
	for _, r := range c.Regions {
		copyInto(m, f, c, r, op, args, gone)
	}
	dropCaptures(c, func(i int) bool { return gone[c.Operands[from+i]] })
}

// copyInto puts a copy of op at the head of r if r uses its results.
func copyInto(m *ir.Module, f *ir.Func, c *ir.Op, r *ir.Region, op *ir.Op, args []int, gone map[*ir.Value]bool) {
	to, need := env{}, false
	for i, x := range c.Operands[1:] {
		if gone[x] {
			to[r.Params[i]] = x
			need = need || used(r, r.Params[i])
		}
	}
	if !need {
		return
	}
	ops := r.Ops
	r.Ops = nil
	e := env{}
	for i, x := range op.Operands {
		e[x] = r.Params[args[i]]
	}
	copyOp(at(m, f, r), op, e)
	r.Ops = append(r.Ops, ops...)
	for p, x := range to {
		to[p] = e[x]
	}
	substitute(r, to)
}
