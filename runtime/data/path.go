package data

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// ColumnReq asks for a column by its path (see ir, "paths of columns"). Type
// is that of one row; without a kind the column is a text.
type ColumnReq struct {
	Path string
	Type ir.Type
}

// pathReader finds the values of one path for rows of a table.
type pathReader struct {
	req   ColumnReq
	shape []int
	hops  []*fieldData // keys followed, the first at the table itself
	leaf  *fieldData   // nil for "#" and for presence of a key
	row   bool         // the row itself
	has   bool         // presence instead of value
	of    *table       // the table that the leaf is in
	last  *fieldData   // presence of a key: that key
	a, b  []int32      // rows reached, reused
}

// text reports whether the path yields texts.
func (r *pathReader) isText() bool { return r.req.Type.Kind == ir.NoKind }

// newPath resolves a path from a table.
func (ds *Dataset) newPath(t *table, req ColumnReq) (*pathReader, error) {
	r := &pathReader{req: req, of: t, shape: []int{}}
	path := req.Path
	if strings.HasSuffix(path, "?") {
		r.has, path = true, strings.TrimSuffix(path, "?")
	}
	parts := strings.Split(path, ".")
	for i, name := range parts {
		if name == "#" {
			r.row = true
			continue
		}
		f := r.of.fields[name]
		if f == nil {
			return nil, source.Bugf(source.Span{}, "no column %s of %s", req.Path, t.name)
		}
		if i == len(parts)-1 {
			r.leaf = f
			break
		}
		target := ds.views[f.field.Table]
		if target == nil {
			return nil, source.Bugf(source.Span{}, "no table behind %s of %s", name, t.name)
		}
		r.hops, r.of = append(r.hops, f), target.src
	}
	if f := r.leaf; f != nil && f.val == nil && !r.isText() && f.field.IsKey {
		r.leaf, r.row = nil, true // a key as a number is its row
	}
	for _, d := range req.Type.Dims {
		n, ok := ds.sizeOf(d)
		if !ok {
			return nil, source.Bugf(source.Span{}, "the size %s of %s is not known", d, req.Path)
		}
		r.shape = append(r.shape, int(n))
	}
	return r, r.check(ds, t)
}

// check sees that what the path needs was decoded and can be reached.
func (r *pathReader) check(ds *Dataset, t *table) error {
	if r.leaf != nil && r.leaf.val == nil && r.leaf.text == nil && !r.of.isKeyField(r.leaf) && r.of.windows == nil {
		return source.Bugf(source.Span{}, "the column %s of %s was not read: it is not among the needs", r.req.Path, t.name)
	}
	for i, h := range r.hops {
		if h.val == nil {
			return source.Bugf(source.Span{}, "the key %s was not read: it is not among the needs", h.field.Name)
		}
		if i > 0 && h.val.offset != nil {
			return ds.tooLarge(r)
		}
	}
	if len(r.hops) > 0 && r.of.store.spill != nil && !r.row && !(r.leaf != nil && r.of.isKeyField(r.leaf)) {
		return ds.tooLarge(r)
	}
	return nil
}

func (ds *Dataset) tooLarge(r *pathReader) error {
	return source.Dataf("D0119", source.Place{File: r.of.paths()[0]},
		"`%s` must be in memory, since `%s` follows a key to it, and needs %s", r.of.name, r.req.Path, byteText(r.of.store.bytes)).At(r.of.span)
}

func (t *table) isKeyField(f *fieldData) bool {
	return t.node != nil && len(t.node.KeyCols) == 1 && t.node.KeyCols[0] == f.field.Name
}

// rowBytes is what a decoded row of the path weighs: a function of the
// schema, since the shuffle depends on it.
func (r *pathReader) rowBytes() int64 {
	n := int64(1)
	for _, s := range r.shape {
		n *= int64(s)
	}
	if r.isText() {
		return 0
	}
	return n * int64(kindSize(r.req.Type.Kind))
}

