package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// Note: the cache. A table of records that was decoded may be kept in a file,
// one for each table and way of reading it, so that the next run need not
// decode it again. It holds the records and texts of the chunks as they are in
// memory, the texts that were numbered, and behind them a head that says where
// each section is and what its checksum is. It is of use only while its
// sources are the same, byte for byte, and is written anew otherwise. The
// layout is that of the spill, so that a table that does not fit into memory
// is used from the cache without a copy.

const (
	cacheMagic   = "dfc cache 1\n"
	cacheFoot    = 8 + 4 + 4 + len(cacheMagic) // where the head begins, its length and checksum
	cacheHeadMax = 1 << 28
)

// What became of the cache of a table, for the report.
const (
	CacheRead    = "read"
	CacheWritten = "written"
	CacheStale   = "stale"   // its sources had changed; written
	CacheDamaged = "damaged" // written anew
	CacheFailed  = "failed"  // it could not be written
)

// cacheHead describes a cache. Sections stand in the order in which they were
// written.
type cacheHead struct {
	Plan    string  // how the sources were read
	Source  string  // what they held
	Rows    int64   // of the table
	Files   []int64 // records of each source
	Dropped []int64 // records that are no rows
	Chunks  []section
	Texts   []section // of the columns of texts, chunk by chunk
	Dicts   []section // of the columns whose texts are numbered, and of the key
}

// section is a stretch of the file.
type section struct {
	At, Size int64
	Count    int64 // of texts
	Sum      uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// cacheOf is the file for the cache of the table, "" where it is not kept.
func (t *table) cacheOf() (file, plan string) {
	if t.ds.opt.Cache == "" || t.record != nil || t.reader.Name == "idx" || t.reader.Name == "text" {
		return "", ""
	}
	h := sha256.New()
	fmt.Fprintln(h, cacheMagic, ir.Numerics, ChunkRows, binary.NativeEndian.Uint16([]byte{1, 0}))
	for _, p := range t.reader.Paths {
		full, _ := filepath.Abs(resolve(t.ds.opt.Dir, p.Text))
		fmt.Fprintf(h, "%q\n", full)
	}
	fmt.Fprintf(h, "%s %q %t %v\n", t.reader.Name, t.node.KeyCols, t.dupFirst, t.dialect)
	for _, in := range t.inputs {
		fmt.Fprintf(h, "%q %d %d %d %v %d %t %t %q %v %t %t\n", in.name, in.as, in.kind, in.width, in.parts, in.bound,
			in.optional, in.absent, in.names, in.places, in.span, in.free)
		for _, s := range in.ask {
			fmt.Fprintf(h, "%q\n", fmt.Sprint(s.TextStep))
		}
	}
	plan = hex.EncodeToString(h.Sum(nil))
	return filepath.Join(t.ds.opt.Cache, t.name+"-"+plan[:16]+".cache"), plan
}

// readCached reads the table from its cache, or from its sources and writes
// the cache. A cache that cannot be used is never an error.
func (t *table) readCached() error {
	file, plan := t.cacheOf()
	if file == "" {
		return t.read()
	}
	t.store.lay()
	now, err := t.sourceHash()
	if err != nil {
		return t.read() // which says what is wrong
	}
	if t.cache = t.loadCache(file, plan, now); t.cache == CacheRead {
		return nil
	}
	if err := t.read(); err != nil {
		return err
	}
	if after, err := t.sourceHash(); err != nil || after != now || t.saveCache(file, plan, now) != nil {
		t.cache = CacheFailed
	}
	return nil
}

// sourceHash is a hash of all bytes of the sources, of blocks that are hashed
// side by side.
func (t *table) sourceHash() (string, error) {
	all := sha256.New()
	for _, p := range t.reader.Paths {
		f, err := os.Open(resolve(t.ds.opt.Dir, p.Text))
		if err != nil {
			return "", err
		}
		err = hashBlocks(all, f, workersOf(t.ds.opt.Workers), t.ds.stopped)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

const hashBlock = 1 << 22

func hashBlocks(to io.Writer, f *os.File, workers int, stopped func() error) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("no file")
	}
	sums := make([][sha256.Size]byte, (st.Size()+hashBlock-1)/hashBlock)
	fails := make([]error, workers)
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			buf := make([]byte, min(hashBlock, st.Size()))
			for k := next.Add(1) - 1; k < int64(len(sums)) && fails[w] == nil; k = next.Add(1) - 1 {
				b := buf[:min(hashBlock, st.Size()-k*hashBlock)]
				if _, fails[w] = f.ReadAt(b, k*hashBlock); fails[w] == nil {
					fails[w] = stopped()
				}
				sums[k] = sha256.Sum256(b)
			}
		})
	}
	all.Wait()
	fmt.Fprintln(to, st.Size())
	for _, s := range sums {
		to.Write(s[:])
	}
	for _, err := range fails {
		if err != nil {
			return err
		}
	}
	return nil
}

