package kernel

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// accurate is an elementary function, what it is in big numbers, and where it is
// tried: within ranges, and at numbers of all sizes from least to most.
type accurate struct {
	row         string
	f           func(float64) float64
	big         func(*big.Float) *big.Float
	least, most float64 // 0 where there are none of a sign
	ranges      [][2]float64
}

// accurateRows are the elementary functions of one operand but for log Γ and its
// derivatives, which have tests of their own.
func accurateRows() []accurate {
	one := bf(1)
	tanh := func(x *big.Float) *big.Float {
		e := bigExpm1(nb().Mul(x, bf(2)))
		return nb().Quo(e, nb().Add(e, bf(2)))
	}
	return []accurate{
		{"exp", Exp, bigExp, -745.1, 709.7, [][2]float64{{-745.1, 709.7}, {-1, 1}, {-745.1, -708}}},
		{"expm1", Expm1, bigExpm1, -50, 709.7, [][2]float64{{-40, 709.7}, {-3, 3}, {-0.5, 0.5}, {-40, -1}}},
		{"log", Log, bigLog, 0, math.MaxFloat64, [][2]float64{{0.5, 2}, {0.99, 1.01}, {1, 1e9}, {0, 1e-308}}},
		{"log1p", Log1p, bigLog1p, -1 + 0x1p-53, math.MaxFloat64,
			[][2]float64{{-1, 3}, {-0.5, 1}, {-0.01, 0.01}, {1, 1e20}}},
		{"sin", Sin, bigSinAny, -math.MaxFloat64, math.MaxFloat64, [][2]float64{{-1, 1}, {-30, 30}, {-1e5, 1e5}, {-0x1p30, 0x1p30}}},
		{"cos", Cos, bigCosAny, -math.MaxFloat64, math.MaxFloat64, [][2]float64{{-1, 1}, {-30, 30}, {-1e5, 1e5}, {-0x1p30, 0x1p30}}},
		{"tanh", Tanh, tanh, -30, 30, [][2]float64{{-22, 22}, {-0.7, 0.7}, {-2, 2}}},
		{"logistic", Logistic, func(x *big.Float) *big.Float { return nb().Quo(one, nb().Add(one, bigExp(nb().Neg(x)))) }, -745.1, 709,
			[][2]float64{{-745.1, 40}, {-30, 30}, {-2, 2}, {-745.1, -708}}},
		{"erf", Erf, bigErf, -6.5, 6.5, [][2]float64{{-6, 6}, {0.5, 1.5}, {-1, 1}, {2.5, 3.5}}},
	}
}

// draws are the numbers that a row is tried at.
func (a accurate) draws(r *rand.Rand) []float64 {
	const each = 150
	var out []float64
	for _, k := range a.ranges {
		for range each {
			out = append(out, k[0]+(k[1]-k[0])*r.Float64())
		}
	}
	for _, end := range []float64{a.least, a.most} {
		for range each {
			if x := math.Float64frombits(r.Uint64() % (math.Float64bits(math.Abs(end)) + 1)); x != 0 {
				out = append(out, math.Copysign(x, end))
			}
			if x := math.Copysign(math.Exp(-40*r.Float64()), end); math.Abs(x) <= math.Abs(end) { // those that count
				out = append(out, x)
			}
		}
		for n := 1.0; n < 1e9 && n*math.Pi/2 < math.Abs(end) && (a.row == "sin" || a.row == "cos"); n += math.Floor(n/8) + 1 {
			out = append(out, math.Copysign(n*(math.Pi/2), end)) // where it is 0 or 1
		}
	}
	return out
}

// TestAccuracy holds every elementary function to 2 units in the last place of
// big numbers: the portable kernels in f64 and f32, and the programs.
func TestAccuracy(t *testing.T) {
	for _, row := range accurateRows() {
		double, single := program(t, row.row, macro.F64, 0), program(t, row.row, macro.F32, 0)
		portable := portableUnary[float32](row.row, 0)
		var worst [4]float64
		for _, x := range row.draws(rand.New(rand.NewSource(1))) {
			s := float32(x)
			y, y32 := double.Eval64(x), []float32{0}
			portable(y32, []float32{s})
			want := row.big(bf(x))
			errors := [4]float64{ulps(row.f(x), want), ulps(y, want)}
			if _, out := double.Eval(math.Float64bits(x)); out {
				errors[1] = 0
			}
			if w := float64(s); s != 0 && math.Abs(w) <= math.MaxFloat32 && w >= row.least && w <= row.most && !(row.row == "log1p" && w <= -1) {
				w, _ = row.big(bf(w)).Float64()
				errors[2] = error32(y32[0], w)
				if u, out := single.Eval(uint64(math.Float32bits(s))); !out {
					errors[3] = error32(math.Float32frombits(uint32(u)), w)
				}
			}
			for i, u := range errors {
				worst[i] = max(worst[i], u)
				if !(u <= 2) {
					t.Errorf("%s(%v) is off by %.3f ulp in %s", row.row, x, u, [4]string{"portable f64", "f64", "portable f32", "f32"}[i])
				}
			}
		}
		t.Logf("%-9s portable, f64: %.3f ulp, portable, f32: %.3f", row.row, worst[:2], worst[2:])
	}
}

