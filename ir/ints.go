package ir

import (
	"fmt"
	"math"
)

// Arithmetic on integers, checked: what overflows or divides by zero is an
// error and never a number.

// ranges of the kinds that hold integers.
var intRange = map[Kind][2]int64{
	I8: {math.MinInt8, math.MaxInt8}, I16: {math.MinInt16, math.MaxInt16},
	I32: {math.MinInt32, math.MaxInt32}, I64: {math.MinInt64, math.MaxInt64},
	U8: {0, math.MaxUint8}, U16: {0, math.MaxUint16},
}

// fits is an error where kind k does not hold n.
func fits(k Kind, n int64) error {
	if r, ok := intRange[k]; ok && (n < r[0] || n > r[1]) {
		return fmt.Errorf("%d does not fit in %s", n, k)
	}
	return nil
}

// overflow is the error of an integer operation whose result does not fit.
func overflow(op *Op, format string, args ...any) error {
	return fmt.Errorf("%s overflows %s", fmt.Sprintf(format, args...), op.typeOf(0).Kind)
}

// checked is n where the kind of the operands holds it.
func checked(op *Op, n int64, format string, args ...any) (int64, error) {
	if fits(op.typeOf(0).Kind, n) != nil {
		return 0, overflow(op, format, args...)
	}
	return n, nil
}

func addInt(op *Op, x, y int64) (int64, error) {
	s := x + y
	if y != 0 && (s > x) != (y > 0) {
		return 0, overflow(op, "%d + %d", x, y)
	}
	return checked(op, s, "%d + %d", x, y)
}

func subInt(op *Op, x, y int64) (int64, error) {
	s := x - y
	if y != 0 && (s < x) != (y > 0) {
		return 0, overflow(op, "%d - %d", x, y)
	}
	return checked(op, s, "%d - %d", x, y)
}

func mulInt(op *Op, x, y int64) (int64, error) {
	p := x * y
	if x != 0 && (p/x != y || x == -1 && y == math.MinInt64) {
		return 0, overflow(op, "%d * %d", x, y)
	}
	return checked(op, p, "%d * %d", x, y)
}

// divInt is the quotient rounded down and the remainder, which has the sign of y.
func divInt(op *Op, x, y int64) (q, r int64, err error) {
	if y == 0 {
		return 0, 0, fmt.Errorf("%d divided by 0", x)
	}
	if y == -1 {
		q, err = negInt(op, []int64{x})
		return q, 0, err
	}
	q, r = x/y, x%y
	if r != 0 && (r < 0) != (y < 0) {
		q, r = q-1, r+y
	}
	return q, r, nil
}

func powiInt(op *Op, x []int64) (int64, error) {
	p, err := int64(1), error(nil)
	switch n := attrsOf[NAttrs](op).N; {
	case x[0] == 0 || x[0] == 1:
		if n > 0 {
			p = x[0]
		}
	case x[0] == -1:
		p = 1 - 2*(n&1)
	default: // overflows before the 64th turn
		for i := int64(0); i < n && err == nil; i++ {
			p, err = mulInt(op, p, x[0])
		}
	}
	return p, err
}

// powi is x to the power n by squaring; a negative power is the reciprocal.
func powi(x float64, n int64) float64 {
	if n < 0 {
		return 1 / powi(x, -n)
	}
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= x
		}
		x *= x
	}
	return p
}

// floorMod is x - y·floor(x/y) without rounding of the quotient.
func floorMod(x, y float64) float64 {
	r := math.Mod(x, y)
	if r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}
