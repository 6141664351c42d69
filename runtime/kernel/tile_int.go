package kernel

// Int is a kind whose arithmetic is checked.
type Int interface{ int32 | int64 }

// Checked integer kernels return the first element that is at fault, -1 where
// there is none; what lies behind a fault in dst is undefined.

// IntUnary is the checked tile kernel of a row on integers, nil where there is none.
func IntUnary[T Int](row string, n int64) func(dst, x []T) int {
	switch row {
	case "neg":
		return negI[T]
	case "abs":
		return absI[T]
	case "sign":
		return signI[T]
	case "powi":
		return powiI[T](n)
	case "stop", "opaque", "cross_sum":
		return func(dst, x []T) int {
			copy(dst, x[:len(dst)])
			return -1
		}
	}
	return nil
}

func negI[T Int](dst, x []T) int {
	for i, v := range x[:len(dst)] {
		if v == -v && v != 0 {
			return i
		}
		dst[i] = -v
	}
	return -1
}

func absI[T Int](dst, x []T) int {
	for i, v := range x[:len(dst)] {
		if v < 0 {
			v = -v
		}
		if v < 0 {
			return i
		}
		dst[i] = v
	}
	return -1
}

func signI[T Int](dst, x []T) int {
	for i, v := range x[:len(dst)] {
		switch {
		case v > 0:
			v = 1
		case v < 0:
			v = -1
		}
		dst[i] = v
	}
	return -1
}

func powiI[T Int](n int64) func(dst, x []T) int {
	return func(dst, x []T) int {
		for i, v := range x[:len(dst)] {
			r, ok := intPower(v, n)
			if !ok {
				return i
			}
			dst[i] = r
		}
		return -1
	}
}

func intPower[T Int](v T, n int64) (T, bool) {
	if n < 0 {
		switch v {
		case 1:
			return 1, true
		case -1:
			return 1 - 2*T(n&1), true
		}
		return 0, false
	}
	r := T(1)
	for ok := true; n > 0; n >>= 1 {
		if n&1 == 1 {
			if r, ok = mulOK(r, v); !ok {
				return 0, false
			}
		}
		if n > 1 {
			if v, ok = mulOK(v, v); !ok {
				return 0, false
			}
		}
	}
	return r, true
}

func mulOK[T Int](x, y T) (T, bool) {
	p := x * y
	if x != 0 && (p/x != y || x == -1 && y == -y && y != 0) {
		return 0, false
	}
	return p, true
}

// IntBinary is the checked tile kernel of a row on integers, nil where there
// is none. div rounds down and rem has the sign of y.
func IntBinary[T Int](row string) func(dst, x, y []T) int {
	switch row {
	case "add":
		return addI[T]
	case "sub":
		return subI[T]
	case "mul":
		return mulI[T]
	case "div":
		return divI[T]
	case "rem":
		return remI[T]
	case "max":
		return func(dst, x, y []T) int {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = max(x[i], y[i])
			}
			return -1
		}
	}
	return nil
}

func addI[T Int](dst, x, y []T) int {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		s := x[i] + y[i]
		if (s^x[i])&(s^y[i]) < 0 {
			return i
		}
		dst[i] = s
	}
	return -1
}

func subI[T Int](dst, x, y []T) int {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		s := x[i] - y[i]
		if (x[i]^y[i])&(s^x[i]) < 0 {
			return i
		}
		dst[i] = s
	}
	return -1
}

func mulI[T Int](dst, x, y []T) int {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		p, ok := mulOK(x[i], y[i])
		if !ok {
			return i
		}
		dst[i] = p
	}
	return -1
}

func divI[T Int](dst, x, y []T) int {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		if y[i] == 0 || y[i] == -1 && x[i] == -x[i] && x[i] != 0 {
			return i
		}
		q := x[i] / y[i]
		if q*y[i] != x[i] && (x[i] < 0) != (y[i] < 0) {
			q--
		}
		dst[i] = q
	}
	return -1
}

func remI[T Int](dst, x, y []T) int {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		switch y[i] {
		case 0:
			return i
		case -1:
			dst[i] = 0
		default:
			r := x[i] % y[i]
			if r != 0 && (r < 0) != (y[i] < 0) {
				r += y[i]
			}
			dst[i] = r
		}
	}
	return -1
}

// Logic is the kernel of and, or, not (y unused) and the copying rows on bools.
func Logic(row string) func(dst, x, y []uint8) {
	switch row {
	case "and":
		return func(dst, x, y []uint8) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] & y[i]
			}
		}
	case "or":
		return func(dst, x, y []uint8) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] | y[i]
			}
		}
	case "not":
		return func(dst, x, _ []uint8) {
			for i, v := range x[:len(dst)] {
				dst[i] = v ^ 1
			}
		}
	case "stop", "opaque":
		return func(dst, x, _ []uint8) { copy(dst, x[:len(dst)]) }
	}
	return nil
}
