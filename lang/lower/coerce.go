package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
)

// place says where a type that a value must have comes from.
type place struct {
	at   source.Span // of the value
	what string      // "the argument `x` of `huber`"
	from source.Span // of the type, for the second place; may be zero
}

// coerce brings v to type t: constants take it, everything else must have it.
func (c *cx) coerce(v Value, t check.Type, p place) Value {
	if isPoison(v) || t == check.Unknown || t == nil {
		return v
	}
	switch t := t.(type) {
	case check.Tensor:
		return c.coerceTensor(v, t, p)
	case check.Opt:
		return c.coerceOpt(v, t, p)
	case check.Record:
		return c.coerceRecord(v, t, p)
	case check.Tuple:
		if tup, ok := v.(*Tup); ok && len(tup.Vals) == len(t.Items) {
			out := &Tup{}
			for i, x := range tup.Vals {
				out.Vals = append(out.Vals, c.coerce(x, t.Items[i], p))
			}
			return out
		}
	case check.Array:
		return c.coerceArray(v, t, p)
	case check.Func:
		if f, ok := v.(Fun); ok {
			return &Typed{f: f, t: t, at: p.from}
		}
	case check.Simple:
		switch v.(type) {
		case *Txt, *Pick:
			if t == check.Text {
				return v
			}
		case *Str:
			if t == check.Text || t == check.Time {
				return v
			}
		case *Num, *Tab:
			if t == check.DimT {
				if d, ok := (&typeCx{cx: c}).dimValue(spanNode(p.at), v); ok {
					return dimNum(d)
				}
				return poison
			}
		}
	case check.Params:
		if _, ok := v.(*Rec); ok {
			return v
		}
	}
	return c.mismatch(v, t, p)
}

// mismatch is the error for a value of the wrong type.
func (c *cx) mismatch(v Value, t check.Type, p place) Value {
	have := c.typeOf(v)
	if o, ok := v.(*Opt); ok {
		if _, opt := t.(check.Opt); !opt {
			c.errf("E0330", p.at, "%s may be missing (%s), and %s is %s", "this value", c.typeOf(o), p.subject(), t).
				hint("say what stands in for it: `x ?? 0`, or ask first: `if present(x) then … else …`")
			return poison
		}
	}
	tt, ok2 := t.(check.Tensor)
	if ok2 && c.lacksEach(v, p.subject(), p.at) {
		return poison
	}
	ht, ok1 := have.(check.Tensor)
	_, isTen := v.(*Ten)
	_, isNum := v.(*Num)
	_, isRow := v.(*Row)
	if _, isFlag := v.(*Flag); ok1 && ok2 && (isTen || isNum || isFlag || isRow) {
		return c.mismatchTensor(v, ht, tt, p)
	}
	r := c.errf("E0320", p.at, "%s is %s, and this is %s", p.subject(), t, c.describe(v))
	switch v := v.(type) {
	case *Tab:
		r.hint("for each row of it: `[f(r) for r in %s]`", v.T.Name)
	case *Layer:
		r.hint("a layer is applied by a pipe, `x |> %s`, or by a second call", v.name())
	}
	p.noteFrom(r, t)
	return poison
}

func (p place) subject() string {
	if p.what == "" {
		return "what is needed here"
	}
	return p.what
}

func (p place) noteFrom(r report, t check.Type) {
	if !p.from.IsZero() {
		r.note(p.from, "%s is declared as %s", p.subject(), t)
	}
}

func (c *cx) mismatchTensor(v Value, have, want check.Tensor, p place) Value {
	haveText, wantText := have.String(), want.String()
	if n, ok := v.(*Num); ok && n.untyped() {
		haveText = c.describe(n)
	}
	_, isTable := v.(*Row)
	switch {
	case len(have.Dims) != len(want.Dims):
		r := c.errf("E0410", p.at, "%s is %s, and this is %s: %d dimensions meet %d", p.subject(), wantText, haveText, len(want.Dims), len(have.Dims))
		p.noteFrom(r, want)
		switch one := len(have.Dims) == 1 && have.Dims[0] == ir.N(1); {
		case len(want.Dims) == 0 && one:
			r.hint("the only element of a tensor is `scalar(x)`, or `x |> scalar`")
		case len(want.Dims) == 0 && have.Kind != ir.Bool && have.Kind != ir.Index:
			r.hint("one number of a tensor is `sum(x)`, `mean(x)` or `dot(a, b)`")
		case len(want.Dims) == 1 && len(have.Dims) == 0 && want.Dims[0] == ir.N(1):
			r.hint("a vector of one element is `[x]`")
		}
	case !ir.EqualDims(have.Dims, want.Dims):
		for i := range have.Dims {
			if have.Dims[i] != want.Dims[i] {
				r := c.errf("E0411", p.at, "%s is %s, and this is %s: `%s` here, `%s` there", p.subject(), wantText, haveText,
					check.DimText(have.Dims[i]), check.DimText(want.Dims[i]))
				p.noteFrom(r, want)
				c.hintDims(r, have.Dims[i], want.Dims[i])
				break
			}
		}
	case have.Kind == ir.Index || want.Kind == ir.Index || isTable:
		r := c.errf("E0321", p.at, "%s is %s, and this is %s", p.subject(), wantText, haveText)
		p.noteFrom(r, want)
		switch {
		case want.Kind != ir.Index:
			r.hint("as a number it is `%s(x)`", want.Kind)
		case want.Of != nil && have.Of != nil && want.Of != have.Of && want.Of.Base == have.Of.Base:
			r.hint("what is declared for rows of %s takes those of its subsets too", want.Of.Base.Name)
		}
	default:
		r := c.errf("E0322", p.at, "%s is %s, and this is %s", p.subject(), wantText, haveText)
		p.noteFrom(r, want)
		if want.Kind != ir.Bool && have.Kind != ir.Bool {
			r.hint("say so: `%s(x)`", want.Kind)
		} else if have.Kind == ir.Bool {
			r.hint("a number made of a bool is `%s(x)`, or `if x then 1 else 0`", want.Kind)
		}
	}
	return poison
}

