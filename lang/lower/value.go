package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Value is what an expression evaluates to at compile time. Only a *Ten, and
// a *Num once it has met a kind, stands for something in the IR.
type Value interface{}

// Poison is the value of what an error was reported for. Whatever is made of
// it is poison, silently.
type Poison struct{}

var poison = &Poison{}

// Ten is a typed tensor, scalars included: a value of the function fn, or,
// with Glob, an output of a node of the outer graph. Of is the table whose
// rows an index counts.
type Ten struct {
	V     *ir.Value
	T     ir.Type
	Of    *check.Table
	fn    *fnCtx
	Glob  string
	Below ir.Dim // of an integer that a condition has compared: it is smaller
	row   *Row   // of a member of a category: where it was read,
	path  string // for comparing it with texts
}

// Flag is a bool known when the program is compiled.
type Flag struct{ On bool }

// Txt is a text known when the program is compiled.
type Txt struct {
	S  string
	At source.Span
}

// Str is a text of the data: the field at a path of the row at hand, or the
// text of a member of a category, after some steps.
type Str struct {
	row   *Row
	path  string
	cat   *Ten
	time  bool
	steps []ir.TextStep
}

// Rec is a record, Tup a tuple.
type Rec struct {
	Names []string
	Vals  []Value
}

type Tup struct{ Vals []Value }

// Opt is a value that may be missing; Val reads as 0 where it is. Has is a
// *Ten or *Flag.
type Opt struct {
	Val Value
	Has Value
}

// Arr is a list of records or tuples, kept as a record of lists: every leaf of
// Elem has the leading dimension N.
type Arr struct {
	N    ir.Dim
	Elem Value
}

// List is a list of what no tensor can hold: texts, functions.
type List struct{ Items []Value }

// Tab is a table, subset or category.
type Tab struct{ T *check.Table }

// Range is `lo..hi`.
type Range struct{ Lo, Hi Value }

// Seq is anything a loop can go over: n elements, and how to have one of them
// inside the loop.
type Seq struct {
	n    ir.Dim
	elem func(c *cx, fr *frame) Value
}

// Row is a row of a table: the row at hand of fn at the end of a path of keys,
// or the element of a loop over the table. As a number it is an index.
type Row struct {
	T     *check.Table
	fn    *fnCtx
	path  string
	fr    *frame       // of the loop over T; nil for the row at hand
	root  *check.Table // where the path begins, nil where it is T
	facts *check.Table // whose rows it is known to be one of, nil for those of the root
}

// Namespace is a module or a group of built-in names: `nn`, `random`, `batch`.
type Namespace struct {
	Name string
	Mod  *check.Module
}

// Fun is anything that can be called.
type Fun interface {
	apply(c *cx, call *callArgs, want check.Type) Value
	name() string
}

// isPoison reports whether any of vs is poison.
func isPoison(vs ...Value) bool {
	for _, v := range vs {
		if v == nil {
			return true
		}
		if _, bad := v.(*Poison); bad {
			return true
		}
	}
	return false
}

// mapLeaves rebuilds v with f applied to every tensor in it.
func mapLeaves(v Value, f func(*Ten) Value) Value {
	each := func(vs []Value) []Value {
		out := make([]Value, len(vs))
		for i, x := range vs {
			out[i] = mapLeaves(x, f)
		}
		return out
	}
	switch v := v.(type) {
	case *Ten:
		return f(v)
	case *Rec:
		return &Rec{v.Names, each(v.Vals)}
	case *Tup:
		return &Tup{each(v.Vals)}
	case *Opt:
		return &Opt{mapLeaves(v.Val, f), mapLeaves(v.Has, f)}
	case *Pick:
		return &Pick{mapLeaves(v.If, f), mapLeaves(v.Then, f), mapLeaves(v.Else, f)}
	case *Arr:
		return &Arr{v.N, mapLeaves(v.Elem, f)}
	case *List:
		return &List{each(v.Items)}
	}
	return v
}

// leaves lists the tensors in v, in order.
func leaves(v Value) []*Ten {
	var out []*Ten
	mapLeaves(v, func(t *Ten) Value {
		out = append(out, t)
		return t
	})
	return out
}

