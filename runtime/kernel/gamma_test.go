package kernel

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

var gammaRows = [3]string{"lgamma", "polygamma 0", "polygamma 1"}

func gammaPrograms(t testing.TB, l macro.Lane) (c [3]*macro.Code) {
	for i, row := range gammaRows {
		name, n := power(row)
		c[i] = program(t, name, l, n)
	}
	return c
}

func gammaPortable(x float64) [3]float64 {
	return [3]float64{Lgamma(x), Polygamma(0, x), Polygamma(1, x)}
}

type gammaDraw struct {
	name string
	draw func() float64
}

// gammaDraws are numbers of all sizes, and those beside the roots.
func gammaDraws(r *rand.Rand) []gammaDraw {
	within := func(lo, hi float64) func() float64 { return func() float64 { return lo + (hi-lo)*r.Float64() } }
	beside := func(x float64) func() float64 {
		return func() float64 { return x + r.NormFloat64()*math.Exp(-35*r.Float64())/10 }
	}
	return []gammaDraw{{"tiny", func() float64 { return math.Exp(-700 * r.Float64()) }},
		{"0 … ½", within(0, 0.5)}, {"½ … 1", within(0.5, 1)}, {"1 … 2", within(1, 2)}, {"2 … 4", within(2, 4)},
		{"4 … 8", within(4, 8)}, {"8 … 30", within(8, 30)},
		{"great", func() float64 { return 30 * math.Exp(690*math.Pow(r.Float64(), 3)) }},
		{"at 1", beside(1)}, {"at 2", beside(2)}, {"at the root of digamma", beside(1.4616321449683623)}}
}

var gammaPoints = []float64{5e-324, 1e-310, 1e-200, 0x1p-511, 0x1p-512, 1e-40, 1e-20, 0x1p-70, math.Nextafter(0.5, 0), 0.5, math.Nextafter(1, 0),
	math.Nextafter(1, 2), math.Nextafter(2, 0), math.Nextafter(2, 3), 1.25, 3.25, 4, 1.4616321449683623, math.Nextafter(1.4616321449683623, 2),
	math.Nextafter(8, 0), 8, 1 << 30, 1 << 60, 1e200, 2.5e305, math.MaxFloat64}

// TestGamma holds log Γ and its derivatives of positive numbers to 2 units in
// the last place of big numbers, roots and borders of pieces among them: the
// portable kernels and the programs, in f64 and f32.
func TestGamma(t *testing.T) {
	double, single := gammaPrograms(t, macro.F64), gammaPrograms(t, macro.F32)
	check := func(x float64) (worst [3][3]float64) {
		want, portable := bigGamma(bf(x)), gammaPortable(x)
		for i := range gammaRows {
			worst[0][i] = ulps(portable[i], want[i])
			worst[1][i] = ulps(double[i].Eval64(x), want[i])
		}
		if s := float32(x); s > 0 && s <= math.MaxFloat32 {
			want = bigGamma(bf(float64(s)))
			for i := range gammaRows {
				w, _ := want[i].Float64()
				worst[2][i] = error32(single[i].Eval32(s), w)
			}
		}
		for k, which := range []string{"portable", "f64", "f32"} {
			for i, u := range worst[k] {
				if !(u <= 2) {
					t.Errorf("%s %s(%v) is off by %.2f ulp", which, gammaRows[i], x, u)
				}
			}
		}
		return worst
	}
	for _, k := range gammaDraws(rand.New(rand.NewSource(12))) {
		var worst [3][3]float64
		for range 150 {
			x := k.draw()
			if x == 1 || x == 2 {
				continue // 0, of which there is no last place
			}
			for which, w := range check(x) {
				for i, u := range w {
					worst[which][i] = max(worst[which][i], u)
				}
			}
		}
		t.Logf("%-22s portable, f64, f32: %.3f ulp", k.name, worst)
	}
	for _, x := range gammaPoints {
		check(x)
	}
}

