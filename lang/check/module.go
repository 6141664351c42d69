package check

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
	"github.com/dfc-lang/dfc/stdlib"
)

// Module is one file of the program or of the standard library.
type Module struct {
	Name    string // what the program calls it; "" for the program itself
	Std     bool
	File    *syntax.File
	Decls   map[string]*Decl
	Imports map[string]*Module
	// Dims are the names of dimensions that files bind: `let U: f64[n, k] = read …`.
	Dims map[string]source.Span
	uses []*syntax.Import
}

// Decl is one name that a module declares. A `let` with a pattern and a
// `table (A, B)` have one Decl a name.
type Decl struct {
	Name   string
	At     source.Span
	Node   syntax.Decl
	Module *Module
	Cyclic bool // needs itself; reported
}

// Kind says what a declaration is, for messages.
func (d *Decl) Kind() string {
	switch n := d.Node.(type) {
	case *syntax.Setting:
		return "setting"
	case *syntax.Category:
		return "category"
	case *syntax.Table:
		if n.Stream {
			return "stream"
		}
		return "table"
	case *syntax.Dim:
		return "dimension"
	case *syntax.Param:
		return "parameter"
	case *syntax.TypeDecl:
		return "type"
	case *syntax.Fn:
		return "function"
	case *syntax.Model:
		return "model"
	case *syntax.Optimizer:
		return "optimizer"
	case *syntax.Train:
		return "training"
	}
	return "value"
}

// Program is a main file with everything it imports.
type Program struct {
	Main    *Module
	Open    []*Module // modules open everywhere
	Modules []*Module // all, the main one last

	mentions map[*Decl][]*Decl // made so far
}

// Loader reads programs. ReadFile gets paths as they stand beside the main
// file, "layers.df".
type Loader struct {
	ReadFile func(path string) ([]byte, error)
	Errors   source.List

	std    map[string]*Module
	files  map[string]*Module
	stack  []string
	loaded []*Module
}

// Load reads the main file and all modules.
func (l *Loader) Load(main *source.File) *Program {
	l.std, l.files = map[string]*Module{}, map[string]*Module{}
	p := &Program{mentions: map[*Decl][]*Decl{}}
	for _, name := range stdlib.Open {
		if m := l.stdModule(name); m != nil {
			p.Open = append(p.Open, m)
		}
	}
	p.Main = l.module("", main, false)
	l.imports(p.Main)
	l.checkRecursion(p)
	p.Modules = l.loaded
	return p
}

// module parses a file and lists what it declares.
func (l *Loader) module(name string, f *source.File, std bool) *Module {
	tree, errs := syntax.Parse(f)
	for _, d := range errs {
		l.Errors.Add(d)
	}
	m := &Module{Name: name, Std: std, File: tree, Decls: map[string]*Decl{},
		Imports: map[string]*Module{}, Dims: map[string]source.Span{}}
	for _, d := range tree.Decls {
		l.declare(m, d)
	}
	l.fileDims(m)
	l.loaded = append(l.loaded, m)
	return m
}

func (l *Loader) stdModule(name string) *Module {
	if m, ok := l.std[name]; ok {
		return m
	}
	text, err := fs.ReadFile(stdlib.FS, name+".df")
	if err != nil {
		return nil
	}
	m := l.module(name, source.NewFile("stdlib/"+name+".df", text), true)
	l.std[name] = m
	l.imports(m)
	return m
}

// StdNames lists the modules of the standard library.
func StdNames() []string {
	var out []string
	entries, _ := fs.ReadDir(stdlib.FS, ".")
	for _, e := range entries {
		if n, ok := strings.CutSuffix(e.Name(), ".df"); ok {
			out = append(out, n)
		}
	}
	return out
}

// imports resolves the import declarations of m.
func (l *Loader) imports(m *Module) {
	for _, d := range m.uses {
		name, to := l.imported(m, d)
		if to == nil {
			m.File.Broken = append(m.File.Broken, importName(d)) // reported; its uses are no further mistakes
			continue
		}
		if old := m.Decls[name]; old != nil {
			l.Errors.Add(source.Errorf("E0202", d.Span(), "`%s` is a %s of this file and a module", name, old.Kind()).
				Note(old.At, "declared here").WithHint("import it under another name: `import … as other`"))
			continue
		}
		if m.Imports[name] != nil {
			l.Errors.Add(source.Errorf("E0203", d.Span(), "two modules called `%s` are imported", name).
				WithHint("name one of them: `import … as other`"))
			continue
		}
		m.Imports[name] = to
	}
}

