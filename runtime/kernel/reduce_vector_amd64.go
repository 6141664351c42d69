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

// vectorChain is chainColumns of at least one row and column.
func vectorChain[T Float](dst, x []T, rows, stride int) {
	if isSingle[T]() {
		chainF32(singles(dst), singles(x), len(dst), rows, stride)
		return
	}
	chainF64(doubles(dst), doubles(x), len(dst), rows, stride)
}

// vectorMax is the greatest of at least 8 elements; ok is false where T has no
// kernel.
func vectorMax[T Number](x []T) (most T, ok bool) {
	switch any(most).(type) {
	case float32:
		return T(greatestF32(singles(x), len(x))), true
	case float64:
		return T(greatestF64(doubles(x), len(x))), true
	}
	return most, false
}
