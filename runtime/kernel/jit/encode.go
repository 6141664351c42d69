package jit

import "encoding/binary"

// vec is a vector register, reg a general one, by their numbers.
type (
	vec uint8
	reg uint8
)

// The general registers by name; SP, BP and R14 (the goroutine) stay untouched.
const (
	rAX reg = 0
	rCX reg = 1
	rDX reg = 2
	rBX reg = 3
	rSI reg = 6
	rDI reg = 7
	r8  reg = 8
	r9  reg = 9
	r10 reg = 10
	r11 reg = 11
	r12 reg = 12
	r13 reg = 13
	r15 reg = 15
)

// none is the index of an address that has none.
const none reg = 0xff

// mem is the address base + index<<scale + disp.
type mem struct {
	base, index reg
	scale       uint8
	disp        int32
}

func at(base reg, disp int32) mem { return mem{base: base, index: none, disp: disp} }

// high is the high bits of base and index as a REX prefix has them.
func (m mem) high() byte {
	b := byte(m.base >> 3)
	if m.index != none {
		b |= byte(m.index>>3) << 1
	}
	return b
}

// inst is a vector instruction: opcode map (1: 0F, 2: 0F38, 3: 0F3A),
// mandatory prefix (0: none, 1: 66, 2: F3, 3: F2), opcode and W bit, which is 2
// where it is set in an EVEX prefix alone.
type inst struct{ mp, pp, op, w byte }

// code is machine code under construction.
type code struct{ b []byte }

func (c *code) bytes(b ...byte) { c.b = append(c.b, b...) }

func (c *code) imm32(v int32) { c.b = binary.LittleEndian.AppendUint32(c.b, uint32(v)) }

// prefix is the VEX prefix and opcode; r, x and b are the high bits of the
// three register fields of ModRM and SIB.
func (c *code) prefix(i inst, wide bool, r, x, b byte, v vec) {
	last := (^byte(v)&15)<<3 | i.pp
	if wide {
		last |= 4
	}
	w := i.w & 1
	if x|b|w == 0 && i.mp == 1 {
		c.bytes(0xc5, (r^1)<<7|last, i.op)
		return
	}
	c.bytes(0xc4, (r^1)<<7|(x^1)<<6|(b^1)<<5|i.mp, w<<7|last, i.op)
}

// rrr is an instruction on registers in the order of the fields reg, vvvv, rm;
// v is 0 where there are two.
func (c *code) rrr(i inst, wide bool, r, v, m vec) {
	c.prefix(i, wide, byte(r>>3), 0, byte(m>>3), v)
	c.bytes(0xc0 | byte(r&7)<<3 | byte(m&7))
}

// rrm is an instruction whose last operand lies in memory.
func (c *code) rrm(i inst, wide bool, r, v vec, m mem) {
	var x byte
	if m.index != none {
		x = byte(m.index >> 3)
	}
	c.prefix(i, wide, byte(r>>3), x, byte(m.base>>3), v)
	c.address(byte(r&7), m)
}

// address is ModRM, SIB and displacement.
func (c *code) address(field byte, m mem) { c.addressIn(field, m, 1) }

// addressIn is an address whose displacement, where it is short, counts units.
func (c *code) addressIn(field byte, m mem, unit int32) {
	mod, short := byte(2), m.disp/unit
	switch {
	case m.disp == 0 && m.base&7 != 5:
		mod = 0
	case m.disp%unit == 0 && short == int32(int8(short)):
		mod = 1
	}
	switch {
	case m.index != none:
		c.bytes(mod<<6|field<<3|4, m.scale<<6|byte(m.index&7)<<3|byte(m.base&7))
	case m.base&7 == 4:
		c.bytes(mod<<6|field<<3|4, 4<<3|byte(m.base&7))
	default:
		c.bytes(mod<<6 | field<<3 | byte(m.base&7))
	}
	switch mod {
	case 1:
		c.bytes(byte(short))
	case 2:
		c.imm32(m.disp)
	}
}

// general is a 64-bit instruction on a general register and memory.
func (c *code) general(op byte, r reg, m mem) {
	c.bytes(0x48|byte(r>>3)<<2|m.high(), op)
	c.address(byte(r&7), m)
}

// load, store and addMem are r = [m], [m] = r and r += [m].
func (c *code) load(r reg, m mem)   { c.general(0x8b, r, m) }
func (c *code) store(m mem, r reg)  { c.general(0x89, r, m) }
func (c *code) addMem(r reg, m mem) { c.general(0x03, r, m) }

// lea is r = address of m.
func (c *code) lea(r reg, m mem) { c.general(0x8d, r, m) }

// zero is r = 0.
func (c *code) zero(r reg) {
	if r >= 8 {
		c.bytes(0x45)
	}
	c.bytes(0x31, 0xc0|byte(r&7)<<3|byte(r&7))
}

// addImm is r += v.
func (c *code) addImm(r reg, v int32) {
	rex := 0x48 | byte(r>>3)
	if v == int32(int8(v)) {
		c.bytes(rex, 0x83, 0xc0|byte(r&7), byte(v))
		return
	}
	c.bytes(rex, 0x81, 0xc0|byte(r&7))
	c.imm32(v)
}

// cmp compares x with y for the conditional jumps.
func (c *code) cmp(x, y reg) {
	c.bytes(0x48|byte(y>>3)<<2|byte(x>>3), 0x39, 0xc0|byte(y&7)<<3|byte(x&7))
}

// Conditions of jumps; the orders are those of signed numbers.
const (
	notEqual     = 0x5
	less         = 0xc
	greaterEqual = 0xd
	lessEqual    = 0xe
)

// jump jumps to a place known already where the condition holds.
func (c *code) jump(cond byte, to int) {
	c.bytes(0x0f, 0x80|cond)
	c.imm32(int32(to - len(c.b) - 4))
}

// ahead is a jump whose place is known later; land gives it the current one.
func (c *code) ahead(cond byte) int {
	c.bytes(0x0f, 0x80|cond)
	c.imm32(0)
	return len(c.b)
}

func (c *code) land(from int) {
	binary.LittleEndian.PutUint32(c.b[from-4:], uint32(len(c.b)-from))
}

// ret ends a function; the upper halves are cleared so that code with older
// instructions pays nothing.
func (c *code) ret() { c.bytes(0xc5, 0xf8, 0x77, 0xc3) }
