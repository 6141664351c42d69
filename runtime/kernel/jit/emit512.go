package jit

const temp512 = vec(31)

// long is the length of registers with n bytes.
func long(n int) uint8 {
	switch {
	case n <= 16:
		return 0
	case n <= 32:
		return 1
	}
	return 2
}

// full is an instruction on all lanes of w bytes.
func (e *emitter) full(w Width) encoded { return encoded{long: long(e.lanes * int(w))} }

// some is an instruction on the lanes that there are: behind the last whole
// vector of a row those left, the others zero.
func (e *emitter) some(w Width) encoded {
	f := e.full(w)
	if e.ending {
		f.mask, f.zero = lanesLeft, true
	}
	return f
}

// byLane is the instruction of two on lanes of w bytes.
func byLane(w Width, four, eight inst) inst {
	if w == W8 {
		return eight
	}
	return four
}

// op512 writes a machine operation for AVX-512.
func (e *emitter) op512(o *mop) {
	f := e.full(o.width)
	switch o.kind {
	case mVex:
		e.last512(o, f)
	case mShift:
		e.evexRegisters(o.inst, f, o.dst, o.x, vec(o.m.n))
		e.bytes(o.imm)
	case mBlend:
		f.mask = o.mask
		e.last512(o, f)
	case mKeep:
		f.mask, f.zero = o.mask, true
		e.move512(o, f)
	case mMove:
		e.move512(o, f)
	case mLow:
		e.evexRegisters(vpmovqd, f, o.x, 0, o.dst)
	case mLogic:
		i := o.inst
		if e.lanes == 8 {
			i.pp = 1
		}
		if o.inst.op == 0x44 { // not: of one
			e.masks(i, false, o.dst, 0, o.x)
			return
		}
		e.masks(i, true, o.dst, o.x, vec(o.m.n))
	case mLoad:
		e.read512(o.m, o.dst, o.width)
	case mBroadcast:
		e.broadcast512(o.m, o.dst)
	case mStore:
		e.write512(o.m, o.x, o.width)
	case mSpill:
		e.spill512(o, f)
	case mTest:
		e.test512(o.x)
	case mRow:
		e.few(o.width, int(o.imm), o.dst, e.stream(o.m, rAX))
	case mSquare:
		e.square(o)
	}
}

func (e *emitter) slot(n int32) mem { return at(rSI, int32(AVX512.bytes())*n) }

// unit is what a whole register of f counts in short displacements.
func (f encoded) unit() int32 { return 16 << f.long }

func (e *emitter) spill512(o *mop, f encoded) {
	if o.x >= firstMask {
		e.rrm(kmovwSt, false, o.x&7, 0, e.slot(o.m.n))
		return
	}
	e.evexMemory(byLane(o.width, vmovupsSt, vmovupdSt), f, o.x, 0, e.slot(o.m.n), f.unit())
}

// move512 brings a value into a register, in the lanes of a mask or in all.
func (e *emitter) move512(o *mop, f encoded) {
	switch {
	case o.dst >= firstMask:
		e.rrm(kmovw, false, o.dst&7, 0, e.slot(o.m.n))
		return
	case o.m.kind == inStream && o.kind == mMove:
		e.read512(o.m, o.dst, o.width)
		return
	case o.m.kind == inPool:
		at := e.evexPool(byLane(o.width, vbroadcastss, vbroadcastq), f, o.dst, 0)
		e.fixes = append(e.fixes, fix{at, len(e.b), o.m.n})
		return
	case o.m.kind == inRegister:
		o.inst = byLane(o.width, vmovaps, vmovapd)
	default:
		o.inst = byLane(o.width, vmovups, vmovupd)
	}
	o.hasImm = false
	c := *o
	c.x = 0
	e.last512(&c, f)
}

// last512 writes an instruction with its last operand wherever that is. What
// it writes may be a mask.
func (e *emitter) last512(o *mop, f encoded) {
	at := 0
	switch o.m.kind {
	case inRegister:
		e.evexRegisters(o.inst, f, o.dst, o.x, vec(o.m.n))
	case inScratch:
		e.evexMemory(o.inst, f, o.dst, o.x, e.slot(o.m.n), f.unit())
	case inStream:
		if e.lanes == 1 || e.ending { // nothing may be read behind the element
			e.read512(o.m, temp512, Width(1)<<e.p.streams[o.m.n].kind.shift())
			e.evexRegisters(o.inst, f, o.dst, o.x, temp512)
		} else {
			e.evexMemory(o.inst, f, o.dst, o.x, e.stream(o.m, rAX), e.unit(o.m))
		}
	case inPool:
		f.all = true
		at = e.evexPool(o.inst, f, o.dst, o.x)
	}
	if o.hasImm {
		e.bytes(o.imm)
	}
	if at > 0 {
		e.fixes = append(e.fixes, fix{at, len(e.b), o.m.n})
	}
}