// TestAccuracyAtan2 does the same for atan2, at points of all directions and at
// those beside the axes.
func TestAccuracyAtan2(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	double, single := program(t, "atan2", macro.F64, 0), program(t, "atan2", macro.F32, 0)
	var worst [4]float64
	for i := range 3000 {
		y, x := r.NormFloat64(), r.NormFloat64()
		switch i % 4 {
		case 1:
			y *= math.Exp(-30 * r.Float64())
		case 2:
			x *= math.Exp(-30 * r.Float64())
		case 3:
			y, x = y*math.Exp(80*r.NormFloat64()), x*math.Exp(80*r.NormFloat64())
		}
		want := bigAtan2(bf(y), bf(x))
		y32, x32 := float32(y), float32(x)
		errors := [4]float64{ulps(Atan2(y, x), want), ulps(double.Eval64(y, x), want)}
		if finite := func(v float32) bool { return v != 0 && math.Abs(float64(v)) <= math.MaxFloat32 }; finite(y32) && finite(x32) {
			w, _ := bigAtan2(bf(float64(y32)), bf(float64(x32))).Float64()
			p := []float32{0}
			portableBinary[float32]("atan2")(p, []float32{y32}, []float32{x32})
			errors[2], errors[3] = error32(p[0], w), error32(single.Eval32(y32, x32), w)
		}
		for i, u := range errors {
			worst[i] = max(worst[i], u)
			if !(u <= 2) {
				t.Errorf("atan2(%v, %v) is off by %.3f ulp in %s", y, x, u, [4]string{"portable f64", "f64", "portable f32", "f32"}[i])
			}
		}
	}
	t.Logf("portable, f64: %.3f ulp, portable, f32: %.3f", worst[:2], worst[2:])
}

// bigExpm1 is e^x - 1, for tiny x without a difference.
func bigExpm1(x *big.Float) *big.Float {
	if x.Sign() == 0 || x.MantExp(nil) > -60 {
		return nb().Sub(bigExp(x), bf(1))
	}
	s, term := nb().Set(x), nb().Set(x)
	for k := 2; k < 6; k++ {
		s.Add(s, term.Quo(term.Mul(term, x), bf(float64(k))))
	}
	return s
}

// bigLog1p is log(1+x), for tiny x by its series.
func bigLog1p(x *big.Float) *big.Float {
	if x.Sign() == 0 || x.MantExp(nil) > -60 {
		return bigLog(nb().Add(x, bf(1)))
	}
	s, power := nb().Set(x), nb().Set(x)
	for k := 2; k < 6; k++ {
		power.Neg(power.Mul(power, x))
		s.Add(s, nb().Quo(power, bf(float64(k))))
	}
	return s
}

// wide is enough bits for a float less its multiple of π.
const wide = 1400

// bigPi is π by Machin's formula.
var bigPi = func() *big.Float {
	atanInverse := func(n int64) *big.Int { // 2^(wide+64) arc tangent of 1/n
		s, term := new(big.Int), new(big.Int).Lsh(big.NewInt(1), wide+64)
		term.Quo(term, big.NewInt(n))
		for k := int64(1); term.Sign() != 0; k += 2 {
			part := new(big.Int).Quo(term, big.NewInt(k))
			if k%4 == 1 {
				s.Add(s, part)
			} else {
				s.Sub(s, part)
			}
			term.Quo(term, big.NewInt(n*n))
		}
		return s
	}
	s := atanInverse(5)
	s.Sub(s.Mul(s, big.NewInt(16)), new(big.Int).Mul(big.NewInt(4), atanInverse(239)))
	return new(big.Float).SetPrec(wide).SetMantExp(new(big.Float).SetPrec(wide).SetInt(s), -wide-64)
}()

// bigReduce is x less the multiple n of π/2 that is nearest; n is modulo 4.
func bigReduce(x *big.Float) (n int, r *big.Float) {
	half := new(big.Float).SetPrec(wide).Quo(bigPi, bf(2))
	q := new(big.Float).SetPrec(wide).Quo(x, half)
	whole, _ := q.Add(q, big.NewFloat(math.Copysign(0.5, float64(x.Sign())))).Int(nil)
	r = new(big.Float).SetPrec(wide).SetInt(whole)
	r.Sub(new(big.Float).SetPrec(wide).Set(x), r.Mul(r, half))
	return int(new(big.Int).And(whole, big.NewInt(3)).Int64()), nb().Set(r)
}

func bigSinAny(x *big.Float) *big.Float { return bigQuadrant(bigReduce(x)) }

func bigCosAny(x *big.Float) *big.Float {
	n, r := bigReduce(x)
	return bigQuadrant(n+1, r)
}

func bigQuadrant(n int, r *big.Float) *big.Float {
	y := bigSin(r)
	if n&1 == 1 {
		y = bigCos(r)
	}
	if n&2 == 2 {
		y.Neg(y)
	}
	return y
}

// bigAtan2 is the angle of (x, y), neither 0: of the lesser over the greater
// coordinate halved four times, by the series.
func bigAtan2(y, x *big.Float) *big.Float {
	ay, ax := nb().Abs(y), nb().Abs(x)
	steep := ay.Cmp(ax) > 0
	if steep {
		ay, ax = ax, ay
	}
	q := nb().Quo(ay, ax)
	for range 4 { // tan a/2 = tan a/(1 + √(1 + tan² a))
		root := nb().Add(bf(1), nb().Mul(q, q))
		q.Quo(q, root.Add(root.Sqrt(root), bf(1)))
	}
	a, power, square := nb().Set(q), nb().Set(q), nb().Mul(q, q)
	for k := 3; k < 60; k += 2 {
		power.Neg(power.Mul(power, square))
		a.Add(a, nb().Quo(power, bf(float64(k))))
	}
	a.Mul(a, bf(16))
	if steep {
		a.Sub(nb().Quo(bigPi, bf(2)), a)
	}
	if x.Sign() < 0 {
		a.Sub(nb().Set(bigPi), a)
	}
	if y.Sign() < 0 {
		a.Neg(a)
	}
	return a
}
