// Package kernel holds the typed loops that everything runs on: elementwise
// kernels over tiles, the GEMM family, reductions, gather and scatter. The
// portable tier is plain Go, the same bits on every architecture, and does what
// the tiers above it have no kernel for; those of AVX2 are assembly that
// package gen writes.
//
// In Go, every product that meets a sum is converted explicitly, because the language
// allows a compiler to contract x*y+z to one rounding where it is not; and no
// elementary function of the standard library is called, because those differ
// between processors.
package kernel

import "math"

const (
	ln2Hi  = 6.93147180369123816490e-01
	ln2Lo  = 1.90821492927058770002e-10
	invLn2 = 1.44269504088896338700e+00
	ln2    = 6.93147180559945286227e-01
	// magic rounds a small number to an integer when added and taken away.
	magic = 0x1.8p52
)

// ma is x*y + z with two roundings.
func ma(x, y, z float64) float64 { return float64(x*y) + z }

// horner is c[0] + z*(c[1] + z*(...)).
func horner(z float64, c []float64) float64 {
	r := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		r = float64(r*z) + c[i]
	}
	return r
}

// scale is x * 2^k for |k| ≤ 2000 and x near 1; results below the normal range
// are rounded once.
func scale(x float64, k int) float64 {
	if k >= -1021 && k <= 1023 {
		return x * math.Float64frombits(uint64(k+1023)<<52)
	}
	if k > 0 {
		return x * 0x1p1023 * math.Float64frombits(uint64(k-1023+1023)<<52)
	}
	return x * math.Float64frombits(uint64(k+1000+1023)<<52) * 0x1p-1000
}

// Exp is e^x, below 1 ulp: x = k ln 2 + r, and a rational form of e^r after
// the msun library.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019412:
		return 0
	}
	t := float64(x*invLn2) + magic
	kf := t - magic
	hi := x - float64(kf*ln2Hi)
	lo := float64(kf * ln2Lo)
	return scale(expTail(hi, lo), int(kf))
}

// expTail is e^(hi-lo) for |hi-lo| ≤ ln2/2.
func expTail(hi, lo float64) float64 {
	r := hi - lo
	t := float64(r * r)
	c := r - float64(t*ma(t, ma(t, ma(t, ma(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06),
		6.61375632143793436117e-05), -2.77777777770155933842e-03), 1.66666666666666019037e-01))
	return 1 - ((lo - float64(r*c)/(2-c)) - hi)
}

// exp32 is e^x in double precision to about 33 bits, enough for one rounding
// to f32; x is finite and within ±110.
func exp32(x float64) float64 {
	t := float64(x*invLn2) + magic
	kf := t - magic
	r := x - float64(kf*ln2)
	z := float64(r * r)
	// Even and odd terms apart: two short chains instead of a long one.
	even := ma(z, ma(z, ma(z, ma(z, 1.0/40320, 1.0/720), 1.0/24), 0.5), 1)
	odd := ma(z, ma(z, ma(z, 1.0/5040, 1.0/120), 1.0/6), 1)
	return ma(odd, r, even) * math.Float64frombits(uint64(int64(kf)+1023)<<52)
}

// Exp32 is e^x rounded to f32.
func Exp32(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > 89:
		return float32(math.Inf(1))
	case x < -104:
		return 0
	}
	return float32(exp32(float64(x)))
}

var expm1Q = [...]float64{1, -3.33333333333331316428e-02, 1.58730158725481460165e-03,
	-7.93650757867487942473e-05, 4.00821782732936239552e-06, -2.01099218183624371326e-07}

// Expm1 is e^x - 1, accurate near 0, below 1 ulp; after msun.
func Expm1(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -38.816242111356935:
		return -1
	case math.Abs(x) < 0x1p-54:
		return x
	}
	k, c := 0, 0.0
	if math.Abs(x) > 0.5*ln2 {
		kf := math.RoundToEven(float64(x * invLn2))
		hi, lo := x-float64(kf*ln2Hi), float64(kf*ln2Lo)
		x = hi - lo
		c = (hi - x) - lo
		k = int(kf)
	}
	return expm1Tail(x, c, k)
}

// expm1Tail is e^(x+c) 2^k - 1.
func expm1Tail(x, c float64, k int) float64 {
	hfx := float64(0.5 * x)
	hxs := float64(x * hfx)
	r1 := horner(hxs, expm1Q[:])
	t := 3 - float64(r1*hfx)
	e := float64(hxs * ((r1 - t) / (6 - float64(x*t))))
	if k == 0 {
		return x - (float64(x*e) - hxs)
	}
	e = float64(x*(e-c)) - c
	e -= hxs
	switch {
	case k == -1:
		return float64(0.5*(x-e)) - 0.5
	case k == 1:
		if x < -0.25 {
			return -2 * (e - (x + 0.5))
		}
		return 1 + float64(2*(x-e))
	case k <= -2 || k > 56:
		return scale(1-(e-x), k) - 1
	case k < 20:
		return scale((1-scale(1, -k))-(e-x), k)
	}
	return scale((x-(e+scale(1, -k)))+1, k)
}

// Tanh is below 2 ulp.
func Tanh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x != x:
		return x
	case a > 22:
		return math.Copysign(1, x)
	case a < 0x1p-28:
		return x
	case a >= 1:
		a = 1 - 2/(Expm1(2*a)+2)
	default:
		t := Expm1(-2 * a)
		a = -t / (t + 2)
	}
	return math.Copysign(a, x)
}

// Tanh32 is tanh rounded to f32.
func Tanh32(x float32) float32 {
	d := float64(x)
	a := math.Abs(d)
	switch {
	case x != x:
		return x
	case a > 10:
		return float32(math.Copysign(1, d))
	case a < 0x1p-8:
		z := float64(d * d)
		return float32(float64(d * (1 - float64(z*(1.0/3-float64(z*(2.0/15)))))))
	}
	return float32(math.Copysign(1-2/(exp32(2*a)+1), d))
}

// Logistic is 1/(1+e^-x), below 2 ulp on both sides.
func Logistic(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}

// Logistic32 is the logistic function rounded to f32.
func Logistic32(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > 89:
		return 1
	case x < -104:
		return 0
	}
	return float32(1 / (1 + exp32(-float64(x))))
}
