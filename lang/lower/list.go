package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// list is `[a, b]`: a tensor where its items are numbers or tensors.
func (c *cx) list(x *syntax.List, want check.Type) Value {
	var inner check.Type
	switch t := want.(type) {
	case check.Tensor:
		if len(t.Dims) > 0 {
			t.Dims = t.Dims[1:]
			inner = t
		}
	case check.Array:
		inner = t.Elem
	}
	var items []operand
	for _, i := range x.Items {
		items = append(items, operand{c.expr(i, inner), i.Span()})
	}
	return c.listOf(items, inner, x.Span())
}

func (c *cx) listOf(items []operand, inner check.Type, at source.Span) Value {
	if len(items) == 0 {
		c.errf("E0359", at, "a list needs at least one item").hint("an empty vector is `zeros(0)`")
		return poison
	}
	numbers, kind := true, ir.NoKind
	var first *Ten
	for _, it := range items {
		switch v := it.v.(type) {
		case *Poison:
			return poison
		case *Num:
			if v.Kind != ir.NoKind {
				numbers, kind = false, v.Kind
			}
		case *Ten:
			numbers = false
			if first == nil {
				first = v
			}
		case *Opt:
			if isText(v.Val) {
				return c.otherList(items, at)
			}
			return c.stackOptional(items, v, at)
		default:
			return c.otherList(items, at)
		}
	}
	if numbers {
		return c.numList(items, at)
	}
	return c.stackItems(items, first, kind, at)
}

// numList is a list of constants, which stays without a kind.
func (c *cx) numList(items []operand, at source.Span) Value {
	n := &Num{}
	for _, it := range items {
		x := it.v.(*Num)
		if len(n.Items) > 0 && !ir.EqualDims(n.Items[0].Dims, x.Dims) {
			c.errf("E0418", it.at, "the items of a list have different dimensions: %s and %s", c.describe(n.Items[0]), c.describe(x)).note(items[0].at, "the first item")
			return poison
		}
		n.Items = append(n.Items, x)
		n.Float = n.Float || x.Float
		if x.fn != nil {
			n.fn = x.fn
		}
	}
	n.Dims = append([]ir.Dim{ir.N(int64(len(items)))}, n.Items[0].Dims...)
	return n
}

// stackItems makes a tensor of tensors and constants.
func (c *cx) stackItems(items []operand, first *Ten, kind ir.Kind, at source.Span) Value {
	if first == nil {
		first = c.tensor(items[0].v, kind, items[0].at)
		for _, it := range items {
			if n := it.v.(*Num); n.Kind != ir.NoKind {
				first = c.tensor(n, kind, it.at)
				break
			}
		}
	}
	if first == nil {
		return poison
	}
	want := check.Tensor{Kind: first.T.Kind, Bound: first.T.Bound, Of: first.Of, Dims: first.T.Dims}
	var vs []*ir.Value
	for _, it := range items {
		v := c.coerce(it.v, want, place{at: it.at, what: "every item of this list", from: at})
		if isPoison(v) {
			return poison
		}
		vs = append(vs, c.use(c.tensor(v, want.Kind, it.at)))
	}
	t := c.ten(c.stackValues(vs))
	t.Of = first.Of
	return t
}

// stackValues puts values of one type under a new leading dimension.
func (c *cx) stackValues(vs []*ir.Value) *ir.Value {
	b := c.fn.b
	var rows []*ir.Value
	for _, v := range vs {
		rows = append(rows, b.One("reshape", ir.ReshapeAttrs{Dims: append([]ir.Dim{ir.N(1)}, v.Type.Dims...)}, v))
	}
	if len(rows) == 1 {
		return rows[0]
	}
	return b.One("concat", ir.AxisAttrs{Axis: 0}, rows...)
}

