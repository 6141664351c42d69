package lower

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// FnRef is a function of a module.
type FnRef struct {
	d *check.Decl
	n *syntax.Fn
}

func (f *FnRef) name() string { return f.d.Name }

func (f *FnRef) apply(c *cx, call *callArgs, want check.Type) Value {
	s := c.signatureOf(f.d)
	if f.d.Cyclic || f.n.Body == nil || c.checkFn(f.d) {
		for _, a := range append(call.args, call.named...) {
			if _, lambda := a.x.(*syntax.Lambda); !lambda {
				a.val(c, nil)
			}
		}
		return poison
	}
	m, lift, ok := c.match(s, 0, len(s.params), call, newSolution(s), want)
	if !ok {
		return poison
	}
	if len(lift) > 0 {
		return c.lift(call.at, m, lift, func(d *cx, vals []Value) Value {
			return d.runFn(f, s, &matched{vals: vals, ats: m.ats, sol: m.sol}, call)
		}, func(i int, v Value) Value {
			return c.coerceArg(v, m.sol.subst(s.params[i].t), s, s.params[i], m.sol, m.ats[i])
		})
	}
	return c.runFn(f, s, m, call)
}

// lift applies a function of scalars element by element: all tensors among the
// lifted arguments have the same dimensions.
func (c *cx) lift(at source.Span, m *matched, lift []int, run func(d *cx, vals []Value) Value, typed func(i int, v Value) Value) Value {
	var dims []ir.Dim
	var first int
	lifted := map[int]bool{}
	vals := append([]Value{}, m.vals...)
	for _, i := range lift {
		t := c.tensor(vals[i], m.sol.kind, m.ats[i])
		if t == nil {
			return poison
		}
		vals[i] = t
		if dims == nil {
			dims, first = t.T.Dims, i
		} else if !ir.EqualDims(dims, t.T.Dims) {
			if _, ok := c.meetDims(at, m.ats[first], m.ats[i], dims, t.T.Dims, vals[first], t); ok {
				return poison
			}
			return poison
		}
		lifted[i] = true
	}
	return c.liftOver(dims, vals, lifted, func(d *cx, vals []Value) Value {
		for i := range vals {
			if lifted[i] {
				vals[i] = typed(i, vals[i])
			}
		}
		return run(d, vals)
	})
}

func (c *cx) liftOver(dims []ir.Dim, vals []Value, lifted map[int]bool, run func(d *cx, vals []Value) Value) Value {
	var shape Value
	failed := false
	vs := c.mapLoop(dims[0], func(d *cx, fr *frame) []*ir.Value {
		inner := append([]Value{}, vals...)
		for i, v := range vals {
			if lifted[i] {
				t := v.(*Ten)
				u := d.ten(d.elem(fr, d.use(t)))
				u.Of = t.Of
				inner[i] = u
			}
		}
		var v Value
		if len(dims) > 1 {
			v = d.liftOver(dims[1:], inner, lifted, run)
		} else {
			v = run(d, inner)
		}
		v = d.force(v, d.fn.span())
		if hasPoison(v) {
			failed = true
			return nil
		}
		shape = v
		return d.values(v)
	})
	if failed || shape == nil {
		return poison
	}
	return c.listValue(shape, vs, dims[:1])
}

// special is a function made for one combination of argument types.
type special struct {
	f     *ir.Func
	need  []ir.Input
	types []ir.Type
	shape Value
	small bool
	bad   bool
}

// runFn evaluates the body of a function with its arguments: through a
// specialised function where all arguments are tensors, else in place.
func (c *cx) runFn(f *FnRef, s *signature, m *matched, call *callArgs) Value {
	if c.outlines(f, s, m) {
		return c.runShared(f, s, m, call)
	}
	d := c.bodyCx(s, m)
	d.site = c.site + "/" + c.place(call.node)
	d.inst = c.inst
	v := c.deeper(call.at, func() Value { return d.expr(f.n.Body, m.sol.subst(s.result)) })
	return c.result(v, s, m.sol, resultSpan(f.n.Body))
}