// TestGammaDense holds the programs in f64 to 2 units of the portable kernels
// at many numbers, and those in f32 to 1.5 units of what these round from.
func TestGammaDense(t *testing.T) {
	double, single := gammaPrograms(t, macro.F64), gammaPrograms(t, macro.F32)
	for _, k := range gammaDraws(rand.New(rand.NewSource(13))) {
		var worst, worst32 [3]float64
		for range 4000 {
			x := k.draw()
			s := float32(x)
			want, want32 := gammaPortable(x), gammaPortable(float64(s))
			for i, row := range gammaRows {
				u := ulps(double[i].Eval64(x), bf(want[i]))
				if worst[i] = max(worst[i], u); !(u <= 2) {
					t.Errorf("f64 %s(%v) = %v, portable %v", row, x, double[i].Eval64(x), want[i])
				}
				if s <= 0 || s > math.MaxFloat32 {
					continue
				}
				u = error32(single[i].Eval32(s), want32[i])
				if worst32[i] = max(worst32[i], u); !(u <= 1.5) {
					t.Errorf("f32 %s(%v) = %v, want %v", row, s, single[i].Eval32(s), want32[i])
				}
			}
		}
		t.Logf("%-22s f64 from portable %.2f, f32 %.3f ulp", k.name, worst, worst32)
	}
}

