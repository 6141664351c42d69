package kernel

import "unsafe"

// These do the first elements and return how many; 0 where there is no kernel.
// The caller does the others. Kernels of 256 bits do a multiple of eight, those
// of 512 all.

// vectorSelect is Select.
func vectorSelect[T any](dst []T, p []uint8, x, y []T) int {
	wide := Active() >= AVX512
	n := vectorPart(len(dst), wide)
	if n == 0 {
		return 0
	}
	d, a, b := unsafe.Pointer(&dst[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0])
	switch size := unsafe.Sizeof(dst[0]); {
	case size == 4 && wide:
		wideChoose4(d, &p[0], a, b, n)
	case size == 4:
		choose4(d, &p[0], a, b, n)
	case size == 8 && wide:
		wideChoose8(d, &p[0], a, b, n)
	case size == 8:
		choose8(d, &p[0], a, b, n)
	default:
		return 0
	}
	return n
}

// vectorPart is how many of n elements kernels do.
func vectorPart(n int, wide bool) int {
	if wide {
		return n
	}
	return n &^ 7
}

// vectorCompare is the kernel of a predicate, with operands in order or swapped.
func vectorCompare[T Number](pred string) func(dst []uint8, x, y []T) int {
	swap := pred == "gt" || pred == "ge"
	switch pred {
	case "gt":
		pred = "lt"
	case "ge":
		pred = "le"
	}
	f := compareKernel[T](pred)
	if f == nil {
		return nil
	}
	wide := Active() >= AVX512
	return func(dst []uint8, x, y []T) int {
		n := vectorPart(len(dst), wide)
		if n == 0 {
			return 0
		}
		if swap {
			x, y = y, x
		}
		f(&dst[0], &x[0], &y[0], n)
		return n
	}
}

// compareFunc is a comparison of n elements of T.
type compareFunc[T Number] = func(dst *uint8, x, y *T, n int)

// compareKernel is the kernel of a predicate for the tier in use, nil where T
// has none.
func compareKernel[T Number](pred string) compareFunc[T] {
	var zero T
	var narrow, wide any
	switch any(zero).(type) {
	case float32:
		narrow, wide = compareFloat32[pred], wideCompareFloat32[pred]
	case float64:
		narrow, wide = compareFloat64[pred], wideCompareFloat64[pred]
	case int32:
		narrow, wide = compareInt32[pred], wideCompareInt32[pred]
	case int64:
		wide = wideCompareInt64[pred]
	}
	if Active() >= AVX512 {
		narrow = wide
	}
	f, _ := narrow.(compareFunc[T])
	return f
}

// vectorWiden is Widen.
func vectorWiden[D, S Number](dst []D, x []S) int {
	if Active() >= AVX512 {
		return wideWiden(dst, x)
	}
	n := len(dst) &^ 7
	if n == 0 {
		return 0
	}
	switch d := any(&dst[0]).(type) {
	case *float32:
		switch s := any(&x[0]).(type) {
		case *int32:
			int32ToFloat32(d, s, n)
			return n
		case *uint8:
			uint8ToFloat32(d, s, n)
			return n
		case *float64:
			float64ToFloat32(d, s, n)
			return n
		}
	case *float64:
		switch s := any(&x[0]).(type) {
		case *int32:
			int32ToFloat64(d, s, n)
			return n
		case *int64:
			int64ToFloat64(d, s, n)
			return n
		case *uint8:
			uint8ToFloat64(d, s, n)
			return n
		case *float32:
			float32ToFloat64(d, s, n)
			return n
		}
	}
	return 0
}

// wideWiden is vectorWiden in vectors of 512 bits.
func wideWiden[D, S Number](dst []D, x []S) int {
	n := len(dst)
	if n == 0 {
		return 0
	}
	switch d := any(&dst[0]).(type) {
	case *float32:
		switch s := any(&x[0]).(type) {
		case *int32:
			wideInt32ToFloat32(d, s, n)
			return n
		case *int64:
			wideInt64ToFloat32(d, s, n)
			return n
		case *uint8:
			wideUint8ToFloat32(d, s, n)
			return n
		case *float64:
			wideFloat64ToFloat32(d, s, n)
			return n
		}
	case *float64:
		switch s := any(&x[0]).(type) {
		case *int32:
			wideInt32ToFloat64(d, s, n)
			return n
		case *int64:
			wideInt64ToFloat64(d, s, n)
			return n
		case *uint8:
			wideUint8ToFloat64(d, s, n)
			return n
		case *float32:
			wideFloat32ToFloat64(d, s, n)
			return n
		}
	}
	return 0
}
