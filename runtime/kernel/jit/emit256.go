package jit

const temp256 = vec(15)

// wide reports whether lanes of w bytes fill a long register.
func (e *emitter) wide(w Width) bool { return e.lanes*int(w) == 32 }

// op256 writes a machine operation for AVX2.
func (e *emitter) op256(o *mop) {
	w := e.wide(o.width)
	switch o.kind {
	case mVex:
		e.last256(o, w, o.dst, o.x)
	case mShift:
		e.rrr(o.inst, w, o.dst, o.x, vec(o.m.n))
		e.bytes(o.imm)
	case mBlend:
		o.hasImm, o.imm = true, byte(o.mask)<<4
		e.last256(o, w, o.dst, o.x)
	case mLow:
		if !w {
			e.rrr(vmovaps, false, o.dst, 0, o.x)
			return
		}
		e.rrr(vextracti128, true, o.x, 0, temp256)
		e.bytes(1)
		e.rrr(vshufps, false, o.dst, o.x, temp256)
		e.bytes(0x88)
	case mLoad:
		e.read(o.m, o.dst, o.width)
	case mBroadcast:
		e.broadcast(o.m, o.dst, o.width)
	case mStore:
		e.write(o.m, o.x, o.width)
	case mSpill:
		e.rrm(vmovupsSt, w, o.x, 0, at(rSI, 32*o.m.n))
	case mTest:
		e.test(o, w)
	case mMove:
		e.move256(o, w)
	case mRow:
		e.few(o.width, int(o.imm), o.dst, e.stream(o.m, rAX))
	case mSquare:
		e.square(o)
	}
}

// move256 brings a value into a register.
func (e *emitter) move256(o *mop, w bool) {
	o.inst = vmovups
	if o.m.kind == inStream {
		e.read(o.m, o.dst, o.width)
		return
	}
	e.last256(o, w, o.dst, 0)
}

// last256 writes an instruction with its last operand wherever that is.
func (e *emitter) last256(o *mop, w bool, r, v vec) {
	imm := func() {
		if o.hasImm {
			e.bytes(o.imm)
		}
	}
	switch o.m.kind {
	case inRegister:
		e.rrr(o.inst, w, r, v, vec(o.m.n))
		imm()
	case inScratch:
		e.rrm(o.inst, w, r, v, at(rSI, 32*o.m.n))
		imm()
	case inStream:
		if e.lanes == 1 { // nothing may be read behind the element
			e.read(o.m, temp256, Width(1)<<e.p.streams[o.m.n].kind.shift())
			e.rrr(o.inst, w, r, v, temp256)
		} else {
			e.rrm(o.inst, w, r, v, e.stream(o.m, rAX))
		}
		imm()
	case inPool:
		e.pooled(o.inst, w, r, v, o.m.n, imm)
	}
}

// pooled is an instruction that reads an entry of the pool.
func (e *emitter) pooled(i inst, w bool, r, v vec, entry int32, imm func()) {
	e.prefix(i, w, byte(r>>3), 0, 0, v)
	e.bytes(byte(r&7)<<3 | 5)
	at := len(e.b)
	e.imm32(0)
	imm()
	e.fixes = append(e.fixes, fix{at, len(e.b), entry})
}

func noImm() {}

// test leaves the loop where a lane of a mask is set.
func (e *emitter) test(o *mop, w bool) {
	i := inst{1, 0, 0x50, 0} // vmovmskps
	if o.width == W8 {
		i.pp = 1
	}
	e.rrr(i, w, vec(rAX), 0, o.x)
	if e.lanes == 1 {
		e.bytes(0xa8, 1) // test al, 1
	} else {
		e.bytes(0x85, 0xc0) // test eax, eax
	}
	e.leaves = append(e.leaves, e.ahead(notEqual))
}

