package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

var (
	ours   = Implementation{}
	theirs = gonum.Implementation{}
)

func drawn(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.Float64()*2 - 1
	}
	return x
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// near compares all elements, also those between the rows, which nothing may
// touch. The numbers summed are below 1 in size, n of them.
func near[T kernel.Float](t *testing.T, what string, got, want []T, n int, ulp float64) {
	t.Helper()
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= float64(n)*ulp) {
			t.Fatalf("%s: element %d is %v, with gonum %v", what, i, got[i], want[i])
		}
	}
}

// eachTier runs a test on all kernels that this processor has.
func eachTier(t *testing.T, test func(t *testing.T)) {
	for _, tier := range kernel.Tiers() {
		t.Run(tier.String(), func(t *testing.T) {
			defer kernel.Use(kernel.Use(tier))
			test(t)
		})
	}
}

var transposes = []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}

func TestGemm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			m, n, k := 1+r.IntN(90), 1+r.IntN(90), 1+r.IntN(300)
			tA, tB := transposes[r.IntN(3)], transposes[r.IntN(3)]
			lda, ldb, ldc := max(m, k)+r.IntN(3), max(n, k)+r.IntN(3), n+r.IntN(3)
			alpha, beta := []float64{1, -1, 0.5, 0}[r.IntN(4)], []float64{0, 1, -0.25}[r.IntN(3)]
			a, b, c := drawn(r, max(m, k)*lda), drawn(r, max(n, k)*ldb), drawn(r, m*ldc)
			if beta == 0 {
				c[0] = math.NaN() // what was there does not matter then
			}
			d := append([]float64(nil), c...)
			a4, b4, c4, d4 := narrow(a), narrow(b), narrow(c), narrow(c)
			what := fmt.Sprintf("%d×%d×%d %c%c alpha %v beta %v", m, n, k, tA, tB, alpha, beta)
			ours.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
			theirs.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, d, ldc)
			near(t, what, c, d, k+1, 0x1p-51)
			ours.Sgemm(tA, tB, m, n, k, float32(alpha), a4, lda, b4, ldb, float32(beta), c4, ldc)
			theirs.Sgemm(tA, tB, m, n, k, float32(alpha), a4, lda, b4, ldb, float32(beta), d4, ldc)
			near(t, what+" f32", c4, d4, k+1, 0x1p-22)
		}
	})
}

func TestSyrk(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 64, 65, 130, 257} {
			for _, ul := range []blas.Uplo{blas.Upper, blas.Lower} {
				for _, tA := range transposes {
					k := 1 + r.IntN(90)
					lda, ldc := max(n, k)+2, n+1
					a, c := drawn(r, max(n, k)*lda), drawn(r, n*ldc)
					d := append([]float64(nil), c...)
					ours.Dsyrk(ul, tA, n, k, -1, a, lda, 0.5, c, ldc)
					theirs.Dsyrk(ul, tA, n, k, -1, a, lda, 0.5, d, ldc)
					near(t, fmt.Sprintf("order %d, %c %c", n, ul, tA), c, d, k+1, 0x1p-51)
				}
			}
		}
	})
}

func TestTrsm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, s := range []blas.Side{blas.Left, blas.Right} {
			for _, ul := range []blas.Uplo{blas.Upper, blas.Lower} {
				for _, tA := range transposes {
					for _, d := range []blas.Diag{blas.Unit, blas.NonUnit} {
						for _, order := range []int{3, 65, 200} {
							m, n := order, 1+r.IntN(80)
							if s == blas.Right {
								m, n = n, m
							}
							lda, ldb := order+1, n+2
							a, b := drawn(r, order*lda), drawn(r, m*ldb)
							for i := range a { // well conditioned
								a[i] /= float64(order)
							}
							for i := range order {
								a[i*lda+i] = 2
							}
							x := append([]float64(nil), b...)
							ours.Dtrsm(s, ul, tA, d, m, n, 0.5, a, lda, b, ldb)
							theirs.Dtrsm(s, ul, tA, d, m, n, 0.5, a, lda, x, ldb)
							near(t, fmt.Sprintf("%c%c%c%c %d×%d", s, ul, tA, d, m, n), b, x, 8, 0x1p-51)
						}
					}
				}
			}
		}
	})
}

