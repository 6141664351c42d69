package data

import (
	"cmp"
	"slices"
)

// group is the chunks whose rows are permuted together.
type group struct {
	at     int     // its number; -1: none
	from   int64   // the place of its first row
	n      int     // rows
	first  int32   // where they are neighbours in order (run): the first of them
	run    bool    // and src is empty
	src    []int32 // rows of the source table, chunk by chunk
	perm   []int32 // nil: as they are
	held   bool    // it was read from the spill
	chunks [][][]byte
	texts  map[*col]*Texts
	by     []int32 // see bySource

	ascends bool // rows do, where there is no perm
}

// of are the records of a pack that the rows of a link address.
func (g *group) of(near int, p *pack) [][]byte {
	if g.held && near >= 0 {
		return g.chunks[near]
	}
	return p.chunks
}

// rows writes which k rows, from place in of the group on, b has from at on.
func (g *group) rows(b *Batch, at, in, k int) {
	src, numbers := b.src[at:at+k], b.numbers[at:at+k]
	switch {
	case g.run:
		countUp(src, g.first+int32(in))
	case g.perm == nil:
		copy(src, g.src[in:])
	default:
		for i, j := range g.perm[in : in+k] {
			src[i] = g.src[j]
		}
	}
	for i, x := range src {
		numbers[i] = int64(x)
	}
	if !g.held {
		return
	}
	for i := range k {
		b.idx[at+i] = int32(in + i)
		if g.perm != nil {
			b.idx[at+i] = g.perm[in+i]
		}
	}
}

// neighbours reports whether the k rows from place in of the group on stand one
// behind the other in one chunk that is in memory, and which is the first.
func (g *group) neighbours(in, k int) (first int32, ok bool) {
	switch {
	case g.held || g.perm != nil:
		return 0, false
	case g.run:
		first = g.first + int32(in)
	case !g.ascends || int(g.src[in+k-1]-g.src[in]) != k-1:
		return 0, false
	default:
		first = g.src[in]
	}
	return first, int(first%ChunkRows)+k <= ChunkRows
}

func countUp[T int32 | int64](dst []T, from T) {
	for i := range dst {
		dst[i] = from + T(i)
	}
}

