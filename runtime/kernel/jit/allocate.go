package jit

import "slices"

// kind of a machine operation.
type mopKind uint8

const (
	mVex       mopKind = iota // an instruction
	mShift                    // one whose field reg extends the opcode
	mBlend                    // one with a fourth register
	mLow                      // the low halves of lanes of eight bytes
	mLoad                     // dst = element of a stream
	mBroadcast                // dst = the one element of a stream, in all lanes
	mStore                    // stream = x
	mSpill                    // scratch = x
	mTest                     // leave the loop where a lane of x is set
	mMove                     // dst = m, for the next step
)

// mop is a machine operation on registers and places, for any number of lanes.
type mop struct {
	kind   mopKind
	inst   inst
	width  Width // decides how long the registers are
	dst, x vec
	m      place
	imm    uint8
	hasImm bool
	mask   vec // of mBlend
}

// place is where the last operand of an instruction is.
type place struct {
	kind placeKind
	n    int32 // number of the register, pool entry, scratch slot or stream
}

type placeKind uint8

const (
	inRegister placeKind = iota
	inPool
	inScratch
	inStream
)

// vecs is how many registers are given to values; the last one is for what an
// operation itself needs.
const (
	vecs = 15
	temp = vec(15)
)

const nowhere = 0xff

// item is a node to be computed, an output to be stored, or the test that
// leaves the loop.
type item struct {
	what   itemKind
	node   Value // computed, stored or tested
	stream int   // of a store
}

type itemKind uint8

const (
	itemNode itemKind = iota
	itemStore
	itemTest
	itemNext // node is what carry number stream becomes
)

// allocator gives registers to the values of one level, which is a straight
// line: when none is free the value whose next use is farthest goes to scratch
// memory, unless it can be had from memory anyway.
type allocator struct {
	p     *Program
	level level
	out   []mop
	head  []mop // runs before the loop: what is pinned
	tail  []mop // runs behind it: carries that were in registers

	where  []uint8   // register by value, nowhere
	slot   []int32   // scratch slot by value, -1
	pool   []int32   // entry of the pool by value, -1
	slots  int32     // in use so far
	consts []uint64  // the pool: bits of a lane
	widths []Width   // of the pool
	uses   [][]int32 // positions of reads at this level, by value
	held   [vecs]Value
	locked [vecs]bool
	pinned [vecs]bool
	pos    int32
}

func newAllocator(p *Program) *allocator {
	n := len(p.nodes)
	a := &allocator{p: p, where: make([]uint8, n), slot: make([]int32, n), pool: make([]int32, n), uses: make([][]int32, n)}
	for i := range p.nodes {
		a.where[i], a.slot[i], a.pool[i] = nowhere, -1, -1
	}
	for i, v := range p.carries {
		a.slot[v] = int32(i)
	}
	a.slots = int32(len(p.carries))
	return a
}

// entry is the pool entry of a constant.
func (a *allocator) entry(w Width, bits uint64) int32 {
	for i, b := range a.consts {
		if b == bits && a.widths[i] == w {
			return int32(i)
		}
	}
	a.consts, a.widths = append(a.consts, bits), append(a.widths, w)
	return int32(len(a.consts) - 1)
}

// run allocates the items of a level; keep tells which values later levels
// read.
func (a *allocator) run(l level, items []item, keep []bool) []mop {
	a.level, a.out, a.head = l, nil, nil
	if len(items) == 0 {
		return nil
	}
	a.out = make([]mop, 0, len(items)+len(items)/2)
	for i := range a.held {
		a.held[i] = -1
		a.pinned[i] = false
	}
	for i := range a.where {
		a.where[i] = nowhere
	}
	a.count(items)
	if l == perLane {
		a.pin(items)
	}
	for i, it := range items {
		a.pos = int32(i)
		a.locked = [vecs]bool{}
		switch it.what {
		case itemNode:
			a.compute(it.node)
			if keep[it.node] {
				a.spill(it.node)
			}
		case itemStore, itemTest:
			o := mop{kind: mStore, x: a.register(it.node), width: a.p.nodes[it.node].width, m: place{inStream, int32(it.stream)}}
			if it.what == itemTest {
				o.kind = mTest
			}
			a.out = append(a.out, o)
		case itemNext:
			a.carry(it)
		}
		a.release(it.node)
	}
	return a.out
}