// TestGammaNegative holds the portable kernels below 0 to 2 units in the last
// place and 2^-54 of the terms that the result is a difference of, beside their
// zeros and poles, too; trigamma, which has no zeros, to 2 units.
func TestGammaNegative(t *testing.T) {
	r := rand.New(rand.NewSource(14))
	zero := func(f func(float64) float64, lo, hi float64) float64 {
		for range 60 {
			if mid := (lo + hi) / 2; (f(mid) > 0) == (f(lo) > 0) {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	}
	digamma := func(x float64) float64 { return Polygamma(0, x) }
	points := []float64{-5e-324, -1e-310, -1e-200, -1e-20, -0.5, -1.5, -1e15 - 0.5, -1<<51 - 0.5, math.Nextafter(-1, 0), math.Nextafter(-3, -4)}
	for n := 0.0; n > -12; n-- {
		at := zero(digamma, n-1e-9, n-1+1e-9)
		points = append(points, at, math.Nextafter(at, 0), at+1e-9*r.NormFloat64(), at+1e-4*r.NormFloat64())
		if n <= -2 {
			for _, at := range []float64{zero(Lgamma, n-1e-9, n-0.5), zero(Lgamma, n-0.5, n-1+1e-9)} {
				points = append(points, at, math.Nextafter(at, 0), at+1e-9*r.NormFloat64(), at+1e-4*r.NormFloat64())
			}
		}
	}
	for range 400 {
		points = append(points, -r.Float64(), -1-r.Float64(), -10*r.Float64(), -1000*r.Float64(), -math.Exp(35*r.Float64()), -math.Exp(-300*r.Float64()))
	}
	for _, x := range points {
		if x == math.Floor(x) {
			continue
		}
		want, terms := bigGammaNegative(x)
		for i, got := range gammaPortable(x) {
			d, _ := nb().Sub(bf(got), want[i]).Float64()
			w, _ := want[i].Float64()
			if math.IsInf(w, 0) && got == w {
				continue
			}
			w = math.Abs(w)
			if most := 2*(math.Nextafter(w, math.Inf(1))-w) + 0x1p-54*terms[i]; !(math.Abs(d) <= most) {
				t.Errorf("%s(%v) = %v, want %.20g: off by %g, at most %g", gammaRows[i], x, got, want[i], d, most)
			}
		}
	}
}

// TestGammaEdges: 0 where they are 0, poles, infinities; all but positive and
// finite numbers are left to the portable kernel by the programs.
func TestGammaEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, k := range []struct {
		x    float64
		want [3]float64
	}{{0, [3]float64{inf, -inf, inf}}, {math.Copysign(0, -1), [3]float64{inf, -inf, inf}}, {-1, [3]float64{inf, nan, nan}},
		{-1e300, [3]float64{inf, nan, nan}}, {inf, [3]float64{inf, inf, 0}}, {-inf, [3]float64{inf, nan, nan}}, {nan, [3]float64{nan, nan, nan}},
		{5e-324, [3]float64{Lgamma(5e-324), -inf, inf}}, {-5e-324, [3]float64{Lgamma(5e-324), inf, inf}}, {1e-160, [3]float64{Lgamma(1e-160), -1e160, inf}},
		{math.MaxFloat64, [3]float64{inf, Log(math.MaxFloat64), 1 / math.MaxFloat64}}} {
		for i, got := range gammaPortable(k.x) {
			if !same(got, k.want[i]) {
				t.Errorf("%s(%v) = %v, want %v", gammaRows[i], k.x, got, k.want[i])
			}
			for _, l := range []macro.Lane{macro.F32, macro.F64} {
				c, x, inside := gammaPrograms(t, l)[i], math.Float64bits(k.x), k.x > 0 && k.x <= math.MaxFloat64
				if l == macro.F32 {
					x = uint64(math.Float32bits(float32(k.x)))
					inside = float32(k.x) > 0 && float32(k.x) <= math.MaxFloat32
				}
				y, out := c.Eval(x)
				if out != !inside {
					t.Errorf("%v %s(%v) is outside: %v", l, gammaRows[i], k.x, out)
				}
				if g := math.Float64frombits(y); inside && l == macro.F64 && !same(g, got) {
					t.Errorf("f64 %s(%v) = %v, portable %v", gammaRows[i], k.x, g, got)
				}
			}
		}
	}
	for _, x := range []float64{1, 2} {
		g, g32 := gammaPrograms(t, macro.F64)[0].Eval64(x), gammaPrograms(t, macro.F32)[0].Eval32(float32(x))
		if !same(Lgamma(x), 0) || !same(g, 0) || !same(float64(g32), 0) {
			t.Errorf("lgamma(%v) = %v, in f64 %v, in f32 %v", x, Lgamma(x), g, g32)
		}
	}
	for _, k := range []struct {
		n       int64
		x, want float64
	}{{2, 1, -2.4041138063191885708}, {3, 2, 0.49393940226682914910}, {4, 0.5, -771.47424982666722}} {
		if g := Polygamma(k.n, k.x); math.Abs(g-k.want) > 4e-15*(math.Abs(k.want)+0.1) {
			t.Errorf("polygamma(%d, %v) = %.17g, want %.17g", k.n, k.x, g, k.want)
		}
	}
}

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

var (
	bernoulliBig = bernoulliNumbers(30)
	piBig, _     = nb().SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
)

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
	log, r := bigLog(at), nb().Quo(one, at)
	square := nb().Mul(r, r)
	gamma := nb().Mul(nb().Sub(at, bf(0.5)), log)
	gamma.Sub(gamma, at)
	gamma.Add(gamma, nb().Mul(bf(0.5), bigLog(nb().Add(piBig, piBig))))
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

// bigGammaNegative is the same at x < 0 by reflection, and how great the terms
// are that it is a difference of; those of trigamma count for nothing.
func bigGammaNegative(x float64) (want [3]*big.Float, terms [3]float64) {
	y := nb().Neg(bf(x))
	g, inverse := bigGamma(y), nb().Quo(bf(1), y)
	up := [3]*big.Float{nb().Add(g[0], bigLog(y)), nb().Add(g[1], inverse), nb().Sub(g[2], nb().Mul(inverse, inverse))} // at y+1
	angle := nb().Mul(piBig, bf(-x-math.RoundToEven(-x)))
	sin := bigSin(angle)
	cosecant, cot := nb().Quo(piBig, sin), nb().Mul(piBig, nb().Quo(bigCos(angle), sin))
	log := bigLog(nb().Abs(cosecant))
	want = [3]*big.Float{nb().Sub(log, up[0]), nb().Add(cot, up[1]), nb().Sub(nb().Mul(cosecant, cosecant), up[2])}
	size := func(x, y *big.Float) float64 {
		a, _ := x.Float64()
		b, _ := y.Float64()
		return math.Abs(a) + math.Abs(b)
	}
	return want, [3]float64{size(log, up[0]), size(cot, up[1]), 0}
}
