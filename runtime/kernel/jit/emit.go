package jit

import "encoding/binary"

// What generated code finds at the register of its arguments, by word.
const (
	argMain    = iota // elements of a row that whole vectors cover
	argLong           // elements of a row that turns of many vectors cover
	argCount          // elements of a row
	argRows           // rows; counted down
	argScratch        // address of scratch memory
	argLeft           // out: the element of the row at which the code ended
	argTail           // bits of the lanes behind the last whole vector of a row; 1 where turns have one lane
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
	ending bool   // behind the last whole vector of a row, with AVX-512
	base   []reg  // by stream, none where the address is in the arguments alone
	over   []bool // streams that write over what was read
	fixes  []fix
	leaves []int   // jumps to the end
	asked  []int32 // by stream, bytes of rows that a round has asked for
}

// fix is a distance to an entry of the pool that is not known yet.
type fix struct {
	at, end int
	entry   int32
}

// assign gives the streams that move most their registers.
func (e *emitter) assign() {
	e.base, e.over = make([]reg, len(e.p.streams)), make([]bool, len(e.p.streams))
	for _, o := range e.p.outputs {
		e.over[o.stream] = len(o.after) > 0
	}
	for s := range e.base {
		e.base[s] = none
	}
	n := 0
	for _, a := range []Access{Rows, Direct, PerRow} {
		for s, t := range e.p.streams {
			if t.access == a && n < len(streamRegs) {
				e.base[s] = streamRegs[n]
				e.load(streamRegs[n], word(argStreams+2*s))
				n++
			}
		}
	}
}

// stream is the address of the current elements of a stream, those of a vector
// of a turn; t is for a moment.
func (e *emitter) stream(p place, t reg) mem {
	if s := &e.p.streams[p.n]; s.access == Still {
		return at(rSI, s.row+int32(p.turn)*e.unit(p)+p.off)
	}
	b := e.base[p.n]
	if b == none {
		b = t
		e.load(t, word(argStreams+2*int(p.n)))
	}
	if st := e.p.streams[p.n]; st.access == Direct && !e.p.steps {
		return mem{base: b, index: rDX, scale: st.kind.shift(), disp: int32(p.turn)*e.unit(p) + p.off}
	}
	return at(b, int32(p.turn)*e.unit(p)+p.off)
}

// unit is the bytes that a vector of elements of a stream has in memory.
func (e *emitter) unit(p place) int32 { return int32(e.lanes) << e.p.streams[p.n].kind.shift() }

// own asks for a line that is about to be stored to and that nothing has read.
// Stores wait in turn for lines that are not in the first cache; a line that is
// asked for comes as soon as its address is known, beside others. Rows of 16
// numbers are written from the second cache in 2.4 ns and not 4.9.
func (e *emitter) own(s place, m mem) {
	if e.lanes > 1 && !e.over[s.n] {
		e.bytes(0x40|m.high(), 0x0f, 0x0d) // prefetchw [m]
		e.address(1, m)
	}
}

// ops writes machine operations for a number of lanes.
func (e *emitter) ops(list []mop, lanes int) {
	e.lanes = lanes
	one := e.op256
	if e.p.set == AVX512 {
		one = e.op512
	}
	for i := range list {
		one(&list[i])
	}
}

var extend = map[Kind]inst{I8: vpmovsxbd, U8: vpmovzxbd, I16: vpmovsxwd, U16: vpmovzxwd}

// extend is rAX = an element of less than four bytes in memory.
func (e *emitter) extend(k Kind, m mem) {
	op := byte(0xb6)
	switch k {
	case I8:
		op = 0xbe
	case U16:
		op = 0xb7
	case I16:
		op = 0xbf
	}
	e.bytes(0x40|m.high(), 0x0f, op)
	e.address(byte(rAX), m)
}

// finish puts the pool behind the code and resolves the distances to it.
func (e *emitter) finish(consts []uint64, widths []Width) {
	for len(e.b)%32 != 0 {
		e.bytes(0xcc)
	}
	at := make([]int, len(consts))
	copies := 1 // of a lane; with AVX-512 the instructions repeat it
	if e.p.set == AVX2 {
		copies = e.p.set.bytes() / 8
	}
	for _, w := range [...]Width{W8, W4} {
		for i, c := range consts {
			if widths[i] != w {
				continue
			}
			at[i] = len(e.b)
			switch {
			case w == W8:
			case copies > 1:
				c |= c << 32
			default:
				e.b = binary.LittleEndian.AppendUint32(e.b, uint32(c))
				continue
			}
			for range copies {
				e.b = binary.LittleEndian.AppendUint64(e.b, c)
			}
		}
	}
	for _, f := range e.fixes {
		binary.LittleEndian.PutUint32(e.b[f.at:], uint32(at[f.entry]-f.end))
	}
}
