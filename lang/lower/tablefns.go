package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// tables are the functions from tables to tables, and those of texts.
func tables() {
	intrinsic("split", "split(T, 0.8, 0.2, seed: 7)", "Parts of a table by a hash of seed and row, stable when rows are added.", splitCall)
	intrinsic("where", "where(T, r => c)", "The rows for which c holds; `present(r.x)` there means that r.x is never missing.", whereCall)
	intrinsic("sort", "sort(T, r => e, descending: true)", "The rows in the order of e.", sortCall)
	intrinsic("sample", "sample(T, n, seed: 7)", "n rows, drawn at random.", sampleCall)
	intrinsic("map", "map(T, r => { … })", "A new table with one row for each row, and a key back, named after the table.", mapCall)
	texts()
}

// tableArg is the first argument, a table.
func (c *cx) tableArg(name string, call *callArgs) *check.Table {
	if len(call.args) == 0 {
		c.errf("E0225", call.at, "`%s` takes a table", name).hint("%s", intrinsics[name].Sig)
		return nil
	}
	inner := *c
	inner.tableNames = nil
	v := call.args[0].val(&inner, nil)
	t, ok := v.(*Tab)
	if !ok || t.T.Category {
		if !isPoison(v) {
			c.errf("E0542", call.args[0].at, "`%s` is of a table, and this is %s", name, c.describe(v))
		}
		return nil
	}
	if !c.fn.graph || len(c.fn.frames) > 0 {
		c.errf("E0543", call.at, "tables are made at top level, not inside functions and loops").hint("`table A = …`")
		return nil
	}
	return t.T
}

// seedArg reads `seed: 7`.
func (c *cx) seedArg(name string, call *callArgs) (int64, bool) {
	seed := c.opt.Seed
	for _, n := range call.named {
		if n.name != "seed" {
			if n.name == "by" && name == "split" {
				continue
			}
			c.errf("E0226", n.at, "`%s` has no argument `%s`", name, n.name).hint("%s", intrinsics[name].Sig)
			return 0, false
		}
		v, ok := n.val(c, nil).(*Num)
		if !ok {
			c.errf("E0545", n.at, "a seed is a constant whole number")
			return 0, false
		}
		if seed, ok = v.int(); !ok {
			c.errf("E0545", n.at, "a seed is a constant whole number")
			return 0, false
		}
	}
	return seed, true
}

func splitCall(c *cx, call *callArgs, want check.Type) Value {
	if v, ok := c.splitText(call); ok {
		return v
	}
	t := c.tableArg("split", call)
	if t == nil {
		return poison
	}
	seed, ok := c.seedArg("split", call)
	if !ok {
		return poison
	}
	var parts []float64
	total := 0.0
	for _, a := range call.args[1:] {
		n, ok := a.val(c, nil).(*Num)
		if !ok || n.Rat == nil || n.Rat.Sign() <= 0 || n.float(ir.F64) > 1 {
			c.errf("E0546", a.at, "a part of a split is a constant between 0 and 1")
			return poison
		}
		parts = append(parts, n.float(ir.F64))
		total += n.float(ir.F64)
	}
	if len(parts) == 0 {
		c.errf("E0547", call.at, "into which parts?").hint("`split(0.8, 0.2, seed: 7)`")
		return poison
	}
	if total > 1+1e-9 {
		c.errf("E0548", call.at, "the parts add to %v, which is more than 1", total)
		return poison
	}
	if len(parts) == 1 && len(c.tableNames) == 2 || total < 1-1e-9 && len(c.tableNames) == len(parts)+1 {
		parts = append(parts, 1-total) // the rest
	}
	by, ok := c.splitBy(t, call)
	if !ok {
		return poison
	}
	out := &Tup{}
	for i := range parts {
		out.Vals = append(out.Vals, c.subset(t, "part", i, &ir.Derive{Op: "split", Fn: by, Fractions: parts, Part: i, Seed: seed}, call.at))
	}
	if len(parts) == 1 {
		return out.Vals[0]
	}
	return out
}

