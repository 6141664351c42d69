package kernel

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// bernoulliNumbers are B_2k for k from 1.
func bernoulliNumbers(many int) []*big.Float {
	b := []*big.Rat{big.NewRat(1, 1)}
	for m := 1; m <= 2*many; m++ { // Σ C(m+1, k) B_k = 0 for k from 0 to m
		sum, choose := new(big.Rat), big.NewRat(1, 1)
		for k := range m {
			sum.Add(sum, new(big.Rat).Mul(choose, b[k]))
			choose.Mul(choose, big.NewRat(int64(m+1-k), int64(k+1)))
		}
		b = append(b, sum.Mul(sum.Neg(sum), big.NewRat(1, int64(m+1))))
	}
	var out []*big.Float
	for k := 2; k < len(b); k += 2 {
		out = append(out, nb().SetRat(b[k]))
	}
	return out
}

var bernoulliBig = bernoulliNumbers(30)

// bigGamma is log Γ and its first two derivatives at x > 0, by their series at
// 50 and what the steps from there on down to x take away.
func bigGamma(x *big.Float) [3]*big.Float {
	steps := 50
	if x.Cmp(bf(1000)) > 0 {
		steps = 0
	}
	one, at, product := bf(1), nb().Set(x), bf(1)
	digamma, trigamma := nb(), nb()
	for range steps {
		product.Mul(product, at)
		r := nb().Quo(one, at)
		digamma.Sub(digamma, r)
		trigamma.Add(trigamma, r.Mul(r, r))
		at.Add(at, one)
	}
	pi, _ := nb().SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
	log, r := bigLog(at), nb().Quo(one, at)
	square := nb().Mul(r, r)
	gamma := nb().Mul(nb().Sub(at, bf(0.5)), log)
	gamma.Sub(gamma, at)
	gamma.Add(gamma, nb().Mul(bf(0.5), bigLog(nb().Add(pi, pi))))
	gamma.Sub(gamma, bigLog(product))
	digamma.Add(digamma, log)
	digamma.Sub(digamma, nb().Mul(bf(0.5), r))
	trigamma.Add(trigamma, r)
	trigamma.Add(trigamma, nb().Mul(bf(0.5), square))
	power := nb().Set(r) // r^(2k-1)
	for i, b := range bernoulliBig {
		k := float64(2 * (i + 1))
		term := nb().Mul(b, power)
		gamma.Add(gamma, nb().Quo(term, bf(k*(k-1))))
		term.Mul(term, r)
		digamma.Sub(digamma, nb().Quo(term, bf(k)))
		trigamma.Add(trigamma, term.Mul(term, r))
		power.Mul(power, square)
	}
	return [3]*big.Float{gamma, digamma, trigamma}
}

// TestMacroGamma holds log Γ and its derivatives to 8 units in the last place of
// big numbers in f64 and to 6 in f32: polynomials of degree 11 and 5 over one
// another have the errors of all their terms. Beside the roots of lgamma and
// digamma it counts units of the result, too.
func TestMacroGamma(t *testing.T) {
	r := rand.New(rand.NewSource(12))
	roots := []float64{1, 2, 1.4616321449683623}
	draws := []func() float64{
		func() float64 { return 0.7 * r.Float64() },
		func() float64 { return 0.7 + 2.3*r.Float64() },
		func() float64 { return 3 + 6*r.Float64() },
		func() float64 { return 9 + 20*r.Float64() },
		func() float64 { return roots[r.Intn(3)] * (1 + r.NormFloat64()*math.Exp(-20*r.Float64())/10) },
		func() float64 { return math.Exp(80 * r.NormFloat64()) },
	}
	points := []float64{5e-324, 1e-310, 1e-40, 1.4616321449683623, 0.7, math.Nextafter(0.7, 0), 9, math.Nextafter(9, 0), 1e30, 1e300}
	for _, draw := range draws {
		for range 100 {
			points = append(points, draw())
		}
	}
	rows := []string{"lgamma", "polygamma 0", "polygamma 1"}
	var worst64, worst32 [3]float64
	for _, x := range points {
		single := float32(x)
		want, want32 := bigGamma(bf(x)), [3]*big.Float{}
		if single > 0 && single < math.MaxFloat32 {
			want32 = bigGamma(bf(float64(single)))
		}
		for i, row := range rows {
			name, n := power(row)
			got := program(t, name, macro.F64, n).Eval64(x)
			u := ulps(got, want[i])
			worst64[i] = max(worst64[i], u)
			if !(u <= 8) {
				t.Errorf("%s(%v) = %v, want %.20g: %.2f ulp", row, x, got, want[i], u)
			}
			if want32[i] == nil {
				continue
			}
			w, _ := want32[i].Float64()
			got32 := program(t, name, macro.F32, n).Eval32(single)
			u = error32(got32, w)
			worst32[i] = max(worst32[i], u)
			if !(u <= 6) {
				t.Errorf("%s(%v) = %v in f32, want %v: %.2f ulp", row, single, got32, w, u)
			}
		}
	}
	t.Logf("%v: %.2f ulp in f64, %.2f in f32", rows, worst64, worst32)
	for _, x := range []float64{1, 2} {
		if g := program(t, "lgamma", macro.F64, 0).Eval64(x); !same(g, 0) {
			t.Errorf("lgamma(%v) = %v", x, g)
		}
	}
}

// TestMacroGammaDomain: what is not positive and finite is left to the portable
// kernel.
func TestMacroGammaDomain(t *testing.T) {
	for _, x := range []float64{0, math.Copysign(0, -1), -1, -1.5, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 1, math.MaxFloat64} {
		for _, row := range []string{"lgamma", "polygamma 0", "polygamma 1"} {
			name, n := power(row)
			if _, out := program(t, name, macro.F64, n).Eval(math.Float64bits(x)); out != !(x > 0 && x <= math.MaxFloat64) {
				t.Errorf("%s(%v) is outside: %v", row, x, out)
			}
		}
	}
}
