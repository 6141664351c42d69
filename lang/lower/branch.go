package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// narrow is a fact that holds where it stands: a value is present, an integer
// is below a size, a text is a member of a category.
type narrow struct {
	up   *narrow
	key  string // of the path it is about
	kind string // present, below, member
	dim  ir.Dim
	tab  *check.Table
}

func (c *cx) fact(key, kind string) *narrow {
	for n := c.narrow; n != nil; n = n.up {
		if n.key == key && n.kind == kind {
			return n
		}
	}
	return nil
}

// pathKey identifies an immutable path such as `h.total_bedrooms`; "" where x
// is none.
func (c *cx) pathKey(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		if b := c.sc.find(x.Name); b != nil {
			return fmt.Sprintf("%p", b)
		}
	case *syntax.Select:
		if base := c.pathKey(x.X); base != "" {
			return base + "." + x.Name.Name
		}
	case *syntax.Index:
		return c.elementKey(x)
	}
	return ""
}

// elementKey identifies an element of an immutable path, `r.cs[i]`.
func (c *cx) elementKey(x *syntax.Index) string {
	key := c.pathKey(x.X)
	for _, it := range x.Items {
		at := c.pathKey(it)
		if n, ok := it.(*syntax.Number); ok {
			at = n.Text
		}
		if key == "" || at == "" {
			return ""
		}
		key += "[" + at + "]"
	}
	return key
}

// narrowed is c with what a condition says where it holds (or does not).
func (c *cx) narrowed(cond syntax.Expr, holds bool) *cx {
	d := *c
	switch x := cond.(type) {
	case *syntax.Unary:
		if x.Op == "not" {
			return c.narrowed(x.X, !holds)
		}
	case *syntax.Binary:
		if x.Op == "and" && holds || x.Op == "or" && !holds {
			return c.narrowed(x.X, holds).narrowed(x.Y, holds)
		}
		d.narrow = c.factOf(x, holds)
	case *syntax.Call:
		if f, ok := x.Fun.(*syntax.Name); ok && holds && f.Name == "present" && len(x.Args) == 1 {
			d.narrow = c.presentAt(x.Args[0])
		}
	}
	return &d
}

// presentAt says that the value of a path is there, and so what the keys in it
// lead to.
func (c *cx) presentAt(x syntax.Expr) *narrow {
	facts := c.narrow
	for {
		key := c.pathKey(x)
		if key == "" {
			return facts
		}
		facts = &narrow{up: facts, key: key, kind: "present"}
		s, ok := x.(*syntax.Select)
		if !ok {
			return facts
		}
		x = s.X
	}
}

// factOf is what a comparison says.
func (c *cx) factOf(x *syntax.Binary, holds bool) *narrow {
	key := c.pathKey(x.X)
	if key == "" {
		return c.narrow
	}
	switch {
	case x.Op == "in" && holds:
		if t, ok := c.quiet(x.Y).(*Tab); ok {
			return &narrow{up: c.narrow, key: key, kind: "member", tab: t.T}
		}
	case x.Op == "<" && holds || x.Op == ">=" && !holds:
		if n, ok := c.quiet(x.Y).(*Num); ok {
			if dim, ok := n.dim(); ok {
				return &narrow{up: c.narrow, key: key, kind: "below", dim: dim}
			}
		}
	}
	return c.narrow
}

// quiet evaluates a name or path without reporting.
func (c *cx) quiet(x syntax.Expr) Value {
	switch x.(type) {
	case *syntax.Name, *syntax.Select, *syntax.Number, *syntax.Binary:
		c.el.muted++
		failed := c.el.failed
		v := c.expr(x, nil)
		c.el.muted--
		c.el.failed = failed
		return v
	}
	return nil
}

