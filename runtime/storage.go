package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// storage gives every value that has storage of its own a slot.
func (p *plan) storage() {
	for _, v := range p.fn.Params() {
		s := p.newSlot(outside, p.bytes(v.Type), 0, p.next, "parameter "+v.Name)
		p.info[v].slot = s
		p.ins = append(p.ins, s)
	}
	seen := map[*ir.Value]bool{}
	for k, v := range p.fn.Results() {
		o := outPlan{slot: p.newSlot(outside, p.bytes(v.Type), 0, p.next, "result"), copy: true, temp: -1}
		if !seen[v] && p.direct(v, p.fn.Body) && p.mayOverwrite(v, k) {
			o.copy = false
			p.force(v, o.slot)
		}
		seen[v] = true
		p.outs = append(p.outs, o)
	}
	p.findOnce()
	p.regionStorage(p.fn.Body)
}

// outTemps saves parameters that are results before other results overwrite
// them.
func (p *plan) outTemps() {
	if len(p.donate) == 0 {
		return
	}
	end := p.endOf(p.fn.Body) // where the other results are read too
	for k, v := range p.fn.Results() {
		o := &p.outs[k]
		if j, ok := p.donate[k]; ok && p.fn.Params()[j] == v {
			continue // as it was, where it was
		}
		if root := p.info[v].root; o.copy && root.Def == nil && p.info[root].region == p.fn.Body {
			o.temp = p.newSlot(inArena, p.bytes(v.Type), end, end, "result")
		}
	}
}

// direct reports whether v is made by an operation of r in storage of its own.
func (p *plan) direct(v *ir.Value, r *ir.Region) bool {
	i := p.info[v]
	if v.Def == nil || i.region != r || i.passed != nil || i.slot >= 0 || i.strided {
		return false
	}
	_, isView := p.viewOf(v.Def)
	return !isView || i.copied
}

// mayOverwrite reports whether result k, written where v is made, spares the
// old value of a parameter whose storage it takes over.
func (p *plan) mayOverwrite(v *ir.Value, k int) bool {
	j, ok := p.donate[k]
	if !ok {
		return true
	}
	param := p.fn.Params()[j]
	last := p.info[param].last
	if slices.Contains(p.fn.Results(), param) {
		return false
	}
	o := p.ops[v.Def]
	if last < o.start {
		return true
	}
	return last == o.end && p.canTakeOver(v.Def, v, param)
}

// force puts v into a slot chosen by what surrounds it.
func (p *plan) force(v *ir.Value, s int) {
	i := p.info[v]
	i.slot, i.taken = s, true
}

// canTakeOver reports whether op can write its result v where its operand u
// lies, reading each element before it writes it.
func (p *plan) canTakeOver(op *ir.Op, v, u *ir.Value) bool {
	if p.info[u].strided || bytesOf(u.Type.Kind) != bytesOf(v.Type.Kind) || !ir.EqualDims(u.Type.Dims, v.Type.Dims) {
		return false
	}
	o := p.ops[op]
	at := -1
	for i, w := range op.Operands {
		if w == u {
			if at >= 0 && o.tile == nil {
				return false
			}
			at = i
			if o.tile != nil && !o.tile.readsInPlace(i) {
				return false
			}
		} else if p.info[w].root == p.info[u].root {
			return false
		}
	}
	switch {
	case at < 0:
		return false
	case o.tile != nil:
		return true
	}
	switch a := op.Attrs.(type) {
	case ir.GatherAttrs:
		return op.Row.Name != "gather" && at == 0 || o.folds && at == 2
	case ir.SliceAddAttrs:
		return at == 0
	case ir.ScanAttrs:
		return at == a.Captures+v.Index && v.Index < a.Carries
	}
	return false
}

func (p *plan) regionStorage(r *ir.Region) {
	for _, op := range r.Ops {
		p.opStorage(op, r)
	}
}

func (p *plan) opStorage(op *ir.Op, r *ir.Region) {
	o := p.ops[op]
	if op.Row.Name == "const" && !p.info[op.Results[0]].copied {
		p.constStorage(op)
		return
	}
	if o.tile != nil {
		for _, l := range o.tile.loads {
			if l.fixed != nil {
				p.constStorage(l.fixed)
			}
		}
	}
	for _, v := range op.Results {
		i := p.info[v]
		if i.root != v || i.passed != nil || i.local {
			continue
		}
		if i.slot < 0 {
			i.slot = p.takeOver(op, v, r)
		}
		if i.slot < 0 {
			i.slot = p.newSlot(inArena, p.bytes(v.Type), i.pos, i.last, op.Row.Name)
			p.slots[i.slot].value = v
		}
		p.extend(i.slot, i.pos, i.last)
	}
	p.temporaries(op, o)
	switch {
	case op.Row.Name == "scan" || op.Row.Name == "map":
		p.scanStorage(op, o)
	case o.strips != nil:
		p.stripsStorage(op, o)
	case p.hasBody(op):
		for _, side := range op.Regions {
			p.sideStorage(op, side)
			p.regionStorage(side)
		}
	}
}

func (p *plan) extend(s, from, to int) {
	sl := &p.slots[s]
	sl.from, sl.to = min(sl.from, from), max(sl.to, to)
}

