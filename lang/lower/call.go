package lower

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// arg is an argument of a call: an expression not yet evaluated, or a value.
type arg struct {
	x    syntax.Expr
	v    Value
	at   source.Span
	name string
}

// callArgs is a call with its context; the arguments are evaluated when what
// they should be is known.
type callArgs struct {
	at    source.Span
	node  syntax.Node // identity of the call
	args  []*arg
	named []*arg
	cx    *cx
}

// val evaluates an argument, once.
func (a *arg) val(c *cx, want check.Type) Value {
	if a.v == nil {
		a.v = c.expr(a.x, want)
	}
	return a.v
}

func valueArg(v Value, at source.Span) *arg { return &arg{v: v, at: at} }

// invoke calls a function with values.
func (c *cx) invoke(f Fun, at source.Span, node syntax.Node, vs ...Value) Value {
	call := &callArgs{at: at, node: node, cx: c}
	for _, v := range vs {
		call.args = append(call.args, valueArg(v, at))
	}
	return f.apply(c, call, nil)
}

// call is `f(a, b, named: c)`; first is what a pipe puts in front.
func (c *cx) call(x *syntax.Call, first *arg, want check.Type) Value {
	f := c.callee(x.Fun)
	call := &callArgs{at: x.Span(), node: x, cx: c}
	if first != nil {
		call.args = append(call.args, first)
	}
	for _, a := range x.Args {
		call.args = append(call.args, &arg{x: a, at: a.Span()})
	}
	for _, n := range x.Named {
		call.named = append(call.named, &arg{x: n.Value, at: n.Span(), name: n.Name.Name})
	}
	return c.applyTo(f, x.Fun, call, want)
}

func (c *cx) applyTo(f Value, fun syntax.Expr, call *callArgs, want check.Type) Value {
	if isPoison(f) {
		for _, a := range append(call.args, call.named...) {
			if _, lambda := a.x.(*syntax.Lambda); !lambda {
				a.val(c, nil)
			}
		}
		return poison
	}
	fn, ok := f.(Fun)
	if !ok {
		if k, isType := f.(*typeName); isType {
			c.errf("E0357", fun.Span(), "`%s` is a type, not a function", k.d.Name)
			return poison
		}
		c.errf("E0220", fun.Span(), "%s is no function", c.describe(f))
		return poison
	}
	return fn.apply(c, call, want)
}

// callee is what is called; models are not yet values here, since a call of one
// is a place of its own.
func (c *cx) callee(x syntax.Expr) Value {
	switch x := x.(type) {
	case *syntax.Name:
		v, ok := c.lookup(x.Name)
		if !ok {
			if k := ir.KindOf(x.Name); k != ir.NoKind || x.Name == "real" {
				return &convFun{x.Name}
			}
			return c.unknown(x)
		}
		if p, ok := v.(*globalParam); ok {
			return c.globalParam(p, x)
		}
		return v
	case *syntax.Select:
		return c.selectExpr(x)
	}
	return c.expr(x, nil)
}

// pipe is `left |> target`.
//
// Note: what stands right of a pipe. A call of a model with configuration
// (`;`) and no call yet behind it makes a layer, which is then applied; any
// other call gets the left side as its first argument; anything else is
// applied as it is.
func (c *cx) pipe(x *syntax.Pipe, want check.Type) Value {
	inner := *c
	inner.tableNames = nil // the name of a table is that of the last step
	left := &arg{v: inner.expr(x.Left, nil), at: x.Left.Span()}
	if x.Layer != nil {
		c.el.layerNames[x.Target] = x.Layer.Name
	}
	call, ok := x.Target.(*syntax.Call)
	if ok {
		if inner, curried := call.Fun.(*syntax.Call); curried {
			return c.call(&syntax.Call{Pos: call.Pos, Fun: inner, Args: call.Args, Named: call.Named}, left, want)
		}
		if m, isModel := c.callee(call.Fun).(*ModelRef); isModel && m.n.HasConfig {
			f := c.expr(call, nil)
			return c.applyTo(f, call, &callArgs{at: x.Span(), node: x, args: []*arg{left}, cx: c}, want)
		}
		return c.call(call, left, want)
	}
	f := c.callee(x.Target)
	return c.applyTo(f, x.Target, &callArgs{at: x.Span(), node: x.Target, args: []*arg{left}, cx: c}, want)
}

// Lambda is `x => e` with what it saw where it was written.
type Lambda struct {
	n   *syntax.Lambda
	lex lex
}

