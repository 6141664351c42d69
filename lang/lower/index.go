package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// index is `a[i, s:t]`.
func (c *cx) index(x *syntax.Index, want check.Type) Value {
	v := c.expr(x.X, nil)
	switch v := v.(type) {
	case *Poison:
		for _, it := range x.Items {
			if _, slice := it.(*syntax.Slice); !slice {
				c.expr(it, nil)
			}
		}
		return poison
	case *Num:
		if out, done := c.indexNumList(v, x); done {
			return out
		}
		if len(v.Dims) > 0 {
			return c.indexTensor(c.tensor(v, kindOf(want), x.X.Span()), x)
		}
	case *Ten:
		return c.indexTensor(v, x)
	case *List:
		return c.indexList(v, x)
	case *Parts:
		return c.partAt(v, x)
	case *Arr:
		return c.indexArr(v, x)
	case *Tab:
		return c.sliceTable(v, x)
	case *Tup:
		return c.indexTuple(v, x)
	case *Opt:
		c.errf("E0330", x.X.Span(), "this value may be missing (%s), and an element is taken", c.typeOf(v)).hint("ask first: `if present(x) then … else …`")
		return poison
	}
	r := c.errf("E0364", x.Span(), "%s has no elements", c.describe(v))
	if _, ok := v.(*Rec); ok {
		r.hint("a field is taken by its name: `r.a`")
	}
	return poison
}

func kindOf(t check.Type) ir.Kind {
	if t, ok := t.(check.Tensor); ok {
		return t.Kind
	}
	return ir.NoKind
}

// indexNumList takes a constant out of a list of constants.
func (c *cx) indexNumList(n *Num, x *syntax.Index) (Value, bool) {
	for _, it := range x.Items {
		num, ok := it.(*syntax.Number)
		if !ok || n.Items == nil {
			return nil, false
		}
		r, _ := parseNum(num.Text)
		if r == nil || !r.IsInt() || !r.Num().IsInt64() {
			return nil, false
		}
		i := r.Num().Int64()
		if i >= int64(len(n.Items)) {
			c.errf("E0325", it.Span(), "%d is no index of a list of %s: %s", i, many(len(n.Items), "item"), indexRange(ir.N(int64(len(n.Items)))))
			return poison, true
		}
		n = n.Items[i]
	}
	return n, true
}

// indexTuple is a part of a tuple, whose parts may have different types.
func (c *cx) indexTuple(t *Tup, x *syntax.Index) Value {
	if len(x.Items) > 1 {
		c.errf("E0363", x.Span(), "a tuple has one row of parts, and %d indices are given", len(x.Items)).
			hint("what is inside of a part is taken by an index of its own: `t[0][1]`")
		return poison
	}
	it := x.Items[0]
	if _, slice := it.(*syntax.Slice); !slice {
		switch v := c.expr(it, nil).(type) {
		case *Poison:
			return poison
		case *Num:
			if i, ok := v.int(); ok {
				if i >= 0 && i < int64(len(t.Vals)) {
					return t.Vals[i]
				}
				c.errf("E0325", it.Span(), "%d is no index of a tuple of %s: %s", i, many(len(t.Vals), "part"), indexRange(ir.N(int64(len(t.Vals)))))
				return poison
			}
		}
	}
	c.errf("E0363", it.Span(), "a part of a tuple is chosen when the program is compiled, by a constant").
		hint("parts of one type that are chosen as the program runs are a list: `[a, b][i]`")
	return poison
}

func (c *cx) indexList(l *List, x *syntax.Index) Value {
	if len(x.Items) == 1 {
		if n, ok := c.expr(x.Items[0], nil).(*Num); ok {
			if i, ok := n.int(); ok {
				if i >= 0 && i < int64(len(l.Items)) {
					return l.Items[i]
				}
				c.errf("E0325", x.Items[0].Span(), "%d is no index of a list of %s: %s", i, many(len(l.Items), "item"), indexRange(ir.N(int64(len(l.Items)))))
				return poison
			}
		}
	}
	c.errf("E0365", x.Span(), "an item of this list is chosen when the program is compiled, by a constant")
	return poison
}

