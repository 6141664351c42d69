package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// opRow maps arithmetic operators to rows.
var opRow = map[syntax.Op]string{"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}

// cmpPred maps comparisons to their names in the IR.
var cmpPred = map[syntax.Op]string{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

// operand is a value with its place.
type operand struct {
	v  Value
	at source.Span
}

// spread repeats a scalar over dims.
func (c *cx) spread(v *ir.Value, dims []ir.Dim) *ir.Value {
	if v.Type.Rank() == 0 && len(dims) > 0 {
		return c.fn.b.Broadcast(v, dims)
	}
	return v
}

// convert changes the kind of a value.
func (c *cx) convert(v *ir.Value, t ir.Type) *ir.Value {
	if v.Type.Kind == t.Kind && (t.Kind != ir.Index || v.Type.Bound == t.Bound) {
		return v
	}
	return c.fn.b.One("convert", ir.ConvertAttrs{K: t.Kind, Bound: t.Bound}, v)
}

// meetDims is the dimensions of two operands: the same, or one is a scalar.
func (c *cx) meetDims(at, ax, ay source.Span, x, y []ir.Dim, vx, vy Value) ([]ir.Dim, bool) {
	switch {
	case len(x) == 0:
		return y, true
	case len(y) == 0 || ir.EqualDims(x, y):
		return x, true
	}
	if len(x) != len(y) {
		c.errf("E0412", at, "these have different numbers of dimensions: %s and %s", c.describe(vx), c.describe(vy)).
			note(ax, "%s", c.describe(vx)).note(ay, "%s", c.describe(vy)).
			hint("nothing is repeated unsaid; write a comprehension, or `outer(a, b)`")
		return nil, false
	}
	for i := range x {
		if x[i] != y[i] {
			r := c.errf("E0413", at, "these have different dimensions: `%s` and `%s`", check.DimText(x[i]), check.DimText(y[i])).
				note(ax, "this is %s", c.describe(vx)).note(ay, "this is %s", c.describe(vy))
			c.hintDims(r, x[i], y[i])
			return nil, false
		}
	}
	return x, true
}

// arith computes x op y.
func (c *cx) arith(op syntax.Op, x, y operand, at source.Span) Value {
	if isPoison(x.v, y.v) {
		return poison
	}
	if xn, ok := x.v.(*Num); ok && xn.untyped() {
		if yn, ok := y.v.(*Num); ok && yn.untyped() {
			return c.numOp(opRow[op], xn, yn, at)
		}
	}
	if v, done := c.vectorOp(op, x, y, at); done {
		return v
	}
	if !c.isNumber(op, x) || !c.isNumber(op, y) {
		return poison
	}
	if op == "^" {
		return c.power(x, y, at)
	}
	a, b, dims, ok := c.meet(string(op), x, y, at)
	if !ok {
		return poison
	}
	if op == "/" && a.Type.Kind.IsInt() {
		c.errf("E0331", at, "integers are not divided with `/`").hint("`div(a, b)` rounds down; for a fraction convert first: `%s(a) / %s(b)`", c.defaultKind(), c.defaultKind())
		return poison
	}
	return c.ten(c.fn.b.One(opRow[op], nil, c.spread(a, dims), c.spread(b, dims)))
}

// meet brings two numbers to one kind and finds their common dimensions.
func (c *cx) meet(op string, x, y operand, at source.Span) (a, b *ir.Value, dims []ir.Dim, ok bool) {
	k, ok := c.meetKind(op, x, y, at)
	if !ok {
		return nil, nil, nil, false
	}
	tx, ty := c.number(x, k), c.number(y, k)
	if tx == nil || ty == nil {
		return nil, nil, nil, false
	}
	dims, ok = c.meetDims(at, x.at, y.at, tx.T.Dims, ty.T.Dims, x.v, y.v)
	if !ok {
		return nil, nil, nil, false
	}
	return c.use(tx), c.use(ty), dims, true
}

// kindIn is the kind that a value has in arithmetic: that of an index is i64.
func kindIn(v Value) ir.Kind {
	switch v := v.(type) {
	case *Ten:
		if v.T.Kind == ir.Index {
			return ir.I64
		}
		return v.T.Kind
	case *Num:
		return v.Kind
	case *Row:
		return ir.I64
	case *Flag:
		return ir.Bool
	}
	return ir.NoKind
}

func (c *cx) meetKind(op string, x, y operand, at source.Span) (ir.Kind, bool) {
	a, b := kindIn(x.v), kindIn(y.v)
	switch {
	case a == b && a != ir.NoKind:
		return a, true
	case a == ir.NoKind && b == ir.NoKind:
		return c.defaultKind(), true
	case a == ir.NoKind:
		return b, true
	case b == ir.NoKind:
		return a, true
	}
	r := c.errf("E0332", at, "`%s` between %s and %s", op, a, b).note(x.at, "this is %s", c.describe(x.v)).note(y.at, "this is %s", c.describe(y.v))
	wide := a
	if b == ir.F64 || a.IsInt() && b.IsFloat() {
		wide = b
	}
	r.hint("precision changes only where it is said: `%s(…)`", wide)
	return ir.NoKind, false
}

// number is an operand as a tensor of kind k.
func (c *cx) number(x operand, k ir.Kind) *Ten {
	if n, ok := x.v.(*Num); ok {
		return c.tensor(n, k, x.at)
	}
	t := c.tensor(x.v, k, x.at)
	if t == nil {
		return nil
	}
	if t.T.Kind == ir.Index {
		return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, c.use(t)))
	}
	return t
}

