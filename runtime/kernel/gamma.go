package kernel

import (
	"math"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// Numbers from fromSeries on have the series of Stirling, others the fits of
// package macro. What is further from 0 than alike is not log Γ but its first
// term, and so for its derivatives.
const (
	fromSeries = 8
	alike      = 0x1p-70
)

// Lgamma is log |Γ(x)|, for x > 0 below 1 ulp. For x < 0 it is the difference
// log |π/sin πx| - log Γ(1-x), which has zeros below -2: what it is off by more
// than 1 ulp is below 2^-54 of the terms.
func Lgamma(x float64) float64 {
	switch {
	case x != x:
		return x
	case x == 0 || math.IsInf(x, 0):
		return math.Inf(1)
	case math.Abs(x) < alike:
		return -Log(math.Abs(x))
	case x > 0:
		return lgammaPositive(x)
	case x == math.Floor(x):
		return math.Inf(1)
	}
	const logPi, logPiLow = 1.1447298858494002, 1.0265951162707826e-17
	sin, _ := sinCosPi(-x - math.RoundToEven(-x))
	if sin.hi < 0 {
		sin = pair{-sin.hi, -sin.lo}
	}
	return pair{logPi, logPiLow}.minus(logPair(sin)).minus(lgammaUp(-x)).value()
}

func lgammaPositive(x float64) float64 {
	switch {
	case x < 0.5:
		return lgammaNear(x, 1).minus(logPair(pair{x, 0})).value()
	case float64(x*(Log(x)-1)) > math.MaxFloat64:
		return math.Inf(1)
	}
	return lgammaPair(x).value()
}

// lgammaUp is log Γ(x+1) of x > 0.
func lgammaUp(x float64) pair {
	if x < fromSeries-1 {
		return lgammaNear(x, 1)
	}
	return lgammaPair(x).plus(logPair(pair{x, 0}))
}

// lgammaNear is log Γ(x+step), below 8.
func lgammaNear(x, step float64) pair {
	p := x - (1 - step) // the number less 1
	return pair{p, 0}.times(sum(p, -1)).times(fitted(&macro.LgammaFit, x, step))
}

// lgammaPair is log Γ(x) from ½ on.
func lgammaPair(x float64) pair {
	if x < fromSeries {
		return lgammaNear(x, 0)
	}
	const half = 4.18938533204672725052e-01 // (log 2π - 1)/2
	m := logPair(pair{x, 0}).minus(pair{1, 0})
	_, p := farFit(&macro.LgammaFit, x)
	return m.times(pair{x, 0}).plus(pair{p + half - float64(0.5*m.hi), 0})
}

// fitted is a fit at x+step. The last of its terms counts in full.
func fitted(f *macro.Fit, x, step float64) pair {
	at := 0
	for at < len(f.Borders) && x+step >= f.Borders[at] {
		at++
	}
	t, n := x-(f.Centres[at]-step), len(f.Terms)-1
	r := f.Terms[n][at]
	for k := n - 1; k > 0; k-- {
		r = float64(r*t) + f.Terms[k][at]
	}
	return pair{f.Terms[0][at], f.Low[at]}.plus(product(r, t))
}

// farFit is 1/x, and what a fit has from 8 on times it.
func farFit(f *macro.Fit, x float64) (r, p float64) {
	r = 1 / x
	z := float64(r * r)
	for _, c := range f.Far {
		p = float64(p*z) + c
	}
	return r, float64(p * r)
}

// digamma is below 1 ulp for x > 0. For x < 0 it is digamma(1-x) - π cot πx, with
// a zero between any two poles, and as near as Lgamma is there.
func digamma(x float64) float64 {
	switch {
	case math.Abs(x) < alike:
		return -1 / x
	case x >= 1:
		return digammaPair(x).value()
	case x > 0:
		return digammaNear(x, 1).minus(reciprocal(x)).value()
	}
	y := -x
	sin, cos := sinCosPi(y - math.RoundToEven(y))
	cot := pair{piHi, piLo}.times(cos.over(sin))
	if y < fromSeries-1 {
		return digammaNear(y, 1).plus(cot).value()
	}
	return digammaPair(y).plus(reciprocal(y)).plus(cot).value()
}

// digammaNear is digamma(x+step), below 8, by the difference from its root.
func digammaNear(x, step float64) pair {
	const root, rootLow = 0x1.762d86356be3fp+0, 0x1.b86a722197829p-54
	d := sum(x, step-root)
	d.lo -= rootLow
	return d.times(fitted(&macro.DigammaFit, x, step))
}

// digammaPair is digamma(x) from 1 on.
func digammaPair(x float64) pair {
	if x < fromSeries {
		return digammaNear(x, 0)
	}
	r, p := farFit(&macro.DigammaFit, x)
	return logPair(pair{x, 0}).minus(pair{float64(r*p) + float64(0.5*r), 0})
}

// trigamma is below 1.5 ulp: for x < 0 it is a difference, too, but of a great
// and a small number.
func trigamma(x float64) float64 {
	switch {
	case math.Abs(x) < 0x1p-511:
		return 1 / float64(x*x)
	case x >= 1:
		return trigammaPair(x).value()
	case x > 0 || x > -alike:
		r := reciprocal(x)
		return r.times(r).plus(fitted(&macro.TrigammaFit, math.Abs(x), 1)).value()
	}
	y := -x
	sin, _ := sinCosPi(y - math.RoundToEven(y))
	s := pair{piHi, piLo}.over(sin)
	s = s.times(s)
	if y < fromSeries-1 {
		return s.minus(fitted(&macro.TrigammaFit, y, 1)).value()
	}
	r := reciprocal(y)
	return s.minus(trigammaPair(y).minus(r.times(r))).value()
}

// trigammaPair is trigamma(x) from 1 on.
func trigammaPair(x float64) pair {
	if x < fromSeries {
		return fitted(&macro.TrigammaFit, x, 0)
	}
	r, p := farFit(&macro.TrigammaFit, x)
	return reciprocal(x).plus(pair{float64(float64(r*r) * (p + 0.5)), 0})
}

// reciprocal is 1/x.
func reciprocal(x float64) pair {
	r := 1 / x
	p := product(r, x)
	return pair{r, float64((1 - p.hi - p.lo) * r)}
}

// bernoulli is B_2k/(2k)! for k from 1, for the asymptotic series below.
var bernoulli = [...]float64{1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 5.0 / 239500800,
	-691.0 / 1307674368000, 7.0 / 523069747200, -3617.0 / 10670622842880000, 43867.0 / 5109094217170944000,
	-174611.0 / 802857662698291200000}

// Polygamma is the n-th derivative of digamma, the (n+1)-th of log Γ; infinite
// at 0 and NaN at the other poles. From the second derivative on it is by
// recurrence up to a large argument, then the asymptotic series.
func Polygamma(n int64, x float64) float64 {
	switch {
	case x != x || n < 0 || x < 0 && x == math.Floor(x):
		return math.NaN()
	case x == 0:
		return math.Inf(int(n%2)*2 - 1)
	case math.IsInf(x, 1):
		if n == 0 {
			return x
		}
		return 0
	case n == 0:
		return digamma(x)
	case n == 1:
		return trigamma(x)
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
