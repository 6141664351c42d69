package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// loopCall is `fold(f, s0, xs)` or `scan(f, s0, xs, out: …)`.
type loopCall struct {
	op    string
	f     Fun
	out   Fun
	seq   *Seq
	count bool // f takes only the state
	at    source.Span
	node  *callArgs
}

// foldOp lowers fold and scan.
func foldOp(op string) func(c *cx, call *callArgs, want check.Type) Value {
	return func(c *cx, call *callArgs, want check.Type) Value {
		l := &loopCall{op: op, at: call.at, node: call}
		if len(call.args) != 3 {
			c.errf("E0630", call.at, "`%s` takes a function, the first state and what to go over: `%s(f, s0, xs)`", op, op)
			return poison
		}
		fv := call.args[0].val(c, nil)
		if isPoison(fv) {
			return poison
		}
		f, ok := fv.(Fun)
		if !ok {
			c.errf("E0631", call.args[0].at, "the first argument of `%s` is a function of the state, and this is %s", op, c.describe(fv))
			return poison
		}
		l.f = f
		if !l.named(c, call) {
			return poison
		}
		xs := call.args[2].val(c, nil)
		if l.seq = c.iter(xs, call.args[2].at); l.seq == nil {
			return poison
		}
		if n, isNum := xs.(*Num); isNum && n.scalar() {
			l.count = arity(f) == 1
		}
		s0 := call.args[1].val(c, wantState(want, op))
		return l.run(c, s0, call.args[1].at)
	}
}

// wantState is the state of a fold whose result must have a type.
func wantState(want check.Type, op string) check.Type {
	if op == "fold" {
		return want
	}
	if t, ok := want.(check.Tensor); ok && len(t.Dims) > 0 {
		t.Dims = t.Dims[1:]
		return t
	}
	return nil
}

func (l *loopCall) named(c *cx, call *callArgs) bool {
	for _, n := range call.named {
		if n.name == "until" {
			c.errf("E0632", n.at, "`until` is not part of this version")
			return false
		}
		if n.name != "out" || l.op != "scan" {
			c.errf("E0226", n.at, "`%s` has no argument `%s`", l.op, n.name).hint("`scan` takes `out: (s, x) => y`")
			return false
		}
		v := n.val(c, nil)
		f, ok := v.(Fun)
		if !ok {
			if !isPoison(v) {
				c.errf("E0633", n.at, "`out` is a function of the state and the element")
			}
			return false
		}
		l.out = f
	}
	return true
}

// arity is how many arguments a function takes, 0 where that is not known.
func arity(f Fun) int {
	switch f := f.(type) {
	case *Lambda:
		return lambdaArity(f)
	case *FnRef:
		return len(f.n.Args)
	case *Typed:
		return len(f.t.Args)
	case *Layer:
		return len(f.m.n.Args)
	case *ModelRef:
		return len(f.n.Args)
	case *opaqueFun:
		return len(f.t.Args)
	case *Deriv:
		return 1
	}
	return 0
}

func (l *loopCall) step(c *cx, f Fun, s Value, fr *frame) Value {
	if l.count {
		return c.invoke(f, l.at, l.node.node, s)
	}
	return c.invoke(f, l.at, l.node.node, s, l.seq.elem(c, fr))
}

// run settles the kinds of the state, then emits the loop.
//
// Note: the kind of a state. A state that begins with constants takes the kind
// that its step returns: the step is evaluated once, for nothing, at constants
// that tell nothing but their dimensions.
func (l *loopCall) run(c *cx, s0 Value, at source.Span) Value {
	if isPoison(s0) {
		return poison
	}
	if untypedIn(s0) {
		kinds := l.kinds(c, s0, at)
		if kinds == nil {
			return poison
		}
		s0 = kinds
	}
	s0 = c.force(s0, at)
	if hasPoison(s0) {
		return poison
	}
	if len(leaves(s0)) == 0 {
		c.errf("E0634", at, "the state of a loop is a number, tensor, record or tuple, and this is %s", c.describe(s0))
		return poison
	}
	var shape Value
	failed := false
	last, ys := c.scanLoop(l.seq.n, c.values(s0), func(d *cx, fr *frame, carry []*ir.Value) (next, ys []*ir.Value) {
		s := d.rebuild(s0, carry)
		v := l.step(d, l.f, s, fr)
		n, ok := l.sameState(d, v, s0, at)
		if !ok {
			failed = true
			return carry, nil
		}
		next = d.values(n)
		if l.op == "fold" {
			return next, nil
		}
		y := n
		if l.out != nil {
			y = d.force(l.step(d, l.out, n, fr), l.at)
			if hasPoison(y) {
				failed = true
				return carry, nil
			}
		}
		shape = y
		return next, d.values(y)
	})
	if failed {
		return poison
	}
	end := c.rebuild(s0, last)
	if l.op == "fold" {
		return end
	}
	list := c.listValue(shape, ys, []ir.Dim{l.seq.n})
	if l.out == nil {
		return list
	}
	return &Rec{[]string{"last", "out"}, []Value{end, list}}
}

