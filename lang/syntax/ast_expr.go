package syntax

import "strings"

// This file holds the tree of expressions.

// Expr is an expression. Parentheses that only group leave no node.
type Expr interface {
	Node
	exprNode()
}

// Name is a name where it is used, where it is bound, and as a word (a field,
// an argument's name); so it is an expression and a pattern.
type Name struct {
	Pos
	Name string
}

// Number is a literal; Text is exact, as written.
type Number struct {
	Pos
	Text string
}

// Digits is the text of the number without the `_` that group it.
func (n *Number) Digits() string { return strings.ReplaceAll(n.Text, "_", "") }

// Duration is `10s`, `5min`, `2h`, `1d`, `50ms`.
type Duration struct {
	Pos
	Number string
	Unit   string
}

// Text is `"…"`; with `{name}` in it, it has several parts.
type Text struct {
	Pos
	Raw   string // between the quotes, as written
	Parts []TextPart
}

// TextPart is a piece of text, or the name of a setting.
type TextPart struct {
	Text    string // decoded; empty with Setting
	Setting *Name  // or nil
}

// Plain is the decoded text, and whether it is free of settings.
func (t *Text) Plain() (string, bool) {
	s := ""
	for _, p := range t.Parts {
		if p.Setting != nil {
			return "", false
		}
		s += p.Text
	}
	return s, true
}

// Bool is `true` or `false`.
type Bool struct {
	Pos
	Value bool
}

// Read is `read npy("a.npy")` in an expression.
type Read struct {
	Pos
	Reader *Call
}

// Tuple is `(a, b)`, of two or more.
type Tuple struct {
	Pos
	Items []Expr
}

// List is `[a, b]`.
type List struct {
	Pos
	Items []Expr
}

// Comprehension is `[e for x in xs if c]`.
type Comprehension struct {
	Pos
	Elem    Expr
	Clauses []For
}

// For is a *ForIn or a *ForIf.
type For interface {
	Node
	forNode()
}

// ForIn is `for pattern in xs`.
type ForIn struct {
	Pos
	Pattern Pattern
	Xs      Expr
}

// ForIf is `if c` after a `for`.
type ForIf struct {
	Pos
	Cond Expr
}

// Aggregate is `sum(e for x in xs if c, named: v)`.
type Aggregate struct {
	Pos
	Fun     *Name
	Elem    Expr
	Clauses []For
	Named   []*NamedArg
}

// Call is `f(a, b, named: c)`.
type Call struct {
	Pos
	Fun   Expr
	Args  []Expr
	Named []*NamedArg
}

// NamedArg is `name: value` in a call.
type NamedArg struct {
	Pos
	Name  *Name
	Value Expr
}

// Index is `a[i, s:t]`; its items may be *Slice.
type Index struct {
	Pos
	X     Expr
	Items []Expr
}

// Slice is `lo:hi` inside an index, and nowhere else.
type Slice struct {
	Pos
	Lo, Hi Expr // nil if left out
}

// Select is `x.name`.
type Select struct {
	Pos
	X    Expr
	Name *Name
}

// Op is an operator as it is written.
type Op string

// Unary is `-x` or `not x`.
type Unary struct {
	Pos
	Op Op
	X  Expr
}

// Binary is `x op y`; Op is one of
// ^ ?? * / @ + - .. == != < <= > >= in and or.
type Binary struct {
	Pos
	Op   Op
	OpAt Pos // where the operator stands
	X, Y Expr
}

// As is `x as type`.
type As struct {
	Pos
	X    Expr
	Type Type
}

// With is `model with parameters`.
type With struct {
	Pos
	X      Expr
	Params Expr
}

// If is `if cond then a else b`.
type If struct {
	Pos
	Cond, Then, Else Expr
}

// Lambda is `pattern => body`. `() => e` has a *TuplePattern without items.
type Lambda struct {
	Pos
	Pattern Pattern
	Body    Expr
}

// Pipe is `left |> target` or `left |> layer = target`.
type Pipe struct {
	Pos
	Left   Expr
	Layer  *Name // the name of the layer, or nil
	Target Expr
}

// Record is `{ a: e, b, ...r }`.
type Record struct {
	Pos
	Items []*RecordItem
}

// RecordItem is a field or a spread of a record. A path stands for its last
// name: `{ r.a }` has Name a and Value r.a.
type RecordItem struct {
	Pos
	Name   *Name // nil for a spread
	Value  Expr
	Spread bool
	Short  bool // written as a path, without `:`
}

// Block is `{ let …; e }` in an expression, and the body of a declaration.
type Block struct {
	Pos
	Stmts  []Stmt
	Result Expr // the last expression; nil in optimizer and test
}

func (*Name) exprNode()          {}
func (*Wildcard) exprNode()      {}
func (*Number) exprNode()        {}
func (*Duration) exprNode()      {}
func (*Text) exprNode()          {}
func (*Bool) exprNode()          {}
func (*Read) exprNode()          {}
func (*Tuple) exprNode()         {}
func (*List) exprNode()          {}
func (*Comprehension) exprNode() {}
func (*Aggregate) exprNode()     {}
func (*Call) exprNode()          {}
func (*Index) exprNode()         {}
func (*Slice) exprNode()         {}
func (*Select) exprNode()        {}
func (*Unary) exprNode()         {}
func (*Binary) exprNode()        {}
func (*As) exprNode()            {}
func (*With) exprNode()          {}
func (*If) exprNode()            {}
func (*Lambda) exprNode()        {}
func (*Pipe) exprNode()          {}
func (*Record) exprNode()        {}
func (*Block) exprNode()         {}

func (*ForIn) forNode() {}
func (*ForIf) forNode() {}
