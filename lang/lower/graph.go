package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// globalLet evaluates a `let` at top level. What is left to compute becomes
// nodes, and the tensors of the value outputs.
func (e *el) globalLet(d *check.Decl, n *syntax.Let) Value {
	c := e.graphCx(d.Module, d.Name)
	c.nameLayers(n)
	v := c.readNamed(n)
	names := check.PatternNames(n.Pattern)
	if isPoison(v) {
		for _, x := range names {
			if o := d.Module.Decls[x.Name]; o != nil && o.Node == syntax.Decl(n) {
				e.global[o] = &binding{val: poison}
			}
		}
		return poison
	}
	if l, ok := v.(*Layer); ok && l.inst == nil {
		at := *l
		at.home = d.Name
		v = &at
	}
	v = c.outputsOf(v, d.Name)
	inner := e.graphCx(d.Module, d.Name)
	bound := inner.bind(n.Pattern, v)
	out := Value(poison)
	for _, x := range names {
		o := d.Module.Decls[x.Name]
		if o == nil || o.Node != syntax.Decl(n) {
			continue
		}
		part := bound.sc.find(x.Name).val
		if part != v {
			part = inner.outputsOf(part, x.Name)
		}
		e.global[o] = &binding{val: part, at: x.Span()}
		if o == d {
			out = part
		}
	}
	return out
}

// readNamed is the value of a top-level `let`.
func (c *cx) readNamed(n *syntax.Let) Value {
	return c.letValue(n.Type, n.Value)
}

// outputsOf replaces the tensors of v, which c's function computes, by outputs
// of a node. A tensor that is an output already stays one.
func (c *cx) outputsOf(v Value, name string) Value {
	v = c.settleGlobal(v)
	var vals []*ir.Value
	var outs []ir.Output
	path := leafNames(v, name)
	i := -1
	out := mapLeaves(v, func(t *Ten) Value {
		i++
		if t.Glob != "" {
			return t
		}
		val := c.use(t)
		for in, p := range c.fn.in {
			if p == val && in.Role == ir.Given {
				return &Ten{T: t.T, Of: t.Of, Glob: in.Bind}
			}
		}
		if name := c.fn.made[val]; name != "" {
			return &Ten{T: t.T, Of: t.Of, Glob: name}
		}
		o := ir.Output{Name: c.el.output(path[i]), Type: t.T}
		c.fn.made[val] = o.Name
		vals, outs = append(vals, val), append(outs, o)
		return &Ten{T: t.T, Of: t.Of, Glob: o.Name}
	})
	if len(vals) == 0 {
		return out
	}
	fname := c.fn.f.Name
	if c.m.Func(fname) != nil {
		fname = c.fresh(fname)
	}
	f := ir.Clone(c.fn.b.Return(vals...), fname)
	f.Span = c.el.nodeAt
	c.addFunc(f)
	c.node(f.Name, &ir.Compute{Fn: f.Name, Outputs: outs, Every: c.every})
	return out
}

// settleGlobal gives what is computed a kind before it becomes an output;
// constants stay constants.
func (c *cx) settleGlobal(v Value) Value {
	switch v := v.(type) {
	case *Num:
		if v.fn != nil {
			return c.force(v, c.fn.span())
		}
	case *Rec:
		out := &Rec{Names: v.Names}
		for _, x := range v.Vals {
			out.Vals = append(out.Vals, c.settleGlobal(x))
		}
		return out
	case *Tup:
		out := &Tup{}
		for _, x := range v.Vals {
			out.Vals = append(out.Vals, c.settleGlobal(x))
		}
		return out
	case *Pick:
		return c.force(v, c.fn.span())
	}
	return v
}

// leafNames names the tensors of v: `fit`, `fit.a`, `fit.b`.
func leafNames(v Value, name string) []string {
	switch v := v.(type) {
	case *Ten:
		return []string{name}
	case *Rec:
		var out []string
		for i, x := range v.Vals {
			out = append(out, leafNames(x, name+"."+v.Names[i])...)
		}
		return out
	case *Arr:
		return leafNames(v.Elem, name)
	case *Opt:
		return append(leafNames(v.Val, name), leafNames(v.Has, name+".present")...)
	}
	var out []string
	for range leaves(v) {
		out = append(out, name)
	}
	return out
}

// aggTable is an aggregate over the rows of a table as a node of its own: one
// streaming pass. done is false where the aggregate must be computed in place,
// over resident columns, because it depends on where it stands.
func (c *cx) aggTable(x *syntax.Aggregate, op ir.Agg) (v Value, done bool) {
	if c.fn.rigid {
		return c.aggRigid(x, op)
	}
	f, ok := x.Clauses[0].(*syntax.ForIn)
	if !ok || !isPath(f.Xs) {
		return nil, false
	}
	tab, ok := c.quietAny(f.Xs).(*Tab)
	if !ok || tab.T.Category || op.Op == "softmax" || op.Op == "logsumexp" {
		return nil, false
	}
	for _, cl := range x.Clauses[1:] {
		if _, in := cl.(*syntax.ForIn); in {
			return nil, false
		}
	}
	return c.stage(x.Span(), func(d *cx) Value { return d.reduceNode(x, f, tab.T, op) })
}

