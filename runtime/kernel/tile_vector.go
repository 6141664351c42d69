package kernel

// The kernels of the vector tier work on addresses and return how many
// elements they have done: all, or those before the first vector that has an
// element outside the domain of their program.
type (
	tileFunc1[T Float] func(dst, x *T, n int) int
	tileFunc2[T Float] func(dst, x, y *T, n int) int
	tileFunc3[T Float] func(dst, x, y, z *T, n int) int
)

// vectorLeast is a length from which a call of a vector kernel pays, and how
// many elements are looked at by themselves where one has stopped.
const vectorLeast = 8

// vectorUnary is the vector kernel of a row where there is one, else portable;
// portable computes the elements outside its domain, and these only.
func vectorUnary[T Float](row string, portable func(dst, x []T)) func(dst, x []T) {
	f := tileKernel[T, tileFunc1[T]](row, tiles1F32, tiles1F64)
	if f == nil {
		return portable
	}
	return func(dst, x []T) {
		if x = x[:len(dst)]; len(dst) == 0 {
			return
		}
		for at := f(&dst[0], &x[0], len(dst)); at < len(dst); {
			end := min(len(dst), at+vectorLeast)
			for i := at; i < end; i++ {
				if f(&dst[i], &x[i], 1) == 0 {
					portable(dst[i:i+1], x[i:i+1])
				}
			}
			if at = end; at < len(dst) {
				at += f(&dst[at], &x[at], len(dst)-at)
			}
		}
	}
}

// vectorBinary is the same of two operands.
func vectorBinary[T Float](row string, portable func(dst, x, y []T)) func(dst, x, y []T) {
	f := tileKernel[T, tileFunc2[T]](row, tiles2F32, tiles2F64)
	if f == nil {
		return portable
	}
	return func(dst, x, y []T) {
		if x, y = x[:len(dst)], y[:len(dst)]; len(dst) == 0 {
			return
		}
		for at := f(&dst[0], &x[0], &y[0], len(dst)); at < len(dst); {
			end := min(len(dst), at+vectorLeast)
			for i := at; i < end; i++ {
				if f(&dst[i], &x[i], &y[i], 1) == 0 {
					portable(dst[i:i+1], x[i:i+1], y[i:i+1])
				}
			}
			if at = end; at < len(dst) {
				at += f(&dst[at], &x[at], &y[at], len(dst)-at)
			}
		}
	}
}

// vectorTernary is the same of three operands, for rows without a domain.
func vectorTernary[T Float](row string, portable func(dst, x, y, z []T)) func(dst, x, y, z []T) {
	f := tileKernel[T, tileFunc3[T]](row, tiles3F32, tiles3F64)
	if f == nil {
		return portable
	}
	return func(dst, x, y, z []T) {
		if x, y, z = x[:len(dst)], y[:len(dst)], z[:len(dst)]; len(dst) > 0 {
			f(&dst[0], &x[0], &y[0], &z[0], len(dst))
		}
	}
}

// byTier is a table of kernels by tier and row. A tier that has none of a row
// takes the one below.
type byTier[F any] [AVX512 + 1]map[string]F

func (t byTier[F]) of(row string) (f F) {
	for tier := Active(); tier > Portable; tier-- {
		if f, ok := t[tier][row]; ok {
			return f
		}
	}
	return f
}

var (
	tiles1F32 = byTier[tileFunc1[float32]]{AVX2: tile1F32, AVX512: wide1F32}
	tiles1F64 = byTier[tileFunc1[float64]]{AVX2: tile1F64, AVX512: wide1F64}
	tiles2F32 = byTier[tileFunc2[float32]]{AVX2: tile2F32, AVX512: wide2F32}
	tiles2F64 = byTier[tileFunc2[float64]]{AVX2: tile2F64, AVX512: wide2F64}
	tiles3F32 = byTier[tileFunc3[float32]]{AVX2: tile3F32, AVX512: wide3F32}
	tiles3F64 = byTier[tileFunc3[float64]]{AVX2: tile3F64, AVX512: wide3F64}
)

// tileKernel is the kernel F of a row on T, nil where there is none.
func tileKernel[T Float, F, S, D any](row string, single byTier[S], double byTier[D]) F {
	var zero T
	var f any
	if _, ok := any(zero).(float32); ok {
		f = single.of(row)
	} else {
		f = double.of(row)
	}
	return f.(F)
}
