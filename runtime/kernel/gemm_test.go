package kernel

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

func runGemm[T Float](g Gemm[T], a, b, c []T) {
	scratch := make([]T, GemmScratch)
	for t := 0; t < g.Tasks(); t++ {
		g.Task(t, a, b, c, scratch)
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
	{7, 10, 784}, {100, 3, 2}, {5, 200, 1}, {4, 4, 0}}

// TestGemm compares with gonum for all four ways of transposing and both ways
// of storing the result.
func TestGemm(t *testing.T) {
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		for mode := 0; mode < 16; mode++ {
			ta, tb, tc, add := mode&1 != 0, mode&2 != 0, mode&4 != 0, mode&8 != 0
			g := Gemm[float64]{M: m, N: n, K: k, ARow: k, ACol: 1, BRow: n, BCol: 1, CRow: n, CCol: 1, Add: add}
			ga, gb := blas64.General{Rows: m, Cols: k, Stride: max(k, 1)}, blas64.General{Rows: k, Cols: n, Stride: n}
			opA, opB := blas.NoTrans, blas.NoTrans
			if ta {
				g.ARow, g.ACol, opA = 1, m, blas.Trans
				ga = blas64.General{Rows: k, Cols: m, Stride: m}
			}
			if tb {
				g.BRow, g.BCol, opB = 1, k, blas.Trans
				gb = blas64.General{Rows: n, Cols: k, Stride: max(k, 1)}
			}
			if tc {
				g.CRow, g.CCol = 1, m
			}
			a, b, c := randoms[float64](m*k, 1), randoms[float64](k*n, 2), randoms[float64](m*n, 3)
			want := make([]float64, m*n)
			if k > 0 {
				ga.Data, gb.Data = a, b
				blas64.Gemm(opA, opB, 1, ga, gb, 0, blas64.General{Rows: m, Cols: n, Stride: n, Data: want})
			}
			got := append([]float64{}, c...)
			runGemm(g, a, b, got)
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

// TestGemmChain checks the documented order of additions bit for bit.
func TestGemmChain(t *testing.T) {
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		a, b, c := randoms[float32](m*k, 1), randoms[float32](k*n, 2), make([]float32, m*n)
		runGemm(Gemm[float32]{M: m, N: n, K: k, ARow: k, ACol: 1, BRow: n, BCol: 1, CRow: n, CCol: 1}, a, b, c)
		for i := 0; i < m*n; i++ {
			var total float32
			for k0 := 0; k0 < k; k0 += K0 {
				var p float32
				for l := k0; l < min(k, k0+K0); l++ {
					p += float32(a[i/n*k+l] * b[l*n+i%n])
				}
				if k0 == 0 {
					total = p
				} else {
					total += p
				}
			}
			if c[i] != total {
				t.Fatalf("%v: element %d is %v, the chain gives %v", s, i, c[i], total)
			}
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{64, 64, 64}, {256, 256, 256}, {256, 128, 784}, {256, 10, 128}, {512, 512, 512}, {256, 1, 784}} {
		benchGemm[float32](b, "f32", s)
		benchGemm[float64](b, "f64", s)
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

func benchGemm[T Float](b *testing.B, kind string, s [3]int) {
	m, n, k := s[0], s[1], s[2]
	x, y, z := randoms[T](m*k, 1), randoms[T](k*n, 2), make([]T, m*n)
	g := Gemm[T]{M: m, N: n, K: k, ARow: k, ACol: 1, BRow: n, BCol: 1, CRow: n, CCol: 1}
	scratch := make([]T, GemmScratch)
	b.Run(fmt.Sprintf("%s/%dx%dx%d", kind, m, n, k), func(b *testing.B) {
		for b.Loop() {
			for t := 0; t < g.Tasks(); t++ {
				g.Task(t, x, y, z, scratch)
			}
		}
		b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	})
}
