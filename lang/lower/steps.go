package lower

import (
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Note: the steps of a training in a loop. `fit.loss(p, step: t)` runs over rows
// that are settled before the program runs, a table of their own for each step.
// So `[fit.loss(p, step: t) for t in 1..4]`, whose loop says which steps, is the
// list of its elements written out.

// mostSteps is how many steps a loop names at most.
const mostSteps = 200

// overSteps is a list whose element asks for the objective of the step that its
// loop names; done is false where it is none.
func (c *cx) overSteps(elem syntax.Expr, clauses []syntax.For, at syntax.Node, inner check.Type) (v Value, done bool) {
	if len(clauses) != 1 {
		return nil, false
	}
	in, ok := clauses[0].(*syntax.ForIn)
	if !ok {
		return nil, false
	}
	name, ok := in.Pattern.(*syntax.Name)
	if !ok || !asksStep(elem, name.Name) {
		return nil, false
	}
	steps, ok := wholeNumbers(c.expr(in.Xs, nil))
	if !ok {
		return nil, false
	}
	if len(steps) > mostSteps {
		c.errf("E0747", in.Xs.Span(), "a list goes over %d steps at most: each has rows of its own", mostSteps)
		return poison, true
	}
	var items []operand
	for _, i := range steps {
		items = append(items, operand{c.with(name.Name, name.Span(), i).expr(elem, inner), elem.Span()})
		if hasPoison(items[len(items)-1].v) {
			return poison, true // reported once
		}
	}
	return c.listOf(items, inner, at.Span()), true
}

// aggSteps is an aggregate of such a list.
func (c *cx) aggSteps(x *syntax.Aggregate, want check.Type) (Value, bool) {
	v, done := c.overSteps(x.Elem, x.Clauses, x, nil)
	if !done || isPoison(v) {
		return v, done
	}
	elem := &syntax.Name{Pos: syntax.Pos{At: x.Elem.Span()}, Name: "the objective"}
	list := &syntax.Name{Pos: elem.Pos, Name: "the objectives"}
	y := *x
	y.Elem, y.Clauses = elem, []syntax.For{&syntax.ForIn{Pos: elem.Pos, Pattern: elem, Xs: list}}
	return c.with(list.Name, list.Span(), v).aggregate(&y, want), true
}

// asksStep reports whether an expression has a call `….loss(…, step: e)` with a
// name in e.
func asksStep(x syntax.Expr, name string) (asks bool) {
	syntax.Walk(x, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return !asks
		}
		if s, ok := call.Fun.(*syntax.Select); !ok || s.Name.Name != "loss" {
			return !asks
		}
		for _, a := range call.Named {
			if a.Name.Name == "step" {
				syntax.Walk(a.Value, func(n syntax.Node) bool {
					m, ok := n.(*syntax.Name)
					asks = asks || ok && m.Name == name
					return !asks
				})
			}
		}
		return !asks
	})
	return asks
}

// wholeNumbers lists what a loop over constants goes over.
func wholeNumbers(v Value) (out []*Num, ok bool) {
	lo, hi := int64(0), int64(-1)
	switch v := v.(type) {
	case *Num:
		if len(v.Items) > 0 {
			for _, x := range v.Items {
				if _, whole := x.int(); !whole {
					return nil, false
				}
				out = append(out, x)
			}
			return out, true
		}
		if n, whole := v.int(); whole && v.scalar() {
			hi = n
		}
	case *Range:
		a, ok1 := v.Lo.(*Num)
		b, ok2 := v.Hi.(*Num)
		if !ok1 || !ok2 {
			return nil, false
		}
		if lo, ok1 = a.int(); ok1 {
			hi, ok2 = b.int()
		}
		if !ok1 || !ok2 {
			return nil, false
		}
	}
	for i := lo; i < hi && i-lo <= mostSteps; i++ {
		out = append(out, intNum(i))
	}
	return out, hi > lo
}
