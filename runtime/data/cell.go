package data

import (
	"math"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// cells writes elements of tensors as texts: numbers in their shortest exact
// form, indices over categories and keyed tables as their texts.
type cells struct {
	text   func(dim string, i int64) (string, bool)
	number func(dim string) bool // whether the texts of a dimension are whole numbers
}

// AppendFloat appends the shortest text that reads back as the same number, or
// the word for one without digits.
func AppendFloat(b []byte, x float64, bits int) []byte {
	if word := array.Special(x); word != "" {
		return append(b, word...)
	}
	form := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(b, x, form, -1, bits)
}

// word is the text of an index, if it has one.
func (c cells) word(t ir.Type, i int64) (string, bool) {
	if t.Kind != ir.Index || c.text == nil {
		return "", false
	}
	name, ok := t.Bound.Symbol()
	if !ok {
		return "", false
	}
	return c.text(name, i)
}

// csv appends element i as a field.
func (c cells) csv(b []byte, a *array.Array, t ir.Type, i int) []byte {
	switch a.Kind {
	case ir.F32:
		return AppendFloat(b, float64(a.F32[i]), 32)
	case ir.F64:
		return AppendFloat(b, a.F64[i], 64)
	case ir.Bool:
		return strconv.AppendBool(b, a.U8[i] != 0)
	}
	if s, ok := c.word(t, a.Int(i)); ok {
		return appendField(b, s)
	}
	return strconv.AppendInt(b, a.Int(i), 10)
}

// appendField quotes a text where RFC 4180 asks for it, and where spaces at
// its ends would be lost.
func appendField(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") && strings.TrimSpace(s) == s {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// json appends element i as a JSON value.
func (c cells) json(b []byte, a *array.Array, t ir.Type, i int, name string) ([]byte, error) {
	if a.Kind.IsFloat() {
		x := a.Float(i)
		if x-x != 0 {
			return b, source.Dataf("D0132", source.Place{}, "%s is %s, which JSON cannot write", name, array.Special(x)).
				WithHint("write csv or npy, or find out where the number comes from")
		}
		if a.Kind == ir.F32 {
			return AppendFloat(b, x, 32), nil
		}
		return AppendFloat(b, x, 64), nil
	}
	if a.Kind == ir.Bool {
		return strconv.AppendBool(b, a.U8[i] != 0), nil
	}
	if s, ok := c.word(t, a.Int(i)); ok {
		if dim, _ := t.Bound.Symbol(); c.number != nil && c.number(dim) {
			return append(b, s...), nil
		}
		return append(b, jsonText(s)...), nil
	}
	return strconv.AppendInt(b, a.Int(i), 10), nil
}

// nested appends the elements from at on with the given sizes as nested arrays.
func (c cells) nested(b []byte, a *array.Array, t ir.Type, shape []int, at int, name string) ([]byte, error) {
	if len(shape) == 0 {
		return c.json(b, a, t, at, name)
	}
	inner := 1
	for _, n := range shape[1:] {
		inner *= n
	}
	var err error
	b = append(b, '[')
	for i := range shape[0] {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = c.nested(b, a, t, shape[1:], at+i*inner, name+"["+strconv.Itoa(i)+"]"); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}
