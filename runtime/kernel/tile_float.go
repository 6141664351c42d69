package kernel

import (
	"math"
	"strconv"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// Float is a kind that arithmetic rounds in.
type Float interface{ float32 | float64 }

// FloatUnary is the tile kernel dst[i] = f(x[i]) of a row, nil where there is
// none. n is the attribute of powi and polygamma. dst and x have one length
// and may be the same.
func FloatUnary[T Float](row string, n int64) func(dst, x []T) {
	f := portableUnary[T](row, n)
	if f == nil {
		return nil
	}
	if row == "powi" || row == "polygamma" {
		row += " " + strconv.FormatInt(n, 10)
	}
	return vectorUnary(row, f)
}

func portableUnary[T Float](row string, n int64) func(dst, x []T) {
	switch row {
	case "neg":
		return negT[T]
	case "abs":
		return absT[T]
	case "sqrt":
		return sqrtT[T]
	case "floor":
		return floorT[T]
	case "round":
		return roundT[T]
	case "sign":
		return signT[T]
	case "stop", "opaque", "cross_sum":
		return copyT[T]
	case "powi":
		return powiT[T](n)
	case "polygamma":
		return each[T](func(x float64) float64 { return Polygamma(n, x) })
	}
	var d any
	var zero T
	switch any(zero).(type) {
	case float32:
		d = single(row)
	default:
		d = double(row)
	}
	f, _ := d.(func(dst, x []T))
	return f
}

// double and single are the kernels of the elementary functions; the loop
// stands around a direct call so that the call may be inlined.
func double(row string) any {
	switch row {
	case "exp":
		return func(dst, x []float64) {
			for i, v := range x[:len(dst)] {
				dst[i] = Exp(v)
			}
		}
	case "log":
		return func(dst, x []float64) {
			for i, v := range x[:len(dst)] {
				dst[i] = Log(v)
			}
		}
	}
	if f := elementary(row); f != nil {
		return each[float64](f)
	}
	return nil
}

func single(row string) any {
	switch row {
	case "exp":
		return each32(Exp32)
	case "log":
		return each32(Log32)
	case "tanh":
		return each32(Tanh32)
	case "logistic":
		return each32(Logistic32)
	}
	if f := elementary(row); f != nil {
		return each[float32](f)
	}
	return nil
}

func elementary(row string) func(float64) float64 {
	switch row {
	case "exp":
		return Exp
	case "expm1":
		return Expm1
	case "log":
		return Log
	case "log1p":
		return Log1p
	case "sin":
		return Sin
	case "cos":
		return Cos
	case "tanh":
		return Tanh
	case "logistic":
		return Logistic
	case "erf":
		return Erf
	case "lgamma":
		return Lgamma
	}
	return nil
}

func each[T Float](f func(float64) float64) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x[:len(dst)] {
			dst[i] = T(f(float64(v)))
		}
	}
}

func each32(f func(float32) float32) func(dst, x []float32) {
	return func(dst, x []float32) {
		for i, v := range x[:len(dst)] {
			dst[i] = f(v)
		}
	}
}

func negT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = -v
	}
}

func copyT[T any](dst, x []T) { copy(dst, x[:len(dst)]) }

func absT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(math.Abs(float64(v)))
	}
}

func sqrtT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(math.Sqrt(float64(v)))
	}
}

func floorT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(math.Floor(float64(v)))
	}
}

func roundT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(math.RoundToEven(float64(v)))
	}
}

// signT keeps zeros and NaN as they are.
func signT[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		switch {
		case v > 0:
			v = 1
		case v < 0:
			v = -1
		}
		dst[i] = v
	}
}

func powiT[T Float](n int64) func(dst, x []T) {
	switch n {
	case 2:
		return func(dst, x []T) {
			for i, v := range x[:len(dst)] {
				dst[i] = T(v * v)
			}
		}
	}
	return func(dst, x []T) {
		for i, v := range x[:len(dst)] {
			dst[i] = T(Powi(float64(v), n))
		}
	}
}

