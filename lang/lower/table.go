package lower

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// readerOptions lists what each reader of tables takes, with the words that an
// option may be; nil stands for any text or number.
var readerOptions = map[string]map[string][]string{
	"csv":   {"separator": nil, "quote": {"none"}, "missing": nil, "header": {"none"}, "duplicates": {"first"}},
	"jsonl": {"missing": nil, "duplicates": {"first"}},
	"idx":   {},
	"text":  {"window": nil, "stride": nil, "streams": nil, "by": {"words", "characters"}},
	"lines": {},
}

// addTable makes a table known by its dimension.
func (e *el) addTable(t *check.Table) *check.Table {
	if t.Base == nil {
		t.Base = t
	}
	t.Dim = ir.Sym(t.Name)
	e.byDim[t.Name] = t
	return t
}

// category declares `category Region`.
func (e *el) category(d *check.Decl, n *syntax.Category) Value {
	t := e.addTable(&check.Table{Name: d.Name, Category: true, Keyed: true, TextKey: true, At: d.At})
	node := &ir.Category{}
	e.catUse[t] = node
	c := e.graphCx(d.Module, d.Name)
	if n.Values != nil {
		c.members2(t, node, n)
	}
	if n.Other != nil {
		if txt, ok := c.expr(n.Other, nil).(*Txt); ok {
			node.Other = &txt.S
			if t.Fixed && !has(t.Members, txt.S) {
				e.errf("E0505", n.Other.Span(), "%q is no member of %s", txt.S, t.Name).note(n.Values.Span(), "its members").hint("it is one of the members: add it to the list").suggest(txt.S, t.Members)
			}
		} else {
			e.errf("E0506", n.Other.Span(), "`other` is a text")
		}
	}
	e.nodeAt = n.Span()
	c.node(t.Name, node)
	return &Tab{t}
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// members2 reads the fixed values of a category.
func (c *cx) members2(t *check.Table, node *ir.Category, n *syntax.Category) {
	if r, ok := n.Values.(*syntax.Read); ok {
		rd := c.reader(r.Reader, nil)
		if rd != nil {
			node.Fixed, node.FromFile = true, rd
		}
		return
	}
	l, ok := n.Values.(*syntax.List)
	if !ok {
		c.errf("E0507", n.Values.Span(), "the members of a category are a list of texts, or `read lines(\"file\")`")
		return
	}
	seen := map[string]source.Span{}
	for _, x := range l.Items {
		txt, ok := c.expr(x, nil).(*Txt)
		if !ok {
			c.errf("E0507", x.Span(), "a member of a category is a text")
			continue
		}
		if at, dup := seen[txt.S]; dup {
			c.errf("E0508", x.Span(), "%q is listed twice", txt.S).note(at, "first here")
			continue
		}
		seen[txt.S] = x.Span()
		t.Members = append(t.Members, txt.S)
	}
	t.Fixed = true
	node.Fixed, node.Values = true, t.Members
}

// table declares `table T from … { … }` or `table T = …`.
func (e *el) table(d *check.Decl, n *syntax.Table) Value {
	if n.Stream {
		e.errf("E0509", n.Span(), "streams are not part of this version")
		return poison
	}
	c := e.graphCx(d.Module, d.Name)
	if n.From == nil {
		return c.derived(d, n)
	}
	if n.Tuple || len(n.Names) != 1 {
		e.errf("E0510", n.Span(), "one reader makes one table")
		return poison
	}
	t := e.addTable(&check.Table{Name: d.Name, At: d.At})
	e.global[d] = &binding{val: &Tab{t}, at: d.At}
	src := &ir.SourceTable{}
	e.sources[t] = src
	c.el.nodeAt = n.Span()
	known := readerOptions[readerName(n.From)]
	if known == nil {
		var names []string
		for k := range readerOptions {
			names = append(names, k)
		}
		name := readerName(n.From)
		r := e.errf("E0511", n.From.Span(), "there is no reader of tables `%s`", name).suggest(name, sorted(names))
		if name == "parquet" || name == "arrow" || name == "sqlite" {
			r.hint("`%s` is not part of this version; as csv or jsonl the file can be read", name)
		}
		if name == "npy" || name == "safetensors" {
			r.hint("it reads one tensor: `let a: f64[n] = read %s(…)`", name)
		}
		c.fields(t, src, n)
		return &Tab{t}
	}
	if rd := c.reader(n.From, known); rd != nil {
		src.Reader = *rd
	}
	c.fields(t, src, n)
	e.nodeAt = n.Span()
	c.node(t.Name, src)
	return &Tab{t}
}

func readerName(x *syntax.Call) string {
	if n, ok := x.Fun.(*syntax.Name); ok {
		return n.Name
	}
	return x.Fun.Span().Text()
}

// reader evaluates a reader; options nil means that anything goes.
func (c *cx) reader(x *syntax.Call, options map[string][]string) *ir.Reader {
	r := &ir.Reader{Name: readerName(x), Options: map[string]string{}}
	for _, a := range x.Args {
		c.path(r, "", a)
	}
	for _, n := range x.Named {
		if r.Name == "idx" {
			c.path(r, n.Name.Name, n.Value)
			continue
		}
		words, known := options[n.Name.Name]
		if options != nil && !known {
			var names []string
			for k := range options {
				names = append(names, k)
			}
			c.errf("E0512", n.Name.Span(), "`%s` has no option `%s`", r.Name, n.Name.Name).among(n.Name.Name, "options", sorted(names))
			continue
		}
		if s, ok := c.option(n, words); ok {
			r.Options[n.Name.Name] = s
		}
	}
	if len(r.Paths) == 0 && len(x.Args) > 0 {
		return nil // reported
	}
	if len(r.Paths) == 0 {
		c.errf("E0513", x.Span(), "`%s` needs the path of a file", r.Name).hint("`%s(\"data/file\")`", r.Name)
		return nil
	}
	return r
}

func (c *cx) path(r *ir.Reader, name string, x syntax.Expr) {
	switch v := c.expr(x, nil).(type) {
	case *Txt:
		if len(r.Paths) > 0 && name == "" && (r.Name == "safetensors" || r.Name == "npz") {
			r.Options["tensor"] = v.S
			return
		}
		r.Paths = append(r.Paths, ir.NamedText{Name: name, Text: v.S, Span: x.Span()})
	default:
		r.Paths = append(r.Paths, ir.NamedText{Name: name, Span: x.Span()}) // there is one, though a wrong one
		if !isPoison(v) {
			c.errf("E0514", x.Span(), "the path of a file is a text, and this is %s", c.describe(v))
		}
	}
}

// option is the value of an option as a text; lists are joined by newlines.
func (c *cx) option(n *syntax.NamedArg, words []string) (string, bool) {
	if w, ok := n.Value.(*syntax.Name); ok && (has(words, w.Name) || words != nil) {
		if has(words, w.Name) {
			return w.Name, true
		}
		c.errf("E0515", w.Span(), "the option `%s` cannot be `%s`", n.Name.Name, w.Name).suggest(w.Name, words)
		return "", false
	}
	switch v := c.expr(n.Value, nil).(type) {
	case *Txt:
		return v.S, true
	case *Num:
		if i, ok := v.int(); ok {
			return fmt.Sprint(i), true
		}
	case *Flag:
		return fmt.Sprint(v.On), true
	case *List:
		var parts []string
		for _, x := range v.Items {
			t, ok := x.(*Txt)
			if !ok {
				break
			}
			parts = append(parts, t.S)
		}
		if len(parts) == len(v.Items) {
			return strings.Join(parts, "\n"), true
		}
	case *Poison:
		return "", false
	}
	c.errf("E0516", n.Value.Span(), "the option `%s` is a text, a whole number or a list of texts", n.Name.Name)
	return "", false
}

// fields declares the columns of a table.
func (c *cx) fields(t *check.Table, src *ir.SourceTable, n *syntax.Table) {
	for _, it := range n.Fields.Items {
		switch f := it.(type) {
		case *syntax.Field:
			c.field(t, src, f)
		case *syntax.KeyFields:
			c.keyFields(t, src, f)
		case *syntax.Skip:
			c.errf("E0517", f.Span(), "`skip` stands only in `read`")
		}
	}
	if len(src.Fields) == 0 && len(n.Fields.Items) == 0 {
		c.errf("E0518", n.Fields.Span(), "the table `%s` has no fields", t.Name)
	}
}

func (c *cx) keyFields(t *check.Table, src *ir.SourceTable, k *syntax.KeyFields) {
	if t.Keyed {
		c.errf("E0519", k.Span(), "the table `%s` has two keys", t.Name)
		return
	}
	t.Keyed = true
	for _, n := range k.Names {
		found := false
		for i := range src.Fields {
			if src.Fields[i].Name == n.Name {
				src.Fields[i].IsKey = true
				found = true
			}
		}
		if !found {
			c.errf("E0520", n.Span(), "the key names a field `%s` that the table does not have above it", n.Name).suggest(n.Name, t.FieldNames())
			continue
		}
		src.KeyCols = append(src.KeyCols, n.Name)
	}
}

// field declares one column.
func (c *cx) field(t *check.Table, src *ir.SourceTable, f *syntax.Field) {
	if old := t.Field(f.Name.Name); old != nil {
		c.errf("E0521", f.Name.Span(), "the table `%s` has two fields `%s`", t.Name, f.Name.Name).note(old.At, "first here")
		return
	}
	if f.If != nil {
		c.errf("E0522", f.If.Span(), "a column that is there only sometimes is not part of this version")
	}
	out := ir.Field{Name: f.Name.Name, Span: f.Span()}
	typ := f.Type
	if o, ok := typ.(*syntax.Optional); ok {
		out.Optional = true
		typ = o.X
	}
	ft := c.fieldType(t, &out, f, typ)
	if ft == check.Unknown {
		t.Fields = append(t.Fields, &check.Field{Name: out.Name, Type: ft, At: f.Span()})
		return
	}
	if out.IsKey {
		if t.Keyed {
			c.errf("E0519", f.Span(), "the table `%s` has two keys", t.Name).hint("a key of several columns is `key (a, b)` after the fields")
		}
		if out.Optional {
			c.errf("E0523", f.Span(), "a key cannot be missing")
		}
		t.Keyed, t.TextKey = true, out.Text == "str"
		src.KeyCols = append(src.KeyCols, out.Name)
	}
	if out.Optional && !out.Each {
		ft = check.Opt{X: ft}
	}
	if f.From != nil {
		c.fieldFrom(&out, f.From)
	}
	t.Fields = append(t.Fields, &check.Field{Name: out.Name, Type: ft, At: f.Span(), Doc: f.Doc})
	src.Fields = append(src.Fields, out)
}

// fieldType reads the type of a column.
func (c *cx) fieldType(t *check.Table, out *ir.Field, f *syntax.Field, typ syntax.Type) check.Type {
	if p, ok := typ.(*syntax.Path); ok && len(p.Parts) == 1 {
		switch p.Parts[0].Name {
		case "category":
			cat := c.anonymous(t, f)
			return c.categoryField(t, out, cat)
		case "key":
			out.IsKey, out.Text = true, "str"
			return check.Text
		case "str", "time":
			out.Text, out.IsKey = p.Parts[0].Name, f.Key
			return check.Simple(p.Parts[0].Name)
		case "dim", "real":
			c.errf("E0524", typ.Span(), "`%s` is no type of a column", p)
			return check.Unknown
		}
	}
	ft := c.typ(typ)
	if a, ok := ft.(check.Array); ok {
		return c.eachField(t, out, f, typ, a)
	}
	ten, ok := ft.(check.Tensor)
	switch {
	case ft == check.Unknown:
		return ft
	case !ok:
		c.errf("E0524", typ.Span(), "a column holds numbers, bools, texts, keys or members of a category, not %s", ft)
		return check.Unknown
	}
	out.IsKey = f.Key
	if out.IsKey && (len(ten.Dims) > 0 || !ten.Kind.IsInt()) {
		c.errf("E0525", f.Span(), "a key is a text (`name: key`) or an integer (`name: i64 key`), not %s", ft)
	}
	out.Type = ir.Type{Kind: ten.Kind, Bound: ten.Bound, Dims: ten.Dims}
	if ten.Of != nil {
		if ten.Of.Category {
			return c.categoryField(t, out, ten.Of, ten.Dims...)
		}
		if ten.Of.Base != ten.Of {
			c.errf("E0526", typ.Span(), "a key points to a table that is read, not to a subset of one").hint("write `%s`", ten.Of.Base.Name)
		}
		out.Table = ten.Of.Base.Name
	}
	return ten
}

// eachField is `cs: f32?[3]`: neighbours of which each may be missing.
func (c *cx) eachField(t *check.Table, out *ir.Field, f *syntax.Field, typ syntax.Type, a check.Array) check.Type {
	o, opt := a.Elem.(check.Opt)
	ten, ok := o.X.(check.Tensor)
	switch {
	case !opt || !ok || len(ten.Dims) > 0 || ten.Of != nil && !ten.Of.Category:
		c.errf("E0524", typ.Span(), "a column holds numbers, bools, texts, keys or members of a category, not %s", a)
		return check.Unknown
	case out.Optional:
		c.errf("E0311", typ.Span(), "each element of `%s` may be missing already", out.Name).hint("write `%s`", a)
		return check.Unknown
	case f.Key:
		c.errf("E0523", f.Span(), "a key cannot be missing")
		return check.Unknown
	}
	ten.Dims = a.Dims
	out.Type = ir.Type{Kind: ten.Kind, Bound: ten.Bound, Dims: ten.Dims}
	if ten.Of != nil {
		c.categoryField(t, out, ten.Of, ten.Dims...)
	}
	out.Optional, out.Each = true, true
	return a
}

// anonymous is the category of one column, `Penguins.sex`.
func (c *cx) anonymous(t *check.Table, f *syntax.Field) *check.Table {
	cat := c.addTable(&check.Table{Name: t.Name + "." + f.Name.Name, Category: true, Keyed: true, TextKey: true, At: f.Span()})
	node := &ir.Category{}
	c.catUse[cat] = node
	at := c.el.nodeAt
	c.el.nodeAt = f.Span()
	c.node(cat.Name, node)
	c.el.nodeAt = at
	return cat
}

func (c *cx) categoryField(t *check.Table, out *ir.Field, cat *check.Table, dims ...ir.Dim) check.Type {
	out.Category = cat.Name
	out.Type = ir.IndexOf(cat.Dim, dims...)
	if node := c.catUse[cat]; node != nil {
		node.Uses = append(node.Uses, ir.FieldRef{Table: t.Name, Field: out.Name})
	}
	return check.Tensor{Kind: ir.Index, Bound: cat.Dim, Of: cat, Dims: dims}
}

// fieldFrom reads where a column comes from: names, neighbours, places.
func (c *cx) fieldFrom(out *ir.Field, x syntax.Expr) {
	if n, ok := x.(*syntax.Name); ok {
		out.From = []string{n.Name}
		return
	}
	if t, ok := x.(*syntax.Tuple); ok {
		for _, it := range t.Items {
			switch it := it.(type) {
			case *syntax.Name:
				out.From = append(out.From, it.Name)
			case *syntax.Text:
				if s, plain := it.Plain(); plain {
					out.From = append(out.From, s)
				}
			default:
				c.errf("E0527", it.Span(), "a column is called by its name")
			}
		}
		if len(out.From) > 1 && out.Table == "" {
			c.errf("E0528", x.Span(), "several columns make a key of a table, and this field is none").hint("neighbouring columns of one tensor are `from \"first\"..\"last\"`")
		}
		return
	}
	switch v := c.expr(x, nil).(type) {
	case *Txt:
		out.From = []string{v.S}
	case *Num:
		if i, ok := v.int(); ok && i >= 0 {
			out.Places = []int{int(i)}
			return
		}
		c.errf("E0529", x.Span(), "a place of a column is counted from 0")
	case *Range:
		c.fieldRange(out, v, x)
	case *Poison:
	default:
		c.errf("E0527", x.Span(), "a column comes `from \"name\"`, `from \"first\"..\"last\"` or `from 3`")
	}
}

func (c *cx) fieldRange(out *ir.Field, r *Range, x syntax.Expr) {
	if isPoison(r.Lo, r.Hi) {
		return
	}
	a, ok1 := r.Lo.(*Txt)
	b, ok2 := r.Hi.(*Txt)
	if ok1 && ok2 {
		out.From, out.FromTo = []string{a.S, b.S}, true
		return
	}
	p, ok1 := r.Lo.(*Num)
	q, ok2 := r.Hi.(*Num)
	if ok1 && ok2 {
		i, ok1 := p.int()
		j, ok2 := q.int()
		if ok1 && ok2 && 0 <= i && i < j {
			out.Places = []int{int(i), int(j)}
			return
		}
	}
	c.errf("E0529", x.Span(), "columns by place are `from 0..7`: from the first to before the last, counted from 0")
}
