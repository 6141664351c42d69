package macro

// erf x/x - 1 in x² near 0, and log erfc x beyond, less -x in f32: the f32 forms
// are those of N. Juffa, the f64 ones fitted to erf in the same way, with erfc
// as the weight.
var (
	erfNear32 = coefficients{-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1}
	erfNear64 = coefficients{-7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07, 1.6447424703317362e-06,
		-1.492473690741966e-05, 0.00012055294904839707, -0.0008548325975389692, 0.0052239776071164225,
		-0.02686617064323777, 0.11283791670945006, -0.37612638903183543, 0.12837916709551256}
	erfFar32 = coefficients{-1.72853470e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1}
	erfFar64 = coefficients{-4.863458183486597e-12, 2.019681885408334e-10, -3.888786832063036e-09, 4.591926014268844e-08,
		-3.694563654025211e-07, 2.1141776547508812e-06, -8.576097712792685e-06, 2.252393050392259e-05,
		-1.949952896314051e-05, -0.00013660391006383634, 0.0007731231972042941, -0.001919046666655363,
		0.0004136351210446359, 0.018987969233979347, -0.10270225045307291, -0.6366440697635113,
		-1.128373988344951, -5.135999175734093e-07}
)

// erf is the error function: 1 - e^log erfc |x| with the sign of x, near 0 a
// polynomial.
func erf(b *builder, x []v) v {
	a := b.min(b.pick(4, 5.95), b.abs(x[0]))
	z := b.mul(x[0], x[0])
	near := b.fma(b.poly(z, b.of(erfNear32, erfNear64)), x[0], x[0])
	far := b.poly(a, b.of(erfFar32, erfFar64))
	if b.Lane == F32 {
		far = b.fms(far, a, a)
	}
	t, _, r := b.exponent(far, b.bias())
	s := b.shl(t, b.mantissa())
	far = b.sub(b.k(1), b.fma(b.less1(r), s, s))
	return b.blend(b.cmp(a, Lt, b.pick(0.927734375, 1)), near, b.or(far, b.signOf(x[0])))
}
