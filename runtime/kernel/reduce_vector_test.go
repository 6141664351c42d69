package kernel

import (
	"math"
	"math/rand"
	"testing"
)

// TestVectorReductions holds the reductions of the vector tier to the portable
// ones, bit for bit.
func TestVectorReductions(t *testing.T) { onVectors(t, vectorReductions) }

func vectorReductions(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for n := range 150 {
		reductionsAgree[float32](t, n, r)
		reductionsAgree[float64](t, n, r)
	}
	reductionsAgree[float32](t, Block, r)
	reductionsAgree[float64](t, Block-3, r)
}

func reductionsAgree[T Float](t *testing.T, n int, r *rand.Rand) {
	t.Helper()
	_, x := inside[T](n, r.Intn(8))
	copy(x, awkward[T](n, r))
	if r.Intn(2) == 0 { // no infinities
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
	}
	both := func(what string, f func() T) {
		t.Helper()
		got, want := f(), T(0)
		portably(func() { want = f() })
		if bitsOf(got) != bitsOf(want) && (got == got || want == want) {
			t.Fatalf("%s of %d elements %T: %v, want %v", what, n, got, got, want)
		}
	}
	both("sum", func() T { return SumBlock(x) })
	both("max", func() T { return FoldMax(T(math.Inf(-1)), x) })
	if n > 0 {
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		x[r.Intn(n)] = T(math.NaN())
		both("max with a NaN", func() T { return FoldMax(T(math.Inf(-1)), x) })
	}
	for i := range x { // zeros of both signs, no NaN
		x[i] = T(math.Copysign(0, float64(r.Intn(20)-1)))
	}
	both("max of zeros", func() T { return FoldMax(T(math.Inf(-1)), x) })
}

// TestVectorLines compares sums of lines, any number of them, with those of each
// line by itself on the portable tier.
func TestVectorLines(t *testing.T) { onVectors(t, vectorLines) }

func vectorLines(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for n := 1; n < 140; n++ {
		linesAgree[float32](t, n, r.Intn(11), r)
		linesAgree[float64](t, n, r.Intn(11), r)
	}
	for _, lines := range []int{1, 3, 4, 7} {
		linesAgree[float32](t, Block, lines, r)
		linesAgree[float64](t, 129, lines, r)
	}
}

func linesAgree[T Float](t *testing.T, n, lines int, r *rand.Rand) {
	t.Helper()
	_, x := inside[T](n*lines, r.Intn(8))
	copy(x, awkward[T](len(x), r))
	for i := range x {
		if lines%2 == 0 || x[i] == 0 {
			x[i] = T(math.Copysign(float64(r.Intn(2))*r.Float64(), r.NormFloat64()))
		}
	}
	shift := r.Intn(8)
	whole, got := inside[T](lines, shift)
	SumLines(got, x, n)
	for i := range got {
		var want T
		portably(func() { want = SumBlock(x[i*n : (i+1)*n]) })
		if bitsOf(got[i]) != bitsOf(want) && (got[i] == got[i] || want == want) {
			t.Fatalf("line %d of %d, %d elements %T: %v, want %v", i, lines, n, want, got[i], want)
		}
	}
	checkGuards(t, "sums", whole, lines, shift)
}

// TestVectorColumns compares chains down columns, and that they stay inside.
func TestVectorColumns(t *testing.T) { onVectors(t, vectorColumns) }

func vectorColumns(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for cols := 1; cols < 280; cols++ {
		columnsAgree[float32](t, cols, 1+r.Intn(9), r)
		columnsAgree[float64](t, cols, 1+r.Intn(9), r)
	}
	columnsAgree[float32](t, 13, ChainRows+5, r)
}

func columnsAgree[T Float](t *testing.T, cols, rows int, r *rand.Rand) {
	t.Helper()
	stride := cols + r.Intn(5)
	x := awkward[T]((rows-1)*stride+cols, r)
	shift := r.Intn(8)
	whole, got := inside[T](cols, shift)
	want, tmp := make([]T, cols), make([]T, cols)
	SumColumns(got, x, tmp, rows, stride)
	portably(func() { SumColumns(want, x, tmp, rows, stride) })
	for i := range want {
		if bitsOf(got[i]) != bitsOf(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("column %d of %d, %d rows: %v, want %v", i, cols, rows, got[i], want[i])
		}
	}
	checkGuards(t, "columns", whole, cols, shift)
}

// TestMaxLines compares lines of all kinds of numbers with the chain.
func TestMaxLines(t *testing.T) {
	onVectors(t, func(t *testing.T) {
		r := rand.New(rand.NewSource(6))
		for n := 1; n < 70; n++ {
			maxLinesAgree[float32](t, n, r)
			maxLinesAgree[float64](t, n, r)
		}
	})
}

func maxLinesAgree[T Float](t *testing.T, n int, r *rand.Rand) {
	t.Helper()
	const lines = 40
	x, got := awkward[T](n*lines, r), make([]T, lines)
	for i := range x {
		if i/n%2 == 0 { // awkward numbers make most lines NaN
			x[i] = T([]float64{math.Inf(-1), -1e30, -1, math.Copysign(0, -1), 0, 1e-40, 2, math.Inf(1)}[r.Intn(1+r.Intn(8))])
		}
	}
	MaxLines(got, x, n)
	for i := range got {
		want := T(math.Inf(-1))
		for _, v := range x[i*n : (i+1)*n] {
			want = max(want, v)
		}
		if bitsOf(got[i]) != bitsOf(want) && (got[i] == got[i] || want == want) {
			t.Fatalf("line %d of %d %T: %v, want %v", i, n, want, got[i], want)
		}
	}
}

func BenchmarkReduce(b *testing.B) {
	if Best() < AVX2 {
		b.Skip("no AVX2")
	}
	defer Use(Active())
	x, d, tmp := randoms[float32](256*128, 1), make([]float32, 128), make([]float32, 128)
	for _, tier := range Tiers() {
		bench := func(name string, n int, f func()) {
			b.Run(name+"/"+tier.String(), func(b *testing.B) {
				Use(tier)
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
			})
		}
		bench("sum", Block, func() { SumBlock(x[:Block]) })
		bench("max", 128, func() { FoldMax(x[0], x[:128]) })
		bench("columns", 256*128, func() { SumColumns(d, x, tmp, 256, 128) })
	}
}
