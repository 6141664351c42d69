package jit

// masker writes a program again with masks in registers of their own, which
// have a bit for each lane whatever its width.
type masker struct {
	from, to *Program
	at       []Value // by value of from
	turn     uint8
}

// withMasks is the program for AVX-512. What is a mask there and read as a
// number becomes lanes again, and numbers whose signs are read become masks, so
// that all results stay the same bits. Where many is above 1 it has the
// operations of as many vectors too.
func (p *Program) withMasks(many int) *Program {
	q := newProgram(many * len(p.nodes))
	q.set, q.streams, q.wide, q.steps = AVX512, p.streams, p.wide, p.steps
	q.points, q.vectors, q.rounds = p.points, many, p.rounds
	q.carries = make([]Value, len(p.carries))
	m := &masker{from: p, to: q, at: make([]Value, len(p.nodes))}
	needed := p.needed(p.all())
	for t := range many {
		m.turn = uint8(t)
		for i := range p.nodes {
			if needed[i] || p.nodes[i].op == opCarry {
				m.at[i] = m.node(&p.nodes[i], p.levels[i])
			}
		}
		m.results()
		if t == 0 {
			q.turns = append(q.turns, q.all())
		}
	}
	if many > 1 {
		q.turns = append(q.turns, q.all())
	}
	for _, v := range p.next {
		q.next = append(q.next, m.lanes(v))
	}
	return q
}

// results writes the outputs and the test of a turn.
func (m *masker) results() {
	for _, o := range m.from.outputs {
		if m.from.rounds == nil {
			o.turn = m.turn
		}
		if m.from.streams[o.stream].kind == Bool {
			o.value = m.mask(o.value)
		} else {
			o.value = m.lanes(o.value)
		}
		m.to.outputs = append(m.to.outputs, o)
	}
	switch e := m.from.exit; {
	case e < 0:
	case m.to.exit < 0:
		m.to.exit = m.mask(e)
	case m.to.exit != m.mask(e):
		m.to.exit = m.to.Do(opMaskOr, W4, m.to.exit, m.mask(e))
	}
}

// lanes is a value as numbers.
func (m *masker) lanes(v Value) Value {
	x := m.at[v]
	if m.to.isMask(x) {
		return m.to.Do(opToLanes, m.from.Width(v), x)
	}
	return x
}

// mask is a value as a mask: the signs of its lanes.
func (m *masker) mask(v Value) Value {
	x, n := m.at[v], &m.from.nodes[v]
	switch {
	case m.to.isMask(x):
		return x
	case n.op == Or:
		return m.to.Do(opMaskOr, W4, m.mask(n.a), m.mask(n.b))
	case n.op == SignExtend:
		return m.mask(n.a)
	}
	return m.to.Do(opToMask, n.width, x)
}

// isMask reports whether a value became a mask.
func (m *masker) isMask(v Value) bool { return m.to.isMask(m.at[v]) }

func (m *masker) node(n *node, l level) Value {
	switch n.op {
	case opConst:
		return m.to.add(*n, l)
	case opLoad:
		c := *n
		if m.from.streams[n.a].kind == Bool {
			c.width = W4 // a mask has none
		}
		if l == perLane && m.from.rounds == nil {
			c.turn = m.turn
		}
		return m.to.add(c, l)
	case opSquare:
		return m.to.add(*n, l)
	case opCarry:
		v := m.to.add(*n, l)
		m.to.carries[n.a] = v
		return v
	case IEq:
		return m.to.DoImm(opCompare, n.width, intEqual, m.lanes(n.a), m.lanes(n.b))
	case IGt:
		return m.to.DoImm(opCompare, n.width, intGreater, m.lanes(n.a), m.lanes(n.b))
	case SignExtend, Low:
		if m.isMask(n.a) {
			return m.at[n.a]
		}
	case Blend:
		return m.blend(n)
	case And, AndNot, Or, Xor:
		if v := m.logic(n); v >= 0 {
			return v
		}
	}
	var x []Value
	for _, v := range [3]Value{n.a, n.b, n.c} {
		if v >= 0 {
			x = append(x, m.lanes(v))
		}
	}
	return m.to.DoImm(n.op, n.width, n.imm, x...)
}

func (m *masker) blend(n *node) Value {
	k := m.mask(n.a)
	if m.isMask(n.b) && m.isMask(n.c) {
		set := m.to.Do(opMaskAnd, W4, k, m.at[n.b])
		return m.to.Do(opMaskOr, W4, set, m.to.Do(opMaskAndNot, W4, k, m.at[n.c]))
	}
	return m.choose(n.width, k, m.lanes(n.b), m.lanes(n.c))
}

// choose is b where the mask k holds, else c.
func (m *masker) choose(w Width, k, b, c Value) Value {
	if c == m.to.Const(w, 0) {
		return m.to.Do(opKeep, w, k, b)
	}
	return m.to.Do(Blend, w, k, b, c)
}

// onMasks is, by operation on bits, the one on masks.
var onMasks = [numOps]Op{And: opMaskAnd, AndNot: opMaskAndNot, Or: opMaskOr, Xor: opMaskXor}

// logic is an operation on bits where operands are masks, -1 where both are numbers.
func (m *masker) logic(n *node) Value {
	a, b := m.at[n.a], m.at[n.b]
	none, all := m.to.Const(n.width, 0), m.to.Const(n.width, 1<<64-1)
	switch am, bm := m.isMask(n.a), m.isMask(n.b); {
	case am && bm:
		return m.to.Do(onMasks[n.op], W4, a, b)
	case am && n.op == AndNot:
		return m.choose(n.width, a, none, b)
	case bm && n.op != AndNot:
		a, b = b, a
	case !am:
		return -1
	}
	switch n.op { // a is the mask
	case And:
		return m.choose(n.width, a, b, none)
	case Or:
		return m.choose(n.width, a, all, b)
	case Xor:
		if b == all {
			return m.not(a)
		}
	}
	return -1
}

// not is the complement of a mask; a comparison that was made for it is the opposite one.
func (m *masker) not(k Value) Value {
	switch n := m.to.nodes[k]; n.op {
	case Cmp, opCompare:
		return m.to.DoImm(n.op, n.width, n.imm^negated, n.a, n.b)
	}
	return m.to.Do(opMaskNot, W4, k)
}
