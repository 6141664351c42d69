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
			c.errf("E0330", it.at, "this value may be missing (%s), and a list holds numbers", c.typeOf(v)).
				hint("say what stands in for it: `x ?? 0`")
			return poison
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
	case *Txt, Fun:
		for _, it := range items {
			if _, ok := it.v.(*Txt); !ok {
				if _, ok := it.v.(Fun); !ok {
					return c.mixed(it, at)
				}
			}
		}
		return out
	}
	return c.mixed(items[0], at)
}

func (c *cx) mixed(it operand, at source.Span) Value {
	c.errf("E0360", it.at, "%s cannot be an item of this list", c.describe(it.v)).hint("a list holds values of one type")
	return poison
}

func (c *cx) stackRecords(items []operand, at source.Span) Value {
	var cols [][]*ir.Value
	var shape Value
	for _, it := range items {
		v := c.force(it.v, it.at)
		if hasPoison(v) {
			return poison
		}
		if shape == nil {
			shape = v
			cols = make([][]*ir.Value, len(leaves(v)))
		} else if c.typeOf(shape).String() != c.typeOf(v).String() {
			c.errf("E0361", it.at, "the items of a list have different types: %s and %s", c.typeOf(shape), c.typeOf(v)).note(items[0].at, "the first item")
			return poison
		}
		for i, l := range c.values(v) {
			cols[i] = append(cols[i], l)
		}
	}
	var vs []*ir.Value
	for _, col := range cols {
		vs = append(vs, c.stackValues(col))
	}
	return &Arr{ir.N(int64(len(items))), c.rebuild(shape, vs)}
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
