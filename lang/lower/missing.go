package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// mayLackEach reports a list of which each element may be missing.
func mayLackEach(v Value) (*Arr, bool) {
	a, ok := v.(*Arr)
	if !ok {
		return nil, false
	}
	if _, opt := a.Elem.(*Opt); opt {
		return a, true
	}
	_, deep := mayLackEach(a.Elem)
	return a, deep
}

// lacksEach reports, for a list of which each element may be missing, that
// what needs them says what stands in.
func (c *cx) lacksEach(v Value, who string, at source.Span) bool {
	a, ok := mayLackEach(v)
	if ok {
		c.errf("E0330", at, "elements of this may be missing (%s), and %s needs them all", c.typeOf(a), who).
			hint("say what stands in for them: `xs ?? 0`, or leave them out: `sum(x for x in xs if present(x))`")
	}
	return ok
}

// mapEach is f of every element of a list.
func (c *cx) mapEach(a *Arr, f func(d *cx, elem Value) Value) Value {
	seq := c.iter(a, c.fn.span())
	var shape Value
	vs := c.mapLoop(seq.n, func(d *cx, fr *frame) []*ir.Value {
		v := d.force(f(d, seq.elem(d, fr)), d.fn.span())
		if hasPoison(v) {
			return nil
		}
		shape = v
		return d.values(v)
	})
	if shape == nil {
		return poison
	}
	return c.listValue(shape, vs, []ir.Dim{seq.n})
}

// presentIn is whether a value is there, for each element of a list.
func (c *cx) presentIn(v Value) Value {
	switch v := v.(type) {
	case *Opt:
		return v.Has
	case *Arr:
		return c.presentIn(v.Elem) // its tensors have the dimensions of the lists
	}
	return poison
}

// orElse is `x ?? y`, element by element where x is a list of what may be missing.
func (c *cx) orElse(n *syntax.Binary, want check.Type) Value {
	x := c.expr(n.X, want)
	if isPoison(x) {
		c.expr(n.Y, want)
		return poison
	}
	return c.orElseOf(x, n, want)
}

func (c *cx) orElseOf(x Value, n *syntax.Binary, want check.Type) Value {
	if a, ok := mayLackEach(x); ok {
		if t, ok := want.(check.Tensor); ok && len(t.Dims) > 0 {
			t.Dims = t.Dims[1:]
			want = t
		}
		return c.mapEach(a, func(d *cx, elem Value) Value { return d.orElseOf(elem, n, want) })
	}
	o, ok := x.(*Opt)
	if !ok {
		c.warnf("E0353", n.X.Span(), "this value is always there (%s), so `??` does nothing", c.describe(x)).hint("leave `?? …` away")
		return x
	}
	if f, ok := o.Has.(*Flag); ok {
		if f.On {
			return o.Val
		}
		return c.expr(n.Y, want)
	}
	val := c.force(o.Val, n.X.Span())
	inner := c.typeOf(val)
	return c.either(o.Has.(*Ten), n.Span(), inner,
		func(d *cx) (Value, source.Span) { return val, n.X.Span() },
		func(d *cx) (Value, source.Span) { return d.expr(n.Y, inner), n.Y.Span() })
}
