// Package syntax turns the text of a .df file into a tree and back: tokens,
// line ends, declarations, expressions, recovery after errors, and the
// printer behind `dfc fmt`. This file holds the tree of files and
// declarations; ast_expr.go the expressions, ast_type.go types and patterns.
package syntax

import "github.com/dfc-lang/dfc/lang/source"

// Node is anything in the tree that stands for a piece of text. Nodes are
// pointers, so that side tables may use them as keys; they never change after
// parsing.
type Node interface{ Span() source.Span }

// Pos is embedded in every node and holds its place.
type Pos struct{ At source.Span }

// Span is the text that the node stands for.
func (p Pos) Span() source.Span { return p.At }

// Decl is a declaration at the top level of a file.
type Decl interface {
	Node
	declNode()
}

// Stmt is a statement of a body.
type Stmt interface {
	Node
	stmtNode()
}

// File is a parsed file. What could not be read is left out of it.
type File struct {
	Pos
	Source    *source.File
	Doc       string     // the `///` lines at the very start, if a blank line follows them
	Precision *Precision // nil if not declared; not among Decls
	Decls     []Decl
	Comments  []*Comment // all comments, `///` included, in the order of the text

	// Broken has the names that declarations would have declared that are left
	// out for their errors, so that no second error calls them unknown.
	Broken []string

	parens map[Expr]source.Span // parentheses that group one expression, for the printer
}

// Comment is one comment, from its slashes to the end of its line.
type Comment struct {
	Pos
	Text string // with the slashes, without blanks at the end
	Doc  bool   // begins with exactly three slashes
}

// Precision is `precision f64`.
type Precision struct {
	Pos
	Doc  string
	Kind *Name
}

// Import is `import nn`, `import "layers" as my`.
type Import struct {
	Pos
	Doc  string
	Path *Path // a module of the standard library, or nil
	File *Text // a file beside this one, or nil
	As   *Name // nil if not renamed
}

// Setting is `setting rate: f32 = 1e-3`.
type Setting struct {
	Pos
	Doc   string
	Name  *Name
	Type  Type
	Value Expr // nil if it must be set
}

// Category is `category Region = ["a", "b"], other: "b"`.
type Category struct {
	Pos
	Doc    string
	Name   *Name
	Values Expr // nil if the data says
	Other  Expr // nil without `other:`
}

// Table is a `table` or a `stream`: read from a file with fields, or computed.
type Table struct {
	Pos
	Doc    string
	Stream bool
	Names  []*Name
	Tuple  bool      // the names stand in parentheses
	From   *Call     // the reader, whose Fun is a *Name; nil if computed
	Fields *FieldSet // with From
	Value  Expr      // after `=`; nil with From
}

// ReadDecl is `read numbers(file) { … }`, which binds the names of its fields.
type ReadDecl struct {
	Pos
	Doc    string
	Reader *Call
	Fields *FieldSet
}

// Let is `let pattern: type = value`, a declaration and a statement.
type Let struct {
	Pos
	Doc     string
	Pattern Pattern
	Type    Type // nil if not written
	Value   Expr
}

// Dim is `dim n = count(T)`, a declaration and a statement.
type Dim struct {
	Pos
	Doc   string
	Name  *Name
	Value Expr
}

// Param is a trainable parameter, a declaration and a statement.
type Param struct {
	Pos
	Doc        string
	Name       *Name
	Type       Type
	Constraint Expr // *Name or *Call; nil if there is none
	Init       Expr // after `~`, or nil
	Value      Expr // after `=`, or nil
}

// TypeDecl is `type Cell[k] = { h: f64[k] }`.
type TypeDecl struct {
	Pos
	Doc  string
	Name *Name
	Dims []*Name
	Type Type
}

// Arg is an argument in the head of a function, model or optimiser.
type Arg struct {
	Pos
	Doc     string
	Name    *Name
	Type    Type
	Default Expr // or nil
}

// Fn is a function. Its Body is a *Block if it stands in braces, and nil if it
// has errors, as in the other declarations with a body.
type Fn struct {
	Pos
	Doc    string
	Name   *Name
	Args   []*Arg
	Result Type
	Body   Expr
}

