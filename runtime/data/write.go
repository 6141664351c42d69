package data

import (
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
		c.EachPart(func(c *ir.WriteColumn) {
			if c.IsField() {
				out = append(out, ColumnReq{Path: c.Text})
			}
		})
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
	json  []string       // what stands before each column of a JSON object, and behind the last
	fills []filling      // for each column
	begun bool
	ahead *ahead // nil: rows are formatted as they come
}

// filling is a column of a written row, with its place in TextReqs where it is
// a text of the row.
type filling struct {
	ir.WriteColumn
	text  int
	first []filling
}

func fillingOf(c ir.WriteColumn, texts *int) filling {
	f := filling{WriteColumn: c}
	if c.IsField() {
		f.text = *texts
		*texts++
	}
	for _, p := range c.First {
		f.first = append(f.first, fillingOf(p, texts))
	}
	return f
}

// NewTableWriter writes the rows of node w to out. types are those of the
// results of its function; ds says what indices print as and may be nil.
func NewTableWriter(out *Output, w *ir.Write, types []ir.Type, ds *Dataset) (*TableWriter, error) {
	t, texts := &TableWriter{out: out, node: w, types: types}, 0
	for _, c := range w.Columns {
		t.fills = append(t.fills, fillingOf(c, &texts))
	}
	if ds != nil {
		t.cells.text, t.cells.number = ds.TextOf, ds.numbered
	}
	switch w.Format {
	case "json", "jsonl":
		t.json = jsonFrame(w.Columns)
		return t, nil
	case "csv":
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
	first := t.rows
	t.rows += int64(n)
	if t.ahead != nil {
		if t.ahead.bad.Load() {
			return t.Close()
		}
		t.ahead.rows(results, texts, n, first)
		return nil
	}
	var err error
	if t.buf, err = t.format(t.buf[:0], results, texts, n, first); err != nil {
		return err
	}
	_, err = t.out.Write(t.buf)
	return err
}

// format appends the text of n rows, of which the first is row first of all.
func (t *TableWriter) format(buf []byte, results []*array.Array, texts []Texts, n int, first int64) ([]byte, error) {
	for i := range n {
		if t.node.Format == "csv" {
			buf = t.csvRow(buf, results, texts, i)
			continue
		}
		var err error
		if buf, err = t.jsonRow(buf, results, texts, i, first+int64(i)); err != nil {
			return buf, err
		}
	}
	return buf, nil
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

// chosen is what a column is in row i, nil where there is no value.
func (f *filling) chosen(results []*array.Array, i int) *filling {
	if f.Present >= 0 && results[f.Present].U8[i] == 0 {
		return nil
	}
	if f.first == nil {
		return f
	}
	for k := range f.first {
		if c := f.first[k].chosen(results, i); c != nil {
			return c
		}
	}
	return nil
}

// textOf is the text of a column that is no result of the function.
func (f *filling) textOf(texts []Texts, i int) (string, bool) {
	if f.Fixed != nil {
		return *f.Fixed, true
	}
	return texts[f.text].view(i)
}

// width is how many fields of a row a column takes.
func (t *TableWriter) width(f *filling, results []*array.Array) int {
	a := results[f.Result]
	return a.Len() / a.Shape[0]
}

func (t *TableWriter) csvRow(buf []byte, results []*array.Array, texts []Texts, i int) []byte {
	from := len(buf)
	for k := range t.fills {
		if k > 0 {
			buf = append(buf, ',')
		}
		f := &t.fills[k]
		c := f.chosen(results, i)
		switch {
		case c == nil && f.Result < 0:
		case c == nil:
			for range t.width(f, results) - 1 {
				buf = append(buf, ',')
			}
		case c.Result < 0:
			if s, ok := c.textOf(texts, i); ok {
				buf = appendField(buf, s)
			}
		default:
			w := t.width(c, results)
			for e := range w {
				if e > 0 {
					buf = append(buf, ',')
				}
				buf = t.cells.csv(buf, results[c.Result], t.types[c.Result], i*w+e)
			}
		}
	}
	if len(buf) == from {
		buf = append(buf, `""`...) // an empty line would be no record
	}
	return append(buf, '\n')
}

func (t *TableWriter) jsonRow(buf []byte, results []*array.Array, texts []Texts, i int, row int64) ([]byte, error) {
	if t.node.Format == "json" {
		if row > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, "\n  "...)
	}
	for k := range t.fills {
		buf = append(buf, t.json[k]...)
		c := t.fills[k].chosen(results, i)
		if c == nil {
			buf = append(buf, "null"...)
			continue
		}
		if c.Result < 0 {
			if s, ok := c.textOf(texts, i); ok {
				buf = append(buf, jsonText(s)...)
			} else {
				buf = append(buf, "null"...)
			}
			continue
		}
		a := results[c.Result]
		var err error
		buf, err = t.cells.nested(buf, a, t.types[c.Result], a.Shape[1:], i*a.Len()/a.Shape[0], t.fills[k].Name)
		if err != nil {
			d := source.AsList(err)[0].At(t.out.span)
			d.Place = source.Place{File: t.out.path, Row: row + 1, Column: t.fills[k].Name}
			return buf, d
		}
	}
	buf = append(buf, t.json[len(t.node.Columns)]...)
	if t.node.Format == "jsonl" {
		buf = append(buf, '\n')
	}
	return buf, nil
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
	if err := t.Close(); err != nil {
		return err
	}
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
