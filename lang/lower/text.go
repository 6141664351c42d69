package lower

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Note: questions about texts. No text enters a function. Whether a text of
// the data is a given one is asked of a hidden field beside it: the same column
// read as a category of the texts in question and one more member, which
// stands for all others.
const otherText = "\x00other"

// hidden finds or adds the field that reads the text at a path of a row as one
// of the given texts, numbered from 0, or another one. It returns the path of
// the field and its category; nil where the table has no such column.
func (c *cx) hidden(r *Row, path string, texts []string) (string, *check.Table) {
	t := rootTable(r).Base
	prefix, name := "", path
	for {
		head, rest, more := strings.Cut(name, ".")
		if !more {
			break
		}
		ft := t.Field(head).Type
		if o, ok := ft.(check.Opt); ok {
			ft = o.X
		}
		t = ft.(check.Tensor).Of.Base
		prefix, name = prefix+head+".", rest
	}
	src := c.sources[t]
	if src == nil {
		return "", nil
	}
	key := t.Name + "." + name + "\x00" + strings.Join(texts, "\x00")
	h, ok := c.hiddens[key]
	if !ok {
		h = c.addHidden(t, src, name, texts)
		c.hiddens[key] = h
	}
	return prefix + h, c.byDim[t.Name+"."+h]
}

// addHidden declares the field and its category.
func (c *cx) addHidden(t *check.Table, src *ir.SourceTable, name string, texts []string) string {
	h := ""
	for i := 1; ; i++ {
		h = fmt.Sprintf("%s_%d", name, i)
		if c.byDim[t.Name+"."+h] == nil && t.Field(h) == nil {
			break
		}
	}
	other := otherText
	cat := c.addTable(&check.Table{Name: t.Name + "." + h, Category: true, Keyed: true, TextKey: true, Fixed: true,
		Members: append(append([]string{}, texts...), other), At: t.At})
	node := &ir.Category{Fixed: true, Values: cat.Members, Other: &other, Uses: []ir.FieldRef{{Table: t.Name, Field: h}}}
	for _, f := range src.Fields {
		if f.Name != name {
			continue
		}
		from := f.From
		if len(from) == 0 && len(f.Places) == 0 {
			from = []string{f.Name}
		}
		src.Fields = append(src.Fields, ir.Field{Name: h, Type: ir.IndexOf(cat.Dim), Optional: f.Optional, Category: cat.Name, From: from, Like: f.Name, Span: f.Span})
		break
	}
	c.node(cat.Name, node)
	return h
}

// textIs asks whether the text at a path is (or is not) a text of the program.
func (c *cx) textIs(r *Row, path string, t *Txt, op syntax.Op) Value {
	h, cat := c.hidden(r, path, []string{t.S})
	if cat == nil {
		c.errf("E0388", t.At, "texts of this table cannot be compared").hint("declare the field as a `category`")
		return poison
	}
	typ := ir.IndexOf(cat.Dim)
	i := c.readRow(r, h, typ)
	return c.ten(c.fn.b.Cmp(cmpPred[op], c.use(i), c.fn.b.Int(typ, 0)))
}

// strMember is a text of the data as a member of a category that the program
// fixes, or whether it is one.
func (c *cx) strMember(s *Str, t *check.Table, ask bool, at source.Span) Value {
	if !t.Fixed {
		c.errf("E0552", at, "whether a text is a member of %s is known only once the data is read", t.Name).note(t.At, "declared here").
			hint("fix the members: `category %s = [\"a\", \"b\"]`, or declare the field with the type `%s`", t.Name, t.Name)
		return poison
	}
	h, cat := c.hidden(s.row, s.path, t.Members)
	if cat == nil {
		return poison
	}
	typ := ir.IndexOf(cat.Dim)
	i := c.readRow(s.row, h, typ)
	if ask {
		return c.ten(c.fn.b.Cmp("lt", c.use(i), c.fn.b.Int(typ, int64(len(t.Members)))))
	}
	out := c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: t.Dim}, c.fn.b.One("convert", ir.ConvertAttrs{K: ir.I64}, c.use(i))))
	out.Of = t
	return out
}