// splitBy is the function of `by: r => r.user`; rows for which it is the same
// fall into the same part.
func (c *cx) splitBy(t *check.Table, call *callArgs) (string, bool) {
	for _, n := range call.named {
		if n.name != "by" {
			continue
		}
		v := n.val(c, nil)
		f, ok := v.(Fun)
		if !ok {
			if !isPoison(v) {
				c.errf("E0549", n.at, "`by` takes a function of a row, and this is %s", c.describe(v)).hint("%s", intrinsics["split"].Sig)
			}
			return "", false
		}
		fn, _, ok := c.rowFn("by."+t.Name, t, n.at, func(d *cx, row *Row) []*ir.Value {
			v := d.invoke(f, n.at, call.node, row)
			if isPoison(v) {
				return nil
			}
			vs := d.values(d.force(d.keyOfText(v, n.at), n.at))
			if len(vs) == 0 {
				d.errf("E0544", n.at, "rows are split by a key, a text or numbers, and this is %s", d.describe(v))
				return nil
			}
			return vs
		})
		return fn, ok
	}
	return "", true
}

func mapCall(c *cx, call *callArgs, want check.Type) Value {
	t := c.tableArg("map", call)
	if t == nil {
		return poison
	}
	f := c.rowLambda("map", call)
	if f == nil {
		return poison
	}
	at := call.args[1].at
	return c.mapped(t, c.declared(t).Name, at, func(d *cx, row *Row) Value { return d.invoke(f, at, call.node, row) })
}

// declared is the nearest table above t, itself included, that has a name in
// the program.
func (c *cx) declared(t *check.Table) *check.Table {
	for ; t.Parent != nil && c.prog.Main.Decls[t.Name] == nil; t = t.Parent {
	}
	return t
}

// mapped is a new table: one row for each row of t, with the fields of the
// record that f makes, and a key back of the given name.
func (c *cx) mapped(t *check.Table, name string, at source.Span, f func(d *cx, row *Row) Value) Value {
	node := &ir.Derive{Op: "map"}
	var fields []*check.Field
	fn, _, ok := c.rowFn("map."+t.Name, t, at, func(d *cx, row *Row) []*ir.Value {
		v := f(d, row)
		if isPoison(v) {
			return nil
		}
		rec, ok := v.(*Rec)
		if !ok || len(rec.Names) == 0 {
			d.errf("E0540", at, "a row of a new table is a record, and this is %s", d.describe(v)).hint("`{ name: value, … }`")
			return nil
		}
		var vs []*ir.Value
		for i, field := range rec.Names {
			v, has := d.force(rec.Vals[i], at), (*Ten)(nil)
			if o, ok := v.(*Opt); ok {
				v, has = d.force(o.Val, at), d.tensor(o.Has, ir.Bool, at)
			}
			x, ok := v.(*Ten)
			if !ok {
				if !isPoison(rec.Vals[i]) {
					d.errf("E0540", at, "the field `%s` of a new table is a number or a tensor, and this is %s", field, d.describe(rec.Vals[i]))
				}
				return nil
			}
			out := ir.Field{Name: field, Type: x.T, Span: at}
			if x.Of != nil && x.Of.Category {
				out.Category = x.Of.Name
			} else if x.Of != nil {
				out.Table = x.Of.Base.Name
			}
			t := check.Type(check.Tensor{Kind: x.T.Kind, Bound: x.T.Bound, Of: x.Of, Dims: x.T.Dims})
			vs = append(vs, d.use(x))
			if has != nil {
				out.Optional, t = true, check.Opt{X: t}
				vs = append(vs, d.use(has))
			}
			node.Fields = append(node.Fields, out)
			fields = append(fields, &check.Field{Name: field, Type: t, At: at})
		}
		back := d.rowIndex(row)
		node.Fields = append(node.Fields, ir.Field{Name: name, Type: back.T, Table: t.Base.Name, Span: at})
		fields = append(fields, &check.Field{Name: name, Type: t.RowType(), At: at})
		return append(vs, d.use(back))
	})
	if !ok {
		return poison
	}
	node.Fn = fn
	out := c.subset(t, "map", 0, node, at)
	out.T.Base, out.T.Parent, out.T.Keyed, out.T.TextKey = out.T, nil, false, false
	out.T.Present = nil
	out.T.Fields = fields
	return out
}

