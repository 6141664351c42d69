package macro

// log Γ and its derivatives are quotients of polynomials below 9 and series in
// 1/x² from there on. The quotients are fitted where the function has no pole
// and divided by what makes it 0: those of lgamma x/((x-1)(x-2)) from 0.7 on, of
// x digamma x/(x - root) and of x² trigamma x from 0 on.
var (
	lgammaP32 = coefficients{0.000675034511, 0.268486164, 5.03639444, 18.4037316, 14.8995562, 2.0423481}
	lgammaQ32 = coefficients{0.0733169556, 2.59148329, 18.2540857, 33.543445, 14.9640175, 1}
	lgammaP64 = coefficients{1.3497546034767857e-06, 0.0030436669787337251, 0.36944280618541053, 12.819068480497341,
		176.3497293448558, 1101.0529755401462, 3306.0185037562842, 4826.0946333497104, 3325.1792996087011,
		999.95435005704803, 109.45941915379254, 2.7205488145428145}
	lgammaQ64 = coefficients{0.00059179075725571606, 0.10561440036119393, 5.0274648124070778, 93.783010112607712,
		801.85132401079966, 3379.3730443025174, 7204.5199823452022, 7689.3580218796587, 3913.7150603209911,
		857.65417370494288, 65.470465828941499, 1}
	lgammaFar32 = coefficients{-0.0027680688, 0.0833333184}
	lgammaFar64 = coefficients{-0.0017033177400137928, 0.00083888014227091333, -0.00059522005986023486,
		0.00079365074210371129, -0.0027777777777237521, 0.083333333333333329}

	digammaP32 = coefficients{2.0036861e-06, 0.00151142766, 0.0559136387, 0.53541444, 1.78344163, 2.12726331, 0.684166672}
	digammaQ32 = coefficients{0.000300509116, 0.0167571503, 0.226184443, 1.05777255, 1.84789412, 1}
	digammaP64 = coefficients{5.7364001729468614e-10, 2.1424984625593622e-07, 1.9367467407124567e-05,
		0.00069883653828897328, 0.012339713478201283, 0.11785614825430292, 0.63671886442900161, 1.9505522756515163,
		3.2387450309805721, 2.5685480055481897, 0.68416667178706958}
	digammaQ64 = coefficients{7.6725715192000541e-11, 3.9954737541799207e-08, 4.5381227293009902e-06,
		0.00019854368436269596, 0.0041873983894711794, 0.047576117077342578, 0.30724140506034103, 1.1420733992437342,
		2.3713047524583235, 2.4928899941150071, 1}
	digammaFar32 = coefficients{-0.00828496382, 0.0833332592}
	digammaFar64 = coefficients{0.067157459668655758, -0.02083396984025368, 0.0075736442947264993,
		-0.0041666577097921337, 0.0039682539500830614, -0.0083333333333194762, 0.083333333333333329}

	trigammaP32 = coefficients{0.348706133, 2.15947797, 5.88640617, 8.84254315, 7.73878, 3.89739504, 1}
	trigammaQ32 = coefficients{0.348706132, 1.98512497, 4.83572468, 6.09384286, 3.89739519, 1}
	trigammaP64 = coefficients{0.00051110962618505893, 0.011079162233472585, 0.11065125509512082, 0.66667605272024688,
		2.6741731594421063, 7.4555395104487081, 14.676589358363795, 20.355018367470493, 19.539727520372498,
		12.521075927902652, 4.9837577355123459, 1}
	trigammaQ64 = coefficients{0.00051110962618506174, 0.010823607420379784, 0.10515426644724594, 0.61229498492619072,
		2.3505169928998648, 6.1785926366303494, 11.199033182509925, 13.745888446629051, 10.876141861054426,
		4.9837577355123459, 1}
	trigammaFar32 = coefficients{-0.0330443321, 0.166666224}
	trigammaFar64 = coefficients{0.91289626707566296, -0.24908209015918151, 0.075724780717997042,
		-0.033333194657665315, 0.023809523528665163, -0.033333333333119455, 0.16666666666666663}
)

// positive leaves numbers that are not positive and finite outside.
func (b *builder) positive(x v) {
	b.Outside = int(b.or(b.cmp(b.k(0), NotLt, x), b.cmp(x, Eq, b.inf(1))))
}

// nearOr is p/q below 9 and 1/x from there on.
func (b *builder) nearOr(x, p, q v) (near, r v) {
	near = b.cmp(x, Lt, b.k(9))
	return near, b.div(b.blend(near, p, b.k(1)), b.blend(near, q, x))
}

// lgamma is log Γ. Below 0.7 it is that of x+1 less log x; the factors that are 0
// at 1 and 2 are exact where they are small.
func lgamma(b *builder, x []v) v {
	z, one := x[0], b.k(1)
	b.positive(z)
	m, k := b.splitAny(z)
	l := b.log1(b.sub(m, one), k)
	below := b.cmp(z, Lt, b.k(0.7))
	y := b.blend(below, b.add(z, one), z)
	p := b.blend(below, z, b.sub(z, one))
	near, r := b.nearOr(z, b.poly(y, b.of(lgammaP32, lgammaP64)), b.poly(y, b.of(lgammaQ32, lgammaQ64)))
	close := b.fnma(b.mul(p, b.sub(one, p)), r, b.and(below, b.neg(l))) // 0 at 1 and 2, not -0
	const half = 0.41893853320467274178032973640562                     // (log 2π - 1)/2
	far := b.fma(r, b.poly(b.mul(r, r), b.of(lgammaFar32, lgammaFar64)), b.k(half))
	far = b.fma(b.sub(z, b.k(0.5)), b.sub(l, one), far)
	return b.blend(near, close, far)
}

// polygammaPrograms are the orders of polygamma that have a program.
var polygammaPrograms = []func(b *builder, x []v) v{digamma, trigamma}

// digamma has its root in two parts, so that the difference from it is exact.
func digamma(b *builder, x []v) v {
	z, one := x[0], b.k(1)
	b.positive(z)
	m, _, k := b.split(z)
	l := b.log1(b.sub(m, one), k)
	near, r := b.nearOr(z, b.poly(z, b.of(digammaP32, digammaP64)), b.mul(z, b.poly(z, b.of(digammaQ32, digammaQ64))))
	less := b.sub(b.sub(z, b.pick(0x1.762d86p+0, 0x1.762d86356be3fp+0)), b.pick(0x1.ab5f1fb70d4e4p-27, 0x1.b86a722197829p-54))
	r2 := b.mul(r, r)
	far := b.sub(l, b.fma(r2, b.poly(r2, b.of(digammaFar32, digammaFar64)), b.mul(b.k(0.5), r)))
	return b.blend(near, b.mul(less, r), far)
}

func trigamma(b *builder, x []v) v {
	z := x[0]
	b.positive(z)
	near, r := b.nearOr(z, b.poly(z, b.of(trigammaP32, trigammaP64)), b.mul(b.mul(z, z), b.poly(z, b.of(trigammaQ32, trigammaQ64))))
	r2 := b.mul(r, r)
	far := b.fma(r2, b.fma(r, b.poly(r2, b.of(trigammaFar32, trigammaFar64)), b.k(0.5)), r)
	return b.blend(near, r, far)
}