// FloatBinary is the tile kernel dst[i] = f(x[i], y[i]) of a row.
func FloatBinary[T Float](row string) func(dst, x, y []T) {
	f := portableBinary[T](row)
	if f == nil {
		return nil
	}
	return vectorBinary(row, f)
}

func portableBinary[T Float](row string) func(dst, x, y []T) {
	switch row {
	case "add":
		return Add[T]
	case "sub":
		return subT[T]
	case "mul":
		return mulT[T]
	case "div":
		return divT[T]
	case "max":
		return maxT[T]
	case "pow":
		return each2[T](Pow)
	case "atan2":
		return each2[T](Atan2)
	case "rem":
		return each2[T](Rem)
	}
	return nil
}

// Rem is x - y·floor(x/y) without rounding of the quotient, with the sign of y.
func Rem(x, y float64) float64 {
	r := math.Mod(x, y)
	if r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func each2[T Float](f func(x, y float64) float64) func(dst, x, y []T) {
	return func(dst, x, y []T) {
		x, y = x[:len(dst)], y[:len(dst)]
		for i := range dst {
			dst[i] = T(f(float64(x[i]), float64(y[i])))
		}
	}
}

// Add is dst = x + y, element by element.
func Add[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	if Active() >= AVX2 && len(dst) >= vectorLeast {
		vectorAdd(dst, x, y)
		return
	}
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func subT[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

func mulT[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = T(x[i] * y[i])
	}
}

func divT[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] / y[i]
	}
}

// maxT is NaN where either is.
func maxT[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], y[i])
	}
}

// FloatTernary is the tile kernel dst[i] = f(x[i], y[i], z[i]) of a row.
func FloatTernary[T Float](row string) func(dst, x, y, z []T) {
	if row != "fma" {
		return nil
	}
	return vectorTernary(row, Fma[T])
}

// Fma is x·y + z with one rounding.
func Fma[T Float](dst, x, y, z []T) {
	x, y, z = x[:len(dst)], y[:len(dst)], z[:len(dst)]
	var zero T
	if _, single := any(zero).(float32); single {
		for i := range dst {
			dst[i] = T(macro.FMA32(float32(x[i]), float32(y[i]), float32(z[i])))
		}
		return
	}
	for i := range dst {
		dst[i] = T(math.FMA(float64(x[i]), float64(y[i]), float64(z[i])))
	}
}

// Cmp compares: dst[i] is 1 where the predicate holds, with IEEE rules on NaN.
func Cmp[T Number](pred string) func(dst []uint8, x, y []T) {
	f := portableCmp[T](pred)
	if f == nil || Active() < AVX2 {
		return f
	}
	g := vectorCompare[T](pred)
	if g == nil {
		return f
	}
	return func(dst []uint8, x, y []T) {
		x, y = x[:len(dst)], y[:len(dst)]
		n := g(dst, x, y)
		f(dst[n:], x[n:], y[n:])
	}
}

func portableCmp[T Number](pred string) func(dst []uint8, x, y []T) {
	switch pred {
	case "eq":
		return func(dst []uint8, x, y []T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = bit(x[i] == y[i])
			}
		}
	case "ne":
		return func(dst []uint8, x, y []T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = bit(x[i] != y[i])
			}
		}
	case "lt":
		return lessT[T]
	case "le":
		return lessEqualT[T]
	case "gt":
		return func(dst []uint8, x, y []T) { lessT(dst, y, x) }
	case "ge":
		return func(dst []uint8, x, y []T) { lessEqualT(dst, y, x) }
	}
	return nil
}

func lessT[T Number](dst []uint8, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = bit(x[i] < y[i])
	}
}

func lessEqualT[T Number](dst []uint8, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = bit(x[i] <= y[i])
	}
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// Select is dst[i] = x[i] where p[i] is not 0, y[i] elsewhere.
func Select[T any](dst []T, p []uint8, x, y []T) {
	p, x, y = p[:len(dst)], x[:len(dst)], y[:len(dst)]
	n := 0
	if Active() >= AVX2 {
		n = vectorSelect(dst, p, x, y)
	}
	for i := n; i < len(dst); i++ {
		v := y[i]
		if p[i] != 0 {
			v = x[i]
		}
		dst[i] = v
	}
}