// bodyCx is the context of the body of a function.
func (c *cx) bodyCx(s *signature, m *matched) *cx {
	d := *c
	d.lex = lex{mod: s.mod, real: s.realKind(m.sol)}
	e := &d
	for sym, dim := range m.sol.dims {
		e = e.with(sym[len(check.Meta):], s.open[sym[len(check.Meta):]], dimNum(dim))
		e.sc.b.what = "dim"
	}
	for i, p := range s.params {
		if i < len(m.vals) && p.t != check.DimT {
			e = e.with(p.name, p.at, m.vals[i])
		}
	}
	return e
}

// resultSpan is where the value of a body stands.
func resultSpan(body syntax.Expr) source.Span {
	if b, ok := body.(*syntax.Block); ok && b.Result != nil {
		return b.Result.Span()
	}
	return body.Span()
}

// result brings what a body yields to the declared type.
func (c *cx) result(v Value, s *signature, sol *solution, at source.Span) Value {
	if isPoison(v) {
		return poison
	}
	sol.learn(c, s.result, v, at)
	t := sol.subst(s.result)
	if open(t) && !isFun(v) {
		set := map[string]bool{}
		check.Symbols(t, set)
		for sym := range set {
			if check.IsMeta(sym) {
				c.errf("E0426", s.resAt, "the dimension `%s` of `%s` is not determined by the arguments", check.DimText(ir.Sym(sym)), s.name)
				return poison
			}
		}
	}
	return c.coerce(v, t, place{at: at, what: "the result of `" + s.name + "`", from: s.resAt})
}

// outlines reports whether a call goes through a specialised function: nothing
// but tensors goes in, and the body needs nothing of where it is called.
func (c *cx) outlines(f *FnRef, s *signature, m *matched) bool {
	if !c.isPure(f.d) || c.fn.rigid {
		return false
	}
	for _, v := range m.vals {
		if !plain(v) {
			return false
		}
	}
	_, fun := s.result.(check.Func)
	return !fun
}

// plain reports whether v consists of tensors and compile-time constants that
// a key can name.
func plain(v Value) bool {
	switch v := v.(type) {
	case *Ten, *Flag, *Txt:
		return true
	case *Num:
		return v.fn == nil && (v.exact() || !v.Dim.IsZero())
	case *Rec:
		return allPlain(v.Vals)
	case *Tup:
		return allPlain(v.Vals)
	case *Opt:
		return plain(v.Val) && plain(v.Has)
	case *Arr:
		return plain(v.Elem)
	}
	return false
}

func allPlain(vs []Value) bool {
	for _, v := range vs {
		if !plain(v) {
			return false
		}
	}
	return true
}

// keyOf names a plain value for the memory of specialised functions: the types
// of its tensors, and its constants as they are.
func keyOf(v Value) string {
	each := func(vs []Value) string {
		var parts []string
		for _, x := range vs {
			parts = append(parts, keyOf(x))
		}
		return strings.Join(parts, ",")
	}
	switch v := v.(type) {
	case *Ten:
		s := v.T.String()
		if v.Of != nil {
			s += "@" + v.Of.Name
		}
		return s
	case *Flag:
		return fmt.Sprint(v.On)
	case *Txt:
		return fmt.Sprintf("%q", v.S)
	case *Num:
		if v.Rat != nil {
			return v.Kind.String() + ":" + v.Rat.String()
		}
		if v.Big != nil {
			return v.Kind.String() + ":" + v.Big.Text('g', 60)
		}
		return v.Kind.String() + ":" + v.Dim.String()
	case *Rec:
		return "{" + strings.Join(v.Names, ",") + "|" + each(v.Vals) + "}"
	case *Tup:
		return "(" + each(v.Vals) + ")"
	case *Opt:
		return keyOf(v.Val) + "?" + keyOf(v.Has)
	case *Arr:
		return "[" + v.N.String() + "]" + keyOf(v.Elem)
	}
	return "?"
}

// isPure reports whether a function needs nothing of the place that calls it:
// no layers, no randomness, no words of `train`.
func (e *el) isPure(d *check.Decl) bool {
	switch e.pure[d] {
	case 1:
		return true
	case 2:
		return false
	}
	e.pure[d] = 1
	pure := true
	syntax.Walk(d.Node, func(n syntax.Node) bool {
		if n, ok := n.(*syntax.Name); ok {
			switch n.Name {
			case "random", "training", "batch", "step", "epoch":
				pure = false
			}
		}
		return pure
	})
	for _, to := range check.Mentions(e.prog, d) {
		switch to.Node.(type) {
		case *syntax.Model, *syntax.Param, *syntax.Train:
			pure = false
		case *syntax.Fn:
			pure = pure && e.isPure(to)
		case *syntax.Let:
			pure = pure && !e.ofModel(to) // it may be a layer
		}
	}
	if !pure {
		e.pure[d] = 2
	}
	return pure
}

