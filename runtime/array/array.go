// Package array is the one form in which numbers travel between the data
// readers, the executor, training and the outside: dense, typed, row-major.
package array

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
)

// Array is a dense tensor; the slice of its kind is the one in use: F32, F64,
// I32 (i32 and index), I64 (i64 and key), U8 (u8 and bool), I8, U16, I16.
// Elements are row by row and the slice has exactly Len elements.
type Array struct {
	Kind  ir.Kind
	Shape []int
	F32   []float32
	F64   []float64
	I32   []int32
	I64   []int64
	U8    []uint8
	I8    []int8
	U16   []uint16
	I16   []int16
}

// New is a zero array. Its elements begin at a cache line where there are some
// cache lines of them.
func New(k ir.Kind, shape ...int) *Array {
	a := &Array{Kind: k, Shape: append([]int{}, shape...)}
	a.alloc(a.Len())
	return a
}

func (a *Array) alloc(n int) {
	switch a.Kind {
	case ir.F32:
		a.F32 = zeros[float32](n)
	case ir.F64:
		a.F64 = zeros[float64](n)
	case ir.I32, ir.Index:
		a.I32 = zeros[int32](n)
	case ir.I64, ir.Key:
		a.I64 = zeros[int64](n)
	case ir.U8, ir.Bool:
		a.U8 = zeros[uint8](n)
	case ir.I8:
		a.I8 = zeros[int8](n)
	case ir.U16:
		a.U16 = zeros[uint16](n)
	case ir.I16:
		a.I16 = zeros[int16](n)
	default:
		panic(fmt.Sprintf("array: no kind %v", a.Kind))
	}
}

// Len is the number of elements.
func (a *Array) Len() int {
	n := 1
	for _, s := range a.Shape {
		n *= s
	}
	return n
}

// Float is element i of a number array as a float64.
func (a *Array) Float(i int) float64 {
	switch a.Kind {
	case ir.F32:
		return float64(a.F32[i])
	case ir.F64:
		return a.F64[i]
	}
	return float64(a.Int(i))
}

// Int is element i of an array that holds no floats.
func (a *Array) Int(i int) int64 {
	switch a.Kind {
	case ir.I32, ir.Index:
		return int64(a.I32[i])
	case ir.I64, ir.Key:
		return a.I64[i]
	case ir.U8, ir.Bool:
		return int64(a.U8[i])
	case ir.I8:
		return int64(a.I8[i])
	case ir.U16:
		return int64(a.U16[i])
	case ir.I16:
		return int64(a.I16[i])
	}
	panic(fmt.Sprintf("array: Int of %v", a.Kind))
}

// SetFloat and SetInt store element i, converted to the kind of the array.
func (a *Array) SetFloat(i int, x float64) {
	switch a.Kind {
	case ir.F32:
		a.F32[i] = float32(x)
	case ir.F64:
		a.F64[i] = x
	default:
		a.SetInt(i, int64(x))
	}
}

func (a *Array) SetInt(i int, n int64) {
	switch a.Kind {
	case ir.I32, ir.Index:
		a.I32[i] = int32(n)
	case ir.I64, ir.Key:
		a.I64[i] = n
	case ir.U8, ir.Bool:
		a.U8[i] = uint8(n)
	case ir.I8:
		a.I8[i] = int8(n)
	case ir.U16:
		a.U16[i] = uint16(n)
	case ir.I16:
		a.I16[i] = int16(n)
	default:
		a.SetFloat(i, float64(n))
	}
}

// Rows is the view of rows from..to of the leading dimension; it shares memory.
func (a *Array) Rows(from, to int) *Array {
	inner := 1
	for _, s := range a.Shape[1:] {
		inner *= s
	}
	v := &Array{Kind: a.Kind, Shape: append([]int{to - from}, a.Shape[1:]...)}
	lo, hi := from*inner, to*inner
	switch a.Kind {
	case ir.F32:
		v.F32 = a.F32[lo:hi]
	case ir.F64:
		v.F64 = a.F64[lo:hi]
	case ir.I32, ir.Index:
		v.I32 = a.I32[lo:hi]
	case ir.I64, ir.Key:
		v.I64 = a.I64[lo:hi]
	case ir.U8, ir.Bool:
		v.U8 = a.U8[lo:hi]
	case ir.I8:
		v.I8 = a.I8[lo:hi]
	case ir.U16:
		v.U16 = a.U16[lo:hi]
	case ir.I16:
		v.I16 = a.I16[lo:hi]
	}
	return v
}

// FromTensor and ToTensor convert to and from the values of the interpreter.
func FromTensor(t *ir.Tensor) *Array {
	a := New(t.Type.Kind, t.Shape...)
	for i := range t.F {
		a.SetFloat(i, t.F[i])
	}
	for i := range t.I {
		a.SetInt(i, t.I[i])
	}
	return a
}

// ToTensor gives the array the type t.
func (a *Array) ToTensor(t ir.Type) *ir.Tensor {
	x := ir.NewTensor(t, a.Shape...)
	for i := 0; i < a.Len(); i++ {
		if t.IsFloat() {
			x.F[i] = a.Float(i)
		} else {
			x.I[i] = a.Int(i)
		}
	}
	return x
}