// Model is a function with parameters of its own. HasConfig says that a `;`
// stands in the head, even if no argument follows it.
type Model struct {
	Pos
	Doc       string
	Name      *Name
	Args      []*Arg
	HasConfig bool
	Config    []*Arg
	Result    Type
	Body      Expr
}

// Optimizer is `optimizer sgd(rate: real) for p, g { … }`.
type Optimizer struct {
	Pos
	Doc   string
	Name  *Name
	Args  []*Arg
	Param *Name
	Grad  *Name
	Body  *Block
}

// Adjoint is `adjoint nn.f(x; d) = …`: a function's own derivative.
type Adjoint struct {
	Pos
	Doc        string
	Fun        *Path
	Args       []*Name
	Cotangents []*Name
	Body       Expr
}

// Train is `train fit of price on Train { clauses }`.
type Train struct {
	Pos
	Doc     string
	Name    *Name
	Model   *Path
	On      Expr // nil without `on`
	Clauses []*Clause
}

// Clause is one line of a `train` block: `word each? value lazily? (every e)? (= e)?`.
// Which words there are is the checker's business.
type Clause struct {
	Pos
	Word  *Name
	Each  *Name // the word `each`, or nil
	Value Expr
	Lazy  *Name // the word `lazily`, or nil
	Every Expr  // or nil
	Is    Expr  // after `=`, or nil

	Broken bool // it has a mistake, and its value is none
}

// Write is `write csv("a.csv") if cond = value`.
type Write struct {
	Pos
	Doc    string
	Writer *Call
	If     Expr // or nil
	Value  Expr
}

// Print is `print "loss", x`.
type Print struct {
	Pos
	Doc  string
	Args []Expr
}

// Test is `test "name" { … }`.
type Test struct {
	Pos
	Doc  string
	Name *Text
	Body *Block
}

// State is `state m = zeros_like(p)`.
type State struct {
	Pos
	Name  *Name
	Type  Type // nil if not written
	Value Expr
}

// Assign is `m <- e`.
type Assign struct {
	Pos
	Name  *Name
	Value Expr
}

// Assert is `assert e`.
type Assert struct {
	Pos
	Cond Expr
}

// ExprStmt is an expression that is not the last of its body; the parser has
// reported it, and keeps it so that what is inside is still checked.
type ExprStmt struct {
	Pos
	X Expr
}

// FieldSet is the `{ … }` of fields of a table, a `read` or a record type.
type FieldSet struct {
	Pos
	Items []FieldItem
}

// FieldItem is a *Field, *KeyFields or *Skip.
type FieldItem interface {
	Node
	fieldNode()
}

// Field is `name: type key? (from range)? (if cond)?`.
type Field struct {
	Pos
	Doc  string
	Name *Name
	Type Type
	Key  bool
	From Expr // or nil
	If   Expr // or nil
}

// KeyFields is `key (origin, year)`: several fields that form the key.
type KeyFields struct {
	Pos
	Names []*Name
}

// Skip is `skip[5]`: values passed over.
type Skip struct {
	Pos
	Count Expr
}

func (*Import) declNode()    {}
func (*Setting) declNode()   {}
func (*Category) declNode()  {}
func (*Table) declNode()     {}
func (*ReadDecl) declNode()  {}
func (*Let) declNode()       {}
func (*Dim) declNode()       {}
func (*Param) declNode()     {}
func (*TypeDecl) declNode()  {}
func (*Fn) declNode()        {}
func (*Model) declNode()     {}
func (*Optimizer) declNode() {}
func (*Adjoint) declNode()   {}
func (*Train) declNode()     {}
func (*Write) declNode()     {}
func (*Print) declNode()     {}
func (*Test) declNode()      {}

func (*Let) stmtNode()      {}
func (*Dim) stmtNode()      {}
func (*Param) stmtNode()    {}
func (*State) stmtNode()    {}
func (*Assign) stmtNode()   {}
func (*Assert) stmtNode()   {}
func (*ExprStmt) stmtNode() {}

func (*Field) fieldNode()     {}
func (*KeyFields) fieldNode() {}
func (*Skip) fieldNode()      {}
