package lower

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// write is `write csv(f) = e`.
func (e *el) write(m *check.Module, n *syntax.Write) {
	c := e.graphCx(m, "write."+readerName(n.Writer))
	node := &ir.Write{}
	var known bool
	if node.Format, node.Path, known = c.sink(n.Writer, "csv", "json", "jsonl", "npy", "safetensors"); !known {
		c.expr(n.Value, nil)
		return
	}
	if n.If != nil {
		switch v := c.condition(n.If).(type) {
		case *Flag:
			if !v.On {
				c.expr(n.Value, nil)
				return
			}
		case *Ten:
			node.Cond = c.outputsOf(v, "write.if").(*Ten).Glob
		}
	}
	if c.writeRows(node, n) {
		return
	}
	v := c.expr(n.Value, nil)
	if isPoison(v) {
		return
	}
	if !c.writable(node.Format, v, n.Value.Span()) {
		return
	}
	if node.Format == "safetensors" {
		c.unnamedLayers(v, n.Value.Span())
	}
	c.mayLack = node.Format != "npy" && node.Format != "safetensors"
	tree, ok := c.tree(v, "out", n.Value.Span())
	if !ok {
		return
	}
	node.Value = &tree
	e.nodeAt = n.Span()
	c.node("write."+clean(node.Path), node)
}

// sink reads the format and the path of a file that is written; known is false
// where there is no such format.
func (c *cx) sink(x *syntax.Call, formats ...string) (format, path string, known bool) {
	format = readerName(x)
	if !slices.Contains(formats, format) {
		c.errf("E0801", x.Span(), "there is no format `%s`", format).among(format, "formats", formats)
		return format, "", false
	}
	if len(x.Args) != 1 || len(x.Named) > 0 {
		c.errf("E0802", x.Span(), "`%s` takes the path of the file", format)
		return format, "", true
	}
	t, ok := c.expr(x.Args[0], nil).(*Txt)
	if !ok {
		if !c.el.failed {
			c.errf("E0804", x.Args[0].Span(), "the path of a file is a text")
		}
		return format, "", true
	}
	if old, dup := c.written[t.S]; dup {
		c.errf("E0803", x.Span(), "%q is written twice", t.S).note(old, "here already")
	}
	c.written[t.S] = x.Span()
	return format, t.S, true
}

// unnamedLayers warns where parameters are saved under names that only count
// layers: another layer before them would rename them.
func (c *cx) unnamedLayers(v Value, at source.Span) {
	for _, t := range leaves(v) {
		path := t.Glob[strings.IndexByte(t.Glob, '/')+1:]
		parts := strings.Split(path, ".")
		for i := 1; i < len(parts); i++ {
			ns := c.naming[strings.Join(parts[:i], ".")]
			if t.Glob != "" && ns != nil && ns.auto[parts[i]] {
				c.warnf("E0825", at, "the layer `%s` has no name of its own, and its parameters are saved under its number", parts[i]).
					hint("name it where it is applied: `|> hidden = %s`", strings.TrimRight(parts[i], "_0123456789")+"(…)")
				return
			}
		}
	}
}

// writable checks that a format holds a value.
func (c *cx) writable(format string, v Value, at source.Span) bool {
	switch format {
	case "npy":
		if c.tensor(v, ir.NoKind, at) == nil {
			c.errf("E0805", at, "`npy` holds one tensor, and this is %s", c.describe(v))
			return false
		}
	case "safetensors":
		if _, ok := v.(*Rec); !ok {
			c.errf("E0806", at, "`safetensors` holds a record of tensors, and this is %s", c.describe(v)).hint("`fit.params`, or `{ name: tensor }`")
			return false
		}
	case "csv", "jsonl":
		if t, ok := v.(*Ten); ok && t.T.Rank() > 0 && t.T.Rank() <= 2 {
			return true
		}
		if n, ok := v.(*Num); ok && len(n.Dims) > 0 && len(n.Dims) <= 2 {
			return true
		}
		if _, ok := v.(*Arr); ok {
			return true
		}
		c.errf("E0807", at, "`%s` holds a table, a matrix or a list of records, and this is %s", format, c.describe(v)).hint("`write json(…)` holds any value")
		return false
	}
	return true
}

