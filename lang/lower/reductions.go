package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
)

// reductions are the functions that bring a tensor to fewer numbers, and their
// kin.
func reductions() {
	for _, f := range []struct{ name, doc string }{
		{"sum", "The sum of all elements; `sum(e for x in xs)` adds over x."},
		{"mean", "The mean of all elements."}, {"any", "Whether any element holds."}, {"all", "Whether all elements hold."},
		{"std", "The standard deviation of all elements, dividing by n (`sample: true`: by n - 1)."},
		{"var", "The variance of all elements, dividing by n (`sample: true`: by n - 1)."},
		{"logsumexp", "log(sum(exp(x))), stable; -inf where all elements are."},
		{"softmax", "exp(x) / sum(exp(x)) of a vector, stable."},
	} {
		f := f
		intrinsic(f.name, f.name+"(x)", f.doc, func(c *cx, call *callArgs, want check.Type) Value {
			return c.wholeCall(f.name, call)
		})
	}
	for _, name := range []string{"median", "quantile"} {
		name := name
		intrinsic(name, name+"(e for r in T)", "The "+name+" of the rows of a table, linear between them.", func(c *cx, call *callArgs, want check.Type) Value {
			c.errf("E0379", call.at, "`%s` runs over the rows of a table: `%s(r.x for r in T)`", name, name)
			return poison
		})
	}
	for _, name := range []string{"max", "min"} {
		name := name
		doc := map[string]string{"max": "The greatest", "min": "The least"}[name]
		intrinsic(name, name+"(a, b)", doc+" of numbers, element by element, or of all elements of one tensor; ties share the derivative.", func(c *cx, call *callArgs, want check.Type) Value {
			return c.maxMin(name, call)
		})
	}
	intrinsic("count", "count(T)", "How many rows a table or members a category has; `count(… for … if …)` counts what holds.", countCall)
	intrinsic("argmax", "argmax(x: real[n]) -> index[n]", "The place of the greatest element, the first of several.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("argmax", call, 1, 1)
		if !ok {
			return poison
		}
		t := c.vector("argmax", args[0])
		if t == nil {
			return poison
		}
		return c.ten(c.fn.b.One("argmax", ir.AxisAttrs{}, c.use(t)))
	})
	intrinsic("dot", "dot(a: real[n], b: real[n]) -> real", "The sum of the products; of records, over all their numbers.", dotCall)
	intrinsic("norm", "norm(x) -> real", "The square root of the sum of the squares; its derivative at 0 is 0.", normCall)
}

// wholeCall is an aggregate of all elements of a tensor or record.
func (c *cx) wholeCall(name string, call *callArgs) Value {
	op := ir.Agg{Op: name}
	for _, n := range call.named {
		v, ok := n.val(c, nil).(*Flag)
		if n.name != "sample" || !ok || name != "std" && name != "var" {
			c.errf("E0382", n.at, "`%s` has no argument `%s`", name, n.name)
			return poison
		}
		op.Sample = v.On
	}
	bare := *call
	bare.named = nil
	args, ok := c.fixed(name, &bare, 1, 1)
	if !ok {
		return poison
	}
	x := args[0]
	if ps, ok := parts(x.v); ok {
		return c.wholeRecord(op, ps, x.at)
	}
	if tab, ok := x.v.(*Tab); ok {
		c.errf("E0397", x.at, "`%s` of the table %s: of which of its columns?", name, tab.T.Name).hint("`%s(r.x for r in %s)`", name, tab.T.Name)
		return poison
	}
	v := c.aggElem(name, x.v, x.at)
	if isPoison(v) {
		return poison
	}
	t := c.tensor(v, ir.NoKind, x.at)
	if t == nil {
		return poison
	}
	return c.whole(op, t, x.at)
}

func (c *cx) whole(op ir.Agg, t *Ten, at source.Span) Value {
	v := c.use(t)
	rank := v.Type.Rank()
	if rank == 0 {
		if op.Op == "sum" || op.Op == "mean" || op.Op == "any" || op.Op == "all" {
			return t
		}
		c.errf("E0398", at, "`%s` of one number", op.Op).hint("it is of a vector or tensor, or `%s(e for x in xs)`", op.Op)
		return poison
	}
	if op.Op == "softmax" && rank > 1 {
		c.errf("E0399", at, "`softmax` is of a vector, and this is %s", c.describe(t)).hint("of each row: `[softmax(r) for r in x]`")
		return poison
	}
	r := reducer{c: c, op: op, dims: v.Type.Dims}
	for i := range rank {
		r.axes = append(r.axes, i)
	}
	return c.ten(r.reduce(v))
}

// wholeRecord goes over all numbers of a record.
func (c *cx) wholeRecord(op ir.Agg, ps []Value, at source.Span) Value {
	v := c.force(&Tup{ps}, at)
	if hasPoison(v) {
		return poison
	}
	total := c.flatten(v, at)
	if total == nil {
		return poison
	}
	return c.whole(op, total, at)
}

