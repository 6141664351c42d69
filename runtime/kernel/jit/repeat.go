package jit

// repeated is the program for AVX2, with the operations of many vectors a turn
// beside those of one where many is above 1.
func (p *Program) repeated(many int) *Program {
	q := newProgram(many * len(p.nodes))
	q.set, q.streams, q.wide, q.steps = AVX2, p.streams, p.wide, p.steps
	q.points, q.vectors = p.points, many
	q.carries = make([]Value, len(p.carries))
	at := make([]Value, len(p.nodes)) // by value of p
	needed := p.needed(p.all())
	for t := range many {
		for i := range p.nodes {
			if needed[i] || p.nodes[i].op == opCarry {
				at[i] = q.copied(&p.nodes[i], p.levels[i], at, uint8(t))
			}
		}
		for _, o := range p.outputs {
			o.value, o.turn = at[o.value], uint8(t)
			q.outputs = append(q.outputs, o)
		}
		if e := p.exit; e >= 0 && at[e] != q.exit {
			q.Leave(at[e])
		}
		if t == 0 {
			q.turns = append(q.turns, q.all())
		}
	}
	if many > 1 {
		q.turns = append(q.turns, q.all())
	}
	for _, v := range p.next {
		q.next = append(q.next, at[v])
	}
	return q
}

// copied is a node of another program on the values at.
func (p *Program) copied(n *node, l level, at []Value, turn uint8) Value {
	c := *n
	switch n.op {
	case opConst:
	case opLoad:
		if l == perLane {
			c.turn = turn
		}
	case opCarry:
		v := p.add(c, l)
		p.carries[n.a] = v
		return v
	default:
		var x []Value
		for _, v := range n.operands() {
			if v >= 0 {
				x = append(x, at[v])
			}
		}
		return p.DoImm(n.op, n.width, n.imm, x...)
	}
	return p.add(c, l)
}
