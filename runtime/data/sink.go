package data

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/klauspost/compress/gzip"

	"github.com/dfc-lang/dfc/lang/source"
)

// Outputs are the result files of a run. They are written beside their
// places and appear there, all of them, only when Commit is called: when the
// whole program has succeeded. Otherwise Abort leaves nothing behind.
type Outputs struct {
	dir   string
	reads []string // files that the program reads
	files []*Output
	made  []string // folders that were made, outermost first
}

// Output is a result file being written. Its errors stay: the first one is
// returned by every later call and by Commit.
type Output struct {
	path string // as the program has it
	full string
	span source.Span
	f    *os.File
	buf  *bufio.Writer
	zip  *gzip.Writer
	n    int64
	err  error
}

// NewOutputs writes below dir, "" being the working directory.
func NewOutputs(dir string) *Outputs { return &Outputs{dir: dir} }

// Spare names files that the program reads, and that no result may replace.
func (o *Outputs) Spare(paths ...string) { o.reads = append(o.reads, paths...) }

// Open begins a result file. It is called when the program is bound, so that
// a place that cannot be written is known before the first step. A name that
// ends in .gz is compressed.
func (o *Outputs) Open(path string, at source.Span) (*Output, error) {
	out, err := o.place(path, at)
	if err != nil {
		return nil, err
	}
	if err := out.create(); err != nil {
		return nil, err
	}
	out.buf = bufio.NewWriterSize(out.f, 1<<16)
	if strings.HasSuffix(strings.ToLower(path), ".gz") {
		out.zip = gzip.NewWriter(out.buf)
	}
	o.files = append(o.files, out)
	return out, nil
}

// Growing looks whether a file that grows as the program runs can be written,
// and returns its place. It is neither made nor changed.
func (o *Outputs) Growing(path string, at source.Span) (string, error) {
	out, err := o.place(path, at)
	if err != nil {
		return "", err
	}
	if f, err := os.OpenFile(out.full, os.O_WRONLY, 0); err == nil {
		return out.full, f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", out.unwritable(err)
	}
	if err := out.create(); err != nil {
		return "", err
	}
	out.f.Close()
	os.Remove(out.f.Name())
	return out.full, nil
}

// place is a file at a place where a result may be written, with its folder.
func (o *Outputs) place(path string, at source.Span) (*Output, error) {
	full := resolve(o.dir, path)
	out := &Output{path: path, full: full, span: at}
	for _, other := range o.files {
		if other.full == full {
			return nil, out.fault("D0130", "`%s` is written twice", path)
		}
		if strings.HasPrefix(full, other.full+string(filepath.Separator)) {
			return nil, out.fault("D0130", "`%s` is a file that this program writes, and no folder", other.path)
		}
	}
	if st, err := os.Stat(full); err == nil {
		if st.IsDir() {
			return nil, out.fault("D0130", "`%s` is a folder", path)
		}
		for _, r := range o.reads {
			if in, err := os.Stat(r); err == nil && os.SameFile(in, st) {
				return nil, out.fault("D0130", "`%s` is a file that this program reads", path).WithHint("give the result another name, or another folder with `--out DIR`")
			}
		}
	}
	if err := o.makeFolder(filepath.Dir(full)); err != nil {
		return nil, out.fault("D0130", "the folder of `%s` cannot be made: %s", path, reason(err))
	}
	return out, nil
}

// create makes the file beside its place that the result is written to.
func (out *Output) create() (err error) {
	if out.f, err = os.CreateTemp(filepath.Dir(out.full), "."+filepath.Base(out.full)+".part-*"); err != nil {
		return out.unwritable(err)
	}
	return nil
}

func (out *Output) unwritable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return out.fault("D0130", "`%s` cannot be written: permission denied", out.path)
	}
	return out.fault("D0130", "`%s` cannot be written: %s", out.path, reason(err))
}

func (o *Outputs) makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := o.makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	o.made = append(o.made, dir)
	return nil
}

func (out *Output) fault(code, format string, args ...any) *source.Diagnostic {
	return source.Dataf(code, source.Place{File: out.path}, format, args...).At(out.span)
}

// Write implements io.Writer.
func (out *Output) Write(b []byte) (int, error) {
	if out.err != nil {
		return 0, out.err
	}
	var w io.Writer = out.buf
	if out.zip != nil {
		w = out.zip
	}
	n, err := w.Write(b)
	out.n += int64(n)
	return n, out.note(err)
}

// note keeps the first error, in our words.
func (out *Output) note(err error) error {
	if out.err != nil || err == nil {
		return out.err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, io.ErrShortWrite):
		out.err = out.fault("D0131", "the disk is full: `%s` could not be written, and no result of this run was", out.path)
	case errors.Is(err, syscall.EFBIG):
		out.err = out.fault("D0131", "no file may grow so large here: `%s` could not be written, and no result of this run was", out.path)
	default:
		out.err = out.fault("D0130", "`%s` cannot be written: %s", out.path, reason(err))
	}
	return out.err
}

// finish writes out what is buffered and closes the file.
func (out *Output) finish() error {
	if out.f == nil {
		return out.err
	}
	if out.zip != nil {
		out.note(out.zip.Close())
	}
	out.note(out.buf.Flush())
	out.note(out.f.Sync())
	out.note(out.f.Close())
	return out.err
}

// Commit makes all files appear under their names.
func (o *Outputs) Commit() error {
	for _, out := range o.files {
		if err := out.finish(); err != nil {
			o.Abort()
			return err
		}
	}
	for i, out := range o.files {
		os.Chmod(out.f.Name(), o.mode(out.full))
		if err := os.Rename(out.f.Name(), out.full); err != nil {
			o.files = o.files[i:]
			o.Abort()
			return out.fault("D0130", "`%s` cannot be put in place: %s", out.path, reason(err))
		}
	}
	o.files, o.made = nil, nil
	return nil
}

// mode is that of the file that is replaced, else the usual one.
func (o *Outputs) mode(full string) fs.FileMode {
	if st, err := os.Stat(full); err == nil {
		return st.Mode().Perm()
	}
	return 0o644
}

// Abort removes what was written; files that were there before stay as they were.
func (o *Outputs) Abort() {
	for _, out := range o.files {
		out.f.Close()
		os.Remove(out.f.Name())
	}
	for i := len(o.made) - 1; i >= 0; i-- {
		os.Remove(o.made[i])
	}
	o.files, o.made = nil, nil
}

// Drop takes one file out, for `write … if` where the condition is false.
func (o *Outputs) Drop(out *Output) {
	for i, f := range o.files {
		if f == out {
			out.f.Close()
			os.Remove(out.f.Name())
			o.files = append(o.files[:i], o.files[i+1:]...)
			return
		}
	}
}
