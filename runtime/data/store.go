package data

import (
	"fmt"
	"runtime"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// ChunkRows is the number of rows of a chunk: the unit of storage, of the
// spill and of the shuffle. It is part of the format.
const ChunkRows = 4096

// col is a stored column. Numbers stand in the records of its pack, texts in
// chunks of their own; both in memory or in the spill file of the table.
type col struct {
	name   string
	kind   ir.Kind
	width  int
	text   bool
	flag   bool  // of presence: a bit of a record
	pack   *pack // of numbers
	at     int   // byte of a record where the column begins
	bit    uint8 // of that byte, for a flag
	texts  []*textChunk
	offset []int64 // of each chunk of texts in the spill file
	size   []int64 // and its length there
	dict   *dict   // asMember, asForeign: what the numbers stand for while reading
	remap  []int32 // then: what they become; nil once done in memory
	shape  []int   // of one row, for messages and whole columns

	holes  int64
	varies bool
	seen   bool
	last   float64 // of the rows before, to see whether the column varies
	max    int64   // asIndex without a bound
}

// textChunk holds the texts of a chunk end to end.
type textChunk struct {
	data []byte
	ends []uint32
}

func (t *textChunk) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.data[from:t.ends[i]]
}

func (t *textChunk) bytes() int64 { return int64(len(t.data)) + 4*int64(len(t.ends)) }

func kindSize(k ir.Kind) int {
	switch k {
	case ir.F64, ir.I64, ir.Key:
		return 8
	case ir.F32, ir.I32, ir.Index:
		return 4
	case ir.U16, ir.I16:
		return 2
	}
	return 1
}

// store is the columns of a table while it is read and after.
type store struct {
	cols  []*col
	packs []*pack // of the columns of numbers, made when rows begin to come
	laid  bool
	apart bool // each column has records of its own
	rows  int64
	fill  int // rows in the open chunk
	bytes int64
	limit int64 // bytes that may stay in memory; -1: must stay, any number
	spill *spill
	fresh func() (*spill, error) // opens the spill file
}

func (s *store) add(c *col) *col {
	s.cols = append(s.cols, c)
	return c
}

// lay gives the columns their places in records, once all are there.
func (s *store) lay() {
	if !s.laid {
		s.packs, s.laid = layPacks(s.cols, s.apart), true
	}
}

// open makes room for the chunk that begins; with a spill the one buffer is
// used again.
func (s *store) open() {
	s.lay()
	for _, p := range s.packs {
		if s.spill == nil || len(p.chunks) == 0 {
			p.chunks = append(p.chunks, newRecords(ChunkRows*p.stride))
		}
	}
	for _, c := range s.cols {
		switch {
		case !c.text:
		case s.spill != nil && len(c.texts) > 0:
			c.texts[0].data, c.texts[0].ends = c.texts[0].data[:0], c.texts[0].ends[:0]
		default:
			c.texts = append(c.texts, &textChunk{})
		}
	}
}

// textTail is the chunk of texts that is being filled.
func (c *col) textTail() *textChunk { return c.texts[len(c.texts)-1] }