// refill rebuilds v with other tensors for its leaves, in order.
func refill(v Value, with []*Ten) Value {
	i := 0
	return mapLeaves(v, func(*Ten) Value {
		i++
		return with[i-1]
	})
}

// typeOf is the type of v for matching and messages.
func (c *cx) typeOf(v Value) check.Type {
	switch v := v.(type) {
	case *Ten:
		return check.Tensor{Kind: v.T.Kind, Bound: v.T.Bound, Of: v.Of, Dims: v.T.Dims}
	case *Num:
		k := v.Kind
		if k == ir.NoKind {
			k = v.Own
		}
		if k == ir.NoKind {
			k = c.defaultKind()
		}
		return check.Tensor{Kind: k, Dims: v.Dims}
	case *Flag:
		return check.Tensor{Kind: ir.Bool}
	case *Txt, *Pick:
		return check.Text
	case *Str:
		if v.time {
			return check.Time
		}
		return check.Text
	case *Rec:
		return check.Record{Names: v.Names, Types: c.typesOf(v.Vals)}
	case *Tup:
		return check.Tuple{Items: c.typesOf(v.Vals)}
	case *Opt:
		return check.Opt{X: c.typeOf(v.Val)}
	case *Arr:
		t := check.Array{Elem: c.typeOf(elemShape(v.Elem)), Dims: []ir.Dim{v.N}}
		if in, ok := t.Elem.(check.Array); ok {
			t.Elem, t.Dims = in.Elem, append(t.Dims, in.Dims...)
		}
		return t
	case *Row:
		return v.T.RowType()
	case Fun:
		return check.Func{Result: check.Unknown}
	}
	return check.Unknown
}

func (c *cx) typesOf(vs []Value) []check.Type {
	out := make([]check.Type, len(vs))
	for i, v := range vs {
		out[i] = c.typeOf(v)
	}
	return out
}

// elemShape drops the leading dimension of every leaf; only for types.
func elemShape(v Value) Value {
	return mapLeaves(v, func(t *Ten) Value {
		u := *t
		u.T = t.T.Inner()
		return &u
	})
}

// describe says what v is, for messages.
func (c *cx) describe(v Value) string {
	switch v := v.(type) {
	case *Num:
		if v.Kind != ir.NoKind {
			return c.typeOf(v).String()
		}
		if len(v.Dims) > 0 {
			return "a constant " + check.Tensor{Kind: ir.NoKind, Dims: v.Dims}.String()
		}
		if s, ok := v.text(); ok {
			return "the constant " + s
		}
		if !v.Dim.IsZero() {
			return "the size " + check.DimText(v.Dim)
		}
		return "a constant"
	case *Flag:
		return "bool"
	case *Txt, *Str:
		return "a text"
	case *Pick:
		return "a text that is chosen as the program runs"
	case *Ten:
		if v.Of != nil && v.T.Rank() == 0 {
			return memberText(v.Of)
		}
	case *Tab:
		if v.T.Category {
			return "the category " + v.T.Name
		}
		return "the table " + v.T.Name
	case *Row:
		return "a row of " + v.T.Name
	case *Range:
		return "a range"
	case *Seq:
		return "a sequence"
	case *List:
		return "a list"
	case *Parts:
		return "a list of texts"
	case *Namespace:
		return "the module " + v.Name
	case *trainVal:
		return "the training " + v.t.name
	case Fun:
		return "a function"
	}
	return c.typeOf(v).String()
}

// memberText is a value that counts the rows of a table or category.
func memberText(t *check.Table) string {
	if t.Category {
		return "a member of " + t.Name
	}
	return "a row of " + t.Name
}

// lex is what an expression sees because of where it stands in the text. A
// closure keeps it; everything else about a context belongs to the caller.
type lex struct {
	mod    *check.Module
	sc     *scope
	narrow *narrow
	inst   *inst
	site   string  // calls between the model and here, for the identity of layers
	real   ir.Kind // what `real` is here; NoKind outside signatures
}

