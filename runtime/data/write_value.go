package data

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Lookup finds the value and type of an output by its name.
type Lookup func(name string) (*array.Array, ir.Type, error)

// WriteValue writes a tree of values to out in the format of its node.
func WriteValue(out *Output, format string, tree *ir.Tree, get Lookup, ds *Dataset) error {
	c := cells{}
	if ds != nil {
		c.text, c.number = ds.TextOf, ds.numbered
	}
	switch format {
	case "json", "jsonl":
		return writeJSONTree(out, c, format, tree, get)
	case "csv":
		return writeCSVTree(out, c, tree, get)
	case "npy":
		if tree.Value == "" {
			return source.Errorf("D0134", out.span, "an npy file holds one tensor, not a record or text").WithHint("write safetensors or json")
		}
		a, _, err := get(tree.Value)
		if err != nil {
			return err
		}
		return out.note(WriteNpy(out, a))
	case "safetensors":
		named := map[string]*array.Array{}
		if err := flatten(named, "", tree, get, out); err != nil {
			return err
		}
		return out.note(WriteSafetensors(out, named, nil))
	}
	return source.Errorf("D0134", out.span, "there is no format `%s` for results", format)
}

// flatten names the tensors of a tree by their paths.
func flatten(dst map[string]*array.Array, path string, t *ir.Tree, get Lookup, out *Output) error {
	if t.Text != nil || t.First != nil {
		return source.Errorf("D0134", out.span, "a safetensors file holds tensors, and `%s` is a text", path)
	}
	if t.Value != "" {
		a, _, err := get(t.Value)
		if path == "" {
			path = shortName(t.Value)
		}
		dst[path] = a
		return err
	}
	for i := range t.Items {
		name := strconv.Itoa(i)
		if i < len(t.Names) {
			name = t.Names[i]
		}
		if path != "" {
			name = path + "." + name
		}
		if err := flatten(dst, name, &t.Items[i], get, out); err != nil {
			return err
		}
	}
	return nil
}

// writeJSONTree writes a value; as jsonl, a list or the leading dimension of
// a tensor goes out a line each.
func writeJSONTree(out *Output, c cells, format string, tree *ir.Tree, get Lookup) error {
	j := &jsonTree{cells: c, get: get, lines: format == "jsonl"}
	err := j.value(tree, nil, "the value")
	if err != nil {
		d := source.AsList(err)[0].At(out.span)
		d.Place.File = out.path
		return d
	}
	b := j.b
	if j.lines {
		if lines, err := recordLines(out.path, b); err == nil {
			b = lines
		}
	}
	if len(b) == 0 || b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	_, err = out.Write(b)
	return err
}

// jsonTree writes a tree as JSON.
type jsonTree struct {
	cells
	get   Lookup
	lines bool
	b     []byte
}

// value writes the element at the indices at of every list around.
func (j *jsonTree) value(t *ir.Tree, at []int, name string) error {
	if t.Present != "" {
		has, _, err := j.get(t.Present)
		if err != nil {
			return err
		}
		if len(has.Shape) > len(at) { // a column of which any element may be missing
			return j.list(t, at, name)
		}
		if _, from := inside(has, at); has.Int(from) == 0 {
			j.b = append(j.b, "null"...)
			return nil
		}
	}
	switch {
	case t.Text != nil:
		j.b = append(j.b, jsonText(*t.Text)...)
		return nil
	case t.First != nil:
		c, err := chosen(t.First, at, j.get)
		if err != nil {
			return err
		}
		return j.value(c, at, name)
	case t.Each != nil:
		return j.list(t.Each, at, name)
	case t.Value != "":
		a, typ, err := j.get(t.Value)
		if err == nil {
			shape, from := inside(a, at)
			j.b, err = j.nested(j.b, a, typ, shape, from, name)
		}
		return err
	}
	return j.parts(t, at, name)
}

// chosen is the first of some trees that is there at the indices at; of a
// choice the last always is.
func chosen(first []ir.Tree, at []int, get Lookup) (*ir.Tree, error) {
	for i := range first {
		if first[i].Present == "" {
			return &first[i], nil
		}
		has, _, err := get(first[i].Present)
		if err != nil {
			return nil, err
		}
		if _, from := inside(has, at); has.Int(from) != 0 {
			return &first[i], nil
		}
	}
	return &first[len(first)-1], nil
}

