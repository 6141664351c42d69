package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Deriv is an operator on functions applied to one: `grad(f)`.
type Deriv struct {
	op   string
	f    Fun
	mode string
	at   source.Span
}

func (f *Deriv) name() string { return f.op + " of " + f.f.name() }

// derivOp makes a derivative of a function.
func derivOp(op string) func(c *cx, call *callArgs, want check.Type) Value {
	return func(c *cx, call *callArgs, want check.Type) Value {
		if len(call.args) != 1 {
			r := c.errf("E0620", call.at, "`%s` takes a function, and gives one", op)
			if len(call.args) > 1 {
				r.hint("the point comes afterwards: `%s(f)(x)`", op)
			}
			return poison
		}
		v := call.args[0].val(c, nil)
		if isPoison(v) {
			return poison
		}
		f, ok := v.(Fun)
		if !ok {
			c.errf("E0620", call.args[0].at, "`%s` takes a function, and this is %s", op, c.describe(v)).hint("make it one: `%s(x => …)(x)`", op)
			return poison
		}
		d := &Deriv{op: op, f: f, at: call.at}
		for _, n := range call.named {
			w, ok := n.x.(*syntax.Name)
			if n.name != "mode" || !ok || w.Name != "forward" && w.Name != "reverse" {
				c.errf("E0621", n.at, "`%s` takes `mode: forward` or `mode: reverse`", op)
				return poison
			}
			d.mode = w.Name
		}
		return d
	}
}

// point is the argument of a derivative with all its leaves forced.
func (f *Deriv) point(c *cx, call *callArgs, n int) ([]Value, bool) {
	if len(call.args) != n || len(call.named) > 0 {
		r := c.errf("E0622", call.at, "`%s(f)` is called with %s", f.op, map[int]string{1: "the point: `(x)`", 2: "the point and a direction: `(x, v)`"}[n])
		if n == 1 && len(call.args) > 1 {
			r.hint("of several arguments make one: `%s(((x, y)) => f(x, y))((a, b))`", f.op)
		}
		return nil, false
	}
	d := *c
	if k := argumentKind(c, f.f); k != ir.NoKind {
		d.real = k // constants meet the type that the function declares
	}
	x := d.force(call.args[0].val(c, nil), call.args[0].at)
	if hasPoison(x) {
		return nil, false
	}
	if len(leaves(x)) == 0 {
		c.errf("E0623", call.args[0].at, "there is no derivative with respect to %s", c.describe(x)).hint("a number, a tensor, a record or tuple of these")
		return nil, false
	}
	for _, t := range leaves(x) {
		if !t.T.IsFloat() {
			c.errf("E0624", call.args[0].at, "there is no derivative with respect to %s", c.describe(t)).hint("leave it out of the argument: a function may use what is around it")
			return nil, false
		}
	}
	out := []Value{x}
	if n == 2 {
		out = append(out, call.args[1].val(c, c.typeOf(x)))
	}
	return out, true
}

// argumentKind is the kind of number that a function declares for its first
// argument, if it says one.
func argumentKind(c *cx, f Fun) ir.Kind {
	var t check.Type
	switch f := f.(type) {
	case *Deriv:
		return argumentKind(c, f.f)
	case *FnRef:
		if s := c.signatureOf(f.d); s != nil && len(s.params) > 0 {
			t = s.params[0].t
		}
	case *Typed:
		if len(f.t.Args) > 0 {
			t = f.t.Args[0]
		}
	}
	return declaredKind(t)
}

// declaredKind is the first kind of number with fractions in a type.
func declaredKind(t check.Type) ir.Kind {
	var parts []check.Type
	switch t := t.(type) {
	case check.Tensor:
		if t.Kind == ir.F32 || t.Kind == ir.F64 {
			return t.Kind
		}
	case check.Record:
		parts = t.Types
	case check.Tuple:
		parts = t.Items
	}
	for _, p := range parts {
		if k := declaredKind(p); k != ir.NoKind {
			return k
		}
	}
	return ir.NoKind
}

// outlined is the function argument made a function of the IR.
type outlined struct {
	fn    string
	caps  []*ir.Value
	shape Value // of the result
	types []ir.Type
}

