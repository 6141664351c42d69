package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// loadCache reads the cache and says what became of it.
func (t *table) loadCache(file, plan, now string) string {
	f, err := os.Open(file)
	if err != nil {
		return CacheWritten
	}
	r := &cacheReader{t: t, f: f}
	how := r.load(plan, now)
	if how != CacheRead || t.store.spill == nil {
		f.Close()
	}
	if how == CacheRead {
		return how
	}
	t.forget()
	return how
}

// forget makes the table as it was before it was read.
func (t *table) forget() {
	s := t.store
	s.packs, s.rows, s.fill, s.bytes, s.spill = nil, 0, 0, 0, nil
	for _, c := range s.cols {
		c.texts, c.offset, c.size = nil, nil, nil
		c.holes, c.varies, c.seen, c.last, c.max = 0, false, false, 0, 0
		if c.dict != nil {
			c.dict = newDict()
		}
	}
	if t.keys != nil {
		t.keys = newDict()
	}
	t.files, t.dropped = nil, nil
	s.packs = layPacks(s.cols, s.apart)
}

// cacheReader reads a cache and believes nothing that it has not checked.
type cacheReader struct {
	t    *table
	f    *os.File
	head cacheHead
	buf  []byte
}

func (r *cacheReader) load(plan, now string) string {
	end, err := r.readHead()
	switch {
	case err != nil || r.head.Plan != plan:
		return CacheDamaged
	case r.head.Source != now:
		return CacheStale
	case r.check(end) != nil || r.rows() != nil || r.dicts() != nil:
		return CacheDamaged
	}
	return CacheRead
}

func damaged(what string) error { return fmt.Errorf("damaged: %s", what) }

// readHead reads the head; end is where the sections end.
func (r *cacheReader) readHead() (end int64, err error) {
	st, err := r.f.Stat()
	if err != nil {
		return 0, err
	}
	foot := make([]byte, cacheFoot)
	if _, err := r.f.ReadAt(foot, st.Size()-int64(cacheFoot)); err != nil {
		return 0, err
	}
	at, n := int64(binary.LittleEndian.Uint64(foot)), int64(binary.LittleEndian.Uint32(foot[8:]))
	if string(foot[16:]) != cacheMagic || n > cacheHeadMax || at < 64 || at+n != st.Size()-int64(cacheFoot) {
		return 0, damaged("foot")
	}
	head := make([]byte, n)
	if _, err := r.f.ReadAt(head, at); err != nil {
		return 0, err
	}
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(foot[12:]) {
		return 0, damaged("head")
	}
	d := json.NewDecoder(bytes.NewReader(head))
	d.DisallowUnknownFields()
	return at, d.Decode(&r.head)
}

// check sees that the head fits the table, and that its sections follow one
// another up to the head: so that no size is larger than the file.
func (r *cacheReader) check(end int64) error {
	h, t := &r.head, r.t
	chunks := (h.Rows + ChunkRows - 1) / ChunkRows
	texts := int64(0)
	for _, c := range t.store.cols {
		texts += int64(oneIf(c.text))
	}
	switch {
	case h.Rows < 0 || h.Rows > 1<<31-1 || len(h.Files) > len(t.paths()):
		return damaged("rows")
	case int64(len(h.Chunks)) != chunks*int64(len(t.store.packs)) || int64(len(h.Texts)) != chunks*texts || len(h.Dicts) != len(t.dicts()):
		return damaged("sections")
	}
	at, i, j := int64(64), 0, 0
	follows := func(s section) bool {
		ok := s.At == at && s.Size >= 0 && s.Size <= end-at
		at += s.Size
		return ok
	}
	t.store.rows = h.Rows
	for k := range int(chunks) {
		for _, p := range t.store.packs {
			if s := h.Chunks[i]; !follows(s) || s.Size != int64(t.chunkRows(k)*p.stride) {
				return damaged("chunk")
			}
			i++
		}
		for range texts {
			if s := h.Texts[j]; !follows(s) || s.Count != int64(t.chunkRows(k)) || s.Size < 4*s.Count {
				return damaged("texts")
			}
			j++
		}
	}
	for _, s := range h.Dicts {
		if !follows(s) || s.Count < 0 || s.Count > s.Size/16 || s.Count > 1<<31-1 {
			return damaged("dictionary")
		}
	}
	if at != end {
		return damaged("end")
	}
	return r.records()
}

// records checks how the records of the sources became rows.
func (r *cacheReader) records() error {
	h, t, sum := &r.head, r.t, int64(0)
	for i, n := range h.Files {
		if n < 0 || n > 1<<40 {
			return damaged("files")
		}
		sum += n
		t.files = append(t.files, fileRows{path: t.paths()[i], rows: n})
	}
	if sum != h.Rows+int64(len(h.Dropped)) || !slices.IsSorted(h.Dropped) {
		return damaged("records")
	}
	for _, d := range h.Dropped {
		if d < 0 || d >= sum {
			return damaged("records")
		}
	}
	t.dropped = h.Dropped
	return nil
}

