// Package blas puts the project's products of matrices under gonum's BLAS, and
// so under its LAPACK: what is mostly products (factorisations, solutions of
// many right-hand sides) then runs at their speed. It knows gonum's
// conventions, row-major matrices with a leading dimension, and nothing of
// programs and plans.
package blas

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Implementation is gonum's, with products of our own. What it computes is a
// function of its arguments and the tier of kernels, not of the number of
// cores: it starts no goroutines.
type Implementation struct{ gonum.Implementation }

// Use makes blas64 and blas32, and with them lapack64 and mat, compute through
// Implementation.
func Use() {
	blas64.Use(Implementation{})
	blas32.Use(Implementation{})
}

// smallest is the number of multiplications from which a product goes to our
// kernels; below it gonum's loops cost as little.
const smallest = 8 * 8 * 8

// Dgemm is C = alpha op(A) op(B) + beta C of doubles, as BLAS defines it.
func (i Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	p := product{tA, tB, m, n, k, lda, ldb, ldc}
	if alpha == 0 || !p.fits(len(a), len(b), len(c)) {
		i.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	multiply(p, alpha, a, b, beta, c, &doubles)
}

// Sgemm is Dgemm of floats.
func (i Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	p := product{tA, tB, m, n, k, lda, ldb, ldc}
	if alpha == 0 || !p.fits(len(a), len(b), len(c)) {
		i.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	multiply(p, alpha, a, b, beta, c, &singles)
}

// product is the shape of a call.
type product struct {
	tA, tB        blas.Transpose
	m, n, k       int
	lda, ldb, ldc int
}

// fits reports whether the arguments are as BLAS wants them and the product is
// large enough; gonum's own function does the rest, and refuses what is wrong.
func (p product) fits(a, b, c int) bool {
	return p.m > 0 && p.n > 0 && p.k > 0 && p.m*p.n*p.k >= smallest &&
		stored(p.tA, p.m, p.k, p.lda, a) && stored(p.tB, p.k, p.n, p.ldb, b) && stored(blas.NoTrans, p.m, p.n, p.ldc, c)
}

// stored reports whether op(X), of rows × cols, lies in size elements.
func stored(t blas.Transpose, rows, cols, ld, size int) bool {
	switch t {
	case blas.NoTrans:
	case blas.Trans, blas.ConjTrans:
		rows, cols = cols, rows
	default:
		return false
	}
	return ld >= cols && size >= (rows-1)*ld+cols
}

// steps are those from row to row and from column to column of op(X).
func steps(t blas.Transpose, ld int) [2]int {
	if t == blas.NoTrans {
		return [2]int{ld, 1}
	}
	return [2]int{1, ld}
}

// Scratch memory of the kernels, and of operands that have been scaled.
var (
	doubles = sync.Pool{New: func() any { return new([]float64) }}
	singles = sync.Pool{New: func() any { return new([]float32) }}
)

// multiply is C = alpha op(A) op(B) + beta C. The kernels know neither factor:
// beta is applied to C before, alpha to a copy of the smaller operand, or, in
// front of a new C, to the result.
func multiply[T kernel.Float](p product, alpha T, a, b []T, beta T, c []T, pool *sync.Pool) {
	kept := pool.Get().(*[]T)
	defer pool.Put(kept)
	scaled := 0
	if alpha != 1 {
		scaled = min(p.m, p.n) * p.k
	}
	if need := kernel.GemmScratch + scaled; cap(*kept) < need {
		*kept = make([]T, need)
	}
	scratch, copied := (*kept)[:kernel.GemmScratch], (*kept)[kernel.GemmScratch:cap(*kept)]
	aStep, bStep := steps(p.tA, p.lda), steps(p.tB, p.ldb)
	if alpha != 1 && p.m <= p.n {
		a, aStep = scale(copied, alpha, a, p.m, p.k, aStep), [2]int{p.k, 1}
	} else if alpha != 1 {
		b, bStep = scale(copied, alpha, b, p.k, p.n, bStep), [2]int{p.n, 1}
	}
	if beta != 0 && beta != 1 {
		for i := range p.m {
			row := c[i*p.ldc:][:p.n]
			for j := range row {
				row[j] *= beta
			}
		}
	}
	g := kernel.NewGemm[T](p.m, p.n, p.k, aStep, bStep, [2]int{p.ldc, 1})
	g.Block(0, p.m, 0, p.n, beta != 0, a, b, c, scratch)
}

// scale copies alpha X, whose rows are then side by side.
func scale[T kernel.Float](dst []T, alpha T, x []T, rows, cols int, step [2]int) []T {
	for i := range rows {
		for j := range cols {
			dst[i*cols+j] = alpha * x[i*step[0]+j*step[1]]
		}
	}
	return dst[:rows*cols]
}
