package macro

import "math"

// (log(1+f) - f + f²/2)/f³ for 1+f in [√½, √2], f32.
var log32 = coefficients{6.9716118e-02, -1.1479734e-01, 1.168542e-01, -1.2425687e-01, 1.4249058e-01,
	-1.6667803e-01, 2.0000716e-01, -2.4999997e-01, 3.333333e-01}

// Even and odd terms of (log(1+f) - f + f²/2)/s - f²/2 with s = f/(2+f), in s⁴;
// after msun.
var (
	log64Even = coefficients{1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01}
	log64Odd  = coefficients{1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01}
)

// split writes x = m 2^k with m in [√½, √2), for x positive, finite and normal;
// e is k in the place of the exponent.
func (b *builder) split(x v) (m, e, k v) {
	root := b.pickBits(0x3f3504f3, 0x3fe6a09e667f3bcd) // √½
	one := uint64(b.bias()) << b.mantissa()
	i := b.iadd(b.isub(x, root), b.bits(one))
	m = b.iadd(b.and(i, b.bits(1<<b.mantissa()-1)), root)
	whole := math.Ldexp(1, b.mantissa()) // whole + small, as bits, has small in the low bits
	k = b.sub(b.or(b.shr(i, b.mantissa()), b.k(whole)), b.k(whole+float64(b.bias())))
	return m, b.isub(i, b.and(i, b.bits(1<<b.mantissa()-1))), k
}

func (b *builder) pickBits(single, double uint64) v {
	if b.Lane == F32 {
		return b.bits(single)
	}
	return b.bits(double)
}

// log1 is log(1+f) + k ln2 for 1+f in [√½, √2].
func (b *builder) log1(f, k v) v {
	hi, lo := b.ln2()
	z := b.mul(f, f)
	if b.Lane == F32 {
		y := b.fma(k, lo, b.mul(b.mul(b.above(f, 0x1p-30), z), b.tail32(f)))
		return b.fma(k, hi, b.add(f, b.fnma(b.k(0.5), z, y)))
	}
	s := b.div(f, b.add(f, b.k(2)))
	tail := b.logTail(s)
	half := b.mul(b.k(0.5), z)
	y := b.fma(s, b.add(half, tail), b.mul(k, lo))
	return b.fma(k, hi, b.sub(f, b.sub(half, y)))
}

// logParts is log1 in two parts, known to some 2^-28 in f32 and 2^-56 in f64:
// products of k with the first part of ln 2 are exact, and what sums lose is
// kept.
func (b *builder) logParts(f, k v) exact {
	const h32, h64 = 0x1.62e4p-1, 0x1.62e42feep-1
	z := b.mul(f, f)
	half, halfLow := b.mul(b.k(0.5), z), b.mul(b.k(0.5), b.fms(f, f, z))
	var y v
	if b.Lane == F32 {
		y = b.mul(b.mul(f, z), b.tail32(f))
	} else {
		s := b.div(f, b.add(f, b.k(2)))
		y = b.mul(s, b.add(half, b.logTail(s)))
	}
	y = b.fma(k, b.pick(math.Ln2-h32, math.Ln2-h64), b.sub(y, halfLow))
	d := b.sub(f, half)
	y = b.add(y, b.sub(b.sub(f, d), half))
	kh := b.mul(k, b.pick(h32, h64))
	s := b.add(kh, d)
	y = b.add(y, b.sub(d, b.sub(s, kh)))
	hi := b.add(s, y)
	return exact{hi, b.sub(y, b.sub(hi, s))}
}

// logTail is (log(1+f) - f + f²/2)/s - f²/2 with s = f/(2+f), f64.
func (b *builder) logTail(s v) v {
	w := b.mul(s, s)
	w2 := b.mul(w, w)
	return b.fma(w, b.poly(w2, log64Odd), b.mul(w2, b.poly(w2, log64Even)))
}

// tail32 is the polynomial log32. The eighth power of f is left out where it is
// lost in the sum: like the cube of tiny f it would be subnormal, and processors
// take a hundred times as long over those. The losses of sure predictions,
// log1p(exp(-z)), are full of them.
func (b *builder) tail32(f v) v {
	return b.fma(b.k(log32[0]), b.power(b.above(f, 0x1p-8), 8), b.poly(f, log32[1:]))
}

// above is x, or 0 where |x| is no more than least.
func (b *builder) above(x v, least float64) v {
	return b.and(x, b.cmp(b.k(least), Lt, b.abs(x)))
}

// splitAny is split of numbers below the normal ones too: they are scaled up
// first.
func (b *builder) splitAny(x v) (m, k v) {
	tiny := b.cmp(x, Lt, b.k(math.Ldexp(1, 1-b.bias())))
	up := float64(b.mantissa() + 2)
	m, _, k = b.split(b.blend(tiny, b.mul(x, b.k(math.Ldexp(1, int(up)))), x))
	return m, b.sub(k, b.and(tiny, b.k(up)))
}

// log is the natural logarithm: -inf at 0, NaN below, +inf at +inf.
func log(b *builder, x []v) v {
	m, k := b.splitAny(x[0])
	return b.logEdges(x[0], b.log1(b.sub(m, b.k(1)), k))
}

// logEdges puts the values of log x for x not positive and finite into y.
func (b *builder) logEdges(x, y v) v {
	zero, inf := b.k(0), b.inf(1)
	y = b.blend(b.cmp(x, Eq, zero), b.inf(-1), y)
	y = b.blend(b.cmp(x, Eq, inf), inf, y)
	return b.or(y, b.cmp(zero, NotLe, x))
}

// log1p is log(1+x) with what 1+x loses added again, at the scale of the
// mantissa. For great x it loses nothing that counts, and the scale has no
// normal number; zeros keep their sign.
func log1p(b *builder, x []v) v {
	one := b.k(1)
	u := b.add(one, x[0])
	m, e, k := b.split(u)
	scale := b.isub(b.bits(uint64(2*b.bias())<<b.mantissa()), e)
	lost := b.mul(b.sub(x[0], b.sub(u, one)), scale)
	lost = b.and(lost, b.cmp(x[0], Lt, b.k(0x1p100)))
	y := b.log1(b.add(b.sub(m, one), lost), k)
	return b.or(b.logEdges(u, y), b.signOf(x[0]))
}