// carry brings a value to where the next step finds it.
func (a *allocator) carry(it item) {
	v := a.p.carries[it.stream]
	o := mop{kind: mSpill, width: a.p.nodes[v].width, m: place{inScratch, a.slot[v]}}
	if r := a.where[v]; r != nowhere && a.pinned[r] {
		o.kind, o.dst, o.m = mMove, vec(r), a.operand(it.node)
	} else {
		o.x = a.register(it.node)
	}
	a.out = append(a.out, o)
}

// count finds the reads of every value.
func (a *allocator) count(items []item) {
	many := make([]int32, len(a.uses)+1)
	for _, it := range items {
		for _, v := range a.reads(it) {
			if v >= 0 {
				many[v+1]++
			}
		}
	}
	for v := range a.uses {
		many[v+1] += many[v]
	}
	all := make([]int32, many[len(a.uses)])
	for v := range a.uses {
		a.uses[v] = all[many[v]:many[v]:many[v+1]]
	}
	for i, it := range items {
		for _, v := range a.reads(it) {
			if v >= 0 {
				a.uses[v] = append(a.uses[v], int32(i))
			}
		}
	}
}

func (a *allocator) reads(it item) [3]Value {
	if it.what != itemNode {
		return [3]Value{it.node, -1, -1}
	}
	n := &a.p.nodes[it.node]
	if n.op == opLoad {
		return [3]Value{-1, -1, -1}
	}
	return [3]Value{n.a, n.b, n.c}
}

// next is the next position at which v is read, from the current one on.
func (a *allocator) next(v Value, from int32) int32 {
	u := a.uses[v]
	for len(u) > 0 && u[0] < from {
		u = u[1:]
	}
	a.uses[v] = u
	if len(u) == 0 {
		return 1 << 30
	}
	return u[0]
}

// dies reports whether nobody reads v behind the current position.
func (a *allocator) dies(v Value) bool {
	u := a.uses[v]
	return len(u) == 0 || u[len(u)-1] <= a.pos
}

// pin keeps constants and what outer loops computed in registers that the
// straight line leaves free, the most read first.
func (a *allocator) pin(items []item) {
	free := vecs - 2 - a.pressure(items)
	a.pos = 0
	for _, v := range a.p.carries {
		if free--; free < 0 {
			break
		}
		r := a.register(v)
		a.pinned[r] = true
		a.tail = append(a.tail, mop{kind: mSpill, x: r, width: a.p.nodes[v].width, m: place{inScratch, a.slot[v]}})
	}
	for ; free > 0; free-- {
		best, most := Value(-1), 1
		for v := range a.p.nodes {
			if a.p.levels[v] < perLane && a.where[v] == nowhere && len(a.uses[v]) > most {
				best, most = Value(v), len(a.uses[v])
			}
		}
		if best < 0 {
			break
		}
		a.pos = 0
		a.pinned[a.register(best)] = true
	}
	a.head = slices.Clone(a.out)
	a.out = a.out[:0]
}

// pressure is how many values of the level are alive at once, at most.
func (a *allocator) pressure(items []item) int {
	live, most := 0, 0
	born := make([]bool, len(a.p.nodes))
	birth := func(v Value) {
		if v >= 0 && a.p.levels[v] == perLane && a.p.nodes[v].op != opCarry && !born[v] {
			born[v] = true
			live++
		}
	}
	for i, it := range items {
		a.pos = int32(i)
		rs := a.reads(it)
		for _, v := range rs {
			birth(v)
		}
		birth(it.node)
		most = max(most, live)
		for k, v := range rs {
			if v >= 0 && born[v] && a.dies(v) && (k < 1 || rs[0] != v) && (k < 2 || rs[1] != v) {
				live--
			}
		}
	}
	return most
}