// near are the stored columns of the table itself that the path reads.
func (r *pathReader) near() []*col {
	f := r.leaf
	if len(r.hops) > 0 {
		f = r.hops[0]
	}
	var out []*col
	if f == nil {
		return nil
	}
	for _, c := range []*col{f.val, f.valid, f.text} {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

// chunksOf are the chunks that hold a column: its own, or those of the group
// that was read from the spill.
type chunksOf func(c *col) chunkList

// gather fills rows at.. of dst with the values for idx, which address the
// chunks that near gives; src are the rows of the source table.
func (r *pathReader) gather(dst *array.Array, at int, idx, src []int32, near chunksOf) {
	at *= len0(dst, r.shape)
	for i, h := range r.hops {
		if i == 0 {
			r.a = follow(grow(r.a, len(idx)), h, idx, near)
		} else {
			r.a = follow(r.a, h, r.a, resident)
		}
	}
	if len(r.hops) > 0 {
		idx, src, near = r.a, r.a, resident
	}
	switch {
	case r.row && r.has:
		for i, x := range src {
			dst.U8[at+i] = oneIf(x >= 0)
		}
	case r.row:
		for i, x := range src {
			dst.SetInt(at+i, int64(max(x, 0)))
		}
	case r.has:
		r.presence(dst.U8[at:at+len(idx)], idx, near)
	case r.of.windows != nil:
		r.of.windows.gather(dst, at, src)
	default:
		gatherCol(dst, at, near(r.leaf.val), r.leaf.val, idx)
	}
}

// len0 is the number of elements of a row.
func len0(dst *array.Array, shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

func resident(c *col) chunkList { return c.list }

// follow replaces rows by the rows that a key leads to, -1 where none.
func follow(dst []int32, h *fieldData, idx []int32, near chunksOf) []int32 {
	vals := near(h.val).i32
	var valid [][]uint8
	if h.valid != nil {
		valid = near(h.valid).u8
	}
	for i, x := range idx {
		if x < 0 || valid != nil && valid[x/ChunkRows][x%ChunkRows] == 0 {
			dst[i] = -1
			continue
		}
		dst[i] = vals[x/ChunkRows][x%ChunkRows]
	}
	return dst
}

// presence writes 1 where there is a value.
func (r *pathReader) presence(dst []uint8, idx []int32, near chunksOf) {
	f := r.leaf
	var valid [][]uint8
	var vals [][]int32
	if f.valid != nil {
		valid = near(f.valid).u8
	} else if f.val != nil && f.val.kind == ir.Index {
		vals = near(f.val).i32
	}
	for i, x := range idx {
		switch {
		case x < 0:
			dst[i] = 0
		case valid != nil:
			dst[i] = valid[x/ChunkRows][x%ChunkRows]
		case vals != nil:
			dst[i] = oneIf(vals[x/ChunkRows][int(x%ChunkRows)*f.val.width] >= 0)
		default:
			dst[i] = 1
		}
	}
}

// gatherCol copies the rows idx of a column; rows below 0 read as 0.
func gatherCol(dst *array.Array, at int, chunks chunkList, c *col, idx []int32) {
	as := chunks.arrays
	switch dst.Kind {
	case ir.F32:
		gatherRows(dst.F32[at:], chunks.f32, c.width, idx)
	case ir.F64:
		gatherRows(dst.F64[at:], chunks.f64, c.width, idx)
	case ir.Index:
		gatherRows(dst.I32[at:], chunks.i32, c.width, idx)
		for i, x := range dst.I32[at : at+len(idx)*c.width] {
			dst.I32[at+i] = max(x, 0) // a missing one is kept as -1
		}
	case ir.I32:
		gatherRows(dst.I32[at:], chunks.i32, c.width, idx)
	case ir.U8, ir.Bool:
		gatherRows(dst.U8[at:], chunks.u8, c.width, idx)
	default:
		for i, x := range idx {
			if x >= 0 {
				copyElems(dst, at+i*c.width, as[x/ChunkRows], int(x%ChunkRows)*c.width, c.width)
				continue
			}
			for e := range c.width {
				dst.SetInt(at+i*c.width+e, 0)
			}
		}
	}
}

func gatherRows[T any](dst []T, chunks [][]T, width int, idx []int32) {
	if width == 1 {
		dst = dst[:len(idx)]
		for i, x := range idx {
			var v T
			if x >= 0 {
				v = chunks[x/ChunkRows][x%ChunkRows]
			}
			dst[i] = v
		}
		return
	}
	for i, x := range idx {
		row := dst[i*width : (i+1)*width]
		if x < 0 {
			clear(row)
			continue
		}
		at := int(x%ChunkRows) * width
		copy(row, chunks[x/ChunkRows][at:at+width])
	}
}

// chunkList is the chunks of a column with their elements at hand: gathering
// single elements is bound by the loads on the way to them.
type chunkList struct {
	arrays []*array.Array
	f32    [][]float32
	f64    [][]float64
	i32    [][]int32
	u8     [][]uint8
}

// add appends a chunk.
func (l *chunkList) add(a *array.Array) {
	l.arrays = append(l.arrays, a)
	switch a.Kind {
	case ir.F32:
		l.f32 = append(l.f32, a.F32)
	case ir.F64:
		l.f64 = append(l.f64, a.F64)
	case ir.I32, ir.Index:
		l.i32 = append(l.i32, a.I32)
	case ir.U8, ir.Bool:
		l.u8 = append(l.u8, a.U8)
	}
}

// at is element row of a column of indices that is in memory.
func (c *col) at(row int64) int32 { return c.chunks[row/ChunkRows].I32[row%ChunkRows] }

// eachChunk calls f with the numbers of each chunk of an index column.
func (t *table) eachChunk(c *col, f func(first int64, ids []int32) bool) error {
	var buf *array.Array
	for k := int64(0); k*ChunkRows < t.rows(); k++ {
		rows := int(min(ChunkRows, t.rows()-k*ChunkRows))
		a := buf
		if t.store.spill == nil {
			a = c.chunks[k]
		} else {
			if buf == nil {
				buf = array.New(ir.Index, ChunkRows, c.width)
				a = buf
			}
			if err := t.store.spill.read(c, int(k), rows, a); err != nil {
				return err
			}
		}
		if !f(k*ChunkRows, a.I32[:rows*c.width]) {
			return nil
		}
	}
	return nil
}
