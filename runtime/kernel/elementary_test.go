package kernel

import (
	"math"
	"math/big"
	"math/rand"
	"testing"
)

const prec = 220

func bf(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }
func nb() *big.Float          { return new(big.Float).SetPrec(prec) }

// bigExp is e^x by Taylor after halving.
func bigExp(x *big.Float) *big.Float {
	n := 0
	y := nb().Set(x)
	for y.MantExp(nil) > -4 && y.Sign() != 0 {
		y.Quo(y, bf(2))
		n++
	}
	s, t := bf(1), bf(1)
	for k := 1; k < 60; k++ {
		t.Mul(t, y)
		t.Quo(t, bf(float64(k)))
		s.Add(s, t)
	}
	for ; n > 0; n-- {
		s.Mul(s, s)
	}
	return s
}

// bigLog is log x by Newton on exp.
func bigLog(x *big.Float) *big.Float {
	if m := nb(); x.MantExp(m) < -1070 || x.MantExp(nil) > 1020 { // no start
		return nb().Add(bigLog(m), nb().Mul(bf(float64(x.MantExp(nil))), bigLog(bf(2))))
	}
	f, _ := x.Float64()
	y := bf(Log(f)) // a start; the standard library has none for subnormals
	for i := 0; i < 4; i++ {
		e := bigExp(y)
		d := nb().Sub(x, e)
		d.Mul(d, bf(2))
		y.Add(y, d.Quo(d, nb().Add(x, e)))
	}
	return y
}

// bigSin is sin x by Taylor, for moderate x.
func bigSin(x *big.Float) *big.Float {
	s, t := nb().Set(x), nb().Set(x)
	x2 := nb().Mul(x, x)
	for k := 1; k < 150; k++ {
		t.Mul(t, x2)
		t.Quo(t, bf(float64(-(2*k)*(2*k+1))))
		s.Add(s, t)
	}
	return s
}

func bigCos(x *big.Float) *big.Float {
	s, t := bf(1), bf(1)
	x2 := nb().Mul(x, x)
	for k := 1; k < 150; k++ {
		t.Mul(t, x2)
		t.Quo(t, bf(float64(-(2*k-1)*(2*k))))
		s.Add(s, t)
	}
	return s
}

func bigErf(x *big.Float) *big.Float {
	s, t := nb().Set(x), nb().Set(x)
	x2 := nb().Mul(x, x)
	for k := 1; k < 260; k++ {
		t.Mul(t, x2)
		t.Quo(t, bf(float64(-k)))
		s.Add(s, nb().Quo(t, bf(float64(2*k+1))))
	}
	pi, _ := nb().SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
	return s.Mul(s, nb().Quo(bf(2), nb().Sqrt(pi)))
}

// ulps is the distance of got from want in units of the last place of want.
func ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	if w == got || math.IsNaN(w) && math.IsNaN(got) {
		return 0
	}
	u := math.Abs(math.Nextafter(w, math.Inf(1)) - w)
	d, _ := nb().Quo(nb().Sub(bf(got), want), bf(u)).Float64()
	return math.Abs(d)
}

func TestPow(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	worst := 0.0
	for i := 0; i < 1000; i++ {
		x, y := 10*r.Float64(), 60*r.Float64()-30
		want := bigExp(nb().Mul(bf(y), bigLog(bf(x))))
		if u := ulps(Pow(x, y), want); u > worst {
			worst = u
		}
	}
	t.Logf("pow: %.3f ulp", worst)
	if worst > 1 {
		t.Errorf("pow is off by %.3f ulp", worst)
	}
	special := []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, 1e300, -1e300, 1e-300, 5e-324,
		math.Inf(1), math.Inf(-1), math.NaN(), 1 << 53, 1<<53 + 2, -(1 << 53)}
	for _, x := range special {
		for _, y := range special {
			g, w := Pow(x, y), math.Pow(x, y)
			if !same(g, w) && math.Abs(g-w) > 1e-15*math.Abs(w) {
				t.Errorf("pow(%v, %v) = %v, want %v", x, y, g, w)
			}
			g, w = Atan2(x, y), math.Atan2(x, y)
			if !same(g, w) && math.Abs(g-w) > 1e-15*math.Abs(w) {
				t.Errorf("atan2(%v, %v) = %v, want %v", x, y, g, w)
			}
		}
	}
}

func same(a, b float64) bool {
	return a == b && math.Signbit(a) == math.Signbit(b) || a != a && b != b
}

func TestSpecialPoints(t *testing.T) {
	points := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, -5e-324, 1e-310,
		math.MaxFloat64, -math.MaxFloat64, 1, -1, -0.5, 709.7, -745.1, -740, 1e-20, 1e10, -2e20, 1e300, 0x1p100}
	fs := []struct {
		name string
		f, g func(float64) float64
	}{{"exp", Exp, math.Exp}, {"expm1", Expm1, math.Expm1}, {"log", Log, math.Log}, {"log1p", Log1p, math.Log1p},
		{"sin", Sin, math.Sin}, {"cos", Cos, math.Cos}, {"tanh", Tanh, math.Tanh}, {"erf", Erf, math.Erf}, {"atan", Atan, math.Atan},
		{"lgamma", Lgamma, func(x float64) float64 { v, _ := math.Lgamma(x); return v }}}
	for _, f := range fs {
		for _, x := range points {
			g, w := f.f(x), f.g(x)
			if f.name == "lgamma" && math.IsInf(x, -1) {
				continue // Go says -Inf, C and we +Inf
			}
			if math.Abs(x) < 1e-307 && x != 0 && (f.name == "log" || f.name == "lgamma") {
				continue // the assembly of the standard library takes subnormals for 2^-1023
			}
			if !same(g, w) && (g == 0 && w == 0 || !(math.Abs(g-w) <= 5e-15*math.Abs(w)+5e-324)) {
				t.Errorf("%s(%v) = %v, want %v", f.name, x, g, w)
			}
		}
	}
}

func TestSingle(t *testing.T) {
	fs := []struct {
		name   string
		f      func(float32) float32
		g      func(float64) float64
		lo, hi float64
	}{{"exp", Exp32, Exp, -87, 88}, {"exp", Exp32, Exp, -103, -87}, {"log", Log32, Log, 1e-6, 4}, {"log", Log32, Log, 1, 1e30},
		{"tanh", Tanh32, Tanh, -10, 10}, {"tanh", Tanh32, Tanh, -0.01, 0.01}, {"logistic", Logistic32, Logistic, -80, 80}}
	r := rand.New(rand.NewSource(4))
	for _, f := range fs {
		for i := 0; i < 20000; i++ {
			x := float32(f.lo + (f.hi-f.lo)*r.Float64())
			got, want := f.f(x), f.g(float64(x))
			w32 := float32(want)
			u := math.Abs(float64(math.Nextafter32(w32, 2*w32)) - float64(w32))
			if u < 0x1p-149 {
				u = 0x1p-149
			}
			if d := math.Abs(float64(got)-want) / u; d > 1 {
				t.Fatalf("%s(%v) = %v, want %v: %.2f ulp", f.name, x, got, want, d)
			}
		}
	}
}