// release frees the register of v when nobody reads it any more.
func (a *allocator) release(v Value) {
	if r := a.where[v]; r != nowhere && a.dies(v) && !a.pinned[r] {
		a.held[r] = -1
		a.where[v] = nowhere
	}
}

// take is a free register, whose content goes to memory where needed.
func (a *allocator) take() vec {
	for r := range a.held {
		if a.held[r] < 0 {
			a.locked[r] = true
			return vec(r)
		}
	}
	best, far := -1, int32(-1)
	for r, v := range a.held {
		if a.locked[r] || a.pinned[r] {
			continue
		}
		d := a.next(v, a.pos)
		if a.inMemory(v) {
			d += 4 // costs no store
		}
		if d > far {
			best, far = r, d
		}
	}
	v := a.held[best]
	if !a.inMemory(v) {
		a.spill(v)
	}
	a.where[v] = nowhere
	a.held[best] = -1
	a.locked[best] = true
	return vec(best)
}

// inMemory reports whether v can be read from memory.
func (a *allocator) inMemory(v Value) bool {
	n := &a.p.nodes[v]
	return a.slot[v] >= 0 || n.op == opConst || n.op == opLoad && a.p.levels[v] == a.level
}

func (a *allocator) spill(v Value) {
	if a.slot[v] >= 0 {
		return
	}
	a.slot[v] = a.slots
	a.slots++
	a.out = append(a.out, mop{kind: mSpill, x: vec(a.where[v]), width: a.p.nodes[v].width, m: place{inScratch, a.slot[v]}})
}

// give puts v into register r.
func (a *allocator) give(v Value, r vec) {
	a.where[v] = uint8(r)
	a.held[r] = v
	a.locked[r] = true
}

// register brings v into a register.
func (a *allocator) register(v Value) vec {
	if r := a.where[v]; r != nowhere {
		a.locked[r] = true
		return vec(r)
	}
	r := a.take()
	a.give(v, r)
	n := &a.p.nodes[v]
	switch {
	case n.op == opLoad && a.slot[v] < 0:
		k := mLoad
		if a.p.streams[n.a].access != Direct {
			k = mBroadcast
		}
		a.out = append(a.out, mop{kind: k, dst: r, width: n.width, m: place{inStream, int32(n.a)}})
	default:
		a.out = append(a.out, mop{kind: mVex, inst: vmovups, dst: r, width: n.width, m: a.memory(v)})
	}
	return r
}

// memory is the place of v outside of the registers.
func (a *allocator) memory(v Value) place {
	n := &a.p.nodes[v]
	if n.op == opConst {
		if a.pool[v] < 0 {
			a.pool[v] = a.entry(n.width, n.bits)
		}
		return place{inPool, a.pool[v]}
	}
	return place{inScratch, a.slot[v]}
}

// operand is v as the last operand of an instruction: in its register, or
// read from memory where that saves an instruction.
func (a *allocator) operand(v Value) place {
	if r := a.where[v]; r != nowhere {
		a.locked[r] = true
		return place{inRegister, int32(r)}
	}
	n := &a.p.nodes[v]
	if n.op == opLoad && a.slot[v] < 0 {
		s := a.p.streams[n.a]
		if raw := s.kind == B4 || s.kind == B8; raw && s.access == Direct && a.dies(v) {
			return place{inStream, int32(n.a)}
		}
		return place{inRegister, int32(a.register(v))}
	}
	return a.memory(v)
}

func (a *allocator) isIn(v Value) bool { return a.where[v] != nowhere }

