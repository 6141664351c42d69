package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
)

// coerceArray brings a list of records, tuples or values that may be missing to
// its type.
func (c *cx) coerceArray(v Value, t check.Array, p place) Value {
	inner := v
	for i, d := range t.Dims {
		a, ok := inner.(*Arr)
		if !ok {
			return c.coerceWhole(v, t, p)
		}
		if a.N != d {
			r := c.errf("E0411", p.at, "%s is %s: `%s` here, `%s` there", p.subject(), t, check.DimText(a.N), check.DimText(t.Dims[i]))
			p.noteFrom(r, t)
			return poison
		}
		inner = a.Elem
	}
	if out, ok := c.coerceElem(inner, t.Elem, t.Dims); ok {
		return lists(t.Dims, out)
	}
	return c.mismatch(v, t, p)
}

// coerceWhole brings a tensor to a list of values that may be missing: none is.
func (c *cx) coerceWhole(v Value, t check.Array, p place) Value {
	o, opt := t.Elem.(check.Opt)
	in, ok := o.X.(check.Tensor)
	if _, list := v.(*Arr); !opt || !ok || list {
		return c.mismatch(v, t, p)
	}
	in.Dims = append(t.Dims[:len(t.Dims):len(t.Dims)], in.Dims...)
	w := c.force(c.coerceTensor(v, in, p), p.at)
	if hasPoison(w) {
		return poison
	}
	return lists(t.Dims, &Opt{w, c.all(t.Dims)})
}

// all is true for every element of some dimensions.
func (c *cx) all(dims []ir.Dim) *Ten {
	return c.ten(c.spread(c.fn.b.Int(ir.ScalarOf(ir.Bool), 1), dims))
}

// coerceElem brings the element of a list, whose leaves have the dimensions of
// the list in front, to a type; ok is false where it is of another one.
func (c *cx) coerceElem(v Value, t check.Type, lead []ir.Dim) (out Value, ok bool) {
	each := func(vs []Value, ts []check.Type) (out []Value, ok bool) {
		for i, x := range vs {
			y, ok := c.coerceElem(x, ts[i], lead)
			if !ok {
				return nil, false
			}
			out = append(out, y)
		}
		return out, true
	}
	switch t := t.(type) {
	case check.Tensor:
		x, ok := v.(*Ten)
		t.Dims = append(lead[:len(lead):len(lead)], t.Dims...)
		return v, ok && sameType(x.T, t)
	case check.Opt:
		o, ok := v.(*Opt)
		if !ok {
			o = &Opt{v, c.all(lead)}
		}
		val, ok := c.coerceElem(o.Val, t.X, lead)
		return &Opt{val, o.Has}, ok
	case check.Record:
		r, ok := v.(*Rec)
		if !ok || len(r.Names) != len(t.Names) {
			return nil, false
		}
		var vs []Value
		for _, n := range t.Names {
			vs = append(vs, r.get(n))
		}
		vs, ok = each(vs, t.Types)
		return &Rec{t.Names, vs}, ok
	case check.Tuple:
		if r, ok := v.(*Tup); ok && len(r.Vals) == len(t.Items) {
			vs, ok := each(r.Vals, t.Items)
			return &Tup{vs}, ok
		}
		return nil, false
	}
	return v, v != nil
}
