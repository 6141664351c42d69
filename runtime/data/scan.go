package data

import (
	"io"

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
	Rows  []int64 // numbers of the rows in their source table
	Epoch int64
	Index int64 // of the batch in its epoch
	Last  bool  // of its epoch

	full []*array.Array // with room for a whole batch
	idx  []int32
	src  []int32
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

func (t *Texts) reset() { t.data, t.ends, t.has = t.data[:0], t.ends[:0], t.has[:0] }

func (t *Texts) add(s []byte, has bool) {
	t.data = append(t.data, s...)
	t.ends = append(t.ends, uint32(len(t.data)))
	t.has = append(t.has, has)
}

// scan walks over the rows of a view in an order, a batch at a time.
type scan struct {
	v     *view
	paths []*pathReader
	order *Order
	size  int
	place int64 // of the next row in the epoch
	index int64

	group  int     // that is loaded; -1: none
	src    []int32 // rows of the source table of the group, chunk by chunk
	perm   []int32 // nil: as they are
	cols   []*col  // stored columns read
	held   map[*col]*chunkList
	texts  map[*col]*textGroup
	chunk  *array.Array // a chunk of the spill, by kind and width in turn
	tmp    textChunk
	near   chunksOf
	failed error
}

// textGroup is the texts of a group that was read from the spill.
type textGroup struct{ Texts }

func (ds *Dataset) newScan(v *view, reqs []ColumnReq, order *Order, size int) (*scan, error) {
	s := &scan{v: v, order: order, size: size, group: -1, held: map[*col]*chunkList{}, texts: map[*col]*textGroup{}}
	seen := map[*col]bool{}
	for _, q := range reqs {
		p, err := ds.newPath(v.src, q)
		if err != nil {
			return nil, err
		}
		s.paths = append(s.paths, p)
		for _, c := range p.near() {
			if !seen[c] {
				seen[c] = true
				s.cols = append(s.cols, c)
			}
		}
	}
	s.near = resident
	if s.spilled() {
		s.near = func(c *col) chunkList { return *s.held[c] }
	}
	return s, nil
}

func (s *scan) spilled() bool { return s.v.src.store.spill != nil }

// newBatch makes the buffers of a batch, once.
func (s *scan) newBatch() *Batch {
	b := &Batch{Cols: make([]*array.Array, len(s.paths)), full: make([]*array.Array, len(s.paths)), Texts: make([]Texts, len(s.paths))}
	for i, p := range s.paths {
		if p.isText() {
			continue
		}
		b.full[i] = array.New(p.req.Type.Kind, append([]int{s.size}, p.shape...)...)
		c := *b.full[i]
		c.Shape = append([]int{}, c.Shape...)
		b.Cols[i] = &c
	}
	b.Rows, b.idx, b.src = make([]int64, 0, s.size), make([]int32, s.size), make([]int32, s.size)
	return b
}

// seek goes to the beginning of a batch.
func (s *scan) seek(batch int64) {
	s.index, s.place = batch, batch*int64(s.size)
	s.group = -1
}

// next fills b; io.EOF at the end of the order.
func (s *scan) next(b *Batch) error {
	if s.place >= s.order.rows {
		return io.EOF
	}
	n := int(min(int64(s.size), s.order.rows-s.place))
	b.N, b.Index, b.Epoch = n, s.index, s.order.epoch
	b.Rows = b.Rows[:n]
	for i := range b.Texts {
		b.Texts[i].reset()
	}
	for at := 0; at < n; {
		group, in := s.order.find(s.place)
		if group != s.group {
			if err := s.load(group); err != nil {
				return err
			}
		}
		k := min(n-at, len(s.src)-int(in))
		s.take(b, at, int(in), k)
		at += k
		s.place += int64(k)
	}
	s.index++
	b.Last = s.place >= s.order.rows
	for i, a := range b.Cols {
		if a != nil {
			cut(a, b.full[i], n)
		}
	}
	return nil
}

// take moves k rows of the loaded group into the batch.
func (s *scan) take(b *Batch, at, in, k int) {
	idx, src := b.idx[:k], b.src[:k]
	for i := range k {
		j := int32(in + i)
		if s.perm != nil {
			j = s.perm[j]
		}
		idx[i], src[i] = j, s.src[j]
		b.Rows[at+i] = int64(s.src[j])
	}
	if !s.spilled() {
		idx = src
	}
	for i, p := range s.paths {
		if p.isText() {
			s.takeText(&b.Texts[i], p, idx, src)
		} else {
			p.gather(b.full[i], at, idx, src, s.near)
		}
	}
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

// load makes a group of chunks the current one.
func (s *scan) load(group int) error {
	s.src = s.src[:0]
	from, to := s.order.members(group)
	for c := from; c < to; c++ {
		s.src = s.v.rows.chunk(s.order.chunk(c), s.src)
	}
	s.perm = s.order.inside(group)
	s.group = group
	if !s.spilled() {
		return nil
	}
	for _, c := range s.cols {
		if c.text {
			if err := s.loadText(c); err != nil {
				return err
			}
			continue
		}
		held := s.held[c]
		if held == nil {
			held = &chunkList{}
			s.held[c] = held
		}
		for len(held.arrays)*ChunkRows < len(s.src) {
			held.add(array.New(c.kind, ChunkRows, c.width))
		}
		if err := s.loadCol(c, held.arrays); err != nil {
			return err
		}
	}
	return nil
}

// loadCol reads the rows of the group of one column, a chunk of the spill at
// a time; runs of rows that lie in one chunk are copied from it.
func (s *scan) loadCol(c *col, held []*array.Array) error {
	sp := s.v.src.store.spill
	last, rows := int32(-1), s.v.src.rows()
	for j := 0; j < len(s.src); {
		k := s.src[j] / ChunkRows
		n := min(ChunkRows, int(rows)-int(k)*ChunkRows)
		whole := j%ChunkRows == 0 && j+n <= len(s.src) && s.src[j]%ChunkRows == 0 && int(s.src[j+n-1]-s.src[j]) == n-1 && s.v.rows.ordered()
		if whole {
			if err := sp.read(c, int(k), n, held[j/ChunkRows]); err != nil {
				return err
			}
			j += n
			continue
		}
		if k != last {
			if s.chunk == nil || s.chunk.Kind != c.kind || s.chunk.Shape[1] != c.width {
				s.chunk = array.New(c.kind, ChunkRows, c.width)
			}
			if err := sp.read(c, int(k), n, s.chunk); err != nil {
				return err
			}
			last = k
		}
		copyElems(held[j/ChunkRows], j%ChunkRows*c.width, s.chunk, int(s.src[j]%ChunkRows)*c.width, c.width)
		j++
	}
	return nil
}

func (s *scan) loadText(c *col) error {
	g := s.texts[c]
	if g == nil {
		g = &textGroup{}
		s.texts[c] = g
	}
	g.reset()
	last := int32(-1)
	for _, x := range s.src {
		if k := x / ChunkRows; k != last {
			n := min(ChunkRows, int(s.v.src.rows())-int(k)*ChunkRows)
			if err := s.v.src.store.spill.readText(c, int(k), n, &s.tmp); err != nil {
				return err
			}
			last = k
		}
		g.add(s.tmp.at(int(x%ChunkRows)), true)
	}
	return nil
}

// takeText appends the texts of rows.
func (s *scan) takeText(dst *Texts, p *pathReader, idx, src []int32) {
	near := s.near
	for i, h := range p.hops {
		if i > 0 {
			idx = p.a
		}
		p.a = follow(grow(p.a, len(idx)), h, idx, near)
		near = resident
	}
	if len(p.hops) > 0 {
		idx, src = p.a, p.a
	}
	for i, x := range idx {
		switch f := p.leaf; {
		case x < 0:
			dst.add(nil, false)
		case f == nil || p.of.isKeyField(f) && f.text == nil:
			dst.add([]byte(p.of.keyText(src[i])), true)
		case f.text == nil:
			dst.add(p.of.memberText(f, near(f.val), x))
		default:
			has := f.valid == nil || near(f.valid).u8[x/ChunkRows][x%ChunkRows] != 0
			dst.add(s.textAt(p, f.text, x), has)
		}
	}
}

// memberText is the text of a member of a category or of the key of another
// table, or the number that a field holds.
func (t *table) memberText(f *fieldData, chunks chunkList, x int32) ([]byte, bool) {
	a, at := chunks.arrays[x/ChunkRows], int(x%ChunkRows)*f.val.width
	if a.Kind != ir.Index {
		return cells{}.csv(nil, a, f.field.Type, at), true
	}
	dim := f.field.Category
	if dim == "" {
		dim = f.field.Table
	}
	if s, ok := t.ds.TextOf(dim, int64(a.I32[at])); ok {
		return []byte(s), a.I32[at] >= 0
	}
	return []byte(itoa(int64(a.I32[at]))), a.I32[at] >= 0
}

func (s *scan) textAt(p *pathReader, c *col, x int32) []byte {
	if g := s.texts[c]; g != nil && len(p.hops) == 0 {
		from := uint32(0)
		if x > 0 {
			from = g.ends[x-1]
		}
		return g.data[from:g.ends[x]]
	}
	return c.texts[x/ChunkRows].at(int(x % ChunkRows))
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
	if bytes := n * s.paths[0].rowBytes(); bytes > ds.opt.Memory {
		return nil, source.Dataf("D0119", source.Place{File: v.src.paths()[0]},
			"the whole column `%s` must be in memory and needs %s; %s are allowed", binding, byteText(bytes), byteText(ds.opt.Memory)).At(v.src.span)
	}
	out := array.New(t.Kind, append([]int{int(n)}, s.paths[0].shape...)...)
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
