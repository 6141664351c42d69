package macro

// log Γ and its first two derivatives of positive numbers are sums of parts that
// are known to more than a lane holds: of polynomials below 8, of the series of
// Stirling from there on. What the least numbers differ from the next greater by
// one is a logarithm or a power. Other numbers lie outside.

// polygammaPrograms are the orders of polygamma that have a program.
var polygammaPrograms = []func(b *builder, x []v) v{digamma, trigamma}

// near is a fit on its pieces at x, or at x+1 where x is small.
type near struct {
	small v // mask
	step  v // 1 where x is small, 0 elsewhere
	value exact
}

// positive leaves numbers that are not positive and finite outside.
func (b *builder) positive(x v) {
	b.Outside = int(b.or(b.cmp(b.k(0), NotLt, x), b.cmp(x, Eq, b.inf(1))))
}

// nearBy is the fit of the lane; x is small below lowest. The distance from the
// centre is exact where x is not small. Only the last of the terms counts in
// full, and what its sum loses is kept.
func (b *builder) nearBy(single, double *Fit, x v, lowest float64) near {
	f := double
	if b.Lane == F32 {
		f = single
	}
	small := b.cmp(x, Lt, b.k(lowest))
	step := b.and(small, b.k(1))
	y := b.add(x, step)
	first, second := b.cmp(y, Lt, b.k(f.Borders[0])), b.cmp(y, Lt, b.k(f.Borders[1]))
	pick := func(c [3]float64) v { return b.blend(first, b.k(c[0]), b.blend(second, b.k(c[1]), b.k(c[2]))) }
	t := b.sub(x, b.sub(pick(f.Centres), step))
	t2 := b.mul(t, t)
	n := len(f.Terms) - 1
	even, odd := pick(f.Terms[n]), pick(f.Terms[n-1])
	for k := n - 2; k > 0; k-- { // one is the other's at every turn
		even, odd = odd, b.fma(even, t2, pick(f.Terms[k]))
	}
	slope := b.fma(even, t, odd)
	head, low := f.Terms[0], f.Low
	for i, c := range head {
		low[i] += c - b.rounded(c)
	}
	hi := b.fma(slope, t, pick(head))
	lost := b.fma(slope, t, b.sub(pick(head), hi))
	return near{small, step, exact{hi, b.add(lost, pick(low))}}
}

// far is 1/x, and the fit of the lane from 8 on times it. Both are 0 where x is
// so great that they are lost beside what they are added to: their powers would
// be subnormal.
func (b *builder) far(single, double *Fit, x v) (r, p v) {
	r = b.and(b.div(b.k(1), x), b.cmp(x, Lt, b.pick(0x1p30, 0x1p60)))
	return r, b.mul(r, b.poly(b.mul(r, r), b.of(single.Far, double.Far)))
}

// times is x·y in two parts for an exact y.
func (b *builder) times(x exact, y v) exact {
	p := b.mul(x.hi, y)
	return exact{p, b.fma(x.lo, y, b.fms(x.hi, y, p))}
}

// lgamma is log Γ. The factors that are 0 at 1 and 2 are exact where they are
// small.
func lgamma(b *builder, x []v) v {
	z, one := x[0], b.k(1)
	b.positive(z)
	n := b.nearBy(&lgammaFit32, &LgammaFit, z, 0.5)
	p := b.sub(z, b.sub(one, n.step))
	q := b.sub(p, one)
	pq := b.times(exact{p, b.k(0)}, q)
	pq.lo = b.fma(p, b.sub(p, b.add(q, one)), pq.lo)
	r := b.exactMul(pq, n.value)
	m, k := b.splitAny(z)
	l := b.logParts(b.sub(m, one), k)
	minus := b.and(n.small, b.neg(l.hi))
	s := b.add(minus, r.hi)
	close := b.add(s, b.add(b.sub(r.hi, b.sub(s, minus)), b.sub(r.lo, b.and(n.small, l.lo))))
	return b.blend(b.cmp(z, Lt, b.k(8)), close, b.stirling(z, l))
}

// stirling is (x-½)(log x-1) + (log 2π-1)/2 + … from 8 on; l is log x.
func (b *builder) stirling(x v, l exact) v {
	const half = 0.41893853320467274178032973640562 // (log 2π - 1)/2
	_, p := b.far(&lgammaFit32, &LgammaFit, x)
	m := b.sub(l.hi, b.k(1))
	low := b.add(b.sub(b.sub(l.hi, m), b.k(1)), l.lo)
	y := b.times(exact{m, low}, x)
	w := b.fnma(b.k(0.5), m, b.add(p, b.k(half)))
	w = b.add(y.hi, b.add(y.lo, w))
	return b.blend(b.cmp(y.hi, Eq, b.inf(1)), y.hi, w)
}

// digamma has its root in two parts, so that the difference from it is exact.
func digamma(b *builder, x []v) v {
	z, one := x[0], b.k(1)
	b.positive(z)
	n := b.nearBy(&digammaFit32, &DigammaFit, z, 1)
	root := b.sub(b.pick(0x1.762d86p+0, 0x1.762d86356be3fp+0), n.step)
	d := b.sub(z, root)
	back := b.sub(d, z)
	lost := b.sub(b.sub(z, b.sub(d, back)), b.add(root, back))
	lost = b.sub(lost, b.pick(0x1.ab5f1fb70d4e4p-27, 0x1.b86a722197829p-54))
	r := b.exactMul(exact{d, lost}, n.value)
	q := b.div(one, z)
	minus := b.and(n.small, b.neg(q))
	qLow := b.and(n.small, b.mul(b.fnma(q, z, one), q))
	s := b.add(minus, r.hi)
	low := b.add(b.sub(r.hi, b.sub(s, minus)), b.sub(r.lo, qLow))
	close := b.add(s, b.and(b.cmp(b.pick(0x1p-100, 0x1p-900), Lt, z), low)) // 1/x may be infinite
	inverse, p := b.far(&digammaFit32, &DigammaFit, z)
	m, _, k := b.split(z)
	l := b.logParts(b.sub(m, one), k)
	far := b.add(l.hi, b.sub(l.lo, b.fma(inverse, p, b.mul(b.k(0.5), inverse))))
	return b.blend(b.cmp(z, Lt, b.k(8)), close, far)
}

// trigamma of small numbers has 1/x², of which the rounding of the reciprocal
// is taken back.
func trigamma(b *builder, x []v) v {
	z, one := x[0], b.k(1)
	b.positive(z)
	n := b.nearBy(&trigammaFit32, &TrigammaFit, z, 1)
	q := b.div(one, z)
	lost := b.mul(b.fnma(q, z, one), q)
	square := b.exactMul(exact{q, lost}, exact{q, lost})
	square.hi, square.lo = b.and(n.small, square.hi), b.and(n.small, square.lo)
	s := b.add(square.hi, n.value.hi)
	low := b.add(b.sub(n.value.hi, b.sub(s, square.hi)), b.add(n.value.lo, square.lo))
	close := b.add(s, b.and(b.cmp(b.pick(0x1p-63, 0x1p-511), Lt, z), low)) // 1/x² may be infinite
	inverse, p := b.far(&trigammaFit32, &TrigammaFit, z)
	r2 := b.mul(inverse, inverse)
	far := b.add(q, b.fma(r2, b.add(p, b.k(0.5)), lost))
	return b.blend(b.cmp(z, Lt, b.k(8)), close, far)
}