// TestWrongArguments: what gonum refuses is refused, in its words.
func TestWrongArguments(t *testing.T) {
	x := make([]float64, 20*20)
	said := func(f func()) (what any) {
		defer func() { what = recover() }()
		f()
		return nil
	}
	for _, c := range []struct {
		name        string
		our, theirs func()
	}{
		{"lda", func() { ours.Dgemm(blas.NoTrans, blas.NoTrans, 20, 20, 20, 1, x, 19, x, 20, 0, x, 20) },
			func() { theirs.Dgemm(blas.NoTrans, blas.NoTrans, 20, 20, 20, 1, x, 19, x, 20, 0, x, 20) }},
		{"short c", func() { ours.Dgemm(blas.NoTrans, blas.NoTrans, 20, 20, 20, 1, x, 20, x, 20, 0, x[1:], 20) },
			func() { theirs.Dgemm(blas.NoTrans, blas.NoTrans, 20, 20, 20, 1, x, 20, x, 20, 0, x[1:], 20) }},
		{"transpose", func() { ours.Dgemm('X', blas.NoTrans, 20, 20, 20, 1, x, 20, x, 20, 0, x, 20) },
			func() { theirs.Dgemm('X', blas.NoTrans, 20, 20, 20, 1, x, 20, x, 20, 0, x, 20) }},
		{"triangle", func() { ours.Dsyrk('X', blas.NoTrans, 200, 2, 1, x, 2, 0, x, 200) },
			func() { theirs.Dsyrk('X', blas.NoTrans, 200, 2, 1, x, 2, 0, x, 200) }},
		{"short a", func() { ours.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, blas.Unit, 200, 1, 1, x, 200, x, 1) },
			func() { theirs.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, blas.Unit, 200, 1, 1, x, 200, x, 1) }},
	} {
		if our, want := said(c.our), said(c.theirs); want == nil || our != want {
			t.Errorf("%s: %v, gonum: %v", c.name, our, want)
		}
	}
}

// spd is a symmetric matrix with positive eigenvalues.
func spd(r *rand.Rand, n int) *mat.SymDense {
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i {
			a.SetSym(i, j, (r.Float64()-0.5)/float64(n))
		}
		a.SetSym(i, i, 1+r.Float64())
	}
	return a
}

// TestLapack: factorisations through our products give back what was factored.
func TestLapack(t *testing.T) {
	Use()
	defer blas64.Use(gonum.Implementation{})
	r := rand.New(rand.NewPCG(7, 8))
	const n = 300
	a := spd(r, n)
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		t.Fatal("not positive definite")
	}
	var back mat.SymDense
	chol.ToSym(&back)
	near(t, "Cholesky", back.RawSymmetric().Data, a.RawSymmetric().Data, n, 0x1p-50)

	x := mat.NewDense(n, n, drawn(r, n*n))
	var lu mat.LU
	lu.Factorize(x)
	var solved, product mat.Dense
	if err := lu.SolveTo(&solved, false, mat.DenseCopyOf(a)); err != nil {
		t.Fatal(err)
	}
	product.Mul(x, &solved)
	near(t, "LU", product.RawMatrix().Data, mat.DenseCopyOf(a).RawMatrix().Data, n, 0x1p-40)

	var qr mat.QR
	qr.Factorize(x)
	var q, rr mat.Dense
	qr.QTo(&q)
	qr.RTo(&rr)
	product.Mul(&q, &rr)
	near(t, "QR", product.RawMatrix().Data, x.RawMatrix().Data, n, 0x1p-46)
}

// BenchmarkLapack compares factorisations of order 1024 with and without our
// products, in turn.
func BenchmarkLapack(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	const n = 1024
	a, x := spd(r, n), mat.NewDense(n, n, drawn(r, n*n))
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"multiply", func() { new(mat.Dense).Mul(x, x) }},
		{"Cholesky", func() { new(mat.Cholesky).Factorize(a) }},
		{"LU", func() { new(mat.LU).Factorize(x) }},
		{"QR", func() { new(mat.QR).Factorize(x) }},
	} {
		for _, who := range []string{"ours", "gonum"} {
			b.Run(c.name+"/"+who, func(b *testing.B) {
				if who == "ours" {
					Use()
					defer blas64.Use(gonum.Implementation{})
				}
				for b.Loop() {
					c.do()
				}
			})
		}
	}
}
