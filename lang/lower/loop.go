package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// iter is what a loop over v goes over; nil, with an error, where there is
// nothing to go over.
func (c *cx) iter(v Value, at source.Span) *Seq {
	switch v := v.(type) {
	case *Poison:
		return nil
	case *Seq:
		return v
	case *Num:
		if len(v.Dims) > 0 {
			return &Seq{v.Dims[0], func(c *cx, fr *frame) Value { return c.numElem(v, fr) }}
		}
		d, ok := v.dim()
		if n, known := d.Const(); ok && (!known || n >= 0) {
			return &Seq{d, func(c *cx, fr *frame) Value { return c.ten(fr.iota) }}
		}
		if v.exact() && v.untyped() {
			s, _ := v.text()
			c.errf("E0370", at, "a loop goes over %s elements, which is no whole number that is not negative", s)
			return nil
		}
	case *Ten:
		if v.T.Rank() > 0 {
			outer := c.use(v)
			return &Seq{v.T.Dims[0], func(c *cx, fr *frame) Value {
				t := c.ten(c.elem(fr, outer))
				t.Of = v.Of
				return t
			}}
		}
		c.errf("E0371", at, "a loop goes over a list, a table or a size, and this is %s", c.describe(v)).hint("the elements `0..n` of a size n: `for i in n`, with `n` a dimension")
		return nil
	case *Arr:
		return &Seq{v.N, func(c *cx, fr *frame) Value {
			return mapLeaves(v.Elem, func(t *Ten) Value {
				u := c.ten(c.elem(fr, c.use(t)))
				u.Of = t.Of
				return u
			})
		}}
	case *Rec:
		// A record of numbers is a vector: the loop goes over all of them.
		f := c.force(v, at)
		if hasPoison(f) {
			return nil
		}
		if t := c.flatten(f, at); t != nil {
			return c.iter(t, at)
		}
		return nil
	case *Range:
		return c.iterRange(v, at)
	case *Tab:
		t := v.T
		if t.Category {
			return &Seq{t.Dim, func(c *cx, fr *frame) Value {
				u := c.ten(fr.iota)
				u.Of = t
				return u
			}}
		}
		return &Seq{t.Dim, func(c *cx, fr *frame) Value {
			fr.row = &Row{T: t, fn: c.fn, fr: fr}
			return fr.row
		}}
	case *Opt:
		c.errf("E0330", at, "this value may be missing (%s), and a loop goes over it", c.typeOf(v)).hint("ask first: `if present(x) then … else …`")
		return nil
	}
	c.errf("E0371", at, "a loop goes over a list, a table or a size, and this is %s", c.describe(v))
	return nil
}

// numElem is an element of a constant list, without a kind as the list.
func (c *cx) numElem(v *Num, fr *frame) Value {
	n := &Num{Dims: v.Dims[1:], Float: v.Float, fn: c.fn}
	n.mk = func(c *cx, k ir.Kind) *ir.Value {
		return c.fn.b.One("gather", ir.GatherAttrs{}, v.make(c, k), fr.iota)
	}
	return n
}

func (c *cx) iterRange(r *Range, at source.Span) *Seq {
	lo, ok1 := r.Lo.(*Num)
	hi, ok2 := r.Hi.(*Num)
	if isPoison(r.Lo, r.Hi) {
		return nil
	}
	if ok1 && ok2 {
		a, ok1 := lo.dim()
		b, ok2 := hi.dim()
		if ok1 && ok2 {
			n := b.Sub(a)
			if k, known := n.Const(); known && k < 0 {
				c.errf("E0372", at, "the range ends before it begins")
				return nil
			}
			if z, known := a.Const(); known && z == 0 {
				return &Seq{n, func(c *cx, fr *frame) Value { return c.ten(fr.iota) }}
			}
			return &Seq{n, func(c *cx, fr *frame) Value {
				b := c.fn.b
				i := b.One("convert", ir.ConvertAttrs{K: ir.I64}, fr.iota)
				return c.ten(b.Add(i, dimNum(a).make(c, ir.I64)))
			}}
		}
	}
	c.errf("E0373", at, "the ends of a range are sizes known when the program is compiled")
	return nil
}

// nest evaluates the clauses of a comprehension from number i on and calls
// body in the innermost context, with the condition that must hold (nil if
// none). It returns the values of body with the loops' dimensions in front.
func (c *cx) nest(clauses []syntax.For, conds []syntax.Expr, body func(d *cx, conds []syntax.Expr) []*ir.Value) ([]*ir.Value, []ir.Dim, bool) {
	if len(clauses) == 0 {
		vs := body(c, conds)
		return vs, nil, vs != nil
	}
	switch f := clauses[0].(type) {
	case *syntax.ForIf:
		return c.nest(clauses[1:], append(conds, f.Cond), body)
	case *syntax.ForIn:
		seq := c.iter(c.expr(f.Xs, nil), f.Xs.Span())
		if seq == nil {
			// The rest is evaluated with poison, for its own errors.
			d := c.bind(f.Pattern, poison)
			d.nest(clauses[1:], conds, body)
			return nil, nil, false
		}
		return c.nestIn(seq, f.Pattern, clauses[1:], conds, body)
	}
	return nil, nil, false
}

