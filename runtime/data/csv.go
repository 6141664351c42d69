package data

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/lang/source"
)

// part is what one block was decoded to: a values per input, or, where a row
// is at fault, the first such rows in the order of the file.
type part struct {
	rows   int
	lines  int64
	vals   []values
	faults []*fault
	lost   int  // rows at fault, listed or not
	broken bool // what follows the last fault cannot be told apart into rows
}

// fault is a problem with its place inside the block.
type fault struct {
	problem
	row, line int64 // from 0, within the block; row -1: no row
	column    string
	value     string
}

// decoder makes rows of blocks. Every worker has its own.
type decoder interface{ decode(b *block) }

// newPart makes room for the inputs, reusing what is there.
func newPart(p *part, inputs []*input) *part {
	if p == nil {
		p = &part{vals: make([]values, len(inputs))}
	}
	p.rows, p.lines, p.faults, p.lost, p.broken = 0, 0, nil, 0, false
	for i, in := range inputs {
		p.vals[i].reset(in.kind)
	}
	return p
}

// fail notes a row at fault. Nothing of the block is kept then; it is read on
// for the other faults alone.
func (p *part) fail(f *fault, inputs []*input) {
	if f.row = int64(p.rows); len(p.faults) < mostFaults {
		p.faults = append(p.faults, f)
	}
	p.lost++
	p.rows++
	for i, in := range inputs {
		p.vals[i].reset(in.kind)
	}
}

// endRow completes a row; it returns the first problem.
func (p *part) endRow(inputs []*input, multi []int, d *dialect, l *layout) (*problem, *input) {
	for _, k := range multi {
		in := inputs[k]
		if in.absent {
			p.vals[k].putAbsent(in)
			continue
		}
		if bad := p.vals[k].endRow(in, d, int32(p.rows)); bad != nil {
			return bad, in
		}
	}
	p.rows++
	return nil, nil
}

// putAbsent stands in for a column that the file lacks and need not have.
func (v *values) putAbsent(in *input) {
	if in.as == asText {
		v.ends = append(v.ends, uint32(len(v.text)))
	}
	for range in.width {
		if in.as == asMember || in.as == asForeign {
			v.a.I32 = append(v.a.I32, -1)
		} else if in.as != asText {
			pushInt(&v.a, 0)
		}
	}
	if in.valid != nil {
		for range in.valid.width {
			v.valid = append(v.valid, 0)
		}
	}
}

// needsEnd lists the inputs that are completed at the end of a row.
func needsEnd(inputs []*input) []int {
	var out []int
	for k, in := range inputs {
		if in.as == asForeign || in.as == asKey || in.absent || in.optional && !in.single() {
			out = append(out, k)
		}
	}
	return out
}

// csvDecoder reads separated values: RFC 4180 with any separator and quote.
type csvDecoder struct {
	dialect
	inputs  []*input
	multi   []int
	scratch []byte
	cuts    cuts
	marks   []valuesMark
	ahead   int  // about the records of the block from this strip on
	slow    bool // record by record: what strips are compared with
}

func (c *csvDecoder) decode(b *block) {
	p := newPart(b.part, c.inputs)
	b.part = p
	strips := c.sep != 0 && b.layout.n > 0 && !c.slow && cap(b.data)-len(b.data) >= slack
	for i := 0; i < len(b.data) && !p.broken; {
		end := len(b.data)
		if strips {
			var ok bool
			if end, ok = c.strip(b, p, i); ok {
				i = end
				continue
			}
		}
		for first := true; i < len(b.data) && !p.broken && (first || i < end); first = false {
			i = c.record(b, p, i)
		}
	}
	p.lines = int64(bytes.Count(b.data, []byte{'\n'}))
}

// record decodes the record at i and returns where the next one begins.
func (c *csvDecoder) record(b *block, p *part, i int) int {
	d, start, l := b.data, i, b.layout
	if !c.keepBlank {
		if d[i] == '\n' {
			return i + 1
		}
		if d[i] == '\r' && i+1 < len(d) && d[i+1] == '\n' {
			return i + 2
		}
	}
	c.scratch = c.scratch[:0]
	var wrong *fault
	n := 0
	for {
		raw, next, last, bad := c.field(d, i)
		if bad != nil && wrong == nil {
			wrong = &fault{problem: *bad, column: l.column(n), value: clip(raw)}
		}
		if wrong == nil && n < len(l.take) {
			for _, t := range l.take[n] {
				in := c.inputs[t.input]
				if bad := p.vals[t.input].put(in, &c.dialect, raw, t.part, int32(p.rows)); bad != nil {
					wrong = &fault{problem: *bad, column: in.label(l.column(n)), value: clip(raw)}
					break
				}
			}
		}
		n, i = n+1, next
		if last {
			break
		}
	}
	if n != l.n && (wrong == nil || wrong.code != "D0107") {
		wrong = c.ragged(l, n)
	}
	if wrong == nil {
		if bad, in := p.endRow(c.inputs, c.multi, &c.dialect, l); bad != nil {
			wrong = &fault{problem: *bad, column: in.label(""), value: keyValue(p, c.inputs, in)}
		}
	}
	if wrong != nil {
		wrong.line = int64(bytes.Count(d[:start], []byte{'\n'}))
		p.broken = wrong.code == "D0107" || wrong.code == "D0108"
		p.fail(wrong, c.inputs)
	}
	return i
}