// parts writes a record as an object, a tuple or list of its own as an array.
func (j *jsonTree) parts(t *ir.Tree, at []int, name string) error {
	open, close := byte('['), byte(']')
	if t.Names != nil {
		open, close = '{', '}'
	}
	j.b = append(j.b, open)
	for i := range t.Items {
		if i > 0 {
			j.b = append(j.b, ',')
		}
		part := fmt.Sprintf("%s[%d]", name, i)
		if t.Names != nil {
			part = t.Names[i]
			j.b = append(j.b, jsonText(part)+":"...)
		}
		if err := j.value(&t.Items[i], at, part); err != nil {
			return err
		}
	}
	j.b = append(j.b, close)
	return nil
}

// list writes a list of records, one a line where it is the whole value.
func (j *jsonTree) list(each *ir.Tree, at []int, name string) error {
	n, err := lengthAt(each, len(at), j.get)
	if err != nil {
		return err
	}
	between, end := ",", "]"
	if len(j.b) == 0 && !j.lines {
		between, end = ",\n  ", "\n]"
		if n > 0 {
			j.b = append(j.b, "[\n  "...)
		} else {
			j.b = append(j.b, '[')
		}
	} else {
		j.b = append(j.b, '[')
	}
	for i := range n {
		if i > 0 {
			j.b = append(j.b, between...)
		}
		if err := j.value(each, append(at[:len(at):len(at)], i), fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return err
		}
	}
	j.b = append(j.b, end...)
	return nil
}

// inside is the part of a tensor at leading indices: its sizes, and where it begins.
func inside(a *array.Array, at []int) (shape []int, from int) {
	n := a.Len()
	for i, x := range at {
		n /= max(1, a.Shape[i])
		from += x * n
	}
	return a.Shape[len(at):], from
}

// lengthAt is the size of dimension axis of the tensors of a tree, which is
// that of the list which stands there.
func lengthAt(t *ir.Tree, axis int, get Lookup) (int, error) {
	for {
		switch {
		case t.Present != "" || t.Value != "":
			name := t.Value
			if t.Present != "" {
				name = t.Present
			}
			a, _, err := get(name)
			if err != nil || axis >= len(a.Shape) {
				return 0, err
			}
			return a.Shape[axis], nil
		case t.Each != nil:
			t = t.Each
		default:
			parts := t.Inner()
			for i := range parts {
				if n, err := lengthAt(&parts[i], axis, get); err != nil || n > 0 {
					return n, err
				}
			}
			return 0, nil
		}
	}
}

// jsonFrame is what stands before each column of an object, and behind the
// last: a name with dots is a path in objects, a part of it that is a number
// a place in an array.
func jsonFrame(columns []ir.WriteColumn) []string {
	var out []string
	var last []string
	bracket := func(path []string, level int, object, array string) string {
		if _, err := strconv.Atoi(path[level]); err == nil {
			return array
		}
		return object
	}
	closing := func(to int) (s string) {
		for l := len(last) - 1; l > to; l-- {
			s += bracket(last, l, "}", "]")
		}
		return s
	}
	for _, c := range columns {
		path, same := strings.Split(c.Name, "."), 0
		for same < min(len(path), len(last))-1 && path[same] == last[same] {
			same++
		}
		s := "{"
		if last != nil {
			s = closing(same) + ","
		}
		for l := same; l < len(path); l++ {
			if l > same {
				s += bracket(path, l, "{", "[")
			}
			if _, err := strconv.Atoi(path[l]); err != nil {
				s += jsonText(path[l]) + ":"
			}
		}
		out, last = append(out, s), path
	}
	if last == nil {
		return []string{"{}"}
	}
	return append(out, closing(0)+"}")
}

// csvColumn is a column of a written value.
type csvColumn struct {
	name  string
	a     *array.Array // nil of a text of the program, and of a choice
	t     ir.Type
	text  string
	first []csvColumn  // the first of these that is there
	has   *array.Array // nil where there always is a value
}

// width is how many fields a row of the column takes.
func (c *csvColumn) width() int {
	if c.a == nil || len(c.a.Shape) == 0 {
		return 1
	}
	n := 1
	for _, s := range c.a.Shape[1:] {
		n *= s
	}
	return n
}