// settle applies what is known about the path x to its value.
func (c *cx) settle(x syntax.Expr, v Value) Value {
	if c.narrow == nil {
		return v
	}
	key := ""
	if o, ok := v.(*Opt); ok {
		if key = c.pathKey(x); key != "" && c.fact(key, "present") != nil {
			return o.Val
		}
	}
	if s := c.asText(v); s != nil {
		if f := c.fact(c.pathKey(x), "member"); f != nil && (s.cat == nil || s.cat.Of != f.tab) {
			return c.strMember(s, f.tab, false, x.Span())
		}
	}
	if t, ok := v.(*Ten); ok && t.T.Kind.IsInt() && t.T.Rank() == 0 && t.Of == nil {
		if f := c.fact(c.pathKey(x), "below"); f != nil {
			if t.T.Kind == ir.Index {
				return c.below(t, f.dim)
			}
			// A whole number may be negative: it is asked only where an index is needed.
			u := *t
			u.Below = f.dim
			return &u
		}
	}
	return v
}

// below makes an index of an integer that is checked against a size.
func (c *cx) below(t *Ten, d ir.Dim) *Ten {
	return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: d}, c.convert(c.use(t), ir.ScalarOf(ir.I64))))
}

// ifExpr is `if c then a else b`.
func (c *cx) ifExpr(x *syntax.If, want check.Type) Value {
	cond := c.condition(x.Cond)
	switch p := cond.(type) {
	case *Flag:
		if p.On {
			return c.narrowed(x.Cond, true).expr(x.Then, want)
		}
		return c.narrowed(x.Cond, false).expr(x.Else, want)
	case *Ten:
		if p.T.Rank() > 0 {
			c.errf("E0350", x.Cond.Span(), "a condition is one bool, and this is %s", c.describe(p)).
				hint("decide element by element: `[if … then … else … for x in xs]`, or in a function of scalars")
			return poison
		}
		return c.either(p, x.Span(), want,
			func(d *cx) (Value, source.Span) {
				return d.narrowed(x.Cond, true).expr(x.Then, want), x.Then.Span()
			},
			func(d *cx) (Value, source.Span) {
				return d.narrowed(x.Cond, false).expr(x.Else, want), x.Else.Span()
			})
	}
	// Both sides are looked at all the same, for their own errors.
	c.narrowed(x.Cond, true).expr(x.Then, want)
	c.narrowed(x.Cond, false).expr(x.Else, want)
	return poison
}

// either emits a branch whose sides may be any values of the same form.
//
// Note: constants on the sides of a branch. A side that is a constant takes
// the kind of the other side, which is known only when both have been
// evaluated and their regions are closed. Such a constant is then emitted
// outside and captured; it depends on nothing, so that no harm is done. Where
// both are constants the whole branch stays without a kind.
func (c *cx) either(pred *Ten, at source.Span, want check.Type, then, els func(d *cx) (Value, source.Span)) Value {
	p := c.use(pred)
	side := func(f func(d *cx) (Value, source.Span)) (Value, source.Span, ir.Captured, *ir.Region) {
		marks := c.fn.b.Open(ir.ScalarOf(ir.Bool))
		region := marks[0].In
		region.Params = nil
		c.fn.frames = append(c.fn.frames, &frame{region: region})
		d := *c
		v, span := f(&d)
		v = d.settleSide(v, want, span)
		vals := d.values(v)
		c.fn.frames = c.fn.frames[:len(c.fn.frames)-1]
		return v, span, c.fn.b.Close(vals...), region
	}
	span := c.fn.b.Span
	a, sa, ca, _ := side(then)
	b, sb, cb, _ := side(els)
	c.fn.b.Span = span
	if isPoison(a, b) {
		return poison
	}
	m := &merger{c: c, pred: p, at: at, sa: sa, sb: sb, ca: &ca, cb: &cb}
	shape := m.merge(a, b)
	if hasPoison(shape) {
		return poison
	}
	if len(m.ra) == 0 {
		return shape
	}
	ca.Region.Results, cb.Region.Results = m.ra, m.rb
	caps := ir.Unite(c.fn.f, &ca, &cb)
	rs := c.fn.b.OpWith("cond", ir.CondAttrs{}, []*ir.Region{ca.Region, cb.Region}, append([]*ir.Value{p}, caps...)...)
	return c.rebuild(shape, rs)
}

