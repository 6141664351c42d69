package lower

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Note: what is computed from texts. No text enters a function. What a program
// computes of the texts of a column is a hidden field beside it, which is
// computed when the file is read; of the members of a category that no field
// of the row at hand holds, a tensor over the category.

// source finds the table that a path of a row ends in, with the paths of the
// keys in front of the field and its name; nil where it was not read from a file.
func (c *cx) sourceAt(r *Row, path string) (t *check.Table, src *ir.SourceTable, prefix, name string) {
	t, name = rootTable(r).Base, path
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
	return t, c.sources[t], prefix, name
}

// hidden finds or adds the field that asks the text at a path of a row, and
// returns its path. What is not given in like is that of the field asked.
func (c *cx) hidden(s *Str, like ir.Field) string {
	t, src, prefix, name := c.sourceAt(s.row, s.path)
	if src == nil {
		return ""
	}
	key := t.Name + "." + name + fmt.Sprintf(" %v %s %v ", like.Type, like.Text, like.Ask) + like.Category
	if h, ok := c.hiddens[key]; ok {
		return prefix + h
	}
	h := ""
	for i := 1; h == "" || t.Field(h) != nil || taken(src, h); i++ {
		h = fmt.Sprintf("%s_%d", name, i)
	}
	for _, f := range src.Fields {
		if f.Name != name {
			continue
		}
		like.Name, like.Like, like.From = h, name, f.From
		like.Optional = f.Optional || like.Maybe
		if len(f.From) == 0 && len(f.Places) == 0 {
			like.From = []string{name}
		}
		src.Fields = append(src.Fields, like)
		break
	}
	c.hiddens[key] = h
	return prefix + h
}

func taken(src *ir.SourceTable, name string) bool {
	for _, f := range src.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// with is the text after one more step.
func (s *Str) with(step ir.TextStep) *Str {
	t := *s
	t.steps = append(append([]ir.TextStep{}, s.steps...), step)
	return &t
}

// ask is a bool or integer that the steps of a text end in.
func (c *cx) ask(s *Str, step ir.TextStep, kind ir.Kind, at source.Span) Value {
	s = s.with(step)
	if s.cat != nil {
		return c.askMembers(s, kind, at)
	}
	h := c.hidden(s, ir.Field{Type: ir.ScalarOf(kind), Ask: s.steps, Span: at})
	if h == "" {
		c.errf("E0388", at, "the texts of this table cannot be looked into").hint("follow its key back to the table that was read")
		return poison
	}
	return c.readRow(s.row, h, ir.ScalarOf(kind))
}

// askMembers asks the members of a category, each once.
func (c *cx) askMembers(s *Str, kind ir.Kind, at source.Span) Value {
	steps, err := json.Marshal(s.steps)
	if err != nil {
		panic(err) // texts and numbers have a JSON form
	}
	of := s.cat.Of
	typ := ir.TensorOf(kind, of.Dim)
	out := c.ofMembers("asked."+of.Name, typ, at, ir.Reader{Name: "asked", Options: map[string]string{"of": of.Name, "steps": string(steps)}})
	return c.gather(c.ten(c.input(ir.Given, out, typ)), s.cat, 0)
}

// ofMembers is the output of a node that reads what only binding knows of a category.
func (c *cx) ofMembers(name string, typ ir.Type, at source.Span, r ir.Reader) string {
	key := fmt.Sprint(r.Name, r.Paths, r.Options)
	out, ok := c.members[key]
	if !ok {
		out = c.el.output(name)
		c.members[key] = out
		old := c.el.nodeAt
		c.el.nodeAt = at
		c.node(out, &ir.Read{Reader: r, Outputs: []ir.Output{{Name: out, Type: typ}}})
		c.el.nodeAt = old
	}
	return out
}

// asText is a value as a text of the data: a text, or a member of a category.
func (c *cx) asText(v Value) *Str {
	switch v := v.(type) {
	case *Str:
		return v
	case *Ten:
		if v.Of == nil || !v.Of.Category {
			return nil
		}
		if v.row != nil {
			if _, src, _, _ := c.sourceAt(v.row, v.path); src != nil {
				return &Str{row: v.row, path: v.path}
			}
		}
		return &Str{cat: v}
	}
	return nil
}

// textIs asks whether a text of the data is, or is not, a text of the program.
func (c *cx) textIs(s *Str, t *Txt, op syntax.Op) Value {
	v, ok := c.ask(s, ir.TextStep{Op: "is", Arg: t.S}, ir.Bool, t.At).(*Ten)
	if !ok {
		return poison
	}
	if op == "!=" {
		return c.ten(c.fn.b.One("not", nil, c.use(v)))
	}
	return v
}

// strMember is a text of the data as a member of a category, or whether it is one.
func (c *cx) strMember(s *Str, t *check.Table, ask bool, at source.Span) Value {
	h := ""
	if s.cat == nil {
		h = c.hidden(s, ir.Field{Type: ir.IndexOf(t.Dim), Ask: s.steps, Category: t.Name, Maybe: true, Span: at})
	}
	if h == "" {
		c.errf("E0377", at, "`in` asks about a text of the row at hand")
		return poison
	}
	if ask {
		return c.readRow(s.row, h+"?", ir.ScalarOf(ir.Bool))
	}
	out := c.readRow(s.row, h, ir.IndexOf(t.Dim))
	out.Of = t
	return out
}

// txtMember asks whether a text of the program is a member of a category.
func (c *cx) txtMember(t *Txt, of *check.Table, at source.Span) Value {
	if of.Fixed {
		return &Flag{has(of.Members, t.S)}
	}
	typ := ir.ScalarOf(ir.Bool)
	out := c.ofMembers("in."+of.Name+"."+t.S, typ, at,
		ir.Reader{Name: "in", Paths: []ir.NamedText{{Text: t.S, Span: at}}, Options: map[string]string{"of": of.Name}})
	return c.ten(c.input(ir.Given, out, typ))
}
