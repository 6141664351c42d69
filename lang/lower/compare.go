package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// compare is x < y and its kin.
func (c *cx) compare(op syntax.Op, x, y operand, at source.Span) Value {
	if isPoison(x.v, y.v) {
		return poison
	}
	if v, done := c.compareConst(op, x.v, y.v); done {
		return v
	}
	if v, done := c.compareText(op, x, y, at); done {
		return v
	}
	if v, done := c.compareRows(op, x, y, at); done {
		return v
	}
	if _, ok := x.v.(*Opt); ok {
		c.isNumber(op, x)
		return poison
	}
	if _, ok := y.v.(*Opt); ok {
		c.isNumber(op, y)
		return poison
	}
	if kindIn(x.v) == ir.Bool || kindIn(y.v) == ir.Bool {
		return c.compareBools(op, x, y, at)
	}
	if !c.isNumber(op, x) || !c.isNumber(op, y) {
		return poison
	}
	a, b, dims, ok := c.meet(string(op), x, y, at)
	if !ok {
		return poison
	}
	return c.ten(c.fn.b.Cmp(cmpPred[op], c.spread(a, dims), c.spread(b, dims)))
}

// compareConst compares what is known.
func (c *cx) compareConst(op syntax.Op, x, y Value) (Value, bool) {
	a, ok1 := x.(*Num)
	b, ok2 := y.(*Num)
	if ok1 && ok2 && a.exact() && b.exact() && a.Kind == ir.NoKind && b.Kind == ir.NoKind {
		return &Flag{holds(op, a.big().Cmp(b.big()))}, true
	}
	if ok1 && ok2 && a.Kind.IsInt() && b.exact() && a.exact() || ok1 && ok2 && b.Kind.IsInt() && a.exact() && b.exact() {
		return &Flag{holds(op, a.big().Cmp(b.big()))}, true
	}
	if ok1 && ok2 && !a.Dim.IsZero() && a.Dim == b.Dim {
		return &Flag{holds(op, 0)}, true
	}
	f, ok1 := x.(*Flag)
	g, ok2 := y.(*Flag)
	if ok1 && ok2 && (op == "==" || op == "!=") {
		return &Flag{(f.On == g.On) == (op == "==")}, true
	}
	t, ok1 := x.(*Txt)
	u, ok2 := y.(*Txt)
	if ok1 && ok2 && (op == "==" || op == "!=") {
		return &Flag{(t.S == u.S) == (op == "==")}, true
	}
	return nil, false
}

func holds(op syntax.Op, cmp int) bool {
	switch op {
	case "==":
		return cmp == 0
	case "!=":
		return cmp != 0
	case "<":
		return cmp < 0
	case "<=":
		return cmp <= 0
	case ">":
		return cmp > 0
	}
	return cmp >= 0
}

func (c *cx) compareBools(op syntax.Op, x, y operand, at source.Span) Value {
	if op != "==" && op != "!=" {
		c.errf("E0344", at, "bools are equal or not; `%s` has no meaning", op)
		return poison
	}
	if kindIn(x.v) != kindIn(y.v) {
		c.errf("E0345", at, "%s is compared with %s", c.describe(x.v), c.describe(y.v))
		return poison
	}
	a, b := c.tensor(x.v, ir.Bool, x.at), c.tensor(y.v, ir.Bool, y.at)
	if a == nil || b == nil || a.T.Kind != ir.Bool || b.T.Kind != ir.Bool {
		c.errf("E0345", at, "%s is compared with %s", c.describe(x.v), c.describe(y.v))
		return poison
	}
	dims, ok := c.meetDims(at, x.at, y.at, a.T.Dims, b.T.Dims, x.v, y.v)
	if !ok {
		return poison
	}
	return c.ten(c.fn.b.Cmp(cmpPred[op], c.spread(c.use(a), dims), c.spread(c.use(b), dims)))
}

