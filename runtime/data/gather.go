package data

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// gatherer fills batches: which rows of which records become which columns.
// It is made once for a scan; what it writes to lies in the frames.
type gatherer struct {
	paths   []*pathReader
	links   []*link
	fetches []*fetch
	near    []*pack // packs of the table itself that are read
	more    bool    // something is gathered even where rows are neighbours
}

// link is rows that are reached: those of the table itself (links[0]), or
// those that a key leads to from the rows of another link.
type link struct {
	from int
	key  *fieldData
	near [2]int // places of the packs of the key and its presence in gatherer.near; -1: in memory
}

// fetch is the columns of one pack that are read for the rows of one link.
type fetch struct {
	link int
	pack *pack
	near int // its place in gatherer.near; -1: in memory
	cols []fetched
	none []byte // the record of a row that a key does not lead to

	// whole: neighbouring rows of one chunk are the column as it is in the batch.
	whole bool
}

type fetched struct {
	out   int // the path
	at    int // byte of the record
	size  int // bytes of a row in the record
	batch int // and in the batch
	elem  int // bytes of an element
	how   fetching
	bit   uint8 // of a flag
}

type fetching uint8

const (
	asIs      fetching = iota
	fromZero           // indices; a missing one is kept as -1 and read as 0
	whetherAt          // whether there is an index
	flagAt             // a bit of the record
)

func newGatherer(paths []*pathReader) *gatherer {
	g := &gatherer{paths: paths, links: []*link{{}}}
	for i, p := range paths {
		at := g.reach(p.hops)
		p.link = at
		f := p.leaf
		switch {
		case p.row || p.isText() || p.of.windows != nil:
			if f != nil {
				p.near = [2]int{g.keep(at, f.val), g.keep(at, f.valid)}
			}
		case p.has && f.valid != nil && f.valid.flag:
			g.fetch(at, f.valid, fetched{out: i, how: flagAt})
		case p.has && f.valid != nil:
			g.fetch(at, f.valid, fetched{out: i})
		case p.has && f.val != nil && f.val.kind == ir.Index:
			g.fetch(at, f.val, fetched{out: i, how: whetherAt})
		case p.has:
		case f.val.kind == ir.Index:
			how := fromZero
			if f.field != nil && !f.field.Optional && !f.field.Maybe {
				how = asIs // none is missing
			}
			g.fetch(at, f.val, fetched{out: i, how: how})
		default:
			g.fetch(at, f.val, fetched{out: i})
		}
	}
	g.findWhole()
	return g
}

// findWhole finds the columns that need not be gathered where rows are
// neighbours.
func (g *gatherer) findWhole() {
	whole := 0
	for _, f := range g.fetches {
		c := &f.cols[0]
		f.whole = f.link == 0 && len(f.cols) == 1 && c.how == asIs && c.size == f.pack.stride
		whole += int(oneIf(f.whole))
	}
	g.more = whole < len(g.paths)
}

// point makes the columns of b that are whole the stretch of memory where its
// rows stand, neighbours in one chunk from first on.
func (g *gatherer) point(b *Batch, first int32) {
	for _, f := range g.fetches {
		if f.whole {
			from := int(first%ChunkRows) * f.pack.stride
			at := f.cols[0].out
			setElements(b.Cols[at], f.pack.chunks[first/ChunkRows][from:from+b.N*f.pack.stride])
			b.Cols[at].Shape[0] = b.N
		}
	}
}

// reach is the link behind keys.
func (g *gatherer) reach(hops []*fieldData) int {
	at := 0
next:
	for _, h := range hops {
		for i, l := range g.links {
			if i > 0 && l.from == at && l.key == h {
				at = i
				continue next
			}
		}
		l := &link{from: at, key: h, near: [2]int{g.keep(at, h.val), g.keep(at, h.valid)}}
		g.links = append(g.links, l)
		at = len(g.links) - 1
	}
	return at
}

// keep notes that the pack of a column is read for the rows of a link, and
// returns its place among those of the table itself.
func (g *gatherer) keep(at int, c *col) int {
	if at > 0 || c == nil || c.pack == nil {
		return -1
	}
	for i, p := range g.near {
		if p == c.pack {
			return i
		}
	}
	g.near = append(g.near, c.pack)
	return len(g.near) - 1
}

