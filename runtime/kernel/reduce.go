package kernel

import "math"

// Block is the number of neighbouring elements that one partial of a reduction
// covers. Inside a block there are 16 virtual lanes in f32 and 8 in f64, lane
// i taking elements i modulo the number of lanes; lanes are added as a tree
// (each half to the other), blocks as a tree that splits at the greatest power
// of two below their number. ChainRows is the length of the chains in sums
// down columns. All are part of the numerics.
const (
	Block     = 4096
	ChainRows = 256
)

// Blocks is the number of partials of n elements.
func Blocks(n int) int { return (n + Block - 1) / Block }

// SumBlock is the sum of at most Block elements.
func SumBlock[T Float](x []T) T {
	if Active() >= AVX2 && len(x) > 0 {
		return vectorSum(x)
	}
	var zero T
	if _, single := any(zero).(float32); single {
		return sum16(x)
	}
	return sum8(x)
}

// SumLines writes the sums of lines of n elements, 1 to Block, that lie one
// behind the other: each is what SumBlock makes of it.
func SumLines[T Float](dst, x []T, n int) {
	x, done := x[:len(dst)*n], 0
	if Active() >= AVX2 {
		done = vectorSums(dst, x, n)
	}
	for i := done; i < len(dst); i++ {
		dst[i] = SumBlock(x[i*n : (i+1)*n])
	}
}

func sum16[T Float](x []T) T {
	var l [16]T
	for len(x) >= 16 {
		p := (*[16]T)(x)
		for i := range l {
			l[i] += p[i]
		}
		x = x[16:]
	}
	for i, v := range x {
		l[i&15] += v
	}
	for h := 8; h > 0; h /= 2 {
		for i := 0; i < h; i++ {
			l[i&15] += l[(i+h)&15]
		}
	}
	return l[0]
}

func sum8[T Float](x []T) T {
	var l [8]T
	for len(x) >= 8 {
		p := (*[8]T)(x)
		l[0] += p[0]
		l[1] += p[1]
		l[2] += p[2]
		l[3] += p[3]
		l[4] += p[4]
		l[5] += p[5]
		l[6] += p[6]
		l[7] += p[7]
		x = x[8:]
	}
	for i, v := range x {
		l[i&7] += v
	}
	return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

// SumTree adds partials of blocks.
func SumTree[T Float](x []T) T {
	switch len(x) {
	case 0:
		return 0
	case 1:
		return x[0]
	}
	h := half(len(x))
	return SumTree(x[:h]) + SumTree(x[h:])
}

// half is the greatest power of two below n ≥ 2.
func half(n int) int {
	h := 1
	for 2*h < n {
		h *= 2
	}
	return h
}

// Sum is the sum of all elements, block by block.
func Sum[T Float](x []T) T {
	if len(x) <= Block {
		return SumBlock(x)
	}
	h := half(Blocks(len(x))) * Block
	return Sum(x[:h]) + Sum(x[h:])
}

// SumColumns sums rows of len(dst) neighbouring elements, stride apart: a
// chain for each column in blocks of ChainRows rows, blocks added left to
// right. tmp has the length of dst.
func SumColumns[T Float](dst, x, tmp []T, rows, stride int) {
	if rows <= ChainRows {
		chainColumns(dst, x, rows, stride)
		return
	}
	for r := 0; r < rows; r += ChainRows {
		n := min(ChainRows, rows-r)
		if r == 0 {
			chainColumns(dst, x, n, stride)
			continue
		}
		chainColumns(tmp, x[r*stride:], n, stride)
		Add(dst, dst, tmp)
	}
}

// GoOnColumns lets the chains that dst holds go on with more rows: with those
// before at most ChainRows.
func GoOnColumns[T Float](dst, x []T, rows, stride int) {
	if rows > 0 {
		goOnColumns(dst, dst, x, rows, stride)
	}
}

func chainColumns[T Float](dst, x []T, rows, stride int) {
	if rows == 0 {
		clear(dst)
		return
	}
	if rows == 1 {
		copy(dst, x[:len(dst)])
		return
	}
	goOnColumns(dst, x, x[stride:], rows-1, stride)
}

// goOnColumns lets chains that begin with first go on down at least one row.
func goOnColumns[T Float](dst, first, x []T, rows, stride int) {
	if Active() >= AVX2 && len(dst) > 0 {
		vectorChain(dst, first[:len(dst)], x[:(rows-1)*stride+len(dst)], rows, stride)
		return
	}
	Add(dst, first[:len(dst)], x)
	for r := 1; r < rows; r++ {
		Add(dst, dst, x[r*stride:])
	}
}

// Folds of other reductions are chains over their elements in order; v is the
// result so far.

// FoldMax is the greatest of v and the elements; NaN where any is.
func FoldMax[T Number](v T, x []T) T {
	if Active() >= AVX2 && len(x) >= maxLeast() {
		if most, ok := vectorMax(x); ok {
			return max(v, most)
		}
	}
	for _, e := range x {
		v = max(v, e)
	}
	return v
}

// MaxLines writes the greatest of each line of n ≥ 1 elements that lie one
// behind the other, as FoldMax finds it from -Inf on.
func MaxLines[T Float](dst, x []T, n int) {
	x = x[:len(dst)*n]
	least := T(math.Inf(-1))
	for i := range dst {
		dst[i] = FoldMax(least, x[i*n:(i+1)*n])
	}
}

// FoldProd is the product.
func FoldProd[T Float](v T, x []T) T {
	for _, e := range x {
		v = T(v * e)
	}
	return v
}

// FoldSumInt and FoldProdInt are checked; ok is false on overflow.
func FoldSumInt[T Int](v T, x []T) (T, bool) {
	for _, e := range x {
		s := v + e
		if (s^v)&(s^e) < 0 {
			return 0, false
		}
		v = s
	}
	return v, true
}

// FoldProdInt is the checked product.
func FoldProdInt[T Int](v T, x []T) (T, bool) {
	for _, e := range x {
		p, ok := mulOK(v, e)
		if !ok {
			return 0, false
		}
		v = p
	}
	return v, true
}

// ArgMax is the first position of the greatest of n elements, stride apart; a
// NaN counts as the greatest.
func ArgMax[T Number](x []T, n, stride int) int {
	best, at := x[0], 0
	for i := 1; i < n && best == best; i++ {
		if v := x[i*stride]; v > best || v != v {
			best, at = v, i
		}
	}
	return at
}
