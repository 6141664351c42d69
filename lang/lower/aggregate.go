package lower

import (
	"math"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// aggregate is `sum(e for x in xs if c)` and its kin.
func (c *cx) aggregate(x *syntax.Aggregate, want check.Type) Value {
	if v, ok := c.lookup(x.Fun.Name); ok {
		if _, native := v.(*Intr); !native {
			c.errf("E0378", x.Fun.Span(), "`%s` is declared in this program and hides the aggregate", x.Fun.Name).hint("call it with a list: `%s([…])`", x.Fun.Name)
			return poison
		}
	}
	op, ok := c.aggOptions(x)
	if !ok {
		return poison
	}
	if v, done := c.aggTable(x, op); done {
		return v
	}
	if v, done := c.aggSteps(x, want); done {
		return v
	}
	if op.Op == "median" || op.Op == "quantile" {
		c.errf("E0379", x.Span(), "`%s` runs over the rows of a table", op.Op).hint("over lists it is not part of this version")
		return poison
	}
	return c.aggList(x, op, want)
}

// aggOptions reads the named arguments: `sample: true`, `p: 0.9`.
func (c *cx) aggOptions(x *syntax.Aggregate) (ir.Agg, bool) {
	op := ir.Agg{Op: x.Fun.Name}
	hasP := false
	for _, n := range x.Named {
		v := c.expr(n.Value, nil)
		switch {
		case isPoison(v):
			return op, false
		case n.Name.Name == "sample" && (op.Op == "std" || op.Op == "var"):
			f, ok := v.(*Flag)
			if !ok {
				c.errf("E0380", n.Value.Span(), "`sample` is `true` or `false`")
				return op, false
			}
			op.Sample = f.On
		case n.Name.Name == "p" && op.Op == "quantile":
			num, ok := v.(*Num)
			if !ok || num.Rat == nil || num.Rat.Sign() < 0 || num.float(ir.F64) > 1 {
				c.errf("E0381", n.Value.Span(), "`p` is a constant between 0 and 1")
				return op, false
			}
			op.P, hasP = num.float(ir.F64), true
		default:
			c.errf("E0382", n.Name.Span(), "`%s` has no argument `%s`", op.Op, n.Name.Name).
				hint("`std` and `var` take `sample`, `quantile` takes `p`")
			return op, false
		}
	}
	if op.Op == "quantile" && !hasP {
		c.errf("E0383", x.Span(), "which quantile?").hint("`quantile(x for x in xs, p: 0.9)`")
		return op, false
	}
	return op, true
}

// masked is an element of an aggregate, or its neutral value where a condition
// does not hold. The element is evaluated in the branch, so that what is
// skipped contributes nothing, in value and in gradient.
func (d *cx) masked(conds []syntax.Expr, elem func(d *cx) Value, neutral func(d *cx, like Value) Value) (Value, *Ten) {
	if len(conds) == 0 {
		return elem(d), nil
	}
	var all Value = &Flag{true}
	for i, e := range conds {
		var next Value
		switch a := all.(type) {
		case *Flag:
			if !a.On {
				next = a
			} else {
				next = d.condition(e)
			}
		case *Ten:
			v := d.condition(e)
			switch v := v.(type) {
			case *Flag:
				next = a
				if !v.On {
					next = v
				}
			case *Ten:
				next = d.ten(d.fn.b.One("and", nil, d.use(a), d.use(v)))
			default:
				return poison, nil
			}
		}
		if isPoison(next) {
			return poison, nil
		}
		all = next
		d = d.narrowed(conds[i], true)
	}
	switch p := all.(type) {
	case *Flag:
		v := elem(d)
		if !p.On {
			v = neutral(d, d.force(v, d.fn.span()))
		}
		return v, d.tensor(p, ir.Bool, d.fn.span())
	case *Ten:
		if p.T.Rank() > 0 {
			d.errf("E0350", conds[0].Span(), "a condition is one bool, and this is %s", d.describe(p))
			return poison, nil
		}
		var like Value
		v := d.either(p, d.fn.span(), nil,
			func(e *cx) (Value, source.Span) {
				like = e.force(elem(e), e.fn.span())
				return like, e.fn.span()
			},
			func(e *cx) (Value, source.Span) {
				if hasPoison(like) {
					return poison, e.fn.span()
				}
				return neutral(e, like), e.fn.span()
			})
		return v, p
	}
	return poison, nil
}

// filled is a neutral value like v in all leaves.
func (c *cx) filled(like Value, x float64) Value {
	return mapLeaves(like, func(t *Ten) Value {
		switch {
		case t.T.IsFloat():
			return c.ten(c.fn.b.Float(t.T, x))
		case t.T.Kind.IsInt():
			n := int64(0)
			if x != 0 {
				lo, hi, _ := intRange(t.T.Kind)
				n = lo
				if x > 0 {
					n = hi
				}
			}
			return c.ten(c.fn.b.Int(t.T, n))
		case t.T.Kind == ir.Bool:
			n := int64(0)
			if x == 1 {
				n = 1
			}
			return c.ten(c.fn.b.Int(t.T, n))
		}
		return c.ten(c.fn.b.Int(t.T, 0))
	})
}

var neutralOf = map[string]float64{"max": math.Inf(-1), "softmax": math.Inf(-1), "logsumexp": math.Inf(-1), "min": math.Inf(1), "all": 1}

// aggList is an aggregate over lists, sizes and resident tables.
func (c *cx) aggList(x *syntax.Aggregate, op ir.Agg, want check.Type) Value {
	var shape Value
	var constant *Num
	counted := false
	vs, dims, ok := c.nest(x.Clauses, nil, func(d *cx, conds []syntax.Expr) []*ir.Value {
		counted = len(conds) > 0
		if op.Op == "count" && len(conds) == 0 {
			d.expr(x.Elem, nil)
			shape = poison
			return []*ir.Value{}
		}
		v, mask := d.masked(conds, func(e *cx) Value {
			v := e.expr(x.Elem, d.aggWant(op.Op, want))
			if n, isNum := v.(*Num); isNum && len(conds) == 0 && n.untyped() && n.fn == nil && op.Op != "softmax" {
				constant = n
			}
			return e.aggElem(op.Op, v, x.Elem.Span())
		}, func(e *cx, like Value) Value { return e.filled(like, neutralOf[op.Op]) })
		if hasPoison(v) {
			return nil
		}
		v = d.force(v, x.Elem.Span())
		shape = v
		out := d.values(v)
		if mask != nil {
			out = append(out, d.use(mask))
		}
		return out
	})
	if !ok {
		return poison
	}
	if constant != nil {
		if v, done := c.aggConstant(op.Op, constant, dims); done {
			return v
		}
	}
	if op.Op == "count" && !counted {
		return c.sizeValue(dims)
	}
	var mask *ir.Value
	if counted {
		mask = vs[len(vs)-1]
		vs = vs[:len(vs)-1]
	}
	return c.reduceLeaves(op, shape, vs, mask, dims, x.Span())
}

// aggWant is the type that elements should have.
func (c *cx) aggWant(op string, want check.Type) check.Type {
	switch op {
	case "any", "all":
		return check.Tensor{Kind: ir.Bool}
	case "sum", "mean", "max", "min", "std", "var":
		return want
	}
	return nil
}

// aggElem checks that an aggregate has a meaning for its elements.
func (c *cx) aggElem(op string, v Value, at source.Span) Value {
	if isPoison(v) {
		return v
	}
	if o, ok := v.(*Opt); ok {
		c.errf("E0330", at, "this value may be missing (%s), and `%s` needs it", c.typeOf(o), op).
			hint("leave the missing ones out: `%s(x for … if present(x))`, or say what stands in: `x ?? 0`", op)
		return poison
	}
	if op != "count" && c.lacksEach(v, "`"+op+"`", at) {
		return poison
	}
	switch op {
	case "count":
		return v
	case "any", "all":
		return c.asBool(v, at)
	}
	if ps, ok := parts(v); ok {
		for _, p := range ps {
			if isPoison(c.aggElem(op, p, at)) {
				return poison
			}
		}
		return v
	}
	switch t := v.(type) {
	case *Num:
		return v
	case *Ten:
		if op == "sum" || op == "max" || op == "min" {
			if t.T.Kind == ir.Index && t.Of == nil {
				return c.number(operand{t, at}, ir.I64)
			}
			if t.T.Kind.IsInt() {
				return v
			}
		}
		if t.T.IsFloat() {
			return v
		}
	}
	if t, ok := v.(*Ten); ok && (t.T.Kind.IsInt() || t.T.Kind == ir.Index && t.Of == nil) {
		c.errf("E0384", at, "`%s` of integers is no integer", op).hint("convert first: `%s(x)`", c.defaultKind())
		return poison
	}
	if kindIn(v) == ir.Bool {
		c.errf("E0385", at, "`%s` of bools", op).hint("how many hold is `count(… if …)`, whether any holds is `any(…)`; as a number a bool is `%s(x)`", c.defaultKind())
		return poison
	}
	c.errf("E0386", at, "`%s` has no meaning for %s", op, c.describe(v))
	return poison
}

// sizeValue is the product of dimensions as an i64.
func (c *cx) sizeValue(dims []ir.Dim) Value {
	n := ir.N(1)
	for _, d := range dims {
		n = n.Mul(d)
	}
	return c.ten(c.fn.b.One("size", ir.SizeAttrs{N: n, K: ir.I64}))
}

// aggConstant is an aggregate of a constant element over loops without `if`.
func (c *cx) aggConstant(op string, n *Num, dims []ir.Dim) (Value, bool) {
	switch op {
	case "mean", "max", "min":
		return n, true
	case "sum":
		total := ir.N(1)
		for _, d := range dims {
			total = total.Mul(d)
		}
		return c.numOp("mul", n, dimNum(total), c.fn.span()), true
	}
	return nil, false
}

// reduceLeaves reduces the leading axes of every leaf. mask, where not nil,
// says which elements count.
func (c *cx) reduceLeaves(op ir.Agg, shape Value, vs []*ir.Value, mask *ir.Value, dims []ir.Dim, at source.Span) Value {
	axes := make([]int, len(dims))
	for i := range axes {
		axes[i] = i
	}
	if op.Op == "count" {
		ones := c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, mask)
		return c.ten(c.fn.b.Sum(ones, axes...))
	}
	if op.Op == "softmax" && len(dims) > 1 {
		c.errf("E0387", at, "`softmax` goes over one `for`")
		return poison
	}
	r := reducer{c: c, op: op, axes: axes, dims: dims, mask: mask}
	var out []*ir.Value
	for _, v := range vs {
		out = append(out, r.reduce(v))
	}
	return c.rebuild(shape, out)
}