// takeOver is the slot of an operand that ends its life here and can hold the
// result, -1 where there is none.
func (p *plan) takeOver(op *ir.Op, v *ir.Value, r *ir.Region) int {
	for _, u := range op.Operands {
		i := p.info[u]
		if i.root != u || i.region != r || i.taken || i.slot < 0 || i.last != p.ops[op].end || p.slots[i.slot].class != inArena {
			continue
		}
		if p.taken(op, i.slot) || !p.canTakeOver(op, v, u) {
			continue
		}
		return i.slot
	}
	return -1
}

// taken reports whether another result of op already has the slot.
func (p *plan) taken(op *ir.Op, s int) bool {
	for _, w := range op.Results {
		if p.info[w].root == w && p.info[w].slot == s {
			return true
		}
	}
	return false
}

// sideStorage lets what a side of a branch yields be made where the result of
// the branch lies.
func (p *plan) sideStorage(op *ir.Op, side *ir.Region) {
	seen := map[*ir.Value]bool{}
	for k, v := range side.Results {
		if !seen[v] && p.direct(v, side) {
			p.force(v, p.info[op.Results[k]].slot)
		}
		seen[v] = true
	}
}

// temporaries are slots that live during one operation.
func (p *plan) temporaries(op *ir.Op, o *opInfo) {
	if o.callee != nil && o.callee.peak > 0 {
		o.temps = append(o.temps, p.newSlot(inArena, o.callee.peak, o.start, o.end, "call"))
	}
	if op.Row.Name == "first_of" {
		o.temps = append(o.temps, p.newSlot(inArena, 4*int64(kernel.FirstsTable(p.lastAxis(op.Operands[0].Type))), o.start, o.end, "keys"))
	}
	if op.Row.Name == "reduce_sum" || op.Row.Name == "einsum" && len(op.Operands) == 1 {
		if n := partials(p, op); n > 0 {
			o.temps = append(o.temps, p.newSlot(inArena, n, o.start, o.end, "partial sums"))
		}
	}
	if op.Row.Name == "einsum" && len(op.Operands) == 2 {
		if n := splitBytes(p, op); n > 0 {
			o.temps = append(o.temps, p.newSlot(inArena, n, o.start, o.end, "parts of products"))
		}
	}
}

// lastAxis is the size of the last axis at the capacities.
func (p *plan) lastAxis(t ir.Type) int { return int(p.size(t.Dims[len(t.Dims)-1])) }

func (p *plan) scanStorage(op *ir.Op, o *opInfo) {
	s := &scanPlan{}
	switch a := op.Attrs.(type) {
	case ir.ScanAttrs:
		*s = scanPlan{captures: a.Captures, carries: a.Carries, xs: a.Xs, count: a.Count, reverse: a.Reverse}
	case ir.MapAttrs:
		*s = scanPlan{captures: a.Captures, xs: a.Xs, count: a.Count}
	}
	o.scan = s
	body := op.Regions[0]
	seen := map[*ir.Value]bool{}
	for j := 0; j < s.carries; j++ {
		s.carry = append(s.carry, p.carryStorage(op, o, body, j, seen))
	}
	for j := 0; j < s.xs; j++ {
		v := body.Params[s.captures+s.carries+j]
		x := p.newSlot(outside, p.bytes(v.Type), o.start, o.end, "slice")
		p.info[v].slot = x
		s.x = append(s.x, x)
	}
	for _, v := range body.Results[s.carries:] {
		y := yPlan{slot: p.newSlot(outside, p.bytes(v.Type), o.start, o.end, "slice"), copy: true}
		if !seen[v] && p.direct(v, body) {
			y.copy = false
			p.force(v, y.slot)
		}
		seen[v] = true
		s.y = append(s.y, y)
	}
	p.regionStorage(body)
}

func (p *plan) carryStorage(op *ir.Op, o *opInfo, body *ir.Region, j int, seen map[*ir.Value]bool) carryPlan {
	s := o.scan
	param, next := body.Params[s.captures+j], body.Results[j]
	bytes := p.bytes(param.Type)
	c := carryPlan{result: p.info[op.Results[j]].slot}
	p.extend(c.result, o.start, o.end)
	if chain, ok := p.chain(next, param, body); ok && !seen[next] && onceIn(body.Results, next) {
		c.inPlace = true
		p.force(param, c.result)
		for _, v := range chain {
			p.force(v, c.result)
		}
		seen[next] = true
		return c
	}
	c.other = p.newSlot(inArena, bytes, o.start, o.end, "carry")
	c.param = p.newSlot(outside, bytes, o.start, o.end, "carry")
	c.next = p.newSlot(outside, bytes, o.start, o.end, "carry")
	p.force(param, c.param)
	c.copyNext = true
	if !seen[next] && p.direct(next, body) {
		c.copyNext = false
		p.force(next, c.next)
	}
	seen[next] = true
	return c
}

func onceIn(vs []*ir.Value, v *ir.Value) bool {
	n := 0
	for _, w := range vs {
		if w == v {
			n++
		}
	}
	return n == 1
}

// chain is the values from v back to the parameter, each made by an operation
// that can write over the one before, which nobody reads later.
func (p *plan) chain(v, param *ir.Value, body *ir.Region) ([]*ir.Value, bool) {
	if v == param {
		return nil, true
	}
	if !p.direct(v, body) {
		return nil, false
	}
	for _, u := range v.Def.Operands {
		i := p.info[u]
		if i.root != u || i.region != body || i.last != p.ops[v.Def].end || !p.canTakeOver(v.Def, v, u) {
			continue
		}
		if rest, ok := p.chain(u, param, body); ok {
			return append(rest, v), true
		}
	}
	return nil, false
}