// otherList is a list of records, bools or rows (leaf by leaf), or of what no
// tensor holds.
func (c *cx) otherList(items []operand, at source.Span) Value {
	out := &List{}
	for _, it := range items {
		out.Items = append(out.Items, it.v)
	}
	switch items[0].v.(type) {
	case *Rec, *Tup, *Arr:
		return c.stackRecords(items, at)
	case *Flag, *Row:
		for i, it := range items {
			t := c.tensor(it.v, ir.NoKind, it.at)
			if t == nil {
				return c.mixed(it, at)
			}
			items[i].v = t
		}
		return c.stackItems(items, items[0].v.(*Ten), ir.NoKind, at)
	case *Txt, *Str, *Pick, *Opt:
		return c.homogeneous(out, items, at, isText)
	case Fun:
		return c.homogeneous(out, items, at, isFun)
	}
	return c.mixed(items[0], at)
}

// isText reports a text that no tensor holds, and one that may be missing.
func isText(v Value) bool {
	switch v := v.(type) {
	case *Txt, *Str, *Pick:
		return true
	case *Opt:
		return isText(v.Val)
	}
	return false
}

// homogeneous is l where ok holds for every item.
func (c *cx) homogeneous(l *List, items []operand, at source.Span, ok func(Value) bool) Value {
	for _, it := range items {
		if !ok(it.v) {
			return c.mixed(it, at)
		}
	}
	return l
}

func (c *cx) mixed(it operand, at source.Span) Value {
	c.errf("E0360", it.at, "%s cannot be an item of this list", c.describe(it.v)).hint("a list holds values of one type")
	return poison
}

// stackRecords is a list of records or tuples: a record of lists.
func (c *cx) stackRecords(items []operand, at source.Span) Value {
	var vs []Value
	for i, it := range items {
		v := c.force(it.v, it.at)
		if hasPoison(v) {
			return poison
		}
		if vs = append(vs, v); c.typeOf(vs[0]).String() != c.typeOf(v).String() {
			c.errf("E0361", items[i].at, "the items of a list have different types: %s and %s", c.typeOf(vs[0]), c.typeOf(v)).note(items[0].at, "the first item")
			return poison
		}
	}
	n := ir.N(int64(len(vs)))
	return &Arr{n, c.stackLeaves(vs, []ir.Dim{n})}
}

// stackLeaves puts values of one type under a leading dimension, leaf by leaf;
// the leaves of the result have the dimensions `lead`.
func (c *cx) stackLeaves(vs []Value, lead []ir.Dim) Value {
	parts := func(of func(v Value) Value) []Value {
		var out []Value
		for _, v := range vs {
			out = append(out, of(v))
		}
		return out
	}
	each := func(first []Value, of func(v Value) []Value) []Value {
		var out []Value
		for i := range first {
			out = append(out, c.stackLeaves(parts(func(v Value) Value { return of(v)[i] }), lead))
		}
		return out
	}
	switch first := vs[0].(type) {
	case *Rec:
		return &Rec{first.Names, each(first.Vals, func(v Value) []Value { return v.(*Rec).Vals })}
	case *Tup:
		return &Tup{each(first.Vals, func(v Value) []Value { return v.(*Tup).Vals })}
	case *Opt:
		return &Opt{c.stackLeaves(parts(func(v Value) Value { return v.(*Opt).Val }), lead),
			c.stackLeaves(parts(func(v Value) Value { return v.(*Opt).Has }), lead)}
	case *Arr:
		inner := append(lead[:len(lead):len(lead)], first.N)
		return &Arr{first.N, c.stackLeaves(parts(func(v Value) Value { return v.(*Arr).Elem }), inner)}
	case *Ten:
		var ts []*ir.Value
		for _, v := range vs {
			ts = append(ts, c.use(v.(*Ten)))
		}
		out := c.ten(c.stackValues(ts))
		out.Of = first.Of
		return out
	}
	return c.stackTexts(vs, lead)
}