func (f *Lambda) name() string { return "this function" }

func (f *Lambda) apply(c *cx, call *callArgs, want check.Type) Value {
	for _, n := range call.named {
		c.errf("E0221", n.at, "a function without a name for its arguments has no `%s`", n.name)
		return poison
	}
	d := *c
	d.lex = f.lex
	d.lex.real = f.lex.real
	e := &d
	if t, ok := f.n.Pattern.(*syntax.TuplePattern); ok && len(t.Items) == len(call.args) {
		for i, p := range t.Items {
			e = e.bind(p, call.args[i].val(c, nil))
		}
	} else {
		var v Value
		if len(call.args) == 1 {
			v = call.args[0].val(c, nil)
		}
		need := 1
		if ok {
			need = len(t.Items)
		}
		if v == nil || ok && !hasParts(v) {
			c.errf("E0222", call.at, "a function of %s is called with %d", many(need, "argument"), len(call.args)).note(f.n.Span(), "the function")
			return poison
		}
		e = e.bind(f.n.Pattern, v)
	}
	return c.deeper(call.at, func() Value { return e.expr(f.n.Body, want) })
}

// hasParts reports whether a pattern of several names can take v apart.
func hasParts(v Value) bool {
	switch v := v.(type) {
	case *Num:
		return len(v.Dims) > 0
	case *Ten:
		return v.T.Rank() > 0
	case *Tup, *List, *Poison:
		return true
	}
	return false
}

// many is a number of things.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// deeper counts nested calls and remembers where they are.
func (c *cx) deeper(at source.Span, f func() Value) Value {
	c.el.nesting++
	c.el.callsAt = append(c.el.callsAt, at)
	defer func() {
		c.el.nesting--
		c.el.callsAt = c.el.callsAt[:len(c.el.callsAt)-1]
	}()
	if c.el.nesting > maxDepth {
		c.errf("E0215", at, "calls are nested more than %d deep here", maxDepth)
		panic(tooDeep{})
	}
	return f()
}

// calledAt is the innermost call at hand that stands in a file of the user;
// otherwise where the code that is being built comes from.
func (c *cx) calledAt() source.Span {
	for i := len(c.el.callsAt) - 1; i >= 0; i-- {
		if s := c.el.callsAt[i]; !s.IsZero() && !strings.HasPrefix(s.File.Path, "stdlib/") {
			return s
		}
	}
	return c.fn.span()
}

type tooDeep struct{}

// Typed is a function that must have a declared type, as an argument of
// function type has.
type Typed struct {
	f  Fun
	t  check.Func
	at source.Span
}

func (f *Typed) name() string { return f.f.name() }

func (f *Typed) apply(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) != len(f.t.Args) && len(f.t.Args) > 0 {
		c.errf("E0222", call.at, "a function of %s is called with %d", many(len(f.t.Args), "argument"), len(call.args)).note(f.at, "its type is %s", f.t)
		return poison
	}
	inner := &callArgs{at: call.at, node: call.node, named: call.named, cx: call.cx}
	for i, a := range call.args {
		v := a.val(c, f.t.Args[i])
		v = c.coerce(v, f.t.Args[i], place{at: a.at, what: fmt.Sprintf("argument %d of this function", i+1), from: f.at})
		inner.args = append(inner.args, valueArg(v, a.at))
	}
	v := f.f.apply(c, inner, f.t.Result)
	if isPoison(v) {
		return poison
	}
	at := call.at
	if l, ok := f.f.(*Lambda); ok {
		at = l.n.Body.Span()
	}
	return c.coerce(v, f.t.Result, place{at: at, what: "the result of this function", from: f.at})
}

// opaqueFun stands for an argument of function type while a function is
// checked for itself: its results are anything of the declared type.
type opaqueFun struct{ t check.Func }

func (f *opaqueFun) name() string { return "the argument" }

func (f *opaqueFun) apply(c *cx, call *callArgs, want check.Type) Value {
	for i, a := range call.args {
		var t check.Type
		if i < len(f.t.Args) {
			t = f.t.Args[i]
		}
		a.val(c, t)
	}
	return c.anything(f.t.Result)
}