// outline evaluates f at x in a region and makes a function of it; what it
// uses from around comes first among its parameters.
func (c *cx) outline(f Fun, x Value, at source.Span) *outlined {
	ls := leaves(x)
	var types []ir.Type
	for _, t := range ls {
		types = append(types, t.T)
	}
	span := c.fn.b.Span
	ps := c.fn.b.Open(types...)
	c.fn.frames = append(c.fn.frames, &frame{region: ps[0].In})
	arg := c.rebuild(x, ps)
	v := c.invoke(f, at, spanNode(at), arg)
	v = c.force(v, at)
	bad := hasPoison(v)
	var vals []*ir.Value
	if !bad {
		vals = c.values(v)
	}
	c.fn.frames = c.fn.frames[:len(c.fn.frames)-1]
	cp := c.fn.b.Close(vals...)
	c.fn.b.Span = span
	if bad || len(vals) == 0 {
		if !bad {
			c.errf("E0625", at, "the function has no number as its result")
		}
		return nil
	}
	g := ir.NewFunc(c.fresh(c.fn.f.Name + ".of"))
	g.Span = at
	g.Body = ir.CopyRegion(g, cp.Region)
	g.Inputs = make([]ir.Input, len(g.Body.Params))
	c.addFunc(g)
	o := &outlined{fn: g.Name, caps: cp.Values, shape: v}
	for _, t := range leaves(v) {
		o.types = append(o.types, t.T)
	}
	return o
}

// call emits the request: values of the point, then tangents or cotangents.
func (o *outlined) call(c *cx, kind string, x []*ir.Value, extra []*ir.Value) []*ir.Value {
	in := make([]bool, len(o.caps)+len(x))
	for i := range x {
		in[len(o.caps)+i] = true
	}
	args := append(append(append([]*ir.Value{}, o.caps...), x...), extra...)
	return c.fn.b.Op("call", ir.CallAttrs{Fn: o.fn, Req: []ir.Request{{Kind: kind, In: in}}}, args...)
}

// scalarResult reports a function whose result has no gradient.
func (o *outlined) scalarResult(c *cx, op string, at source.Span) bool {
	if len(o.types) == 1 && o.types[0].Rank() == 0 && o.types[0].IsFloat() {
		return true
	}
	r := c.errf("E0626", at, "`%s` is of a function whose result is one number, and this one's is %s", op, c.describe(o.shape))
	if len(o.types) == 1 && o.types[0].IsFloat() {
		r.hint("`jacobian(f)` gives all derivatives; `sum(f(x))` is one number")
	}
	return false
}

func (f *Deriv) apply(c *cx, call *callArgs, want check.Type) Value {
	n := 1
	if f.op == "vjp" || f.op == "jvp" || f.op == "hvp" {
		n = 2
	}
	vs, ok := f.point(c, call, n)
	if !ok {
		return poison
	}
	if f.op == "hvp" {
		g := &Deriv{op: "grad", f: f.f, at: f.at}
		j := &Deriv{op: "jvp", f: g, at: f.at}
		out, ok := c.invoke(j, call.at, call.node, vs...).(*Tup)
		if !ok {
			return poison
		}
		return out.Vals[1]
	}
	if f.op == "hessian" {
		return (&Deriv{op: "jacobian", f: &Deriv{op: "grad", f: f.f, at: f.at}, mode: f.mode, at: f.at}).apply(c, call, want)
	}
	x := vs[0]
	o := c.outline(f.f, x, call.at)
	if o == nil {
		return poison
	}
	xs := c.values(x)
	if f.op == "grad" || f.op == "value_and_grad" {
		return f.grad(c, o, x, xs, call)
	}
	for _, t := range o.types {
		if !t.IsFloat() {
			c.errf("E0627", call.at, "the function yields %s, which has no derivative", t.Kind)
			return poison
		}
	}
	switch f.op {
	case "vjp":
		return f.vjp(c, o, x, xs, vs[1], call)
	case "jvp":
		return f.jvp(c, o, x, xs, vs[1], call)
	}
	return f.jacobian(c, o, x, xs, call)
}