func (g *gatherer) fetch(at int, c *col, x fetched) {
	x.at, x.size, x.elem, x.bit = c.at, int(c.rowBytes()), kindSize(c.kind), c.bit
	if x.batch = x.size; x.how == whetherAt {
		x.batch = 1
	}
	for _, f := range g.fetches {
		if f.link == at && f.pack == c.pack {
			f.cols = append(f.cols, x)
			return
		}
	}
	f := &fetch{link: at, pack: c.pack, near: g.keep(at, c), cols: []fetched{x}}
	if at > 0 {
		f.none = newRecords(c.pack.stride)
	}
	g.fetches = append(g.fetches, f)
}

// piece is neighbouring rows of a batch that come from one group.
type piece struct {
	b        *Batch
	at, rows int
	whole    bool // the columns that are whole are there
}

// gather fills a piece. rows has room for the rows of each link.
func (g *gatherer) gather(p piece, from *group, rows [][]int32) {
	b, src := p.b, p.b.src[p.at:p.at+p.rows]
	rows[0] = src
	if from.held {
		rows[0] = b.idx[p.at : p.at+p.rows]
	}
	for i, l := range g.links[1:] {
		rows[i+1] = l.follow(grow(rows[i+1], p.rows), rows[l.from], from)
	}
	for _, f := range g.fetches {
		if !p.whole || !f.whole {
			f.gather(b, p.at, rows[f.link], from.of(f.near, f.pack))
		}
	}
	for i, r := range g.paths {
		to := src
		if r.link > 0 {
			to = rows[r.link]
		}
		switch {
		case r.isText():
			r.texts(&b.Texts[i], rows[r.link], to, from)
		case r.row || r.has && r.leaf.valid == nil && !(r.leaf.val != nil && r.leaf.val.kind == ir.Index):
			r.rowsOf(b.full[i], p.at, to)
		case r.of.windows != nil && !r.has:
			r.of.windows.gather(b.full[i], p.at*len0(r.shape), to)
		}
	}
}

// rowsOf writes the numbers of rows, or whether there are any.
func (r *pathReader) rowsOf(dst *array.Array, at int, rows []int32) {
	for i, x := range rows {
		if r.has {
			dst.U8[at+i] = oneIf(x >= 0)
		} else {
			dst.SetInt(at+i, int64(max(x, 0)))
		}
	}
}

// follow replaces rows by the rows that a key leads to, -1 where none.
func (l *link) follow(dst, rows []int32, from *group) []int32 {
	key, valid := l.key.val, l.key.valid
	keys := from.of(l.near[0], key.pack)
	var there [][]byte
	if valid != nil {
		there = from.of(l.near[1], valid.pack)
	}
	for i, x := range rows {
		if x < 0 || valid != nil && !valid.isSet(there[x/ChunkRows], int(x%ChunkRows)) {
			dst[i] = -1
			continue
		}
		dst[i] = key.index(keys[x/ChunkRows], int(x%ChunkRows), 0)
	}
	return dst
}