func (c *cx) indexArr(a *Arr, x *syntax.Index) Value {
	lists := []*Arr{a}
	for len(lists) < len(x.Items) {
		inner, ok := lists[len(lists)-1].Elem.(*Arr)
		if !ok {
			c.errf("E0419", x.Span(), "%d indices for %s, which has %s", len(x.Items), c.describe(a), many(len(lists), "dimension"))
			return poison
		}
		lists = append(lists, inner)
	}
	bad := false
	out := mapLeaves(lists[len(lists)-1].Elem, func(t *Ten) Value {
		if bad {
			return t // reported once, not for every leaf
		}
		v := c.indexTensor(t, x)
		u, ok := v.(*Ten)
		if !ok {
			bad = true
			return t
		}
		return u
	})
	if bad {
		return poison
	}
	// The leaves have all dimensions; the lists around them are those that stay.
	for i := len(x.Items) - 1; i >= 0; i-- {
		if s, ok := x.Items[i].(*syntax.Slice); ok {
			n, ok := c.sliceSize(s, lists[i].N, true)
			if !ok {
				return poison
			}
			out = &Arr{n, out}
		}
	}
	return out
}

// indexTensor applies the items from the left; what is left out stays whole.
func (c *cx) indexTensor(t *Ten, x *syntax.Index) Value {
	if t == nil {
		return poison
	}
	if len(x.Items) > t.T.Rank() {
		c.errf("E0419", x.Span(), "%d indices for %s, which has %d dimensions", len(x.Items), c.describe(t), t.T.Rank()).note(x.X.Span(), "this is %s", c.describe(t))
		return poison
	}
	axis := 0
	for _, it := range x.Items {
		if s, ok := it.(*syntax.Slice); ok {
			u := c.sliceAxis(t, s, axis)
			if u == nil {
				return poison
			}
			t, axis = u, axis+1
			continue
		}
		u := c.indexAxis(t, it, axis)
		if u == nil {
			return poison
		}
		axis += u.T.Rank() - t.T.Rank() + 1
		t = u
	}
	return t
}

// indexAxis takes elements along one axis: a constant, an index, an integer
// that is checked, or a tensor of indices.
func (c *cx) indexAxis(t *Ten, x syntax.Expr, axis int) *Ten {
	d := t.T.Dims[axis]
	v := c.expr(x, nil)
	switch v := v.(type) {
	case *Poison:
		return nil
	case *Num:
		if i, ok := v.int(); ok {
			if n, known := d.Const(); i < 0 || known && i >= n {
				c.errf("E0325", x.Span(), "%d is no index of the dimension `%s` of %s: %s", i, check.DimText(d), c.describe(t), indexRange(d))
				return nil
			}
			return c.pickAxis(t, axis, ir.N(i), d, x.Span())
		}
		if e, ok := v.dim(); ok && c.surely(e, d) {
			return c.pickAxis(t, axis, e, d, x.Span())
		}
		if !v.untyped() || v.mk != nil && !v.Float {
			return c.gather(t, c.checkedIndex(v, d, x), axis)
		}
		s, _ := v.text()
		c.errf("E0324", x.Span(), "%s is no index", s)
		return nil
	case *Txt:
		if tab := c.byDim[d.String()]; tab != nil {
			if m, ok := c.memberOf(tab, v, x.Span()).(*Ten); ok {
				return c.gather(t, m, axis)
			}
			return nil
		}
	case *Pick:
		if tab := c.byDim[d.String()]; tab != nil {
			m, _ := c.pickMember(v, tab, x.Span()).(*Ten)
			return c.gather(t, m, axis)
		}
	case *Opt:
		c.isNumber("[ ]", operand{v, x.Span()})
		return nil
	}
	if i := c.asIndex(v); i != nil {
		return c.gatherBy(t, i, d, x, axis)
	}
	if u, ok := v.(*Ten); ok && u.T.Kind.IsInt() {
		return c.gather(t, c.checkedIndex(u, d, x), axis)
	}
	if u, ok := v.(*Ten); ok && u.T.IsFloat() {
		c.errf("E0366", x.Span(), "an index is an integer, and this is %s", c.describe(u)).hint("convert it: `i64(x)` cuts off the fraction")
		return nil
	}
	if u, ok := v.(*Ten); ok && u.T.Kind == ir.Bool {
		c.errf("E0367", x.Span(), "elements are not chosen by bools").hint("write `[x for x in xs if …]` inside an aggregate")
		return nil
	}
	c.errf("E0324", x.Span(), "%s is no index", c.describe(v))
	return nil
}

// indexRange says which indices a dimension has.
func indexRange(d ir.Dim) string {
	if n, known := d.Const(); known && n > 0 {
		return fmt.Sprintf("indices go from 0 to %d", n-1)
	}
	return "indices go from 0 to before " + check.DimText(d)
}

// surely reports whether 0 <= i < d for sizes, as far as that can be proved:
// d - i is a positive constant.
func (c *cx) surely(i, d ir.Dim) bool {
	n, ok := d.Sub(i).Const()
	return ok && n > 0
}