// anything is a value of a type, made of new parameters of the function under
// construction, which is thrown away.
func (c *cx) anything(t check.Type) Value {
	switch t := t.(type) {
	case check.Tensor:
		if t.Of != nil && !t.Of.Category && len(t.Dims) == 0 && t.Bound == t.Of.Base.Dim {
			if c.fn.row == nil {
				c.fn.row = t.Of
			}
			v := c.fn.f.AddParam("row", ir.IndexOf(t.Bound), ir.Input{})
			out := c.ten(v)
			out.Of = t.Of.Base
			return out
		}
		v := c.fn.f.AddParam("any", ir.Type{Kind: t.Kind, Bound: t.Bound, Dims: t.Dims}, ir.Input{})
		out := c.ten(v)
		out.Of = t.Of
		return out
	case check.Opt:
		return &Opt{c.anything(t.X), c.anything(check.Tensor{Kind: ir.Bool})}
	case check.Record:
		r := &Rec{Names: t.Names}
		for _, x := range t.Types {
			r.Vals = append(r.Vals, c.anything(x))
		}
		return r
	case check.Tuple:
		r := &Tup{}
		for _, x := range t.Items {
			r.Vals = append(r.Vals, c.anything(x))
		}
		return r
	case check.Array:
		return c.anythingArr(t)
	case check.Func:
		return &opaqueFun{t}
	}
	return poison
}

func (c *cx) anythingArr(t check.Array) Value {
	v := c.anything(t.Elem)
	out := mapLeaves(v, func(x *Ten) Value {
		w := c.fn.f.AddParam("any", x.T.WithDims(append(append([]ir.Dim{}, t.Dims...), x.T.Dims...)...), ir.Input{})
		return c.ten(w)
	})
	for i := len(t.Dims) - 1; i >= 0; i-- {
		out = &Arr{t.Dims[i], out}
	}
	return out
}

// convFun is a conversion: `f32(x)`.
type convFun struct{ kind string }

func (f *convFun) name() string { return f.kind }

func (f *convFun) apply(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) != 1 || len(call.named) > 0 {
		c.errf("E0223", call.at, "`%s` converts one value", f.kind)
		return poison
	}
	k := ir.KindOf(f.kind)
	if f.kind == "real" {
		k = c.defaultKind()
	}
	if k.IsStorage() || k == ir.Index || k == ir.Key {
		c.errf("E0392", call.at, "`%s` is a kind of stored data; nothing is converted to it", f.kind)
		return poison
	}
	a := call.args[0]
	return c.convertTo(a.val(c, nil), k, a.at)
}

func (c *cx) convertTo(v Value, k ir.Kind, at source.Span) Value {
	switch v := v.(type) {
	case *Poison:
		return poison
	case *Num:
		if v.untyped() {
			if v.Wide {
				return v
			}
			n := v
			if k.IsInt() && v.Rat != nil && !v.Rat.IsInt() {
				c.errf("E0303", at, "%s is no whole number", v).hint("`floor(x)`, `round(x)` say which way it goes")
				return poison
			}
			if !c.fitNum(n, k, at) {
				return poison
			}
			if n.exact() && n.scalar() {
				m := *n
				m.Kind = k
				return &m
			}
			return c.ten(n.make(c, k))
		}
	case *Opt:
		return &Opt{c.convertTo(v.Val, k, at), v.Has}
	case *Rec, *Tup:
		ps, _ := parts(v)
		out := make([]Value, len(ps))
		for i, p := range ps {
			out[i] = c.convertTo(p, k, at)
		}
		return withParts(v, out)
	case *Str, *Txt:
		c.errf("E0393", at, "a text is no number").hint("declare the field with the type `%s`", k)
		return poison
	case *Tab:
		c.errf("E0409", at, "%s is no number", c.describe(v)).hint("its number of rows is `count(%s)`", v.T.Name)
		return poison
	}
	t := c.tensor(v, ir.NoKind, at)
	if t == nil {
		c.errf("E0394", at, "%s cannot be converted to %s", c.describe(v), k)
		return poison
	}
	if t.T.Kind == ir.Index && k == ir.Bool {
		c.errf("E0305", at, "an index is no bool").hint("compare it: `x != 0`")
		return poison
	}
	if t.T.Kind == ir.Index && k.IsFloat() {
		i := c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, c.use(t))
		return c.ten(c.convert(i, ir.ScalarOf(k)))
	}
	return c.ten(c.convert(c.use(t), ir.ScalarOf(k)))
}

// lines of a signature for messages.
func signatureText(name string, params []*param) string {
	var parts []string
	for _, p := range params {
		parts = append(parts, p.name+": "+p.t.String())
	}
	return name + "(" + strings.ReplaceAll(strings.Join(parts, ", "), check.Meta, "") + ")"
}