// read reads a section into b.
func (r *cacheReader) read(s section, b []byte) error {
	if err := r.t.ds.stopped(); err != nil {
		return err
	}
	if _, err := r.f.ReadAt(b, s.At); err != nil {
		return err
	}
	if crc32.Checksum(b, castagnoli) != s.Sum {
		return damaged("checksum")
	}
	return nil
}

// rows reads all chunks: into memory, or only past it where the table is to
// stay on disk.
func (r *cacheReader) rows() error {
	t, h := r.t, &r.head
	for k := 0; int64(k)*ChunkRows < h.Rows; k++ {
		t.store.bytes += t.chunkBytes()
	}
	for _, s := range h.Texts {
		t.store.bytes += s.Size
	}
	away := t.store.limit >= 0 && t.store.bytes > t.store.limit
	i, j := 0, 0
	for k := 0; int64(k)*ChunkRows < h.Rows; k++ {
		rows := t.chunkRows(k)
		for _, p := range t.store.packs {
			if err := r.chunk(p, h.Chunks[i], rows, away); err != nil {
				return err
			}
			i++
		}
		for _, c := range t.store.cols {
			if !c.text {
				continue
			}
			if err := r.texts(c, h.Texts[j], away); err != nil {
				return err
			}
			j++
		}
	}
	if away {
		t.store.spill = &spill{f: r.f, table: t.name, kept: true}
	}
	return nil
}

// chunkBytes is what the records of a chunk take.
func (t *table) chunkBytes() (n int64) {
	for _, p := range t.store.packs {
		n += int64(p.stride) * ChunkRows
	}
	return n
}

func (r *cacheReader) chunk(p *pack, s section, rows int, away bool) error {
	var b []byte
	if away {
		p.offset = append(p.offset, s.At)
		if len(r.buf) < ChunkRows*p.stride {
			r.buf = newRecords(ChunkRows * p.stride)
		}
		b = r.buf
	} else {
		b = newRecords(ChunkRows * p.stride)
		p.chunks = append(p.chunks, b)
	}
	if err := r.read(s, b[:s.Size]); err != nil {
		return err
	}
	for _, c := range p.cols {
		c.observe(b, rows)
	}
	for k, in := range r.t.inputs {
		if in.col != nil && in.valid != nil && in.valid.pack == p && (in.col.kind != ir.Index || in.as == asIndex) {
			for i := range rows {
				for e := range in.valid.width {
					in.col.holes += 1 - int64(oneIf(in.valid.holds(b, i, e)))
				}
			}
		}
		if in.col != nil && in.col.pack == p && !r.t.fits(r.t.inputs[k], b, rows, r.head.Dicts) {
			return damaged("an index")
		}
	}
	return nil
}

// fits says whether the numbers of a column of indices are in their range.
func (t *table) fits(in *input, chunk []byte, rows int, dicts []section) bool {
	bound, least := int64(1<<31-1), int32(0)
	switch {
	case in.col.dict != nil:
		for i, d := range t.dicts() {
			if d == in.col.dict {
				bound, least = dicts[i].Count, -1
			}
		}
	case in.as == asIndex && in.bound >= 0:
		bound = in.bound
	case in.as != asIndex:
		return true
	}
	for i := range rows {
		for e := range in.col.width {
			if x := in.col.index(chunk, i, e); x < least || int64(x) >= bound {
				return false
			}
		}
	}
	return true
}

func (r *cacheReader) texts(c *col, s section, away bool) error {
	x := &textChunk{ends: make([]uint32, s.Count)}
	b := make([]byte, s.Size)
	if err := r.read(s, b); err != nil {
		return err
	}
	copy(viewBytes(x.ends), b)
	x.data = b[4*s.Count:]
	if n := len(x.ends); !slices.IsSorted(x.ends) || n > 0 && int(x.ends[n-1]) != len(x.data) {
		return damaged("texts")
	}
	if away {
		c.offset, c.size = append(c.offset, s.At), append(c.size, int64(len(x.data)))
	} else {
		c.texts = append(c.texts, x)
	}
	return nil
}

// dicts reads the numbered texts.
func (r *cacheReader) dicts() error {
	for i, d := range r.t.dicts() {
		s := r.head.Dicts[i]
		b := make([]byte, s.Size)
		if err := r.read(s, b); err != nil {
			return err
		}
		ends, first := make([]uint64, s.Count), make([]int64, s.Count)
		copy(viewBytes(ends), b)
		copy(viewBytes(first), b[8*s.Count:])
		data, from := b[16*s.Count:], uint64(0)
		for k, end := range ends {
			if end < from || end > uint64(len(data)) {
				return damaged("a dictionary")
			}
			if _, fresh := d.id(data[from:end], first[k]); !fresh {
				return damaged("a text stands twice")
			}
			from = end
		}
		if d == r.t.keys && s.Count != r.head.Rows {
			return damaged("keys")
		}
	}
	return nil
}
