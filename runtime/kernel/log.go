package kernel

import "math"

// logTail is the sum that log and log1p share: (log(1+f) - f + f²/2)/s - f²/2
// with s = f/(2+f).
func logTail(s float64) float64 {
	z := float64(s * s)
	w := float64(z * z)
	even := ma(w, ma(w, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01)
	odd := ma(w, ma(w, ma(w, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01), 6.666666666666735130e-01)
	return float64(w*even) + float64(z*odd)
}

// split writes x = m 2^k with m in [√½, √2), for x positive and finite.
func split(x float64) (m float64, k int) {
	if x < 0x1p-1022 {
		x *= 0x1p54
		k = -54
	}
	b := math.Float64bits(x) + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd)
	k += int(b>>52) - 0x3ff
	return math.Float64frombits(b&0x000fffffffffffff + 0x3fe6a09e667f3bcd), k
}

// Log is the natural logarithm, below 1 ulp; after msun.
func Log(x float64) float64 {
	if !(x > 0 && x <= math.MaxFloat64) {
		return logSpecial(x)
	}
	m, k := split(x)
	f := m - 1
	s := f / (2 + f)
	hfsq := float64(0.5 * f * f)
	kf := float64(k)
	return float64(kf*ln2Hi) - ((hfsq - (float64(s*(hfsq+logTail(s))) + float64(kf*ln2Lo))) - f)
}

func logSpecial(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case x < 0:
		return math.NaN()
	}
	return x // NaN or +Inf
}

// Log32 is the natural logarithm rounded to f32.
func Log32(x float32) float32 {
	if !(x > 0 && x <= math.MaxFloat32) {
		return float32(logSpecial(float64(x)))
	}
	m, k := split(float64(x))
	f := m - 1
	s := f / (2 + f)
	z := float64(s * s)
	p := ma(z, ma(z, ma(z, ma(z, 2.0/9, 2.0/7), 2.0/5), 2.0/3), 2)
	return float32(float64(float64(k)*ln2) + float64(s*ma(float64(z*z), float64(float64(z*z)*float64(z*(2.0/11))), p)))
}

// Log1p is log(1+x), accurate near 0, below 1 ulp; after msun.
func Log1p(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x <= -1:
		return logSpecial(x + 1)
	case math.Abs(x) < 0x1p-53:
		return x
	}
	f, c, k := x, 0.0, 0
	if x < -0.2928932188134524 || x > 0.41421356237309515 {
		u := 1 + x
		f, k = split(u)
		f--
		switch {
		case k >= 54:
		case k >= 2:
			c = (1 - (u - x)) / u
		default:
			c = (x - (u - 1)) / u
		}
	}
	hfsq := float64(0.5 * f * f)
	s := f / (2 + f)
	kf := float64(k)
	return float64(s*(hfsq+logTail(s))) + (float64(kf*ln2Lo) + c) - hfsq + f + float64(kf*ln2Hi)
}

// high keeps the upper half of the bits of x, so that products of two such
// numbers are exact.
func high(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) &^ 0xffffffff)
}

var powL = [...]float64{5.99999999999994648725e-01, 4.28571428578550184252e-01, 3.33333329818377432918e-01,
	2.72728123808534006489e-01, 2.30660745775561754067e-01, 2.06975017800338417784e-01}

// Pow is x^y with the special cases of IEEE 754 pow, below 1 ulp: log2 of x in
// two parts, the product, then 2 to it; after msun.
func Pow(x, y float64) float64 {
	if r, ok := powSpecial(x, y); ok {
		return r
	}
	sign := 1.0
	if x < 0 {
		if y != math.Floor(y) {
			return math.NaN()
		}
		if isOdd(y) {
			sign = -1
		}
		x = -x
	}
	t1, t2 := log2parts(x)
	if math.Abs(y) > 0x1p64 { // the result is 0, 1 or infinite
		switch {
		case t1 == 0 && t2 == 0:
			return 1
		case (t1 > 0) == (y > 0):
			return sign * math.Inf(1)
		}
		return sign * 0
	}
	y1 := high(y)
	lo := float64((y-y1)*t1) + float64(y*t2)
	hi := float64(y1 * t1)
	z := lo + hi
	switch {
	case z >= 1025:
		return sign * math.Inf(1)
	case z <= -1076:
		return sign * 0
	}
	return sign * exp2parts(hi, lo)
}

