package kernel

import (
	"math"
	"math/rand"
	"testing"
)

// equalTiers runs f on a destination in the tier in use and in the portable
// one, and compares the bits, and what lies around.
func equalTiers[T Number](t *testing.T, what string, n, shift int, f func(dst []T)) {
	t.Helper()
	room := func() (whole, part []T) {
		whole = make([]T, n+shift+16)
		for i := range whole {
			whole[i] = 77
		}
		return whole, whole[shift+8:][:n:n]
	}
	got, d := room()
	f(d)
	want, d := room()
	portably(func() { f(d) })
	for i := range got {
		if g, w := got[i], want[i]; g != w && (g == g || w == w) {
			t.Fatalf("%s of %d elements: element %d is %v, want %v", what, n, i-shift-8, g, w)
		}
	}
}

func TestVectorConversions(t *testing.T) { onVectors(t, vectorConversions) }

func vectorConversions(t *testing.T) {
	r := rand.New(rand.NewSource(8))
	for n := range 40 {
		shift := r.Intn(8)
		f32, f64 := awkward[float32](n, r), awkward[float64](n, r)
		i32, i64, u8 := make([]int32, n), make([]int64, n), make([]uint8, n)
		for i := range n {
			i32[i], u8[i] = int32(r.Uint32()), uint8(r.Uint32())
			i64[i] = int64(r.Uint64()) >> r.Intn(64)
			if i%7 == 0 {
				i32[i], i64[i] = math.MinInt32, math.MaxInt64-int64(r.Intn(1024))
			}
		}
		equalTiers(t, "f64 to f32", n, shift, func(d []float32) { Widen(d, f64) })
		equalTiers(t, "i32 to f32", n, shift, func(d []float32) { Widen(d, i32) })
		equalTiers(t, "u8 to f32", n, shift, func(d []float32) { Widen(d, u8) })
		equalTiers(t, "i64 to f32", n, shift, func(d []float32) { Widen(d, i64) })
		equalTiers(t, "f32 to f64", n, shift, func(d []float64) { Widen(d, f32) })
		equalTiers(t, "i32 to f64", n, shift, func(d []float64) { Widen(d, i32) })
		equalTiers(t, "u8 to f64", n, shift, func(d []float64) { Widen(d, u8) })
		equalTiers(t, "i64 to f64", n, shift, func(d []float64) { Widen(d, i64) })
	}
}

func TestVectorChoices(t *testing.T) { onVectors(t, vectorChoices) }

func vectorChoices(t *testing.T) {
	r := rand.New(rand.NewSource(9))
	for n := range 40 {
		choicesAgree[float32](t, n, r)
		choicesAgree[float64](t, n, r)
		choicesAgree[int32](t, n, r)
		choicesAgree[int64](t, n, r)
	}
}

func choicesAgree[T Number](t *testing.T, n int, r *rand.Rand) {
	t.Helper()
	x, y, p := make([]T, n), make([]T, n), make([]uint8, n)
	for i := range n {
		x[i], y[i], p[i] = T(r.Intn(5)-2), T(r.Intn(5)-2), uint8(r.Intn(3))
		if half := 0.5; T(half) != 0 && r.Intn(8) == 0 {
			x[i] = T(math.NaN())
		}
	}
	shift := r.Intn(8)
	for _, pred := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		equalTiers(t, pred, n, shift, func(d []uint8) { Cmp[T](pred)(d, x, y) })
	}
	equalTiers(t, "select", n, shift, func(d []T) { Select(d, p, x, y) })
}