// gatherBy indexes with values of an index type.
func (c *cx) gatherBy(t, i *Ten, d ir.Dim, x syntax.Expr, axis int) *Ten {
	if i.T.Bound == d {
		return c.gather(t, i, axis)
	}
	if tab := c.byDim[d.String()]; tab != nil && i.Of != nil && i.Of.Base == tab.Base {
		c.errf("E0420", x.Span(), "this is a row of %s, and the dimension is that of the subset %s", i.Of.Name, tab.Name).
			note(tab.At, "%s has fewer rows than %s", tab.Name, i.Of.Name)
		return nil
	}
	if i.Of != nil || c.byDim[d.String()] != nil {
		r := c.errf("E0421", x.Span(), "the dimension `%s` is indexed with %s", check.DimText(d), c.describe(i))
		if tab := c.byDim[d.String()]; tab != nil {
			r.note(tab.At, "`%s` is declared here", tab.Name)
		} else {
			r.hint("declare what is indexed over that dimension: `f32[%s]`", i.Of.Name)
		}
		return nil
	}
	a, ok1 := i.T.Bound.Const()
	n, ok2 := d.Const()
	if ok1 && ok2 && a <= n || c.surely(i.T.Bound.Sub(ir.N(1)), d) {
		j := c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: d}, c.use(i))
		return c.gather(t, c.ten(j), axis)
	}
	return c.gather(t, c.checkedIndex(i, d, x), axis)
}

// checkedIndex makes an index of an integer; outside of the dimension is an
// error when the program runs, in the branch taken.
func (c *cx) checkedIndex(v Value, d ir.Dim, x syntax.Expr) *Ten {
	var u *ir.Value
	switch v := v.(type) {
	case *Num:
		if !c.fitNum(v, ir.I64, x.Span()) {
			return nil
		}
		k := v.Kind
		if k == ir.NoKind {
			k = ir.I64
		}
		u = v.make(c, k)
	case *Ten:
		u = c.use(v)
	}
	if u.Type.Kind == ir.I32 || u.Type.Kind == ir.Index {
		u = c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, u)
	}
	return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: d}, u))
}

// gather takes t's elements at idx along an axis.
func (c *cx) gather(t, idx *Ten, axis int) *Ten {
	if idx == nil {
		return nil
	}
	tv, iv := c.use(t), c.use(idx)
	if axis == 0 {
		for _, fr := range c.fn.frames {
			if fr.iota == iv && fr.count == tv.Type.Dims[0] && c.outside(fr, tv) {
				out := c.ten(c.elem(fr, tv))
				out.Of = t.Of
				return out
			}
		}
	}
	out := c.ten(c.fn.b.One("gather", ir.GatherAttrs{Axis: axis}, tv, iv))
	out.Of = t.Of
	return out
}

// pick is element i of the leading dimension.
func (c *cx) pick(t *Ten, i int64) Value {
	return c.pickAxis(t, 0, ir.N(i), t.T.Dims[0], c.fn.b.Span)
}

// pickAxis is the element at a known place of an axis.
func (c *cx) pickAxis(t *Ten, axis int, i, d ir.Dim, at source.Span) *Ten {
	v := c.use(t)
	a := ir.SliceAttrs{}
	var rest []ir.Dim
	for k, dim := range v.Type.Dims {
		if k == axis {
			a.Starts, a.Sizes = append(a.Starts, i), append(a.Sizes, ir.N(1))
		} else {
			a.Starts, a.Sizes = append(a.Starts, ir.N(0)), append(a.Sizes, dim)
			rest = append(rest, dim)
		}
		a.Steps = append(a.Steps, 1)
	}
	if _, known := d.Const(); !known && !c.surely(i, d) {
		j := c.fn.b.One("size", ir.SizeAttrs{N: i, K: ir.I64})
		idx := c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: d}, j)
		return c.gather(t, c.ten(idx), axis)
	}
	s := c.fn.b.One("slice", a, v)
	out := c.ten(c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: rest}, s))
	out.Of = t.Of
	return out
}

// sliceSize is hi - lo of a slice of a dimension.
func (c *cx) sliceSize(s *syntax.Slice, d ir.Dim, report bool) (ir.Dim, bool) {
	lo, hi := ir.N(0), d
	ok := true
	if s.Lo != nil {
		lo, ok = c.bound(s.Lo, ir.N(0))
	}
	if ok && s.Hi != nil {
		hi, ok = c.bound(s.Hi, d)
	}
	if !ok {
		return ir.Dim{}, false
	}
	return hi.Sub(lo), true
}

