package runtime

import (
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// Note: division without the divider. A quotient takes a vector sixteen cycles, and
// pixels are divided by 255. Where the dividend is an integer of one or two bytes and
// the divisor a constant, every quotient that there can be is tried when the code is
// made: where the product with the reciprocal, with one correction if need be, is the
// quotient to the last bit for all of them, that is what runs.

// byProduct is how a quotient is found.
type byProduct uint8

const (
	divided    byProduct = iota
	multiplied           // x·(1/y)
	corrected            // q = x·(1/y), and q + (x - q·y)·(1/y)
)

// wholeOf is the range of the integers of a kind of one or two bytes.
func wholeOf(k ir.Kind) (lo, hi int32) {
	switch k {
	case ir.U8:
		return 0, math.MaxUint8
	case ir.I8:
		return math.MinInt8, math.MaxInt8
	case ir.U16:
		return 0, math.MaxUint16
	case ir.I16:
		return math.MinInt16, math.MaxInt16
	}
	return 0, 0
}

// plainDivisor bounds divisors, so that nothing on the way is below the normal
// numbers of four bytes or above them.
const plainDivisor = 1 << 60

// quotientBy is the shortest way to all quotients of integers in lo … hi by y.
func quotientBy(kind ir.Kind, lo, hi int32, y float64) byProduct {
	if a := math.Abs(y); !(a >= 1.0/plainDivisor && a <= plainDivisor) {
		return divided
	}
	for way := multiplied; way <= corrected; way++ {
		if x := lo; holds(kind, way, float64(x), y) {
			for x < hi && holds(kind, way, float64(x+1), y) {
				x++
			}
			if x == hi {
				return way
			}
		}
	}
	return divided
}

// holds reports whether a way gives the quotient of x and y, bit for bit.
func holds(kind ir.Kind, way byProduct, x, y float64) bool {
	if kind == ir.F64 {
		r := 1 / y
		q := x * r
		if way == corrected {
			q = math.FMA(math.FMA(-q, y, x), r, q)
		}
		return math.Float64bits(q) == math.Float64bits(x/y)
	}
	r := float32(1 / y)
	q := float32(x) * r
	if way == corrected {
		// Products of floats are exact in doubles, and so is what is left of x. The
		// last sum is rounded to a double on the way: not where that is half way.
		left := float32(x - float64(q)*y)
		sum := float64(q) + float64(float64(left)*float64(r))
		if math.Float64bits(sum)&(1<<29-1) == 1<<28 {
			return false
		}
		q = float32(sum)
	}
	return math.Float32bits(q) == math.Float32bits(float32(x)/float32(y))
}

// quick writes a quotient of a small integer and a constant without a division;
// false where there is no such way.
func (c *coder) quick(in tileInstr, kind ir.Kind, w jit.Width) bool {
	if in.op.Row.Name != "div" {
		return false
	}
	l, m := c.regs[in.src[0]], c.regs[in.src[1]]
	if l.hi == 0 || !m.fixed {
		return false
	}
	way := quotientBy(kind, l.lo, l.hi, m.float)
	if way == divided {
		return false
	}
	x, y := c.value(in.src[0]), c.value(in.src[1])
	r := c.constant(kind, 1/m.float, 0).value[index(w)]
	q := c.out.Do(jit.Mul, w, x, r)
	if way == corrected {
		q = c.out.Do(jit.Fma, w, c.out.Do(jit.Fnma, w, q, y, x), r, q)
	}
	c.regs[in.dst] = number(q, w)
	return true
}
