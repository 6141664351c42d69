package macro

import "math"

// ln2 in two parts, the first rounded to the lane: x - n hi, rounded once, is
// exact where n is x/ln2 rounded to a whole number.
func (b *builder) ln2() (hi, lo v) {
	const h32, h64 = 0x1.62e43p-1, 0x1.62e42fefa39efp-1
	return b.pick(h32, h64), b.pick(math.Ln2-h32, math.Ln2-h64)
}

// (e^r - 1 - r)/r² for |r| ≤ ln2/2.
var (
	exp32 = coefficients{1.9891981e-04, 1.3934541e-03, 8.3333105e-03, 4.1666456e-02, 1.6666667e-01, 0.5}
	exp64 = coefficients{2.510134692835034e-08, 2.7621338669142925e-07, 2.75572664186123e-06,
		2.4801518641395993e-05, 1.9841269864380513e-04, 1.3888888918939168e-03, 8.333333333329793e-03,
		4.166666666662064e-02, 1.6666666666666669e-01, 0.5000000000000001}
)

// exponent finds n = x/ln2 rounded to a whole number, and r = x - n ln2. Low
// bits of t are n + offset.
func (b *builder) exponent(x v, offset int) (t, n, r v) {
	magic := b.k(b.magic() + float64(offset))
	hi, lo := b.ln2()
	t = b.fma(x, b.k(math.Log2E), magic)
	n = b.sub(t, magic)
	return t, n, b.fnma(n, lo, b.fnma(n, hi, x))
}

// less1 is e^r - 1 for |r| ≤ ln2/2.
func (b *builder) less1(r v) v {
	return b.fma(b.poly(r, b.of(exp32, exp64)), b.mul(r, r), r)
}

// exp is e^x; Min gives its second operand where it is NaN. What is less than
// half of the least number is 0, and is not computed as such: a product that
// is no normal number takes processors a hundred times as long, and masked
// scores of a softmax would all be one.
func (b *builder) exp(x v) v {
	gone := b.cmp(x, Lt, b.pick(-104, -746))
	x = b.blend(gone, b.k(0), b.min(b.pick(89, 710), x))
	t, _, r := b.exponent(x, 2*b.bias())
	return b.blend(gone, b.k(0), b.scale(b.add(b.less1(r), b.k(1)), t))
}

// scale is p·2^n, where low bits of t are n + 2 bias. The power of two is applied
// in two halves, for it alone may not be a normal number; the second product
// rounds or overflows.
func (b *builder) scale(p, t v) v {
	half := b.shr(t, 1)
	p = b.mul(p, b.shl(half, b.mantissa()))
	return b.mul(p, b.shl(b.isub(t, half), b.mantissa()))
}

func exp(b *builder, x []v) v { return b.exp(x[0]) }

// logistic is 1/(1+e^-x): of e = e^-|x| and q = e/(1+e) it is 1 - q above 0 and
// q below, where e - e·q is nearer.
func logistic(b *builder, x []v) v {
	e := b.exp(b.or(x[0], b.sign()))
	q := b.div(e, b.add(b.k(1), e))
	y := b.blend(x[0], e, b.k(1))
	return b.fnma(y, q, y)
}

// (tanh x/x - 1)/x² in x² for |x| ≤ 0.625: a polynomial in f32, in f64 the
// rational form of the Cephes library.
var (
	tanh32  = coefficients{-6.0621481e-03, 2.0973234e-02, -5.3845823e-02, 1.3332736e-01, -3.3333328e-01}
	tanh64P = coefficients{-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3}
	tanh64Q = coefficients{1, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3}
)

// tanh is 1 - 2/(e^2a + 1) of a = |x|, near 0 the form above.
func tanh(b *builder, x []v) v {
	a := b.min(b.pick(10, 22), b.abs(x[0]))
	t, _, r := b.exponent(b.add(a, a), b.bias())
	s := b.shl(t, b.mantissa())
	den := b.add(b.fma(b.less1(r), s, s), b.k(1))
	near := b.cmp(a, Lt, b.k(0.625))
	z := b.mul(a, a)
	var y v
	if b.Lane == F32 {
		y = b.blend(near, b.fma(b.mul(a, z), b.poly(z, tanh32), a), b.sub(b.k(1), b.div(b.k(2), den)))
	} else {
		den = b.blend(near, b.poly(z, tanh64Q), den)
		num := b.blend(near, b.mul(b.mul(a, z), b.poly(z, tanh64P)), b.k(-2))
		y = b.add(b.blend(near, a, b.k(1)), b.div(num, den))
	}
	return b.or(y, b.signOf(x[0]))
}

// expm1 is e^x - 1 of r and its tail, which would be a unit of the result. The
// power of two is halved, so that it does not overflow before the result does.
// Tiny numbers are their own result: halves of subnormal ones are not exact.
func expm1(b *builder, x []v) v {
	y := b.max(b.pick(-18, -40), b.min(b.pick(89, 710), x[0]))
	hi, lo := b.ln2()
	t, n, r := b.exponent(y, b.bias()-1)
	tail := b.fnma(n, lo, b.sub(b.fnma(n, hi, y), r))
	s := b.shl(t, b.mantissa())
	e := b.fma(b.poly(r, b.of(exp32, exp64)), b.mul(r, r), tail)
	y = b.fma(s, e, b.fma(s, r, b.sub(s, b.k(0.5))))
	return b.blend(b.cmp(b.abs(x[0]), Lt, b.pick(0x1p-25, 0x1p-54)), x[0], b.add(y, y))
}