func (f *Deriv) grad(c *cx, o *outlined, x Value, xs []*ir.Value, call *callArgs) Value {
	if !o.scalarResult(c, f.op, call.at) {
		return poison
	}
	if f.mode == "forward" {
		return f.gradForward(c, o, x, xs)
	}
	one := c.fn.b.Float(o.types[0], 1)
	rs := o.call(c, "vjp", xs, []*ir.Value{one})
	g := c.rebuild(x, rs[1:])
	if f.op == "grad" {
		return g
	}
	return &Tup{[]Value{c.ten(rs[0]), g}}
}

// gradForward computes a gradient by one tangent for each element.
func (f *Deriv) gradForward(c *cx, o *outlined, x Value, xs []*ir.Value) Value {
	var out []*ir.Value
	var value *ir.Value
	for i := range xs {
		g, v := c.columns(o, xs, i)
		out, value = append(out, g[0]), v[0]
	}
	g := c.rebuild(x, out)
	if f.op == "grad" {
		return g
	}
	return &Tup{[]Value{c.ten(value), g}}
}

// columns gives the derivatives of every result with respect to leaf i, the
// dimensions of the leaf behind those of the result, and the values.
func (c *cx) columns(o *outlined, xs []*ir.Value, i int) (out, vals []*ir.Value) {
	t := xs[i].Type
	n := numel(t.Dims)
	nres := len(o.types)
	var value []*ir.Value
	if t.Rank() == 0 {
		rs := o.call(c, "jvp", xs, c.tangents(xs, i, c.fn.b.Float(t, 1)))
		return rs[nres:], rs[:nres]
	}
	vs := c.mapLoop(n, func(d *cx, fr *frame) []*ir.Value {
		e := d.basis(fr.iota, n, t)
		return o.call(d, "jvp", xs, d.tangents(xs, i, e))
	})
	for k, r := range vs[nres:] {
		rank := o.types[k].Rank()
		perm := make([]int, 0, rank+1)
		for a := 1; a <= rank; a++ {
			perm = append(perm, a)
		}
		perm = append(perm, 0)
		if rank > 0 {
			r = c.fn.b.One("transpose", ir.TransposeAttrs{Perm: perm}, r)
		}
		dims := append(append([]ir.Dim{}, o.types[k].Dims...), t.Dims...)
		if !ir.EqualDims(r.Type.Dims, dims) {
			r = c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: dims}, r)
		}
		out = append(out, r)
	}
	for _, v := range vs[:nres] {
		value = append(value, c.use(c.pickAxis(c.ten(v), 0, ir.N(0), ir.N(1), c.fn.span())))
	}
	return out, value
}

// basis is the i-th unit tensor of type t.
func (c *cx) basis(i *ir.Value, n ir.Dim, t ir.Type) *ir.Value {
	b := c.fn.b
	hot := b.Cmp("eq", b.One("iota", ir.IotaAttrs{N: n}), c.spread(i, []ir.Dim{n}))
	e := b.One("convert", ir.ConvertAttrs{K: t.Kind}, hot)
	if t.Rank() == 1 && t.Dims[0] == n {
		return e
	}
	return b.One("reshape", ir.ReshapeAttrs{Dims: t.Dims}, e)
}

// tangents are zero but for leaf i.
func (c *cx) tangents(xs []*ir.Value, i int, e *ir.Value) []*ir.Value {
	var out []*ir.Value
	for j, x := range xs {
		if j == i {
			out = append(out, e)
		} else {
			out = append(out, c.fn.b.Zeros(x.Type))
		}
	}
	return out
}

func numel(dims []ir.Dim) ir.Dim {
	n := ir.N(1)
	for _, d := range dims {
		n = n.Mul(d)
	}
	return n
}

func (f *Deriv) vjp(c *cx, o *outlined, x Value, xs []*ir.Value, ct Value, call *callArgs) Value {
	cts, ok := c.like(ct, o.shape, call.args[1].at, "the cotangent", "the result of the function")
	if !ok {
		return poison
	}
	rs := o.call(c, "vjp", xs, cts)
	n := len(o.types)
	return &Tup{[]Value{c.rebuild(o.shape, rs[:n]), c.rebuild(x, rs[n:])}}
}