// mappedRows is `table T = [{ … } for r in R if c]`.
func (c *cx) mappedRows(x *syntax.Comprehension) (Value, bool) {
	rec, ok := x.Elem.(*syntax.Record)
	if !ok || len(x.Clauses) == 0 {
		return nil, false
	}
	in, ok := x.Clauses[0].(*syntax.ForIn)
	if !ok {
		return nil, false
	}
	inner := *c
	inner.tableNames = nil
	v, ok := inner.expr(in.Xs, nil).(*Tab)
	if !ok || v.T.Category {
		return nil, false
	}
	t := v.T
	var conds []syntax.Expr
	for _, cl := range x.Clauses[1:] {
		f, ok := cl.(*syntax.ForIf)
		if !ok {
			return nil, false
		}
		conds = append(conds, f.Cond)
	}
	if len(conds) > 0 {
		u := c.whereBy(t, in.Pattern, conds, x.Span())
		if u == nil {
			return poison, true
		}
		t = u.T
	}
	return c.mapped(t, c.declared(v.T).Name, rec.Span(), func(d *cx, row *Row) Value {
		return d.bind(in.Pattern, row).given(conds).expr(rec, nil)
	}), true
}

// given is c where conditions hold.
func (c *cx) given(conds []syntax.Expr) *cx {
	for _, x := range conds {
		c = c.narrowed(x, true)
	}
	return c
}

// rowLambda is an argument that is a function of a row.
func (c *cx) rowLambda(name string, call *callArgs) Fun {
	if len(call.args) != 2 {
		c.errf("E0225", call.at, "`%s` takes a table and a function of a row", name).hint("%s", intrinsics[name].Sig)
		return nil
	}
	v := call.args[1].val(c, nil)
	f, ok := v.(Fun)
	if !ok {
		if !isPoison(v) {
			c.errf("E0549", call.args[1].at, "`%s` takes a function of a row, and this is %s", name, c.describe(v)).hint("%s", intrinsics[name].Sig)
		}
		return nil
	}
	return f
}

func whereCall(c *cx, call *callArgs, want check.Type) Value {
	t := c.tableArg("where", call)
	if t == nil {
		return poison
	}
	f := c.rowLambda("where", call)
	if f == nil {
		return poison
	}
	at := call.args[1].at
	fn, _, ok := c.rowFn("where."+t.Name, t, at, func(d *cx, row *Row) []*ir.Value {
		v := d.asBool(d.invoke(f, at, call.node, row), at)
		if isPoison(v) {
			return nil
		}
		return []*ir.Value{d.use(d.tensor(v, ir.Bool, at))}
	})
	if !ok {
		return poison
	}
	out := c.subset(t, "where", 0, &ir.Derive{Op: "where", Fn: fn}, call.at)
	if l, ok := f.(*Lambda); ok {
		if n, ok := l.n.Pattern.(*syntax.Name); ok {
			presentPaths(l.n.Body, n.Name, out.T.Present)
		}
	}
	return out
}

// presentPaths collects what a condition says is there.
func presentPaths(x syntax.Expr, row string, to map[string]bool) {
	switch x := x.(type) {
	case *syntax.Binary:
		if x.Op == "and" {
			presentPaths(x.X, row, to)
			presentPaths(x.Y, row, to)
		}
	case *syntax.Call:
		if f, ok := x.Fun.(*syntax.Name); ok && f.Name == "present" && len(x.Args) == 1 {
			// Where something behind a key is there, so is what the key leads to.
			p, ok := rowPath(x.Args[0], row)
			for ok {
				to[p] = true
				i := strings.LastIndexByte(p, '.')
				if i < 0 {
					break
				}
				p = p[:i]
			}
		}
	}
}

