package kernel

import (
	"math"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// onVectors runs a test on every tier of vectors that this processor has.
func onVectors(t *testing.T, f func(t *testing.T)) {
	if Best() < AVX2 {
		t.Skip("no AVX2")
	}
	defer Use(Active())
	for _, tier := range Tiers()[AVX2:] {
		Use(tier)
		t.Run(tier.String(), f)
	}
}

// portably runs f on the portable tier.
func portably(f func()) {
	defer Use(Use(Portable))
	f()
}

// awkward are numbers of all sizes, edges among them.
func awkward[T Float](n int, r *rand.Rand) []T {
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -2.5, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, -1e-40, 1e-310,
		math.MaxFloat32, -math.MaxFloat64, 88.7, -103.5, 709.7, -744, 1e6, -3e9, 1e20}
	x := make([]T, n)
	for i := range x {
		switch r.Intn(4) {
		case 0:
			x[i] = T(edges[r.Intn(len(edges))])
		case 1:
			x[i] = T(r.NormFloat64() * math.Exp(20*r.NormFloat64()))
		default:
			x[i] = T(4 * r.NormFloat64())
		}
	}
	return x
}

const fence = 12345

// inside is a slice of n elements, shift elements into an array with guards on
// both sides.
func inside[T Float](n, shift int) (whole, part []T) {
	whole = make([]T, n+shift+16)
	for i := range whole {
		whole[i] = fence
	}
	return whole, whole[shift+8:][:n:n]
}

func checkGuards[T Float](t *testing.T, what string, whole []T, n, shift int) {
	t.Helper()
	for i, v := range whole {
		if (i < shift+8 || i >= shift+8+n) && v != fence {
			t.Fatalf("%s of %d elements writes element %d", what, n, i-shift-8)
		}
	}
}

// TestVectorKernels holds the static kernels to the meaning of their programs,
// bit for bit: all lengths of tails, any alignment, in place and not.
func TestVectorKernels(t *testing.T) { onVectors(t, vectorKernels) }

func vectorKernels(t *testing.T) {
	for row := range tile1F32 {
		testRow[float32](t, row, macro.F32, 1)
	}
	for row := range tile1F64 {
		testRow[float64](t, row, macro.F64, 1)
	}
	for row := range tile2F32 {
		testRow[float32](t, row, macro.F32, 2)
	}
	for row := range tile2F64 {
		testRow[float64](t, row, macro.F64, 2)
	}
	testRow[float32](t, "fma", macro.F32, 3)
	testRow[float64](t, "fma", macro.F64, 3)
}

func testRow[T Float](t *testing.T, row string, l macro.Lane, args int) {
	name, power := power(row)
	c := program(t, name, l, power)
	r := rand.New(rand.NewSource(11))
	for n := range 72 {
		if n == 71 {
			n = 300 // several turns of the loops
		}
		for shift := range 3 {
			x := make([][]T, args)
			for i := range x {
				_, x[i] = inside[T](n, r.Intn(8))
				copy(x[i], awkward[T](n, r))
			}
			want := make([]T, n)
			for i := range want {
				want[i] = meaning(c, row, x, i)
			}
			whole, dst := inside[T](n, shift)
			if shift == 2 {
				copy(dst, x[0])
				x[0] = dst
			}
			run(row, dst, x)
			for i := range want {
				if g, w := bitsOf(dst[i]), bitsOf(want[i]); g != w && !(dst[i] != dst[i] && want[i] != want[i]) {
					t.Fatalf("%v %s, element %d of %d: %v (%x), want %v (%x)", l, row, i, n, dst[i], g, want[i], w)
				}
			}
			checkGuards(t, row, whole, n, shift)
		}
	}
}

// run calls the kernel of the active tier.
func run[T Float](row string, dst []T, x [][]T) {
	switch len(x) {
	case 1:
		row, n := power(row)
		FloatUnary[T](row, n)(dst, x[0])
	case 2:
		FloatBinary[T](row)(dst, x[0], x[1])
	case 3:
		FloatTernary[T](row)(dst, x[0], x[1], x[2])
	}
}

// meaning is element i by the program, or the portable kernel outside its domain.
func meaning[T Float](c *macro.Code, row string, x [][]T, i int) T {
	var p []T
	var one [][]T
	for _, y := range x {
		p = append(p, y[i])
		one = append(one, y[i:i+1])
	}
	v, out := evalOf(c, p...)
	if !out {
		return v
	}
	d := make([]T, 1)
	if len(x) == 1 {
		row, n := power(row)
		portableUnary[T](row, n)(d, one[0])
	} else {
		portableBinary[T](row)(d, one[0], one[1])
	}
	return d[0]
}

// BenchmarkVector compares the tiers in ns an element.
func BenchmarkVector(b *testing.B) {
	if Best() < AVX2 {
		b.Skip("no AVX2")
	}
	defer Use(Active())
	for _, row := range []string{"add", "max", "div", "sqrt", "sign", "exp", "expm1", "log", "log1p", "tanh", "logistic",
		"sin", "cos", "erf", "powi 2", "powi 5", "lgamma", "polygamma 0", "polygamma 1", "pow", "atan2", "rem"} {
		benchRow[float32](b, row+"/f32")
		benchRow[float64](b, row+"/f64")
	}
}

func benchRow[T Float](b *testing.B, name string) {
	const n = 1024
	row, power := power(name[:len(name)-4])
	x := [][]T{make([]T, n), make([]T, n)}
	r := rand.New(rand.NewSource(1))
	for i := range n {
		x[0][i], x[1][i] = T(3*r.Float64()), T(1+r.Float64())
	}
	if _, binary := tile2F32[row]; !binary {
		x = x[:1]
	}
	dst := make([]T, n)
	for _, tier := range Tiers() {
		b.Run(name+"/"+tier.String(), func(b *testing.B) {
			Use(tier)
			var f func()
			switch {
			case len(x) == 1:
				k := FloatUnary[T](row, power)
				f = func() { k(dst, x[0]) }
			default:
				k := FloatBinary[T](row)
				f = func() { k(dst, x[0], x[1]) }
			}
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
		})
	}
}
