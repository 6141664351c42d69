package jit

// compute emits a node.
func (a *allocator) compute(v Value) {
	n := &a.p.nodes[v]
	if n.op == opLoad { // of an outer level
		a.register(v)
		return
	}
	if n.op == opSquare {
		a.give(v, a.take(a.vecs))
		a.out = append(a.out, mop{kind: mSquare, dst: vec(a.where[v]), width: n.width, imm: n.imm,
			m: place{kind: inStream, n: int32(n.bits >> 32), off: int32(n.bits)}})
		return
	}
	w := a.p.row(n.op)
	o := mop{kind: mVex, width: a.p.acts(n), imm: n.imm, hasImm: w.imm}
	if o.width == W8 {
		o.inst = w.inst[1]
	} else {
		o.inst = w.inst[0]
	}
	switch w.form {
	case monadic:
		if n.op == opToMask { // has no form that reads memory
			o.m = place{kind: inRegister, n: int32(a.register(n.a))}
		} else {
			o.m = a.source(n.a)
		}
		if n.op == opCopy {
			o.kind = mMove
		}
	case dyadic, comparison:
		x, y := n.a, n.b
		if !a.isIn(x) && (a.isIn(y) || a.p.levels[x] < a.p.levels[y]) {
			if w.swaps {
				x, y = y, x
			} else if p, ok := exchanged(n); ok {
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
	case keep:
		o.kind, o.mask = mKeep, a.register(n.a)
		o.m = a.operand(n.b)
	case logic:
		o.kind, o.x = mLogic, a.register(n.a)
		o.m = place{kind: inRegister, n: int32(o.x)}
		if n.b >= 0 {
			o.m.n = int32(a.register(n.b))
		}
	}
	for _, x := range [3]Value{n.a, n.b, n.c} {
		if x >= 0 {
			a.release(x)
		}
	}
	a.give(v, a.take(a.bank(v)))
	if o.kind == mShift {
		o.x, o.dst = vec(a.where[v]), o.x // written to vvvv, read from rm
		o.m = place{kind: inRegister, n: int32(o.dst)}
		o.dst = vec(w.ext)
	} else {
		o.dst = vec(a.where[v])
	}
	a.out = append(a.out, o)
}

// source is the one operand of a conversion. AVX-512 finds it in a register or
// a stream: elsewhere it may not have the length of the result.
func (a *allocator) source(v Value) place {
	if n := &a.p.nodes[v]; a.p.set == AVX512 && (n.op != opLoad || a.slot[v] >= 0) {
		return place{kind: inRegister, n: int32(a.register(v))}
	}
	return a.operand(v)
}

// exchanged is the predicate of a comparison with its operands exchanged.
func exchanged(n *node) (uint8, bool) {
	switch n.op {
	case Cmp:
		p, ok := swapped[n.imm]
		return p, ok
	case opCompare: // less and less or equal, and what is not so
		return [...]uint8{0, 6, 5, 3, 4, 2, 1, 7}[n.imm], true
	}
	return 0, false
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
		o.dst = a.take(a.vecs)
		a.out = append(a.out, mop{kind: mMove, dst: o.dst, width: o.width, m: from})
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
