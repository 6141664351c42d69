package ir

import "math"

// lgamma is log |Gamma(x)|, which the standard library has at -inf from the other
// side.
func lgamma(x float64) float64 {
	if math.IsInf(x, -1) {
		return math.Inf(1)
	}
	y, _ := math.Lgamma(x)
	return y
}

// polygamma is the derivative number n+1 of log Gamma at x. For x > 0 it
// shifts x up by the recurrence and sums the asymptotic series (Abramowitz and
// Stegun 6.4.6 and 6.4.11, 6.3.18 for n = 0); other x are reflected (6.4.7).
// It is infinite at 0 and NaN at the other poles.
func polygamma(n int, x float64) float64 {
	odd := float64(1 - 2*(n&1)) // (-1)^n
	switch {
	case math.IsNaN(x) || x < 0 && x == math.Floor(x):
		return math.NaN()
	case x == 0:
		return -odd * math.Inf(1)
	case math.IsInf(x, 1):
		if n == 0 {
			return x
		}
		return 0
	case x < 0:
		return odd*polygamma(n, 1-x) - cotDerivative(n, x)
	}
	factorial := math.Gamma(float64(n) + 1)
	sum := 0.0
	for ; x < float64(20+n); x++ {
		sum -= odd * factorial / math.Pow(x, float64(n)+1)
	}
	return sum + polygammaSeries(n, x, odd, factorial)
}

// bernoulli is B_2, B_4, …, B_20.
var bernoulli = [...]float64{1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6, -3617. / 510, 43867. / 798, -174611. / 330}

// polygammaSeries is the asymptotic series for large x.
func polygammaSeries(n int, x, odd, factorial float64) float64 {
	if n == 0 {
		sum := math.Log(x) - 0.5/x
		p := 1.0
		for i, b := range bernoulli {
			p /= x * x
			sum -= b * p / float64(2*(i+1))
		}
		return sum
	}
	nf := float64(n)
	head := factorial / nf / math.Pow(x, nf)
	sum := head + factorial/2/math.Pow(x, nf+1)
	// term k of the tail is B_2k (2k+n-1)!/(2k)! / x^(2k+n)
	c := head
	for i, b := range bernoulli {
		k := float64(2 * (i + 1))
		c *= (k + nf - 1) * (k + nf - 2) / (k * (k - 1)) / (x * x)
		sum += b * c
	}
	return -odd * sum
}

// cotDerivative is the n-th derivative of pi·cot(pi·x), as a polynomial in
// c = cot(pi·x): c' = -pi(1 + c²).
func cotDerivative(n int, x float64) float64 {
	poly := []float64{0, math.Pi}
	for range n {
		next := make([]float64, len(poly)+1)
		for i := 1; i < len(poly); i++ {
			d := -math.Pi * float64(i) * poly[i]
			next[i-1] += d
			next[i+1] += d
		}
		poly = next
	}
	c := 1 / math.Tan(math.Pi*(x-math.Round(x)))
	y := 0.0
	for i := len(poly) - 1; i >= 0; i-- {
		y = y*c + poly[i]
	}
	return y
}

// maxFloat is NaN if either is, which math.Max is not beside an infinity.
func maxFloat(x, y float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return math.NaN()
	}
	return math.Max(x, y)
}
