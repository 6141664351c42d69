package jit

import (
	"errors"
	"slices"
)

// Entries of every pool.
const (
	zeros      = 0
	bytesOfOne = 1
)

// text is a compiled program.
type text struct {
	code  []byte
	slots int // of scratch memory, 32 bytes each
}

var errOrder = errors.New("jit: two outputs wait for each other")

// compile makes machine code of a program.
func (p *Program) compile() (*text, error) {
	lists, keep, err := p.order()
	if err != nil {
		return nil, err
	}
	a := newAllocator(p)
	a.entry(W8, 0)
	a.entry(W8, 0x0101010101010101)
	e := &emitter{p: p}
	e.b = make([]byte, 0, 1024+16*len(p.nodes))
	e.lanes = p.Lanes()
	e.assign()
	before := a.run(once, lists[once], keep)
	rows := a.run(perRow, lists[perRow], keep)
	body := a.run(perLane, lists[perLane], keep)
	if a.slots > 0 {
		e.load(rSI, word(argScratch))
	}
	if p.steps {
		e.recurrence(a, before, body)
		return e.done(a), nil
	}
	e.ops(before, p.Lanes())
	top := len(e.b)
	e.ops(rows, p.Lanes())
	e.ops(a.head, p.Lanes())
	e.zero(rDX)
	e.loop(body, p.Lanes(), argMain)
	e.loop(body, 1, argCount)
	e.nextRow(top)
	return e.done(a), nil
}

// recurrence runs body once a step.
func (e *emitter) recurrence(a *allocator, before, body []mop) {
	e.ops(before, 1)
	e.ops(a.head, 1)
	e.zero(rDX)
	top := len(e.b)
	e.ops(body, 1)
	e.nextRow(top)
	e.ops(a.tail, 1)
	e.addImm(rDX, 1)
}

// done ends the code: here all loops end, and those that are left.
func (e *emitter) done(a *allocator) *text {
	for _, j := range e.leaves {
		e.land(j)
	}
	e.store(word(argLeft), rDX)
	e.ret()
	e.finish(a.consts, a.widths)
	return &text{code: e.b, slots: int(a.slots)}
}

// loop runs body while the element is below an argument.
func (e *emitter) loop(body []mop, lanes, end int) {
	e.general(0x3b, rDX, word(end)) // cmp rDX, [end]
	skip := e.ahead(greaterEqual)
	top := len(e.b)
	e.ops(body, lanes)
	e.addImm(rDX, int32(lanes))
	e.general(0x3b, rDX, word(end))
	e.jump(less, top)
	e.land(skip)
}

// nextRow moves the streams to the next row and goes on while there is one.
func (e *emitter) nextRow(top int) {
	// sub qword [rows], 1
	e.bytes(0x48, 0x83)
	e.address(5, word(argRows))
	e.bytes(1)
	last := e.ahead(lessEqual)
	for s, t := range e.p.streams {
		if t.access == Once {
			continue
		}
		if b := e.base[s]; b != none {
			e.addMem(b, word(argStreams+2*s+1))
			continue
		}
		e.load(rAX, word(argStreams+2*s))
		e.addMem(rAX, word(argStreams+2*s+1))
		e.store(word(argStreams+2*s), rAX)
	}
	e.b = append(e.b, 0xe9) // jmp
	e.imm32(int32(top - len(e.b) - 4))
	e.land(last)
}

// order lists what is computed at each level, with the outputs as early as
// what they overwrite allows; keep says what a later level reads.
func (p *Program) order() (lists [levels][]item, keep []bool, err error) {
	needed := p.needed()
	keep = make([]bool, len(p.nodes))
	last := make([]int, len(p.streams)) // position of the last read of a stream
	for i := range last {
		last[i] = -1
	}
	made := make([]int, len(p.nodes))
	var body []item
	for i := range p.nodes {
		n, v := &p.nodes[i], Value(i)
		if !needed[i] {
			continue
		}
		l := p.levels[i]
		if !n.isRead() {
			for _, x := range [3]Value{n.a, n.b, n.c} {
				if x < 0 {
					continue
				}
				if p.levels[x] != constant && p.levels[x] < l {
					keep[x] = true
				}
				if l == perLane && p.nodes[x].op == opLoad {
					last[p.nodes[x].a] = len(body)
				}
			}
		}
		switch {
		case l == perLane && !n.isRead():
			made[i] = len(body)
			body = append(body, item{what: itemNode, node: v})
		case l == once || l == perRow:
			lists[l] = append(lists[l], item{what: itemNode, node: v})
		}
	}
	for _, o := range p.outputs {
		keep[o.value] = keep[o.value] || p.outer(o.value)
	}
	if p.exit >= 0 && p.outer(p.exit) {
		keep[p.exit] = true
	}
	lists[perLane], err = p.place(body, made, last)
	for i, v := range p.next {
		keep[v] = keep[v] || p.outer(v)
		if v != p.carries[i] {
			lists[perLane] = append(lists[perLane], item{what: itemNext, node: v, stream: i})
		}
	}
	return lists, keep, err
}

// isRead reports whether a node is not computed but found in memory.
func (n *node) isRead() bool { return n.op == opLoad || n.op == opCarry }

// outer reports whether v is computed before the inner loop.
func (p *Program) outer(v Value) bool {
	return p.levels[v] == once || p.levels[v] == perRow
}

// place puts the outputs between the computations: behind the value, the test,
// and the last read of every stream that shares storage with theirs.
func (p *Program) place(body []item, made, last []int) ([]item, error) {
	test := -1
	if p.exit >= 0 && p.levels[p.exit] == perLane {
		test = made[p.exit]
	}
	behind := make([][]item, len(body)+1) // by position + 1
	if p.exit >= 0 {
		behind[test+1] = append(behind[test+1], item{what: itemTest, node: p.exit})
	}
	for i, o := range p.outputs {
		at := test
		n := &p.nodes[o.value]
		if p.levels[o.value] == perLane && !n.isRead() {
			at = max(at, made[o.value])
		}
		for _, s := range o.after {
			at = max(at, last[s])
			for j, q := range p.outputs { // a stream that is stored as it is
				if m := &p.nodes[q.value]; j != i && m.op == opLoad && int(m.a) == s {
					return nil, errOrder
				}
			}
		}
		behind[at+1] = append(behind[at+1], item{what: itemStore, node: o.value, stream: o.stream})
	}
	out := slices.Clone(behind[0])
	for i, it := range body {
		out = append(append(out, it), behind[i+1]...)
	}
	return out, nil
}

// needed marks what the outputs and the test depend on.
func (p *Program) needed() []bool {
	out := make([]bool, len(p.nodes))
	for _, o := range p.outputs {
		out[o.value] = true
	}
	if p.exit >= 0 {
		out[p.exit] = true
	}
	for _, v := range p.next {
		out[v] = true
	}
	for i := len(p.nodes) - 1; i >= 0; i-- {
		n := &p.nodes[i]
		if !out[i] || n.isRead() {
			continue
		}
		for _, x := range [3]Value{n.a, n.b, n.c} {
			if x >= 0 {
				out[x] = true
			}
		}
	}
	return out
}