// writeRows writes a table, or records made of the rows of one.
func (c *cx) writeRows(node *ir.Write, n *syntax.Write) bool {
	if node.Format != "csv" && node.Format != "jsonl" && node.Format != "json" {
		return false
	}
	if comp, ok := n.Value.(*syntax.Comprehension); ok {
		if _, rec := comp.Elem.(*syntax.Record); node.Format == "json" && !rec && len(comp.Clauses) == 1 {
			return false
		}
		f, isIn := comp.Clauses[0].(*syntax.ForIn)
		if !isIn || !isPath(f.Xs) {
			return false
		}
		tab, isTab := c.quietAny(f.Xs).(*Tab)
		if !isTab || tab.T.Category {
			return false
		}
		t := tab.T
		var conds []syntax.Expr
		for _, cl := range comp.Clauses[1:] {
			fi, ok := cl.(*syntax.ForIf)
			if !ok {
				return false
			}
			conds = append(conds, fi.Cond)
		}
		if len(conds) > 0 {
			w := c.whereBy(t, f.Pattern, conds, n.Value.Span())
			if w == nil {
				return true
			}
			t = w.T
		}
		c.writeTable(node, t, f.Pattern, comp.Elem, conds, n)
		return true
	}
	if !isPath(n.Value) {
		return false
	}
	tab, ok := c.quietAny(n.Value).(*Tab)
	if !ok || tab.T.Category {
		return false
	}
	c.writeTable(node, tab.T, nil, nil, nil, n)
	return true
}

// writeTable makes the row function and columns of a written table.
func (c *cx) writeTable(node *ir.Write, t *check.Table, p syntax.Pattern, elem syntax.Expr, conds []syntax.Expr, n *syntax.Write) {
	node.Table = t.Name
	fn, _, ok := c.rowFn("write."+t.Name, t, n.Value.Span(), func(d *cx, row *Row) []*ir.Value {
		var v Value
		if elem == nil {
			r := &Rec{}
			for _, f := range t.Base.Fields {
				r.Names = append(r.Names, f.Name)
				r.Vals = append(r.Vals, d.fieldAt(row, f, f.Name))
			}
			v = r
		} else {
			d = d.bind(p, row).given(conds)
			v = d.expr(elem, nil)
		}
		if isPoison(v) {
			return nil
		}
		rec, ok := v.(*Rec)
		if !ok {
			d.errf("E0808", n.Value.Span(), "a row of a file is a record, and this is %s", d.describe(v)).hint("give it a name: `[{ value: … } for … ]`")
			return nil
		}
		vals := []*ir.Value{}
		for i, name := range rec.Names {
			if vals, ok = d.column(node, vals, name, rec.Vals[i], n.Value.Span()); !ok {
				return nil
			}
		}
		return vals
	})
	if !ok {
		return
	}
	node.Fn = fn
	c.el.nodeAt = n.Span()
	c.node("write."+clean(node.Path), node)
}

// column adds the columns of one value of a written table.
func (c *cx) column(node *ir.Write, vals []*ir.Value, name string, v Value, at source.Span) ([]*ir.Value, bool) {
	return c.columnIf(node, vals, ir.WriteColumn{Name: name, Result: -1, Present: -1}, v, at)
}

// mostColumns is how many columns a list of records makes at most.
const mostColumns = 10000

// columnIf is column for what is inside of col, which says whether it is there.
func (c *cx) columnIf(node *ir.Write, vals []*ir.Value, col ir.WriteColumn, v Value, at source.Span) ([]*ir.Value, bool) {
	each := func(names []string, parts []Value) ([]*ir.Value, bool) {
		outer, ok := col.Name, true
		for i, n := range names {
			col.Name = outer + "." + n
			if vals, ok = c.columnIf(node, vals, col, parts[i], at); !ok {
				return vals, false
			}
		}
		return vals, true
	}
	switch v := v.(type) {
	case *Opt:
		h := c.tensor(v.Has, ir.Bool, at)
		has := c.use(h)
		if col.Present >= 0 {
			has = c.fn.b.One("and", nil, vals[col.Present], has)
		}
		col.Present = len(vals)
		return c.columnIf(node, append(vals, has), col, v.Val, at)
	case *Str:
		if v.cat != nil || v.row.fn != c.fn || v.row.fr != nil {
			panic(notHere{})
		}
		if col.Text = v.path; len(v.steps) > 0 {
			col.Text = c.hidden(v, ir.Field{Text: "str", Ask: v.steps, Span: at})
		}
		node.Columns = append(node.Columns, col)
		return vals, true
	case *Arr:
		n, ok := v.N.Const()
		if !ok || n > mostColumns {
			break
		}
		var names []string
		var items []Value
		for i := range n {
			names = append(names, strconv.FormatInt(i, 10))
			items = append(items, mapLeaves(v.Elem, func(t *Ten) Value { return c.pick(t, i) }))
		}
		return each(names, items)
	case *Txt:
		col.Fixed, col.Result = &v.S, -1
		node.Columns = append(node.Columns, col)
		return vals, true
	case *Pick:
		vals, ok := c.choices(&col, vals, v, -1, at)
		node.Columns = append(node.Columns, col)
		return vals, ok
	case *Rec:
		return each(v.Names, v.Vals)
	case *Tup:
		var names []string
		for i := range v.Vals {
			names = append(names, strconv.Itoa(i))
		}
		return each(names, v.Vals)
	case *List:
		var names []string
		for i := range v.Items {
			names = append(names, strconv.Itoa(i))
		}
		return each(names, v.Items)
	case *Poison:
		return vals, false
	}
	t := c.tensor(v, ir.NoKind, at)
	if t == nil {
		c.errf("E0809", at, "the column `%s` is %s, which no file holds", col.Name, c.describe(v))
		return vals, false
	}
	col.Result = len(vals)
	node.Columns = append(node.Columns, col)
	return append(vals, c.use(t)), true
}

