package data

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// role is what the texts of an input become.
type role uint8

const (
	asNumber  role = iota
	asBool         // true, false, 1, 0
	asIndex        // a whole number in a range
	asMember       // a text of a category
	asForeign      // the key of a row of another table
	asKey          // the key of this table
	asText         // kept as it is
)

// input is one thing decoded from each record: a field of a table, or the
// key of the table, with its place among the stored columns.
type input struct {
	name     string
	field    *ir.Field // nil for the key of the table
	as       role
	kind     ir.Kind // of the stored column
	width    int     // elements a row
	parts    []keyKind
	bound    int64 // asIndex: the range, -1 where a size decides later
	optional bool
	each     bool // optional: each element by itself
	absent   bool // not in the file, and need not be
	names    []string
	places   []int // columns by place; for tensors expanded
	span     bool  // names are first and last of neighbouring columns
	ask      []step
	free     bool        // with ask: an empty text is a text, since the field asked is one
	home     source.Span // with a field that it is like: where that is declared
	col      *col        // where rows go; nil for a key
	valid    *col        // presence, nil unless optional
}

// single reports that presence is noted with each value, not once a row.
func (in *input) single() bool { return in.optional && (in.width == 1 || in.each) }

// columns says how many columns of a file feed one row of the input.
func (in *input) columns() int {
	if len(in.parts) > 0 {
		return len(in.parts) * in.width
	}
	return in.width
}

// shown is the name of the input for messages: that of the field it asks.
func (in *input) shown() string {
	if in.field != nil && in.field.Like != "" {
		return in.field.Like
	}
	return in.name
}

// label names the input in messages.
func (in *input) label(column string) string {
	if column != "" {
		return column
	}
	return in.name
}

// keyKind is how one part of a key is compared.
type keyKind uint8

const (
	keyText keyKind = iota
	keyInt
	keyFloat
)

func keyKindOf(f *ir.Field) keyKind {
	switch {
	case f.Text != "" || f.Category != "" || f.Table != "":
		return keyText
	case f.Type.Kind.IsFloat():
		return keyFloat
	case f.Type.Kind == ir.NoKind:
		return keyText
	}
	return keyInt
}

// layout maps the columns of one file to inputs.
type layout struct {
	columns []string // names for messages; empty without a header
	n       int      // columns of a record; -1 until the first one is seen
	take    [][]target
	whole   []columnOf          // what columns feed whose rows are decoded on their own,
	rows    []columnOf          // where neighbours begin that feed one input,
	apart   []columnOf          // and other ones, row by row
	plain   bool                // what is a number is not missing
	byName  map[string][]target // jsonl
}

// quicken finds the columns that can be decoded one by one, or with their
// neighbours. Signs for missing values that are numbers themselves (-999) must
// be compared with each of them.
func (l *layout) quicken(inputs []*input, d *dialect) *layout {
	l.plain = true
	for _, m := range d.missing {
		if _, ok := parseF64([]byte(m)); ok {
			l.plain = false
		}
	}
	begun := make([]bool, len(inputs)) // inputs that neighbours feed
	for c, ts := range l.take {
		for _, t := range ts {
			in, at := inputs[t.input], columnOf{t, c}
			switch {
			case in.absent || len(in.parts) > 0 || in.optional && !in.single():
				l.apart = append(l.apart, at)
			case in.width == 1:
				l.whole = append(l.whole, at)
			case l.neighbours(at, in.width):
				begun[t.input] = true
				l.rows = append(l.rows, at)
			case !begun[t.input]:
				l.apart = append(l.apart, at)
			}
		}
	}
	return l
}

// neighbours reports whether the parts of an input, of which t is the first,
// stand in columns one after the other.
func (l *layout) neighbours(t columnOf, width int) bool {
	if t.part != 0 || t.column+width > l.n {
		return false
	}
	for i := range width {
		if !slices.Contains(l.take[t.column+i], target{t.input, i}) {
			return false
		}
	}
	return true
}

// columnOf is a target with the column that feeds it.
type columnOf struct {
	target
	column int
}

type target struct{ input, part int }

// column is the name of column i for messages.
func (l *layout) column(i int) string {
	if i < len(l.columns) {
		return l.columns[i]
	}
	return strconv.Itoa(i)
}

// dialect is how records are written.
type dialect struct {
	sep, quote byte // 0: none
	header     bool
	keepBlank  bool // an empty line is a record
	missing    []string
}

