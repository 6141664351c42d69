package kernel

import "math"

// Coefficients of log Γ by interval, after msun.
var (
	lgA0 = [...]float64{7.72156649015328655494e-02, 6.73523010531292681824e-02, 7.38555086081402883957e-03,
		1.19270763183362067845e-03, 2.20862790713908385557e-04, 2.52144565451257326939e-05}
	lgA1 = [...]float64{3.22467033424113591611e-01, 2.05808084325167332806e-02, 2.89051383673415629091e-03,
		5.10069792153511336608e-04, 1.08011567247583939954e-04, 4.48640949618915160150e-05}
	lgT0 = [...]float64{4.83836122723810047042e-01, -3.27885410759859649565e-02, 6.10053870246291332635e-03,
		-1.40346469989232843813e-03, 3.15632070903625950361e-04}
	lgT1 = [...]float64{-1.47587722994593911752e-01, 1.79706750811820387126e-02, -3.68452016781138256760e-03,
		8.81081882437654011382e-04, -3.12754168375120860518e-04}
	lgT2 = [...]float64{6.46249402391333854778e-02, -1.03142241298341437450e-02, 2.25964780900612472250e-03,
		-5.38595305356740546715e-04, 3.35529192635519073543e-04}
	lgU = [...]float64{-7.72156649015328655494e-02, 6.32827064025093366517e-01, 1.45492250137234768737e+00,
		9.77717527963372745603e-01, 2.28963728064692451092e-01, 1.33810918536787660377e-02}
	lgV = [...]float64{1, 2.45597793713041134822e+00, 2.12848976379893395361e+00, 7.69285150456672783825e-01,
		1.04222645593369134254e-01, 3.21709242282423911810e-03}
	lgS = [...]float64{-7.72156649015328655494e-02, 2.14982415960608852501e-01, 3.25778796408930981787e-01,
		1.46350472652464452805e-01, 2.66422703033638609560e-02, 1.84028451407337715652e-03, 3.19475326584100867617e-05}
	lgR = [...]float64{1, 1.39200533467621045958e+00, 7.21935547567138069525e-01, 1.71933865632803078993e-01,
		1.86459191715652901344e-02, 7.77942496381893596434e-04, 7.32668430744625636189e-06}
	lgW = [...]float64{8.33333333333329678849e-02, -2.77777777728775536470e-03, 7.93650558643019558500e-04,
		-5.95187557450339963135e-04, 8.36339918996282139126e-04, -1.63092934096575273989e-03}
)

// Lgamma is log |Γ(x)|; below 2 ulp for x > 0, and for x < 0 away from zeros.
func Lgamma(x float64) float64 {
	switch {
	case x != x:
		return x
	case x == 0 || math.IsInf(x, 0):
		return math.Inf(1)
	case x > 0:
		return lgammaPositive(x)
	case x > -0x1p-70:
		return -Log(-x)
	}
	s := math.Abs(sinPi(x))
	if s == 0 {
		return math.Inf(1)
	}
	return Log(math.Pi/float64(s*-x)) - lgammaPositive(-x)
}

func lgammaPositive(x float64) float64 {
	switch {
	case x < 0x1p-70:
		return -Log(x)
	case x == 1 || x == 2:
		return 0
	case x < 2:
		return lgammaSmall(x)
	case x < 8:
		return lgammaMiddle(x)
	case x < 0x1p58:
		z := 1 / x
		w := 4.18938533204672725052e-01 + float64(z*horner(float64(z*z), lgW[:]))
		return float64((x-0.5)*(Log(x)-1)) + w
	}
	return x * (Log(x) - 1)
}

// lgammaSmall is for 0 < x < 2: expansions at 2, at the minimum and at 1.
func lgammaSmall(x float64) float64 {
	const least, tc = 1.461632144968362245, 1.46163214496836224576
	r := 0.0
	if x <= 0.9 {
		r = -Log(x)
		switch {
		case x >= least-1+0.27:
			return r + lgammaNear2(1-x)
		case x >= least-1-0.27:
			return r + lgammaLeast(x-(tc-1))
		}
		return r + lgammaNear1(x)
	}
	switch {
	case x >= least+0.27:
		return lgammaNear2(2 - x)
	case x >= least-0.27:
		return lgammaLeast(x - tc)
	}
	return lgammaNear1(x - 1)
}

func lgammaNear2(y float64) float64 {
	z := float64(y * y)
	p := float64(y*horner(z, lgA0[:])) + float64(z*horner(z, lgA1[:]))
	return p - float64(0.5*y)
}

