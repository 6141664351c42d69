package data

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// spill is a temporary file of decoded chunks, column by column, in the byte
// order of the machine: it never outlives the process that wrote it.
type spill struct {
	f     *os.File
	table string
	at    int64
	kept  bool // it is a cache, which outlives the process
}

// newSpill makes the file in dir ("" for the system's place).
func newSpill(dir, table string) (*spill, error) {
	f, err := os.CreateTemp(dir, "dfc-spill-*")
	if err != nil {
		return nil, source.Dataf("D0120", source.Place{}, "the table `%s` does not fit into memory, and no temporary file can be made: %s", table, reason(err)).
			WithHint("give a folder that can be written with TMPDIR, or more memory")
	}
	// Where the system allows it the name goes at once, so that not even a
	// killed process leaves the file behind.
	os.Remove(f.Name())
	return &spill{f: f, table: table}, nil
}

func (s *spill) close() {
	if s == nil || s.f == nil {
		return
	}
	name := s.f.Name()
	s.f.Close()
	if !s.kept {
		os.Remove(name)
	}
	s.f = nil
}

// write appends the open chunk of every pack and of every column of texts.
func (s *spill) write(st *store, rows int) error {
	for _, p := range st.packs {
		p.offset = append(p.offset, s.at)
		if err := s.put(p.chunks[len(p.chunks)-1][:rows*p.stride]); err != nil {
			return err
		}
	}
	for _, c := range st.cols {
		if c.text {
			if err := s.writeText(c, c.textTail()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *spill) writeText(c *col, t *textChunk) error {
	c.offset = append(c.offset, s.at)
	c.size = append(c.size, int64(len(t.data)))
	if len(t.ends) > 0 {
		ends := unsafe.Slice((*byte)(unsafe.Pointer(&t.ends[0])), 4*len(t.ends))
		if err := s.put(ends); err != nil {
			return err
		}
	}
	return s.put(t.data)
}

func (s *spill) put(b []byte) error {
	n, err := s.f.Write(b)
	s.at += int64(n)
	if err == nil {
		return nil
	}
	d := source.Dataf("D0120", source.Place{}, "the decoded rows of `%s` cannot be kept on disk: %s", s.table, reason(err))
	if errors.Is(err, syscall.ENOSPC) {
		d = source.Dataf("D0120", source.Place{}, "the disk is full: the decoded rows of `%s` need more than the %s that were there", s.table, byteText(s.at))
	}
	return d.WithHint("set TMPDIR to a folder with more room, or allow more memory")
}

// read fills dst with the records of chunk k of a pack.
func (s *spill) read(p *pack, k, rows int, dst []byte) error { return s.readRows(p, k, 0, rows, dst) }

// readRows fills dst with records of chunk k, from one of its rows on.
func (s *spill) readRows(p *pack, k, from, rows int, dst []byte) error {
	if _, err := s.f.ReadAt(dst[:rows*p.stride], p.offset[k]+int64(from*p.stride)); err != nil {
		return source.Dataf("D0120", source.Place{}, "the decoded rows of `%s` cannot be read back: %s", s.table, reason(err))
	}
	for _, c := range p.cols {
		if c.remap != nil {
			c.renumber(dst, rows, c.remap)
		}
	}
	return nil
}

func (s *spill) readText(c *col, k, rows int, t *textChunk) error {
	t.ends = grow(t.ends, rows)
	t.data = grow(t.data, int(c.size[k]))
	if rows == 0 {
		return nil
	}
	ends := unsafe.Slice((*byte)(unsafe.Pointer(&t.ends[0])), 4*rows)
	_, err := s.f.ReadAt(ends, c.offset[k])
	if err == nil && len(t.data) > 0 {
		_, err = s.f.ReadAt(t.data, c.offset[k]+int64(4*rows))
	}
	if err != nil {
		return source.Dataf("D0120", source.Place{}, "the decoded rows of `%s` cannot be read back: %s", s.table, reason(err))
	}
	return nil
}

// grow is a slice of length n, reusing s where it is long enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func remapAll(ids, to []int32) {
	for i, id := range ids {
		if id >= 0 {
			ids[i] = to[id]
		}
	}
}

// rawBytes views the elements of an array as bytes.
func rawBytes(a *array.Array) []byte {
	switch a.Kind {
	case ir.F32:
		return viewBytes(a.F32)
	case ir.F64:
		return viewBytes(a.F64)
	case ir.I32, ir.Index:
		return viewBytes(a.I32)
	case ir.I64, ir.Key:
		return viewBytes(a.I64)
	case ir.U16:
		return viewBytes(a.U16)
	case ir.I16:
		return viewBytes(a.I16)
	case ir.I8:
		return viewBytes(a.I8)
	}
	return viewBytes(a.U8)
}

func viewBytes[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}