// append adds rows from..to of decoded inputs.
func (s *store) append(inputs []*input, vals []values, from, to int, ids [][]int32) error {
	for from < to {
		if s.fill == 0 {
			s.open()
		}
		n := min(to-from, ChunkRows-s.fill)
		for k, in := range inputs {
			if in.col == nil {
				continue
			}
			if in.valid != nil {
				w := in.valid.width
				in.valid.fillRows(s.fill, vals[k].valid[from*w:(from+n)*w])
			}
			s.copyInput(in, &vals[k], from, n, ids[k])
		}
		s.fill, s.rows, from = s.fill+n, s.rows+int64(n), from+n
		if s.fill == ChunkRows {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *store) copyInput(in *input, v *values, from, n int, ids []int32) {
	c := in.col
	switch {
	case c.text:
		t := c.textTail()
		for i := from; i < from+n; i++ {
			lo := uint32(0)
			if i > 0 {
				lo = v.ends[i-1]
			}
			t.data = append(t.data, v.text[lo:v.ends[i]]...)
			t.ends = append(t.ends, uint32(len(t.data)))
		}
	case ids != nil:
		src := v.a.I32[from*c.width : (from+n)*c.width]
		remapAll(src, ids)
		c.fillRows(s.fill, viewBytes(src))
	default:
		row := int(c.rowBytes())
		c.fillRows(s.fill, rawBytes(&v.a)[from*row:(from+n)*row])
	}
}

// copyElems copies n elements between arrays of one kind.
func copyElems(dst *array.Array, at int, src *array.Array, from, n int) {
	switch dst.Kind {
	case ir.F32:
		copy(dst.F32[at:at+n], src.F32[from:from+n])
	case ir.F64:
		copy(dst.F64[at:at+n], src.F64[from:from+n])
	case ir.I32, ir.Index:
		copy(dst.I32[at:at+n], src.I32[from:from+n])
	case ir.I64, ir.Key:
		copy(dst.I64[at:at+n], src.I64[from:from+n])
	case ir.U8, ir.Bool:
		copy(dst.U8[at:at+n], src.U8[from:from+n])
	case ir.I8:
		copy(dst.I8[at:at+n], src.I8[from:from+n])
	case ir.U16:
		copy(dst.U16[at:at+n], src.U16[from:from+n])
	case ir.I16:
		copy(dst.I16[at:at+n], src.I16[from:from+n])
	}
}

// flush ends the open chunk: it is looked at for the report, and stays or
// goes to the spill.
func (s *store) flush() error {
	if s.fill == 0 {
		return nil
	}
	for _, c := range s.cols {
		if c.text {
			s.bytes += c.textTail().bytes()
		} else {
			c.observe(c.pack.chunks[len(c.pack.chunks)-1], s.fill)
		}
	}
	for _, p := range s.packs {
		s.bytes += int64(p.stride) * ChunkRows
	}
	full := s.fill
	s.fill = 0
	if s.spill != nil {
		return s.spill.write(s, full)
	}
	if s.limit >= 0 && s.bytes > s.limit {
		return s.startSpill(full)
	}
	return nil
}

// startSpill moves all chunks out of memory, the last of which has full rows.
func (s *store) startSpill(full int) error {
	sp, err := s.fresh()
	if err != nil {
		return err
	}
	s.spill = sp
	chunks := int((s.rows + ChunkRows - 1) / ChunkRows)
	packs, texts := make([][][]byte, len(s.packs)), make([][]*textChunk, len(s.cols))
	for i, p := range s.packs {
		packs[i], p.chunks = p.chunks, nil
	}
	for i, c := range s.cols {
		texts[i], c.texts = c.texts, nil
	}
	for k := range chunks {
		for i, p := range s.packs {
			p.chunks = append(p.chunks[:0], packs[i][k])
			packs[i][k] = nil
		}
		for i, c := range s.cols {
			if c.text {
				c.texts = append(c.texts[:0], texts[i][k])
				texts[i][k] = nil
			}
		}
		rows := ChunkRows
		if k == chunks-1 {
			rows = full
		}
		if err := sp.write(s, rows); err != nil {
			return err
		}
	}
	// What was in memory is as much as may be: it is given back before more is
	// taken, not when as much again has been.
	runtime.GC()
	return nil
}

// close ends the last chunk; what went to the spill lets go of its buffers.
func (s *store) close() error {
	s.lay()
	err := s.flush()
	if s.spill == nil {
		return err
	}
	for _, p := range s.packs {
		p.chunks = nil
	}
	for _, c := range s.cols {
		c.texts = nil
	}
	return err
}

// observe looks at a chunk once, for the report: whether the column is
// constant, and the largest index.
func (c *col) observe(chunk []byte, rows int) {
	if c.kind == ir.Index {
		for i := range rows {
			for e := range c.width {
				x := c.index(chunk, i, e)
				c.max = max(c.max, int64(x))
				if x < 0 {
					c.holes++
				}
			}
		}
	}
	for i := 0; i < rows && !c.varies; i++ {
		for e := range c.width {
			x := c.number(chunk, i, e)
			c.varies = c.varies || c.seen && x != c.last
			c.last, c.seen = x, true
		}
	}
}

// byteText is a size as people write it.
func byteText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