func (f *Deriv) jvp(c *cx, o *outlined, x Value, xs []*ir.Value, t Value, call *callArgs) Value {
	ts, ok := c.like(t, x, call.args[1].at, "the tangent", "the point")
	if !ok {
		return poison
	}
	rs := o.call(c, "jvp", xs, ts)
	n := len(o.types)
	// Results without a tangent (integers, bools) give themselves back.
	vals, tangents, k := rs[:n], []*ir.Value{}, n
	for i, t := range o.types {
		if t.IsFloat() {
			tangents = append(tangents, rs[k])
			k++
		} else {
			tangents = append(tangents, vals[i])
		}
	}
	return &Tup{[]Value{c.rebuild(o.shape, vals), c.rebuild(o.shape, tangents)}}
}

// like brings v to the form of another value and returns its float leaves.
func (c *cx) like(v, form Value, at source.Span, what, of string) ([]*ir.Value, bool) {
	if isPoison(v) {
		return nil, false
	}
	t := c.typeOf(form)
	w := c.coerce(v, t, place{at: at, what: what + ", which has the form of " + of + ","})
	w = c.force(w, at)
	if hasPoison(w) {
		return nil, false
	}
	var out []*ir.Value
	for _, l := range leaves(w) {
		if l.T.IsFloat() {
			out = append(out, c.use(l))
		}
	}
	return out, true
}

// jacobian gives the dimensions of the result, then those of the argument.
func (f *Deriv) jacobian(c *cx, o *outlined, x Value, xs []*ir.Value, call *callArgs) Value {
	byLeaf := make([][]*ir.Value, len(o.types)) // result, leaf
	forward := f.mode == "forward" || f.mode == "" && c.fewerIn(xs, o.types)
	if forward {
		for i := range xs {
			cols, _ := c.columns(o, xs, i)
			for k, v := range cols {
				byLeaf[k] = append(byLeaf[k], v)
			}
		}
	} else {
		for k := range o.types {
			byLeaf[k] = c.rowsOf(o, xs, k)
		}
	}
	i := -1
	return mapLeaves(o.shape, func(*Ten) Value {
		i++
		out := c.rebuild(x, byLeaf[i])
		return out
	})
}

// fewerIn reports whether the argument has fewer elements than the result, as
// far as that is known.
func (c *cx) fewerIn(xs []*ir.Value, out []ir.Type) bool {
	total := func(n int, dims func(i int) []ir.Dim) (int64, bool) {
		s := ir.N(0)
		for i := range n {
			s = s.Add(numel(dims(i)))
		}
		return s.Const()
	}
	a, ok1 := total(len(xs), func(i int) []ir.Dim { return xs[i].Type.Dims })
	b, ok2 := total(len(out), func(i int) []ir.Dim { return out[i].Dims })
	return ok1 && ok2 && a < b
}

// rowsOf gives the derivatives of result k with respect to every leaf, by one
// cotangent for each element of the result.
func (c *cx) rowsOf(o *outlined, xs []*ir.Value, k int) []*ir.Value {
	t := o.types[k]
	nres := len(o.types)
	seeds := func(d *cx, e *ir.Value) []*ir.Value {
		var out []*ir.Value
		for j, u := range o.types {
			if j == k {
				out = append(out, e)
			} else {
				out = append(out, d.fn.b.Zeros(u))
			}
		}
		return out
	}
	if t.Rank() == 0 {
		return o.call(c, "vjp", xs, seeds(c, c.fn.b.Float(t, 1)))[nres:]
	}
	n := numel(t.Dims)
	vs := c.mapLoop(n, func(d *cx, fr *frame) []*ir.Value {
		return o.call(d, "vjp", xs, seeds(d, d.basis(fr.iota, n, t)))[nres:]
	})
	for i, v := range vs {
		dims := append(append([]ir.Dim{}, t.Dims...), xs[i].Type.Dims...)
		if !ir.EqualDims(v.Type.Dims, dims) {
			vs[i] = c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: dims}, v)
		}
	}
	return vs
}
