package kernel

import (
	"math"
	"unsafe"
)

// K0 is the length of a chain in a product of matrices: inside a block of K0
// every output element is a chain of multiply and add over k from zero, and
// blocks are added left to right. It is part of the numerics. Everything else
// about a product, tiles, packing, orientation and tasks, leaves the bits alone.
const K0 = 256

// Parts is the number of parts into which the chains of a product are cut: a
// few elements with very long chains. Each part is whole blocks, a product of
// its own; parts are added as a tree that splits at the greatest power of two
// below their number. That too is part of the numerics.
func Parts(m, n, k int) int {
	if m*n > 16<<10 || k < 8*K0 {
		return 1
	}
	return min(16, k/(4*K0))
}

// PartStart is the first link of a part.
func PartStart(k, parts, p int) int {
	blocks := (k + K0 - 1) / K0
	return min(k, blocks*p/parts*K0)
}

// The rows and columns of a block that are computed together, for one block of
// the chains: their part of A and of B fit the second cache.
const (
	mostRows = 192
	mostCols = 512
)

// RowsAtOnce is the most rows of a block of Rows.
const RowsAtOnce = mostRows

// GemmScratch is the number of elements of scratch that a block needs.
const GemmScratch = (mostRows+mostCols)*K0 + mostRows*64

// Gemm is one product C[m,n] = A[m,k] B[k,n] or C += A B. Strides are free, in
// elements, so that transposed operands and results are no special case. An
// operand with a stride of 0 repeats. NewGemm makes one.
type Gemm[T Float] struct {
	M, N, K    int
	ARow, ACol int
	BRow, BCol int
	CRow, CCol int

	tier    Tier // of the kernels
	swapped bool // those in assembly compute the transpose
	notes   *notes[T]
	goOn    bool // the chains begin with what C holds
}

// NewGemm describes a product; a, b and c are the steps from row to row and
// from column to column. Which kernels compute it is chosen here, from the
// active tier and the shape.
func NewGemm[T Float](m, n, k int, a, b, c [2]int) Gemm[T] {
	g := Gemm[T]{M: m, N: n, K: k, ARow: a[0], ACol: a[1], BRow: b[0], BCol: b[1], CRow: c[0], CCol: c[1]}
	g.straighten()
	if g.tier = Active(); g.tier >= AVX2 {
		h := g.transposed()
		g.swapped = 10*h.cost() < 9*g.cost()
	}
	return g
}

// straighten gives axes of one element the step that fits best.
func (g *Gemm[T]) straighten() {
	if g.M == 1 {
		g.ARow, g.CRow = 1, 1
	}
	if g.N == 1 {
		g.BCol, g.CCol = 1, 1
	}
	if g.K == 1 {
		g.ACol, g.BRow = 1, 1
	}
}

// transposed is the product of the transposes, Cᵀ = Bᵀ Aᵀ: each element has
// the same chain.
func (g *Gemm[T]) transposed() Gemm[T] {
	return Gemm[T]{M: g.N, N: g.M, K: g.K, ARow: g.BCol, ACol: g.BRow, BRow: g.ACol, BCol: g.ARow, CRow: g.CCol, CCol: g.CRow, tier: g.tier, notes: g.notes, goOn: g.goOn}
}

// cost estimates the work of the tiles in this orientation, in sixteenths of
// the time of a full tile for each row and link of the chains.
func (g *Gemm[T]) cost() int {
	lanes := g.lanes()
	c := 16 * g.M * (g.N / (2 * lanes))
	switch tail := g.N % (2 * lanes); {
	case tail > lanes:
		c += 16 * g.M
	case tail > 0:
		c += 9 * g.M
	}
	if g.N == 1 && g.ACol == 1 {
		c = 3 * g.M // rows times a vector
	}
	switch {
	case g.BCol == 1:
	case g.BRow == 1:
		c += 4 * g.N
	default:
		c += 32 * g.N
	}
	switch {
	case g.CCol == 1:
	case g.CRow == 1:
		c += 16 * g.M * g.N / max(g.K, 1)
	default:
		c += 48 * g.M * g.N / max(g.K, 1)
	}
	return c
}

// lanesOf is the number of elements in a register of 256 bits.
func lanesOf[T Float]() int {
	var z T
	return 32 / int(unsafe.Sizeof(z))
}

// lanes is the number of elements in a register of the tile kernels.
func (g *Gemm[T]) lanes() int {
	if g.tier == AVX512 {
		return 2 * lanesOf[T]()
	}
	return lanesOf[T]()
}

// From so many columns and links packing A pays, where its lines are multiples
// of conflict bytes apart.
const (
	packCols  = 128
	packLinks = 128
	conflict  = 2048
)

// packs reports which operands are packed for a block of C.
func (g *Gemm[T]) packs(m, n int) (a, b bool) {
	return m > 2 && n >= packCols && g.apart(n), g.BCol != 1 || m >= g.packRows()
}

// packRows is from how many rows on packing a panel of B pays although it is
// contiguous. With registers of 512 bits a panel of long chains comes from the
// second cache either way, so it is packed where its rows are far apart, and one
// of short chains so that the first cache holds it.
func (g *Gemm[T]) packRows() int {
	near := g.tier == AVX512 && g.BRow <= 2048*lanesOf[T]()/32
	switch {
	case near && g.K > K0/2:
		return math.MaxInt
	case near:
		return 128
	}
	return 64
}

