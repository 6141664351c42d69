package data

import (
	"io"
	"sync"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Batch is some rows of a table. Cols has an array for each request that is
// no text, nil for the others; their leading dimension is the number of rows.
type Batch struct {
	N     int
	Cols  []*array.Array
	Texts []Texts // for each request that is a text
	Epoch int64
	Index int64 // of the batch in its epoch
	Last  bool  // of its epoch

	numbers []int64        // see Rows
	first   int64          // of neighbours whose numbers nobody has asked for, else -1
	full    []*array.Array // with room for a whole batch
	raw     [][]byte       // their elements
	idx     []int32        // rows by their places in a group that was read from the spill
	src     []int32        // rows of the source table
	touched byte
}

// Rows are the numbers of the rows in their source table.
func (b *Batch) Rows() []int64 {
	if b.first >= 0 {
		countUp(b.numbers, b.first)
		b.first = -1
	}
	return b.numbers
}

// Texts is a column of texts.
type Texts struct {
	data []byte
	ends []uint32
	has  []bool
}

// Len is the number of texts; At is text i, and whether there is one.
func (t *Texts) Len() int { return len(t.ends) }

func (t *Texts) At(i int) (string, bool) {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return string(t.data[from:t.ends[i]]), t.has[i]
}

// view is what At is, good until the texts change.
func (t *Texts) view(i int) (string, bool) {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return text(t.data[from:t.ends[i]]), t.has[i]
}

func (t *Texts) reset() { t.data, t.ends, t.has = t.data[:0], t.ends[:0], t.has[:0] }

func (t *Texts) add(s []byte, has bool) {
	t.data = append(t.data, s...)
	t.ends = append(t.ends, uint32(len(t.data)))
	t.has = append(t.has, has)
}

// scan walks over the rows of a view in an order, a batch at a time.
type scan struct {
	v     *view
	g     *gatherer
	order *Order
	size  int
	place int64 // of the next row in the epoch
	index int64

	now   group
	using sync.RWMutex // held for reading while rows of a group from the spill are gathered
	chunk []byte       // a chunk of the spill
	tmp   textChunk
	solo  *frame
}

func (ds *Dataset) newScan(v *view, reqs []ColumnReq, order *Order, size int) (*scan, error) {
	s := &scan{v: v, order: order, size: size}
	var paths []*pathReader
	for _, q := range reqs {
		p, err := ds.newPath(v.src, q)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	s.g = newGatherer(paths)
	s.now = group{at: -1, held: v.src.store.spill != nil}
	if s.now.held {
		s.now.chunks = make([][][]byte, len(s.g.near))
	}
	return s, nil
}

// stands reports whether nearly all batches are rows as they stand in memory, so
// that nothing is gained by making them ahead.
func (s *scan) stands(spec OrderSpec) bool {
	_, all := rangeOf(s.v.rows)
	return all && !spec.Shuffle && !s.now.held && !s.g.more && 8*s.size <= ChunkRows
}

// newBatch makes the buffers of a batch, once.
func (s *scan) newBatch() *Batch {
	n := len(s.g.paths)
	b := &Batch{Cols: make([]*array.Array, n), full: make([]*array.Array, n), raw: make([][]byte, n), Texts: make([]Texts, n)}
	b.numbers, b.src = make([]int64, 0, s.size), make([]int32, s.size)
	if s.now.held {
		b.idx = make([]int32, s.size)
	}
	total := 0
	for _, p := range s.g.paths {
		total += s.columnBytes(p)
	}
	room, both := newRecords(total), make([]array.Array, 2*n)
	for i, p := range s.g.paths {
		if p.isText() {
			continue
		}
		b.raw[i], room = room[:s.size*int(p.rowBytes())], room[s.columnBytes(p):]
		b.full[i], b.Cols[i] = &both[2*i], &both[2*i+1]
		*b.full[i] = arrayOver(p.req.Type.Kind, b.raw[i])
		*b.Cols[i] = *b.full[i]
		b.Cols[i].Shape = append([]int{s.size}, p.shape...)
	}
	return b
}

// columnBytes is the room of a column in a batch, up to the next line of
// memory.
func (s *scan) columnBytes(p *pathReader) int {
	const line = 64
	return (s.size*int(p.rowBytes()) + line - 1) / line * line
}

// arrayOver is a flat array of elements that stand in b.
func arrayOver(k ir.Kind, b []byte) array.Array {
	a := array.Array{Kind: k}
	setElements(&a, b)
	return a
}

// setElements makes the elements of a those that stand in b.
func setElements(a *array.Array, b []byte) {
	switch a.Kind {
	case ir.F32:
		a.F32 = viewAs[float32](b)
	case ir.F64:
		a.F64 = viewAs[float64](b)
	case ir.I32, ir.Index:
		a.I32 = viewAs[int32](b)
	case ir.I64, ir.Key:
		a.I64 = viewAs[int64](b)
	case ir.U16:
		a.U16 = viewAs[uint16](b)
	case ir.I16:
		a.I16 = viewAs[int16](b)
	case ir.I8:
		a.I8 = viewAs[int8](b)
	default:
		a.U8 = b
	}
}

// seek goes to the beginning of a batch.
func (s *scan) seek(batch int64) {
	s.index, s.place = batch, batch*int64(s.size)
	s.now.at = -1
}

// next fills b; io.EOF at the end of the order.
func (s *scan) next(b *Batch) error {
	if s.solo == nil {
		s.solo = s.newFrame()
	}
	s.solo.pieces = s.solo.pieces[:0]
	if err := s.plan(s.solo, b); err != nil {
		return err
	}
	s.gather(s.solo)
	return nil
}

// plan says which rows are in b and adds the pieces that remain to be
// gathered to f; io.EOF at the end of the order.
func (s *scan) plan(f *frame, b *Batch) error {
	if s.place >= s.order.rows {
		return io.EOF
	}
	n := int(min(int64(s.size), s.order.rows-s.place))
	b.N, b.Index, b.Epoch = n, s.index, s.order.epoch
	b.numbers, b.first = b.numbers[:n], -1
	for at := 0; at < n; {
		in := int(s.place - s.now.from)
		if s.now.at < 0 || in < 0 || in >= s.now.n {
			group, from := s.order.find(s.place)
			if err := s.load(f, group); err != nil {
				return err
			}
			in = int(from)
		}
		k := min(n-at, s.now.n-in)
		first, whole := s.now.neighbours(in, k)
		if whole = whole && k == n; whole && !s.g.more {
			s.g.point(b, first)
			b.first = int64(first)
		} else {
			s.pieces(f, b, at, in, k, first, whole)
		}
		at += k
		s.place += int64(k)
	}
	s.index++
	b.Last = s.place >= s.order.rows
	return nil
}

// pieces adds to f the k rows from place in of the group on, which b has from at
// on; whole says that they are all of b, neighbours in memory from first on.
func (s *scan) pieces(f *frame, b *Batch, at, in, k int, first int32, whole bool) {
	if at == 0 {
		s.clear(b)
	}
	if whole {
		s.g.point(b, first)
	}
	s.now.rows(b, at, in, k)
	f.pieces = append(f.pieces, piece{b, at, k, whole})
}

// clear gives the columns of b their own memory, for its number of rows.
func (s *scan) clear(b *Batch) {
	for i := range b.Texts {
		b.Texts[i].reset()
	}
	for i, a := range b.Cols {
		if a != nil {
			cut(a, b.full[i], b.N)
		}
	}
}

// gather fills the pieces of a frame.
func (s *scan) gather(f *frame) {
	for _, p := range f.pieces {
		s.g.gather(p, &s.now, f.rows)
	}
	f.pieces = f.pieces[:0]
}

// cut makes a the first n rows of full without allocating.
func cut(a, full *array.Array, n int) {
	a.Shape[0] = n
	m := 1
	for _, x := range a.Shape {
		m *= x
	}
	switch a.Kind {
	case ir.F32:
		a.F32 = full.F32[:m]
	case ir.F64:
		a.F64 = full.F64[:m]
	case ir.I32, ir.Index:
		a.I32 = full.I32[:m]
	case ir.I64, ir.Key:
		a.I64 = full.I64[:m]
	case ir.U8, ir.Bool:
		a.U8 = full.U8[:m]
	case ir.I8:
		a.I8 = full.I8[:m]
	case ir.U16:
		a.U16 = full.U16[:m]
	case ir.I16:
		a.I16 = full.I16[:m]
	}
}

// Whole is a whole column, "Table.path", in file order.
func (ds *Dataset) Whole(binding string, t ir.Type) (*array.Array, error) {
	table, path := cutBinding(binding)
	v := ds.views[table]
	if v == nil {
		return nil, source.Bugf(source.Span{}, "no table for the column %s", binding)
	}
	if len(t.Dims) > 0 {
		t = t.Inner()
	}
	s, err := ds.newScan(v, []ColumnReq{{path, t}}, FileOrder(v.rows.len()), ChunkRows)
	if err != nil {
		return nil, err
	}
	n := v.rows.len()
	if bytes := n * s.g.paths[0].rowBytes(); bytes > ds.opt.Memory {
		return nil, source.Dataf("D0119", source.Place{File: v.src.paths()[0]},
			"the whole column `%s` must be in memory and needs %s; %s are allowed", binding, byteText(bytes), byteText(ds.opt.Memory)).At(v.src.span)
	}
	out := array.New(t.Kind, append([]int{int(n)}, s.g.paths[0].shape...)...)
	b, at := s.newBatch(), 0
	for {
		err := s.next(b)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		copyElems(out, at, b.Cols[0], 0, b.Cols[0].Len())
		at += b.Cols[0].Len()
	}
}

func cutBinding(b string) (table, path string) {
	for i := range len(b) {
		if b[i] == '.' {
			return b[:i], b[i+1:]
		}
	}
	return b, ""
}