// reducer holds what the reductions of one aggregate share.
type reducer struct {
	c    *cx
	op   ir.Agg
	axes []int
	dims []ir.Dim
	mask *ir.Value
}

// count is the number of elements that count, in the kind of the elements.
func (r *reducer) count(k ir.Kind) *ir.Value {
	b := r.c.fn.b
	if r.mask != nil {
		return b.Sum(b.One("convert", ir.ConvertAttrs{K: k}, r.mask), r.axes...)
	}
	n := ir.N(1)
	for _, d := range r.dims {
		n = n.Mul(d)
	}
	return dimNum(n).make(r.c, k)
}

func (r *reducer) reduce(v *ir.Value) *ir.Value {
	c, b := r.c, r.c.fn.b
	switch r.op.Op {
	case "sum":
		return b.Sum(v, r.axes...)
	case "mean":
		return r.mean(v)
	case "max":
		r.some(v)
		return c.maxOver(v, r.axes)
	case "min":
		r.some(v)
		return b.Neg(c.maxOver(b.Neg(v), r.axes))
	case "any":
		return b.One("reduce_max", ir.AxesAttrs{Axes: r.axes}, v)
	case "all":
		return b.One("not", nil, b.One("reduce_max", ir.AxesAttrs{Axes: r.axes}, b.One("not", nil, v)))
	case "var":
		return r.variance(v)
	case "std":
		return b.One("sqrt", nil, r.variance(v))
	case "softmax":
		return c.softmax(v, r.axes)
	case "logsumexp":
		return c.logsumexp(v, r.axes)
	}
	return v
}