func isOdd(y float64) bool {
	return math.Abs(y) < 0x1p53 && y == math.Floor(y) && int64(y)&1 == 1
}

func powSpecial(x, y float64) (float64, bool) {
	inf := math.Inf(1)
	switch {
	case y == 0 || x == 1:
		return 1, true
	case x != x || y != y:
		return math.NaN(), true
	case y == 1:
		return x, true
	case x == 0 || math.IsInf(x, 0):
		r := math.Abs(x)
		if y < 0 {
			r = 1 / r
		}
		if isOdd(y) {
			r = math.Copysign(r, x)
		}
		return r, true
	case math.IsInf(y, 0):
		switch a := math.Abs(x); {
		case a == 1:
			return 1, true
		case (a > 1) == (y > 0):
			return inf, true
		}
		return 0, true
	}
	return 0, false
}

// log2parts is log2(x) = t1 + t2 with t1 of 21 bits, for x positive and finite.
func log2parts(x float64) (t1, t2 float64) {
	const cp, cpHi, cpLo = 9.61796693925975554329e-01, 9.61796700954437255859e-01, -7.02846165095275826516e-09
	n := 0
	if x < 0x1p-1022 {
		x *= 0x1p53
		n = -53
	}
	b := math.Float64bits(x)
	n += int(b>>52) - 1023
	m := b&0x000fffffffffffff | 0x3ff0000000000000
	bp, dpHi, dpLo := 1.0, 0.0, 0.0
	switch hi := m >> 32 & 0xfffff; {
	case hi <= 0x3988e:
	case hi < 0xbb67a:
		bp, dpHi, dpLo = 1.5, 5.84962487220764160156e-01, 1.35003920212974897128e-08
	default:
		n++
		m -= 1 << 52
	}
	a := math.Float64frombits(m)
	u, v := a-bp, 1/(a+bp)
	ss := float64(u * v)
	sh := high(ss)
	th := high(a + bp)
	tl := a - (th - bp)
	sl := float64(v * ((u - float64(sh*th)) - float64(sh*tl)))
	s2 := float64(ss * ss)
	r := float64(float64(s2*s2) * horner(s2, powL[:]))
	r += float64(sl * (sh + ss))
	s2 = float64(sh * sh)
	th = high(3 + s2 + r)
	tl = r - ((th - 3) - s2)
	u = float64(sh * th)
	v = float64(sl*th) + float64(tl*ss)
	ph := high(u + v)
	pl := v - (ph - u)
	zh := float64(cpHi * ph)
	zl := float64(cpLo*ph) + float64(pl*cp) + dpLo
	nf := float64(n)
	t1 = high(((zh + zl) + dpHi) + nf)
	return t1, zl - (((t1 - nf) - dpHi) - zh)
}

// exp2parts is 2^(hi+lo).
func exp2parts(hi, lo float64) float64 {
	const lg2Hi, lg2Lo = 6.93147182464599609375e-01, -1.90465429995776804525e-09
	n := math.RoundToEven(hi + lo)
	hi -= n
	t := high(lo + hi)
	u := float64(t * lg2Hi)
	v := float64((lo-(t-hi))*ln2) + float64(t*lg2Lo)
	z := u + v
	w := v - (z - u)
	t = float64(z * z)
	t1 := z - float64(t*ma(t, ma(t, ma(t, ma(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06),
		6.61375632143793436117e-05), -2.77777777770155933842e-03), 1.66666666666666019037e-01))
	r := float64(z*t1)/(t1-2) - (w + float64(z*w))
	return scale(1-(r-z), int(n))
}
