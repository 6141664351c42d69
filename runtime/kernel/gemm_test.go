package kernel

import (
	"fmt"
	"math"
	"math/rand"
	goruntime "runtime"
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// runGemm computes a product block by block as the tasks would.
func runGemm[T Float](g Gemm[T], add bool, a, b, c, scratch []T) {
	rows, cols := g.Cut(false)
	for i := 0; i < g.M; i += rows {
		for j := 0; j < g.N; j += cols {
			g.Block(i, min(i+rows, g.M), j, min(j+cols, g.N), add, a, b, c, scratch)
		}
	}
}

func randoms[T Float](n int, seed int64) []T {
	r := rand.New(rand.NewSource(seed))
	x := make([]T, n)
	for i := range x {
		x[i] = T(2*r.Float64() - 1)
	}
	return x
}

var shapes = [][3]int{{1, 1, 1}, {2, 4, 3}, {3, 5, 7}, {64, 128, 256}, {65, 129, 257}, {1, 17, 600}, {17, 1, 600},
	{7, 10, 784}, {100, 3, 2}, {5, 200, 1}, {4, 4, 0}, {1, 1, 5000}, {3, 1, 2500}, {70, 1, 300}, {300, 1, 20}, {203, 1, 1500}, {200, 260, 300}}

// eachTier runs a test with the kernels in Go and with those of the processor.
func eachTier(t *testing.T, f func(t *testing.T)) {
	for _, tier := range Tiers() {
		t.Run(tier.String(), func(t *testing.T) {
			defer Use(Use(tier))
			f(t)
		})
	}
}

// steps are the steps of a rows × cols matrix, or of its transpose as it lies.
func steps(rows, cols int, turned bool) [2]int {
	if turned {
		return [2]int{1, rows}
	}
	return [2]int{cols, 1}
}

// TestGemm compares with gonum for all four ways of transposing and both ways
// of storing the result.
func TestGemm(t *testing.T) {
	eachTier(t, testGemm)
}

func testGemm(t *testing.T) {
	scratch := make([]float64, GemmScratch)
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		for mode := 0; mode < 16; mode++ {
			ta, tb, tc, add := mode&1 != 0, mode&2 != 0, mode&4 != 0, mode&8 != 0
			g := NewGemm[float64](m, n, k, steps(m, k, ta), steps(k, n, tb), steps(m, n, tc))
			ga, gb := blas64.General{Rows: m, Cols: k, Stride: max(k, 1)}, blas64.General{Rows: k, Cols: n, Stride: n}
			opA, opB := blas.NoTrans, blas.NoTrans
			if ta {
				opA, ga = blas.Trans, blas64.General{Rows: k, Cols: m, Stride: m}
			}
			if tb {
				opB, gb = blas.Trans, blas64.General{Rows: n, Cols: k, Stride: max(k, 1)}
			}
			a, b, c := randoms[float64](m*k, 1), randoms[float64](k*n, 2), randoms[float64](m*n, 3)
			want := make([]float64, m*n)
			if k > 0 {
				ga.Data, gb.Data = a, b
				blas64.Gemm(opA, opB, 1, ga, gb, 0, blas64.General{Rows: m, Cols: n, Stride: n, Data: want})
			}
			got := append([]float64{}, c...)
			runGemm(g, add, a, b, got, scratch)
			for i := range want {
				at := i
				if tc {
					at = i%n*m + i/n
				}
				w := want[i]
				if add {
					w += c[at]
				}
				if math.Abs(got[at]-w) > 1e-13*float64(k+1) {
					t.Fatalf("%v mode %d: element %d is %v, want %v", s, mode, i, got[at], w)
				}
			}
		}
	}
}