// some asserts that an element counts: of no integers there is no greatest.
func (r *reducer) some(v *ir.Value) {
	if r.mask == nil || v.Type.Kind.IsFloat() {
		return
	}
	b := r.c.fn.b
	found := b.One("reduce_max", ir.AxesAttrs{Axes: r.axes}, r.mask)
	b.Op("assert", ir.AssertAttrs{Message: "the " + r.op.Op + " of no elements has no value: the condition holds for none"}, found)
}

func (r *reducer) mean(v *ir.Value) *ir.Value {
	b := r.c.fn.b
	s := b.Sum(v, r.axes...)
	return b.Div(s, r.c.spread(r.count(v.Type.Kind), s.Type.Dims))
}

// variance is the mean of the squares of the deviations.
func (r *reducer) variance(v *ir.Value) *ir.Value {
	c, b := r.c, r.c.fn.b
	m := r.mean(v)
	d := b.Sub(v, b.Spread(m, r.dims...))
	sq := b.Mul(d, d)
	if r.mask != nil {
		zero := b.Zeros(sq.Type)
		sq = b.Select(c.leadTo(r.mask, sq.Type.Dims), sq, zero)
	}
	s := b.Sum(sq, r.axes...)
	n := r.count(v.Type.Kind)
	if r.op.Sample {
		n = b.Sub(n, b.Float(n.Type, 1))
	}
	return b.Div(s, c.spread(n, s.Type.Dims))
}

