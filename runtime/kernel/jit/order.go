package jit

import "slices"

// order lists what is computed at each level, with the outputs as early as
// what they overwrite allows; keep says what a later level reads.
func (p *Program) order(r result) (lists [levels][]item, keep []bool, err error) {
	needed := p.needed(r)
	keep = make([]bool, len(p.nodes))
	var body []Value
	for i := range p.nodes {
		n, v := &p.nodes[i], Value(i)
		if !needed[i] {
			continue
		}
		l := p.levels[i]
		if !n.isRead() {
			for _, x := range n.operands() {
				if x >= 0 && p.levels[x] != constant && p.levels[x] < l {
					keep[x] = true
				}
			}
		}
		switch {
		case l == perLane && !n.isRead():
			body = append(body, v)
		case l == once || l == perRow:
			lists[l] = append(lists[l], item{what: itemNode, node: v})
		}
	}
	for _, o := range r.outputs {
		keep[o.value] = keep[o.value] || p.outer(o.value)
	}
	if r.exit >= 0 && p.outer(r.exit) {
		keep[r.exit] = true
	}
	lists[perLane], err = p.place(r, p.schedule(body))
	for _, i := range r.carries {
		v := p.next[i]
		keep[v] = keep[v] || p.outer(v)
		if v != p.carries[i] {
			lists[perLane] = append(lists[perLane], item{what: itemNext, node: v, stream: i})
		}
	}
	return lists, keep, err
}

func (n *node) operands() [3]Value { return [3]Value{n.a, n.b, n.c} }

// isRead reports whether a node is not computed but found in memory.
func (n *node) isRead() bool { return n.op == opLoad || n.op == opCarry }

// outer reports whether v is computed before the inner loop.
func (p *Program) outer(v Value) bool {
	return p.levels[v] == once || p.levels[v] == perRow
}

// place puts the outputs between the computations: behind the value, the test,
// and the last read of every stream that shares storage with theirs.
func (p *Program) place(r result, body []Value) ([]item, error) {
	made, last := p.positions(body)
	test := -1
	if r.exit >= 0 && p.levels[r.exit] == perLane {
		test = made[r.exit]
	}
	behind := make([][]item, len(body)+1) // by position + 1
	if r.exit >= 0 {
		behind[test+1] = append(behind[test+1], item{what: itemTest, node: r.exit})
	}
	for i, o := range r.outputs {
		at := max(test, made[o.value])
		for _, s := range o.after {
			at = max(at, last[s])
			for j, q := range r.outputs { // a stream that is stored as it is
				if m := &p.nodes[q.value]; j != i && m.op == opLoad && int(m.a) == s {
					return nil, errOrder
				}
			}
		}
		behind[at+1] = append(behind[at+1], item{what: itemStore, node: o.value, stream: o.stream, turn: o.turn})
	}
	out := slices.Clone(behind[0])
	for i, v := range body {
		out = append(append(out, item{what: itemNode, node: v}), behind[i+1]...)
	}
	return out, nil
}

// positions says where each value of a body is computed, and where each stream
// is read for the last time, -1 where not in the body.
func (p *Program) positions(body []Value) (made, last []int) {
	made, last = make([]int, len(p.nodes)), make([]int, len(p.streams))
	for i := range made {
		made[i] = -1
	}
	for i := range last {
		last[i] = -1
	}
	for i, v := range body {
		made[v] = i
		for _, x := range p.nodes[v].operands() {
			if x >= 0 && p.nodes[x].op == opLoad {
				last[p.nodes[x].a] = i
			}
		}
	}
	return made, last
}

// needed marks what a loop's outputs and its test depend on.
func (p *Program) needed(r result) []bool {
	out := make([]bool, len(p.nodes))
	for _, o := range r.outputs {
		out[o.value] = true
	}
	if r.exit >= 0 {
		out[r.exit] = true
	}
	for _, i := range r.carries {
		out[p.next[i]] = true
	}
	for i := len(p.nodes) - 1; i >= 0; i-- {
		n := &p.nodes[i]
		if !out[i] || n.isRead() {
			continue
		}
		for _, x := range n.operands() {
			if x >= 0 {
				out[x] = true
			}
		}
	}
	return out
}