// keyValue shows the parts of a key that was refused.
func keyValue(p *part, inputs []*input, in *input) string {
	for k := range inputs {
		if inputs[k] == in {
			return clip(bytes.ReplaceAll(bytes.Join(p.vals[k].raw, []byte(", ")), []byte(nullText), []byte("null")))
		}
	}
	return ""
}

func (c *csvDecoder) ragged(l *layout, n int) *fault {
	p := bad("D0106", "this record has %s, the others have %d", count(n, "column"), l.n)
	if n == 1 && c.sep != 0 {
		p.try(fmt.Sprintf("is %q the separator of this file?", c.sep))
	}
	return &fault{problem: *p}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// field reads the field at i: its text, where the next one begins, and
// whether it was the last of the record.
func (c *csvDecoder) field(d []byte, i int) (raw []byte, next int, last bool, p *problem) {
	if c.quote != 0 && i < len(d) && d[i] == c.quote {
		return c.quoted(d, i)
	}
	j, sep, quote := i, c.sep, c.quote
	if sep == 0 {
		sep = '\n'
	}
	if quote == 0 {
		quote = '\n'
	}
	for j < len(d) {
		ch := d[j]
		if ch == sep || ch == '\n' {
			break
		}
		if ch == quote {
			p = c.bareQuote()
		}
		j++
	}
	if j == len(d) {
		return dropCR(d[i:j]), j, true, p
	}
	if d[j] == '\n' {
		return dropCR(d[i:j]), j + 1, true, p
	}
	return d[i:j], j + 1, false, p
}

func (c *csvDecoder) bareQuote() *problem {
	return bad("D0107", "a quote inside a field that does not begin with one").
		try("quote the whole field and double the quote, or write `quote: none` in the reader if quotes are ordinary characters in this file")
}

func dropCR(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}

// quoted reads a field in quotes; doubled quotes inside stand for one.
func (c *csvDecoder) quoted(d []byte, i int) (raw []byte, next int, last bool, p *problem) {
	end := closingQuote(d, i+1, c.quote)
	if end < 0 { // the splitter has seen to it that this does not happen
		return d[i:], len(d), true, bad("D0108", "this quoted field is never closed")
	}
	raw = d[i+1 : end]
	if bytes.IndexByte(raw, c.quote) >= 0 {
		raw = c.unquote(raw)
	}
	j := end + 1
	if j < len(d) && d[j] == '\r' {
		j++
	}
	switch {
	case j >= len(d):
		return raw, j, true, nil
	case d[j] == '\n':
		return raw, j + 1, true, nil
	case d[j] == c.sep && c.sep != 0:
		return raw, j + 1, false, nil
	}
	for j < len(d) && d[j] != c.sep && d[j] != '\n' {
		j++
	}
	return d[i:j], min(j+1, len(d)), j >= len(d) || d[j] == '\n', bad("D0107", "text follows the quote that closes this field")
}

func (c *csvDecoder) unquote(raw []byte) []byte {
	from := len(c.scratch)
	for i := 0; i < len(raw); i++ {
		c.scratch = append(c.scratch, raw[i])
		if raw[i] == c.quote {
			i++
		}
	}
	return c.scratch[from:]
}

// readHeader takes the header off the first block of a file. The names are
// trimmed of spaces.
func (c *csvDecoder) readHeader(file string, d []byte) (names []string, rest []byte, err error) {
	i := 0
	for i < len(d) && (d[i] == '\n' || d[i] == '\r') {
		i++
	}
	for last := i >= len(d); !last; {
		var raw []byte
		var p *problem
		raw, i, last, p = c.field(d, i)
		at := source.Place{File: file, Line: 1, Value: clip(raw)}
		switch {
		case p != nil:
			return nil, nil, source.Dataf(p.code, at, "%s", p.message).WithHint("%s", p.hint)
		case !utf8.Valid(raw):
			return nil, nil, source.Dataf("D0109", at, "the header is not valid UTF-8").WithHint("convert the file to UTF-8")
		case bytes.IndexByte(raw, '\r') >= 0:
			return nil, nil, source.Dataf("D0107", at, "the lines of this file end in bare carriage returns").
				WithHint("convert the line ends to line feeds")
		}
		names = append(names, string(trim(raw)))
	}
	return names, d[i:], nil
}

// countFields is the number of fields of the first record.
func (c *csvDecoder) countFields(d []byte) int {
	n := 0
	for i, last := 0, len(d) == 0; !last; n++ {
		_, i, last, _ = c.field(d, i)
	}
	return n
}

// dropBOM takes a byte order mark off the beginning of a file.
func dropBOM(file string, d []byte) ([]byte, error) {
	if bytes.HasPrefix(d, []byte("\xff\xfe")) || bytes.HasPrefix(d, []byte("\xfe\xff")) {
		return nil, source.Dataf("D0109", source.Place{File: file, Line: 1}, "this file is written in UTF-16").
			WithHint("convert the file to UTF-8")
	}
	return bytes.TrimPrefix(d, []byte("\xef\xbb\xbf")), nil
}