func lgammaLeast(y float64) float64 {
	const tf, tt = -1.21486290535849611461e-01, -3.63867699703950536541e-18
	z := float64(y * y)
	w := float64(z * y)
	p1, p2, p3 := horner(w, lgT0[:]), horner(w, lgT1[:]), horner(w, lgT2[:])
	return tf + (float64(z*p1) - (tt - float64(w*(p2+float64(y*p3)))))
}

func lgammaNear1(y float64) float64 {
	return float64(y*horner(y, lgU[:]))/horner(y, lgV[:]) - float64(0.5*y)
}

// lgammaMiddle is for 2 ≤ x < 8.
func lgammaMiddle(x float64) float64 {
	n := math.Floor(x)
	y := x - n
	r := float64(0.5*y) + float64(y*horner(y, lgS[:]))/horner(y, lgR[:])
	z := 1.0
	for k := n - 1; k >= 2; k-- {
		z *= y + k
	}
	if n > 2 {
		r += Log(z)
	}
	return r
}

// sinPi is sin(πx), exact at multiples of a half.
func sinPi(x float64) float64 {
	r := x - float64(2*math.RoundToEven(float64(x*0.5))) // -1 … 1
	switch {
	case r > 0.5:
		r = 1 - r
	case r < -0.5:
		r = -1 - r
	}
	if math.Abs(r) > 0.25 {
		return math.Copysign(cosKernelPi(0.5-math.Abs(r)), r)
	}
	return Sin(float64(math.Pi * r))
}

func cosKernelPi(r float64) float64 { return Cos(float64(math.Pi * r)) }

// bernoulli is B_2k/(2k)! for k from 1, for the asymptotic series below.
var bernoulli = [...]float64{1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 5.0 / 239500800,
	-691.0 / 1307674368000, 7.0 / 523069747200, -3617.0 / 10670622842880000, 43867.0 / 5109094217170944000,
	-174611.0 / 802857662698291200000}

// Polygamma is the n-th derivative of digamma, the (n+1)-th of log Γ: by
// recurrence up to a large argument, then the asymptotic series.
func Polygamma(n int64, x float64) float64 {
	switch {
	case x != x || n < 0:
		return math.NaN()
	case math.IsInf(x, 1):
		if n == 0 {
			return x
		}
		return 0
	case x <= 0 && x == math.Floor(x):
		if n%2 == 1 {
			return math.Inf(1)
		}
		return math.NaN()
	case x < 0 && n == 0:
		// ψ(x) = ψ(1-x) - π cot(πx)
		return polygammaUp(0, 1-x) - float64(math.Pi*sinPi(x+0.5))/sinPi(x)
	case x < 0 && n == 1:
		s := math.Pi / sinPi(x)
		return float64(s*s) - polygammaUp(1, 1-x)
	case x < -1e6:
		return math.NaN() // no reflection kept for higher orders that far out
	}
	return polygammaUp(n, x)
}

// polygammaUp sums the recurrence from the far end, smallest terms first.
func polygammaUp(n int64, x float64) float64 {
	far := 15 + float64(n)
	steps := 0
	if x < far {
		steps = int(math.Ceil(far - x))
	}
	r := polygammaFar(n, x+float64(steps))
	c := factorial(n)
	if n%2 == 0 {
		c = -c
	}
	for i := steps - 1; i >= 0; i-- {
		r += c / Powi(x+float64(i), n+1)
	}
	return r
}

// polygammaFar is the asymptotic series for x ≥ 15+n.
func polygammaFar(n int64, x float64) float64 {
	if n == 0 {
		z, p, s := 1/float64(x*x), 1.0, 0.0
		for k, b := range bernoulli {
			p *= z
			s += float64(b * factorial(int64(2*k+1)) * p)
		}
		return Log(x) - 0.5/x - s
	}
	// (-1)^(n+1) [ (n-1)!/x^n + n!/(2x^(n+1)) + Σ B_2k (2k+n-1)!/((2k)! x^(2k+n)) ]
	xn := Powi(x, n)
	s := factorial(n-1)/xn + factorial(n)/float64(2*xn*x)
	p := xn
	for k, b := range bernoulli {
		p *= x * x
		s += float64(b*factorial(int64(2*k+1)+n)) / p
	}
	if n%2 == 0 {
		return -s
	}
	return s
}

func factorial(n int64) float64 {
	f := 1.0
	for i := int64(2); i <= n; i++ {
		f *= float64(i)
	}
	return f
}
