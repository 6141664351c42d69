package macro

// Coefficients of log2 m = q·(C + q²·(C/3 + C/5 q² + …)) with C = 2/ln 2 and
// q = (m-1)/(m+1): the first ones in two parts, two of them in f32 and three in
// f64, and what is left in q².
var (
	log2Head32 = [][2]float64{{0x1.715476p+1, 0x1.4ae0cp-25}, {0x1.ec709ep-1, -0x1.e2fe02p-28}}
	log2Head64 = [][2]float64{{0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55}, {0x1.ec709dc3a03fdp-1, 0x1.d27f05548af0cp-55},
		{0x1.2776c50ef9bfep-1, 0x1.e4b29ccc535d4p-55}}
	log2Tail32 = coefficients{0.26230819, 0.32059890, 0.41219858, 0.57707802}
	log2Tail64 = coefficients{0.1710737224519233385, 0.16867161289422948102, 0.19238991015676610057, 0.22195258269098565944,
		0.26230819384270719561, 0.3205988979538884931, 0.41219858311117055047}
)

// quick is x + y in two parts, for x not below y in size or 0.
func (b *builder) quick(x, y exact) exact {
	s, low := b.add(x.hi, y.hi), x.lo
	switch b.k(0) {
	case x.lo:
		low = y.lo
	case y.lo:
	default:
		low = b.add(x.lo, y.lo)
	}
	return exact{s, b.add(b.sub(y.hi, b.sub(s, x.hi)), low)}
}

// log2 is the binary logarithm of x in two parts, to some 2^-33 in f32 and 2^-69
// in f64, for x positive and finite.
func (b *builder) log2(x v) exact {
	m, k := b.splitAny(x)
	one, zero := b.k(1), b.k(0)
	f, den := b.sub(m, one), b.add(m, one)
	denLow := b.sub(m, b.sub(den, one))
	q, head := exact{}, log2Head32
	if b.Lane == F32 {
		q.hi = b.div(f, den)
		q.lo = b.div(b.fnma(q.hi, denLow, b.fnma(q.hi, den, f)), den)
	} else { // one quotient, which takes long, for both parts
		r := b.div(one, den)
		q.hi = b.mul(f, r)
		q.lo = b.mul(b.fnma(q.hi, denLow, b.fnma(q.hi, den, f)), r)
		head = log2Head64
	}
	z := b.exactMul(q, q)
	p := exact{b.mul(z.hi, b.poly(z.hi, b.of(log2Tail32, log2Tail64))), zero}
	for i := len(head) - 1; i > 0; i-- {
		p = b.exactMul(z, b.quick(exact{b.k(head[i][0]), b.k(head[i][1])}, p))
	}
	y := b.quick(b.exactMul(q, exact{b.k(head[0][0]), b.k(head[0][1])}), b.exactMul(q, p))
	y = b.quick(exact{k, zero}, y)
	s := b.add(y.hi, y.lo)
	return exact{s, b.sub(y.lo, b.sub(s, y.hi))}
}

// pow is x^y with the special cases of IEEE 754 pow: 2 to y log2 |x|, the
// exponent in two parts. It is held to where the result is 0 or infinite.
func pow(b *builder, x []v) v {
	one, zero, inf := b.k(1), b.k(0), b.inf(1)
	a, y := b.abs(x[0]), x[1]
	l := b.log2(a)
	l.hi = b.blend(b.cmp(a, Eq, zero), b.inf(-1), b.blend(b.cmp(a, Eq, inf), inf, l.hi))
	e := b.mul(y, l.hi)
	low := b.fma(y, l.lo, b.fms(y, l.hi, e))
	low = b.and(low, b.cmp(b.abs(e), Lt, b.pick(256, 2048))) // beyond, it is noise or NaN
	e = b.max(b.pick(-160, -1100), b.min(b.pick(130, 1030), e))
	magic := b.k(b.magic() + float64(2*b.bias()))
	t := b.add(e, magic)
	r := b.scale(b.add(b.power2(b.sub(e, b.sub(t, magic)), low), one), t)
	r = b.blend(b.cmp(a, Eq, one), one, r)
	return b.powSigns(x[0], y, a, r)
}

// power2 is 2^(e + low) - 1 for |e| up to ½ and a small low; in f64 what the
// sum and its product with ln 2 lose is kept.
func (b *builder) power2(e, low v) v {
	ln2, ln2Low := b.ln2()
	s := b.add(e, low)
	r := b.mul(s, ln2)
	if b.Lane == F32 {
		return b.less1(r)
	}
	low = b.sub(low, b.sub(s, e))
	lost := b.fma(low, ln2, b.fma(s, ln2Low, b.fms(s, ln2, r)))
	return b.add(r, b.fma(b.poly(r, exp64), b.mul(r, r), lost))
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