// importName is the name that an import gives to its module.
func importName(d *syntax.Import) string {
	switch {
	case d.As != nil:
		return d.As.Name
	case d.File != nil:
		file, _ := d.File.Plain()
		return strings.TrimSuffix(path.Base(file), ".df")
	}
	return d.Path.Parts[len(d.Path.Parts)-1].Name
}

func (l *Loader) imported(m *Module, d *syntax.Import) (string, *Module) {
	if d.File != nil {
		return l.importFile(d)
	}
	name := d.Path.Parts[len(d.Path.Parts)-1].Name
	to := l.stdModule(d.Path.String())
	if to == nil {
		e := source.Errorf("E0204", d.Path.Span(), "the standard library has no module `%s`", d.Path)
		if near := source.Nearest(d.Path.String(), StdNames()); near != "" {
			e.WithHint("did you mean `%s`?", near)
		} else {
			e.WithHint("there are %s; a file beside this one is imported with quotes: `import \"%s\"`", strings.Join(StdNames(), ", "), d.Path)
		}
		l.Errors.Add(e)
		return "", nil
	}
	if d.As != nil {
		name = d.As.Name
	}
	return name, to
}

func (l *Loader) importFile(d *syntax.Import) (string, *Module) {
	file, plain := d.File.Plain()
	clean := path.Clean(file)
	switch {
	case !plain:
		l.Errors.Add(source.Errorf("E0205", d.File.Span(), "the path of an import cannot depend on a setting"))
		return "", nil
	case strings.HasSuffix(file, ".df"):
		l.Errors.Add(source.Errorf("E0206", d.File.Span(), "an import is written without its extension").
			WithHint("write `import \"%s\"`", strings.TrimSuffix(file, ".df")))
		return "", nil
	case path.IsAbs(file) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(file, `\`):
		l.Errors.Add(source.Errorf("E0207", d.File.Span(), "an import cannot leave the folder of the program").
			WithHint("put the file beside the program, or in a folder below it"))
		return "", nil
	}
	name := path.Base(clean)
	if d.As != nil {
		name = d.As.Name
	}
	if m, ok := l.files[clean]; ok {
		if m == nil {
			from := max(0, slices.Index(l.stack, clean))
			l.Errors.Add(source.Errorf("E0208", d.Span(), "modules import each other: %s", strings.Join(append(slices.Clone(l.stack[from:]), clean), " → ")).
				WithHint("move what both need into a third file"))
		}
		return name, m
	}
	return name, l.readModule(d, clean, name)
}

func (l *Loader) readModule(d *syntax.Import, clean, name string) *Module {
	if l.ReadFile == nil {
		l.Errors.Add(source.Errorf("E0209", d.File.Span(), "there is no file `%s.df` to import", clean))
		return nil
	}
	text, err := l.ReadFile(clean + ".df")
	if err != nil {
		l.Errors.Add(source.Errorf("E0209", d.File.Span(), "there is no file `%s.df` to import", clean).
			WithHint("paths of imports are relative to the program's file"))
		return nil
	}
	l.files[clean] = nil
	l.stack = append(l.stack, clean)
	m := l.module(name, source.NewFile(clean+".df", text), false)
	for _, decl := range m.File.Decls {
		if word := programWord(decl); word != "" {
			l.Errors.Add(source.Errorf("E0210", d.Span(), "`%s.df` is a program and cannot be imported", clean).
				Note(decl.Span(), "it has a `%s`; modules hold fn, model, type, optimizer, category, test", word))
			break
		}
	}
	l.imports(m)
	l.stack = l.stack[:len(l.stack)-1]
	l.files[clean] = m
	return m
}

// programWord is the word of a declaration that only a program may have.
func programWord(d syntax.Decl) string {
	switch d.(type) {
	case *syntax.Table:
		return "table"
	case *syntax.ReadDecl:
		return "read"
	case *syntax.Train:
		return "train"
	case *syntax.Write:
		return "write"
	}
	return ""
}

// Has reports whether a module of the standard library declares a name.
func (l *Loader) Has(module, name string) bool {
	text, err := fs.ReadFile(stdlib.FS, module+".df")
	if err != nil {
		return false
	}
	tree, _ := syntax.Parse(source.NewFile(module, text))
	for _, d := range tree.Decls {
		if n := declName(d); n != nil && n.Name == name {
			return true
		}
	}
	return false
}
