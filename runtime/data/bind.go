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
		to, lost := make([]int32, len(u.col.dict.texts)), []int32(nil)
		for i, s := range u.col.dict.texts {
			id, ok := c.ids[s]
			if !ok {
				id = c.other
			}
			if u.in.field.Maybe && !ok {
				id = -1
			} else if id < 0 {
				lost = append(lost, int32(i))
			}
			to[i] = id
		}
		if len(lost) > 0 {
			return ds.unseen(c, u, lost)
		}
		u.t.remap(u.col, to)
	}
	return nil
}

// unseen reports texts, by their numbers, that are no members of a category.
func (ds *Dataset) unseen(c *category, u use, lost []int32) error {
	at := ds.placeOf(u.t, u.in.name, u.col.dict, lost[0], nil)
	d := source.Dataf("D0116", at, "this text is no member of the category `%s`", c.name).At(u.in.at(u.t.span))
	ds.others(d, u.t, u.in.name, u.col.dict, lost, nil, "%d texts of the column are no members")
	if near := source.Nearest(at.Value, c.values); near != "" {
		return d.WithHint("did the data mean %q?", near)
	}
	return d.WithHint("the members are %s; name one of them after the list, `other: …`, to take all other texts", list(quoteAll(c.values)))
}

// placeOf is where a text of a dictionary first stands.
func (ds *Dataset) placeOf(t *table, column string, d *dict, id int32, parts []keyKind) source.Place {
	at := ds.locateFileRow(t, t.fileRow(d.first[id]))
	at.Column, at.Value = column, d.texts[id]
	if parts != nil {
		at.Value = decodeKey(at.Value, parts)
	}
	return at
}

// others lists where more texts of a dictionary stand that are at fault as the
// first of lost is, and says how many there are.
func (ds *Dataset) others(d *source.Diagnostic, t *table, column string, of *dict, lost []int32, parts []keyKind, what string) {
	if len(lost) == 1 {
		return
	}
	for _, id := range lost[1:min(len(lost), mostFaults)] {
		d.Note(source.Span{}, "%s", ds.placeOf(t, column, of, id, parts))
	}
	d.Note(source.Span{}, what, len(lost))
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
	var lost []int32
	for i, s := range d.texts { // in order of first appearance: the first fault is the earliest row
		id, ok := target.keys.ids[s]
		if !ok {
			id, lost = -1, append(lost, int32(i))
		}
		to[i] = id
	}
	if len(lost) > 0 && !in.optional {
		column := strings.Join(orName(in), ", ")
		e := source.Dataf("D0117", ds.placeOf(t, column, d, lost[0], in.parts), "no row of `%s` has this key", in.field.Table).At(in.at(t.span)).
			WithHint("declare the field as `%s?`, and rows without a match are missing and counted", in.field.Table)
		ds.others(e, t, column, d, lost, in.parts, "%d keys of the column match nothing")
		return e
	}
	if len(lost) > 0 {
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

// numbered reports whether the rows of a table are known by one whole number.
func (ds *Dataset) numbered(dim string) bool {
	v := ds.views[dim]
	return v != nil && v.src.keys != nil && len(v.src.keyParts) == 1 && v.src.keyParts[0] == keyInt
}

// Categories are the values of all categories, for the state.
func (ds *Dataset) Categories() map[string][]string {
	out := map[string][]string{}
	for name, c := range ds.cats {
		out[name] = c.values
	}
	return out
}
