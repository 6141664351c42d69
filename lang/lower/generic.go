package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// checkFn elaborates a function once at its most general arguments; it
// reports whether that found errors.
//
// Note: checked once. Open dimensions become symbols of their own, `real` is
// f32 and, if that went well, f64; arguments of function type are opaque. What
// is found is reported to the author of the function, in the names of the
// signature; a call of a function with errors is poison.
func (e *el) checkFn(d *check.Decl) bool {
	if d.Module.Std && !e.tests {
		return false
	}
	if st, done := e.checked[d]; done {
		return st
	}
	e.checked[d] = false
	before, depth := e.failed, e.nesting
	e.failed, e.nesting = false, 0
	muted := e.muted
	e.muted = 0
	e.guard(d.At, func() { e.generic(d, ir.F32) })
	s := e.sigs[d]
	if s != nil && !e.failed && s.isReal {
		e.guard(d.At, func() { e.generic(d, ir.F64) })
	}
	bad := e.failed
	e.failed = e.failed || before
	e.muted, e.nesting = muted, depth
	e.checked[d] = bad
	return bad
}

// generic elaborates a function into one that is thrown away.
func (e *el) generic(d *check.Decl, kind ir.Kind) {
	var code syntax.Expr
	switch n := d.Node.(type) {
	case *syntax.Fn:
		code = n.Body
	case *syntax.Model:
		code = n.Body
	}
	if code == nil {
		return
	}
	s := e.signatureOf(d)
	e.determined(d, s)
	c := e.root(d.Module)
	c.fn = e.newFn("check")
	c.fn.rigid = true
	c.fn.seed = "check"
	m := &matched{sol: newSolution(s)}
	m.sol.kind = kind
	for name := range s.open {
		m.sol.dims[check.Meta+name] = ir.Sym(name)
	}
	c.fan = &fans{ir.Sym("fan_in"), ir.Sym("fan_out")}
	for _, p := range s.params {
		t := m.sol.subst(p.t)
		v := Value(poison)
		switch {
		case p.t == check.DimT:
			v = dimNum(ir.Sym(p.name))
		case t == check.Text || t == check.KeyT:
			v = &Txt{S: "", At: p.at}
		default:
			v = c.argument(t)
		}
		m.vals, m.ats = append(m.vals, v), append(m.ats, p.at)
		if p.def != nil {
			c.coerce(c.defaultValue(s, p, &matched{}, s.params, t, m.sol), t, place{at: p.def.Span(), what: "the default of `" + p.name + "`", from: p.at})
		}
	}
	body := c.bodyCx(s, m)
	body.inst = e.rigidInst(d.Name)
	v := body.expr(code, m.sol.subst(s.result))
	body.result(v, s, m.sol, resultSpan(code))
}

// determined reports a dimension of a signature that no argument can say.
func (e *el) determined(d *check.Decl, s *signature) {
	in := map[string]bool{}
	for _, p := range s.params {
		if p.t == check.Unknown {
			return
		}
		check.Symbols(p.t, in)
		in[check.Meta+p.name] = in[check.Meta+p.name] || p.t == check.DimT
	}
	for _, name := range sortedKeys(s.open) {
		if !in[check.Meta+name] {
			e.errf("E0426", s.open[name], "no argument of `%s` says what the dimension `%s` is", d.Name, name).
				hint("add an argument `%s: dim`, which gives it", name)
		}
	}
}

// argument is the most general value of a type; a row of a table is the row at
// hand.
func (c *cx) argument(t check.Type) Value {
	if ten, ok := t.(check.Tensor); ok && ten.Of != nil && !ten.Of.Category && len(ten.Dims) == 0 {
		return &Row{T: ten.Of, fn: c.fn}
	}
	return c.anything(t)
}

// checkFunctions checks every function of a module, used or not.
func (e *el) checkFunctions(m *check.Module) {
	for _, node := range m.File.Decls {
		var name *syntax.Name
		switch n := node.(type) {
		case *syntax.Fn:
			name = n.Name
		case *syntax.Model:
			name = n.Name
		default:
			continue
		}
		if d := m.Decls[name.Name]; d != nil && !d.Cyclic && d.Node == node {
			e.checkFn(d)
		}
	}
}