// settleSide forces what must not leave the region of a branch without a kind:
// numbers made of values of the region, rows, flags.
func (c *cx) settleSide(v Value, want check.Type, at source.Span) Value {
	if t, ok := want.(check.Tensor); ok && t.Kind != ir.NoKind {
		if n, ok := v.(*Num); ok && n.untyped() && n.fn == nil {
			return v
		}
	}
	switch v := v.(type) {
	case *Num:
		if v.untyped() && v.fn == nil {
			return v
		}
		return c.force(v, at)
	case *Row, *Flag:
		return c.force(v, at)
	case *Ten, *Pick:
		return c.force(v, at)
	case *Rec:
		return &Rec{v.Names, c.settleSides(v.Vals, at)}
	case *Tup:
		return &Tup{c.settleSides(v.Vals, at)}
	case *Opt:
		return &Opt{c.settleSide(v.Val, nil, at), c.force(v.Has, at)}
	case *Arr:
		return c.force(v, at)
	}
	return v
}

func (c *cx) settleSides(vs []Value, at source.Span) []Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i] = c.settleSide(v, nil, at)
	}
	return out
}

// merger puts the two sides of a branch together, leaf by leaf.
type merger struct {
	c      *cx
	pred   *ir.Value
	at     source.Span
	sa, sb source.Span
	ca, cb *ir.Captured
	na, nb int // leaves of each side taken so far
	ra, rb []*ir.Value
}

// merge returns the form of the result; its leaves are those of side a, in the
// order of ra and rb.
func (m *merger) merge(a, b Value) Value {
	c := m.c
	if isPoison(a, b) {
		return poison
	}
	if an, ok := a.(*Num); ok {
		if bn, ok := b.(*Num); ok {
			return m.mergeNums(an, bn)
		}
		if bt, ok := b.(*Ten); ok {
			v := m.outer(an, bt, m.sa)
			if v == nil {
				return poison
			}
			m.ra = append(m.ra, captureInto(c.fn.f, m.ca, v))
			m.rb = append(m.rb, m.cb.Region.Results[m.nb])
			m.nb++
			return bt
		}
	}
	if bn, ok := b.(*Num); ok {
		if at, ok := a.(*Ten); ok {
			v := m.outer(bn, at, m.sb)
			if v == nil {
				return poison
			}
			m.rb = append(m.rb, captureInto(c.fn.f, m.cb, v))
			m.ra = append(m.ra, m.ca.Region.Results[m.na])
			m.na++
			return at
		}
	}
	if ao, ok := a.(*Opt); ok {
		if bo, ok := b.(*Opt); ok {
			return &Opt{m.merge(ao.Val, bo.Val), m.merge(ao.Has, bo.Has)}
		}
	}
	if o, ok := a.(*Opt); ok {
		return m.mergeMaybe(o, m.merge(o.Val, b), true)
	}
	if o, ok := b.(*Opt); ok {
		return m.mergeMaybe(o, m.merge(a, o.Val), false)
	}
	return m.mergeParts(a, b)
}

// mergeMaybe is a side that may be missing beside one that is always there.
func (m *merger) mergeMaybe(o *Opt, val Value, first bool) Value {
	if isPoison(val) {
		return poison
	}
	there := m.c.use(m.c.force(&Flag{true}, m.at).(*Ten))
	if first {
		m.ra = append(m.ra, m.ca.Region.Results[m.na])
		m.rb = append(m.rb, captureInto(m.c.fn.f, m.cb, there))
		m.na++
	} else {
		m.ra = append(m.ra, captureInto(m.c.fn.f, m.ca, there))
		m.rb = append(m.rb, m.cb.Region.Results[m.nb])
		m.nb++
	}
	return &Opt{val, o.Has}
}

