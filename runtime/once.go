package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: what runs once. Values that depend on constants and sizes alone, such as
// one through the rows of a batch, are the same at every run under the same sizes.
// They lie in memory of their own, outside the arena, and are made again only when
// the sizes change: the last batch of an epoch may be short.

// onceRoom is the most bytes a function may have of such values: they are never
// free for others.
const onceRoom = 16 << 10

// findOnce chooses the operations that run once for a set of sizes.
func (p *plan) findOnce() {
	room := int64(onceRoom)
	for _, op := range p.fn.Body.Ops {
		if !p.runsOnce(op) {
			continue
		}
		need := int64(0)
		for _, v := range op.Results {
			need += roundUp(p.bytes(v.Type))
		}
		if need > room {
			continue
		}
		room -= need
		p.ops[op].once = true
		for _, v := range op.Results {
			p.force(v, p.newSlot(kept, p.bytes(v.Type), 0, p.next, op.Row.Name))
		}
	}
}

// runsOnce reports whether op makes values of its own out of what is known with
// the sizes, and cannot fail.
func (p *plan) runsOnce(op *ir.Op) bool {
	o := p.ops[op]
	if o.within || o.then != nil || o.sums != nil || o.writes != nil || o.fallback || o.inline || op.Row.Has(ir.Effect) || p.runsNothing(op) {
		return false
	}
	switch op.Row.Name {
	case "size", "cross_count", "iota", "const", "broadcast", "reshape", "transpose", "slice":
	default:
		if o.tile == nil || o.tile.canFail() {
			return false
		}
	}
	for _, v := range op.Results {
		if i := p.info[v]; i.root != v || i.passed != nil || i.local || i.slot >= 0 {
			return false
		}
	}
	return !slices.ContainsFunc(op.Operands, func(v *ir.Value) bool { return !p.known(v) })
}

// known reports whether the elements of v are there before the function runs.
func (p *plan) known(v *ir.Value) bool {
	i := p.info[p.info[v].root]
	def := p.info[v].root.Def
	if def == nil || i.region != p.fn.Body {
		return false
	}
	return p.ops[def].once || def.Row.Name == "const" && !i.copied
}