// sameState brings what a step returns to the type of the state.
func (l *loopCall) sameState(c *cx, v, s0 Value, at source.Span) (Value, bool) {
	if hasPoison(v) {
		return nil, false
	}
	want := c.typeOf(s0)
	n := c.coerce(v, want, place{at: funSpan(l.f, l.at), what: "the next state", from: at})
	n = c.force(n, l.at)
	return n, !hasPoison(n)
}

func funSpan(f Fun, at source.Span) source.Span {
	switch f := f.(type) {
	case *Lambda:
		return f.n.Body.Span()
	}
	return at
}

// untypedIn reports a constant without a kind among the leaves of a value.
func untypedIn(v Value) bool {
	switch v := v.(type) {
	case *Num:
		return v.untyped()
	case *Rec:
		return anyUntyped(v.Vals)
	case *Tup:
		return anyUntyped(v.Vals)
	}
	return false
}

func anyUntyped(vs []Value) bool {
	for _, v := range vs {
		if untypedIn(v) {
			return true
		}
	}
	return false
}

// kinds gives the constants of a first state the kinds that the step returns;
// nil where the step has errors.
func (l *loopCall) kinds(c *cx, s0 Value, at source.Span) Value {
	var probe func(v Value) Value
	probe = func(v Value) Value {
		switch v := v.(type) {
		case *Num:
			if v.untyped() {
				t := v
				return &Num{Dims: v.Dims, mk: func(c *cx, k ir.Kind) *ir.Value { return t.raw(c, k) }}
			}
		case *Rec:
			out := &Rec{Names: v.Names}
			for _, x := range v.Vals {
				out.Vals = append(out.Vals, probe(x))
			}
			return out
		case *Tup:
			out := &Tup{}
			for _, x := range v.Vals {
				out.Vals = append(out.Vals, probe(x))
			}
			return out
		}
		return v
	}
	if v := l.try(c, probe(s0), true); v != nil {
		return c.kindsFrom(s0, v, at)
	}
	// The step needs to know a kind: the default one, or the other.
	k := c.defaultKind()
	for _, k := range []ir.Kind{k, ir.F32 + ir.F64 - k} {
		typed := c.quietKind(s0, k)
		if typed == nil {
			continue
		}
		if v := l.try(c, typed, true); v != nil && !hasPoison(v) && c.typeOf(c.force(v, at)).String() == c.typeOf(typed).String() {
			return typed
		}
	}
	if v := l.try(c, probe(s0), false); v == nil {
		return nil
	}
	return s0
}

// try evaluates the step once in a loop that is thrown away; nil where it has
// errors.
func (l *loopCall) try(c *cx, s Value, quiet bool) Value {
	if quiet {
		c.el.muted++
		failed := c.el.failed
		defer func() { c.el.muted--; c.el.failed = failed }()
	}
	fr, _ := c.openLoop(l.seq.n)
	d := *c
	d.loops = append(append([]*ir.Value{}, c.loops...), fr.iota)
	places := c.fn.places
	v := l.step(&d, l.f, s, fr)
	c.fn.places = places
	c.fn.frames = c.fn.frames[:len(c.fn.frames)-1]
	c.fn.b.Close()
	if hasPoison(v) {
		return nil
	}
	return v
}

// quietKind gives every constant in v the kind k; nil where one does not fit.
func (c *cx) quietKind(v Value, k ir.Kind) Value {
	c.el.muted++
	failed := c.el.failed
	defer func() { c.el.muted--; c.el.failed = failed }()
	d := *c
	d.lex.real = k
	out := d.force(v, c.fn.span())
	if hasPoison(out) {
		return nil
	}
	return out
}

// kindsFrom gives untyped leaves of s the kinds of the leaves of v.
func (c *cx) kindsFrom(s, v Value, at source.Span) Value {
	switch s := s.(type) {
	case *Num:
		if t, ok := v.(*Ten); ok && s.untyped() && t.T.Kind != ir.Bool && t.T.Kind != ir.Index {
			if c.fitNum(s, t.T.Kind, at) {
				return c.ten(s.make(c, t.T.Kind))
			}
			return poison
		}
	case *Rec:
		if w, ok := v.(*Rec); ok {
			out := &Rec{Names: s.Names}
			for i, n := range s.Names {
				out.Vals = append(out.Vals, c.kindsFrom(s.Vals[i], w.get(n), at))
			}
			return out
		}
	case *Tup:
		if w, ok := v.(*Tup); ok && len(w.Vals) == len(s.Vals) {
			out := &Tup{}
			for i := range s.Vals {
				out.Vals = append(out.Vals, c.kindsFrom(s.Vals[i], w.Vals[i], at))
			}
			return out
		}
	}
	return s
}

func lambdaArity(f *Lambda) int {
	if t, ok := f.n.Pattern.(*syntax.TuplePattern); ok {
		return len(t.Items)
	}
	return 1
}