// isNumber reports an operand that arithmetic is not defined on.
func (c *cx) isNumber(op syntax.Op, x operand) bool {
	switch v := x.v.(type) {
	case *Num:
		return true
	case *Ten:
		switch {
		case v.Of != nil && v.Of.Category:
			c.errf("E0333", x.at, "a member of %s is no number, so `%s` has no meaning", v.Of.Name, op).hint("as a number it is `i64(x)`; as a vector `one_hot(x)`")
			return false
		case v.T.Kind.IsFloat() || v.T.Kind.IsInt() || v.T.Kind == ir.Index:
			return true
		case v.T.Kind == ir.Bool:
			c.errf("E0334", x.at, "a bool is no number, so `%s` has no meaning", op).hint("say what it counts as: `if x then 1 else 0`, or `%s(x)`", c.defaultKind())
			return false
		}
		c.errf("E0335", x.at, "%s is stored, not computed with", v.T.Kind).hint("convert it first: `%s(x)`", c.defaultKind())
		return false
	case *Row:
		c.errf("E0336", x.at, "a row of %s is no number, so `%s` has no meaning", v.T.Name, op).hint("its number is `i64(x)`")
		return false
	case *Flag:
		c.errf("E0334", x.at, "a bool is no number, so `%s` has no meaning", op).hint("say what it counts as: `if x then 1 else 0`")
		return false
	case *Arr:
		if c.lacksEach(v, "`"+string(op)+"`", x.at) {
			return false
		}
	case *Opt:
		c.errf("E0330", x.at, "this value may be missing (%s), so `%s` has no meaning yet", c.typeOf(v), op).
			hint("say what stands in for it: `x ?? 0`, or ask first: `if present(x) then … else …`")
		return false
	case *Tab:
		c.errf("E0409", x.at, "%s is no number", c.describe(v)).hint("its number of rows is `count(%s)`", v.T.Name)
		return false
	case Fun:
		c.errf("E0337", x.at, "`%s` of a function; is a call missing?", op)
		return false
	}
	c.errf("E0338", x.at, "`%s` has no meaning for %s", op, c.describe(x.v))
	return false
}

// vectorOp is arithmetic on records whose leaves are numbers.
func (c *cx) vectorOp(op syntax.Op, x, y operand, at source.Span) (Value, bool) {
	px, okx := parts(x.v)
	py, oky := parts(y.v)
	if !okx && !oky {
		return nil, false
	}
	switch {
	case okx && oky && (op == "+" || op == "-"):
		if len(px) != len(py) || !sameNames(x.v, y.v) {
			c.errf("E0339", at, "`%s` of records with different fields: %s and %s", op, c.typeOf(x.v), c.typeOf(y.v))
			return poison, true
		}
		out := make([]Value, len(px))
		for i := range px {
			out[i] = c.arith(op, operand{px[i], x.at}, operand{py[i], y.at}, at)
		}
		return withParts(x.v, out), true
	case oky && !okx && op == "*":
		out := make([]Value, len(py))
		for i := range py {
			out[i] = c.arith(op, x, operand{py[i], y.at}, at)
		}
		return withParts(y.v, out), true
	case okx && !oky && (op == "*" || op == "/"):
		out := make([]Value, len(px))
		for i := range px {
			out[i] = c.arith(op, operand{px[i], x.at}, y, at)
		}
		return withParts(x.v, out), true
	}
	c.errf("E0340", at, "`%s` has no meaning for records", op).hint("records add, subtract, and multiply or divide by a number")
	return poison, true
}

func parts(v Value) ([]Value, bool) {
	switch v := v.(type) {
	case *Rec:
		return v.Vals, true
	case *Tup:
		return v.Vals, true
	}
	return nil, false
}

func sameNames(a, b Value) bool {
	x, ok1 := a.(*Rec)
	y, ok2 := b.(*Rec)
	if !ok1 || !ok2 {
		return ok1 == ok2
	}
	for i := range x.Names {
		if x.Names[i] != y.Names[i] {
			return false
		}
	}
	return true
}

