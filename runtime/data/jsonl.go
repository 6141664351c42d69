package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// nullText stands for null and for a field that an object lacks.
const nullText = "\x00null"

// jsonDecoder reads an object a line. Only the fields asked for are looked
// at; the others are skipped, though their syntax is checked.
type jsonDecoder struct {
	dialect
	inputs []*input
	multi  []int
	seen   []int // texts that each input got in this row
	buf    []byte
	d      []byte
	i      int
}

func newJSONDecoder(inputs []*input) *jsonDecoder {
	return &jsonDecoder{dialect: dialect{missing: []string{nullText}}, inputs: inputs,
		multi: needsEnd(inputs), seen: make([]int, len(inputs))}
}

func jsonLayout(inputs []*input) *layout {
	l := &layout{byName: map[string][]target{}}
	for k, in := range inputs {
		each := max(1, len(in.parts))
		names := in.names
		if len(names) == 0 {
			names = []string{in.name}
		}
		for part := range each {
			n := names[min(part, len(names)-1)]
			l.byName[n] = append(l.byName[n], target{k, part})
		}
	}
	return l
}

func (j *jsonDecoder) decode(b *block) {
	p := newPart(b.part, j.inputs)
	b.part = p
	line := int64(0)
	for d := b.data; len(d) > 0; line++ {
		end := bytes.IndexByte(d, '\n') + 1
		if end == 0 {
			end = len(d)
		}
		record := bytes.TrimSpace(d[:end])
		d = d[end:]
		if len(record) == 0 {
			continue
		}
		if f := j.record(p, b.layout, record); f != nil {
			f.line = line
			p.fail(f, j.inputs)
		}
	}
	p.lines = int64(bytes.Count(b.data, []byte{'\n'}))
}

func (j *jsonDecoder) record(p *part, l *layout, record []byte) *fault {
	j.d, j.i, j.buf = record, 0, j.buf[:0]
	clear(j.seen)
	if !j.skipByte('{') {
		return j.syntax("an object `{ … }` was expected")
	}
	for first := true; !j.skipByte('}'); first = false {
		if !first && !j.skipByte(',') {
			return j.syntax("`,` or `}` was expected")
		}
		j.space()
		name, ok := j.str()
		if !ok || !j.skipByte(':') {
			return j.syntax("a name in quotes and `:` were expected")
		}
		if f := j.member(p, l, name); f != nil {
			return f
		}
	}
	j.space()
	if j.i < len(j.d) {
		return j.syntax("text follows the object")
	}
	return j.finish(p, l)
}

// member takes the value of one name.
func (j *jsonDecoder) member(p *part, l *layout, name []byte) *fault {
	start := j.i
	for _, t := range l.byName[string(name)] {
		in := j.inputs[t.input]
		j.i = start
		if t.part == 0 && j.seen[t.input] > 0 && len(in.parts) < 2 {
			return &fault{problem: *bad("D0105", "the name `%s` stands twice in this object", name), column: string(name)}
		}
		var err *problem
		var raw []byte
		if in.width == 1 {
			raw, err = j.scalar(in)
			if err == nil {
				err = p.vals[t.input].put(in, &j.dialect, raw, t.part, int32(p.rows))
			}
			j.seen[t.input]++
		} else {
			err = j.tensor(p, in, t, in.shape())
		}
		if err != nil {
			if string(raw) == nullText {
				raw = []byte("null")
			}
			return &fault{problem: *err, column: string(name), value: clip(raw)}
		}
	}
	j.i = start
	if !j.skipValue(0) {
		return j.syntax("a value was expected")
	}
	return nil
}

