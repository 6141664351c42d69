//go:build !amd64

package kernel

// multiply is never chosen where there are no kernels in assembly.
func (g *Gemm[T]) multiply(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	g.portable(i0, i1, j0, j1, add, a, b, c, scratch)
}

// rowPairs is never chosen either.
func (g *Gemm[T]) rowPairs(n int, aStep, bStep, cStep int, add bool, a, b, c, scratch []T) {
	g.eachPair(n, aStep, bStep, cStep, add, a, b, c, scratch)
}