// cacheWriter writes sections and notes where they are.
type cacheWriter struct {
	f   *os.File
	at  int64
	err error
}

func (w *cacheWriter) write(parts ...[]byte) section {
	s := section{At: w.at}
	for _, b := range parts {
		if w.err == nil {
			_, w.err = w.f.Write(b)
		}
		s.Sum = crc32.Update(s.Sum, castagnoli, b)
		s.Size += int64(len(b))
	}
	w.at += s.Size
	return s
}

// saveCache writes the cache beside its place and renames it into it.
func (t *table) saveCache(file, plan, now string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".cache-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = t.writeCache(&cacheWriter{f: f}, plan, now)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	return err
}

func (t *table) writeCache(w *cacheWriter, plan, now string) error {
	h := cacheHead{Plan: plan, Source: now, Rows: t.rows(), Dropped: t.dropped}
	for _, f := range t.files {
		h.Files = append(h.Files, f.rows)
	}
	w.write([]byte(cacheMagic), make([]byte, 64-len(cacheMagic)))
	var buf []byte
	var texts textChunk
	for k := 0; int64(k)*ChunkRows < t.rows(); k++ {
		rows := t.chunkRows(k)
		for _, p := range t.store.packs {
			b, err := t.chunk(p, k, rows, &buf)
			if err != nil {
				return err
			}
			h.Chunks = append(h.Chunks, w.write(b[:rows*p.stride]))
		}
		for _, c := range t.store.cols {
			if !c.text {
				continue
			}
			x := &texts
			if t.store.spill == nil {
				x = c.texts[k]
			} else if err := t.store.spill.readText(c, k, rows, x); err != nil {
				return err
			}
			s := w.write(viewBytes(x.ends), x.data)
			s.Count = int64(len(x.ends))
			h.Texts = append(h.Texts, s)
		}
	}
	for _, d := range t.dicts() {
		h.Dicts = append(h.Dicts, w.dict(d))
	}
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	foot := binary.LittleEndian.AppendUint64(nil, uint64(w.at))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(head)))
	foot = binary.LittleEndian.AppendUint32(foot, crc32.Checksum(head, castagnoli))
	w.write(head, foot, []byte(cacheMagic))
	return w.err
}

func (w *cacheWriter) dict(d *dict) section {
	ends, end := make([]uint64, len(d.texts)), uint64(0)
	for i, s := range d.texts {
		end += uint64(len(s))
		ends[i] = end
	}
	parts := [][]byte{viewBytes(ends), viewBytes(d.first)}
	for _, s := range d.texts {
		parts = append(parts, unsafe.Slice(unsafe.StringData(s), len(s)))
	}
	s := w.write(parts...)
	s.Count = int64(len(d.texts))
	return s
}

// dicts are the texts that were numbered, in the order of the inputs.
func (t *table) dicts() []*dict {
	var out []*dict
	for _, in := range t.inputs {
		if in.col != nil && in.col.dict != nil {
			out = append(out, in.col.dict)
		}
	}
	if t.keys != nil {
		out = append(out, t.keys)
	}
	return out
}

func (t *table) chunkRows(k int) int { return int(min(ChunkRows, t.rows()-int64(k)*ChunkRows)) }

// chunk is the records of a chunk, from the spill by way of buf.
func (t *table) chunk(p *pack, k, rows int, buf *[]byte) ([]byte, error) {
	if t.store.spill == nil {
		return p.chunks[k], nil
	}
	if len(*buf) < ChunkRows*p.stride {
		*buf = newRecords(ChunkRows * p.stride)
	}
	return *buf, t.store.spill.read(p, k, rows, *buf)
}

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
	s.packs = layPacks(s.cols)
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
		if in.col != nil && in.valid != nil && in.valid.pack == p {
			for i := range rows {
				in.col.holes += 1 - int64(min(1, *(*uint8)(in.valid.element(b, i, 0))))
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
