package runtime

import (
	"math"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// tileOp runs one kernel on n elements of registers and returns the element at
// fault, -1 where there is none.
type tileOp func(r []unsafe.Pointer, n int) int

func tile[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }

// tileKernel is the kernel of an instruction, nil where there is none. d and s
// are the numbers of the registers; bound is the range of an index.
func tileKernel(op *ir.Op, d int, s []int, bound int64) tileOp {
	kind := op.Results[0].Type.Kind
	switch op.Row.Name {
	case "select":
		return selectOp(bytesOf(kind), d, s)
	case "cmp":
		return cmpOp(op, d, s)
	case "convert":
		return convertOp(op.Operands[0].Type.Kind, op.Results[0].Type, d, s[0], bound)
	case "stop", "opaque":
		return copyOp(bytesOf(kind), d, s[0])
	case "key_fold":
		return foldOp(op.Operands[1].Type.Kind, d, s)
	}
	switch kind {
	case ir.F32:
		return floatOp[float32](op, d, s)
	case ir.F64:
		return floatOp[float64](op, d, s)
	case ir.I32:
		return intOp[int32](op, d, s)
	case ir.I64:
		return intOp[int64](op, d, s)
	case ir.Bool:
		if f := kernel.Logic(op.Row.Name); f != nil {
			x, y := s[0], s[len(s)-1]
			return func(r []unsafe.Pointer, n int) int {
				f(tile[uint8](r[d], n), tile[uint8](r[x], n), tile[uint8](r[y], n))
				return -1
			}
		}
	}
	return nil
}

func powerOf(op *ir.Op) int64 {
	if a, ok := op.Attrs.(ir.NAttrs); ok {
		return a.N
	}
	return 0
}

func floatOp[T kernel.Float](op *ir.Op, d int, s []int) tileOp {
	switch len(s) {
	case 1:
		if f := kernel.FloatUnary[T](op.Row.Name, powerOf(op)); f != nil {
			x := s[0]
			return func(r []unsafe.Pointer, n int) int {
				f(tile[T](r[d], n), tile[T](r[x], n))
				return -1
			}
		}
	case 2:
		if f := kernel.FloatBinary[T](op.Row.Name); f != nil {
			x, y := s[0], s[1]
			return func(r []unsafe.Pointer, n int) int {
				f(tile[T](r[d], n), tile[T](r[x], n), tile[T](r[y], n))
				return -1
			}
		}
	case 3:
		if f := kernel.FloatTernary[T](op.Row.Name); f != nil {
			x, y, z := s[0], s[1], s[2]
			return func(r []unsafe.Pointer, n int) int {
				f(tile[T](r[d], n), tile[T](r[x], n), tile[T](r[y], n), tile[T](r[z], n))
				return -1
			}
		}
	}
	return nil
}

func intOp[T kernel.Int](op *ir.Op, d int, s []int) tileOp {
	if len(s) == 1 {
		if f := kernel.IntUnary[T](op.Row.Name, powerOf(op)); f != nil {
			x := s[0]
			return func(r []unsafe.Pointer, n int) int { return f(tile[T](r[d], n), tile[T](r[x], n)) }
		}
		return nil
	}
	f := kernel.IntBinary[T](op.Row.Name)
	if f == nil || len(s) != 2 {
		return nil
	}
	x, y := s[0], s[1]
	return func(r []unsafe.Pointer, n int) int {
		return f(tile[T](r[d], n), tile[T](r[x], n), tile[T](r[y], n))
	}
}

func selectOp(bytes, d int, s []int) tileOp {
	switch bytes {
	case 8:
		return selectOf[uint64](d, s)
	case 4:
		return selectOf[uint32](d, s)
	case 2:
		return selectOf[uint16](d, s)
	}
	return selectOf[uint8](d, s)
}

func selectOf[T any](d int, s []int) tileOp {
	p, x, y := s[0], s[1], s[2]
	return func(r []unsafe.Pointer, n int) int {
		kernel.Select(tile[T](r[d], n), tile[uint8](r[p], n), tile[T](r[x], n), tile[T](r[y], n))
		return -1
	}
}

func copyOp(bytes, d, s int) tileOp {
	return func(r []unsafe.Pointer, n int) int {
		copy(tile[byte](r[d], n*bytes), tile[byte](r[s], n*bytes))
		return -1
	}
}

func cmpOp(op *ir.Op, d int, s []int) tileOp {
	pred := op.Attrs.(ir.CmpAttrs).Pred
	switch op.Operands[0].Type.Kind {
	case ir.F32:
		return cmpOf(kernel.Cmp[float32](pred), d, s)
	case ir.F64:
		return cmpOf(kernel.Cmp[float64](pred), d, s)
	case ir.I32, ir.Index:
		return cmpOf(kernel.Cmp[int32](pred), d, s)
	case ir.I64:
		return cmpOf(kernel.Cmp[int64](pred), d, s)
	case ir.U8, ir.Bool:
		return cmpOf(kernel.Cmp[uint8](pred), d, s)
	case ir.I8:
		return cmpOf(kernel.Cmp[int8](pred), d, s)
	case ir.U16:
		return cmpOf(kernel.Cmp[uint16](pred), d, s)
	case ir.I16:
		return cmpOf(kernel.Cmp[int16](pred), d, s)
	}
	return nil
}

func cmpOf[T any](f func(dst []uint8, x, y []T), d int, s []int) tileOp {
	x, y := s[0], s[1]
	return func(r []unsafe.Pointer, n int) int {
		f(tile[uint8](r[d], n), tile[T](r[x], n), tile[T](r[y], n))
		return -1
	}
}

func foldOp(k ir.Kind, d int, s []int) tileOp {
	if k == ir.I64 {
		return foldOf[int64](d, s)
	}
	return foldOf[int32](d, s)
}

func foldOf[T kernel.Int](d int, s []int) tileOp {
	x, y := s[0], s[1]
	return func(r []unsafe.Pointer, n int) int {
		dst, key, num := tile[uint64](r[d], n), tile[uint64](r[x], n), tile[T](r[y], n)
		for i := range dst {
			dst[i] = ir.Mix(key[i], uint64(num[i]))
		}
		return -1
	}
}

// rangeOf is what a kind of integers holds.
func rangeOf(k ir.Kind, bound int64) (lo, hi int64) {
	switch k {
	case ir.I8:
		return math.MinInt8, math.MaxInt8
	case ir.I16:
		return math.MinInt16, math.MaxInt16
	case ir.I32:
		return math.MinInt32, math.MaxInt32
	case ir.U8:
		return 0, math.MaxUint8
	case ir.U16:
		return 0, math.MaxUint16
	case ir.Index:
		return 0, bound - 1
	}
	return math.MinInt64, math.MaxInt64
}

func convertOp(from ir.Kind, to ir.Type, d, s int, bound int64) tileOp {
	switch from {
	case ir.F32:
		return convertFloat[float32](to.Kind, d, s, bound)
	case ir.F64:
		return convertFloat[float64](to.Kind, d, s, bound)
	case ir.I32, ir.Index:
		return convertInt[int32](to.Kind, d, s, bound)
	case ir.I64:
		return convertInt[int64](to.Kind, d, s, bound)
	case ir.U8, ir.Bool:
		return convertInt[uint8](to.Kind, d, s, bound)
	case ir.I8:
		return convertInt[int8](to.Kind, d, s, bound)
	case ir.U16:
		return convertInt[uint16](to.Kind, d, s, bound)
	case ir.I16:
		return convertInt[int16](to.Kind, d, s, bound)
	}
	return nil
}

func convertFloat[S kernel.Float](to ir.Kind, d, s int, bound int64) tileOp {
	lo, hi := rangeOf(to, bound)
	switch to {
	case ir.F32:
		return widen[float32, S](d, s)
	case ir.F64:
		return widen[float64, S](d, s)
	case ir.Bool:
		return truth[S](d, s)
	case ir.I32, ir.Index:
		return narrowFloat[int32, S](d, s, lo, hi)
	case ir.I64:
		return narrowFloat[int64, S](d, s, lo, hi)
	case ir.U8:
		return narrowFloat[uint8, S](d, s, lo, hi)
	case ir.I8:
		return narrowFloat[int8, S](d, s, lo, hi)
	case ir.U16:
		return narrowFloat[uint16, S](d, s, lo, hi)
	}
	return narrowFloat[int16, S](d, s, lo, hi)
}

func convertInt[S kernel.Number](to ir.Kind, d, s int, bound int64) tileOp {
	lo, hi := rangeOf(to, bound)
	switch to {
	case ir.F32:
		return widen[float32, S](d, s)
	case ir.F64:
		return widen[float64, S](d, s)
	case ir.Bool:
		return truth[S](d, s)
	case ir.I32, ir.Index:
		return narrowInt[int32, S](d, s, lo, hi)
	case ir.I64:
		return narrowInt[int64, S](d, s, lo, hi)
	case ir.U8:
		return narrowInt[uint8, S](d, s, lo, hi)
	case ir.I8:
		return narrowInt[int8, S](d, s, lo, hi)
	case ir.U16:
		return narrowInt[uint16, S](d, s, lo, hi)
	}
	return narrowInt[int16, S](d, s, lo, hi)
}

func widen[D, S kernel.Number](d, s int) tileOp {
	return func(r []unsafe.Pointer, n int) int {
		kernel.Widen(tile[D](r[d], n), tile[S](r[s], n))
		return -1
	}
}

func truth[S kernel.Number](d, s int) tileOp {
	return func(r []unsafe.Pointer, n int) int {
		kernel.Truth(tile[uint8](r[d], n), tile[S](r[s], n))
		return -1
	}
}

func narrowFloat[D kernel.Number, S kernel.Float](d, s int, lo, hi int64) tileOp {
	return func(r []unsafe.Pointer, n int) int {
		return kernel.NarrowFloat(tile[D](r[d], n), tile[S](r[s], n), lo, hi)
	}
}

func narrowInt[D, S kernel.Number](d, s int, lo, hi int64) tileOp {
	return func(r []unsafe.Pointer, n int) int {
		return kernel.NarrowInt(tile[D](r[d], n), tile[S](r[s], n), lo, hi)
	}
}