// bound is an end of a slice that is known when the program is compiled.
func (c *cx) bound(x syntax.Expr, d ir.Dim) (ir.Dim, bool) {
	v := c.expr(x, nil)
	if n, ok := v.(*Num); ok {
		if e, ok := n.dim(); ok {
			return e, true
		}
	}
	if !isPoison(v) {
		c.errf("E0368", x.Span(), "the ends of a slice are sizes known when the program is compiled, and this is %s", c.describe(v))
	}
	return ir.Dim{}, false
}

// sliceAxis is `a[lo:hi]` along one axis. Where the start is computed, the end
// must be the start and a size: `a[s : s + 8]`.
func (c *cx) sliceAxis(t *Ten, s *syntax.Slice, axis int) *Ten {
	d := t.T.Dims[axis]
	if s.Lo != nil {
		if v := c.quietAny(s.Lo); v != nil {
			n, num := v.(*Num)
			if _, moving := c.widthOf(s); !num || moving && !n.untyped() {
				return c.movingSlice(t, s, axis)
			}
		}
	}
	lo, hi, ok := ir.N(0), d, true
	if s.Lo != nil {
		lo, ok = c.bound(s.Lo, d)
	}
	if ok && s.Hi != nil {
		hi, ok = c.bound(s.Hi, d)
	}
	if !ok {
		return nil
	}
	size := hi.Sub(lo)
	if n, known := size.Const(); known && n < 0 {
		c.errf("E0422", s.Span(), "the slice ends before it begins")
		return nil
	}
	if n, known := lo.Const(); known && n < 0 {
		c.errf("E0423", s.Lo.Span(), "a slice does not begin at %d; there is no counting from the end", n).hint("write `a[n - %d:]`", -n)
		return nil
	}
	if n, known := d.Sub(hi).Const(); known && n < 0 {
		c.errf("E0424", s.Span(), "the slice ends at %s, behind the end of the dimension `%s`", check.DimText(hi), check.DimText(d))
		return nil
	}
	v := c.use(t)
	a := ir.SliceAttrs{}
	for k, dim := range v.Type.Dims {
		if k == axis {
			a.Starts, a.Sizes = append(a.Starts, lo), append(a.Sizes, size)
		} else {
			a.Starts, a.Sizes = append(a.Starts, ir.N(0)), append(a.Sizes, dim)
		}
		a.Steps = append(a.Steps, 1)
	}
	out := c.ten(c.fn.b.One("slice", a, v))
	out.Of = t.Of
	return out
}

// quietAny evaluates without reporting and without keeping the operations.
func (c *cx) quietAny(x syntax.Expr) Value {
	c.el.muted++
	failed := c.el.failed
	v := c.expr(x, nil)
	c.el.muted--
	c.el.failed = failed
	return v
}

// movingSlice is `a[s : s + n]` with a computed start: n checked indices.
func (c *cx) movingSlice(t *Ten, s *syntax.Slice, axis int) *Ten {
	size, ok := c.widthOf(s)
	if !ok {
		c.errf("E0368", s.Span(), "the length of a slice is known when the program is compiled").hint("with a computed start write `a[s : s + 8]`")
		return nil
	}
	start := c.expr(s.Lo, nil)
	k := c.tensor(start, ir.I64, s.Lo.Span())
	if k == nil || k.T.Rank() > 0 || !k.T.Kind.IsInt() && k.T.Kind != ir.Index {
		if !isPoison(start) {
			c.errf("E0366", s.Lo.Span(), "a slice begins at an integer, and this is %s", c.describe(start)).hint("convert it: `i64(x)` cuts off the fraction")
		}
		return nil
	}
	b := c.fn.b
	sv := c.convert(c.use(k), ir.ScalarOf(ir.I64))
	steps := b.One("convert", ir.ConvertAttrs{K: ir.I64}, b.One("iota", ir.IotaAttrs{N: size}))
	all := b.Add(steps, c.spread(sv, []ir.Dim{size}))
	idx := b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: t.T.Dims[axis]}, all)
	return c.gather(t, c.ten(idx), axis)
}

// widthOf finds n in `s : s + n`, by the text of both ends.
func (c *cx) widthOf(s *syntax.Slice) (ir.Dim, bool) {
	hi, ok := s.Hi.(*syntax.Binary)
	if !ok || hi.Op != "+" || hi.X.Span().Text() != s.Lo.Span().Text() {
		return ir.Dim{}, false
	}
	n, ok := c.expr(hi.Y, nil).(*Num)
	if !ok {
		return ir.Dim{}, false
	}
	return n.dim()
}