// fma is the fused multiply-add of the tier: portable rounds the product.
func fma[T Float](x, y, z T) T {
	if Active() == Portable {
		return T(x*y) + z
	}
	if lanesOf[T]() == 4 {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	return T(macro.FMA32(float32(x), float32(y), float32(z)))
}

// chain is an element of a product by the law of the chains.
func chain[T Float](k int, c T, add bool, a, b func(l int) T) T {
	if k == 0 && !add {
		return 0
	}
	for k0 := 0; k0 < k; k0 += K0 {
		var p T
		for l := k0; l < min(k, k0+K0); l++ {
			p = fma(a(l), b(l), p)
		}
		if k0 == 0 && !add {
			c = p
		} else {
			c += p
		}
	}
	return c
}

// matrix is a matrix with guards around and between its elements.
type matrix[T Float] struct {
	data      []T
	row, col  int
	off, m, n int
}

const guard = 1e30

// newMatrix lays a matrix out: turned, and apart by gap elements between the
// lines and, where spread, every other element.
func newMatrix[T Float](r *rand.Rand, m, n int, turned, spread bool, gap int) matrix[T] {
	x := matrix[T]{m: m, n: n, off: 3 + gap}
	step := 1
	if spread {
		step = 2
	}
	x.row, x.col = n*step+gap, step
	if turned {
		x.row, x.col = step, m*step+gap
	}
	x.data = make([]T, x.off+max(m*x.row, n*x.col)+gap+3)
	for i := range x.data {
		x.data[i] = guard
	}
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			x.data[x.off+i*x.row+j*x.col] = T(2*r.Float64() - 1)
		}
	}
	return x
}

func (x *matrix[T]) at(i, j int) T { return x.data[x.off+i*x.row+j*x.col] }

// checkChain runs a product and compares every element of C, and everything
// around them, with the law.
func checkChain[T Float](t *testing.T, a, b, c matrix[T], add bool, scratch []T) {
	t.Helper()
	m, n, k := a.m, b.n, a.n
	want := append([]T{}, c.data...)
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			want[c.off+i*c.row+j*c.col] = chain(k, c.at(i, j), add, func(l int) T { return a.at(i, l) }, func(l int) T { return b.at(l, j) })
		}
	}
	g := NewGemm[T](m, n, k, [2]int{a.row, a.col}, [2]int{b.row, b.col}, [2]int{c.row, c.col})
	runGemm(g, add, a.data[a.off:], b.data[b.off:], c.data[c.off:], scratch)
	for i, w := range want {
		if c.data[i] != w {
			t.Fatalf("%d×%d×%d, steps a %d %d, b %d %d, c %d %d, add %v: place %d (first is %d) holds %v, the chain gives %v",
				m, n, k, a.row, a.col, b.row, b.col, c.row, c.col, add, i, c.off, c.data[i], w)
		}
	}
}

// TestGemmChain checks the documented order of additions bit for bit, over
// sizes around the tiles, all ways of lying in memory, and places nearby.
func TestGemmChain(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		testGemmChain[float32](t)
		testGemmChain[float64](t)
	})
}

func testGemmChain[T Float](t *testing.T) {
	r := rand.New(rand.NewSource(7))
	scratch := make([]T, GemmScratch)
	one := func(m, n, k int) {
		mode := r.Intn(128)
		bit := func(i int) bool { return mode>>i&1 == 1 }
		a := newMatrix[T](r, m, k, bit(0), bit(1) && bit(2), r.Intn(3))
		b := newMatrix[T](r, k, n, bit(3), bit(4) && bit(2), r.Intn(3))
		c := newMatrix[T](r, m, n, bit(5), bit(4) && bit(1), r.Intn(3))
		checkChain(t, a, b, c, bit(6), scratch)
	}
	for m := 1; m <= 40; m++ {
		for n := 1; n <= 40; n++ {
			for _, k := range []int{1 + r.Intn(4), 1 + r.Intn(40)} {
				one(m, n, k)
			}
		}
	}
	for m := 1; m <= 20; m++ { // around the widest tiles
		for _, n := range []int{32, 33, 64, 65, 100, 129} {
			one(m, n, 1+r.Intn(9))
		}
	}
	for range 12 { // links of a turned A far apart
		one(513+r.Intn(20), 64+r.Intn(8), 1+r.Intn(9))
	}
	for range 12 {
		one(1+r.Intn(200), 1+r.Intn(200), 1+r.Intn(40))
		one(1+r.Intn(20), 1+r.Intn(20), 1+r.Intn(1000))
	}
	for _, s := range shapes {
		for range 3 {
			one(s[0], s[1], s[2])
		}
	}
}

// TestPairs compares rows times rows with the law, bit for bit.
func TestPairs(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		testPairs[float32](t)
		testPairs[float64](t)
	})
}

