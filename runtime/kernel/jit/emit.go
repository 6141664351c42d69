package jit

import "encoding/binary"

// What generated code finds at the register of its arguments, by word.
const (
	argMain    = iota // elements of a row that whole vectors cover
	argCount          // elements of a row
	argRows           // rows; counted down
	argScratch        // address of scratch memory
	argLeft           // out: the element of the row at which the code ended
	argStreams        // address and bytes from row to row of each stream
)

func word(i int) mem { return at(rDI, int32(8*i)) }

// General registers: rDI arguments, rSI scratch memory, rDX element of the
// row, rAX and rCX for a moment, the rest addresses of streams.
var streamRegs = [...]reg{rBX, r8, r9, r10, r11, r12, r13, r15}

// emitter writes the machine operations of a program as code.
type emitter struct {
	code
	p      *Program
	lanes  int
	base   []reg // by stream, none where the address is in the arguments alone
	fixes  []fix
	leaves []int // jumps to the end
}

// fix is a distance to an entry of the pool that is not known yet.
type fix struct {
	at, end int
	entry   int32
}

// wide reports whether lanes of w bytes fill a long register.
func (e *emitter) wide(w Width) bool { return e.lanes*int(w) == 32 }

// assign gives the streams that move most their registers.
func (e *emitter) assign() {
	e.base = make([]reg, len(e.p.streams))
	for s := range e.base {
		e.base[s] = none
	}
	n := 0
	for _, a := range []Access{Direct, PerRow} {
		for s, t := range e.p.streams {
			if t.access == a && n < len(streamRegs) {
				e.base[s] = streamRegs[n]
				e.load(streamRegs[n], word(argStreams+2*s))
				n++
			}
		}
	}
}

// stream is the address of the current element of a stream; t is for a moment.
func (e *emitter) stream(s int32, t reg) mem {
	b := e.base[s]
	if b == none {
		b = t
		e.load(t, word(argStreams+2*int(s)))
	}
	if st := e.p.streams[s]; st.access == Direct && !e.p.steps {
		return mem{base: b, index: rDX, scale: st.kind.shift()}
	}
	return at(b, 0)
}

// ops writes machine operations for a number of lanes.
func (e *emitter) ops(list []mop, lanes int) {
	e.lanes = lanes
	for i := range list {
		e.op(&list[i])
	}
}

func (e *emitter) op(o *mop) {
	w := e.wide(o.width)
	switch o.kind {
	case mVex:
		e.last(o, w, o.dst, o.x)
	case mShift:
		e.rrr(o.inst, w, o.dst, o.x, vec(o.m.n))
		e.bytes(o.imm)
	case mBlend:
		o.hasImm, o.imm = true, byte(o.mask)<<4
		e.last(o, w, o.dst, o.x)
	case mLow:
		if !w {
			e.rrr(vmovaps, false, o.dst, 0, o.x)
			return
		}
		e.rrr(vextracti128, true, o.x, 0, temp)
		e.bytes(1)
		e.rrr(vshufps, false, o.dst, o.x, temp)
		e.bytes(0x88)
	case mLoad:
		e.read(o.m.n, o.dst, o.width)
	case mBroadcast:
		e.broadcast(o.m.n, o.dst, o.width)
	case mStore:
		e.write(o.m.n, o.x, o.width)
	case mSpill:
		e.rrm(vmovupsSt, w, o.x, 0, at(rSI, 32*o.m.n))
	case mTest:
		e.test(o, w)
	case mMove:
		e.move(o, w)
	}
}

// move brings a value into a register.
func (e *emitter) move(o *mop, w bool) {
	o.inst = vmovups
	if o.m.kind == inStream {
		e.read(o.m.n, o.dst, o.width)
		return
	}
	e.last(o, w, o.dst, 0)
}

// last writes an instruction with its last operand wherever that is.
func (e *emitter) last(o *mop, w bool, r, v vec) {
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
			e.read(o.m.n, temp, Width(1)<<e.p.streams[o.m.n].kind.shift())
			e.rrr(o.inst, w, r, v, temp)
		} else {
			e.rrm(o.inst, w, r, v, e.stream(o.m.n, rAX))
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
	e.leaves = append(e.leaves, e.ahead(5))
}

// read loads elements of a stream: as many as there are lanes.
func (e *emitter) read(s int32, dst vec, w Width) {
	k, m := e.p.streams[s].kind, e.stream(s, rAX)
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

var extend = map[Kind]inst{I8: vpmovsxbd, U8: vpmovzxbd, I16: vpmovsxwd, U16: vpmovzxwd}

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
	case Bool, U8:
		e.extend(0xb6, m)
	case I8:
		e.extend(0xbe, m)
	case U16:
		e.extend(0xb7, m)
	case I16:
		e.extend(0xbf, m)
	}
	e.rrr(vmovd, false, dst, 0, vec(rAX))
	if k == Bool {
		e.truth(dst, w)
	}
}

// extend is rAX = a small integer in memory, of 32 bits.
func (e *emitter) extend(op byte, m mem) {
	e.bytes(0x40|m.high(), 0x0f, op)
	e.address(byte(rAX), m)
}

// broadcast loads one element into all lanes.
func (e *emitter) broadcast(s int32, dst vec, w Width) {
	k, m := e.p.streams[s].kind, e.stream(s, rAX)
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
func (e *emitter) write(s int32, x vec, w Width) {
	k := e.p.streams[s].kind
	if k == Bool {
		e.writeTruth(s, x, w)
		return
	}
	m := e.stream(s, rAX)
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
func (e *emitter) writeTruth(s int32, x vec, w Width) {
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
		e.rrr(vextracti128, true, x, 0, temp)
		e.bytes(1)
		e.rrr(vshufps, false, temp, x, temp)
		e.bytes(0x88)
		e.rrr(words, false, temp, temp, temp)
	case e.wide(w):
		e.rrr(vextracti128, true, x, 0, temp)
		e.bytes(1)
		e.rrr(words, false, temp, x, temp)
	default:
		e.rrr(words, false, temp, x, x)
	}
	e.rrr(vpacksswb, false, temp, temp, temp)
	e.pooled(vpand, false, temp, temp, bytesOfOne, noImm)
	st := vmovdSt
	if e.lanes == 8 {
		st = vmovqSt
	}
	e.rrm(st, false, temp, 0, e.stream(s, rAX))
}

// finish puts the pool behind the code and resolves the distances to it.
func (e *emitter) finish(consts []uint64, widths []Width) {
	for len(e.b)%32 != 0 {
		e.bytes(0xcc)
	}
	pool := len(e.b)
	for i, c := range consts {
		if widths[i] == W4 {
			c |= c << 32
		}
		for range 4 {
			e.b = binary.LittleEndian.AppendUint64(e.b, c)
		}
	}
	for _, f := range e.fixes {
		binary.LittleEndian.PutUint32(e.b[f.at:], uint32(pool+32*int(f.entry)-f.end))
	}
}