// flatten puts all numbers of a value into one vector.
func (c *cx) flatten(v Value, at source.Span) *Ten {
	var rows []*ir.Value
	for _, t := range leaves(v) {
		x := c.use(t)
		if !x.Type.IsFloat() {
			c.errf("E0386", at, "a vector of numbers is needed, and this record holds %s", c.describe(t))
			return nil
		}
		if len(rows) > 0 && rows[0].Type.Kind != x.Type.Kind {
			c.errf("E0332", at, "the numbers of this record are %s and %s", rows[0].Type.Kind, x.Type.Kind)
			return nil
		}
		rows = append(rows, c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: []ir.Dim{numel(x.Type.Dims)}}, x))
	}
	switch len(rows) {
	case 0:
		c.errf("E0386", at, "this holds no numbers")
		return nil
	case 1:
		return c.ten(rows[0])
	}
	return c.ten(c.fn.b.One("concat", ir.AxisAttrs{}, rows...))
}

// maxMin is `max(A)` of a tensor or `max(a, b, …)` element by element.
func (c *cx) maxMin(name string, call *callArgs) Value {
	if len(call.args) == 1 {
		return c.wholeCall(name, call)
	}
	args, ok := c.fixed(name, call, 2, -1)
	if !ok {
		return poison
	}
	out := args[0]
	for _, x := range args[1:] {
		out = operand{c.maxMin2(name, out, x, call.at), call.at}
		if isPoison(out.v) {
			return poison
		}
	}
	return out.v
}

func (c *cx) maxMin2(name string, x, y operand, at source.Span) Value {
	a, ok1 := x.v.(*Num)
	b, ok2 := y.v.(*Num)
	if ok1 && ok2 && a.exact() && b.exact() && a.untyped() && b.untyped() {
		if (a.big().Cmp(b.big()) > 0) == (name == "max") {
			return a
		}
		return b
	}
	if name == "max" {
		return c.binaryRow("max", []operand{x, y}, at, false)
	}
	nx, ny := c.negate(x, at), c.negate(y, at)
	if isPoison(nx, ny) {
		return poison
	}
	return c.negate(operand{c.binaryRow("max", []operand{{nx, x.at}, {ny, y.at}}, at, false), at}, at)
}

func countCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("count", call, 1, 1)
	if !ok {
		return poison
	}
	switch v := args[0].v.(type) {
	case *Tab:
		return dimNum(v.T.Dim)
	case *Ten:
		if v.T.Rank() == 1 {
			return dimNum(v.T.Dims[0])
		}
	case *Num:
		if len(v.Dims) == 1 {
			return dimNum(v.Dims[0])
		}
	case *Arr:
		return dimNum(v.N)
	}
	c.errf("E0400", args[0].at, "`count` is of a table, a category or a list, and this is %s", c.describe(args[0].v)).hint("`count(x for x in xs if …)` counts what holds")
	return poison
}

// vector is a float or integer vector, nil with an error otherwise.
func (c *cx) vector(name string, x operand) *Ten {
	if !c.isNumberFor(name, x) {
		return nil
	}
	t := c.tensor(x.v, ir.NoKind, x.at)
	if t == nil || t.T.Rank() != 1 {
		r := c.errf("E0399", x.at, "`%s` is of a vector, and this is %s", name, c.describe(x.v))
		if t != nil && t.T.Rank() > 1 {
			r.hint("of each row: `[%s(r) for r in x]`", name)
		}
		return nil
	}
	return t
}

func dotCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("dot", call, 2, 2)
	if !ok {
		return poison
	}
	_, rx := parts(args[0].v)
	_, ry := parts(args[1].v)
	if rx && ry {
		v, w := c.force(args[0].v, args[0].at), c.force(args[1].v, args[1].at)
		if hasPoison(v) || hasPoison(w) {
			return poison
		}
		if c.typeOf(v).String() != c.typeOf(w).String() {
			c.errf("E0339", call.at, "`dot` of records of different types: %s and %s", c.typeOf(v), c.typeOf(w))
			return poison
		}
		a, b := c.flatten(v, args[0].at), c.flatten(w, args[1].at)
		if a == nil || b == nil {
			return poison
		}
		return c.ten(c.fn.b.Einsum("i,i->", c.use(a), c.use(b)))
	}
	k, ok := c.meetKind("dot", args[0], args[1], call.at)
	if !ok {
		return poison
	}
	for i := range args {
		if n, isNum := args[i].v.(*Num); isNum {
			t := c.tensor(n, k, args[i].at)
			if t == nil {
				return poison
			}
			args[i].v = t
		}
	}
	a, b := c.vector("dot", args[0]), c.vector("dot", args[1])
	if a == nil || b == nil {
		return poison
	}
	return c.product(operand{a, args[0].at}, operand{b, args[1].at}, call.at)
}

func normCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("norm", call, 1, 1)
	if !ok {
		return poison
	}
	v := c.force(args[0].v, args[0].at)
	if hasPoison(v) {
		return poison
	}
	x := c.flatten(v, args[0].at)
	if x == nil {
		return poison
	}
	b := c.fn.b
	s := c.ten(b.Einsum("i,i->", c.use(x), c.use(x)))
	pos := c.ten(b.Cmp("gt", s.V, b.Float(s.T, 0)))
	nan := c.ten(b.Cmp("ne", s.V, s.V))
	return c.either(c.ten(b.One("or", nil, pos.V, nan.V)), call.at, nil,
		func(d *cx) (Value, source.Span) { return d.ten(d.fn.b.One("sqrt", nil, s.V)), call.at },
		func(d *cx) (Value, source.Span) { return intNum(0), call.at })
}
