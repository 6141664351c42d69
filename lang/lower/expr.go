package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// expr evaluates an expression. want is the type that is needed, nil where
// nothing is known; it helps constants and reads, and is not a promise that
// the result has it.
func (c *cx) expr(x syntax.Expr, want check.Type) Value {
	if x == nil {
		return poison
	}
	old := c.fn.b.Span
	c.fn.b.Span = x.Span()
	c.el.depth++
	v := Value(poison)
	if c.el.depth > 40*maxDepth {
		c.errf("E0215", x.Span(), "this expression is nested too deeply, or functions call each other without an end")
	} else {
		v = c.settle(x, c.eval(x, want))
	}
	c.el.depth--
	c.fn.b.Span = old
	return v
}

// span is the place of what is being built.
func (f *fnCtx) span() source.Span { return f.b.Span }

func (c *cx) eval(x syntax.Expr, want check.Type) Value {
	switch x := x.(type) {
	case *syntax.Name:
		return c.asValue(x, c.name(x))
	case *syntax.Number:
		r, ok := c.literal(x.Text)
		if !ok {
			c.errf("E0306", x.Span(), "%s is beyond what any number can hold", x.Text)
			return poison
		}
		return &Num{Rat: r, Approx: hasPoint(x.Text)}
	case *syntax.Bool:
		return &Flag{x.Value}
	case *syntax.Text:
		return c.text(x)
	case *syntax.Duration:
		c.errf("E0354", x.Span(), "a duration is no number") // outside of clauses the parser says so
		return poison
	case *syntax.List:
		return c.list(x, want)
	case *syntax.Tuple:
		return c.tuple(x, want)
	case *syntax.Record:
		return c.recordExpr(x, want)
	case *syntax.Block:
		return c.block(x, want)
	case *syntax.Lambda:
		return &Lambda{n: x, lex: c.lex}
	case *syntax.If:
		return c.ifExpr(x, want)
	case *syntax.Comprehension:
		return c.comprehension(x, want)
	case *syntax.Aggregate:
		return c.aggregate(x, want)
	case *syntax.Read:
		return c.read(x, want)
	case *syntax.Unary:
		if x.Op == "not" {
			return c.not(x)
		}
		return c.negate(operand{c.expr(x.X, want), x.X.Span()}, x.Span())
	case *syntax.Binary:
		return c.binary(x, want)
	case *syntax.As:
		return c.as(x)
	}
	return c.evalPostfix(x, want)
}

func (c *cx) evalPostfix(x syntax.Expr, want check.Type) Value {
	switch x := x.(type) {
	case *syntax.Call:
		return c.call(x, nil, want)
	case *syntax.Pipe:
		return c.pipe(x, want)
	case *syntax.Index:
		return c.index(x, want)
	case *syntax.Select:
		return c.asValue(x, c.selectExpr(x))
	case *syntax.With:
		return c.withParams(x)
	case *syntax.Wildcard:
		return poison // what the parser reported already
	}
	c.el.errs.Add(source.Bugf(x.Span(), "no rule for this expression"))
	return poison
}

func hasPoint(s string) bool {
	for _, r := range s {
		if r == '.' || r == 'e' || r == 'E' {
			return true
		}
	}
	return false
}

// asValue turns what a name stands for into a value.
func (c *cx) asValue(x syntax.Expr, v Value) Value {
	switch v := v.(type) {
	case *typeName:
		c.errf("E0357", x.Span(), "`%s` is a type, not a value", v.d.Name)
		return poison
	case *globalParam:
		return c.globalParam(v, x)
	case *ModelRef:
		return c.modelValue(v, x)
	}
	return v
}

// text is a text with settings put in.
func (c *cx) text(x *syntax.Text) Value {
	s := ""
	for _, p := range x.Parts {
		if p.Setting == nil {
			s += p.Text
			continue
		}
		v, ok := c.lookup(p.Setting.Name)
		if !ok {
			return c.unknown(p.Setting)
		}
		switch v := v.(type) {
		case *Txt:
			s += v.S
		case *Num:
			t, ok := v.text()
			if !ok {
				c.errf("E0358", p.Setting.Span(), "only settings can be put into a text, and `%s` is computed", p.Setting.Name)
				return poison
			}
			s += t
		case *Flag:
			s += map[bool]string{true: "true", false: "false"}[v.On]
		case *Poison:
			return poison
		default:
			c.errf("E0358", p.Setting.Span(), "only settings can be put into a text, and `%s` is %s", p.Setting.Name, c.describe(v))
			return poison
		}
	}
	return &Txt{s, x.Span()}
}

func (c *cx) binary(x *syntax.Binary, want check.Type) Value {
	switch x.Op {
	case "and", "or":
		return c.logic(x)
	case "??":
		return c.orElse(x, want)
	case "..":
		return &Range{c.expr(x.X, nil), c.expr(x.Y, nil)}
	case "in":
		return c.in(x)
	}
	hint := want
	if t, ok := want.(check.Tensor); !ok || x.Op == "@" || t.Kind == ir.Bool || t.Kind == ir.Index {
		hint = nil
	}
	if _, cmp := cmpPred[x.Op]; cmp {
		hint = nil
	}
	a := operand{c.expr(x.X, hint), x.X.Span()}
	b := operand{c.expr(x.Y, nil), x.Y.Span()}
	old := c.fn.b.Span
	c.fn.b.Span = x.Span()
	defer func() { c.fn.b.Span = old }()
	switch x.Op {
	case "+", "-", "*", "/", "^":
		return c.arith(x.Op, a, b, x.Span())
	case "@":
		return c.product(a, b, x.Span())
	}
	return c.compare(x.Op, a, b, x.Span())
}