// aggRigid checks an aggregate over a table inside a function that is checked
// for itself; median and quantile have no other meaning.
func (c *cx) aggRigid(x *syntax.Aggregate, op ir.Agg) (Value, bool) {
	if op.Op != "median" && op.Op != "quantile" {
		return nil, false
	}
	f, ok := x.Clauses[0].(*syntax.ForIn)
	if !ok {
		return nil, false
	}
	tab, ok := c.expr(f.Xs, nil).(*Tab)
	if !ok {
		return nil, false
	}
	d := c.bind(f.Pattern, &Row{T: tab.T, fn: c.fn})
	for _, cl := range x.Clauses[1:] {
		if fi, ok := cl.(*syntax.ForIf); ok {
			d.condition(fi.Cond)
			d = d.narrowed(fi.Cond, true)
		}
	}
	v := d.aggElem(op.Op, d.expr(x.Elem, nil), x.Elem.Span())
	return d.force(v, x.Elem.Span()), true
}

// isPath reports a name, a selection or a slice: what can name a table.
func isPath(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Name:
		return true
	case *syntax.Select:
		return isPath(x.X)
	case *syntax.Index:
		return isPath(x.X)
	case *syntax.Pipe:
		return true
	}
	return false
}

// stage evaluates something at the level of the outer graph, whatever function
// is under construction. done is false where it needs that function.
func (c *cx) stage(at source.Span, f func(d *cx) Value) (v Value, done bool) {
	n, failed, muted := len(c.el.errs), c.el.failed, c.el.muted
	depth, nesting, nodeAt := c.el.depth, c.el.nesting, c.el.nodeAt
	defer func() {
		r := recover()
		c.el.depth, c.el.nesting, c.el.nodeAt, c.el.muted = depth, nesting, nodeAt, muted
		if r == nil {
			return
		}
		if _, no := r.(notHere); !no {
			panic(r)
		}
		c.el.errs, c.el.failed = c.el.errs[:n], failed
		v, done = nil, false
	}()
	d := *c
	if c.tr != nil {
		d.above, d.tr = c.tr, nil
	}
	return f(&d), true
}

// reduceNode makes the node of an aggregate over a table.
func (c *cx) reduceNode(x *syntax.Aggregate, f *syntax.ForIn, t *check.Table, op ir.Agg) Value {
	var conds []syntax.Expr
	for _, cl := range x.Clauses[1:] {
		if fi, ok := cl.(*syntax.ForIf); ok {
			conds = append(conds, fi.Cond)
		}
	}
	var shape Value
	hasMask := false
	fn, vals, ok := c.rowFn(c.nodeName(op.Op), t, x.Span(), func(d *cx, row *Row) []*ir.Value {
		e := d.bind(f.Pattern, row)
		v, mask := e.masked(conds, func(g *cx) Value {
			v := g.expr(x.Elem, g.aggWant(op.Op, nil))
			if op.Op == "count" {
				return &Flag{true}
			}
			if op.Op == "median" || op.Op == "quantile" {
				return g.aggElem("mean", v, x.Elem.Span())
			}
			return g.aggElem(op.Op, v, x.Elem.Span())
		}, func(g *cx, like Value) Value { return g.filled(like, 0) })
		v = e.force(v, x.Elem.Span())
		if hasPoison(v) {
			return nil
		}
		shape = v
		out := e.values(v)
		if mask != nil {
			hasMask = true
			out = append([]*ir.Value{e.use(mask)}, out...)
		}
		return out
	})
	if !ok {
		return poison
	}
	at := c.el.nodeAt
	c.el.nodeAt = x.Span()
	defer func() { c.el.nodeAt = at }()
	return c.reduceOutputs(fn, vals, shape, t, op, hasMask)
}

func (c *cx) reduceOutputs(fn string, vals []*ir.Value, shape Value, t *check.Table, op ir.Agg, hasMask bool) Value {
	node := &ir.Reduce{Table: t.Name, Fn: fn, Cond: hasMask, Every: c.every}
	name := c.nodeName(op.Op)
	path := leafNames(shape, name)
	i := -1
	out := mapLeaves(shape, func(l *Ten) Value {
		i++
		typ := l.T
		if op.Op == "count" {
			typ = ir.ScalarOf(ir.I64)
		}
		o := ir.Output{Name: c.el.output(path[i]), Type: typ}
		node.Aggs, node.Outputs = append(node.Aggs, op), append(node.Outputs, o)
		return &Ten{T: typ, Glob: o.Name}
	})
	c.node(fn, node)
	return out
}

// nodeName names a node after the declaration that it belongs to.
func (c *cx) nodeName(op string) string {
	base := c.fn.f.Name
	if i := strings.IndexByte(base, '.'); i > 0 && !c.fn.graph {
		base = base[:i]
	}
	return base + "." + op
}

// test is `test "name" { … }`: a function whose assertions may fail.
func (e *el) test(n *syntax.Test) {
	e.guard(n.Span(), func() {
		c := e.graphCx(e.prog.Main, "test")
		c.fn.test, c.fn.graph, c.fn.seed = true, false, "test"
		d := c
		if n.Body == nil {
			return
		}
		for _, s := range n.Body.Stmts {
			d = d.statement(s)
		}
		title, _ := n.Name.Plain()
		c.fn.b.Return()
		c.fn.f.Span = n.Span()
		e.addFunc(c.fn.f)
		e.nodeAt = n.Span()
		c.node(c.fn.f.Name, &ir.Test{Title: title, Fn: c.fn.f.Name})
	})
}
