package dfc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/lower"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/data"
)

// Program is a compiled program, not yet bound to data.
type Program struct {
	path     string
	file     *source.File
	options  Options
	lowered  *ir.Module               // as lowered, before any pass
	module   *ir.Module               // after the passes that need no sizes
	hashes   func() map[string]string // trainHashes of lowered, made when asked for
	warnings source.List
}

// Compile reads, checks and compiles the program in a file: source text, or
// IR text where the name ends in ".ir". Errors are a source.List that has the
// warnings too.
func Compile(path string, o Options) (*Program, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return CompileText(path, text, o)
}

// CompileText is Compile of a text; path is what messages call it and what
// paths of data and imports are relative to.
func CompileText(path string, text []byte, o Options) (p *Program, err error) {
	defer guard(&err, "compiling "+path)
	p, l := compile(path, text, o, lower.Program, true)
	if l.HasErrors() {
		return nil, l
	}
	return p, nil
}

// Check compiles as far as needed to find every error and warning. The list
// is ordered by place; (source.List).Err tells whether it holds an error.
func Check(path string, o Options) source.List {
	text, err := os.ReadFile(path)
	if err != nil {
		return source.AsList(unreadable(path, err))
	}
	return CheckText(path, text, o)
}

// CheckText is Check of a text.
func CheckText(path string, text []byte, o Options) (l source.List) {
	defer func() {
		if p := recover(); p != nil {
			l = append(l, panicked(p, "checking "+path))
		}
	}()
	_, l = compile(path, text, o, lower.Program, false)
	return l
}

// lowering is lower.Program or lower.Tests.
type lowering func(*source.File, lower.Options) (*ir.Module, source.List)

// compile goes the road as far as it needs no data, but for the headers of
// files whose types the program leaves open; where files says that these must
// be there. The list has warnings and errors; the program is nil where there
// are errors.
func compile(path string, text []byte, o Options, down lowering, files bool) (*Program, source.List) {
	p := &Program{path: path, options: o, file: source.NewFile(path, text)}
	var l source.List
	if isIR(path) {
		m, err := readIR(path, text)
		if err != nil {
			return nil, source.AsList(err)
		}
		p.lowered = m
	} else {
		p.lowered, l = down(p.file, p.lowerOptions(files))
		if l.HasErrors() || p.lowered == nil {
			return nil, l
		}
	}
	p.hashes = sync.OnceValue(func() map[string]string { return trainHashes(p.lowered) })
	l = append(l, gradients(p.lowered)...)
	if l.HasErrors() {
		l.Sort()
		return nil, l
	}
	if o.Verify {
		if err := verify(p.lowered); err != nil {
			return nil, append(l, source.AsList(err)...)
		}
	}
	var err error
	if p.module, err = passed(p.lowered, sizeFreePasses, nil, o); err != nil {
		l = append(l, source.AsList(err)...)
		l.Sort()
		return nil, l
	}
	l.Sort()
	p.warnings = l
	return p, l
}

// verify checks a module as lowered, and that its text reads back the same.
// What the passes make of it is verified in any case.
func verify(m *ir.Module) error {
	if err := ir.Verify(m, ir.StageRaw); err != nil {
		return source.Bugf(source.Span{}, "the program as lowered: %v", err)
	}
	text := m.String()
	back, err := ir.Parse(m.Name, []byte(text))
	if err != nil {
		return source.Bugf(source.Span{}, "the text of the IR cannot be read: %v", err)
	}
	if back.String() != text {
		return source.Bugf(source.Span{}, "the text of the IR does not read back the same")
	}
	return nil
}

func isIR(path string) bool { return strings.HasSuffix(path, ".ir") }

// readIR reads a module; the files that its spans point into are read where
// they can be, so that messages show their lines.
func readIR(path string, text []byte) (*ir.Module, error) {
	dir := filepath.Dir(path)
	m, err := ir.ParseWith(path, text, ir.ParseOptions{Resolve: func(name string) *source.File {
		for _, at := range []string{name, filepath.Join(dir, filepath.Base(name))} {
			if b, err := os.ReadFile(at); err == nil {
				return source.NewFile(name, b)
			}
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	if m.Numerics != ir.Numerics {
		return nil, source.Errorf(codeIR, source.Span{}, "%s was compiled with numerics %d, this dfc has %d", path, m.Numerics, ir.Numerics).
			WithHint("compile the program again")
	}
	return m, ir.Verify(m, ir.StageRaw)
}

func (p *Program) lowerOptions(files bool) lower.Options {
	o := lower.Options{Settings: p.options.Settings, NeedFiles: files}
	if p.options.Seed != nil {
		o.Seed = *p.options.Seed
	}
	dir := filepath.Dir(p.path)
	o.ReadFile = func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, path)) }
	o.Probe = func(r *ir.Reader, at source.Span) (ir.Kind, []int, error) { return data.Probe(r, dir, at) }
	return o
}

// unreadable is the error for a program file that cannot be read.
func unreadable(path string, err error) error {
	d := &source.Diagnostic{Code: codeNoFile, Class: source.Usage, Message: path + " cannot be read"}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Message = "there is no file " + path
	case errors.Is(err, fs.ErrPermission):
		d.Hint = "see that you may read it"
	}
	return source.List{d}
}

// Warnings are those of Compile, ordered by place.
func (p *Program) Warnings() source.List { return p.warnings }

// Module is the program after the size-free passes; it must not be changed.
func (p *Program) Module() *ir.Module { return p.module }

// Text is the IR of the program as lowered, which Compile reads back.
func (p *Program) Text() ([]byte, error) {
	var b bytes.Buffer
	err := ir.Fprint(&b, p.lowered)
	return b.Bytes(), err
}