func rowPath(x syntax.Expr, row string) (string, bool) {
	s, ok := x.(*syntax.Select)
	if !ok {
		return "", false
	}
	if n, ok := s.X.(*syntax.Name); ok {
		return s.Name.Name, n.Name == row
	}
	base, ok := rowPath(s.X, row)
	return base + "." + s.Name.Name, ok
}

// whereBy is the subset of the rows for which conditions hold.
func (c *cx) whereBy(t *check.Table, p syntax.Pattern, conds []syntax.Expr, at source.Span) *Tab {
	fn, _, ok := c.rowFn("where."+t.Name, t, at, func(d *cx, row *Row) []*ir.Value {
		e := d.bind(p, row)
		v, mask := e.masked(conds, func(g *cx) Value { return &Flag{true} }, func(g *cx, like Value) Value { return g.filled(like, 0) })
		if isPoison(v) || mask == nil {
			return nil
		}
		return []*ir.Value{e.use(mask)}
	})
	if !ok {
		return nil
	}
	d := *c
	d.tableNames = nil
	out := d.subset(t, "where", 0, &ir.Derive{Op: "where", Fn: fn}, at)
	if n, ok := p.(*syntax.Name); ok {
		for _, x := range conds {
			presentPaths(x, n.Name, out.T.Present)
		}
	}
	return out
}

func sortCall(c *cx, call *callArgs, want check.Type) Value {
	t := c.tableArg("sort", call)
	if t == nil {
		return poison
	}
	down := false
	for _, n := range call.named {
		v, ok := n.val(c, nil).(*Flag)
		if n.name != "descending" || !ok {
			c.errf("E0226", n.at, "`sort` has no argument `%s`", n.name).hint("%s", intrinsics["sort"].Sig)
			return poison
		}
		down = v.On
	}
	f := c.rowLambda("sort", call)
	if f == nil {
		return poison
	}
	at := call.args[1].at
	fn, _, ok := c.rowFn("sort."+t.Name, t, at, func(d *cx, row *Row) []*ir.Value {
		v := d.invoke(f, at, call.node, row)
		if isPoison(v) {
			return nil
		}
		if isTime(v) {
			if v = d.instant(operand{v, at}); isPoison(v) {
				return nil
			}
		}
		s := d.tensor(v, ir.NoKind, at)
		if s == nil || s.T.Rank() > 0 || s.T.Kind == ir.Bool {
			d.errf("E0550", at, "rows are sorted by a number or a time, and this is %s", d.describe(v))
			return nil
		}
		return []*ir.Value{d.use(s)}
	})
	if !ok {
		return poison
	}
	return c.subset(t, "sort", 0, &ir.Derive{Op: "sort", Fn: fn, Descending: down}, call.at)
}

func sampleCall(c *cx, call *callArgs, want check.Type) Value {
	t := c.tableArg("sample", call)
	if t == nil {
		return poison
	}
	seed, ok := c.seedArg("sample", call)
	if !ok {
		return poison
	}
	if len(call.args) != 2 {
		c.errf("E0225", call.at, "`sample` takes a table and a number of rows")
		return poison
	}
	n, ok := call.args[1].val(c, nil).(*Num)
	k := int64(0)
	if ok {
		k, ok = n.int()
	}
	if !ok || k < 1 {
		c.errf("E0551", call.args[1].at, "the number of rows is a constant above 0")
		return poison
	}
	return c.subset(t, "sample", 0, &ir.Derive{Op: "sample", N: k, Seed: seed}, call.at)
}

// initialOf is `price.initial`: the first values of the parameters of the
// model, the same in each of its trainings.
func (c *cx) initialOf(m *ModelRef, n *syntax.Name) Value {
	var found []*check.Decl
	for _, node := range c.prog.Main.File.Decls {
		tr, ok := node.(*syntax.Train)
		if ok && tr.Model != nil && tr.Model.String() == m.d.Name {
			found = append(found, c.prog.Main.Decls[tr.Name.Name])
		}
	}
	if len(found) == 0 || found[0] == nil {
		return c.firstOf(m, n)
	}
	v, ok := c.value(found[0]).(*trainVal)
	if !ok {
		return poison
	}
	return c.trainMember(v, n)
}