// cx is the context in which an expression is evaluated.
type cx struct {
	*el
	lex
	fn         *fnCtx
	loops      []*ir.Value    // indices of the loops around, for randomness
	stream     string         // of randomness, where it is not that of the function
	rowAt      *Row           // the element of a loop that stands for the row at hand
	tr         *trainCtx      // while a training's functions are made
	every      string         // what owns the nodes that are made: see ir.Compute
	partOf     *trainInfo     // the training whose metric or log is made
	slots      *slotCtx       // while an optimizer is evaluated
	above      *trainCtx      // the training around a stage at graph level
	initPath   string         // of the parameter that is initialised
	tableNames []*syntax.Name // names for the tables that an expression makes
	fan        *fans          // of the parameter that is initialised
	mayLack    bool           // what is written may be missing
}

// scope is a list of bindings, innermost first. A run of bindings that were
// each added to the last one is a chain with an index by name, so that looking
// a name up does not take longer the more there are.
type scope struct {
	up    *scope
	name  string
	b     *binding
	chain *chain
	place int // in the chain
}

type chain struct {
	base  *scope // what the first binding was added to
	tip   *scope
	named map[string][]*scope
}

// add is s with one more binding.
func (s *scope) add(name string, b *binding) *scope {
	t := &scope{up: s, name: name, b: b}
	if s != nil && s.chain.tip == s {
		t.chain, t.place = s.chain, s.place+1
	} else {
		t.chain = &chain{base: s, named: map[string][]*scope{}}
	}
	t.chain.tip = t
	t.chain.named[name] = append(t.chain.named[name], t)
	return t
}

type binding struct {
	val  Value
	at   source.Span
	what string
}

// find is the innermost binding of a name, nil where there is none.
func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.chain.base {
		same := s.chain.named[name]
		for i := len(same) - 1; i >= 0; i-- {
			if same[i].place <= s.place {
				return same[i].b
			}
		}
	}
	return nil
}

// with is c with one more name.
func (c *cx) with(name string, at source.Span, v Value) *cx {
	d := *c
	d.sc = c.sc.add(name, &binding{val: v, at: at})
	return &d
}

// bind is c with the names of a pattern.
func (c *cx) bind(p syntax.Pattern, v Value) *cx {
	switch p := p.(type) {
	case *syntax.Name:
		return c.with(p.Name, p.Span(), v)
	case *syntax.TuplePattern:
		return c.bindAll(p, p.Items, v)
	case *syntax.ListPattern:
		return c.bindAll(p, p.Items, v)
	case *syntax.RecordPattern:
		for _, f := range p.Items {
			c = c.bind(f.Pattern, c.selectField(f.Name, v, f.Name))
		}
	}
	return c
}

func (c *cx) bindAll(p syntax.Pattern, items []syntax.Pattern, v Value) *cx {
	parts, ok := c.parts(p, v, len(items))
	for i, x := range items {
		if ok {
			c = c.bind(x, parts[i])
		} else {
			c = c.bind(x, poison)
		}
	}
	return c
}

// parts takes a tuple, list or tensor apart.
func (c *cx) parts(p syntax.Node, v Value, n int) ([]Value, bool) {
	var out []Value
	switch v := v.(type) {
	case *Poison:
		return nil, false
	case *Tup:
		out = v.Vals
	case *List:
		out = v.Items
	case *Num:
		if len(v.Items) == 0 {
			c.errf("E0301", p.Span(), "%s cannot be taken apart by a pattern", c.describe(v))
			return nil, false
		}
		for _, x := range v.Items {
			out = append(out, x)
		}
	case *Ten:
		if v.T.Rank() > 0 {
			if k, ok := v.T.Dims[0].Const(); ok && k < 1000 {
				for i := int64(0); i < k; i++ {
					out = append(out, c.pick(v, i))
				}
				break
			}
		}
		c.errf("E0301", p.Span(), "%s cannot be taken apart by a pattern", c.describe(v))
		return nil, false
	default:
		c.errf("E0301", p.Span(), "%s cannot be taken apart by a pattern", c.describe(v))
		return nil, false
	}
	if len(out) != n {
		c.errf("E0302", p.Span(), "the pattern has %d names and the value has %d parts", n, len(out))
		return nil, false
	}
	return out, true
}
