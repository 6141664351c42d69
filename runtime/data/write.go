package data

import (
	"fmt"
	"strconv"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// TextReqs are the requests for the texts that a written table copies from
// its rows, in the order of their columns.
func TextReqs(w *ir.Write) []ColumnReq {
	var out []ColumnReq
	for _, c := range w.Columns {
		if c.Result < 0 {
			out = append(out, ColumnReq{Path: c.Text})
		}
	}
	return out
}

// TableWriter writes a table a batch at a time.
type TableWriter struct {
	out   *Output
	node  *ir.Write
	types []ir.Type
	cells cells
	rows  int64
	buf   []byte
	held  []*array.Array // npy and safetensors: columns so far
	begun bool
}

// NewTableWriter writes the rows of node w to out. types are those of the
// results of its function; ds says what indices print as and may be nil.
func NewTableWriter(out *Output, w *ir.Write, types []ir.Type, ds *Dataset) (*TableWriter, error) {
	t := &TableWriter{out: out, node: w, types: types}
	if ds != nil {
		t.cells.text = ds.TextOf
	}
	switch w.Format {
	case "csv", "json", "jsonl":
		return t, nil
	case "npy", "safetensors":
		for _, c := range w.Columns {
			if c.Result < 0 || c.Present >= 0 {
				return nil, source.Errorf("D0134", out.span, "`%s` holds numbers: the column `%s` is a text or may be missing", w.Format, c.Name)
			}
		}
		t.held = make([]*array.Array, len(w.Columns))
		return t, nil
	}
	return nil, source.Errorf("D0134", out.span, "there is no format `%s` for results", w.Format)
}

// Rows writes n rows: the results of the function and, for each of TextReqs,
// its texts.
func (t *TableWriter) Rows(results []*array.Array, texts []Texts, n int) error {
	if t.held != nil {
		return t.hold(results, n)
	}
	t.begin(results)
	for i := range n {
		t.buf = t.buf[:0]
		var err error
		if t.node.Format == "csv" {
			t.csvRow(results, texts, i)
		} else {
			err = t.jsonRow(results, texts, i)
		}
		if err != nil {
			return err
		}
		t.rows++
		if _, err := t.out.Write(t.buf); err != nil {
			return err
		}
	}
	return nil
}

// begin writes the header, or the bracket that opens a JSON list.
func (t *TableWriter) begin(results []*array.Array) {
	if t.begun {
		return
	}
	t.begun = true
	t.buf = t.buf[:0]
	switch t.node.Format {
	case "json":
		t.buf = append(t.buf, '[')
	case "csv":
		for i, c := range t.node.Columns {
			n := 1
			if c.Result >= 0 && results != nil {
				n = results[c.Result].Len() / max(1, results[c.Result].Shape[0])
			}
			for k := range n {
				if i > 0 || k > 0 {
					t.buf = append(t.buf, ',')
				}
				name := c.Name
				if c.Result >= 0 && t.types[c.Result].Rank() > 0 {
					name += "." + strconv.Itoa(k)
				}
				t.buf = appendField(t.buf, name)
			}
		}
		t.buf = append(t.buf, '\n')
	}
	t.out.Write(t.buf)
}

func (t *TableWriter) present(c ir.WriteColumn, results []*array.Array, i int) bool {
	return c.Present < 0 || results[c.Present].U8[i] != 0
}

func (t *TableWriter) csvRow(results []*array.Array, texts []Texts, i int) {
	text := 0
	for k, c := range t.node.Columns {
		if k > 0 {
			t.buf = append(t.buf, ',')
		}
		if c.Result < 0 {
			if s, ok := texts[text].At(i); ok && t.present(c, results, i) {
				t.buf = appendField(t.buf, s)
			}
			text++
			continue
		}
		a := results[c.Result]
		inner := a.Len() / a.Shape[0]
		for e := range inner {
			if e > 0 {
				t.buf = append(t.buf, ',')
			}
			if t.present(c, results, i) {
				t.buf = t.cells.csv(t.buf, a, t.types[c.Result], i*inner+e)
			}
		}
	}
	if len(t.buf) == 0 {
		t.buf = append(t.buf, `""`...) // an empty line would be no record
	}
	t.buf = append(t.buf, '\n')
}

func (t *TableWriter) jsonRow(results []*array.Array, texts []Texts, i int) error {
	if t.node.Format == "json" {
		if t.rows > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = append(t.buf, "\n  "...)
	}
	t.buf = append(t.buf, '{')
	text := 0
	for k, c := range t.node.Columns {
		if k > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = append(t.buf, jsonText(c.Name)+":"...)
		if c.Result < 0 {
			s, ok := texts[text].At(i)
			text++
			if ok && t.present(c, results, i) {
				t.buf = append(t.buf, jsonText(s)...)
			} else {
				t.buf = append(t.buf, "null"...)
			}
			continue
		}
		if !t.present(c, results, i) {
			t.buf = append(t.buf, "null"...)
			continue
		}
		a := results[c.Result]
		var err error
		t.buf, err = t.cells.nested(t.buf, a, t.types[c.Result], a.Shape[1:], i*a.Len()/a.Shape[0], c.Name)
		if err != nil {
			d := source.AsList(err)[0].At(t.out.span)
			d.Place = source.Place{File: t.out.path, Row: t.rows + 1, Column: c.Name}
			return d
		}
	}
	t.buf = append(t.buf, '}')
	if t.node.Format == "jsonl" {
		t.buf = append(t.buf, '\n')
	}
	return nil
}

// hold keeps columns until their number of rows is known.
func (t *TableWriter) hold(results []*array.Array, n int) error {
	for k, c := range t.node.Columns {
		a := results[c.Result]
		old := t.held[k]
		if old == nil {
			old = array.New(a.Kind, append([]int{0}, a.Shape[1:]...)...)
		}
		t.held[k] = concat(old, a)
	}
	t.rows += int64(n)
	return nil
}

// concat is a followed by b; the room grows by doubling.
func concat(a, b *array.Array) *array.Array {
	a.F32, a.F64 = append(a.F32, b.F32...), append(a.F64, b.F64...)
	a.I32, a.I64 = append(a.I32, b.I32...), append(a.I64, b.I64...)
	a.U8, a.I8 = append(a.U8, b.U8...), append(a.I8, b.I8...)
	a.U16, a.I16 = append(a.U16, b.U16...), append(a.I16, b.I16...)
	a.Shape[0] += b.Shape[0]
	return a
}

// Finish writes what follows the last row.
func (t *TableWriter) Finish() error {
	switch t.node.Format {
	case "npy":
		return t.finishNpy()
	case "safetensors":
		named := map[string]*array.Array{}
		for k, c := range t.node.Columns {
			if t.held[k] == nil {
				t.held[k] = array.New(t.types[c.Result].Kind, 0)
			}
			named[c.Name] = t.held[k]
		}
		return t.out.note(WriteSafetensors(t.out, named, nil))
	}
	t.begin(nil)
	if t.node.Format == "json" {
		_, err := t.out.Write([]byte("\n]\n"))
		return err
	}
	return t.out.err
}

// finishNpy writes one column as it is, several as the columns of a matrix.
func (t *TableWriter) finishNpy() error {
	if t.rows == 0 {
		return t.out.note(WriteNpy(t.out, array.New(t.types[t.node.Columns[0].Result].Kind, 0)))
	}
	if len(t.held) == 1 {
		return t.out.note(WriteNpy(t.out, t.held[0]))
	}
	m := array.New(t.held[0].Kind, int(t.rows), len(t.held))
	for k, a := range t.held {
		if a.Kind != m.Kind || len(a.Shape) != 1 {
			return source.Errorf("D0134", t.out.span, "an npy file holds one tensor: `%s` and `%s` are of different types", t.node.Columns[0].Name, t.node.Columns[k].Name).
				WithHint("write safetensors, which holds several")
		}
		for i := range a.Len() {
			copyElems(m, i*len(t.held)+k, a, i, 1)
		}
	}
	return t.out.note(WriteNpy(t.out, m))
}

// Lookup finds the value and type of an output by its name.
type Lookup func(name string) (*array.Array, ir.Type, error)

// WriteValue writes a tree of values to out in the format of its node.
func WriteValue(out *Output, format string, tree *ir.Tree, get Lookup, ds *Dataset) error {
	c := cells{}
	if ds != nil {
		c.text = ds.TextOf
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
	if t.Text != nil {
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
	b, err := jsonTree(nil, c, tree, get, "the value")
	if err != nil {
		d := source.AsList(err)[0].At(out.span)
		d.Place.File = out.path
		return d
	}
	if format == "jsonl" {
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

func jsonTree(b []byte, c cells, t *ir.Tree, get Lookup, name string) ([]byte, error) {
	switch {
	case t.Text != nil:
		return append(b, jsonText(*t.Text)...), nil
	case t.Value != "":
		a, typ, err := get(t.Value)
		if err != nil {
			return b, err
		}
		return c.nested(b, a, typ, a.Shape, 0, name)
	}
	open, close := byte('['), byte(']')
	if t.Names != nil {
		open, close = '{', '}'
	}
	b = append(b, open)
	var err error
	for i := range t.Items {
		if i > 0 {
			b = append(b, ',')
		}
		part := fmt.Sprintf("%s[%d]", name, i)
		if t.Names != nil {
			part = t.Names[i]
			b = append(b, jsonText(part)+":"...)
		}
		if b, err = jsonTree(b, c, &t.Items[i], get, part); err != nil {
			return b, err
		}
	}
	return append(b, close), nil
}

// writeCSVTree writes a matrix without a header, or a record of columns of
// one length with one.
func writeCSVTree(out *Output, c cells, t *ir.Tree, get Lookup) error {
	var cols []*array.Array
	var types []ir.Type
	items := t.Items
	if t.Value != "" {
		items = []ir.Tree{*t}
	}
	rows := -1
	for _, it := range items {
		if it.Value == "" {
			return source.Errorf("D0134", out.span, "a csv file holds a table, a matrix, or a record of columns").WithHint("write json")
		}
		a, typ, err := get(it.Value)
		if err != nil {
			return err
		}
		n := 1
		if len(a.Shape) > 0 {
			n = a.Shape[0]
		}
		if len(a.Shape) > 2 || rows >= 0 && n != rows {
			return source.Errorf("D0134", out.span, "`%s` has sizes %v and does not fit into a csv file", shortName(it.Value), a.Shape).WithHint("write json or npy")
		}
		rows, cols, types = n, append(cols, a), append(types, typ)
	}
	var b []byte
	if t.Names != nil {
		for i, n := range t.Names {
			w := 1
			if len(cols[i].Shape) == 2 {
				w = cols[i].Shape[1]
			}
			for k := range w {
				if i > 0 || k > 0 {
					b = append(b, ',')
				}
				if len(cols[i].Shape) == 2 {
					b = appendField(b, n+"."+strconv.Itoa(k))
				} else {
					b = appendField(b, n)
				}
			}
		}
		b = append(b, '\n')
	}
	for r := range max(rows, 0) {
		for i, a := range cols {
			w := a.Len() / max(rows, 1)
			for e := range w {
				if i > 0 || e > 0 {
					b = append(b, ',')
				}
				b = c.csv(b, a, types[i], r*w+e)
			}
		}
		b = append(b, '\n')
		if _, err := out.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	_, err := out.Write(b)
	return err
}