// rows is how many rows the column has, -1 where it has a value for any.
func (c *csvColumn) rows() int {
	of := c.a
	if of == nil {
		of = c.has
	}
	for i := range c.first {
		if n := c.first[i].rows(); of == nil && n >= 0 {
			return n
		}
	}
	switch {
	case of == nil:
		return -1
	case len(of.Shape) == 0:
		return 1
	}
	return of.Shape[0]
}

// chosen is what stands in row r, nil where nothing does.
func (c *csvColumn) chosen(r int) *csvColumn {
	if c.has != nil && c.has.U8[r] == 0 {
		return nil
	}
	if c.first == nil {
		return c
	}
	for i := range c.first {
		if p := c.first[i].chosen(r); p != nil {
			return p
		}
	}
	return nil
}

// csvColumns are the columns of a list of records, with paths as names, or
// one for a tensor.
func csvColumns(t *ir.Tree, name, present string, get Lookup, out *Output) (cols []csvColumn, err error) {
	if t.Present != "" {
		present = t.Present
	}
	c := csvColumn{name: name}
	if present != "" {
		if c.has, _, err = get(present); err != nil {
			return nil, err
		}
	}
	switch {
	case t.Value != "":
		c.a, c.t, err = get(t.Value)
		return []csvColumn{c}, err
	case t.Text != nil && name != "":
		c.text = *t.Text
		return []csvColumn{c}, nil
	case t.First != nil:
		for i := range t.First {
			p, err := csvColumns(&t.First[i], name, "", get, out)
			if err != nil {
				return nil, err
			}
			c.first = append(c.first, p...)
		}
		return []csvColumn{c}, nil
	}
	if t.Text != nil || t.Each != nil {
		return nil, source.Errorf("D0134", out.span, "a csv file holds a table, a matrix, or a list of records of numbers and tensors").WithHint("write json")
	}
	for i := range t.Items {
		part := strconv.Itoa(i)
		if t.Names != nil {
			part = t.Names[i]
		}
		if name != "" {
			part = name + "." + part
		}
		more, err := csvColumns(&t.Items[i], part, present, get, out)
		if err != nil {
			return nil, err
		}
		cols = append(cols, more...)
	}
	return cols, nil
}

// writeCSVTree writes a tensor of up to two dimensions without a header, a
// list of records with one.
func writeCSVTree(out *Output, c cells, t *ir.Tree, get Lookup) error {
	if t.Each != nil {
		t = t.Each
	}
	cols, err := csvColumns(t, "", "", get, out)
	if err != nil {
		return err
	}
	var b []byte
	rows := -1
	for i := range cols {
		rows = max(rows, cols[i].rows())
	}
	for i := range cols {
		col := &cols[i]
		if n := col.rows(); n >= 0 && n != rows || t.Value != "" && len(col.a.Shape) > 2 {
			return source.Errorf("D0134", out.span, "a tensor with sizes %v does not fit into a csv file", col.a.Shape).WithHint("write json or npy")
		}
		for k := 0; t.Value == "" && k < col.width(); k++ {
			name := col.name
			if col.a != nil && len(col.a.Shape) > 1 {
				name += "." + strconv.Itoa(k)
			}
			if i > 0 || k > 0 {
				b = append(b, ',')
			}
			b = appendField(b, name)
		}
	}
	if t.Value == "" {
		b = append(b, '\n')
	}
	for r := range rows {
		b = append(c.csvRow(b, cols, r), '\n')
		if _, err := out.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err = out.Write(b)
	return err
}

// csvRow appends a row of columns.
func (c cells) csvRow(b []byte, cols []csvColumn, r int) []byte {
	from := len(b)
	for i := range cols {
		col := &cols[i]
		w := col.width()
		for e := range w {
			if i > 0 || e > 0 {
				b = append(b, ',')
			}
			switch p := col.chosen(r); {
			case p == nil:
			case p.a == nil:
				b = appendField(b, p.text)
			default:
				b = c.csv(b, p.a, p.t, r*w+e)
			}
		}
	}
	if len(b) == from {
		b = append(b, `""`...) // an empty line would be no record
	}
	return b
}