// tree is a structured value for json and print.
func (c *cx) tree(v Value, name string, at source.Span) (ir.Tree, bool) {
	switch v := v.(type) {
	case *Poison:
		return ir.Tree{}, false
	case *Txt:
		s := v.S
		return ir.Tree{Text: &s}, true
	case *Rec:
		t := ir.Tree{Names: append([]string{}, v.Names...)}
		for i, x := range v.Vals {
			in, ok := c.tree(x, name+"."+v.Names[i], at)
			if !ok {
				return t, false
			}
			t.Items = append(t.Items, in)
		}
		return t, true
	case *Tup:
		return c.treeList(v.Vals, name, at)
	case *List:
		return c.treeList(v.Items, name, at)
	case *Arr:
		return c.treeEach(v, name, at)
	case *Pick:
		t := ir.Tree{}
		ok := c.treeChoices(&t, v, nil, name, at)
		return t, ok
	case *Opt:
		if c.mayLack {
			return c.treeOpt(v, name, at)
		}
		c.errf("E0330", at, "this value may be missing (%s)", c.typeOf(v)).hint("say what stands in for it: `x ?? 0`")
		return ir.Tree{}, false
	}
	t := c.tensor(v, ir.NoKind, at)
	if t == nil {
		r := c.errf("E0811", at, "%s cannot be written or printed", c.describe(v))
		if _, ok := v.(*Str); ok {
			r.hint("texts of rows go to files of rows: `write csv(\"a.csv\") = [{ r.name } for r in T]`")
		}
		return ir.Tree{}, false
	}
	return ir.Tree{Value: c.outputsOf(t, name).(*Ten).Glob}, true
}

// treeEach is a list of records: one of them, with the list as the leading
// dimension of its tensors.
func (c *cx) treeEach(v *Arr, name string, at source.Span) (ir.Tree, bool) {
	if len(leaves(v.Elem)) == 0 {
		c.errf("E0811", at, "a list of texts of the program cannot be written or printed as one of records")
		return ir.Tree{}, false
	}
	elem, ok := c.tree(v.Elem, name, at)
	return ir.Tree{Each: &elem}, ok
}

// treeOpt is a value that may be missing.
func (c *cx) treeOpt(v *Opt, name string, at source.Span) (ir.Tree, bool) {
	t, ok := c.tree(v.Val, name, at)
	has := c.tensor(v.Has, ir.Bool, at)
	if ok && has != nil {
		t.Present = c.outputsOf(has, name+".present").(*Ten).Glob
	}
	return t, ok
}

func (c *cx) treeList(vs []Value, name string, at source.Span) (ir.Tree, bool) {
	t := ir.Tree{}
	for _, x := range vs {
		in, ok := c.tree(x, name, at)
		if !ok {
			return t, false
		}
		t.Items = append(t.Items, in)
	}
	return t, true
}

// print is `print "loss", x`.
func (e *el) print(m *check.Module, n *syntax.Print) {
	node := &ir.Print{}
	ok := true
	for _, a := range n.Args {
		c := e.graphCx(m, "print")
		c.mayLack = true
		t, good := c.tree(c.expr(a, nil), "printed", a.Span())
		ok = ok && good
		node.Parts = append(node.Parts, t)
	}
	if ok {
		e.nodeAt = n.Span()
		e.graphCx(m, "print").node("print", node)
	}
}