func (m *merger) mergeParts(a, b Value) Value {
	c := m.c
	switch a := a.(type) {
	case *Ten:
		if b, ok := b.(*Ten); ok {
			if a.T.Equal(b.T) {
				m.ra = append(m.ra, m.ca.Region.Results[m.na])
				m.rb = append(m.rb, m.cb.Region.Results[m.nb])
				m.na, m.nb = m.na+1, m.nb+1
				return a
			}
		}
	case *Rec:
		if b, ok := b.(*Rec); ok && len(a.Vals) == len(b.Vals) && sameNames(a, b) {
			return &Rec{a.Names, m.mergeAll(a.Vals, b.Vals)}
		}
	case *Tup:
		if b, ok := b.(*Tup); ok && len(a.Vals) == len(b.Vals) {
			return &Tup{m.mergeAll(a.Vals, b.Vals)}
		}
	case *Arr:
		if b, ok := b.(*Arr); ok && a.N == b.N {
			return &Arr{a.N, m.merge(a.Elem, b.Elem)}
		}
	case *Txt:
		if b, ok := b.(*Txt); ok && a.S == b.S {
			return a
		}
	case Fun:
		c.errf("E0351", m.at, "the sides of a branch are functions, and which one is known only at run time").hint("branch inside the function")
		return poison
	}
	if isTextual(a) && isTextual(b) {
		return m.pick(a, b)
	}
	m.differ(a, b)
	return poison
}

func (m *merger) mergeAll(a, b []Value) []Value {
	out := make([]Value, len(a))
	for i := range a {
		out[i] = m.merge(a[i], b[i])
	}
	return out
}

// mergeNums leaves a branch between constants without a kind.
func (m *merger) mergeNums(a, b *Num) Value {
	c := m.c
	dims, ok := c.meetDims(m.at, m.sa, m.sb, a.Dims, b.Dims, a, b)
	if !ok {
		return poison
	}
	if !ir.EqualDims(a.Dims, b.Dims) {
		m.differ(a, b)
		return poison
	}
	pred := m.pred
	n := &Num{Dims: dims, Float: a.Float || b.Float, Wide: a.Wide || b.Wide, fn: c.fn}
	if a.Rat != nil && !a.Rat.IsInt() || b.Rat != nil && !b.Rat.IsInt() || a.Big != nil || b.Big != nil {
		n.Float = true
	}
	n.mk = func(c *cx, k ir.Kind) *ir.Value {
		if n.scalar() {
			return c.fn.b.Select(pred, a.raw(c, k), b.raw(c, k))
		}
		return c.fn.b.Select(c.spread(pred, dims), a.raw(c, k), b.raw(c, k))
	}
	return n
}

// outer emits a constant side outside of the branch, in the kind of the other.
func (m *merger) outer(n *Num, like *Ten, at source.Span) *ir.Value {
	c := m.c
	if like.T.Kind == ir.Index {
		v := c.coerceNum(n, check.Tensor{Kind: ir.Index, Bound: like.T.Bound, Of: like.Of, Dims: like.T.Dims}, place{at: at, what: "the other side of the branch"})
		if t, ok := v.(*Ten); ok {
			return c.use(t)
		}
		return nil
	}
	if !ir.EqualDims(n.Dims, like.T.Dims) {
		m.differ(n, like)
		return nil
	}
	if !c.fitNum(n, like.T.Kind, at) {
		return nil
	}
	return n.make(c, like.T.Kind)
}

func (m *merger) differ(a, b Value) {
	m.c.errf("E0352", m.at, "the two sides of this branch have different types: %s and %s", m.c.describe(a), m.c.describe(b)).
		note(m.sa, "this is %s", m.c.describe(a)).note(m.sb, "this is %s", m.c.describe(b))
}

// captureInto makes an outer value available in a closed region.
func captureInto(f *ir.Func, cp *ir.Captured, v *ir.Value) *ir.Value {
	for i, o := range cp.Values {
		if o == v {
			return cp.Region.Params[i]
		}
	}
	p := f.NewValue(v.Type)
	p.Name, p.Span, p.In = v.Name, v.Span, cp.Region
	p.Index = len(cp.Values)
	cp.Region.Params = append(cp.Region.Params, p)
	cp.Values = append(append([]*ir.Value{}, cp.Values...), v)
	return p
}
