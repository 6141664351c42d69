package kernel

import "unsafe"

// These do the first elements, a multiple of eight, and return how many; 0
// where there is no kernel. The caller does the others.

// vectorSelect is Select.
func vectorSelect[T any](dst []T, p []uint8, x, y []T) int {
	n := len(dst) &^ 7
	if n == 0 {
		return 0
	}
	d, a, b := unsafe.Pointer(&dst[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0])
	switch unsafe.Sizeof(dst[0]) {
	case 4:
		choose4(d, &p[0], a, b, n)
		return n
	case 8:
		choose8(d, &p[0], a, b, n)
		return n
	}
	return 0
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
	var zero T
	var table any
	switch any(zero).(type) {
	case float32:
		table = compareFloat32[pred]
	case float64:
		table = compareFloat64[pred]
	case int32:
		table = compareInt32[pred]
	}
	f, _ := table.(func(dst *uint8, x, y *T, n int))
	if f == nil {
		return nil
	}
	return func(dst []uint8, x, y []T) int {
		n := len(dst) &^ 7
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

// vectorWiden is Widen.
func vectorWiden[D, S Number](dst []D, x []S) int {
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