// stackTexts is the text of each item of a list: that of the first item where
// it is the first, and so on. Items of the same text are asked for at once.
func (c *cx) stackTexts(vs []Value, lead []ir.Dim) Value {
	rest := make([]bool, len(vs)) // the items that are done
	var distinct []Value
	var where []*Ten
	for i, v := range vs {
		if rest[i] {
			continue
		}
		on := make([]*Num, len(vs))
		for j, w := range vs {
			same := j == i || sameText(v, w)
			rest[j] = rest[j] || same
			on[j] = intNum(0)
			if same {
				on[j] = intNum(1)
			}
		}
		mask := c.constList(&Num{Items: on, Dims: lead[:1]}, ir.Bool)
		where = append(where, c.ten(c.along(mask, lead)))
		distinct = append(distinct, c.spreadLeaves(v, lead))
	}
	out := distinct[len(distinct)-1]
	for i := len(distinct) - 2; i >= 0; i-- {
		out = &Pick{where[i], distinct[i], out}
	}
	return out
}

// sameText reports two texts of which it is known that they are equal.
func sameText(v, w Value) bool {
	switch v := v.(type) {
	case *Txt:
		x, ok := w.(*Txt)
		return ok && v.S == x.S
	case *Str:
		x, ok := w.(*Str)
		return ok && v == x
	}
	return false
}

// along repeats a vector over the dimensions that follow its own.
func (c *cx) along(v *ir.Value, dims []ir.Dim) *ir.Value {
	if len(dims) == 1 {
		return v
	}
	return c.fn.b.Broadcast(v, dims, 0)
}

// spreadLeaves repeats the leaves of an item for each item of a list.
func (c *cx) spreadLeaves(v Value, lead []ir.Dim) Value {
	return mapLeaves(v, func(t *Ten) Value {
		x := c.use(t)
		var axes []int
		for i := range x.Type.Dims {
			axes = append(axes, i+1)
		}
		out := c.ten(c.fn.b.Broadcast(x, append(lead[:1:1], x.Type.Dims...), axes...))
		out.Of = t.Of
		return out
	})
}

// stackOptional is a list with an item that may be missing: then each may be.
func (c *cx) stackOptional(items []operand, first *Opt, at source.Span) Value {
	want := check.Opt{X: c.typeOf(first.Val)}
	whole := make([]operand, len(items))
	for i, it := range items {
		o, ok := c.coerce(it.v, want, place{at: it.at, what: "every item of this list", from: at}).(*Opt)
		if !ok || hasPoison(o.Val) {
			return poison
		}
		if f, ok := o.Has.(*Flag); ok {
			o = &Opt{o.Val, c.tensor(f, ir.Bool, it.at)}
		}
		whole[i] = operand{o, it.at}
	}
	return c.stackRecords(whole, at)
}

func (c *cx) tuple(x *syntax.Tuple, want check.Type) Value {
	out := &Tup{}
	t, ok := want.(check.Tuple)
	for i, it := range x.Items {
		var w check.Type
		if ok && i < len(t.Items) {
			w = t.Items[i]
		}
		out.Vals = append(out.Vals, c.expr(it, w))
	}
	return out
}

// recordExpr is `{ a, b: e, ...r }`; later fields replace earlier ones.
func (c *cx) recordExpr(x *syntax.Record, want check.Type) Value {
	out := &Rec{}
	t, _ := want.(check.Record)
	set := func(n string, v Value) {
		for i, m := range out.Names {
			if m == n {
				out.Vals[i] = v
				return
			}
		}
		out.Names, out.Vals = append(out.Names, n), append(out.Vals, v)
	}
	seen := map[string]bool{}
	for _, it := range x.Items {
		if it.Spread {
			switch r := c.expr(it.Value, nil).(type) {
			case *Rec:
				for i, n := range r.Names {
					set(n, r.Vals[i])
				}
			case *Poison:
				return poison
			default:
				c.errf("E0362", it.Span(), "`...` spreads a record, and this is %s", c.describe(r))
				return poison
			}
			continue
		}
		n := it.Name.Name
		if seen[n] {
			c.errf("E0313", it.Name.Span(), "the record has two fields `%s`", n)
		}
		seen[n] = true
		var w check.Type
		for i, m := range t.Names {
			if m == n {
				w = t.Types[i]
			}
		}
		set(n, c.expr(it.Value, w))
	}
	return out
}
