package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: what stands between. An operation without rows that stands among those of
// the rounds and makes a number for them, a step size or a share, runs before the
// rounds, where its operands are there. Its result then takes its place earlier
// than planned; so nothing else runs in between, and the rounds read nothing that
// lay there.

// findEarlier finds these operations: up to the first sum over the rows, or one
// that does not run earlier.
func (c *roundsCoder) findEarlier(r *ir.Region) {
	for i, op := range r.Ops {
		o := c.b.plan.ops[op]
		switch {
		case i < c.first || o.once || c.b.plan.runsNothing(op):
		case c.touches(op):
			if !slices.ContainsFunc(op.Results, func(v *ir.Value) bool { return c.rowAxis(v) >= 0 }) {
				return
			}
		case o.tile == nil || o.tile.canFail() || o.then != nil || o.sums != nil || o.writes != nil || !c.ready(op):
			return
		default:
			c.earlier[op] = true
		}
	}
}

// ready reports whether the operands of op are there before the rounds, and stay
// where they are: where the code is left, op runs again. What itself runs again
// may be overwritten.
func (c *roundsCoder) ready(op *ir.Op) bool {
	for _, x := range op.Operands {
		if !c.there(x) {
			return false
		}
		for _, v := range op.Results {
			if again := c.earlier[c.b.plan.info[x].root.Def]; !again && c.overlaps(v, x) {
				return false
			}
		}
	}
	return true
}

// overlaps reports whether two values share storage.
func (c *roundsCoder) overlaps(v, x *ir.Value) bool {
	p := c.b.plan
	i, j := p.info[p.info[v].root].slot, p.info[p.info[x].root].slot
	if i < 0 || j < 0 {
		return false
	}
	s, t := &p.slots[i], &p.slots[j]
	return i == j || c.b.mayAlias(i, j) || s.class == inArena && t.class == inArena && s.off < t.off+t.bytes && t.off < s.off+s.bytes
}

// apart reports whether what runs earlier leaves alone what the rounds read.
func (c *roundsCoder) apart() bool {
	for op := range c.earlier {
		for _, v := range op.Results {
			for x := range c.reads {
				later := c.earlier[x.Def] && c.at[x.Def] > c.at[op] // which was there before
				if x != v && !later && c.overlaps(v, x) {
					return false
				}
			}
		}
	}
	return true
}
