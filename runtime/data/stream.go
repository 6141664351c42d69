package data

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/dfc-lang/dfc/lang/source"
)

// stream is a file being read, decompressed by its name. Its errors are
// diagnostics that name the file.
type stream struct {
	path  string // as the user wrote it
	ctx   context.Context
	r     io.Reader
	close func()
}

// resolve makes a path of the program one of this process.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) || dir == "" {
		return path
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

// openStream opens a file of the data; when the context of the options ends,
// reading from it does.
func (ds *Dataset) openStream(path string, at source.Span) (*stream, error) {
	s, err := openStream(ds.opt.Dir, path, at)
	if err == nil {
		s.ctx = ds.opt.Context
	}
	return s, err
}

// stopped is the error of reading after the context has ended.
func (ds *Dataset) stopped() error {
	if ds.opt.Context == nil {
		return nil
	}
	return ds.opt.Context.Err()
}

// openStream opens a file; .gz and .zst are seen by name.
func openStream(dir, path string, at source.Span) (*stream, error) {
	full := resolve(dir, path)
	f, err := os.Open(full)
	if err != nil {
		return nil, openFault(full, path, err).At(at)
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, source.Dataf("D0101", source.Place{File: path}, "`%s` is a folder, not a file", path).At(at)
	}
	s := &stream{path: path, r: f, close: func() { f.Close() }}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		in := bufio.NewReaderSize(f, 1<<18)
		if head, _ := in.Peek(2); len(head) == 2 && string(head) != "\x1f\x8b" {
			f.Close()
			return nil, s.fault(gzip.ErrHeader)
		}
		z, err := gzip.NewReader(in)
		if err != nil {
			f.Close()
			return nil, s.fault(err)
		}
		s.r = z
	case ".zst":
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<28))
		if err != nil {
			f.Close()
			return nil, s.fault(err)
		}
		s.r, s.close = z, func() { z.Close(); f.Close() }
	}
	return s, nil
}

// memoryStream reads data that came with the call, not from a file.
func memoryStream(name string, data []byte) *stream {
	return &stream{path: name, r: bytes.NewReader(data), close: func() {}}
}

func openFault(full, path string, err error) *source.Diagnostic {
	at := source.Place{File: path}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d := source.Dataf("D0101", at, "there is no file `%s`", path)
		if near := nearestFile(full); near != "" {
			d.WithHint("did you mean `%s`?", filepath.ToSlash(filepath.Join(filepath.Dir(path), near)))
		}
		return d
	case errors.Is(err, fs.ErrPermission):
		return source.Dataf("D0101", at, "`%s` may not be read: permission denied", path)
	}
	return source.Dataf("D0101", at, "`%s` cannot be opened: %s", path, reason(err))
}

// reason is the last cause of an error of the system, in its words.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err.Error()
	}
	return err.Error()
}

func nearestFile(full string) string {
	entries, err := os.ReadDir(filepath.Dir(full))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return source.Nearest(filepath.Base(full), names)
}

// Read implements io.Reader with diagnostics for errors.
func (s *stream) Read(p []byte) (int, error) {
	if s.ctx != nil && s.ctx.Err() != nil {
		return 0, s.ctx.Err()
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		err = s.fault(err)
	}
	return n, err
}

func (s *stream) fault(err error) error {
	at := source.Place{File: s.path}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return source.Dataf("D0102", at, "`%s` ends in the middle of its compressed data", s.path).
			WithHint("copy or download the file again")
	case errors.Is(err, gzip.ErrHeader):
		return source.Dataf("D0102", at, "`%s` is not compressed with gzip, though its name says so", s.path)
	case errors.Is(err, zstd.ErrMagicMismatch):
		return source.Dataf("D0102", at, "`%s` is not compressed with zstd, though its name says so", s.path)
	case errors.Is(err, gzip.ErrChecksum), strings.Contains(err.Error(), "corrupt"), strings.Contains(err.Error(), "checksum"):
		return source.Dataf("D0102", at, "the compressed data of `%s` is damaged", s.path).
			WithHint("copy or download the file again")
	}
	return source.Dataf("D0101", at, "`%s` cannot be read: %s", s.path, reason(err))
}

// readAll reads a whole file, at most limit bytes of it decompressed.
func (ds *Dataset) readAll(path string, limit int64, at source.Span) ([]byte, error) {
	s, err := ds.openStream(path, at)
	if err != nil {
		return nil, err
	}
	defer s.close()
	b, err := io.ReadAll(io.LimitReader(s, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, source.Dataf("D0119", source.Place{File: path}, "`%s` is larger than the %s that may stay in memory", path, byteText(limit))
	}
	return b, nil
}

// Fingerprint tells whether a file is the one seen before: its size and a
// hash of all that it holds.
type Fingerprint struct {
	Path string
	Size int64
	Hash string
}

func (ds *Dataset) fingerprint(path string) (Fingerprint, error) {
	full := resolve(ds.opt.Dir, path)
	f, err := os.Open(full)
	if err != nil {
		return Fingerprint{}, openFault(full, path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Fingerprint{}, openFault(full, path, err)
	}
	if !st.Mode().IsRegular() {
		return Fingerprint{Path: path}, nil // what came through a pipe is gone
	}
	h := sha256.New()
	if err := hashBlocks(h, f, workersOf(ds.opt.Workers), ds.stopped); err != nil {
		return Fingerprint{}, source.Dataf("D0101", source.Place{File: path}, "`%s` cannot be read again: %s", path, reason(err))
	}
	return Fingerprint{path, st.Size(), hex.EncodeToString(h.Sum(nil)[:16])}, nil
}
