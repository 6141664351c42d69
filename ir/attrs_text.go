package ir

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Attributes print as `{axis 0, batch_dims 1}`: the fields of the struct in
// order, in snake case. A field is left out where leaving it out says the same:
// false, "", no list (nil; an empty one is `[]`), no dimension, kind or type.
// Lists are `[a, b]`, lists of bools are bits from the first to the last,
// `0b101`, and nested structs look like the whole.

// AttrsText is the text of attributes with the braces, "" where nothing is to
// be said.
func AttrsText(a Attrs) string {
	if a == nil {
		return ""
	}
	var b strings.Builder
	writeStruct(&b, reflect.ValueOf(a), 0)
	if b.Len() == len("{}") {
		return ""
	}
	return b.String()
}

// writeStruct writes the fields from number from on.
func writeStruct(b *strings.Builder, v reflect.Value, from int) {
	sep := "{"
	for i := from; i < v.NumField(); i++ {
		if omitted(v.Field(i)) {
			continue
		}
		b.WriteString(sep + snake(v.Type().Field(i).Name) + " ")
		writeValue(b, v.Field(i))
		sep = ", "
	}
	if sep == "{" {
		b.WriteString(sep)
	}
	b.WriteByte('}')
}

func omitted(v reflect.Value) bool {
	switch {
	case v.Type() == tensorType:
		t := v.Interface().(Type)
		return t.Kind == NoKind && len(t.Dims) == 0
	case v.Type() == dimType, v.Type() == kindType, v.Kind() == reflect.Bool,
		v.Kind() == reflect.String, v.Kind() == reflect.Slice:
		return v.IsZero()
	}
	return false
}

func writeValue(b *strings.Builder, v reflect.Value) {
	switch x := v.Interface().(type) {
	case Dim:
		b.WriteString(x.String())
		return
	case Type:
		b.WriteString(x.String())
		return
	case Kind:
		b.WriteString(x.String())
		return
	case []bool:
		b.WriteString(bits(x))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int64:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		b.WriteString(floatText(v.Float()))
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	case reflect.Struct:
		writeStruct(b, v, 0)
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			writeValue(b, v.Index(i))
		}
		b.WriteByte(']')
	default:
		panic("ir: attributes cannot hold a " + v.Type().String())
	}
}

// floatText is the shortest text that reads back as the same number.
func floatText(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func bits(bs []bool) string {
	var b strings.Builder
	b.WriteString("0b")
	for _, x := range bs {
		if x {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// snake turns BatchDims into batch_dims.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// readStruct reads `{name value, …}` into the fields of v.
func (p *reader) readStruct(v reflect.Value) {
	p.expect("{")
	seen := map[string]bool{}
	for !p.accept("}") {
		if len(seen) > 0 {
			p.expect(",")
		}
		p.skip()
		at := p.offset()
		name := p.word("the name of an attribute")
		i := fieldNamed(v.Type(), name)
		if i < 0 {
			p.failAt(at, codeAttr, "there is no attribute `%s` here", name).WithHint("%s", fieldsOf(v.Type()))
			p.stop()
		}
		if seen[name] {
			p.failAt(at, codeAttr, "the attribute `%s` is given twice", name)
			p.stop()
		}
		seen[name] = true
		p.readValue(v.Field(i))
	}
}

func fieldNamed(t reflect.Type, name string) int {
	for i := range t.NumField() {
		if snake(t.Field(i).Name) == name {
			return i
		}
	}
	return -1
}

func fieldsOf(t reflect.Type) string {
	var names []string
	for i := range t.NumField() {
		names = append(names, "`"+snake(t.Field(i).Name)+"`")
	}
	if len(names) == 0 {
		return "this operation has no attributes"
	}
	return "the attributes are " + strings.Join(names, ", ")
}

func (p *reader) readValue(v reflect.Value) {
	p.skip()
	switch v.Interface().(type) {
	case Dim:
		v.Set(reflect.ValueOf(p.dim()))
		return
	case Type:
		v.Set(reflect.ValueOf(p.typ()))
		return
	case Kind:
		v.Set(reflect.ValueOf(p.kind()))
		return
	case []bool:
		v.Set(reflect.ValueOf(p.bits()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(p.bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(p.int())
	case reflect.Float64:
		v.SetFloat(p.float())
	case reflect.String:
		v.SetString(p.quoted())
	case reflect.Struct:
		p.readStruct(v)
	case reflect.Slice:
		p.readList(v)
	default:
		panic("ir: attributes cannot hold a " + v.Type().String())
	}
}

func (p *reader) readList(v reflect.Value) {
	p.expect("[")
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for !p.accept("]") {
		if list.Len() > 0 {
			p.expect(",")
		}
		e := reflect.New(v.Type().Elem()).Elem()
		p.readValue(e)
		list = reflect.Append(list, e)
	}
	v.Set(list)
}
