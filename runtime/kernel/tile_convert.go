package kernel

import "math"

// Number is any stored kind.
type Number interface {
	float32 | float64 | int32 | int64 | uint8 | int8 | uint16 | int16
}

// Widen converts where nothing can fail: between floats, from integers to
// floats, to a wider integer.
func Widen[D, S Number](dst []D, x []S) {
	x = x[:len(dst)]
	n := 0
	if Active() >= AVX2 {
		n = vectorWiden(dst, x)
	}
	for i, v := range x[n:] {
		dst[n+i] = D(v)
	}
}

// Truth is 1 where x is not 0 (NaN is not 0).
func Truth[S Number](dst []uint8, x []S) {
	for i, v := range x[:len(dst)] {
		dst[i] = bit(v != 0)
	}
}

// NarrowInt converts integers and reports the first outside lo … hi.
func NarrowInt[D, S Number](dst []D, x []S, lo, hi int64) int {
	for i, v := range x[:len(dst)] {
		n := int64(v)
		if n < lo || n > hi {
			return i
		}
		dst[i] = D(n)
	}
	return -1
}

// NarrowFloat truncates floats toward zero and reports the first that is NaN
// or outside lo … hi afterwards.
func NarrowFloat[D Number, S Float](dst []D, x []S, lo, hi int64) int {
	// The bounds are compared as floats that are exact: hi+1 is a power of two
	// wherever hi itself is not exact.
	top := float64(hi) + 1
	if hi == math.MaxInt64 {
		top = 0x1p63
	}
	bottom := float64(lo)
	for i, v := range x[:len(dst)] {
		t := math.Trunc(float64(v))
		if !(t >= bottom && t < top) {
			return i
		}
		dst[i] = D(int64(t))
	}
	return -1
}

// Fill sets all elements to v: some one by one, then by copies of what is
// there, which doubles it and moves whole vectors.
func Fill[T any](dst []T, v T) {
	n := min(len(dst), 16)
	for i := range dst[:n] {
		dst[i] = v
	}
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}
