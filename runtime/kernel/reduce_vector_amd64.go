package kernel

import "unsafe"

// isSingle reports whether T is float32, for a T that is a float.
func isSingle[T Float]() bool {
	var zero T
	return unsafe.Sizeof(zero) == 4
}

func singles[T Number](x []T) *float32 { return (*float32)(unsafe.Pointer(&x[0])) }
func doubles[T Number](x []T) *float64 { return (*float64)(unsafe.Pointer(&x[0])) }

// vectorAdd is Add of at least one element.
func vectorAdd[T Float](dst, x, y []T) {
	if isSingle[T]() {
		tileAddF32(singles(dst), singles(x), singles(y), len(dst))
		return
	}
	tileAddF64(doubles(dst), doubles(x), doubles(y), len(dst))
}

// vectorSum is SumBlock of at least one element.
func vectorSum[T Float](x []T) T {
	if isSingle[T]() {
		return T(sumF32(singles(x), len(x)))
	}
	return T(sumF64(doubles(x), len(x)))
}

// vectorSums does the first lines of SumLines and returns how many. A long line
// by itself is as well summed in vectors of 256 bits: it waits for its own
// additions, and these take longer in wider ones.
func vectorSums[T Float](dst, x []T, n int) int {
	lines := len(dst)
	if n > 128 {
		lines &^= 3
	}
	switch {
	case Active() < AVX512 || lines == 0:
		return 0
	case isSingle[T]():
		wideSumsF32(singles(dst), singles(x), n, lines)
	default:
		wideSumsF64(doubles(dst), doubles(x), n, lines)
	}
	return lines
}

// vectorChain is goOnColumns of at least one row and column. Few columns wait
// for their own additions, too.
func vectorChain[T Float](dst, first, x []T, rows, stride int) {
	switch wide := Active() >= AVX512 && len(dst)*int(unsafe.Sizeof(dst[0])) > 128; {
	case wide && isSingle[T]():
		wideChainF32(singles(dst), singles(first), singles(x), len(dst), rows, stride)
	case wide:
		wideChainF64(doubles(dst), doubles(first), doubles(x), len(dst), rows, stride)
	case isSingle[T]():
		chainF32(singles(dst), singles(first), singles(x), len(dst), rows, stride)
	default:
		chainF64(doubles(dst), doubles(first), doubles(x), len(dst), rows, stride)
	}
}

// maxLeast is a number of elements from which vectorMax pays, and may be called.
func maxLeast() int {
	if Active() >= AVX512 {
		return vectorLeast
	}
	return 2 * vectorLeast
}

// vectorMax is the greatest of at least maxLeast elements; ok is false where T
// has no kernel.
func vectorMax[T Number](x []T) (most T, ok bool) {
	wide := Active() >= AVX512
	switch any(most).(type) {
	case float32:
		if wide {
			return T(wideGreatestF32(singles(x), len(x))), true
		}
		return T(greatestF32(singles(x), len(x))), true
	case float64:
		if wide {
			return T(wideGreatestF64(doubles(x), len(x))), true
		}
		return T(greatestF64(doubles(x), len(x))), true
	}
	return most, false
}
