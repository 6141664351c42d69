package syntax

import "strings"

// This file holds the trees of types and of patterns. Dimensions are
// expressions: sums, as the grammar says; the checker narrows them further.

// Type is a type as written.
type Type interface {
	Node
	typeNode()
}

// Path is `f32`, `Users`, `price.params`, `nn.dense`: a type, or the function
// that an adjoint or a `train` names.
type Path struct {
	Pos
	Parts []*Name // at least one
}

// String is the path with its dots.
func (p *Path) String() string {
	parts := make([]string, len(p.Parts))
	for i, n := range p.Parts {
		parts[i] = n.Name
	}
	return strings.Join(parts, ".")
}

// IndexType is `index[n]`, whose bracket is its bound.
type IndexType struct {
	Pos
	Bound Expr
}

// Optional is `T?`.
type Optional struct {
	Pos
	X Type
}

// Of is `T[n, m]`: a type over dimensions.
type Of struct {
	Pos
	X    Type
	Dims []Expr
}

// TupleType is `(A, B)`.
type TupleType struct {
	Pos
	Items []Type
}

// FuncType is `(A, B) -> C`.
type FuncType struct {
	Pos
	Args   []Type
	Result Type
}

// RecordType is `{ a: f32, b: bool }`.
type RecordType struct {
	Pos
	Fields *FieldSet
}

// Pattern is what `let`, `for` and a lambda bind: a *Name, *Wildcard,
// *TuplePattern, *ListPattern or *RecordPattern.
type Pattern interface {
	Node
	patternNode()
}

// Wildcard is `_`, which binds nothing. As an expression it occurs only while
// parsing, before `=>` turns it into a pattern.
type Wildcard struct{ Pos }

// TuplePattern is `(a, b)`.
type TuplePattern struct {
	Pos
	Items []Pattern
}

// ListPattern is `[a, b]`.
type ListPattern struct {
	Pos
	Items []Pattern
}

// RecordPattern is `{ a, b: p }`.
type RecordPattern struct {
	Pos
	Items []*FieldPattern
}

// FieldPattern is `a` or `a: p` in a record pattern; `a` alone binds itself.
type FieldPattern struct {
	Pos
	Name    *Name
	Pattern Pattern
	Short   bool // written without `:`
}

func (*Path) typeNode()       {}
func (*IndexType) typeNode()  {}
func (*Optional) typeNode()   {}
func (*Of) typeNode()         {}
func (*TupleType) typeNode()  {}
func (*FuncType) typeNode()   {}
func (*RecordType) typeNode() {}

func (*Name) patternNode()          {}
func (*Wildcard) patternNode()      {}
func (*TuplePattern) patternNode()  {}
func (*ListPattern) patternNode()   {}
func (*RecordPattern) patternNode() {}
