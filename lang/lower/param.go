package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// paramStmt is `param w: T ~ init` in a model.
func (c *cx) paramStmt(p *syntax.Param) Value {
	if p.Constraint != nil {
		c.errf("E0702", p.Constraint.Span(), "constraints of parameters are not part of this version")
		return poison
	}
	t, ok := c.typ(p.Type).(check.Tensor)
	if !ok || !t.Kind.IsFloat() {
		if t := c.typ(p.Type); t != check.Unknown {
			r := c.errf("E0703", p.Type.Span(), "a parameter is a number or tensor of kind f32 or f64, not %s", t)
			if _, rec := t.(check.Record); rec {
				r.hint("several parameters are several `param` lines")
			} else {
				r.hint("only numbers with fractions can be learned")
			}
		}
		return poison
	}
	if c.inst == nil {
		c.errf("E0704", c.calledAt(), "layers and parameters belong to models, and this is not inside one").hint("use it in a `model`, and train that")
		return poison
	}
	return c.paramValue(c.inst.path+"."+p.Name.Name, p, t)
}

// paramValue is a parameter at its path, from where the model takes it; in a
// stack of layers, the slice of the layer at hand.
func (c *cx) paramValue(path string, p *syntax.Param, t check.Tensor) Value {
	st := c.inst.stack
	return c.slice1(st, c.wholeParam(path, p, st.lead(t)))
}

func (c *cx) wholeParam(path string, p *syntax.Param, t check.Tensor) Value {
	it := ir.Type{Kind: t.Kind, Dims: t.Dims}
	root := c.inst.root
	if root.found != nil {
		if !c.register(root.found, path, p, t) {
			return poison
		}
	}
	switch root.mode {
	case rootTrain:
		if c.tr == nil || c.tr.root != root {
			panic(notHere{})
		}
		return c.ten(c.input(ir.Weight, path, it))
	case rootTrained:
		return c.ten(c.input(ir.Given, root.train.name+"/"+path, it))
	case rootFind:
		return c.ten(c.fn.f.AddParam(path, it, ir.Input{Role: ir.Given, Bind: "find/" + path}))
	}
	return c.givenParam(root, path, t, p)
}

// givenParam takes a parameter out of a record.
func (c *cx) givenParam(root *paramRoot, path string, t check.Tensor, p *syntax.Param) Value {
	if root.given == nil {
		c.errf("E0705", c.calledAt(), "`%s` has parameters, and nothing says which", root.model).
			note(p.Span(), "such as this one").hint("use the result of a training (`fit(…)`), or say which: `%s with p`", root.model)
		return poison
	}
	var v Value = root.given
	parts := strings.Split(path, ".")
	if parts[0] == root.model {
		parts = parts[1:]
	}
	for _, n := range parts {
		r, ok := v.(*Rec)
		if !ok || r.get(n) == nil {
			c.errf("E0706", c.calledAt(), "the parameters given to `%s` have no `%s`", root.model, strings.Join(parts, ".")).note(p.Span(), "declared here")
			return poison
		}
		v = r.get(n)
	}
	return c.coerce(v, t, place{at: c.fn.span(), what: "the parameter `" + path + "`", from: p.Span()})
}

// register lists a parameter, or finds it listed with another size.
func (c *cx) register(r *registry, path string, p *syntax.Param, t check.Tensor) bool {
	if old := r.byPath[path]; old != nil {
		if !ir.EqualDims(old.t.Dims, t.Dims) || old.t.Kind != t.Kind {
			c.errf("E0707", c.calledAt(), "the parameter `%s` is %s in one use and %s in another", path, old.t, t).
				note(p.Span(), "declared here").hint("a layer has one size; make two of them if two are meant")
			return false
		}
		return true
	}
	info := &paramInfo{path: path, t: t, at: p.Span()}
	l := c.lex
	info.init = func(d *cx) Value {
		e := *d
		e.lex = l
		return e.initials(p, t, l.inst)
	}
	r.byPath[path] = info
	r.params = append(r.params, info)
	return true
}

// initials are the first values of a parameter: one after the other for the
// layers of a stack.
func (c *cx) initials(p *syntax.Param, t check.Tensor, in *inst) Value {
	one := t
	for s := in.around(); s != nil; s = s.up {
		one.Dims = one.Dims[1:]
	}
	return c.perLayer(in, t.Dims, func(e *cx) Value {
		if in != nil && in.given[p.Name.Name] != nil {
			return in.given[p.Name.Name].value(e, p, one)
		}
		return e.initial(p, one)
	})
}

// perLayer is a value for every layer of the stacks around a place; dims are
// those of the whole.
func (c *cx) perLayer(in *inst, dims []ir.Dim, f func(e *cx) Value) Value {
	n := 0
	for s := in.around(); s != nil; s = s.up {
		n++
	}
	if n == 0 {
		return f(c)
	}
	return c.overAll(dims[:n], f)
}