// read loads elements of a stream: as many as there are lanes.
func (e *emitter) read(s place, dst vec, w Width) {
	k, m := e.p.streams[s.n].kind, e.stream(s, rAX)
	if e.lanes == 1 {
		e.readOne(k, dst, m, w)
		return
	}
	switch k {
	case B4:
		e.rrm(vmovups, e.wide(W4), dst, 0, m)
	case B8:
		e.rrm(vmovups, e.wide(W8), dst, 0, m)
	case Bool:
		if w == W8 {
			e.rrm(vpmovzxbq, true, dst, 0, m)
		} else {
			e.rrm(vpmovzxbd, e.wide(W4), dst, 0, m)
		}
		e.truth(dst, w)
	default:
		e.rrm(extend[k], e.wide(W4), dst, 0, m)
	}
}

// truth makes masks of whole numbers: what is above 0 holds.
func (e *emitter) truth(dst vec, w Width) {
	i := vpcmpgtd
	if w == W8 {
		i = vpcmpgtq
	}
	e.pooled(i, e.wide(w), dst, dst, zeros, noImm)
}

// readOne loads one element into the first lane.
func (e *emitter) readOne(k Kind, dst vec, m mem, w Width) {
	switch k {
	case B4:
		e.rrm(vmovss, false, dst, 0, m)
		return
	case B8:
		e.rrm(vmovsd, false, dst, 0, m)
		return
	}
	e.extend(k, m)
	e.rrr(vmovd, false, dst, 0, vec(rAX))
	if k == Bool {
		e.truth(dst, w)
	}
}

// broadcast loads one element into all lanes.
func (e *emitter) broadcast(s place, dst vec, w Width) {
	k, m := e.p.streams[s.n].kind, e.stream(s, rAX)
	switch {
	case k == B4:
		e.rrm(vbroadcastss, e.wide(W4), dst, 0, m)
	case k == B8:
		e.rrm(vbroadcastsd, true, dst, 0, m)
	default:
		all := e.lanes
		e.lanes = 1
		e.readOne(k, dst, m, w)
		e.lanes = all
		i := vpbroadcastd
		if w == W8 {
			i = vpbroadcastq
		}
		e.rrr(i, e.wide(w), dst, 0, dst)
	}
}

// write stores as many elements as there are lanes.
func (e *emitter) write(s place, x vec, w Width) {
	k := e.p.streams[s.n].kind
	if k == Bool {
		e.writeTruth(s, x, w)
		return
	}
	m := e.stream(s, rAX)
	e.own(s, m)
	switch {
	case e.lanes > 1:
		e.rrm(vmovupsSt, e.wide(w), x, 0, m)
	case k == B4:
		e.rrm(vmovssSt, false, x, 0, m)
	default:
		e.rrm(vmovsdSt, false, x, 0, m)
	}
}

// writeTruth stores masks as bytes of 0 and 1.
func (e *emitter) writeTruth(s place, x vec, w Width) {
	if e.lanes == 1 {
		e.rrr(vmovdSt, false, x, 0, vec(rAX))
		e.bytes(0x83, 0xe0, 1) // and eax, 1
		m := e.stream(s, rCX)
		e.bytes(0x40|m.high(), 0x88) // mov [m], al
		e.address(byte(rAX), m)
		return
	}
	words := vpackssdw
	switch {
	case w == W8:
		e.rrr(vextracti128, true, x, 0, temp256)
		e.bytes(1)
		e.rrr(vshufps, false, temp256, x, temp256)
		e.bytes(0x88)
		e.rrr(words, false, temp256, temp256, temp256)
	case e.wide(w):
		e.rrr(vextracti128, true, x, 0, temp256)
		e.bytes(1)
		e.rrr(words, false, temp256, x, temp256)
	default:
		e.rrr(words, false, temp256, x, x)
	}
	e.rrr(vpacksswb, false, temp256, temp256, temp256)
	e.pooled(vpand, false, temp256, temp256, bytesOfOne, noImm)
	st := vmovdSt
	if e.lanes == 8 {
		st = vmovqSt
	}
	e.rrm(st, false, temp256, 0, e.stream(s, rAX))
}