func testPairs[T Float](t *testing.T) {
	r := rand.New(rand.NewSource(9))
	scratch := make([]T, GemmScratch)
	for _, n := range []int{1, 3, 4, 8, 15, 16, 31, 33, 70, 600} {
		for _, k := range []int{1, 3, 8, 17, 64, 300} {
			add := r.Intn(2) == 1
			a := newMatrix[T](r, n, k, false, r.Intn(4) == 0, r.Intn(3))
			b := newMatrix[T](r, n, k, false, false, r.Intn(3))
			c := newMatrix[T](r, n, 1, r.Intn(2) == 1, false, r.Intn(3))
			want := append([]T{}, c.data...)
			for i := 0; i < n; i++ {
				want[c.off+i*c.row] = chain(k, c.at(i, 0), add, func(l int) T { return a.at(i, l) }, func(l int) T { return b.at(i, l) })
			}
			g := NewGemm[T](1, 1, k, [2]int{0, a.col}, [2]int{b.col, 0}, [2]int{0, 0})
			g.Pairs(n, a.row, b.row, c.row, add, a.data[a.off:], b.data[b.off:], c.data[c.off:], scratch)
			for i, w := range want {
				if c.data[i] != w {
					t.Fatalf("%d rows of %d, steps %d %d %d, add %v: place %d holds %v, the chain gives %v", n, k, a.row, b.row, c.row, add, i, c.data[i], w)
				}
			}
		}
	}
}

var benchShapes = []struct {
	m, n, k int
	ta, tb  bool
}{
	{64, 64, 64, false, false}, {128, 128, 128, false, false}, {256, 256, 256, false, false}, {512, 512, 512, false, false},
	{1024, 1024, 1024, false, false}, {256, 256, 256, true, false}, {256, 256, 256, false, true}, {512, 512, 512, true, true},
	{256, 128, 784, false, false}, {784, 128, 256, true, false}, {128, 784, 256, true, false}, {256, 784, 128, false, true},
	{256, 10, 128, false, false}, {128, 10, 256, true, false}, {256, 128, 10, false, true},
	{256, 64, 12, false, false}, {64, 12, 256, true, false}, {64, 64, 256, true, false},
	{256, 1, 64, false, false}, {64, 1, 256, true, false}, {1, 64, 256, false, false}, {256, 1, 20, false, false}, {20, 1, 256, true, false},
	{1, 1024, 1024, false, true}, {1, 1024, 1024, false, false}, {1, 1, 4096, false, false},
}

// BenchmarkGemm reports the rate of each shape and its share of what a loop of
// fused multiply-adds in registers reaches in the same moments.
func BenchmarkGemm(b *testing.B) {
	for _, s := range benchShapes {
		benchGemm[float32](b, "f32", s.m, s.n, s.k, s.ta, s.tb)
		benchGemm[float64](b, "f64", s.m, s.n, s.k, s.ta, s.tb)
	}
	b.Run("gonum/f32/256", func(b *testing.B) {
		x := blas32.General{Rows: 256, Cols: 256, Stride: 256, Data: randoms[float32](1<<16, 1)}
		y := blas32.General{Rows: 256, Cols: 256, Stride: 256, Data: make([]float32, 1<<16)}
		for b.Loop() {
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, x, x, 0, y)
		}
		b.ReportMetric(2*256*256*256*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	})
}

func benchGemm[T Float](b *testing.B, kind string, m, n, k int, ta, tb bool) {
	x, y, z := randoms[T](m*k, 1), randoms[T](k*n, 2), make([]T, m*n)
	g := NewGemm[T](m, n, k, steps(m, k, ta), steps(k, n, tb), steps(m, n, false))
	scratch := make([]T, GemmScratch)
	name := fmt.Sprintf("%s/%dx%dx%d", kind, m, n, k)
	if ta {
		name += "tA"
	}
	if tb {
		name += "tB"
	}
	b.Run(name, func(b *testing.B) {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		best, peak := math.Inf(1), 0.0
		reps := max(1, 1<<24/(m*n*k))
		for b.Loop() {
			start := threadTime()
			for range reps {
				runGemm(g, false, x, y, z, scratch)
			}
			best = min(best, (threadTime()-start).Seconds()/float64(reps))
			peak = max(peak, fmaPeak()*float64(lanesOf[T]())/8)
		}
		flops := 2 * float64(m*n*k)
		b.ReportMetric(flops/best/1e9, "GFLOP/s")
		if peak > 0 {
			b.ReportMetric(100*flops/best/peak, "%peak")
		}
	})
}