func withParts(v Value, vs []Value) Value {
	if r, ok := v.(*Rec); ok {
		return &Rec{r.Names, vs}
	}
	return &Tup{vs}
}

// power is x ^ y; a whole constant exponent never goes through a logarithm.
func (c *cx) power(x, y operand, at source.Span) Value {
	if n, ok := y.v.(*Num); ok && n.scalar() {
		if i, ok := n.int(); ok && i >= -64 && i <= 64 {
			return c.powi(x, i, at)
		}
	}
	if k := kindIn(y.v); k.IsInt() && !kindIn(x.v).IsInt() {
		if kindIn(x.v) == ir.NoKind {
			x.v = c.tensor(x.v, ir.NoKind, x.at)
		}
		t := c.number(y, k)
		y.v = c.ten(c.convert(c.use(t), ir.ScalarOf(kindIn(x.v))))
	}
	a, b, dims, ok := c.meet("^", x, y, at)
	if !ok {
		return poison
	}
	if a.Type.Kind.IsInt() {
		c.errf("E0341", at, "an integer to a power that is not a constant").hint("convert first: `%s(a) ^ b`", c.defaultKind())
		return poison
	}
	return c.ten(c.fn.b.One("pow", nil, c.spread(a, dims), c.spread(b, dims)))
}

func (c *cx) powi(x operand, n int64, at source.Span) Value {
	k := kindIn(x.v)
	t := c.number(x, k)
	if t == nil {
		return poison
	}
	if t.T.Kind.IsInt() {
		if n < 0 {
			c.errf("E0342", at, "an integer to a negative power is no integer").hint("convert first: `%s(a) ^ %d`", c.defaultKind(), n)
			return poison
		}
		one := c.spread(c.fn.b.Int(ir.ScalarOf(t.T.Kind), 1), t.T.Dims)
		v := c.use(t)
		for i := int64(0); i < n; i++ {
			one = c.fn.b.Mul(one, v)
		}
		return c.ten(one)
	}
	v := c.use(t)
	switch n {
	case 1:
		return t
	case 2:
		return c.ten(c.fn.b.Mul(v, v))
	}
	return c.ten(c.fn.b.One("powi", ir.NAttrs{N: n}, v))
}

// negate is -x.
func (c *cx) negate(x operand, at source.Span) Value {
	switch v := x.v.(type) {
	case *Poison:
		return poison
	case *Num:
		if v.untyped() {
			return c.numOp("sub", intNum(0), v, at)
		}
	case *Rec, *Tup:
		ps, _ := parts(v)
		out := make([]Value, len(ps))
		for i := range ps {
			out[i] = c.negate(operand{ps[i], x.at}, at)
		}
		return withParts(v, out)
	}
	if !c.isNumber("-", x) {
		return poison
	}
	t := c.number(x, kindIn(x.v))
	if t == nil {
		return poison
	}
	return c.ten(c.fn.b.Neg(c.use(t)))
}

// product is x @ y: sums over the last dimension of x and the first of y.
func (c *cx) product(x, y operand, at source.Span) Value {
	if isPoison(x.v, y.v) {
		return poison
	}
	if !c.isNumber("@", x) || !c.isNumber("@", y) {
		return poison
	}
	k, ok := c.meetKind("@", x, y, at)
	if !ok {
		return poison
	}
	a, b := c.number(x, k), c.number(y, k)
	if a == nil || b == nil {
		return poison
	}
	specs := map[[2]int]string{{1, 1}: "i,i->", {1, 2}: "i,io->o", {2, 1}: "ij,j->i", {2, 2}: "ij,jk->ik"}
	spec, ok := specs[[2]int{a.T.Rank(), b.T.Rank()}]
	if !ok {
		c.errf("E0414", at, "`@` is between vectors and matrices, not %s and %s", c.describe(a), c.describe(b)).
			hint("write the sum: `[sum(a[i, k] * b[k, j] for k in n) …]`")
		return poison
	}
	if !a.T.IsFloat() {
		c.errf("E0343", at, "`@` is between numbers with fractions, not %s", a.T.Kind).hint("convert first: `%s(a)`", c.defaultKind())
		return poison
	}
	da, db := a.T.Dims[a.T.Rank()-1], b.T.Dims[0]
	if da != db {
		r := c.errf("E0415", at, "`@` sums over `%s` on the left and `%s` on the right, which must be the same", check.DimText(da), check.DimText(db)).
			note(x.at, "this is %s", c.describe(x.v)).note(y.at, "this is %s", c.describe(y.v))
		c.hintDims(r, da, db)
		return poison
	}
	return c.ten(c.fn.b.Einsum(spec, c.use(a), c.use(b)))
}
