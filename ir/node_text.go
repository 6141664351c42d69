package ir

import (
	"reflect"

	"github.com/dfc-lang/dfc/lang/source"
)

// newBody is an empty body of a node of that kind, nil where there is none.
func newBody(kind string) NodeBody {
	switch kind {
	case "source":
		return &SourceTable{}
	case "category":
		return &Category{}
	case "derive":
		return &Derive{}
	case "reduce":
		return &Reduce{}
	case "read":
		return &Read{}
	case "compute":
		return &Compute{}
	case "train":
		return &Train{}
	case "write":
		return &Write{}
	case "print":
		return &Print{}
	case "test":
		return &Test{}
	}
	return nil
}

var nodeKinds = []string{"source", "category", "derive", "reduce", "read", "compute", "train", "write", "print", "test"}

var spanType = reflect.TypeFor[source.Span]()

// innerSpans finds the spans inside the body of a node, depth first in the
// order of the fields, so that they can be written and read beside the JSON.
func innerSpans(body NodeBody) []*source.Span {
	var out []*source.Span
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch {
		case v.Type() == spanType:
			out = append(out, v.Addr().Interface().(*source.Span))
		case v.Type() == tensorType:
		case v.Kind() == reflect.Pointer && !v.IsNil():
			walk(v.Elem())
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(body))
	return out
}
