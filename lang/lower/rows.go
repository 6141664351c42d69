package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Note: what reads a table. A field of the row at hand is a Col input, by its
// path through keys; of the element of a loop, a slice of a Column input over
// the table; of any other row, which is an index, a gather from one.

// read is the tensor at a path of a row, of type t (without the loop).
func (c *cx) readRow(r *Row, path string, t ir.Type) *Ten {
	if r.fn != c.fn {
		panic(notHere{})
	}
	if r.fr == nil {
		return c.ten(c.input(ir.Col, path, t))
	}
	root := rootTable(r)
	col := c.input(ir.Column, root.Name+"."+path, t.Lead(root.Dim))
	return c.ten(c.elem(r.fr, col))
}

// rowIndex is a row as an index of its table.
func (c *cx) rowIndex(r *Row) *Ten {
	t := ir.IndexOf(r.T.Base.Dim)
	if r.fn != c.fn {
		panic(notHere{})
	}
	if r.path == "" && r.fr != nil && r.T == r.T.Base {
		out := c.ten(r.fr.iota)
		out.Of = r.T
		return out
	}
	path := r.path
	if path == "" {
		path = "#"
	}
	out := c.readRow(r, path, t)
	out.Of = r.T.Base
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// rowField is `row.name`.
func (c *cx) rowField(r *Row, n *syntax.Name) Value {
	f := r.T.Field(n.Name)
	if f == nil {
		return c.noField(r.T, n)
	}
	return c.fieldAt(r, f, join(r.path, n.Name))
}

// fieldAt is the field at a path of the row at hand or of a loop.
func (c *cx) fieldAt(r *Row, f *check.Field, path string) Value {
	root := rootTable(r)
	switch t := f.Type.(type) {
	case check.Opt:
		inner := c.fieldAt(r, &check.Field{Name: f.Name, Type: t.X}, path)
		if known(r).IsPresent(path) {
			return inner
		}
		return &Opt{inner, c.readRow(r, path+"?", ir.ScalarOf(ir.Bool))}
	case check.Tensor:
		if t.Of != nil && !t.Of.Category && len(t.Dims) == 0 {
			return &Row{T: t.Of, fn: r.fn, path: path, fr: r.fr, root: root, facts: r.facts}
		}
		out := c.readRow(r, path, ir.Type{Kind: t.Kind, Bound: t.Bound, Dims: t.Dims})
		out.Of = t.Of
		if t.Of != nil && len(t.Dims) == 0 {
			out.row, out.path = r, path
		}
		return out
	case check.Array:
		return lists(t.Dims, &Opt{c.fieldAt(r, eachOf(f, t), path), c.readRow(r, path+"?", ir.TensorOf(ir.Bool, t.Dims...))})
	case check.Simple:
		if t == check.Text || t == check.Time || t == check.KeyT {
			return &Str{row: r, path: path, time: t == check.Time}
		}
	}
	return poison
}

// eachOf is the field of the values in a column of which each element may be
// missing, as if all were there.
func eachOf(f *check.Field, t check.Array) *check.Field {
	inner := t.Elem.(check.Opt).X.(check.Tensor)
	inner.Dims = t.Dims
	return &check.Field{Name: f.Name, Type: inner, At: f.At}
}

// lists is a list of dims whose leaves are those of v.
func lists(dims []ir.Dim, v Value) Value {
	for i := len(dims) - 1; i >= 0; i-- {
		v = &Arr{dims[i], v}
	}
	return v
}

// rootTable is the table that the path of a row begins at.
func rootTable(r *Row) *check.Table {
	if r.root != nil {
		return r.root
	}
	return r.T
}

// known is the table whose facts hold for a row.
func known(r *Row) *check.Table {
	if r.facts != nil {
		return r.facts
	}
	return rootTable(r)
}

func (c *cx) noField(t *check.Table, n *syntax.Name) Value {
	r := c.errf("E0501", n.Span(), "%s has no field `%s`", t.Name, n.Name).note(t.At, "declared here")
	if cond := c.keyTo(n.Name, t); cond != "" {
		r.hint("the rows of %s that point here are found by their key: `sum(r.x for r in %s if %s)`", n.Name, n.Name, cond)
	} else if near := source.Nearest(n.Name, t.FieldNames()); near != "" {
		r.hint("did you mean `%s`?", near)
	}
	return poison
}

// keyTo is the condition under which a row r of a table points to a row u of
// another, "" where no field is such a key.
func (c *cx) keyTo(name string, t *check.Table) string {
	from := c.byDim[name]
	if from == nil {
		return ""
	}
	for _, f := range from.Base.Fields {
		ft, cond := f.Type, "r."+f.Name+" == u"
		if o, ok := ft.(check.Opt); ok {
			ft, cond = o.X, "present(r."+f.Name+") and "+cond
		}
		if ten, ok := ft.(check.Tensor); ok && ten.Of != nil && ten.Of.Base == t.Base && !ten.Of.Category {
			return cond
		}
	}
	return ""
}

// indexField is a field of a row that is an index: a gather from the column.
func (c *cx) indexField(i *Ten, n *syntax.Name) Value {
	t := i.Of
	f := t.Field(n.Name)
	if f == nil {
		return c.noField(t, n)
	}
	col := c.columnOf(t, f, n.Name)
	if rows, ok := col.(*Arr); ok {
		col = rows.Elem
	}
	return mapLeaves(col, func(x *Ten) Value { return c.gather(x, i, 0) })
}

// columnOf is the whole column of a table, in file order.
func (c *cx) columnOf(t *check.Table, f *check.Field, path string) Value {
	bind := t.Name + "." + path
	switch ft := f.Type.(type) {
	case check.Opt:
		inner := c.columnOf(t, &check.Field{Name: f.Name, Type: ft.X}, path)
		if isPoison(inner) || t.IsPresent(path) {
			return inner
		}
		return &Arr{t.Dim, &Opt{inner, c.ten(c.input(ir.Column, bind+"?", ir.TensorOf(ir.Bool, t.Dim)))}}
	case check.Array:
		inner, ok := c.columnOf(t, eachOf(f, ft), path).(*Ten)
		if !ok {
			return poison
		}
		has := c.ten(c.input(ir.Column, bind+"?", ir.TensorOf(ir.Bool, inner.T.Dims...)))
		return lists(inner.T.Dims, &Opt{inner, has})
	case check.Tensor:
		out := c.ten(c.input(ir.Column, bind, ir.Type{Kind: ft.Kind, Bound: ft.Bound, Dims: append([]ir.Dim{t.Dim}, ft.Dims...)}))
		out.Of = ft.Of
		return out
	}
	c.errf("E0502", c.fn.span(), "`%s` is text, and a column of texts is no tensor", bind).hint("declare the field as a `category` to compute with it")
	return poison
}

// compareText compares texts of the data and members of categories with texts
// of the program.
func (c *cx) compareText(op syntax.Op, x, y operand, at source.Span) (Value, bool) {
	if isTime(x.v) || isTime(y.v) {
		return c.compareTimes(op, x, y, at), true
	}
	if _, ok := x.v.(*Txt); ok {
		x, y = y, x
	}
	for _, s := range []struct{ p, o operand }{{x, y}, {y, x}} {
		if _, pick := s.p.v.(*Pick); pick {
			return c.comparePick(op, s.p, s.o, at), true
		}
	}
	t, ok := y.v.(*Txt)
	if s, str := x.v.(*Str); str {
		if !ok || op != "==" && op != "!=" {
			c.errf("E0388", at, "a text of the data is compared with a text that stands in the program, by `==` or `!=`").hint("declare the field as a `category` to compare its values with each other")
			return poison, true
		}
		return c.textIs(s, t, op), true
	}
	if !ok {
		return nil, false
	}
	if o, ok := x.v.(*Opt); ok && !isPoison(o.Val) {
		c.errf("E0330", x.at, "this value may be missing (%s), so `%s` has no meaning yet", c.typeOf(o), op).hint("ask first: `present(x) and x == \"…\"`")
		return poison, true
	}
	i := c.asIndex(x.v)
	if i == nil || i.Of == nil {
		c.errf("E0389", at, "%s is compared with a text", c.describe(x.v))
		return poison, true
	}
	if op != "==" && op != "!=" {
		c.errf("E0346", at, "members of %s are equal or not; `%s` has no meaning", i.Of.Name, op)
		return poison, true
	}
	if i.row != nil && !i.Of.Fixed {
		if s := c.asText(i); s.cat == nil {
			return c.textIs(s, t, op), true
		}
	}
	m, ok := c.memberOf(i.Of, t, y.at).(*Ten)
	if !ok {
		return poison, true
	}
	return c.ten(c.fn.b.Cmp(cmpPred[op], c.use(i), c.spread(c.use(m), i.T.Dims))), true
}

// comparePick compares a text that is chosen as the program runs.
func (c *cx) comparePick(op syntax.Op, p, o operand, at source.Span) Value {
	if op != "==" && op != "!=" {
		c.errf("E0388", at, "texts are equal or not; `%s` has no meaning", op)
		return poison
	}
	return c.overPick(p.v, ir.Bool, at, func(v Value) Value {
		a, ok1 := v.(*Txt)
		b, ok2 := o.v.(*Txt)
		if ok1 && ok2 {
			return &Flag{(a.S == b.S) == (op == "==")}
		}
		if m, ok := v.(*Ten); ok && ok2 && m.Of.Category && !m.Of.Fixed {
			return c.textIs(&Str{cat: m}, b, op) // the other side may be a text that the data does not have
		}
		if out, ok := c.compareText(op, operand{v, p.at}, o, at); ok {
			return out
		}
		if out, ok := c.compareRows(op, operand{v, p.at}, o, at); ok {
			return out
		}
		c.errf("E0389", at, "%s is compared with a text", c.describe(o.v))
		return poison
	})
}

// memberOf is the member of a category, or the row of a table with a text as
// its key, that a text of the program names.
func (c *cx) memberOf(t *check.Table, txt *Txt, at source.Span) Value {
	if !t.Category && !t.TextKey {
		c.errf("E0503", at, "%s has no key that is a text", t.Name).note(t.At, "declared here")
		return poison
	}
	typ := ir.IndexOf(t.Base.Dim)
	if t.Fixed {
		for i, m := range t.Members {
			if m == txt.S {
				out := c.ten(c.fn.b.Int(typ, int64(i)))
				out.Of = t
				return out
			}
		}
		r := c.errf("E0504", at, "%q is no member of %s", txt.S, t.Name).note(t.At, "its members are fixed here")
		r.suggest(txt.S, t.Members)
		return poison
	}
	out := c.ofMembers("member."+t.Name+"."+txt.S, typ, at,
		ir.Reader{Name: "member", Paths: []ir.NamedText{{Text: txt.S, Span: at}}, Options: map[string]string{"of": t.Name}})
	v := c.ten(c.input(ir.Given, out, typ))
	v.Of = t
	return v
}

// textList is a list of texts where members of a category are wanted.
func (c *cx) textList(l *List, t check.Tensor, p place) (Value, bool) {
	if t.Of == nil || len(t.Dims) != 1 {
		return nil, false
	}
	var items []operand
	for _, x := range l.Items {
		txt, ok := x.(*Txt)
		if !ok {
			return nil, false
		}
		items = append(items, operand{c.memberOf(t.Of, txt, txt.At), txt.At})
	}
	v := c.listOf(items, nil, p.at)
	if isPoison(v) {
		return poison, true
	}
	return c.coerceTensor(v, t, p), true
}

// selectExpr is `x.name`.
func (c *cx) selectExpr(x *syntax.Select) Value {
	if n, ok := x.X.(*syntax.Name); ok {
		v, found := c.lookup(n.Name)
		if !found {
			return c.unknown(n)
		}
		switch v := v.(type) {
		case *Namespace:
			return c.moduleMember(v, x.Name)
		case *ModelRef:
			return c.modelMember(v, x.Name)
		}
	}
	return c.selectField(x, c.expr(x.X, nil), x.Name)
}

// moduleMember is `nn.dense`, `random.normal`, `batch.mean`.
func (c *cx) moduleMember(ns *Namespace, n *syntax.Name) Value {
	if ns.Mod != nil {
		if d := ns.Mod.Decls[n.Name]; d != nil {
			return c.value(d)
		}
		var names []string
		for k := range ns.Mod.Decls {
			names = append(names, k)
		}
		r := c.errf("E0216", n.Span(), "the module `%s` has no `%s`", ns.Name, n.Name)
		if c.everywhere(n.Name) {
			r.hint("it needs no module: write `%s`", n.Name)
		} else {
			r.suggest(n.Name, sorted(names))
		}
		return poison
	}
	full := ns.Name + "." + n.Name
	if v, ok := c.trainWord(full); ok {
		return v
	}
	if in := intrinsics[full]; in != nil {
		return in
	}
	if full == "batch.row" || full == "batch.size" {
		c.errf("E0760", n.Span(), "`%s` is about the rows of a step, and there is no step here", full).hint("use it in what a `loss` reaches, or under `if training`")
		return poison
	}
	var names []string
	for k := range intrinsics {
		if len(k) > len(ns.Name) && k[:len(ns.Name)+1] == ns.Name+"." {
			names = append(names, k[len(ns.Name)+1:])
		}
	}
	c.errf("E0217", n.Span(), "there is no `%s`", full).suggest(n.Name, sorted(names))
	return poison
}

// everywhere reports whether a name is open in every file.
func (c *cx) everywhere(name string) bool {
	if intrinsics[name] != nil {
		return true
	}
	for _, m := range c.prog.Open {
		if m.Decls[name] != nil {
			return true
		}
	}
	return false
}

// selectField is the field of a value.
func (c *cx) selectField(x syntax.Node, v Value, n *syntax.Name) Value {
	switch v := v.(type) {
	case *Poison:
		return poison
	case *Rec:
		if f := v.get(n.Name); f != nil {
			return f
		}
		c.errf("E0390", n.Span(), "the record has no field `%s`", n.Name).among(n.Name, "fields", v.Names)
		return poison
	case *Row:
		return c.rowField(v, n)
	case *Opt:
		if r, ok := v.Val.(*Row); ok {
			return c.optField(r, v, n)
		}
		c.errf("E0330", x.Span(), "this value may be missing (%s), and its field `%s` is taken", c.typeOf(v), n.Name).hint("ask first: `if present(x) then … else …`")
		return poison
	case *Ten:
		if v.Of != nil && !v.Of.Category {
			return c.indexField(v, n)
		}
	case *Arr:
		return c.arrField(v, x, n)
	case *Tab:
		return c.tableMember(v.T, n)
	case *trainVal:
		return c.trainMember(v, n)
	case *Layer:
		return c.layerMember(v, n)
	}
	r := c.errf("E0391", n.Span(), "%s has no field `%s`", c.describe(v), n.Name)
	if c.everywhere(n.Name) {
		r.hint("a function stands before its argument: `%s(x)`, or behind a pipe: `x |> %s`", n.Name, n.Name)
	} else if n.Name == "length" || n.Name == "shape" {
		r.hint("a dimension is a number itself: in `fn f(x: f32[n])` the length is `n`")
	}
	return poison
}

// arrField is a field of every record of a list.
func (c *cx) arrField(v *Arr, x syntax.Node, n *syntax.Name) Value {
	if inner, ok := v.Elem.(*Arr); ok {
		return &Arr{v.N, c.arrField(inner, x, n)}
	}
	f := c.selectField(x, v.Elem, n)
	if _, plain := f.(*Ten); plain || isPoison(f) {
		return f
	}
	return &Arr{v.N, f}
}

// optField is a field behind a key that may match nothing: missing as well.
func (c *cx) optField(r *Row, o *Opt, n *syntax.Name) Value {
	f := r.T.Field(n.Name)
	if f == nil {
		return c.noField(r.T, n)
	}
	t := f.Type
	if in, ok := t.(check.Opt); ok {
		t = in.X
	}
	if _, each := t.(check.Array); each {
		return c.fieldAt(r, f, join(r.path, n.Name)) // behind a key that matches nothing all are missing
	}
	path := join(r.path, n.Name)
	inner := c.fieldAt(r, &check.Field{Name: f.Name, Type: t}, path)
	if isPoison(inner) || known(r).IsPresent(path) {
		return inner
	}
	return &Opt{inner, c.readRow(r, path+"?", ir.ScalarOf(ir.Bool))}
}

// tableMember is `T.column`, or the category of a column where it is used as a
// dimension.
func (c *cx) tableMember(t *check.Table, n *syntax.Name) Value {
	f := t.Field(n.Name)
	if f == nil {
		return c.noField(t, n)
	}
	ft := f.Type
	if o, ok := ft.(check.Opt); ok {
		ft = o.X
	}
	if ten, ok := ft.(check.Tensor); ok && ten.Of != nil && ten.Of.Category && ten.Of.Name == t.Base.Name+"."+n.Name {
		return &Tab{ten.Of}
	}
	return c.columnOf(t, f, n.Name)
}
