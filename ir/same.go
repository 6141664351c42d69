package ir

import (
	"hash/maphash"
	"math"
	"reflect"
	"slices"
)

// This file compares operations without writing texts of them, which of loops
// alone is worth it.

var seed = maphash.MakeSeed()

// OpHash is a number that operations of a region share where SameOp holds of
// them. It differs from process to process: nothing may depend on its order.
func OpHash(op *Op) uint64 {
	h := uint64(op.Row.number)
	if ids := op.Operands; op.Row.Has(Commutative) {
		sum := uint64(0) // in no order
		for _, v := range ids {
			sum += scramble(uint64(v.ID))
		}
		h = scramble(h ^ sum)
	} else {
		for _, v := range ids {
			h = scramble(h ^ uint64(v.ID))
		}
	}
	for _, v := range op.Results {
		h = scramble(h ^ uint64(v.Type.Kind))
		for _, d := range v.Type.Dims {
			h = scramble(h ^ maphash.Comparable(seed, d))
		}
	}
	return scramble(h ^ attrsHash(op))
}

// scramble mixes the bits of x (the finaliser of SplitMix64).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func attrsHash(op *Op) (h uint64) {
	switch a := op.Attrs.(type) {
	case nil:
	case ConstAttrs:
		for _, x := range a.F {
			if x == x { // all NaNs have one text
				h = scramble(h ^ math.Float64bits(x))
			}
		}
		for _, x := range a.I {
			h = scramble(h ^ uint64(x))
		}
	case BroadcastAttrs:
		h = intsHash(a.Axes)
	case TransposeAttrs:
		h = intsHash(a.Perm)
	case AxesAttrs:
		h = intsHash(a.Axes)
	case ReshapeAttrs: // the type of the result says all
	default:
		if op.Row.plain {
			return maphash.Comparable(seed, op.Attrs)
		}
		return maphash.String(seed, AttrsText(op.Attrs))
	}
	return h
}

func intsHash(xs []int) (h uint64) {
	for _, x := range xs {
		h = scramble(h ^ uint64(x))
	}
	return h
}

// SameOp reports whether two operations of the same region compute the same
// from the same values: row, attributes, types of results, operands, and what
// the regions do. Names, spans and Primal play no part, nor does the order of
// the operands of a commutative row.
func SameOp(x, y *Op) bool {
	if x.Row != y.Row || len(x.Results) != len(y.Results) || len(x.Regions) != len(y.Regions) || !sameOperands(x, y) {
		return false
	}
	for i, v := range x.Results {
		if !v.Type.Equal(y.Results[i].Type) {
			return false
		}
	}
	if !sameAttrs(x, y) {
		return false
	}
	for i, r := range x.Regions {
		if RegionKey(r) != RegionKey(y.Regions[i]) {
			return false
		}
	}
	return true
}

func sameOperands(x, y *Op) bool {
	if slices.Equal(x.Operands, y.Operands) {
		return true
	}
	if !x.Row.Has(Commutative) || len(x.Operands) != len(y.Operands) {
		return false
	}
	if a, b := x.Operands, y.Operands; len(a) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return slices.Equal(sortedIDs(x), sortedIDs(y))
}

func sortedIDs(op *Op) []int {
	ids := make([]int, len(op.Operands))
	for i, v := range op.Operands {
		ids[i] = v.ID
	}
	slices.Sort(ids)
	return ids
}

func sameAttrs(x, y *Op) bool {
	switch a := x.Attrs.(type) {
	case nil:
		return y.Attrs == nil
	case ConstAttrs:
		b, ok := y.Attrs.(ConstAttrs)
		return ok && a.T.Equal(b.T) && slices.Equal(a.I, b.I) && slices.EqualFunc(a.F, b.F, sameFloat)
	}
	if x.Row.plain && reflect.TypeOf(x.Attrs) == reflect.TypeOf(y.Attrs) {
		return x.Attrs == y.Attrs
	}
	return AttrsText(x.Attrs) == AttrsText(y.Attrs)
}

// sameFloat reports whether two numbers have the same text.
func sameFloat(x, y float64) bool {
	return math.Float64bits(x) == math.Float64bits(y) || x != x && y != y
}

// plainAttrs reports whether attributes of type t are equal exactly where
// their texts are: no lists, and no floats, of which 0 and -0 are ==.
func plainAttrs(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.Float32, reflect.Float64:
		return false
	case reflect.Struct:
		for i := range t.NumField() {
			if t != dimType && !plainAttrs(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}
