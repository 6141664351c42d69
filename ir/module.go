package ir

import "github.com/dfc-lang/dfc/lang/source"

// Class says when the size of a symbol becomes known and whether it varies.
type Class uint8

const (
	Bound  Class = iota // fixed when the data is bound: tables, categories, files
	Batch               // the rows of a step: actual ≤ capacity, per call
	Ragged              // flattened rows of a relation: per call
)

// Symbol is a named size. What a symbol is called in a program stands in
// From ("Houses.ocean_proximity", "rows of a step of fit").
type Symbol struct {
	Name  string
	Class Class
	Size  int64 // 0 until known; for Batch the capacity
	From  string
	Span  source.Span
}

// Size is what bind knows of a symbol. Choices look at Capacity only.
type Size struct{ Actual, Capacity int64 }

// Sizes maps names of symbols to sizes; bind fills it, sized passes read it.
type Sizes map[string]Size

// Value is an SSA value: immutable, typed, with the source text it stands
// for. Derived values carry the primal value they belong to.
type Value struct {
	ID     int // dense within a Func
	Type   Type
	Name   string // what the user calls it, where there is a name
	Span   source.Span
	Primal string  // for tangents and cotangents: name or number of the primal value
	Def    *Op     // nil for a parameter of a function or region
	Index  int     // which result of Def, or which parameter
	In     *Region // the region that defines it
}

// Op is one application of a row of the operation table.
type Op struct {
	Row      *Row
	Operands []*Value
	Attrs    Attrs // the row's own struct, nil where the row has none
	Regions  []*Region
	Results  []*Value
	Span     source.Span
}

// Region is a closed list of operations: what it uses from outside is passed
// as an operand of its op and arrives as a parameter. The order of parameters
// is fixed by the row (captures always first).
type Region struct {
	Params  []*Value
	Ops     []*Op
	Results []*Value
}

// Role says what feeds a parameter of a function.
type Role uint8

const (
	Plain     Role = iota // an argument of a call
	Col                   // a column of the row at hand; Bind is its path
	Column                // a whole column of a table, resident; Bind is "Table.path"
	Given                 // an output of an outer node; Bind is its name
	Weight                // a trained parameter; Bind is its path on disk
	State                 // a running value of a model; Bind is its path on disk
	Seed                  // the random key of this call; Bind names the stream ("fit", "init")
	RowNumber             // i64: the number of the row at hand in its source table
	Step                  // i64: the step, counted from 1
	Epoch                 // i64: the epoch, counted from 1
)

var roleNames = [...]string{"plain", "col", "column", "given", "weight", "state", "seed", "row", "step", "epoch"}

func (r Role) String() string { return roleNames[r] }

// RoleOf is the role of that name; ok is false where there is none.
func RoleOf(name string) (Role, bool) {
	for i, n := range roleNames {
		if n == name {
			return Role(i), true
		}
	}
	return Plain, false
}

// Note: paths of columns. A Col binding is relative to the row of the node's
// table: "total_rooms"; "hour.temp" follows the key `hour`; a trailing "?"
// asks for presence (bool) of an optional value ("total_bedrooms?", "hour?",
// and "hour.temp?" is false where either is missing); "#" is the row itself as
// an index into its source table. A Column binding is "Table.path" over the
// rows of that table or subset, in file order; "Train.#" are the row numbers.
// A missing value reads as 0 and its presence as false.

// Input is a parameter of a function with what feeds it.
type Input struct {
	Role Role
	Bind string
}

// Func is a function: its parameters are Body.Params, described one to one
// by Inputs.
type Func struct {
	Name   string
	Inputs []Input
	Body   *Region
	// Linear, where not nil, says which parameters the function is linear in
	// (jointly); tangent code only.
	Linear []bool
	Span   source.Span
	next   int
}

// Params and Results are those of the body.
func (f *Func) Params() []*Value  { return f.Body.Params }
func (f *Func) Results() []*Value { return f.Body.Results }

// NewValue makes a value that belongs to f but is not yet placed.
func (f *Func) NewValue(t Type) *Value {
	return f.number(&Value{}, t)
}

// AddParam appends a parameter.
func (f *Func) AddParam(name string, t Type, in Input) *Value {
	v := f.NewValue(t)
	v.Name, v.Index, v.In = name, len(f.Body.Params), f.Body
	f.Body.Params = append(f.Body.Params, v)
	f.Inputs = append(f.Inputs, in)
	return v
}

// NewFunc makes an empty function.
func NewFunc(name string) *Func { return &Func{Name: name, Body: &Region{}} }

// Numerics is the version of everything that bits depend on: lanes, blocks,
// cuts, trees, contractions, elementary functions, shuffles. A state of another
// version can be gone on with, but not bit for bit.
const Numerics = 1

// Module is a whole program: sizes, functions, and the outer graph in the
// order in which its nodes run.
type Module struct {
	Name     string
	Numerics int
	Files    []*source.File // the texts that spans point into
	Symbols  []*Symbol
	Funcs    []*Func
	Nodes    []*Node

	funcs map[string]*Func
}

// Func finds a function by name, nil where there is none.
func (m *Module) Func(name string) *Func {
	if m.funcs == nil || len(m.funcs) != len(m.Funcs) {
		m.funcs = make(map[string]*Func, len(m.Funcs))
		for _, f := range m.Funcs {
			m.funcs[f.Name] = f
		}
	}
	return m.funcs[name]
}

// Add appends a function; its name must be new.
func (m *Module) Add(f *Func) *Func {
	if m.Func(f.Name) != nil {
		panic("ir: two functions named " + f.Name)
	}
	m.Funcs = append(m.Funcs, f)
	m.funcs[f.Name] = f
	return f
}

// SetFuncs replaces the functions of the module.
func (m *Module) SetFuncs(fs []*Func) { m.Funcs, m.funcs = fs, nil }

// Symbol finds a symbol by name, nil where there is none.
func (m *Module) Symbol(name string) *Symbol {
	for _, s := range m.Symbols {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Node finds a node of the outer graph by name, nil where there is none.
func (m *Module) Node(name string) *Node {
	for _, n := range m.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}
