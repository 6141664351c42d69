package check

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Table is a table, a subset of one, or a category: a dimension of that name.
type Table struct {
	Name     string
	Dim      ir.Dim
	Base     *Table // whose rows these are; the table itself unless it is a subset
	Parent   *Table // what a subset was made from
	Fields   []*Field
	Category bool
	Fixed    bool     // a category whose members the program lists
	Members  []string // of a fixed category
	Keyed    bool     // has a key of its own, not just row numbers
	TextKey  bool     // the key is one text
	At       source.Span
	Present  map[string]bool // paths known to be there in every row of this subset
}

// Field is a column of a table.
type Field struct {
	Name string
	Type Type // Text and Time are data only; an Opt where it may be missing
	At   source.Span
	Doc  string
}

// Field finds a field of the table's rows, nil where there is none.
func (t *Table) Field(name string) *Field {
	for _, f := range t.Base.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// FieldNames lists the fields, for suggestions.
func (t *Table) FieldNames() []string {
	var out []string
	for _, f := range t.Base.Fields {
		out = append(out, f.Name)
	}
	return out
}

// RowType is the type of a row of t.
func (t *Table) RowType() Tensor {
	return Tensor{Kind: ir.Index, Bound: t.Base.Dim, Of: t}
}

// IsPresent reports whether a path is known to be there in every row.
func (t *Table) IsPresent(path string) bool { return t.Present[path] }

// Within reports whether every row of t is a row of u.
func (t *Table) Within(u *Table) bool {
	for ; t != nil; t = t.Parent {
		if t == u {
			return true
		}
	}
	return false
}
