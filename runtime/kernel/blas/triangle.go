package blas

import "gonum.org/v1/gonum/blas"

// base is the order up to which a triangle is gonum's to work on: of a larger
// one all but the two halves of its diagonal is a product.
const base = 64

// Dsyrk is C = alpha op(A) op(A)ᵀ + beta C on one triangle of C, of order n,
// where op(A) has k columns.
func (i Implementation) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	sound := (ul == blas.Upper || ul == blas.Lower) && k > 0 && stored(tA, n, k, lda, len(a)) && stored(blas.NoTrans, n, n, ldc, len(c))
	if n <= base || !sound {
		i.Implementation.Dsyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
		return
	}
	h := n / 2
	low := a[h*steps(tA, lda)[0]:] // the rows of op(A) from h on
	i.Dsyrk(ul, tA, h, k, alpha, a, lda, beta, c, ldc)
	i.Dsyrk(ul, tA, n-h, k, alpha, low, lda, beta, c[h*ldc+h:], ldc)
	if tB := other(tA); ul == blas.Lower {
		i.Dgemm(tA, tB, n-h, h, k, alpha, low, lda, a, lda, beta, c[h*ldc:], ldc)
	} else {
		i.Dgemm(tA, tB, h, n-h, k, alpha, a, lda, low, lda, beta, c[h:], ldc)
	}
}

func other(t blas.Transpose) blas.Transpose {
	if t == blas.NoTrans {
		return blas.Trans
	}
	return blas.NoTrans
}

// Dtrsm solves op(A) X = alpha B or X op(A) = alpha B for X, in place of the
// m × n matrix B, where A is triangular.
func (i Implementation) Dtrsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float64, a []float64, lda int, b []float64, ldb int) {
	order := m
	if s == blas.Right {
		order = n
	}
	sound := (s == blas.Left || s == blas.Right) && (ul == blas.Upper || ul == blas.Lower) && (d == blas.Unit || d == blas.NonUnit) &&
		m > 0 && n > 0 && alpha != 0 && stored(tA, order, order, lda, len(a)) && stored(blas.NoTrans, m, n, ldb, len(b))
	if order <= base || !sound {
		i.Implementation.Dtrsm(s, ul, tA, d, m, n, alpha, a, lda, b, ldb)
		return
	}
	h := order / 2
	t := triangle{i, s, ul, tA, d, m, n, lda, ldb}
	corner := a[h*lda:] // what is stored beside the diagonal
	if ul == blas.Upper {
		corner = a[h:]
	}
	// op(A) is lower: the first unknowns of A X = B depend on themselves alone,
	// and those of X A = B on all.
	lower := (ul == blas.Lower) == (tA == blas.NoTrans)
	if lower == (s == blas.Left) {
		t.solve(0, h, alpha, a, b)
		t.subtract(0, h, order-h, alpha, corner, b)
		t.solve(h, order-h, 1, a, b)
	} else {
		t.solve(h, order-h, alpha, a, b)
		t.subtract(h, order-h, h, alpha, corner, b)
		t.solve(0, h, 1, a, b)
	}
}

// triangle is a system that is solved by halves.
type triangle struct {
	i        Implementation
	s        blas.Side
	ul       blas.Uplo
	tA       blas.Transpose
	d        blas.Diag
	m, n     int
	lda, ldb int
}

// part is the unknowns from one number on.
func (t *triangle) part(from int, b []float64) []float64 {
	if t.s == blas.Left {
		return b[from*t.ldb:]
	}
	return b[from:]
}

// solve solves for count unknowns from one on, which depend on no others.
func (t *triangle) solve(from, count int, alpha float64, a, b []float64) {
	m, n := count, t.n
	if t.s == blas.Right {
		m, n = t.m, count
	}
	t.i.Dtrsm(t.s, t.ul, t.tA, t.d, m, n, alpha, a[from*t.lda+from:], t.lda, t.part(from, b), t.ldb)
}

// subtract takes what count known unknowns, those from one on, add to the left
// sides of the rest of them off their right sides, which beta scales.
func (t *triangle) subtract(from, count, rest int, beta float64, corner, b []float64) {
	known, right := t.part(from, b), t.part(0, b)
	if from == 0 {
		right = t.part(count, b)
	}
	if t.s == blas.Left {
		t.i.Dgemm(t.tA, blas.NoTrans, rest, t.n, count, -1, corner, t.lda, known, t.ldb, beta, right, t.ldb)
	} else {
		t.i.Dgemm(blas.NoTrans, t.tA, t.m, rest, count, -1, known, t.ldb, corner, t.lda, beta, right, t.ldb)
	}
}