// finish fills in what the object lacks and ends the row.
func (j *jsonDecoder) finish(p *part, l *layout) *fault {
	for k, in := range j.inputs {
		if in.absent && j.seen[k] == 0 {
			continue
		}
		if j.seen[k] > 0 && len(in.parts) < 2 {
			continue
		}
		for part := j.seen[k]; part < in.columns(); part++ {
			if err := p.vals[k].put(in, &j.dialect, []byte(nullText), part, int32(p.rows)); err != nil {
				return &fault{problem: *err, column: in.name}
			}
		}
	}
	for _, k := range j.multi {
		in := j.inputs[k]
		if in.absent && j.seen[k] == 0 {
			p.vals[k].putAbsent(in)
			continue
		}
		if in.as == asForeign || in.as == asKey || in.width > 1 {
			if err := p.vals[k].endRow(in, &j.dialect, int32(p.rows)); err != nil {
				return &fault{problem: *err, column: in.name, value: keyValue(p, j.inputs, in)}
			}
		}
	}
	p.rows++
	return nil
}

func (j *jsonDecoder) syntax(what string) *fault {
	at := min(j.i, len(j.d))
	return &fault{problem: *bad("D0121", "this line is not well formed: %s at character %d", what, utf8.RuneCount(j.d[:at])+1), value: clip(j.d[at:])}
}

func (j *jsonDecoder) space() {
	for j.i < len(j.d) && (j.d[j.i] == ' ' || j.d[j.i] == '\t' || j.d[j.i] == '\r') {
		j.i++
	}
}

func (j *jsonDecoder) skipByte(c byte) bool {
	j.space()
	if j.i < len(j.d) && j.d[j.i] == c {
		j.i++
		return true
	}
	return false
}

// scalar is the text of a number, text, bool or null.
func (j *jsonDecoder) scalar(in *input) ([]byte, *problem) {
	j.space()
	if j.i >= len(j.d) {
		return nil, bad("D0121", "a value was expected")
	}
	start := j.i
	switch j.d[j.i] {
	case '"':
		s, ok := j.str()
		if !ok {
			return nil, bad("D0121", "this text is not well formed")
		}
		if in.ask == nil && (in.as == asNumber || in.as == asBool || in.as == asIndex) {
			return s, bad("D0111", "a text stands here where `%s` is %s", in.name, article(in.kind))
		}
		return s, nil
	case '{', '[':
		return nil, bad("D0122", "`%s` is one value, and here stands an array or object", in.name)
	}
	if !j.skipValue(0) {
		return j.d[start:], bad("D0121", "a value was expected")
	}
	raw := j.d[start:j.i]
	switch {
	case string(raw) == "null":
		return []byte(nullText), nil
	case in.ask == nil && in.as == asNumber && (raw[0] == 't' || raw[0] == 'f'):
		return raw, bad("D0111", "a truth value stands here where `%s` is a number", in.name)
	}
	return raw, nil
}

func article(k ir.Kind) string {
	switch k {
	case ir.Bool:
		return "true or false"
	case ir.Index:
		return "an index"
	}
	return "a number (" + k.String() + ")"
}

// tensor reads nested arrays of the given shape.
func (j *jsonDecoder) tensor(p *part, in *input, t target, shape []int) *problem {
	j.space()
	if len(shape) == 0 {
		raw, err := j.scalar(in)
		if err == nil {
			err = p.vals[t.input].put(in, &j.dialect, raw, j.seen[t.input], int32(p.rows))
			j.seen[t.input]++
		}
		return err
	}
	if bytes.HasPrefix(j.d[j.i:], []byte("null")) && j.seen[t.input] == 0 && in.optional {
		j.i += 4
		for range in.width {
			if err := p.vals[t.input].put(in, &j.dialect, []byte(nullText), j.seen[t.input], int32(p.rows)); err != nil {
				return err
			}
			j.seen[t.input]++
		}
		return nil
	}
	if !j.skipByte('[') {
		return bad("D0122", "`%s` has dimensions %v, and here stands no array", in.name, in.shape())
	}
	n := 0
	for ; !j.skipByte(']'); n++ {
		if n > 0 && !j.skipByte(',') {
			return bad("D0121", "`,` or `]` was expected in `%s`", in.name)
		}
		if n == shape[0] {
			return bad("D0122", "an array of `%s` has more than %d elements", in.name, shape[0])
		}
		if err := j.tensor(p, in, t, shape[1:]); err != nil {
			return err
		}
	}
	if n != shape[0] {
		return bad("D0122", "an array of `%s` has %s, not %d", in.name, count(n, "element"), shape[0])
	}
	return nil
}

