package data

import (
	"path"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// category is a dimension of texts.
type category struct {
	name   string
	node   *ir.Category
	span   source.Span
	known  bool // values are given, not gathered
	values []string
	ids    map[string]int32
	other  int32 // member for texts that are not in; -1: none
}

func (c *category) set(values []string) {
	c.values, c.ids, c.other = values, make(map[string]int32, len(values)), -1
	for i, v := range values {
		if _, dup := c.ids[v]; !dup {
			c.ids[v] = int32(i)
		}
	}
	if c.node.Other != nil {
		if id, ok := c.ids[*c.node.Other]; ok {
			c.other = id
		}
	}
}

// openCategories takes the values of categories that do not come from tables.
func (ds *Dataset) openCategories() error {
	for _, n := range ds.m.Nodes {
		b, ok := n.Body.(*ir.Category)
		if !ok {
			continue
		}
		c := &category{name: n.Name, node: b, span: n.Span, other: -1}
		ds.cats[n.Name] = c
		values := b.Values
		switch given := ds.opt.Categories[n.Name]; {
		case given != nil:
			values, c.known = given, true
		case b.FromFile != nil:
			lines, err := ds.readLines(b.FromFile.Paths[0].Text, n.Span)
			if err != nil {
				return err
			}
			values, c.known = lines, true
			if b.Other != nil && !contains(values, *b.Other) {
				values = append(values, *b.Other)
			}
		case b.Fixed:
			c.known = true
			if b.Other != nil && !contains(values, *b.Other) {
				values = append(append([]string{}, values...), *b.Other)
			}
		}
		if c.known {
			c.set(values)
			if len(c.ids) != len(values) {
				return source.Dataf("D0105", source.Place{}, "a value of the category `%s` is given twice", n.Name).At(n.Span)
			}
			ds.sizes[n.Name] = int64(len(values))
		}
	}
	return nil
}

// readLines is the lines of a file; an end of line at the end begins none.
func (ds *Dataset) readLines(file string, at source.Span) ([]string, error) {
	b, err := ds.readAll(file, 1<<30, at)
	if err != nil {
		return nil, err
	}
	if b, err = dropBOM(file, b); err != nil {
		return nil, err
	}
	s := strings.ReplaceAll(string(b), "\r\n", "\n")
	s = strings.TrimSuffix(s, "\n")
	if s == "" {
		return nil, nil
	}
	return strings.Split(s, "\n"), nil
}

// bind numbers categories, resolves keys and checks indices, once all tables
// are read.
func (ds *Dataset) bind() error {
	for _, n := range ds.m.Nodes {
		if c := ds.cats[n.Name]; c != nil {
			if err := ds.bindCategory(c); err != nil {
				return err
			}
		}
	}
	for _, name := range ds.order {
		t := ds.tables[name]
		for _, in := range t.inputs {
			var err error
			switch {
			case in.col == nil:
			case in.as == asForeign:
				err = ds.bindForeign(t, in)
			case in.as == asIndex && in.bound < 0:
				err = ds.bindIndex(t, in)
			}
			if err != nil {
				return err
			}
		}
		if err := ds.checkAsked(t); err != nil {
			return err
		}
	}
	return nil
}

// use is one column whose texts a category numbers.
type use struct {
	t   *table
	in  *input
	col *col
}

func (ds *Dataset) usesOf(c *category) []use {
	var out []use
	for _, name := range ds.order {
		t := ds.tables[name]
		for _, in := range t.inputs {
			if in.col != nil && in.col.dict != nil && in.as == asMember && in.field.Category == c.name {
				out = append(out, use{t, in, in.col})
			}
		}
	}
	return out
}

// bindCategory gives a category its values in code-point order, which is the
// order of the bytes of UTF-8, and renumbers the columns that use it.
func (ds *Dataset) bindCategory(c *category) error {
	uses := ds.usesOf(c)
	if !c.known {
		seen := map[string]bool{}
		var values []string
		for _, u := range uses {
			if u.in.field.Maybe {
				continue
			}
			for _, s := range u.col.dict.texts {
				if !seen[s] {
					seen[s] = true
					values = append(values, s)
				}
			}
		}
		sort.Strings(values)
		c.set(values)
		ds.sizes[c.name] = int64(len(values))
	}
	for _, u := range uses {
		to := make([]int32, len(u.col.dict.texts))
		for i, s := range u.col.dict.texts {
			id, ok := c.ids[s]
			if !ok {
				id = c.other
			}
			if u.in.field.Maybe && !ok {
				id = -1
			} else if id < 0 {
				return ds.unseen(c, u, int32(i))
			}
			to[i] = id
		}
		u.t.remap(u.col, to)
	}
	return nil
}

func (ds *Dataset) unseen(c *category, u use, id int32) error {
	at := ds.locateFileRow(u.t, u.t.fileRow(u.col.dict.first[id]))
	at.Column, at.Value = u.in.name, u.col.dict.texts[id]
	d := source.Dataf("D0116", at, "this text is no member of the category `%s`", c.name).At(u.in.at(u.t.span))
	if near := source.Nearest(at.Value, c.values); near != "" {
		return d.WithHint("did the data mean %q?", near)
	}
	return d.WithHint("the members are %s; name one of them after the list, `other: …`, to take all other texts", list(quoteAll(c.values)))
}

func quoteAll(values []string) []string {
	var out []string
	for i, v := range values {
		if i == 13 {
			break
		}
		out = append(out, "\""+v+"\"")
	}
	return append(out, make([]string, max(0, len(values)-len(out)))...)
}

// remap renumbers a column: at once in memory, when read from the spill.
func (t *table) remap(c *col, to []int32) {
	c.dict = nil
	if t.windows != nil {
		remapAll(t.windows.codes, to)
		return
	}
	if t.store.spill != nil {
		c.remap = to
		return
	}
	for k, chunk := range c.pack.chunks {
		c.renumber(chunk, min(ChunkRows, int(t.rows())-k*ChunkRows), to)
	}
}

// bindForeign turns the keys of another table into its rows.
func (ds *Dataset) bindForeign(t *table, in *input) error {
	target := ds.tables[ds.sourceOf(in.field.Table)]
	if target == nil || target.keys == nil {
		return source.Dataf("D0117", source.Place{}, "`%s` follows a key into `%s`, which was not opened", in.name, in.field.Table).At(in.at(t.span))
	}
	d := in.col.dict
	to := make([]int32, len(d.texts))
	lost := false
	for i, s := range d.texts { // in order of first appearance: the first fault is the earliest row
		id, ok := target.keys.ids[s]
		if !ok && !in.optional {
			at := ds.locateFileRow(t, t.fileRow(d.first[i]))
			at.Column, at.Value = strings.Join(orName(in), ", "), decodeKey(s, in.parts)
			return source.Dataf("D0117", at, "no row of `%s` has this key", in.field.Table).At(in.at(t.span)).
				WithHint("declare the field as `%s?`, and rows without a match are missing and counted", in.field.Table)
		}
		if !ok {
			id, lost = -1, true
		}
		to[i] = id
	}
	if lost {
		n, err := t.countLost(in.col, to)
		if err != nil {
			return err
		}
		ds.match[t.name+"."+in.name] = n
	}
	t.remap(in.col, to)
	return nil
}

func orName(in *input) []string {
	if len(in.names) > 0 {
		return in.names
	}
	return []string{in.name}
}

// countLost counts the rows whose key matched nothing.
func (t *table) countLost(c *col, to []int32) (n int64, err error) {
	err = t.eachChunk(c, func(first int64, ids []int32) bool {
		for _, id := range ids {
			if id >= 0 && to[id] < 0 {
				n++
			}
		}
		return true
	})
	return n, err
}

// bindIndex checks an index against a range that was not known before.
func (ds *Dataset) bindIndex(t *table, in *input) error {
	bound := int64(-1)
	if in.field.Table != "" {
		if target := ds.tables[ds.sourceOf(in.field.Table)]; target != nil {
			bound = target.rows()
		}
	} else if n, ok := ds.sizeOf(in.field.Type.Bound); ok {
		bound = n
	}
	if bound < 0 || in.col.max < bound {
		return nil
	}
	var fault error
	err := t.eachChunk(in.col, func(first int64, ids []int32) bool {
		for i, id := range ids {
			if p := checkIndex(in.name, int64(id), bound); p != nil {
				at := ds.locateFileRow(t, t.fileRow(first+int64(i/in.width)))
				at.Column, at.Value = in.name, itoa(int64(id))
				fault = source.Dataf(p.code, at, "%s", p.message).At(in.at(t.span))
				return false
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	return fault
}

// plainExt is the extension of a path without .gz or .zst.
func plainExt(p string) string {
	p = strings.ToLower(p)
	p = strings.TrimSuffix(strings.TrimSuffix(p, ".gz"), ".zst")
	return path.Ext(p)
}

// TextOf is what an index over a category or keyed table prints as; ok is
// false where the dimension is neither.
func (ds *Dataset) TextOf(dim string, i int64) (string, bool) {
	if c := ds.cats[dim]; c != nil && i >= 0 && i < int64(len(c.values)) {
		return c.values[i], true
	}
	if v := ds.views[dim]; v != nil && v.src.keys != nil && i >= 0 {
		return v.src.keyText(int32(i)), true
	}
	return "", false
}

// Categories are the values of all categories, for the state.
func (ds *Dataset) Categories() map[string][]string {
	out := map[string][]string{}
	for name, c := range ds.cats {
		out[name] = c.values
	}
	return out
}
