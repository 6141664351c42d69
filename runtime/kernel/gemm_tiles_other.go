//go:build !amd64

package kernel

// tiles is never chosen where there are no kernels in assembly.
func (g *Gemm[T]) tiles(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	g.portable(i0, i1, j0, j1, add, a, b, c, scratch)
}
