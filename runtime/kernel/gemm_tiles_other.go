//go:build !amd64

package kernel

// multiply is never chosen where there are no kernels in assembly.
func (g *Gemm[T]) multiply(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	g.portable(i0, i1, j0, j1, add, a, b, c, scratch)
}

// Rows is a product whose rows are computed block by block.
type Rows[T Float] struct{ g Gemm[T] }

// Rows is what computes so many rows; see Rows.Block.
func (g *Gemm[T]) Rows(rows int) Rows[T] {
	r := Rows[T]{g: *g}
	r.g.CRow, r.g.CCol = g.N, 1
	return r
}

// Block computes n rows from row i on and writes them to c, row by row from its
// start.
func (r *Rows[T]) Block(i, n int, a, b, c, scratch []T) {
	r.g.Block(0, n, 0, r.g.N, false, a[i*r.g.ARow:], b, c, scratch)
}

// rowPairs is never chosen either.
func (g *Gemm[T]) rowPairs(n int, aStep, bStep, cStep int, add bool, a, b, c, scratch []T) {
	g.eachPair(n, aStep, bStep, cStep, add, a, b, c, scratch)
}
