package macro

// Coefficients of log2 m = q·C + q³·(C/3 + C/5 q² + …) with C = 2/ln 2 and
// q = (m-1)/(m+1), the first two in two parts.
const (
	log2C, log2CLow   = 0x1.7154760000000p+1, 0x1.4ae0c00000000p-25
	log2C3, log2C3Low = 0x1.ec709e0000000p-1, -0x1.e2fe020000000p-28
)

var log2Tail = coefficients{0.26230819, 0.32059890, 0.41219858, 0.57707802}

// quick is x + y in two parts, for x not below y in size or 0.
func (b *builder) quick(x, y exact) exact {
	s := b.add(x.hi, y.hi)
	return exact{s, b.add(b.sub(y.hi, b.sub(s, x.hi)), b.add(x.lo, y.lo))}
}

// log2 is the binary logarithm of x in two parts, to some 2^-33, for x positive
// and finite.
func (b *builder) log2(x v) exact {
	m, k := b.splitAny(x)
	one, zero := b.k(1), b.k(0)
	f, den := b.sub(m, one), b.add(m, one)
	denLow := b.sub(m, b.sub(den, one))
	q := exact{hi: b.div(f, den)}
	q.lo = b.div(b.fnma(q.hi, denLow, b.fnma(q.hi, den, f)), den)
	z := b.exactMul(q, q)
	p := b.quick(exact{b.k(log2C3), b.k(log2C3Low)}, exact{b.mul(z.hi, b.poly(z.hi, log2Tail)), zero})
	y := b.quick(b.exactMul(q, exact{b.k(log2C), b.k(log2CLow)}), b.exactMul(q, b.exactMul(z, p)))
	y = b.quick(exact{k, zero}, y)
	s := b.add(y.hi, y.lo)
	return exact{s, b.sub(y.lo, b.sub(s, y.hi))}
}

// pow is x^y with the special cases of IEEE 754 pow, f32: 2 to y log2 |x|, the
// exponent in two parts.
func pow(b *builder, x []v) v {
	one, zero, inf := b.k(1), b.k(0), b.inf(1)
	a, y := b.abs(x[0]), x[1]
	l := b.log2(a)
	l.hi = b.blend(b.cmp(a, Eq, zero), b.inf(-1), b.blend(b.cmp(a, Eq, inf), inf, l.hi))
	e := b.mul(y, l.hi)
	low := b.fma(y, l.lo, b.fms(y, l.hi, e))
	low = b.and(low, b.cmp(b.abs(e), Lt, b.k(256))) // beyond, it is noise or NaN
	e = b.max(b.k(-160), b.min(b.k(130), e))
	magic := b.k(b.magic() + float64(2*b.bias()))
	t := b.add(e, magic)
	part := b.add(b.sub(e, b.sub(t, magic)), low)
	ln2, _ := b.ln2()
	r := b.scale(b.add(b.less1(b.mul(part, ln2)), one), t)
	r = b.blend(b.cmp(a, Eq, one), one, r)
	return b.powSigns(x[0], y, a, r)
}

// powSigns gives r = |x|^y its sign, which is that of x where y is odd, or makes
// it NaN where x is below 0 and y is not whole; 1^y and x^0 are 1 of any y and x.
func (b *builder) powSigns(x, y, a, r v) v {
	one, zero := b.k(1), b.k(0)
	half := b.mul(y, b.k(0.5))
	broken := b.cmp(b.floor(y), Ne, y)
	odd := b.andn(broken, b.cmp(b.floor(half), Ne, half))
	r = b.or(r, b.and(odd, b.signOf(x)))
	below := b.and(b.cmp(x, Lt, zero), b.cmp(a, Lt, b.inf(1)))
	r = b.or(r, b.and(broken, below))
	r = b.or(r, b.cmp(x, Unord, y))
	return b.blend(b.or(b.cmp(x, Eq, one), b.cmp(y, Eq, zero)), one, r)
}
