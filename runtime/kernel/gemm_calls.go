package kernel

// Note: products as lists of calls. What the driver of the tile kernels decides
// depends on the shape alone, and for a small product it takes as long as the
// kernels. A list of the calls is made once, by a driver that notes them
// instead of calling, and then only the places of the operands are new.

// From so many elements of the operands, or links of the chains, the time of the
// driver does not count.
const (
	callsMost = 1 << 15
	callsLong = 4 * K0
)

// Calls is the list of a whole product that is written over C. Nothing is packed
// for it.
type Calls[T Float] struct {
	g    Gemm[T]
	list []gemmCall
}

// Calls makes the list; nil where there is none.
func (g *Gemm[T]) Calls() *Calls[T] {
	a, b, c := reach(g.M, g.N, g.K, g.ARow, 0, g.ACol), reach(g.M, g.N, g.K, 0, g.BCol, g.BRow), reach(g.M, g.N, g.K, g.CRow, g.CCol, 0)
	if g.tier < AVX2 || g.K == 0 || g.K >= callsLong || a <= 0 || b <= 0 || c <= 0 || a+b+c > callsMost || !g.inPlace() {
		return nil
	}
	room := make([]T, a+b+c)
	n := &notes[T]{a: room[:a], b: room[a : a+b], c: room[a+b:]}
	h := *g
	h.notes = n
	h.Block(0, h.M, 0, h.N, false, n.a, n.b, n.c, make([]T, 2*K0)) // nothing is written there
	if n.elsewhere {
		return nil
	}
	return &Calls[T]{*g, n.list}
}

// inPlace reports whether the kernels read the operands of the whole product
// where they lie, and write the result where it goes.
func (g *Gemm[T]) inPlace() bool {
	if g.swapped {
		h := g.transposed()
		g = &h
	}
	if g.N == 1 && g.ACol == 1 { // rows with a vector
		return g.BRow == 1 && g.CRow == 1
	}
	a, b := g.packs(g.M, g.N)
	return !a && !b && g.CCol == 1
}

// reach is one more than the number of the last element of an operand with
// steps along the rows, columns and links of a product, 0 where one is negative.
func reach(m, n, k, row, col, link int) int {
	if min(row, col, link) < 0 {
		return 0
	}
	return (m-1)*row + (n-1)*col + (k-1)*link + 1
}

// notes is what a driver notes instead of calling: a, b and c stand for the
// operands, of which only the places count.
type notes[T Float] struct {
	a, b, c   []T
	list      []gemmCall
	elsewhere bool // a call reads or writes something else
}