// load makes a group the current one. Rows of the one before that are not yet
// gathered are gathered first, where it is given up.
func (s *scan) load(f *frame, at int) error {
	if s.now.held {
		s.gather(f)
		s.using.Lock()
		defer s.using.Unlock()
	}
	g := &s.now
	g.src, g.by = g.src[:0], g.by[:0]
	g.from, g.n = s.order.starts[at], int(s.order.starts[at+1]-s.order.starts[at])
	g.perm, g.at = s.order.inside(at), at
	g.run, g.ascends = false, s.v.rows.ordered()
	from, to := s.order.members(at)
	if r, ok := rangeOf(s.v.rows); ok && !g.held && g.perm == nil {
		g.run, g.first = true, int32(r.from+from*ChunkRows)
		return nil
	}
	for c := from; c < to; c++ {
		g.src = s.v.rows.chunk(s.order.chunk(c), g.src)
	}
	if !g.held {
		return nil
	}
	if err := s.loadRecords(); err != nil {
		return err
	}
	for _, p := range s.g.paths {
		if p.isText() && len(p.hops) == 0 && p.leaf != nil && p.leaf.text != nil {
			if err := s.loadText(p.leaf.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadRecords reads the records of the group, a chunk of the spill at a time;
// runs of rows that are a chunk are read to their place, others copied there.
func (s *scan) loadRecords() error {
	g := &s.now
	for i, p := range s.g.near {
		for len(g.chunks[i])*ChunkRows < len(g.src) {
			g.chunks[i] = append(g.chunks[i], newRecords(ChunkRows*p.stride))
		}
		if err := s.loadPack(p, g.chunks[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) loadPack(p *pack, to [][]byte) error {
	sp, src, rows := s.v.src.store.spill, s.now.src, s.v.src.rows()
	if !s.v.rows.ordered() {
		return s.loadScattered(p, to)
	}
	last := int32(-1)
	for j := 0; j < len(src); {
		k := src[j] / ChunkRows
		n := min(ChunkRows, int(rows)-int(k)*ChunkRows)
		whole := j%ChunkRows == 0 && j+n <= len(src) && src[j]%ChunkRows == 0 && int(src[j+n-1]-src[j]) == n-1
		if whole {
			if err := sp.read(p, int(k), n, to[j/ChunkRows]); err != nil {
				return err
			}
			j += n
			continue
		}
		if k != last {
			s.chunk = grow(s.chunk, ChunkRows*p.stride)
			if err := sp.read(p, int(k), n, s.chunk); err != nil {
				return err
			}
			last = k
		}
		copy(to[j/ChunkRows][j%ChunkRows*p.stride:][:p.stride], s.chunk[int(src[j]%ChunkRows)*p.stride:])
		j++
	}
	return nil
}

// scattered is how many records of a chunk are as much work to read one by one
// as all of them at once.
const scattered = 64

// loadScattered reads records of rows in any order: each chunk at most once,
// and single records of those with few.
func (s *scan) loadScattered(p *pack, to [][]byte) error {
	sp, src, by := s.v.src.store.spill, s.now.src, s.now.bySource()
	for from := 0; from < len(by); {
		k := src[by[from]] / ChunkRows
		end := from + 1
		for end < len(by) && src[by[end]]/ChunkRows == k {
			end++
		}
		few := end-from <= scattered
		if !few {
			s.chunk = grow(s.chunk, ChunkRows*p.stride)
			if err := sp.read(p, int(k), min(ChunkRows, int(s.v.src.rows())-int(k)*ChunkRows), s.chunk); err != nil {
				return err
			}
		}
		for _, j := range by[from:end] {
			record, row := to[j/ChunkRows][int(j%ChunkRows)*p.stride:][:p.stride], int(src[j]%ChunkRows)
			if !few {
				copy(record, s.chunk[row*p.stride:])
			} else if err := sp.readRows(p, int(k), row, 1, record); err != nil {
				return err
			}
		}
		from = end
	}
	return nil
}

// bySource is the places of the rows of the group in the order of the source.
func (g *group) bySource() []int32 {
	if len(g.by) == len(g.src) && len(g.by) > 0 {
		return g.by
	}
	g.by = g.by[:0]
	for j := range g.src {
		g.by = append(g.by, int32(j))
	}
	slices.SortFunc(g.by, func(a, b int32) int {
		return cmp.Or(cmp.Compare(g.src[a], g.src[b]), cmp.Compare(a, b))
	})
	return g.by
}

func (s *scan) loadText(c *col) error {
	if s.now.texts == nil {
		s.now.texts = map[*col]*Texts{}
	}
	t := s.now.texts[c]
	if t == nil {
		t = &Texts{}
		s.now.texts[c] = t
	}
	t.reset()
	read := func(x int32, last *int32) error {
		k := x / ChunkRows
		if k == *last {
			return nil
		}
		*last = k
		return s.v.src.store.spill.readText(c, int(k), min(ChunkRows, int(s.v.src.rows())-int(k)*ChunkRows), &s.tmp)
	}
	last := int32(-1)
	if s.v.rows.ordered() {
		for _, x := range s.now.src {
			if err := read(x, &last); err != nil {
				return err
			}
			t.add(s.tmp.at(int(x%ChunkRows)), true)
		}
		return nil
	}
	var found Texts // in the order of the source
	by := s.now.bySource()
	place := make([]int32, len(by))
	for i, j := range by {
		if err := read(s.now.src[j], &last); err != nil {
			return err
		}
		found.add(s.tmp.at(int(s.now.src[j]%ChunkRows)), true)
		place[j] = int32(i)
	}
	for _, i := range place {
		x, _ := found.view(int(i))
		t.data = append(t.data, x...)
		t.ends, t.has = append(t.ends, uint32(len(t.data))), append(t.has, true)
	}
	return nil
}