func dialectOf(r *ir.Reader, at source.Span) (dialect, error) {
	d := dialect{sep: ',', quote: '"', header: true, missing: []string{""}}
	if r.Name == "lines" {
		d = dialect{keepBlank: true, missing: []string{""}}
	}
	for _, name := range []string{"separator", "quote"} {
		v, given := r.Options[name]
		if !given {
			continue
		}
		dst := &d.sep
		if name == "quote" {
			dst = &d.quote
		}
		switch {
		case v == "none" || v == "":
			*dst = 0
		case len(v) == 1 && v != "\n" && v != "\r":
			*dst = v[0]
		default:
			return d, source.Errorf("D0134", at, "`%s` is one ASCII character or none, not %q", name, v)
		}
	}
	if r.Options["header"] == "none" {
		d.header = false
	}
	if v, ok := r.Options["missing"]; ok {
		d.missing = strings.Split(v, "\n")
	}
	return d, nil
}

// isMissing reports whether a text stands for no value.
func (d *dialect) isMissing(raw []byte) bool {
	for _, m := range d.missing {
		if string(raw) == m {
			return true
		}
	}
	return false
}

// newLayout resolves the inputs of a table against the header of a file.
func newLayout(inputs []*input, header []string, file string, at source.Span) (*layout, error) {
	l := &layout{columns: header, n: len(header), take: make([][]target, len(header))}
	index := map[string]int{}
	for i, h := range header {
		if _, dup := index[h]; dup {
			index[h] = -1
		} else {
			index[h] = i
		}
	}
	for k, in := range inputs {
		if in.absent && len(in.names) > 0 {
			if _, ok := index[in.names[0]]; !ok {
				continue
			}
		}
		cols, err := l.find(in, index, file, at)
		if err != nil {
			return nil, err
		}
		for part, c := range cols {
			l.take[c] = append(l.take[c], target{k, part})
		}
	}
	return l, nil
}

func (l *layout) find(in *input, index map[string]int, file string, at source.Span) ([]int, error) {
	if len(in.names) == 0 {
		return l.byPlace(in, file, at)
	}
	var cols []int
	for _, name := range in.names {
		c, ok := index[name]
		if !ok {
			return nil, l.noColumn(in, name, file, at)
		}
		if c < 0 {
			return nil, source.Dataf("D0105", source.Place{File: file, Line: 1, Column: name},
				"the column `%s` stands twice in the header", name).At(in.at(at))
		}
		cols = append(cols, c)
	}
	if in.span {
		first, last := cols[0], cols[1]
		cols = nil
		for c := first; c <= last; c++ {
			cols = append(cols, c)
		}
	}
	if len(cols) != in.columns() {
		return nil, source.Dataf("D0104", source.Place{File: file, Line: 1},
			"`%s` takes %d columns, but the header has %d from `%s` to `%s`",
			in.name, in.columns(), len(cols), in.names[0], in.names[len(in.names)-1]).At(in.at(at))
	}
	return cols, nil
}

func (l *layout) byPlace(in *input, file string, at source.Span) ([]int, error) {
	for _, p := range in.places {
		if p >= l.n {
			return nil, source.Dataf("D0104", source.Place{File: file, Line: 1},
				"`%s` takes column %d (counted from 0), but the first record has %d columns", in.name, p, l.n).At(in.at(at))
		}
	}
	return in.places, nil
}

func (l *layout) noColumn(in *input, name, file string, at source.Span) error {
	d := source.Dataf("D0104", source.Place{File: file, Line: 1}, "there is no column `%s`", name).At(in.at(at))
	if near := source.Nearest(name, l.columns); near != "" {
		return d.WithHint("did you mean `%s`?", near)
	}
	if len(l.columns) == 1 {
		return d.WithHint("the header is the one column %q; is the separator right?", clip([]byte(l.columns[0])))
	}
	return d.WithHint("the columns are %s", list(l.columns))
}

// at is the span of the field, or of the table.
func (in *input) at(table source.Span) source.Span {
	switch {
	case !in.home.IsZero():
		return in.home
	case in.field != nil && !in.field.Span.IsZero():
		return in.field.Span
	}
	return table
}

// list joins at most a dozen names.
func list(names []string) string {
	more := ""
	if len(names) > 12 {
		more = ", … (" + strconv.Itoa(len(names)) + " in all)"
		names = names[:12]
	}
	return strings.Join(names, ", ") + more
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
