package runtime

import (
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// integer writes arithmetic that is checked: where it overflows the code is
// left, for the interpreter to find the fault.
func (c *coder) integer(in tileInstr, w jit.Width) {
	v := c.values(in.src)
	x, y := v[0], v[len(v)-1]
	l, m := c.regs[in.src[0]], c.regs[in.src[len(v)-1]]
	short := false
	and := func(a, b jit.Value) jit.Value { return c.out.Do(jit.And, w, a, b) }
	xor := func(a, b jit.Value) jit.Value { return c.out.Do(jit.Xor, w, a, b) }
	var r jit.Value
	switch in.op.Row.Name {
	case "add":
		r = c.out.Do(jit.IAdd, w, x, y)
		c.out.Leave(and(xor(r, x), xor(r, y)))
	case "sub":
		r = c.out.Do(jit.ISub, w, x, y)
		c.out.Leave(and(xor(x, y), xor(r, x)))
	case "neg":
		r = c.out.Do(jit.ISub, w, c.out.Const(w, 0), x)
		c.out.Leave(and(r, x))
	case "abs":
		r = c.out.Do(jit.Blend, w, x, c.out.Do(jit.ISub, w, c.out.Const(w, 0), x), x)
		c.out.Leave(r)
	case "sign":
		zero := c.out.Const(w, 0)
		r = c.out.Do(jit.ISub, w, c.out.Do(jit.IGt, w, zero, x), c.out.Do(jit.IGt, w, x, zero))
		short = true
	case "max":
		r = c.out.Do(jit.Blend, w, c.out.Do(jit.IGt, w, x, y), x, y)
		short = l.short && m.short
	case "mul":
		r = c.product(l, m, w)
	case "powi":
		n := powerOf(in.op)
		if c.sound = c.sound && n > 0; !c.sound {
			return
		}
		r = c.power(l, n, w)
	case "div":
		r, _ = c.quotient(l, m, w)
	case "rem":
		_, r = c.quotient(l, m, w)
		short = m.short
	default:
		c.sound = false
		return
	}
	c.regs[in.dst] = number(r, w)
	c.regs[in.dst].short = short
}

// product is x·y; the code is left where it may overflow, which floats tell
// with room for what they round.
func (c *coder) product(l, m lanes, w jit.Width) jit.Value {
	x, y := l.value[index(w)], m.value[index(w)]
	do := func(op jit.Op, a, b jit.Value) jit.Value { return c.out.Do(op, w, a, b) }
	if w == jit.W4 {
		fx, fy := c.out.Do(jit.IntToFloat, w, x), c.out.Do(jit.IntToFloat, w, y)
		c.leaveAbove(do(jit.Mul, fx, fy), w, 1<<30)
		return do(jit.IMul, x, y)
	}
	if l.short && m.short {
		return do(jit.MulHalves, x, y)
	}
	c.leaveAbove(do(jit.Mul, c.double(x), c.double(y)), w, 1<<62)
	high := func(v jit.Value) jit.Value { return c.out.DoImm(jit.Shr, w, 32, v) }
	cross := do(jit.IAdd, do(jit.MulUnsigned, high(x), y), do(jit.MulUnsigned, x, high(y)))
	return do(jit.IAdd, do(jit.MulUnsigned, x, y), c.out.DoImm(jit.Shl, w, 32, cross))
}

// power is x^n for n > 0, by repeated squaring as far as squares are wanted.
func (c *coder) power(l lanes, n int64, w jit.Width) jit.Value {
	for n&1 == 0 {
		l, n = number(c.product(l, l, w), w), n>>1
	}
	p := l
	for n >>= 1; n > 0; n >>= 1 {
		l = number(c.product(l, l, w), w)
		if n&1 == 1 {
			p = number(c.product(p, l, w), w)
		}
	}
	return p.value[index(w)]
}

// leaveAbove leaves the code unless |x| < most.
func (c *coder) leaveAbove(x jit.Value, w jit.Width, most float64) {
	k := func(f float64) jit.Value {
		if w == jit.W4 {
			return c.out.Const(w, uint64(math.Float32bits(float32(f))))
		}
		return c.out.Const(w, math.Float64bits(f))
	}
	below := c.out.DoImm(jit.Cmp, w, jit.Less, x, k(most))
	c.out.Leave(c.not(c.out.Do(jit.And, w, below, c.out.DoImm(jit.Cmp, w, jit.Less, k(-most), x)), w))
}

// middle is 1.5·2^52: doubles that it is added to have their whole number in
// the lowest bits, where that is less than 2^51 in size.
const (
	middle     = 0x4338000000000000
	mostInside = 1 << 51
)

// inside is an integer of eight bytes as a double; the code is left where that
// may not be exact.
func (c *coder) inside(l lanes) jit.Value {
	const w = jit.W8
	x, k := l.value[1], c.out.Const(w, middle)
	if !l.short {
		high := c.out.DoImm(jit.Shr, w, 52, c.out.Do(jit.IAdd, w, x, c.out.Const(w, mostInside)))
		c.out.Leave(c.not(c.out.Do(jit.IEq, w, high, c.out.Const(w, 0)), w))
	}
	return c.out.Do(jit.Sub, w, c.out.Do(jit.IAdd, w, x, k), k)
}

// long is a whole double of less than 2^51 in size as an integer.
func (c *coder) long(x jit.Value) jit.Value {
	k := c.out.Const(jit.W8, middle)
	return c.out.Do(jit.ISub, jit.W8, c.out.Do(jit.Add, jit.W8, x, k), k)
}

// quotient is x/y rounded down and what it leaves, which has the sign of y.
// Both come from doubles: of integers below 2^51 the quotient is never rounded
// up to a whole number that it does not reach. The code is left where numbers
// are greater and where y is 0.
func (c *coder) quotient(l, m lanes, w jit.Width) (q, r jit.Value) {
	const d = jit.W8
	var x, y jit.Value
	if w == jit.W4 {
		x, y = c.out.Do(jit.IntToDouble, d, l.value[0]), c.out.Do(jit.IntToDouble, d, m.value[0])
	} else {
		x, y = c.inside(l), c.inside(m)
	}
	if !m.nonzero {
		c.out.Leave(c.out.DoImm(jit.Cmp, d, jit.Equal, y, c.out.Const(d, 0)))
	}
	q = c.out.DoImm(jit.Round, d, 1, c.out.Do(jit.Div, d, x, y))
	r = c.out.Do(jit.Fnma, d, q, y, x)
	if w == jit.W8 {
		return c.long(q), c.long(r)
	}
	c.out.Leave(c.out.DoImm(jit.Cmp, d, jit.Less, c.out.Const(d, math.Float64bits(math.MaxInt32)), q))
	return c.out.Do(jit.DoubleToInt, w, q), c.out.Do(jit.DoubleToInt, w, r)
}

// whole is a float rounded toward zero as an integer of a kind; the code is
// left where that does not hold it, and from 2^51 on.
func (c *coder) whole(x jit.Value, w jit.Width, to ir.Kind, bound int64) jit.Value {
	lo, hi := rangeOf(to, bound)
	if to == ir.I64 {
		if w == jit.W4 {
			x = c.out.Do(jit.FloatToDouble, jit.W8, x)
		}
		c.leaveAbove(x, jit.W8, mostInside)
		return c.long(c.out.DoImm(jit.Round, jit.W8, 3, x))
	}
	c.leaveAbove(x, w, 1<<31)
	x = c.out.DoImm(jit.Round, w, 3, x)
	if w == jit.W4 {
		x = c.out.Do(jit.FloatToInt, jit.W4, x)
	} else {
		x = c.out.Do(jit.DoubleToInt, jit.W4, x)
	}
	return c.narrow(x, jit.W4, lo, hi)
}

// narrow is an integer of width v as one of four bytes; the code is left where
// it is not in lo … hi.
func (c *coder) narrow(x jit.Value, v jit.Width, lo, hi int64) jit.Value {
	above := c.out.Do(jit.IGt, v, x, c.out.Const(v, uint64(hi)))
	below := c.out.Do(jit.IGt, v, c.out.Const(v, uint64(lo)), x)
	c.out.Leave(c.out.Do(jit.Or, v, above, below))
	if v == jit.W8 {
		return c.out.Do(jit.Low, jit.W4, x)
	}
	return x
}

// double is an integer of eight bytes as a double: both halves become exact
// numbers by their place in the fraction, and their sum is rounded once.
func (c *coder) double(x jit.Value) jit.Value {
	const w = jit.W8
	k := func(bits uint64) jit.Value { return c.out.Const(w, bits) }
	low := c.out.Do(jit.Or, w, c.out.Do(jit.And, w, x, k(1<<32-1)), k(0x4330000000000000)) // 2^52 + low
	high := c.out.Do(jit.Xor, w, c.out.DoImm(jit.Shr, w, 32, x), k(0x4530000080000000))    // 2^84 + 2^63 + high·2^32
	high = c.out.Do(jit.Sub, w, high, k(0x4530000080100000))                               // less 2^84 + 2^63 + 2^52
	return c.out.Do(jit.Add, w, high, low)
}

// float is an integer of eight bytes as a float; the code is left where it has
// more bits than a double, because it would be rounded twice.
func (c *coder) float(x jit.Value) jit.Value {
	const w, most = jit.W8, uint64(1 << 53)
	shifted := c.out.Do(jit.IAdd, w, x, c.out.Const(w, most))
	small := c.out.Do(jit.IGt, w, shifted, c.out.Const(w, 0))
	large := c.out.Do(jit.IGt, w, shifted, c.out.Const(w, 2*most))
	c.out.Leave(c.out.Do(jit.Or, w, c.not(small, w), large))
	return c.out.Do(jit.DoubleToFloat, jit.W4, c.double(x))
}
