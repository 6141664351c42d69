package data

import (
	"bytes"
	"io"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// table is a source table: its fields as stored columns, and its keys.
type table struct {
	ds      *Dataset
	name    string
	node    *ir.SourceTable
	reader  *ir.Reader
	span    source.Span
	dialect dialect
	inputs  []*input
	fields  map[string]*fieldData
	store   *store
	files   []fileRows
	windows *windowed // text tables

	own      int // the input that is the key; -1: the row number
	keys     *dict
	keyParts []keyKind
	dupFirst bool
	dropped  []int64 // rows of the files that are no rows of the table, ascending

	of     *view  // of a mapped table: what it was mapped from
	cache  string // what became of its cache; "" where there is none
	must   string // what needs the table in memory; "" where it may stream
	record []byte // rows that came with the call instead of files
}

// fieldData is where the values of a field are.
type fieldData struct {
	field *ir.Field
	val   *col
	valid *col
	text  *col
}

func (t *table) rows() int64 { return t.store.rows }

// paths are the files, or the name under which given records are shown.
func (t *table) paths() []string {
	if t.record != nil {
		return []string{"(record)"}
	}
	var out []string
	for _, p := range t.reader.Paths {
		out = append(out, p.Text)
	}
	return out
}

func (t *table) open(path string) (*stream, error) {
	if t.record != nil {
		return memoryStream(path, t.record), nil
	}
	return t.ds.openStream(path, t.span)
}

func (t *table) keyColumn() string { return strings.Join(t.node.KeyCols, ", ") }

// plan makes the inputs of the table: those of the fields that are needed,
// and the key.
func (t *table) plan() error {
	t.fields, t.own = map[string]*fieldData{}, -1
	place := 0
	byName := map[string]*input{}
	for i := range t.node.Fields {
		f := &t.node.Fields[i]
		in, err := t.inputOf(f, &place)
		if err != nil {
			return err
		}
		if like := byName[f.Like]; like != nil {
			in.names, in.span, in.places = like.names, like.span, like.places
			in.free, in.home = like.as == asText, like.field.Span
		}
		byName[f.Name] = in
		t.fields[f.Name] = &fieldData{field: f}
		if t.ds.needsField(t, f) {
			t.addInput(in)
		}
	}
	if len(t.node.KeyCols) > 0 {
		t.addKey(byName)
	}
	return nil
}

// inputOf is how a field is decoded. place is the next column without a header.
func (t *table) inputOf(f *ir.Field, place *int) (in *input, err error) {
	in = &input{name: f.Name, field: f, kind: f.Type.Kind, width: 1, bound: -1, optional: f.Optional, each: f.Each}
	in.absent = t.ds.opt.Absent[t.name][f.Name]
	switch {
	case f.Table != "" && !f.IsKey || f.Table != "" && f.Table != t.name:
		in.as, in.kind = asForeign, ir.Index
		if in.parts = t.ds.keyPartsOf(f.Table); in.parts == nil {
			in.as = asIndex
		}
	case f.Text != "":
		in.as, in.kind = asText, ir.U8
	case f.Category != "":
		in.as, in.kind = asMember, ir.Index
	case f.Type.Kind == ir.NoKind:
		in.as, in.kind = asText, ir.U8
	case f.Type.Kind == ir.Bool:
		in.as = asBool
	case f.Type.Kind == ir.Index:
		in.as = asIndex
		if n, ok := f.Type.Bound.Const(); ok {
			in.bound = n
		}
	}
	for _, d := range f.Type.Dims {
		n, ok := d.Const()
		if !ok {
			n, ok = t.ds.sizeOf(d)
		}
		if !ok || n < 0 || n > 1<<30/int64(in.width) {
			return nil, source.Dataf("D0126", source.Place{File: t.paths()[0]}, "the size %s of `%s` is not known before the table is read", d, f.Name).At(in.at(t.span))
		}
		in.width *= int(n)
	}
	t.columnsOf(in, f, place)
	if in.ask, err = stepsOf(f.Ask); err != nil {
		return nil, source.AsList(err)[0].At(in.at(t.span))
	}
	return in, nil
}

// columnsOf says from which columns of the file the input comes.
func (t *table) columnsOf(in *input, f *ir.Field, place *int) {
	if f.Like != "" {
		return
	}
	n := in.columns()
	in.names, in.span = f.From, f.FromTo
	switch {
	case len(f.Places) == 1:
		*place = f.Places[0]
	case len(f.Places) == 2:
		*place = f.Places[0]
	case len(in.names) == 0:
		in.names = []string{f.Name}
	}
	if !t.dialect.header {
		in.names = nil
		for range n {
			in.places = append(in.places, *place)
			*place++
		}
	} else if len(f.Places) > 0 {
		in.names = nil
		for i := range n {
			in.places = append(in.places, f.Places[0]+i)
		}
	}
}

func (t *table) addInput(in *input) {
	fd := t.fields[in.name]
	in.col = t.store.add(&col{name: in.name, kind: in.kind, width: in.width, text: in.as == asText, shape: rowShape(in, t.ds)})
	if in.as == asMember || in.as == asForeign {
		in.col.dict = newDict()
	}
	if (in.optional || in.absent) && in.as != asMember && in.as != asForeign || in.optional && (in.width > 1 || in.each) {
		in.valid = t.store.add(&col{name: in.name + "?", kind: ir.Bool, width: 1, flag: !in.each})
		if in.each {
			in.valid.width, in.valid.shape = in.width, in.col.shape
		}
	}
	if in.as == asText {
		fd.text, fd.valid = in.col, in.valid
	} else {
		fd.val, fd.valid = in.col, in.valid
	}
	t.inputs = append(t.inputs, in)
}

func rowShape(in *input, ds *Dataset) []int {
	if in.field == nil {
		return nil
	}
	shape := []int{}
	for _, d := range in.field.Type.Dims {
		n, ok := d.Const()
		if !ok {
			n, _ = ds.sizeOf(d)
		}
		shape = append(shape, int(n))
	}
	return shape
}

// addKey adds the key of the table, made of one column or several.
func (t *table) addKey(byName map[string]*input) {
	in := &input{name: t.keyColumn(), as: asKey, kind: ir.Index, width: 1, parts: keyPartsOf(t.node)}
	for _, name := range t.node.KeyCols {
		if f := byName[name]; f != nil {
			in.names = append(in.names, f.names...)
			in.places = append(in.places, f.places...)
		}
	}
	t.keys, t.keyParts, t.own = newDict(), in.parts, len(t.inputs)
	t.dupFirst = t.reader.Options["duplicates"] == "first"
	t.inputs = append(t.inputs, in)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// read decodes the files of the table.
func (t *table) read() error {
	switch t.reader.Name {
	case "idx":
		return t.readIdx()
	case "text":
		return t.readText()
	case "csv", "jsonl", "lines":
		return t.readRecords()
	}
	return source.Dataf("D0134", source.Place{}, "`%s` is no reader of tables", t.reader.Name).At(t.span)
}

// keyText is the key of a row as people write it, or its number.
func (t *table) keyText(row int32) string {
	if t.keys == nil || int(row) >= len(t.keys.texts) || row < 0 {
		return itoa(int64(row))
	}
	return decodeKey(t.keys.texts[row], t.keyParts)
}

// fileRow is the number, from 0, of a row of the table among the records of
// its files.
func (t *table) fileRow(row int64) int64 {
	at := row
	for {
		k := int64(sort.Search(len(t.dropped), func(i int) bool { return t.dropped[i] > at }))
		if row+k == at {
			return at
		}
		at = row + k
	}
}

// locateFileRow finds file, row and line of a record; the line by reading
// the file once more, since only errors ask.
func (ds *Dataset) locateFileRow(t *table, row int64) source.Place {
	for _, f := range t.files {
		if row < f.rows {
			return source.Place{File: f.path, Row: row + 1, Line: t.lineOf(f.path, row)}
		}
		row -= f.rows
	}
	return source.Place{File: strings.Join(t.paths(), ", "), Row: row + 1}
}

// lineOf is the 1-based line of a record of a file, 0 where there are none.
func (t *table) lineOf(path string, row int64) int64 {
	if t.reader.Name == "idx" || t.reader.Name == "text" {
		return 0
	}
	s, err := t.open(path)
	if err != nil {
		return 0
	}
	defer s.close()
	d := t.dialect
	if t.reader.Name == "jsonl" {
		d = dialect{}
	}
	sp, b := &splitter{s: s, quote: d.quote, sep: d.sep}, &block{}
	c := &csvDecoder{dialect: d}
	line, skip := int64(1), d.header
	for {
		ok, err := sp.next(b)
		if err == io.EOF || err != nil || !ok {
			return 0
		}
		for i := 0; i < len(b.data); {
			end := i
			for last := false; !last; {
				_, end, last, _ = c.field(b.data, end)
			}
			if blank := len(bytes.TrimSpace(b.data[i:end])) == 0 && !d.keepBlank; !blank {
				if !skip && row == 0 {
					return line
				}
				if !skip {
					row--
				}
				skip = false
			}
			line += int64(countLines(b.data[i:end]))
			i = end
		}
	}
}
