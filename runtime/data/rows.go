package data

import (
	"math/bits"
)

// rowSet is the rows of a subset as rows of its source table, addressed by
// position in chunks of ChunkRows.
type rowSet interface {
	len() int64
	// chunk appends the rows at positions c·ChunkRows and following to dst.
	chunk(c int64, dst []int32) []int32
	// ordered reports whether rows ascend.
	ordered() bool
}

// allRows is a whole table.
type allRows int64

func (n allRows) len() int64    { return int64(n) }
func (n allRows) ordered() bool { return true }
func (n allRows) chunk(c int64, dst []int32) []int32 {
	return rangeRows{0, int64(n)}.chunk(c, dst)
}

// rangeRows is neighbouring rows.
type rangeRows struct{ from, n int64 }

func (r rangeRows) len() int64    { return r.n }
func (r rangeRows) ordered() bool { return true }
func (r rangeRows) chunk(c int64, dst []int32) []int32 {
	for p := c * ChunkRows; p < min((c+1)*ChunkRows, r.n); p++ {
		dst = append(dst, int32(r.from+p))
	}
	return dst
}

// rangeOf is s as neighbouring rows, where it is that.
func rangeOf(s rowSet) (rangeRows, bool) {
	switch s := s.(type) {
	case allRows:
		return rangeRows{0, int64(s)}, true
	case rangeRows:
		return s, true
	}
	return rangeRows{}, false
}

// listRows is rows in an order of their own.
type listRows []int32

func (l listRows) len() int64    { return int64(len(l)) }
func (l listRows) ordered() bool { return false }
func (l listRows) chunk(c int64, dst []int32) []int32 {
	return append(dst, l[c*ChunkRows:min((c+1)*ChunkRows, int64(len(l)))]...)
}

// bitRows is ascending rows, a bit for each row of the source: a split of a
// table of any size costs an eighth of a byte a row.
type bitRows struct {
	bits   []uint64
	n      int64
	starts []int64 // row at which each chunk begins
}

// newBitRows is an empty set over n rows; rows are added in ascending order.
func newBitRows(n int64) *bitRows { return &bitRows{bits: make([]uint64, (n+63)/64)} }

func (b *bitRows) add(row int64) {
	if b.n%ChunkRows == 0 {
		b.starts = append(b.starts, row)
	}
	b.bits[row/64] |= 1 << (row % 64)
	b.n++
}

func (b *bitRows) len() int64    { return b.n }
func (b *bitRows) ordered() bool { return true }

func (b *bitRows) chunk(c int64, dst []int32) []int32 {
	want := int(min(ChunkRows, b.n-c*ChunkRows))
	if want <= 0 {
		return dst
	}
	row := b.starts[c]
	word := b.bits[row/64] &^ (1<<(row%64) - 1)
	for w := row / 64; want > 0; {
		for word != 0 && want > 0 {
			dst = append(dst, int32(w*64+int64(bits.TrailingZeros64(word))))
			word &= word - 1
			want--
		}
		if w++; want > 0 {
			word = b.bits[w]
		}
	}
	return dst
}

// eachRow calls f with the rows of a set, chunk by chunk.
func eachRow(s rowSet, f func(rows []int32) error) error {
	var buf []int32
	for c := int64(0); c*ChunkRows < s.len(); c++ {
		buf = s.chunk(c, buf[:0])
		if err := f(buf); err != nil {
			return err
		}
	}
	return nil
}

// view is a table as functions see it: a source or mapped table with the
// rows of it that are in.
type view struct {
	name string
	src  *table
	rows rowSet
}

// pick makes the set of the rows of parent for which keep holds; keep is
// asked in the order of the parent.
type picker struct {
	bits *bitRows
	list listRows
}

func newPicker(parent *view) *picker {
	if parent.rows.ordered() {
		return &picker{bits: newBitRows(parent.src.rows())}
	}
	return &picker{}
}

func (p *picker) add(row int32) {
	if p.bits != nil {
		p.bits.add(int64(row))
	} else {
		p.list = append(p.list, row)
	}
}

func (p *picker) set() rowSet {
	if p.bits != nil {
		return p.bits
	}
	return p.list
}
