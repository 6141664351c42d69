package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// derived declares `table T = …` and `table (A, B) = …`.
func (c *cx) derived(d *check.Decl, n *syntax.Table) Value {
	c.tableNames = nil
	for _, x := range n.Names {
		c.tableNames = append(c.tableNames, x)
	}
	var v Value
	if x, ok := n.Value.(*syntax.Comprehension); ok {
		v, _ = c.mappedRows(x)
	}
	if v == nil {
		v = c.expr(n.Value, nil)
	}
	if isPoison(v) {
		for _, x := range n.Names {
			if o := d.Module.Decls[x.Name]; o != nil {
				c.global[o] = &binding{val: poison}
			}
		}
		return poison
	}
	var tabs []Value
	switch v := v.(type) {
	case *Tab:
		tabs = []Value{v}
	case *Tup:
		tabs = v.Vals
	default:
		c.errf("E0530", n.Value.Span(), "this is no table but %s", c.describe(v))
		return poison
	}
	if len(tabs) != len(n.Names) {
		c.errf("E0531", n.Span(), "%d names for %d tables", len(n.Names), len(tabs))
		return poison
	}
	out := Value(poison)
	for i, x := range n.Names {
		o := d.Module.Decls[x.Name]
		if o == nil || o.Node != syntax.Decl(n) {
			continue
		}
		t, ok := tabs[i].(*Tab)
		if !ok {
			c.errf("E0530", n.Value.Span(), "this is no table but %s", c.describe(tabs[i]))
			c.global[o] = &binding{val: poison}
			continue
		}
		if t.T.Name != x.Name {
			t = c.slice(t.T, x.Name, 0, -1, x.Span()) // another name for the same rows
		}
		c.global[o] = &binding{val: t, at: x.Span()}
		if o == d {
			out = t
		}
	}
	return out
}

// subset declares a table whose rows are rows of another one.
func (c *cx) subset(of *check.Table, word string, i int, node *ir.Derive, at source.Span) *Tab {
	name, where := "", at
	if i < len(c.tableNames) {
		name, where = c.tableNames[i].Name, c.tableNames[i].Span()
	}
	if name == "" || c.byDim[name] != nil {
		// No dot: a column is named TABLE.FIELD.
		base := of.Name + "_" + word
		name = base
		for k := 2; c.byDim[name] != nil || c.prog.Main.Decls[name] != nil; k++ {
			name = fmt.Sprintf("%s%d", base, k)
		}
	}
	t := c.addTable(&check.Table{Name: name, Base: of.Base, Parent: of, Keyed: of.Keyed, TextKey: of.TextKey, At: where, Present: map[string]bool{}})
	for p := range of.Present {
		t.Present[p] = true
	}
	node.Of = of.Name
	old := c.el.nodeAt
	c.el.nodeAt = at
	c.node(name, node)
	c.el.nodeAt = old
	return &Tab{t}
}

func (c *cx) slice(of *check.Table, name string, lo, hi int64, at source.Span) *Tab {
	d := *c
	d.tableNames = []*syntax.Name{{Pos: syntax.Pos{At: at}, Name: name}}
	return d.subset(of, "rows", 0, &ir.Derive{Op: "slice", From: lo, To: hi}, at)
}

// sliceTable is `Houses[:2400]`.
func (c *cx) sliceTable(v *Tab, x *syntax.Index) Value {
	if t, ok := c.exprTables[x]; ok {
		return t
	}
	s, ok := x.Items[0].(*syntax.Slice)
	if !ok || len(x.Items) != 1 || v.T.Category {
		if i, isTxt := c.expr(x.Items[0], nil).(*Txt); isTxt && len(x.Items) == 1 {
			return c.memberOf(v.T, i, x.Items[0].Span())
		}
		c.errf("E0532", x.Span(), "rows of a table are taken by a slice: `%s[:100]`", v.T.Name)
		return poison
	}
	lo, hi := int64(0), int64(-1)
	for _, e := range []struct {
		x  syntax.Expr
		to *int64
	}{{s.Lo, &lo}, {s.Hi, &hi}} {
		if e.x == nil {
			continue
		}
		n, ok := c.expr(e.x, nil).(*Num)
		if ok {
			*e.to, ok = n.int()
		}
		if !ok || *e.to < 0 {
			c.errf("E0533", e.x.Span(), "a slice of a table has constant ends that are not negative")
			return poison
		}
	}
	key := fmt.Sprintf("%s[%d:%d]", v.T.Name, lo, hi)
	t := c.slices[key]
	if t == nil || len(c.tableNames) > 0 {
		t = c.subset(v.T, "rows", 0, &ir.Derive{Op: "slice", From: lo, To: hi}, x.Span())
	}
	if len(c.tableNames) == 0 {
		c.slices[key] = t // the same rows are the same table
	}
	c.exprTables[x] = t
	return t
}

// rowFn builds a function of one row of t for a node; build returns the
// results. It reports false, with an error, where nothing came of it.
func (c *cx) rowFn(name string, t *check.Table, at source.Span, build func(d *cx, row *Row) []*ir.Value) (string, []*ir.Value, bool) {
	d := *c
	d.fn = c.newFn(name)
	d.fn.row = t
	d.fn.seed = c.fn.seed
	d.loops = nil
	d.fn.b.Span = at
	vs := build(&d, &Row{T: t, fn: d.fn})
	if vs == nil {
		return "", nil, false
	}
	d.fn.b.Return(vs...)
	d.fn.f.Span = at
	c.addFunc(d.fn.f)
	return d.fn.f.Name, vs, true
}