// len0 is the number of elements of a row.
func len0(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// nearby is how many rows are fetched at a time: what their records hold
// stays in the nearest memory until all of it is taken.
const nearby = 128

// gather copies columns of records to a batch, from its row at on. Rows below
// 0 read as 0.
func (f *fetch) gather(b *Batch, at int, rows []int32, chunks [][]byte) {
	var room [nearby]unsafe.Pointer
	for len(rows) > 0 {
		n := min(nearby, len(rows))
		records := room[:n]
		b.touched += f.find(records, rows[:n], chunks)
		for i := range f.cols {
			c := &f.cols[i]
			f.copy(c, b.raw[c.out][at*c.batch:(at+n)*c.batch], records)
		}
		at, rows = at+n, rows[n:]
	}
}

// find looks up the records of rows. It reads from each of their lines of
// memory: these loads wait for one another as little as loads can, while the
// copies after them have work in between. What is read is summed, so that the
// loads stay.
func (f *fetch) find(records []unsafe.Pointer, rows []int32, chunks [][]byte) (touched byte) {
	stride := f.pack.stride
	for i, x := range rows {
		if x < 0 {
			records[i] = unsafe.Pointer(&f.none[0])
			continue
		}
		r := chunks[x/ChunkRows][int(x%ChunkRows)*stride:][:stride]
		records[i] = unsafe.Pointer(&r[0])
		touched += r[0] + r[stride-1]
		if stride > wideRow {
			touched += r[wideRow]
		}
	}
	return touched
}

func (f *fetch) copy(c *fetched, dst []byte, records []unsafe.Pointer) {
	switch {
	case c.how == fromZero:
		d, each := viewAs[int32](dst), c.size/4
		for i, p := range records {
			for e := range each {
				d[i*each+e] = max(0, *(*int32)(unsafe.Add(p, c.at+4*e)))
			}
		}
	case c.how == flagAt:
		for i, p := range records {
			dst[i] = oneIf(*(*uint8)(unsafe.Add(p, c.at))&c.bit != 0)
		}
	case c.how == whetherAt:
		for i, p := range records {
			there := f.none == nil || p != unsafe.Pointer(&f.none[0])
			dst[i] = oneIf(there && *(*int32)(unsafe.Add(p, c.at)) >= 0)
		}
	case c.size != c.elem:
		for i, p := range records {
			copy(dst[i*c.size:(i+1)*c.size], unsafe.Slice((*byte)(unsafe.Add(p, c.at)), c.size))
		}
	case c.size == 1:
		collect[uint8](dst, records, c.at)
	case c.size == 2:
		collect[uint16](dst, records, c.at)
	case c.size == 4:
		collect[uint32](dst, records, c.at)
	default:
		collect[uint64](dst, records, c.at)
	}
}

// collect writes elements that stand at the same place of records.
func collect[T any](dst []byte, records []unsafe.Pointer, at int) {
	d := viewAs[T](dst)[:len(records)]
	for i, p := range records {
		d[i] = *(*T)(unsafe.Add(p, at))
	}
}

// texts appends the texts of rows; src are the same rows in their own table.
func (r *pathReader) texts(dst *Texts, idx, src []int32, from *group) {
	f := r.leaf
	for i, x := range idx {
		switch {
		case x < 0:
			dst.add(nil, false)
		case f == nil || r.of.isKeyField(f) && f.text == nil:
			dst.add([]byte(r.of.keyText(src[i])), true)
		case f.text == nil:
			dst.add(r.of.memberText(f, from.of(r.near[0], f.val.pack), x))
		default:
			has := f.valid == nil || f.valid.isSet(from.of(r.near[1], f.valid.pack)[x/ChunkRows], int(x%ChunkRows))
			dst.add(r.textAt(from, x), has)
		}
	}
}

// memberText is the text of a member of a category or of the key of another
// table, or the number that a field holds.
func (t *table) memberText(f *fieldData, chunks [][]byte, x int32) ([]byte, bool) {
	chunk, row := chunks[x/ChunkRows], int(x%ChunkRows)
	if f.val.kind != ir.Index {
		a := array.New(f.val.kind)
		copy(rawBytes(a), unsafe.Slice((*byte)(f.val.element(chunk, row, 0)), kindSize(f.val.kind)))
		return cells{}.csv(nil, a, f.field.Type, 0), true
	}
	id := f.val.index(chunk, row, 0)
	dim := f.field.Category
	if dim == "" {
		dim = f.field.Table
	}
	if s, ok := t.ds.TextOf(dim, int64(id)); ok {
		return []byte(s), id >= 0
	}
	return []byte(itoa(int64(id))), id >= 0
}

func (r *pathReader) textAt(from *group, x int32) []byte {
	c := r.leaf.text
	if t := from.texts[c]; t != nil && len(r.hops) == 0 {
		lo := uint32(0)
		if x > 0 {
			lo = t.ends[x-1]
		}
		return t.data[lo:t.ends[x]]
	}
	return c.texts[x/ChunkRows].at(int(x % ChunkRows))
}