// ofModel reports a `let` at top level whose value a model has part in.
func (e *el) ofModel(d *check.Decl) bool {
	return slices.ContainsFunc(check.Mentions(e.prog, d), func(to *check.Decl) bool {
		_, is := to.Node.(*syntax.Model)
		return is
	})
}

// runShared calls a function through its specialisation.
func (c *cx) runShared(f *FnRef, s *signature, m *matched, call *callArgs) Value {
	var keys []string
	for i, v := range m.vals {
		m.vals[i] = c.localize(v, m.ats[i])
		keys = append(keys, keyOf(m.vals[i]))
	}
	var dims []string
	for _, sym := range sortedKeys(m.sol.dims) {
		dims = append(dims, sym+"="+m.sol.dims[sym].String())
	}
	key := fmt.Sprintf("%p %s %s %s", f.d, m.sol.kind, strings.Join(dims, " "), strings.Join(keys, "; "))
	sp := c.memo[key]
	if sp == nil {
		sp = c.specialise(f, s, m, call)
		c.memo[key] = sp
	}
	if sp.bad {
		return poison
	}
	var args []*ir.Value
	for _, v := range m.vals {
		args = append(args, c.values(v)...)
	}
	for i, in := range sp.need {
		args = append(args, c.input(in.Role, in.Bind, sp.types[i]))
	}
	if sp.small {
		return c.rebuild(sp.shape, ir.Inline(c.fn.b, sp.f.Body, args))
	}
	return c.rebuild(sp.shape, c.fn.b.Op("call", ir.CallAttrs{Fn: sp.f.Name}, args...))
}

// localize makes tensors of other functions available here.
func (c *cx) localize(v Value, at source.Span) Value {
	return mapLeaves(v, func(t *Ten) Value { return c.force(t, at) })
}

// specialise builds the function for one combination of argument types.
func (c *cx) specialise(f *FnRef, s *signature, m *matched, call *callArgs) *special {
	if len(c.memo) > maxSpecialisations {
		if !c.el.tooMany {
			c.errf("E0218", call.at, "the program needs more than %d versions of its functions", maxSpecialisations).
				note(f.d.At, "`%s` is the one at hand", f.d.Name)
		}
		c.el.tooMany = true // once is enough
		return &special{bad: true}
	}
	d := c.el.root(s.mod)
	d.fn = c.newFn(f.d.Name)
	d.fn.shared = true
	d.fn.row = c.fn.row
	inner := &matched{ats: m.ats, sol: m.sol}
	for i, v := range m.vals {
		name := s.params[i].name
		inner.vals = append(inner.vals, mapLeaves(v, func(t *Ten) Value {
			p := d.fn.f.AddParam(name, t.T, ir.Input{})
			u := d.ten(p)
			u.Of = t.Of
			return u
		}))
	}
	own := len(d.fn.f.Body.Params)
	e := d.bodyCx(s, inner)
	v := c.deeper(call.at, func() Value { return e.expr(f.n.Body, m.sol.subst(s.result)) })
	v = e.result(v, s, m.sol, resultSpan(f.n.Body))
	v = e.force(v, resultSpan(f.n.Body))
	if hasPoison(v) {
		return &special{bad: true}
	}
	d.fn.b.Span = f.n.Body.Span()
	fn := d.fn.b.Return(d.values(v)...)
	fn.Span = f.d.Node.Span()
	sp := &special{f: fn, shape: v}
	for i := own; i < len(fn.Inputs); i++ {
		sp.need = append(sp.need, fn.Inputs[i])
		sp.types = append(sp.types, fn.Body.Params[i].Type)
		fn.Inputs[i] = ir.Input{}
	}
	sp.small = smallBody(fn)
	if !sp.small {
		c.addFunc(fn)
	}
	return sp
}

// smallBody reports whether a copy at each call costs less than a call.
func smallBody(f *ir.Func) bool { return ir.OpCount(f) < 24 }

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return sorted(out)
}
