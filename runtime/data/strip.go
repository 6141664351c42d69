package data

import (
	"bytes"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// A strip is some records of a block that are alike: each has all columns, and
// quotes stand where they may. It is decoded column by column; whatever is not
// alike, or has a fault, goes record by record, which says what is wrong.

// stripBytes is about how much of a block is decoded at a time: it stays in
// the cache nearest to the core from the search for separators on.
const stripBytes = 1 << 15

// strip decodes the records from byte i on, and returns where the next strip
// begins; ok is false where it has decoded nothing.
func (c *csvDecoder) strip(b *block, p *part, i int) (end int, ok bool) {
	l, s := b.layout, &c.cuts
	if end = s.find(b.data, i, stripBytes, c.sep, c.quote); s.rows == 0 || !c.alike(b.data, i, end, l.n) {
		return end, false
	}
	c.ahead = ((len(b.data)-i)/(end-i) + 1) * c.cuts.rows
	marks := c.marks[:0]
	for k := range p.vals {
		marks = append(marks, p.vals[k].mark())
	}
	c.marks = marks
	before := p.rows
	if !c.columns(p, b.data, l) {
		p.rows = before
		for k := range p.vals {
			p.vals[k].back(marks[k])
		}
		return end, false
	}
	return end, true
}

// alike says whether each record of a strip has n fields, and each quote is
// one of a field that is quoted as it should be.
func (c *csvDecoder) alike(d []byte, from, end, n int) bool {
	at := c.cuts.at
	if len(at) != c.cuts.rows*n+1 {
		return false
	}
	for k := n; k < len(at); k += n {
		if d[at[k]-1] != '\n' || n == 1 && !c.keepBlank && len(dropCR(d[at[k-1]:at[k]-1])) == 0 {
			return false
		}
	}
	if c.cuts.quotes == 0 {
		return true
	}
	quotes := bytes.Count(d[from:end], []byte{c.quote})
	for k := range len(at) - 1 {
		if d[at[k]] != c.quote {
			continue
		}
		c.scratch = c.scratch[:0]
		if _, next, _, bad := c.quoted(d, int(at[k])); bad != nil || next != int(at[k+1]) {
			return false
		}
		quotes -= bytes.Count(d[at[k]:at[k+1]], []byte{c.quote})
	}
	return quotes == 0
}

// columns decodes the columns of a strip; false where there is a fault.
func (c *csvDecoder) columns(p *part, d []byte, l *layout) bool {
	c.scratch = c.scratch[:0]
	for _, t := range l.whole {
		if !c.run(p, d, l, t.input, t.column, l.n, c.cuts.rows) {
			return false
		}
	}
	for _, t := range l.rows {
		if !c.neighbours(p, d, l, t) {
			return false
		}
	}
	if len(l.apart) == 0 && len(c.multi) == 0 {
		p.rows += c.cuts.rows
		return true
	}
	for r := range c.cuts.rows {
		c.scratch = c.scratch[:0]
		for _, t := range l.apart {
			if p.vals[t.input].put(c.inputs[t.input], &c.dialect, c.text(d, r*l.n+t.column, t.column == l.n-1), t.part, int32(p.rows)) != nil {
				return false
			}
		}
		if bad, _ := p.endRow(c.inputs, c.multi, &c.dialect, l); bad != nil {
			return false
		}
	}
	return true
}

// text is field k of the strip; last says that it ends a record.
func (c *csvDecoder) text(d []byte, k int, last bool) []byte {
	from, to := c.cuts.at[k], c.cuts.at[k+1]-1
	if c.cuts.quotes > 0 && d[from] == c.quote {
		raw, _, _, _ := c.quoted(d, int(from))
		return raw
	}
	if last {
		return dropCR(d[from:to])
	}
	return d[from:to]
}

// neighbours decodes the columns of an input that stand side by side, row by
// row, since that is how the input is laid out.
func (c *csvDecoder) neighbours(p *part, d []byte, l *layout, t columnOf) bool {
	n, end := c.inputs[t.input].width, 0
	if t.column+n == l.n {
		n, end = n-1, 1 // the last one ends the record, the others do not
	}
	for r := range c.cuts.rows {
		k := r*l.n + t.column
		if !c.run(p, d, l, t.input, k, 1, n) || end > 0 && !c.run(p, d, l, t.input, k+n, 1, 1) {
			return false
		}
	}
	return true
}

// run decodes count fields for an input that has no others in between: field k
// of the strip and every step-th one after it. All end a record, or none does.
func (c *csvDecoder) run(p *part, d []byte, l *layout, input, k, step, count int) bool {
	in, v := c.inputs[input], &p.vals[input]
	f := fields{base: unsafe.Pointer(unsafe.SliceData(d)), at: c.cuts.at[k:], step: step, last: k%l.n == l.n-1,
		hole: in.optional && c.missing[0] == "", quote: c.quote, vectors: c.cuts.vectors, ahead: c.ahead * in.width}
	if in.optional {
		v.valid = room(v.valid, count, f.ahead)
	}
	for i := 0; i < count; i++ {
		if l.plain && in.ask == nil {
			if i += f.decode(in, v, i, count); i == count {
				break
			}
		}
		at := k + i*step
		if v.put(in, &c.dialect, c.text(d, at, f.last), 0, int32(p.rows+at/l.n)) != nil {
			return false
		}
	}
	return true
}

// fields are those of a run: of one column of a strip, all of whose records
// have step columns, or of neighbours in one record, of step 1.
type fields struct {
	base unsafe.Pointer // of the block
	at   []int32        // where field r·step begins, and the one after it
	step int
	last bool // they end their records
	hole bool // nothing at all stands for a missing value

	quote   byte // 0: none
	vectors bool // there is AVX2

	ahead int // about how many fields of the input the block has from this strip on
}

// decode appends the fields from row r on that are short and plain, and returns
// how many there were; the next one goes the long way.
func (f *fields) decode(in *input, v *values, r, rows int) int {
	n := 0
	switch {
	case in.as == asMember:
		n = f.members(in, v, r, rows)
	case in.as != asNumber && in.as != asIndex:
	case in.kind == ir.F32:
		v.a.F32, v.valid, n = decodeFloats(f, v.a.F32, v.valid, in.optional, r, rows)
	case in.kind == ir.F64:
		v.a.F64, v.valid, n = decodeFloats(f, v.a.F64, v.valid, in.optional, r, rows)
	case in.kind == ir.I64:
		v.a.I64, v.valid, n = decodeWhole(f, v.a.I64, v.valid, in, r, rows)
	case in.kind == ir.I32 || in.kind == ir.Index:
		v.a.I32, v.valid, n = decodeWhole(f, v.a.I32, v.valid, in, r, rows)
	case in.kind == ir.U8:
		v.a.U8, v.valid, n = decodeWhole(f, v.a.U8, v.valid, in, r, rows)
	}
	return n
}

// place is where field r stands, and how many bytes it has.
func (f *fields) place(r int) (p unsafe.Pointer, size int) {
	k := r * f.step
	p, size = unsafe.Add(f.base, f.at[k]), int(f.at[k+1]-f.at[k]-1)
	if f.last && size > 0 && byteAt(unsafe.Add(p, size-1)) == '\r' {
		size--
	}
	return p, size
}

func decodeFloats[T float32 | float64](f *fields, out []T, valid []uint8, optional bool, r, rows int) ([]T, []uint8, int) {
	out, n := room(out, rows-r, f.ahead), 0
	for ; r+n < rows; n++ {
		if f.vectors {
			k := decimals(f, out, r+n, rows-r-n)
			out = out[:len(out)+k]
			if optional {
				valid = appendOnes(valid, k)
			}
			if n += k; r+n == rows {
				break
			}
		}
		p, size := f.place(r + n)
		if size == 0 && f.hole {
			out, valid = append(out, 0), append(valid, 0)
			continue
		}
		x, ok := shortNumber(p, size)
		if !ok || unsafe.Sizeof(T(0)) == 4 && !roundsOnce(x) {
			break
		}
		out = append(out, T(x))
		if optional {
			valid = append(valid, 1)
		}
	}
	return out, valid, n
}

// decimals writes numbers behind out, where there is room, from row r on.
func decimals[T float32 | float64](f *fields, out []T, r, rows int) int {
	at, to := &f.at[r*f.step], unsafe.Pointer(&out[:len(out)+1][len(out)])
	if unsafe.Sizeof(T(0)) == 4 {
		return decimals32(f.base, at, f.step, rows, (*float32)(to))
	}
	return decimals64(f.base, at, f.step, rows, (*float64)(to))
}

func appendOnes(s []uint8, n int) []uint8 {
	k := len(s)
	s = s[:k+n]
	for i := range s[k:] {
		s[k+i] = 1
	}
	return s
}

func decodeWhole[T uint8 | int32 | int64](f *fields, out []T, valid []uint8, in *input, r, rows int) ([]T, []uint8, int) {
	lo, hi := intRangeOf(in.kind)
	if in.as == asIndex && in.bound >= 0 {
		hi = in.bound - 1
	}
	out, n := room(out, rows-r, f.ahead), 0
	for ; r+n < rows; n++ {
		p, size := f.place(r + n)
		if size == 0 && f.hole {
			out, valid = append(out, 0), append(valid, 0)
			continue
		}
		x, ok := shortWhole(p, size)
		if !ok || x < lo || x > hi {
			break
		}
		out = append(out, T(x))
		if in.optional {
			valid = append(valid, 1)
		}
	}
	return out, valid, n
}

// members appends the numbers of short texts that the block has had before.
func (f *fields) members(in *input, v *values, r, rows int) int {
	n := 0
	for ; r+n < rows; n++ {
		p, size := f.place(r + n)
		id, ok := v.dict.short(p, size)
		if !ok || byteAt(p) == f.quote {
			break
		}
		v.a.I32 = append(v.a.I32, id)
		if in.optional {
			v.valid = append(v.valid, 1)
		}
	}
	return n
}

// room makes sure that n more elements can be appended where they are; ahead is
// about how many will be in all, and saves copies on the way there.
func room[T any](s []T, n, ahead int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return append(make([]T, 0, max(2*cap(s), len(s)+ahead+ahead/8)+n), s...)
}

// valuesMark is how far the rows of an input have come.
type valuesMark struct{ elements, valid, text, ends int }

func (v *values) mark() valuesMark {
	a := &v.a
	n := len(a.F32) + len(a.F64) + len(a.I32) + len(a.I64) + len(a.U8) + len(a.I8) + len(a.U16) + len(a.I16)
	return valuesMark{n, len(v.valid), len(v.text), len(v.ends)}
}

// back forgets the rows behind a mark.
func (v *values) back(m valuesMark) {
	a := &v.a
	a.F32, a.F64, a.I32, a.I64 = upTo(a.F32, m.elements), upTo(a.F64, m.elements), upTo(a.I32, m.elements), upTo(a.I64, m.elements)
	a.U8, a.I8, a.U16, a.I16 = upTo(a.U8, m.elements), upTo(a.I8, m.elements), upTo(a.U16, m.elements), upTo(a.I16, m.elements)
	v.valid, v.text, v.ends, v.hole = v.valid[:m.valid], v.text[:m.text], v.ends[:m.ends], false
}

func upTo[T any](s []T, n int) []T { return s[:min(n, len(s))] }