// hintDims says how to assert what cannot be proved.
func (c *cx) hintDims(r report, a, b ir.Dim) {
	_, an := a.Const()
	_, bn := b.Const()
	if !an || !bn {
		r.hint("if they are the same for a reason that the types do not say, assert it: `x as T`")
	}
}

// sameType reports whether a tensor has a type; a row of a subset is a row of
// its table.
func sameType(have ir.Type, want check.Tensor) bool {
	return have.Kind == want.Kind && have.Bound == want.Bound && ir.EqualDims(have.Dims, want.Dims)
}

func (c *cx) coerceTensor(v Value, t check.Tensor, p place) Value {
	switch v := v.(type) {
	case *Num:
		return c.coerceNum(v, t, p)
	case *Flag:
		if t.Kind == ir.Bool && len(t.Dims) == 0 {
			return v
		}
	case *Ten:
		if sameType(v.T, t) {
			return v
		}
		if t.Kind == ir.Index && len(t.Dims) == 0 && !v.Below.IsZero() && v.Below == t.Bound {
			return c.below(v, t.Bound)
		}
	case *Row:
		if t.Kind == ir.Index && len(t.Dims) == 0 && v.T.Base.Dim == t.Bound {
			return c.coerceRow(v, t, p)
		}
	case *Txt:
		if t.Of != nil && len(t.Dims) == 0 {
			return c.memberOf(t.Of, v, p.at)
		}
	case *Pick:
		if t.Of != nil && len(t.Dims) == 0 {
			return c.pickMember(v, t.Of, p.at)
		}
	case *List:
		if out, ok := c.textList(v, t, p); ok {
			return out
		}
	case *Tab:
		if t.Kind.IsFloat() || t.Kind.IsInt() {
			c.errf("E0409", p.at, "a table is no number").hint("its number of rows is `count(%s)`", v.T.Name)
			return poison
		}
	}
	return c.mismatch(v, t, p)
}

// coerceRow hands a row on as one of the declared table: what is known of the
// rows of a subset is known only where the subset is named.
func (c *cx) coerceRow(r *Row, t check.Tensor, p place) Value {
	switch {
	case t.Of == nil || t.Of == r.T:
		return r
	case !rootTable(r).Within(t.Of) && t.Of != t.Of.Base:
		return c.mismatch(r, t, p)
	case len(t.Of.Present) == len(rootTable(r).Present):
		return r
	}
	out := *r
	out.facts = t.Of
	return &out
}

// coerceNum gives a constant its type.
func (c *cx) coerceNum(n *Num, t check.Tensor, p place) Value {
	if n.Kind != ir.NoKind && n.Kind != t.Kind {
		return c.mismatch(n, t, p)
	}
	dims := n.Dims
	if len(dims) != len(t.Dims) || !ir.EqualDims(dims, t.Dims) {
		return c.mismatch(n, t, p)
	}
	if t.Kind == ir.Index {
		return c.indexNum(n, t, p)
	}
	if !c.fitNum(n, t.Kind, p.at) {
		return poison
	}
	if n.exact() && n.scalar() {
		m := *n
		m.Kind = t.Kind
		return &m
	}
	return c.ten(n.make(c, t.Kind))
}

// indexNum is a constant that stands for an index.
func (c *cx) indexNum(n *Num, t check.Tensor, p place) Value {
	if t.Of != nil && !t.Of.Category && t.Of.Keyed {
		c.errf("E0323", p.at, "a row of %s is found by its key, not by a number", t.Of.Name)
		return poison
	}
	check := []*Num{n}
	if n.Items != nil {
		check, _ = n.flat(nil)
	}
	bound, known := t.Bound.Const()
	for _, x := range check {
		i, ok := x.int()
		switch {
		case !ok && x.exact():
			s, _ := x.text()
			c.errf("E0324", p.at, "%s is no index", s)
			return poison
		case ok && (i < 0 || known && i >= bound):
			c.errf("E0325", p.at, "%d is no %s: %s", i, t, indexRange(t.Bound))
			return poison
		}
	}
	if n.scalar() && n.exact() && known {
		i, _ := n.int()
		return c.ten(c.fn.b.Int(ir.IndexOf(t.Bound), i))
	}
	if known && n.exact() || known && n.Items != nil {
		v := n.make(c, ir.I64)
		return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: t.Bound}, v))
	}
	return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: t.Bound}, n.make(c, ir.I64)))
}

