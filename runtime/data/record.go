package data

import (
	"sort"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// The numbers of a row stand side by side in a record: a shuffled batch takes
// rows from anywhere in the table, and waits for memory once or twice a row
// instead of once a number. Fields of many bytes, such as images, have records
// of their own, and so has every field of a table that trainings read in the order
// of the file alone: neighbouring rows are then a stretch of memory, which is the
// batch itself.

// wideRow is the size in bytes from which a column has its own records: that
// of a line of memory.
const wideRow = 64

// pack is columns of a table that share records.
type pack struct {
	cols   []*col
	stride int      // bytes from one record to the next
	chunks [][]byte // of ChunkRows records each
	offset []int64  // of each chunk in the spill file
}

// layPacks gives columns of numbers their places in records: those of larger
// elements first, so that all are aligned, and flags, eight a byte, last. apart
// gives each column its own records, and all flags theirs: a byte for each would
// be a fifth of a table of f32 with holes.
func layPacks(cols []*col, apart bool) []*pack {
	var packs []*pack
	var flags []*col
	narrow := &pack{}
	for _, c := range cols {
		switch {
		case c.text:
		case c.flag:
			flags = append(flags, c)
		case apart || c.rowBytes() >= wideRow:
			packs = append(packs, &pack{cols: []*col{c}})
		default:
			narrow.cols = append(narrow.cols, c)
		}
	}
	if len(narrow.cols)+len(flags) > 0 {
		sort.SliceStable(narrow.cols, func(i, j int) bool { return kindSize(narrow.cols[i].kind) > kindSize(narrow.cols[j].kind) })
		packs = append(packs, narrow)
	}
	for _, p := range packs {
		for _, c := range p.cols {
			c.pack, c.at = p, p.stride
			p.stride += int(c.rowBytes())
		}
		if p == narrow {
			p.addFlags(flags)
		}
		if size := kindSize(p.cols[0].kind); p.stride%size != 0 {
			p.stride += size - p.stride%size
		}
	}
	return packs
}

func (p *pack) addFlags(flags []*col) {
	for i, c := range flags {
		c.pack, c.at, c.bit = p, p.stride+i/8, 1<<(i%8)
	}
	p.cols, p.stride = append(p.cols, flags...), p.stride+(len(flags)+7)/8
}

// newRecords is n bytes, aligned for elements of any kind.
func newRecords(n int) []byte { return viewBytes(make([]uint64, (n+7)/8))[:n] }

// rowBytes is the size of a decoded row of a column of numbers.
func (c *col) rowBytes() int64 { return int64(c.width) * int64(kindSize(c.kind)) }

// fillRows writes rows, end to end in src, to the open chunk from row at on.
func (c *col) fillRows(at int, src []byte) {
	chunk := c.pack.chunks[len(c.pack.chunks)-1]
	dst, stride := chunk[at*c.pack.stride+c.at:], c.pack.stride
	if c.flag {
		for i, x := range src {
			dst[i*stride] = dst[i*stride]&^c.bit | -x&c.bit
		}
		return
	}
	switch row := int(c.rowBytes()); row {
	case stride:
		copy(dst, src)
	case 1:
		for i, x := range src {
			dst[i*stride] = x
		}
	case 4:
		spread(dst, stride, viewAs[uint32](src))
	case 8:
		spread(dst, stride, viewAs[uint64](src))
	default:
		for i := 0; (i+1)*row <= len(src); i++ {
			copy(dst[i*stride:i*stride+row], src[i*row:])
		}
	}
}

// spread writes elements stride bytes apart.
func spread[T any](dst []byte, stride int, src []T) {
	for i, x := range src {
		*(*T)(unsafe.Pointer(&dst[i*stride])) = x
	}
}

// viewAs is bytes as elements of a kind that they were a view of.
func viewAs[T any](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	var x T
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/int(unsafe.Sizeof(x)))
}

// element is where element e of a row of a chunk stands.
func (c *col) element(chunk []byte, row, e int) unsafe.Pointer {
	return unsafe.Pointer(&chunk[row*c.pack.stride+c.at+e*kindSize(c.kind)])
}

// index is an element of a column of indices.
func (c *col) index(chunk []byte, row, e int) int32 { return *(*int32)(c.element(chunk, row, e)) }

// isSet reports whether a flag of a row is set.
func (c *col) isSet(chunk []byte, row int) bool { return chunk[row*c.pack.stride+c.at]&c.bit != 0 }

// holds reports whether element e of a row is true: of a flag, or of bytes.
func (c *col) holds(chunk []byte, row, e int) bool {
	if c.flag {
		return c.isSet(chunk, row)
	}
	return *(*uint8)(c.element(chunk, row, e)) != 0
}

// number is an element as an f64.
func (c *col) number(chunk []byte, row, e int) float64 {
	if c.flag {
		return float64(oneIf(c.isSet(chunk, row)))
	}
	p := c.element(chunk, row, e)
	switch c.kind {
	case ir.F32:
		return float64(*(*float32)(p))
	case ir.F64:
		return *(*float64)(p)
	case ir.I32, ir.Index:
		return float64(*(*int32)(p))
	case ir.I64, ir.Key:
		return float64(*(*int64)(p))
	case ir.U16:
		return float64(*(*uint16)(p))
	case ir.I16:
		return float64(*(*int16)(p))
	case ir.I8:
		return float64(*(*int8)(p))
	}
	return float64(*(*uint8)(p))
}

// row is a row of a column of indices that is in memory.
func (c *col) row(row int64) int32 {
	return c.index(c.pack.chunks[row/ChunkRows], int(row%ChunkRows), 0)
}

// renumber applies remap to the records of a chunk.
func (c *col) renumber(chunk []byte, rows int, to []int32) {
	for i := range rows {
		for e := range c.width {
			p := (*int32)(c.element(chunk, i, e))
			if *p >= 0 {
				*p = to[*p]
			}
		}
	}
}

// eachChunk calls f with the numbers of each chunk of a column of indices.
func (t *table) eachChunk(c *col, f func(first int64, ids []int32) bool) error {
	ids := make([]int32, ChunkRows*c.width)
	var buf []byte
	for k := int64(0); k*ChunkRows < t.rows(); k++ {
		rows := int(min(ChunkRows, t.rows()-k*ChunkRows))
		chunk := buf
		if t.store.spill == nil {
			chunk = c.pack.chunks[k]
		} else {
			if buf == nil {
				buf = newRecords(ChunkRows * c.pack.stride)
				chunk = buf
			}
			if err := t.store.spill.read(c.pack, int(k), rows, chunk); err != nil {
				return err
			}
		}
		for i := range rows {
			for e := range c.width {
				ids[i*c.width+e] = c.index(chunk, i, e)
			}
		}
		if !f(k*ChunkRows, ids[:rows*c.width]) {
			return nil
		}
	}
	return nil
}