// shape is that of one row.
func (in *input) shape() []int {
	if in.col != nil && in.col.shape != nil {
		return in.col.shape
	}
	return []int{in.width}
}

const maxDepth = 500

// skipValue passes over a value and reports whether there was one.
func (j *jsonDecoder) skipValue(depth int) bool {
	j.space()
	if j.i >= len(j.d) || depth > maxDepth {
		return false
	}
	switch c := j.d[j.i]; c {
	case '"':
		_, ok := j.str()
		return ok
	case '{', '[':
		j.i++
		close := c + 2
		for first := true; !j.skipByte(close); first = false {
			if !first && !j.skipByte(',') {
				return false
			}
			if c == '{' {
				j.space()
				if _, ok := j.str(); !ok || !j.skipByte(':') {
					return false
				}
			}
			if !j.skipValue(depth + 1) {
				return false
			}
		}
		return true
	case 't':
		return j.word("true")
	case 'f':
		return j.word("false")
	case 'n':
		return j.word("null")
	}
	start := j.i
	for j.i < len(j.d) && isNumberByte(j.d[j.i]) {
		j.i++
	}
	_, ok := scanDecimal(j.d[start:j.i])
	return ok
}

func isNumberByte(c byte) bool {
	return c-'0' < 10 || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

func (j *jsonDecoder) word(w string) bool {
	if !bytes.HasPrefix(j.d[j.i:], []byte(w)) {
		return false
	}
	j.i += len(w)
	return true
}

// str reads a text; without escapes it is a part of the line itself.
func (j *jsonDecoder) str() ([]byte, bool) {
	if j.i >= len(j.d) || j.d[j.i] != '"' {
		return nil, false
	}
	start := j.i + 1
	for k := start; k < len(j.d); k++ {
		switch c := j.d[k]; {
		case c == '"':
			j.i = k + 1
			return j.d[start:k], true
		case c == '\\':
			return j.escaped(start, k)
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

func (j *jsonDecoder) escaped(start, k int) ([]byte, bool) {
	from := len(j.buf)
	j.buf = append(j.buf, j.d[start:k]...)
	for k < len(j.d) {
		c := j.d[k]
		switch {
		case c == '"':
			j.i = k + 1
			return j.buf[from:], true
		case c < ' ':
			return nil, false
		case c != '\\':
			j.buf = append(j.buf, c)
			k++
			continue
		}
		n := j.escape(k)
		if n == 0 {
			return nil, false
		}
		k += n
	}
	return nil, false
}

// escape appends what the escape at k stands for and returns its length.
func (j *jsonDecoder) escape(k int) int {
	if k+1 >= len(j.d) {
		return 0
	}
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if x := bytes.IndexByte([]byte(from), j.d[k+1]); x >= 0 {
		j.buf = append(j.buf, to[x])
		return 2
	}
	r, ok := j.hex4(k)
	if !ok {
		return 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := j.hex4(k + 6); ok {
			j.buf = utf8.AppendRune(j.buf, utf16.DecodeRune(r, low))
			return 12
		}
	}
	j.buf = utf8.AppendRune(j.buf, r)
	return 6
}

func (j *jsonDecoder) hex4(k int) (rune, bool) {
	if k+6 > len(j.d) || j.d[k] != '\\' || j.d[k+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(j.d[k+2:k+6]), 16, 32)
	return rune(n), err == nil
}

// recordLines makes a line for each record of a text that is an object, an
// array of objects, or already lines.
func recordLines(name string, b []byte) ([]byte, error) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '[' {
		var out bytes.Buffer
		if err := json.Compact(&out, b); err == nil {
			return out.Bytes(), nil
		}
		return b, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil {
		return nil, source.Dataf("D0121", source.Place{File: name}, "the records are not well formed: %s", fmt.Sprint(err))
	}
	var out bytes.Buffer
	for _, it := range items {
		if err := json.Compact(&out, it); err != nil {
			return nil, source.Dataf("D0121", source.Place{File: name}, "a record is not well formed: %s", fmt.Sprint(err))
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}