func (c *cx) coerceOpt(v Value, t check.Opt, p place) Value {
	if o, ok := v.(*Opt); ok {
		return &Opt{c.coerce(o.Val, t.X, p), o.Has}
	}
	w := c.coerce(v, t.X, p)
	if isPoison(w) {
		return poison
	}
	return &Opt{w, &Flag{true}}
}

func (c *cx) coerceRecord(v Value, t check.Record, p place) Value {
	r, ok := v.(*Rec)
	if !ok {
		return c.mismatch(v, t, p)
	}
	out := &Rec{Names: t.Names}
	for i, n := range t.Names {
		x := r.get(n)
		if x == nil {
			c.errf("E0326", p.at, "%s is %s, and this record has no field `%s`", p.subject(), t, n).suggest(n, r.Names)
			return poison
		}
		q := p
		q.what = "the field `" + n + "`"
		out.Vals = append(out.Vals, c.coerce(x, t.Types[i], q))
	}
	for _, n := range r.Names {
		if (&Rec{Names: t.Names, Vals: out.Vals}).get(n) == nil {
			c.errf("E0327", p.at, "%s is %s, which has no field `%s`", p.subject(), t, n)
			return poison
		}
	}
	return out
}

func (r *Rec) get(name string) Value {
	for i, n := range r.Names {
		if n == name {
			return r.Vals[i]
		}
	}
	return nil
}

// tensor makes a tensor of v, of its own type; constants take kind k, or the
// default one.
func (c *cx) tensor(v Value, k ir.Kind, at source.Span) *Ten {
	switch v := v.(type) {
	case *Ten:
		return v
	case *Num:
		if v.Kind != ir.NoKind {
			k = v.Kind
		}
		if k == ir.NoKind {
			k = v.Own
		}
		if k == ir.NoKind {
			k = c.defaultKind()
		}
		if !c.fitNum(v, k, at) {
			return nil
		}
		return c.ten(v.make(c, k))
	case *Flag:
		n := int64(0)
		if v.On {
			n = 1
		}
		return c.ten(c.fn.b.Int(ir.ScalarOf(ir.Bool), n))
	case *Row:
		return c.rowIndex(v)
	}
	return nil
}

// force gives every constant in v a kind and makes tensors of rows and flags,
// so that v has leaves for all that it holds.
func (c *cx) force(v Value, at source.Span) Value {
	each := func(vs []Value) []Value {
		out := make([]Value, len(vs))
		for i, x := range vs {
			out[i] = c.force(x, at)
		}
		return out
	}
	switch v := v.(type) {
	case *Num, *Flag, *Row:
		if t := c.tensor(v, ir.NoKind, at); t != nil {
			return t
		}
		return poison
	case *Ten:
		if v.fn == c.fn && v.Glob == "" {
			return v
		}
		t := c.ten(c.use(v))
		t.Of = v.Of
		return t
	case *Rec:
		return &Rec{v.Names, each(v.Vals)}
	case *Tup:
		return &Tup{each(v.Vals)}
	case *Opt:
		return &Opt{c.force(v.Val, at), c.force(v.Has, at)}
	case *Pick:
		return &Pick{c.force(v.If, at), c.force(v.Then, at), c.force(v.Else, at)}
	case *Arr:
		return &Arr{v.N, c.force(v.Elem, at)}
	}
	return v
}

// hasPoison reports whether anything in v is poison.
func hasPoison(v Value) bool {
	switch v := v.(type) {
	case nil, *Poison:
		return true
	case *Rec:
		return anyPoison(v.Vals)
	case *Tup:
		return anyPoison(v.Vals)
	case *List:
		return anyPoison(v.Items)
	case *Opt:
		return hasPoison(v.Val) || hasPoison(v.Has)
	case *Pick:
		return hasPoison(v.If) || hasPoison(v.Then) || hasPoison(v.Else)
	case *Arr:
		return hasPoison(v.Elem)
	}
	return false
}

func anyPoison(vs []Value) bool {
	for _, v := range vs {
		if hasPoison(v) {
			return true
		}
	}
	return false
}

// spanNode lets a span stand where a node is asked for its place.
type spanNode source.Span

func (s spanNode) Span() source.Span { return source.Span(s) }

// values are the IR values of the leaves of v.
func (c *cx) values(v Value) []*ir.Value {
	var out []*ir.Value
	for _, t := range leaves(v) {
		out = append(out, c.use(t))
	}
	return out
}

// rebuild puts IR values of the function at hand for the leaves of v.
func (c *cx) rebuild(v Value, vs []*ir.Value) Value {
	i := 0
	return mapLeaves(v, func(old *Ten) Value {
		t := c.ten(vs[i])
		if old.Of != nil {
			t.Of = old.Of
		}
		i++
		return t
	})
}