// compute emits a node.
func (a *allocator) compute(v Value) {
	n := &a.p.nodes[v]
	if n.op == opLoad { // of an outer level
		a.register(v)
		return
	}
	w := &rows[n.op]
	o := mop{kind: mVex, width: a.p.acts(n), imm: n.imm, hasImm: w.imm}
	if o.width == W8 {
		o.inst = w.inst[1]
	} else {
		o.inst = w.inst[0]
	}
	switch w.form {
	case monadic:
		o.m = a.operand(n.a)
	case dyadic, comparison:
		x, y := n.a, n.b
		if !a.isIn(x) && (a.isIn(y) || a.p.levels[x] < a.p.levels[y]) {
			if w.swaps {
				x, y = y, x
			} else if p, ok := swapped[n.imm]; ok && w.form == comparison {
				x, y, o.imm = y, x, p
			}
		}
		o.x = a.register(x)
		o.m = a.operand(y)
	case shift:
		o.kind, o.dst = mShift, vec(w.ext)
		o.x = a.register(n.a)
	case fused:
		a.fused(v, n, o)
		return
	case blend:
		o.kind = mBlend
		o.mask, o.x = a.register(n.a), a.register(n.c)
		o.m = a.operand(n.b)
	case low:
		o.kind = mLow
		o.x = a.register(n.a)
	}
	for _, x := range [3]Value{n.a, n.b, n.c} {
		if x >= 0 {
			a.release(x)
		}
	}
	a.give(v, a.take())
	if o.kind == mShift {
		o.x, o.dst = vec(a.where[v]), o.x // written to vvvv, read from rm
		o.m = place{inRegister, int32(o.dst)}
		o.dst = vec(w.ext)
	} else {
		o.dst = vec(a.where[v])
	}
	a.out = append(a.out, o)
}

// swapped is the predicate of a comparison with its operands exchanged.
var swapped = map[uint8]uint8{0x00: 0x00, 0x03: 0x03, 0x04: 0x04, 0x07: 0x07, 0x0c: 0x0c,
	0x11: 0x1e, 0x12: 0x1d, 0x15: 0x1a, 0x16: 0x19}

// fused emits one of the three orders of a multiply-add, of which each
// overwrites another operand.
func (a *allocator) fused(v Value, n *node, o mop) {
	over := func(x Value) bool { return a.isIn(x) && a.dies(x) && !a.pinned[a.where[x]] }
	x, y, z := n.a, n.b, n.c
	if !a.isIn(x) && (a.isIn(y) || a.p.levels[x] < a.p.levels[y]) {
		x, y = y, x
	}
	switch {
	case over(z) && z != x && z != y: // 231: z = x·m + z
		o.inst.op += 0x20
		o.dst, o.x, o.m = a.register(z), a.register(x), a.operand(y)
	case over(x) && x != z && x != y: // 213: x = y·x + m
		o.inst.op += 0x10
		o.dst, o.x, o.m = a.register(x), a.register(y), a.operand(z)
	case over(y) && y != z && x != y:
		o.inst.op += 0x10
		o.dst, o.x, o.m = a.register(y), a.register(x), a.operand(z)
	default: // a copy of the sum is overwritten
		o.inst.op += 0x20
		o.x, o.m = a.register(x), a.operand(y)
		from := a.operand(z)
		o.dst = a.take()
		move := mop{kind: mVex, inst: vmovaps, dst: o.dst, width: o.width, m: from}
		if from.kind != inRegister {
			move.inst = vmovups
		}
		a.out = append(a.out, move)
		a.finish(v, n, o)
		return
	}
	// the register overwritten changes hands
	old := a.held[o.dst]
	a.where[old] = nowhere
	a.held[o.dst] = -1
	a.finish(v, n, o)
}

func (a *allocator) finish(v Value, n *node, o mop) {
	a.out = append(a.out, o)
	for _, x := range [3]Value{n.a, n.b, n.c} {
		a.release(x)
	}
	a.give(v, o.dst)
}
