package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
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
	cacheMagic   = "dfc cache 2\n"
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
	if t.store.apart {
		fmt.Fprintln(h, "apart, flags together")
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