// around is the stack that a place stands in, nil for none.
func (i *inst) around() *stacked {
	if i == nil {
		return nil
	}
	return i.stack
}

// fans are the dimensions that an initialiser may ask for.
type fans struct{ in, out ir.Dim }

func (c *cx) implicitArg(s *signature, p *param) bool {
	return c.fan != nil && p.t == check.DimT && (p.name == "fan_in" || p.name == "fan_out")
}

func (c *cx) implicitDim(p *param, sol *solution) Value {
	d := c.fan.in
	if p.name == "fan_out" {
		d = c.fan.out
	}
	sol.dims[check.Meta+p.name] = d
	return dimNum(d)
}

// initial is the first value of a parameter: `= e` as it is, `~ e` drawn for
// every element.
func (c *cx) initial(p *syntax.Param, t check.Tensor) Value {
	where := place{at: p.Span(), what: "the parameter `" + p.Name.Name + "`", from: p.Type.Span()}
	it := ir.Type{Kind: t.Kind, Dims: t.Dims}
	d := *c
	d.lex.real = t.Kind
	c = &d
	switch {
	case p.Value != nil:
		where.at = p.Value.Span()
		return c.firstValue(p.Value, t, where)
	case p.Init == nil:
		c.errf("E0708", p.Span(), "the parameter `%s` has no initial value", p.Name.Name).hint("`= 0`, or drawn: `~ normal(0, 0.1)`, `~ glorot()`, `~ zeros()`")
		return poison
	}
	if call, ok := p.Init.(*syntax.Call); ok && len(call.Args) == 0 {
		if n, ok := call.Fun.(*syntax.Name); ok && (n.Name == "zeros" || n.Name == "ones") {
			x := 0.0
			if n.Name == "ones" {
				x = 1
			}
			return c.ten(c.fn.b.Float(it, x))
		}
	}
	c.fan = fansOf(t.Dims)
	where.at = p.Init.Span()
	elem := check.Tensor{Kind: t.Kind}
	v := c.overAll(t.Dims, func(e *cx) Value { return e.coerce(e.expr(p.Init, elem), elem, where) })
	return v
}

// firstValue is a value for a parameter; a number stands for all its elements.
func (c *cx) firstValue(x syntax.Expr, t check.Tensor, where place) Value {
	v := c.expr(x, t)
	if n, ok := v.(*Num); ok && n.scalar() && len(t.Dims) > 0 && c.fitNum(n, t.Kind, where.at) {
		return c.ten(c.fn.b.Spread(n.make(c, t.Kind), t.Dims...))
	}
	return c.coerce(v, t, where)
}

// fansOf: fan_out is the last dimension, fan_in the product of the others,
// both the length of a vector.
func fansOf(dims []ir.Dim) *fans {
	if len(dims) == 0 {
		return &fans{ir.N(1), ir.N(1)}
	}
	out := dims[len(dims)-1]
	in := ir.N(1)
	for _, d := range dims[:len(dims)-1] {
		in = in.Mul(d)
	}
	if len(dims) == 1 {
		in = out
	}
	return &fans{in, out}
}

// overAll evaluates a scalar for every element of dims.
func (c *cx) overAll(dims []ir.Dim, f func(e *cx) Value) Value {
	if len(dims) == 0 {
		return c.force(f(c), c.fn.span())
	}
	failed := false
	vs := c.mapLoop(dims[0], func(d *cx, fr *frame) []*ir.Value {
		v := d.force(d.overAll(dims[1:], f), d.fn.span())
		if hasPoison(v) {
			failed = true
			return nil
		}
		return d.values(v)
	})
	if failed {
		return poison
	}
	return c.ten(vs[0])
}

// globalParam is a `param` at top level, shared by every model that uses it.
type globalParam struct {
	d *check.Decl
	n *syntax.Param
}

func (c *cx) globalParam(g *globalParam, x syntax.Node) Value {
	root := c.el.root(g.d.Module)
	t, ok := root.withFn(c.fn).typ(g.n.Type).(check.Tensor)
	if !ok || !t.Kind.IsFloat() {
		c.errf("E0703", g.n.Type.Span(), "a parameter is a number or tensor of kind f32 or f64")
		return poison
	}
	if c.inst == nil {
		if c.tr != nil {
			d := *c
			d.inst = &inst{root: c.tr.root, path: "", names: c.namesOf("")}
			d.mod, d.sc = g.d.Module, nil
			return d.paramValue(g.d.Name, g.n, t)
		}
		c.errf("E0709", x.Span(), "`%s` is a parameter, and its value is known only to a training", g.d.Name).hint("use `fit.params.%s`", g.d.Name)
		return poison
	}
	d := *c
	d.mod, d.sc = g.d.Module, nil
	return d.paramValue(g.d.Name, g.n, t)
}

func (c *cx) withFn(f *fnCtx) *cx {
	d := *c
	d.fn = f
	return &d
}
