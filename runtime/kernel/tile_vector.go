package kernel

// The kernels of the vector tier work on addresses and return how many
// elements they have done: all, or those before the first vector that has an
// element outside the domain of their program.
type (
	tileFunc1[T Float] func(dst, x *T, n int) int
	tileFunc2[T Float] func(dst, x, y *T, n int) int
	tileFunc3[T Float] func(dst, x, y, z *T, n int) int
)

// vectorLeast is a length from which a call of a vector kernel pays.
const vectorLeast = 8

// vectorUnary is the vector kernel of a row where there is one, else portable;
// portable computes the elements outside its domain, and these only.
func vectorUnary[T Float](row string, portable func(dst, x []T)) func(dst, x []T) {
	f := pick[T, tileFunc1[T]](tile1F32[row], tile1F64[row])
	if f == nil || Active() < AVX2 {
		return portable
	}
	return func(dst, x []T) {
		if x = x[:len(dst)]; len(dst) == 0 {
			return
		}
		for at := f(&dst[0], &x[0], len(dst)); at < len(dst); {
			end := min(len(dst), at+lanesOf[T]())
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
	f := pick[T, tileFunc2[T]](tile2F32[row], tile2F64[row])
	if f == nil || Active() < AVX2 {
		return portable
	}
	return func(dst, x, y []T) {
		if x, y = x[:len(dst)], y[:len(dst)]; len(dst) == 0 {
			return
		}
		for at := f(&dst[0], &x[0], &y[0], len(dst)); at < len(dst); {
			end := min(len(dst), at+lanesOf[T]())
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
	f := pick[T, tileFunc3[T]](tile3F32[row], tile3F64[row])
	if f == nil || Active() < AVX2 {
		return portable
	}
	return func(dst, x, y, z []T) {
		if x, y, z = x[:len(dst)], y[:len(dst)], z[:len(dst)]; len(dst) > 0 {
			f(&dst[0], &x[0], &y[0], &z[0], len(dst))
		}
	}
}

// pick is the one of two kernels that is for T.
func pick[T Float, F any](single, double any) F {
	var zero T
	if _, ok := any(zero).(float32); ok {
		f, _ := single.(F)
		return f
	}
	f, _ := double.(F)
	return f
}