// test512 leaves the loop where a lane of a mask is set.
func (e *emitter) test512(k vec) {
	i, with := ktestw, k
	if e.lanes == 8 {
		i.pp = 1
	}
	if e.lanes == 1 || e.ending {
		with = lanesLeft
	}
	e.masks(i, false, k, 0, with)
	e.leaves = append(e.leaves, e.ahead(notEqual))
}

// read512 loads elements of a stream: as many as there are lanes.
func (e *emitter) read512(s place, dst vec, w Width) {
	k, m := e.p.streams[s.n].kind, e.stream(s, rAX)
	if e.lanes == 1 {
		e.readOne512(k, dst, m)
		return
	}
	switch k {
	case B4:
		e.evexMemory(vmovups, e.some(W4), dst, 0, m, e.unit(s))
	case B8:
		e.evexMemory(vmovupd, e.some(W8), dst, 0, m, e.unit(s))
	case Bool:
		i := vmovdqu8
		if e.lanes == 8 && !e.ending { // eight bytes and no more
			i = vmovq
		}
		e.evexMemory(i, e.some(1), temp512, 0, m, e.unit(s))
		e.evexRegisters(vptestmb, encoded{}, dst, temp512, temp512)
	default:
		e.evexMemory(extend[k], e.some(W4), dst, 0, m, e.unit(s))
	}
}

// readOne512 loads one element into the first lane, or a truth value into all
// bits of a mask.
func (e *emitter) readOne512(k Kind, dst vec, m mem) {
	switch k {
	case B4:
		e.evexMemory(vmovss, encoded{}, dst, 0, m, 4)
	case B8:
		e.evexMemory(vmovsd512, encoded{}, dst, 0, m, 8)
	case Bool:
		e.extend(k, m)
		e.bytes(0xf7, 0xd8, 0x19, 0xc0) // neg eax; sbb eax, eax
		e.masks(kmovwr, false, dst, 0, vec(rAX))
	default:
		e.extend(k, m)
		e.evexRegisters(vmovd, encoded{}, dst, 0, vec(rAX))
	}
}

// broadcast512 loads one element into all lanes.
func (e *emitter) broadcast512(s place, dst vec) {
	k, m := e.p.streams[s.n].kind, e.stream(s, rAX)
	switch k {
	case B4:
		e.evexMemory(vbroadcastss, e.full(W4), dst, 0, m, 4)
	case B8:
		e.evexMemory(vbroadcastq, e.full(W8), dst, 0, m, 8)
	case Bool:
		e.readOne512(k, dst, m)
	default:
		e.extend(k, m)
		e.evexRegisters(vbroadcastr, e.full(W4), dst, 0, vec(rAX))
	}
}

// write512 stores as many elements as there are lanes.
func (e *emitter) write512(s place, x vec, w Width) {
	k := e.p.streams[s.n].kind
	if k == Bool {
		e.writeTruth512(s, x)
		return
	}
	m, f := e.stream(s, rAX), e.some(w)
	e.own(s, m)
	f.zero = false
	i := byLane(w, vmovupsSt, vmovupdSt)
	if e.lanes == 1 {
		i = byLane(w, vmovssSt, vmovsdSt2)
	}
	e.evexMemory(i, f, x, 0, m, e.unit(s))
}

// writeTruth512 stores a mask as bytes of 0 and 1.
func (e *emitter) writeTruth512(s place, x vec) {
	if e.lanes == 1 {
		e.masks(kmovwrr, false, vec(rAX), 0, x)
		e.bytes(0x83, 0xe0, 1) // and eax, 1
		m := e.stream(s, rCX)
		e.bytes(0x40|m.high(), 0x88) // mov [m], al
		e.address(byte(rAX), m)
		return
	}
	at := e.evexPool(vbroadcastb, encoded{mask: x, zero: true}, temp512, 0)
	e.fixes = append(e.fixes, fix{at, len(e.b), bytesOfOne})
	i, f := vmovdqu8St, e.some(1)
	f.zero = false
	if e.lanes == 8 && !e.ending {
		i = vmovqSt
	}
	e.evexMemory(i, f, temp512, 0, e.stream(s, rAX), e.unit(s))
}
