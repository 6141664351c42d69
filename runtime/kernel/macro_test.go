package kernel

import (
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

func program(t testing.TB, row string, l macro.Lane, n int64) *macro.Code {
	c, ok := macro.For(row, l, n)
	if !ok {
		t.Fatalf("%s has no program", row)
	}
	return c
}

// power splits "powi 3" into the row and its attribute.
func power(name string) (row string, n int64) {
	row, s, _ := strings.Cut(name, " ")
	n, _ = strconv.ParseInt(s, 10, 64)
	return row, n
}

// error32 is the distance of got from want in units of the last place of
// float32(want).
func error32(got float32, want float64) float64 {
	w := float32(want)
	if got == w && math.Signbit(float64(got)) == math.Signbit(want) || got != got && want != want {
		return 0
	}
	if math.IsInf(float64(got), 0) { // counts as the number behind the greatest
		got = float32(math.Copysign(math.MaxFloat32, float64(got)))
		want = math.Max(math.Min(want, 0x1p128), -0x1p128) - float64(got)*0x1p-24
	}
	_, e := math.Frexp(want)
	u := math.Ldexp(1, max(e-24, -149))
	d := math.Abs(float64(got)-want) / u
	if got == 0 && want == 0 || d != d {
		return math.Inf(1)
	}
	return d
}

// TestMacroSingle holds the f32 programs to 2 units in the last place at
// numbers of every exponent.
func TestMacroSingle(t *testing.T) {
	rows := []struct {
		name string
		f    func(float64) float64
	}{{"exp", Exp}, {"log", Log}, {"tanh", Tanh}, {"logistic", Logistic}, {"expm1", Expm1}, {"log1p", Log1p},
		{"sin", Sin}, {"cos", Cos}, {"erf", Erf},
		{"lgamma", Lgamma}, {"polygamma 0", digamma}, {"polygamma 1", trigamma}}
	r := rand.New(rand.NewSource(7))
	for _, n := range []int64{-4, -3, -2, -1, 2, 3, 4, 5, 6, 7, 8} {
		rows = append(rows, struct {
			name string
			f    func(float64) float64
		}{fmt.Sprint("powi ", n), func(x float64) float64 { return Powi(x, n) }})
	}
	for _, row := range rows {
		name, n := power(row.name)
		c := program(t, name, macro.F32, n)
		worst, at := 0.0, float32(0)
		for e := uint32(0); e < 512; e++ {
			many := 150
			if k := int(e & 255); k > 110 && k < 140 {
				many = 1500
			}
			for i := 0; i < many; i++ {
				m := r.Uint32() & (1<<23 - 1)
				switch i {
				case 0:
					m = 0
				case 1:
					m = 1<<23 - 1
				}
				x := math.Float32frombits(e<<23 | m)
				u, out := c.Eval(uint64(math.Float32bits(x)))
				if out {
					continue
				}
				if d := error32(math.Float32frombits(uint32(u)), row.f(float64(x))); d > worst {
					worst, at = d, x
				}
			}
		}
		t.Logf("%-9s %.3f ulp at %g, %d operations", row.name, worst, at, len(c.Ops))
		if worst > 2 {
			t.Errorf("%s(%g) = %g, want %g: %.3f ulp", row.name, at, c.Eval32(at), row.f(float64(at)), worst)
		}
	}
}

// TestMacroEdges compares with the portable kernels where functions begin and end.
func TestMacroEdges(t *testing.T) {
	points := []float64{0, math.Inf(1), math.NaN(), 5e-324, 1e-310, 0x1p-1022, 1e-45, 1e-40, 0x1p-126, 1e-30, 1e-20, 1e-8,
		math.MaxFloat32, math.MaxFloat64, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 9.1, 20, 22, 88.7, 88.8, 89, 103, 104, 110, 709.7, 709.8,
		745.1, 745.2, 740, 1e4, 1 << 23, 1e10, 2e20}
	for _, p := range points[:len(points):len(points)] {
		points = append(points, -p)
	}
	for _, row := range []string{"neg", "abs", "sqrt", "floor", "round", "sign", "exp", "expm1", "log", "log1p", "tanh", "logistic", "sin", "cos", "erf", "lgamma", "polygamma"} {
		unaryEdges[float32](t, row, macro.F32, points)
		unaryEdges[float64](t, row, macro.F64, points)
	}
	r := rand.New(rand.NewSource(5))
	for range 60 {
		points = append(points, r.NormFloat64(), 100*r.NormFloat64())
	}
	for _, row := range []string{"add", "sub", "mul", "div", "max", "atan2", "rem"} {
		binaryEdges[float32](t, row, macro.F32, points)
		binaryEdges[float64](t, row, macro.F64, points)
	}
}

// TestMacroPow holds pow to 2 units in the last place where the result is a
// number, at random and at the edges.
func TestMacroPow(t *testing.T) {
	c := program(t, "pow", macro.F32, 0)
	r := rand.New(rand.NewSource(6))
	worst, wx, wy := 0.0, float32(0), float32(0)
	for range 200000 {
		x := math.Float32frombits(r.Uint32() >> 1)
		if r.Intn(2) == 0 {
			x = float32(1 + 0.5*r.NormFloat64())
		}
		y := float32(r.Float64() * 155 / math.Abs(math.Log2(math.Abs(float64(x)))))
		if r.Intn(2) == 0 {
			y = -y
		}
		if r.Intn(4) == 0 {
			y = float32(math.Round(float64(y)))
		}
		if d := error32(c.Eval32(x, y), Pow(float64(x), float64(y))); d > worst {
			worst, wx, wy = d, x, y
		}
	}
	t.Logf("pow %.3f ulp, %d operations", worst, len(c.Ops))
	if worst > 2 {
		t.Errorf("pow(%v, %v) = %v, want %v: %.3f ulp", wx, wy, c.Eval32(wx, wy), Pow(float64(wx), float64(wy)), worst)
	}
	points := []float64{0, 1, 2, 3, 0.5, 1.5, 1e-45, 1e-40, 1e30, math.MaxFloat32, math.Inf(1), math.NaN(), 1 << 24, 1<<24 - 1, 7, 100}
	for _, p := range points[:len(points):len(points)] {
		points = append(points, -p)
	}
	binaryEdges[float32](t, "pow", macro.F32, points)
}

// TestMacroPowDouble holds pow, the portable one too, to 2 units in the last
// place of big numbers: of numbers of all sizes, of those beside 1 to great
// powers, where powers begin and end, and to whole ones. Edges are those of the
// portable kernel.
func TestMacroPowDouble(t *testing.T) {
	c := program(t, "pow", macro.F64, 0)
	r := rand.New(rand.NewSource(16))
	size := func(x float64) float64 { return Log(x) / math.Ln2 }
	for _, k := range []struct {
		name string
		draw func() (x, y float64)
	}{
		{"of all sizes", func() (x, y float64) {
			x = math.Float64frombits(r.Uint64() % 0x7ff0000000000000)
			return x, (2*r.Float64() - 1) * 1023 / size(x)
		}},
		{"near 1", func() (x, y float64) {
			x = 1 + math.Ldexp(r.Float64()-0.5, -r.Intn(50))
			return x, (2*r.Float64() - 1) * 1023 / size(x)
		}},
		{"of usual numbers", func() (x, y float64) { return 10 * r.Float64(), 60*r.Float64() - 30 }},
		{"at borders", func() (x, y float64) {
			x = math.Ldexp(1+r.Float64(), r.Intn(40)-20)
			return x, []float64{1023.999, -1021.5, -1040, -1073}[r.Intn(4)] / size(x)
		}},
		{"whole", func() (x, y float64) { return -100 * r.Float64(), float64(r.Intn(200) - 100) }},
	} {
		worst, portable, wx, wy := 0.0, 0.0, 0.0, 0.0
		for range 500 {
			x, y := k.draw()
			if x == 0 || math.Abs(x) == 1 {
				continue
			}
			want := bigExp(nb().Mul(bf(y), bigLog(bf(math.Abs(x)))))
			if x < 0 && math.Mod(y, 2) != 0 {
				want.Neg(want)
			}
			if u := ulps(c.Eval64(x, y), want); u > worst {
				worst, wx, wy = u, x, y
			}
			if u := ulps(Pow(x, y), want); u > portable {
				if portable = u; u > 2 {
					t.Errorf("pow %s: portable pow(%v, %v) = %v is off by %.3f ulp", k.name, x, y, Pow(x, y), u)
				}
			}
		}
		t.Logf("pow %-16s %.3f ulp, portable %.3f, %d operations", k.name, worst, portable, len(c.Ops))
		if worst > 2 {
			t.Errorf("pow %s: pow(%v, %v) = %v is off by %.3f ulp", k.name, wx, wy, c.Eval64(wx, wy), worst)
		}
	}
	binaryEdges[float64](t, "pow", macro.F64, []float64{0, 1, 2, 3, 0.5, 1.5, 5e-324, 1e-310, 1e-300, 1e30, math.MaxFloat64, math.Inf(1), math.NaN(),
		1 << 53, 1<<53 - 1, 1 << 54, 7, 100, math.Copysign(0, -1), -1, -2, -3, -0.5, -1.5, -5e-324, -1e-310, -1e300, -math.MaxFloat64,
		math.Inf(-1), -(1 << 53), 1 - 1<<53, -7, math.Nextafter(1, 2), math.Nextafter(1, 0)})
}

func unaryEdges[T Float](t *testing.T, row string, l macro.Lane, points []float64) {
	f, c := FloatUnary[T](row, 0), program(t, row, l, 0)
	for _, p := range points {
		x, want := []T{T(p)}, []T{0}
		f(want, x)
		got, out := evalOf(c, x[0])
		if !out && !near(got, want[0]) {
			t.Errorf("%v %s(%v) = %v, want %v", l, row, x[0], got, want[0])
		}
	}
}

func binaryEdges[T Float](t *testing.T, row string, l macro.Lane, points []float64) {
	f, c := FloatBinary[T](row), program(t, row, l, 0)
	for _, p := range points {
		for _, q := range points {
			x, y, want := []T{T(p)}, []T{T(q)}, []T{0}
			f(want, x, y)
			got, out := evalOf(c, x[0], y[0])
			if !out && !near(got, want[0]) {
				t.Errorf("%v %s(%v, %v) = %v, want %v", l, row, x[0], y[0], got, want[0])
			}
		}
	}
}

func evalOf[T Float](c *macro.Code, x ...T) (T, bool) {
	u := make([]uint64, len(x))
	for i, v := range x {
		u[i] = bitsOf(v)
	}
	r, out := c.Eval(u...)
	var zero T
	if _, single := any(zero).(float32); single {
		return T(math.Float32frombits(uint32(r))), out
	}
	return T(math.Float64frombits(r)), out
}

func bitsOf[T Float](x T) uint64 {
	if s, single := any(x).(float32); single {
		return uint64(math.Float32bits(s))
	}
	return math.Float64bits(float64(x))
}

// near holds two numbers to 3 units in the last place, of which the portable
// kernel may have one; zeros agree in sign, infinities and NaN exactly.
func near[T Float](a, b T) bool {
	if same(float64(a), float64(b)) {
		return true
	}
	if s, single := any(b).(float32); single {
		return error32(float32(a), float64(s)) <= 3
	}
	return ulps(float64(a), bf(float64(b))) <= 3
}
