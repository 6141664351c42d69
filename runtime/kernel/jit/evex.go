package jit

// Mask registers are numbered behind the vector registers.
const (
	firstMask = vec(32)
	lanesLeft = vec(32 + 7) // the lanes of a row's end, see argTail
)

// encoded is what an EVEX prefix says beyond the instruction and its registers.
type encoded struct {
	long uint8 // 0: 16 bytes, 1: 32, 2: 64
	mask vec   // lanes that are computed; 0 is all
	zero bool  // the others become zeros, else they stay as they are
	all  bool  // the operand in memory is one lane, for all
}

// inverse is bit k of a register number, inverted, at a place of a byte.
func inverse(v vec, k, at uint8) byte { return (^byte(v) >> k & 1) << at }

// evex is the EVEX prefix and opcode; x and b are the bits in its first byte
// that belong to the last operand.
func (c *code) evex(i inst, f encoded, r, v vec, xb byte) {
	p0 := inverse(r, 3, 7) | xb | inverse(r, 4, 4) | i.mp
	p1 := (^byte(v)&15)<<3 | 4 | i.pp
	if i.w != 0 {
		p1 |= 0x80
	}
	p2 := f.long<<5 | inverse(v, 4, 3) | byte(f.mask&7)
	if f.zero {
		p2 |= 0x80
	}
	if f.all {
		p2 |= 0x10
	}
	c.bytes(0x62, p0, p1, p2, i.op)
}

// evexRegisters is an instruction on registers in the order of the fields reg,
// vvvv, rm.
func (c *code) evexRegisters(i inst, f encoded, r, v, m vec) {
	c.evex(i, f, r, v, inverse(m, 4, 6)|inverse(m, 3, 5))
	c.bytes(0xc0 | byte(r&7)<<3 | byte(m&7))
}

// evexMemory is an instruction whose last operand lies in memory; unit is how
// many bytes are read or written, the unit of short displacements.
func (c *code) evexMemory(i inst, f encoded, r, v vec, m mem, unit int32) {
	x := byte(1 << 6)
	if m.index != none {
		x = inverse(vec(m.index), 3, 6)
	}
	c.evex(i, f, r, v, x|inverse(vec(m.base), 3, 5))
	c.addressIn(byte(r&7), m, unit)
}

// evexPool is an instruction that reads an entry of the pool; the distance to
// it is filled in at the place returned.
func (c *code) evexPool(i inst, f encoded, r, v vec) int {
	c.evex(i, f, r, v, 0x60)
	c.bytes(byte(r&7)<<3 | 5)
	c.imm32(0)
	return len(c.b) - 4
}

// masks is an instruction on mask registers in the order of the fields reg,
// vvvv, rm; three says that there is a vvvv.
func (c *code) masks(i inst, three bool, r, v, m vec) {
	if !three {
		v = 0
	}
	c.prefix(i, three, byte(r>>3)&1, 0, byte(m>>3)&1, v&7)
	c.bytes(0xc0 | byte(r&7)<<3 | byte(m&7))
}