// leadTo repeats a value with leading dimensions over all of dims.
func (c *cx) leadTo(v *ir.Value, dims []ir.Dim) *ir.Value {
	axes := make([]int, v.Type.Rank())
	for i := range axes {
		axes[i] = i
	}
	return c.fn.b.Broadcast(v, dims, axes...)
}

// back repeats a reduced value over the axes that were removed.
func (c *cx) back(v *ir.Value, dims []ir.Dim, axes []int) *ir.Value {
	var keep []int
	gone := map[int]bool{}
	for _, a := range axes {
		gone[a] = true
	}
	for i := range dims {
		if !gone[i] {
			keep = append(keep, i)
		}
	}
	return c.fn.b.Broadcast(v, dims, keep...)
}

func (c *cx) maxOver(v *ir.Value, axes []int) *ir.Value {
	return c.fn.b.One("reduce_max", ir.AxesAttrs{Axes: axes}, v)
}

// finiteMax is the greatest element, 0 where all are -inf, outside of any
// derivative: what softmax and logsumexp subtract.
func (c *cx) finiteMax(v *ir.Value, axes []int) *ir.Value {
	b := c.fn.b
	m := b.One("stop", ir.StopAttrs{}, c.maxOver(v, axes))
	low := b.Float(m.Type, math.Inf(-1))
	return b.Select(b.Cmp("gt", m, low), m, b.Float(m.Type, 0))
}

func (c *cx) exps(v *ir.Value, axes []int) (e, sum, m *ir.Value) {
	b := c.fn.b
	m = c.finiteMax(v, axes)
	e = b.One("exp", nil, b.Sub(v, c.back(m, v.Type.Dims, axes)))
	return e, b.Sum(e, axes...), m
}

// softmax gives weights that add to 1, all 0 where every element is -inf.
func (c *cx) softmax(v *ir.Value, axes []int) *ir.Value {
	b := c.fn.b
	e, s, _ := c.exps(v, axes)
	safe := b.Select(b.Cmp("gt", s, b.Float(s.Type, 0)), s, b.Float(s.Type, 1))
	return b.Div(e, c.back(safe, v.Type.Dims, axes))
}

func (c *cx) logsumexp(v *ir.Value, axes []int) *ir.Value {
	b := c.fn.b
	_, s, m := c.exps(v, axes)
	// The sum is 0 only where all elements are -inf; the gradient is 0 there.
	none := b.Cmp("eq", s, b.Float(s.Type, 0))
	log := b.One("log", nil, b.Select(none, b.Float(s.Type, 1), s))
	return b.Select(none, b.Float(s.Type, math.Inf(-1)), b.Add(m, log))
}