func (c *cx) nestIn(seq *Seq, p syntax.Pattern, rest []syntax.For, conds []syntax.Expr, body func(d *cx, conds []syntax.Expr) []*ir.Value) ([]*ir.Value, []ir.Dim, bool) {
	var inner []ir.Dim
	ok := true
	var failed bool
	out := c.mapLoop(seq.n, func(d *cx, fr *frame) []*ir.Value {
		v := seq.elem(d, fr)
		if v == nil {
			v = poison
		}
		e := d.bind(p, v)
		var vs []*ir.Value
		vs, inner, ok = e.nest(rest, conds, body)
		if !ok {
			failed = true
		}
		return vs
	})
	if failed || out == nil {
		return nil, nil, false
	}
	return out, append([]ir.Dim{seq.n}, inner...), true
}

// comprehension is `[e for x in xs]`.
func (c *cx) comprehension(x *syntax.Comprehension, want check.Type) Value {
	var inner check.Type
	loops := 0
	for _, f := range x.Clauses {
		switch f := f.(type) {
		case *syntax.ForIn:
			loops++
		case *syntax.ForIf:
			c.errf("E0374", f.Span(), "a list with `if` has no length that is known").hint("use it inside an aggregate (`sum(… if …)`), or make a table: `where`")
			return poison
		}
	}
	if t, ok := want.(check.Tensor); ok && len(t.Dims) >= loops {
		t.Dims = t.Dims[loops:]
		inner = t
	} else if t, ok := want.(check.Array); ok && len(t.Dims) == loops {
		inner = t.Elem
	}
	if v, done := c.overSteps(x.Elem, x.Clauses, x, inner); done {
		return v
	}
	var shape Value
	var num *Num
	vs, dims, ok := c.nest(x.Clauses, nil, func(d *cx, _ []syntax.Expr) []*ir.Value {
		v := d.expr(x.Elem, inner)
		if n, isNum := v.(*Num); isNum && n.fn == nil && n.untyped() {
			num = n
			return []*ir.Value{}
		}
		if _, isRow := v.(*Row); isRow {
			v = d.force(v, x.Elem.Span())
		}
		v = d.force(v, x.Elem.Span())
		if hasPoison(v) || !d.holdable(v, x.Elem) {
			return nil
		}
		shape = v
		return d.values(v)
	})
	if !ok {
		return poison
	}
	if num != nil {
		all := append(append([]ir.Dim{}, dims...), num.Dims...)
		n := lazy(all, func(c *cx, k ir.Kind) *ir.Value { return c.fn.b.Spread(num.raw(c, k), dims...) })
		n.Wide, n.Float = num.Wide, num.Float
		return n
	}
	return c.listValue(shape, vs, dims)
}

// holdable reports an element that no list holds.
func (c *cx) holdable(v Value, x syntax.Node) bool {
	switch v := v.(type) {
	case *Ten, *Rec, *Tup, *Arr, *Pick:
		return true
	case *Opt:
		return true
	default:
		c.errf("E0375", x.Span(), "a list cannot hold %s", c.describe(v))
	}
	return false
}

// listValue wraps the stacked leaves of an element.
func (c *cx) listValue(shape Value, vs []*ir.Value, dims []ir.Dim) Value {
	out := c.rebuild(shape, vs)
	switch out.(type) {
	case *Ten:
		return out
	}
	for i := len(dims) - 1; i >= 0; i-- {
		out = &Arr{dims[i], out}
	}
	return out
}

// in is `w in Region`.
func (c *cx) in(x *syntax.Binary) Value {
	v, set := c.expr(x.X, nil), c.expr(x.Y, nil)
	if isPoison(v, set) {
		return poison
	}
	t, ok := set.(*Tab)
	if !ok || !t.T.Category {
		c.errf("E0376", x.Y.Span(), "`in` asks whether a text is a member of a category, and this is %s", c.describe(set))
		return poison
	}
	if p, ok := v.(*Pick); ok {
		return c.overPick(p, ir.Bool, x.Span(), func(v Value) Value { return c.isMember(v, t.T, x) })
	}
	return c.isMember(v, t.T, x)
}

// isMember asks whether a text is a member of a category.
func (c *cx) isMember(v Value, t *check.Table, x *syntax.Binary) Value {
	if txt, ok := v.(*Txt); ok {
		return c.txtMember(txt, t, x.Span())
	}
	if s := c.asText(v); s != nil {
		return c.strMember(s, t, true, x.Span())
	}
	c.errf("E0377", x.X.Span(), "`in` asks about a text of the data, and this is %s", c.describe(v))
	return poison
}

// zip runs over several things of the same length at once.
func (c *cx) zip(vs []operand, at source.Span) Value {
	out := &Seq{}
	var seqs []*Seq
	for i, v := range vs {
		s := c.iter(v.v, v.at)
		if s == nil {
			return poison
		}
		if i == 0 {
			out.n = s.n
		} else if s.n != out.n {
			c.errf("E0425", at, "what is zipped has different lengths: `%s` and `%s`", check.DimText(out.n), check.DimText(s.n)).
				note(vs[0].at, "`%s` elements", check.DimText(out.n)).note(v.at, "`%s` elements", check.DimText(s.n))
			return poison
		}
		seqs = append(seqs, s)
	}
	out.elem = func(c *cx, fr *frame) Value {
		t := &Tup{}
		for _, s := range seqs {
			t.Vals = append(t.Vals, s.elem(c, fr))
		}
		return t
	}
	return out
}
