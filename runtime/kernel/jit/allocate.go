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
	mMove                     // dst = m
	mKeep                     // dst = m where the mask holds, else zero
	mLogic                    // an instruction on mask registers
	mRow                      // dst = elements of a row, as many as the immediate says
	mSquare                   // dst = pieces of rows
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
	mask   vec // of mBlend and mKeep
}

// place is where the last operand of an instruction is.
type place struct {
	kind placeKind
	n    int32 // number of the register, pool entry, scratch slot or stream
	turn uint8 // of a stream: the vector, of those of a turn
	off  int32 // of a stream: bytes from the element
}

type placeKind uint8

const (
	inRegister placeKind = iota
	inPool
	inScratch
	inStream
)

// bank is registers that are given to values: those from lo on, below hi.
type bank struct{ lo, hi vec }

// Vector registers; the one behind them is for what an operation itself needs.
// The first mask register cannot choose lanes.
var (
	vecs256 = bank{0, 15}
	vecs512 = bank{0, 31}
	masks   = bank{firstMask + 1, lanesLeft}
)

const (
	allRegs = int(lanesLeft) + 1
	nowhere = 0xff
)

// item is a node to be computed, an output to be stored, or the test that
// leaves the loop.
type item struct {
	what   itemKind
	node   Value // computed, stored or tested
	stream int   // of a store
	turn   uint8 // of a store
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
	vecs   bank
	held   [allRegs]Value
	locked [allRegs]bool
	pinned [allRegs]bool
	pos    int32
}

func newAllocator(p *Program) *allocator {
	n := len(p.nodes)
	a := &allocator{p: p, vecs: p.set.vecs(), where: make([]uint8, n), slot: make([]int32, n), pool: make([]int32, n), uses: make([][]int32, n)}
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
	a.level, a.out, a.head, a.tail = l, nil, nil, nil
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
		a.locked = [allRegs]bool{}
		switch it.what {
		case itemNode:
			a.compute(it.node)
			if keep[it.node] {
				a.spill(it.node)
			}
		case itemStore, itemTest:
			o := mop{kind: mStore, x: a.register(it.node), width: a.p.nodes[it.node].width, m: place{kind: inStream, n: int32(it.stream), turn: it.turn}}
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

// loop is the straight line of the innermost level, with what runs before it.
func (a *allocator) loop(items []item, keep []bool) loop {
	body := a.run(perLane, items, keep)
	for v := range a.slot {
		if a.p.levels[v] == perLane && a.p.nodes[v].op != opCarry {
			a.slot[v] = -1
		}
	}
	return loop{a.head, body, a.tail}
}

// carry brings a value to where the next step finds it.
func (a *allocator) carry(it item) {
	v := a.p.carries[it.stream]
	o := mop{kind: mSpill, width: a.p.nodes[v].width, m: place{kind: inScratch, n: a.slot[v]}}
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
	free := int(a.vecs.hi) - 2 - a.pressure(items)
	a.pos = 0
	for _, v := range a.p.carries {
		if len(a.uses[v]) == 0 && a.p.rounds != nil {
			continue // of another phase
		}
		if free--; free < 0 {
			break
		}
		r := a.register(v)
		a.pinned[r] = true
		a.tail = append(a.tail, mop{kind: mSpill, x: r, width: a.p.nodes[v].width, m: place{kind: inScratch, n: a.slot[v]}})
	}
	if a.p.set == AVX512 && !a.p.steps && a.p.points < longRow*a.p.lanes() {
		free = 0 // what is in memory costs as much for each row as for each vector
	}
	for ; free > 0; free-- {
		best, most := Value(-1), 1
		for v := range a.p.nodes {
			if a.p.levels[v] < perLane && a.where[v] == nowhere && len(a.uses[v]) > most && !a.p.isMask(Value(v)) {
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
		if v >= 0 && a.p.levels[v] == perLane && a.p.nodes[v].op != opCarry && !born[v] && !a.p.isMask(v) {
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

// bank is where v belongs.
func (a *allocator) bank(v Value) bank {
	if a.p.isMask(v) {
		return masks
	}
	return a.vecs
}

// take is a free register, whose content goes to memory where needed.
func (a *allocator) take(b bank) vec {
	for r := b.lo; r < b.hi; r++ {
		if a.held[r] < 0 {
			a.locked[r] = true
			return r
		}
	}
	best, far := nowhere, int32(-1)
	for r := b.lo; r < b.hi; r++ {
		if a.locked[r] || a.pinned[r] {
			continue
		}
		d := a.next(a.held[r], a.pos)
		if a.inMemory(a.held[r]) {
			d += 4 // costs no store
		}
		if d > far {
			best, far = int(r), d
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
	a.out = append(a.out, mop{kind: mSpill, x: vec(a.where[v]), width: a.p.nodes[v].width, m: place{kind: inScratch, n: a.slot[v]}})
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
	r := a.take(a.bank(v))
	a.give(v, r)
	n := &a.p.nodes[v]
	switch {
	case n.op == opLoad && a.slot[v] < 0:
		o := mop{kind: mLoad, dst: r, width: n.width, m: n.inStream()}
		switch a.p.streams[n.a].access {
		case Direct:
		case Rows:
			o.kind, o.imm = mRow, n.imm
		case Still:
			if o.kind = mBroadcast; n.imm == wholeVector {
				o.kind = mLoad
			}
		default:
			o.kind = mBroadcast
		}
		a.out = append(a.out, o)
	default:
		a.out = append(a.out, mop{kind: mMove, dst: r, width: n.width, m: a.memory(v)})
	}
	return r
}

// inStream is the place of a load.
func (n *node) inStream() place {
	return place{kind: inStream, n: int32(n.a), turn: n.turn, off: int32(n.bits)}
}

// memory is the place of v outside of the registers.
func (a *allocator) memory(v Value) place {
	n := &a.p.nodes[v]
	if n.op == opConst {
		if a.pool[v] < 0 {
			a.pool[v] = a.entry(n.width, n.bits)
		}
		return place{kind: inPool, n: a.pool[v]}
	}
	return place{kind: inScratch, n: a.slot[v]}
}

// operand is v as the last operand of an instruction: in its register, or
// read from memory where that saves an instruction.
func (a *allocator) operand(v Value) place {
	if r := a.where[v]; r != nowhere {
		a.locked[r] = true
		return place{kind: inRegister, n: int32(r)}
	}
	n := &a.p.nodes[v]
	if n.op == opLoad && a.slot[v] < 0 {
		s := a.p.streams[n.a]
		if raw := s.kind == B4 || s.kind == B8; raw && s.access == Direct && a.dies(v) {
			return n.inStream()
		}
		return place{kind: inRegister, n: int32(a.register(v))}
	}
	return a.memory(v)
}

func (a *allocator) isIn(v Value) bool { return a.where[v] != nowhere }