// as is `x as T`: the type of a constant, or a claim about dimensions that is
// checked when the sizes are known.
func (c *cx) as(x *syntax.As) Value {
	t := c.typ(x.Type)
	v := c.expr(x.X, t)
	if isPoison(v) || t == check.Unknown {
		return poison
	}
	wt, ok2 := t.(check.Tensor)
	if n, ok := v.(*Num); ok && ok2 && wt.Kind != ir.Index && len(n.Dims) == len(wt.Dims) {
		// A list of constants has a size, the claim may be a table.
		own := wt
		own.Dims = n.Dims
		v = c.force(c.coerce(n, own, place{at: x.X.Span(), what: "what stands before `as`", from: x.Type.Span()}), x.X.Span())
		if isPoison(v) {
			return poison
		}
	}
	have, ok1 := v.(*Ten)
	if ok1 && ok2 && have.T.Kind == wt.Kind && have.T.Bound == wt.Bound && have.T.Rank() == len(wt.Dims) {
		return c.assertDims(have, wt, x)
	}
	return c.coerce(v, t, place{at: x.X.Span(), what: "what stands before `as`", from: x.Type.Span()})
}

// assertDims checks sizes when they are known and takes the claimed ones.
func (c *cx) assertDims(v *Ten, t check.Tensor, x *syntax.As) Value {
	if ir.EqualDims(v.T.Dims, t.Dims) {
		return v
	}
	for i, d := range v.T.Dims {
		e := t.Dims[i]
		a, ok1 := d.Const()
		b, ok2 := e.Const()
		if ok1 && ok2 && a != b {
			c.errf("E0416", x.Span(), "this has %d elements here, not %d", a, b).hint("`as` never reshapes")
			return poison
		}
		if d != e {
			p := c.fn.b.One("size", ir.SizeAttrs{N: d, K: ir.I64})
			q := c.fn.b.One("size", ir.SizeAttrs{N: e, K: ir.I64})
			ok := c.fn.b.Cmp("eq", p, q)
			c.fn.b.Op("assert", ir.AssertAttrs{Message: "the sizes `" + check.DimText(d) + "` and `" + check.DimText(e) + "` that `as` says are equal are not"}, ok)
		}
	}
	// A slice from 0, since a reshape keeps the number of elements provably.
	a := ir.SliceAttrs{Sizes: t.Dims}
	for range t.Dims {
		a.Starts, a.Steps = append(a.Starts, ir.N(0)), append(a.Steps, 1)
	}
	out := c.ten(c.fn.b.One("slice", a, c.use(v)))
	out.Of = v.Of
	return out
}

// block is `{ let …; e }` or the body of a function.
func (c *cx) block(x *syntax.Block, want check.Type) Value {
	d := c
	for _, s := range x.Stmts {
		d = d.statement(s)
	}
	if x.Result == nil {
		return poison
	}
	return d.expr(x.Result, want)
}

// statement evaluates one statement and returns the context behind it.
func (c *cx) statement(s syntax.Stmt) *cx {
	old := c.fn.b.Span
	c.fn.b.Span = s.Span()
	defer func() { c.fn.b.Span = old }()
	switch s := s.(type) {
	case *syntax.Let:
		return c.let(s)
	case *syntax.Dim:
		return c.with(s.Name.Name, s.Name.Span(), c.dimDecl(s))
	case *syntax.Param:
		return c.with(s.Name.Name, s.Name.Span(), c.paramStmt(s))
	case *syntax.State:
		return c.stateStmt(s)
	case *syntax.Assign:
		return c.assign(s)
	case *syntax.Assert:
		c.assert(s)
	case *syntax.ExprStmt:
		c.expr(s.X, nil)
	}
	return c
}

// let binds a pattern.
func (c *cx) let(s *syntax.Let) *cx {
	for _, n := range check.PatternNames(s.Pattern) {
		if b := c.sc.find(n.Name); b != nil && b.what == "dim" {
			c.errf("E0417", n.Span(), "`%s` is a dimension of this signature, and a value of the same name would hide it", n.Name).
				note(b.at, "the dimension").hint("call the value something else")
		}
	}
	c.nameLayers(s)
	v := c.letValue(s.Type, s.Value)
	return c.bind(s.Pattern, v)
}

// letValue is the value of a `let`, of its type where one is written.
func (c *cx) letValue(t syntax.Type, x syntax.Expr) Value {
	if t == nil {
		return c.expr(x, nil)
	}
	want := c.typ(t)
	return c.coerce(c.expr(x, want), want, place{at: x.Span(), what: "the value", from: t.Span()})
}

// assert is a statement of a test.
func (c *cx) assert(s *syntax.Assert) {
	switch v := c.condition(s.Cond).(type) {
	case *Flag:
		if !v.On {
			c.fn.b.Op("assert", ir.AssertAttrs{Message: "assertion failed: " + oneLine(s.Cond.Span())}, c.fn.b.Int(ir.ScalarOf(ir.Bool), 0))
		}
	case *Ten:
		c.fn.b.Op("assert", ir.AssertAttrs{Message: "assertion failed: " + oneLine(s.Cond.Span())}, c.use(v))
	}
}

func oneLine(s source.Span) string {
	t := s.Text()
	for i, r := range t {
		if r == '\n' {
			return t[:i] + " …"
		}
	}
	return t
}
