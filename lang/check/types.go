// Package check holds what a program is made of before anything is evaluated:
// modules and what they declare, tables and their fields, and the types that
// users write and read in messages. It resolves imports, finds names declared
// twice and functions that call themselves. It knows nothing of values; the
// package lower evaluates programs over what stands here.
package check

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Type is a type as users speak of it.
type Type interface{ String() string }

// Tensor is a number, a bool, an index or a key, or a tensor of these. Kind is
// ir.NoKind for the `real` of a signature that is not solved yet. Of is the
// table or category whose rows an index counts, nil for a plain index.
type Tensor struct {
	Kind  ir.Kind
	Bound ir.Dim
	Of    *Table
	Dims  []ir.Dim
}

// Opt is `T?`.
type Opt struct{ X Type }

// Record is `{ a: f32, b: bool }`.
type Record struct {
	Names []string
	Types []Type
}

// Tuple is `(f32, bool)`.
type Tuple struct{ Items []Type }

// Func is `(f64[n], f64) -> f64[n]`.
type Func struct {
	Args   []Type
	Result Type
}

// Array is a record or tuple over dimensions: `{ a: f32 }[k]`.
type Array struct {
	Elem Type
	Dims []ir.Dim
}

// Simple is a type without parts.
type Simple string

// The simple types. Unknown is the type of what an error was reported for; it
// matches everything.
const (
	Text    Simple = "str"
	Time    Simple = "time"
	DimT    Simple = "dim"
	KeyT    Simple = "key"
	Unknown Simple = "unknown"
)

// Params is `price.params`, the record of a model's parameters.
type Params struct{ Model string }

func (s Simple) String() string { return string(s) }
func (p Params) String() string { return p.Model + ".params" }
func (o Opt) String() string    { return o.X.String() + "?" }
func (t Tuple) String() string  { return "(" + joinTypes(t.Items) + ")" }

func (t Tensor) String() string {
	name := t.Kind.String()
	switch {
	case t.Of != nil:
		name = t.Of.Name
	case t.Kind == ir.NoKind:
		name = "real"
	case t.Kind == ir.Index:
		name = "index[" + DimText(t.Bound) + "]"
	}
	return name + dimsText(t.Dims)
}

func (r Record) String() string {
	parts := make([]string, len(r.Names))
	for i, n := range r.Names {
		parts[i] = n + ": " + r.Types[i].String()
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func (f Func) String() string {
	return "(" + joinTypes(f.Args) + ") -> " + f.Result.String()
}

func (a Array) String() string { return a.Elem.String() + dimsText(a.Dims) }

func joinTypes(ts []Type) string {
	parts := make([]string, len(ts))
	for i, t := range ts {
		parts[i] = t.String()
	}
	return strings.Join(parts, ", ")
}

func dimsText(ds []ir.Dim) string {
	if len(ds) == 0 {
		return ""
	}
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = DimText(d)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Meta marks the name of a dimension that a signature leaves open, so that it
// cannot meet a dimension of the program of the same name.
const Meta = "'"

// DimText is a dimension as users write it.
func DimText(d ir.Dim) string {
	s := strings.ReplaceAll(d.String(), Meta, "")
	return strings.ReplaceAll(s, "quo(", "div(")
}

// IsMeta reports whether a symbol stands for an open dimension.
func IsMeta(sym string) bool { return strings.HasPrefix(sym, Meta) }

// Subst replaces dimensions and, where kind is not ir.NoKind, `real` in a type.
func Subst(t Type, look func(string) (ir.Dim, bool), kind ir.Kind) Type {
	each := func(ts []Type) []Type {
		out := make([]Type, len(ts))
		for i, x := range ts {
			out[i] = Subst(x, look, kind)
		}
		return out
	}
	switch t := t.(type) {
	case Tensor:
		if t.Kind == ir.NoKind {
			t.Kind = kind
		}
		t.Bound = t.Bound.Subst(look)
		t.Dims = substDims(t.Dims, look)
		return t
	case Opt:
		return Opt{Subst(t.X, look, kind)}
	case Record:
		return Record{t.Names, each(t.Types)}
	case Tuple:
		return Tuple{each(t.Items)}
	case Func:
		return Func{each(t.Args), Subst(t.Result, look, kind)}
	case Array:
		return Array{Subst(t.Elem, look, kind), substDims(t.Dims, look)}
	}
	return t
}

func substDims(ds []ir.Dim, look func(string) (ir.Dim, bool)) []ir.Dim {
	var out []ir.Dim
	for _, d := range ds {
		out = append(out, d.Subst(look))
	}
	return out
}

// Symbols adds the symbols of all dimensions of t to set.
func Symbols(t Type, set map[string]bool) {
	all := func(ts []Type) {
		for _, x := range ts {
			Symbols(x, set)
		}
	}
	switch t := t.(type) {
	case Tensor:
		t.Bound.Symbols(set)
		for _, d := range t.Dims {
			d.Symbols(set)
		}
	case Opt:
		Symbols(t.X, set)
	case Record:
		all(t.Types)
	case Tuple:
		all(t.Items)
	case Func:
		all(t.Args)
		Symbols(t.Result, set)
	case Array:
		Symbols(t.Elem, set)
		for _, d := range t.Dims {
			d.Symbols(set)
		}
	}
}

// HasReal reports whether `real` stands in t, not yet solved.
func HasReal(t Type) bool {
	any := func(ts []Type) bool {
		for _, x := range ts {
			if HasReal(x) {
				return true
			}
		}
		return false
	}
	switch t := t.(type) {
	case Tensor:
		return t.Kind == ir.NoKind
	case Opt:
		return HasReal(t.X)
	case Record:
		return any(t.Types)
	case Tuple:
		return any(t.Items)
	case Func:
		return any(t.Args) || HasReal(t.Result)
	case Array:
		return HasReal(t.Elem)
	}
	return false
}