// apart reports whether the lines of A are better packed where n columns read
// them: lines whose addresses differ by a large power of two push one another
// out of the first cache.
func (g *Gemm[T]) apart(n int) bool {
	size := 32 / lanesOf[T]()
	if g.ACol == 1 {
		return n >= 2*packCols && g.ARow*size%(2*conflict) == 0
	}
	return g.K >= packLinks && g.ACol*size%conflict == 0
}

// What a task should do at least, in floating-point operations and, worth
// eight of them, elements moved; and the least rows and columns of one.
const (
	taskWork  = 3 << 20
	taskRows  = 48
	taskCols  = 32
	wholeRows = 32
	tasksMax  = 32
)

// bandWork is what a band of rows is worth at least for a worker that claims
// it, counted as taskWork; those that one worker claims together it computes
// as one block.
const bandWork = 3 << 17

// Band is the number of rows of the bands that a product too small for Cut is
// shared in: a function of the shape alone. Rows are computed one like the
// other in all of them, so the bits are those of the whole.
func (g *Gemm[T]) Band() int {
	want := min(8, g.work()/bandWork, g.M/(taskRows/2))
	if want <= 1 || g.N == 1 {
		return max(g.M, 1)
	}
	return share(g.M, want, taskRows)
}

// work is the work of all, in the measure of taskWork.
func (g *Gemm[T]) work() int {
	return 2*g.M*g.N*g.K + 8*(g.M*g.N+g.M*g.K+g.N*g.K)
}

// Cut is the size of the blocks of C that tasks compute: a function of the
// shape alone. Where whole is set the blocks have all columns.
func (g *Gemm[T]) Cut(whole bool) (rows, cols int) {
	m, n := g.M, g.N
	want := min(tasksMax, g.work()/taskWork)
	if m == 0 || n == 0 || want <= 1 {
		return max(m, 1), max(n, 1)
	}
	if whole {
		return share(m, min(want, (m+wholeRows-1)/wholeRows), 48), n
	}
	// Each block reads and packs what it needs: the fewer of them share a
	// row, the fewer times that is done for A, and so for columns and B.
	down, across, least := 1, 1, math.MaxInt
	narrow := max(taskCols, 4*g.lanes()) // as wide as the tiles that most of a product is done by
	for d := 1; d <= want && (d == 1 || (m+d-1)/d >= taskRows); d++ {
		for x := min((want+d-1)/d, (n+narrow-1)/narrow); x > 0; x-- {
			if cost := g.cutCost(d, x, want); cost < least {
				down, across, least = d, x, cost
			}
		}
	}
	return share(m, down, 48), share(n, across, 64)
}

// cutCost estimates what reading and packing takes in d × x blocks; having
// less than three quarters of the blocks that are wanted is the last resort.
func (g *Gemm[T]) cutCost(d, x, want int) int {
	packA, packB := g.packs((g.M+d-1)/d, (g.N+x-1)/x)
	costA, costB := 4, 1
	if packB {
		costB = 5
	}
	switch {
	case packA:
		costA = 8
	case g.apart(g.N):
		costA = 24
	}
	return x*g.M*costA + d*g.N*costB + 64*max(want-want/4-d*x, 0)*(g.M+g.N)
}

// share is the size of n things in parts parts, rounded up to whole tiles
// where that does not change much.
func share(n, parts, unit int) int {
	size := (n + parts - 1) / parts
	for unit > 4 && unit > size/2 {
		unit /= 2
	}
	return (size + unit - 1) / unit * unit
}

// Block computes rows i0 to i1 and columns j0 to j1 of C, or adds the product
// to them. a, b and c start at element (0,0).
func (g *Gemm[T]) Block(i0, i1, j0, j1 int, add bool, a, b, c, scratch []T) {
	switch {
	case g.K == 0 && !add:
		g.clear(i0, i1, j0, j1, c)
	case g.K == 0:
	case g.swapped:
		h := g.transposed()
		h.multiply(j0, j1, i0, i1, add, b, a, c, scratch)
	case g.tier >= AVX2:
		g.multiply(i0, i1, j0, j1, add, a, b, c, scratch)
	default:
		g.portable(i0, i1, j0, j1, add, a, b, c, scratch)
	}
}

// GoOn lets the chains of C = A B begin with what C holds instead of zero: the
// links of A and B are the next ones of a product whose first ones are done. K
// and the links before are at most K0 together.
func (g *Gemm[T]) GoOn(a, b, c, scratch []T) {
	h := *g
	h.goOn = true
	h.Block(0, g.M, 0, g.N, true, a, b, c, scratch)
}

// Pairs computes n products whose operands and results are so many elements
// apart. Products of one element, rows times rows, are computed many at once.
func (g *Gemm[T]) Pairs(n int, aStep, bStep, cStep int, add bool, a, b, c, scratch []T) {
	if g.tier >= AVX2 && g.M == 1 && g.N == 1 && g.ACol == 1 && g.BRow == 1 && g.K > 0 {
		g.rowPairs(n, aStep, bStep, cStep, add, a, b, c, scratch)
		return
	}
	g.eachPair(n, aStep, bStep, cStep, add, a, b, c, scratch)
}

// eachPair is Pairs one by one.
func (g *Gemm[T]) eachPair(n int, aStep, bStep, cStep int, add bool, a, b, c, scratch []T) {
	for i := 0; i < n; i++ {
		g.Block(0, g.M, 0, g.N, add, a[i*aStep:], b[i*bStep:], c[i*cStep:], scratch)
	}
}

func (g *Gemm[T]) clear(i0, i1, j0, j1 int, c []T) {
	for i := i0; i < i1; i++ {
		for j := j0; j < j1; j++ {
			c[i*g.CRow+j*g.CCol] = 0
		}
	}
}