// asIndex is v as a tensor of indices, nil where it is none.
func (c *cx) asIndex(v Value) *Ten {
	switch v := v.(type) {
	case *Row:
		return c.rowIndex(v)
	case *Ten:
		if v.T.Kind == ir.Index {
			return v
		}
	case *Pick:
		if t := pickTable(v); t != nil {
			m, _ := c.pickMember(v, t, c.fn.span()).(*Ten)
			return m
		}
	}
	return nil
}

// compareRows compares rows, members and indices of one bound without leaving
// the index kind.
func (c *cx) compareRows(op syntax.Op, x, y operand, at source.Span) (Value, bool) {
	a, b := c.asIndex(x.v), c.asIndex(y.v)
	if a == nil && b == nil {
		return nil, false
	}
	for _, side := range []struct{ i, o *Ten }{{a, b}, {b, a}} {
		if side.i != nil && side.i.Of != nil && op != "==" && op != "!=" {
			c.errf("E0346", at, "rows of %s are equal or not; `%s` has no meaning", side.i.Of.Name, op).hint("their order in the file is that of `i64(x)`")
			return poison, true
		}
	}
	if a != nil && b != nil {
		if a.T.Bound != b.T.Bound {
			if a.Of != nil || b.Of != nil {
				c.errf("E0347", at, "%s is compared with %s", c.describe(a), c.describe(b))
				return poison, true
			}
			return nil, false
		}
		dims, ok := c.meetDims(at, x.at, y.at, a.T.Dims, b.T.Dims, a, b)
		if !ok {
			return poison, true
		}
		return c.ten(c.fn.b.Cmp(cmpPred[op], c.spread(c.use(a), dims), c.spread(c.use(b), dims))), true
	}
	one := a
	if one == nil {
		one = b
	}
	_, lacks1 := x.v.(*Opt)
	_, lacks2 := y.v.(*Opt)
	if one.Of == nil || lacks1 || lacks2 {
		return nil, false // for what may be missing, see compare
	}
	c.errf("E0348", at, "%s is compared with %s", c.describe(x.v), c.describe(y.v)).hint("its number is `i64(x)`")
	return poison, true
}

// logic is `and` and `or`.
func (c *cx) logic(n *syntax.Binary) Value {
	x := c.condition(n.X)
	if isPoison(x) {
		return poison
	}
	if f, ok := x.(*Flag); ok {
		if f.On == (n.Op == "or") {
			return f
		}
		return c.condition(n.Y)
	}
	d := c
	if n.Op == "and" {
		d = c.narrowed(n.X, true)
	} else {
		d = c.narrowed(n.X, false)
	}
	y := d.condition(n.Y)
	if isPoison(y) {
		return poison
	}
	if f, ok := y.(*Flag); ok {
		if f.On == (n.Op == "or") {
			return f
		}
		return x
	}
	a, b := x.(*Ten), y.(*Ten)
	dims, ok := c.meetDims(n.Span(), n.X.Span(), n.Y.Span(), a.T.Dims, b.T.Dims, a, b)
	if !ok {
		return poison
	}
	return c.ten(c.fn.b.One(string(n.Op), nil, c.spread(c.use(a), dims), c.spread(c.use(b), dims)))
}

// condition is an expression that must be a bool: a *Flag or *Ten.
func (c *cx) condition(x syntax.Expr) Value {
	return c.asBool(c.expr(x, check.Tensor{Kind: ir.Bool}), x.Span())
}

func (c *cx) asBool(v Value, at source.Span) Value {
	switch v := v.(type) {
	case *Poison, *Flag:
		return v
	case *Ten:
		if v.T.Kind == ir.Bool {
			return v
		}
	case *Opt:
		c.errf("E0330", at, "this value may be missing (%s), and a condition is needed", c.typeOf(v)).hint("`present(x)` asks whether it is there")
		return poison
	}
	c.errf("E0349", at, "a condition is a bool, and this is %s", c.describe(v)).hint("compare it: `x != 0`")
	return poison
}

// not is `not x`.
func (c *cx) not(n *syntax.Unary) Value {
	switch v := c.condition(n.X).(type) {
	case *Flag:
		return &Flag{!v.On}
	case *Ten:
		return c.ten(c.fn.b.One("not", nil, c.use(v)))
	}
	return poison
}
