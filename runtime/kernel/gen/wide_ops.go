package gen

import "github.com/dfc-lang/dfc/runtime/kernel/macro"

func (b *wide) one(i int, o macro.Op) {
	if commutes(o.Do) && (b.isConst(o.A) || b.mask[o.B] && !b.mask[o.A]) {
		o.A, o.B = o.B, o.A
	}
	switch {
	case o.Do == macro.Const:
	case o.Do == macro.Arg:
		b.reg[i] = b.take()
		b.args(int(o.Bits), b.reg[i])
	case o.Do == macro.FMA || o.Do == macro.FNMA || o.Do == macro.FMS:
		b.reg[i] = b.multiplyAdd(i, o)
		b.release(i, b.reg[i])
	case b.mask[i]:
		b.truth(i, o)
	case o.Do == macro.Blend:
		m, x, y := b.maskOf(o.A), b.any(o.B), b.inRegister(o.C)
		b.op("VBLENDM"+suffix(b.code.Lane)+x.more, x.at, y, m, b.to(i))
	case b.mask[o.A] && o.Do == macro.And:
		b.where(i, b.k[o.A], o.B)
	case b.mask[o.A] && o.Do == macro.AndN:
		m := b.takeK()
		b.ownK = append(b.ownK, m)
		b.op("KNOT"+b.kWidth(), b.k[o.A], m)
		b.where(i, m, o.B)
	case b.mask[o.A] && o.Do == macro.Or:
		b.onesWhere(i, b.k[o.A], o.B)
	default:
		b.simple(i, o)
	}
}

// kWidth is the suffix of the instructions on masks of as many lanes.
func (b *wide) kWidth() string {
	if b.code.Lane == macro.F32 {
		return "W"
	}
	return "B"
}

// truth is a comparison, or an operation on masks.
func (b *wide) truth(i int, o macro.Op) {
	give := func() K {
		b.release(i, -1)
		b.k[i] = b.takeK()
		return b.k[i]
	}
	if o.Do == macro.Cmp {
		if b.isConst(o.A) {
			o.A, o.B, o.Bits = o.B, o.A, swapped(o.Bits)
		}
		x, y := b.inRegister(o.A), b.any(o.B)
		b.op("VCMP"+suffix(b.code.Lane)+y.more, int(o.Bits), y.at, x, give())
		return
	}
	x, y := b.k[o.A], b.k[o.B]
	name := map[macro.Do]string{macro.And: "KAND", macro.Or: "KOR", macro.Xor: "KXOR", macro.AndN: "KANDN"}[o.Do]
	b.op(name+b.kWidth(), y, x, give())
}

// where is x in the lanes of a mask, 0 elsewhere.
func (b *wide) where(i int, m K, x int) {
	v := b.any(x)
	name := "VMOVA" + suffix(b.code.Lane)
	if v.more != "" {
		name = b.spread()
	}
	b.op(name+".Z", v.at, m, b.to(i))
}

// onesWhere is x with all bits set in the lanes of a mask.
func (b *wide) onesWhere(i int, m K, x int) {
	z := b.inRegister(x)
	d := z
	if !b.dies(x, i) {
		d = b.take()
		b.op("VMOVA"+suffix(b.code.Lane), z, d)
	}
	b.op("VPTERNLOG"+whole(b.code.Lane), 255, d, d, m, d)
	b.release(i, d)
	b.reg[i] = d
}

// simple is an operation whose target is a register of its own.
func (b *wide) simple(i int, o macro.Op) {
	if o.Do == macro.AndN && b.isConst(o.A) {
		y, u := b.inRegister(o.B), ^b.code.Ops[o.A].Bits
		if b.code.Lane == macro.F32 {
			u &= 0xffffffff
		}
		x := b.anyConstant(u)
		b.op("VAND"+suffix(b.code.Lane)+x.more, x.at, y, b.to(i))
		return
	}
	x := b.inRegister(o.A)
	if o.Do.Operands() == 1 {
		var how []any
		switch o.Do {
		case macro.Round:
			how = []any{8}
		case macro.Floor:
			how = []any{9}
		case macro.Shl, macro.Shr:
			how = []any{int(o.Bits)}
		}
		b.op(b.instruction(o.Do), append(how, x, b.to(i))...)
		return
	}
	y := b.any(o.B)
	b.op(b.instruction(o.Do)+y.more, y.at, x, b.to(i))
}

func (b *wide) instruction(d macro.Do) string {
	if d == macro.Floor || d == macro.Round {
		return "VRNDSCALE" + suffix(b.code.Lane)
	}
	return instruction(b.code.Lane, d)
}

// multiplyAdd picks the form of A·B + C as that of a body does.
func (b *wide) multiplyAdd(i int, o macro.Op) Z {
	name := map[macro.Do]string{macro.FMA: "VFMADD", macro.FNMA: "VFNMADD", macro.FMS: "VFMSUB"}[o.Do]
	s := suffix(b.code.Lane)
	if b.isConst(o.A) || b.dies(o.B, i) && !b.dies(o.A, i) && !b.isConst(o.B) {
		o.A, o.B = o.B, o.A // then A lies in a register
	}
	form := func(form string, memory, register int, d Z) Z {
		m := b.any(memory)
		b.op(name+form+s+m.more, m.at, b.inRegister(register), d)
		return d
	}
	once := o.A != o.B && o.A != o.C && o.B != o.C
	switch {
	case b.dies(o.C, i) && o.C != o.A && o.C != o.B:
		return form("231", o.B, o.A, b.reg[o.C])
	case once && b.dies(o.A, i) && !b.isConst(o.B):
		return form("213", o.C, o.B, b.reg[o.A])
	case once && b.dies(o.A, i) && !b.isConst(o.C):
		return form("132", o.B, o.C, b.reg[o.A])
	}
	d := b.take()
	c, load := b.any(o.C), "VMOVA"+s
	if c.more != "" {
		load = b.spread()
	}
	b.op(load, c.at, d)
	return form("231", o.B, o.A, d)
}
