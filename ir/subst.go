package ir

import (
	"reflect"
	"sort"
)

// SubstDims replaces symbols in all types and attributes of f, in place; look
// returns false for those that stay.
func SubstDims(f *Func, look func(name string) (Dim, bool)) {
	WalkValues(f.Body, func(v *Value) { v.Type = v.Type.Subst(look) })
	Walk(f.Body, func(op *Op) { op.Attrs = SubstAttrs(op.Attrs, look) })
}

// SubstAttrs is a copy of attributes with symbols replaced; attributes without
// dimensions are returned as they are.
func SubstAttrs(a Attrs, look func(name string) (Dim, bool)) Attrs {
	if a == nil || !hasDims(reflect.TypeOf(a)) {
		return a
	}
	v := reflect.New(reflect.TypeOf(a)).Elem()
	v.Set(reflect.ValueOf(a))
	substValue(v, look)
	return v.Interface()
}

var (
	dimType    = reflect.TypeFor[Dim]()
	tensorType = reflect.TypeFor[Type]()
	kindType   = reflect.TypeFor[Kind]()
)

// hasDims reports whether attributes of type t can hold a dimension.
func hasDims(t reflect.Type) bool {
	switch {
	case t == dimType || t == tensorType:
		return true
	case t.Kind() == reflect.Slice:
		return hasDims(t.Elem())
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if hasDims(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// substValue works in place, on fresh copies of slices, since attributes are
// shared between clones.
func substValue(v reflect.Value, look func(string) (Dim, bool)) {
	switch {
	case v.Type() == dimType:
		v.Set(reflect.ValueOf(v.Interface().(Dim).Subst(look)))
	case v.Type() == tensorType:
		v.Set(reflect.ValueOf(v.Interface().(Type).Subst(look)))
	case v.Kind() == reflect.Slice && hasDims(v.Type().Elem()) && !v.IsNil():
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		v.Set(fresh)
		for i := range v.Len() {
			substValue(v.Index(i), look)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			substValue(v.Field(i), look)
		}
	}
}

// eachDim calls f for every dimension that attributes hold.
func eachDim(v reflect.Value, f func(Dim)) {
	switch {
	case v.Type() == dimType:
		f(v.Interface().(Dim))
	case v.Type() == tensorType:
		t := v.Interface().(Type)
		f(t.Bound)
		for _, d := range t.Dims {
			f(d)
		}
	case v.Kind() == reflect.Slice && hasDims(v.Type().Elem()):
		for i := range v.Len() {
			eachDim(v.Index(i), f)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachDim(v.Field(i), f)
		}
	}
}

// FreeSymbols lists the symbols that stand in types and attributes of f, by
// name, but for those that count the rows of strips inside.
func FreeSymbols(f *Func) []string {
	set := map[string]bool{}
	var within []string
	WalkValues(f.Body, func(v *Value) { v.Type.Symbols(set) })
	Walk(f.Body, func(op *Op) {
		switch a := op.Attrs.(type) {
		case nil:
		case ConstAttrs:
			a.T.Symbols(set)
		case BroadcastAttrs:
			Type{Dims: a.Dims}.Symbols(set)
		case StripsAttrs:
			a.Count.Symbols(set)
			if rows, ok := a.Rows.Symbol(); ok {
				within = append(within, rows)
			}
		default:
			if op.Row.dims {
				eachDim(reflect.ValueOf(op.Attrs), func(d Dim) { d.Symbols(set) })
			}
		}
	})
	for _, rows := range within {
		delete(set, rows)
	}
	names := make([]string, 0, len(set))
	for n := range set {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
