// Package lower evaluates a program at compile time and leaves behind what
// remains to be computed: functions of the IR and the outer graph.
//
// It is a staged evaluator. Functions, records, tuples, optional values,
// layers and dimensions are values of this package and gone afterwards; only
// tensors become values of the IR. Functions are elaborated where they are
// called, or once for each combination of argument types and then called; each
// is also elaborated once at its most general arguments, so that errors reach
// its author. Errors go on with a poison value, so that several are found in
// one run. The package knows neither passes nor machines.
package lower

import (
	"fmt"
	"math/big"
	"path"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Options are what a program is compiled with.
type Options struct {
	Settings map[string]string // from --set
	Seed     int64
	// ReadFile reads imported files, by paths relative to the main file.
	ReadFile func(path string) ([]byte, error)
	// Probe is the kind and the sizes of the tensor of a file, for programs that
	// do not say its type; text has no kind, and the one given is of no account.
	Probe func(r *ir.Reader, at source.Span) (ir.Kind, []int, error)
	// NeedFiles says that these files must be there. Without it a program with
	// a file that is not is checked as far as it goes, and no module comes out.
	NeedFiles bool
}

// Limits of compilation; beyond them is an error, never a hanging compiler.
const (
	maxSpecialisations = 10000
	maxDepth           = 256
)

// el is the state of one compilation.
type el struct {
	opt    Options
	prog   *check.Program
	m      *ir.Module
	errs   source.List
	muted  int // errors are dropped: an attempt that may be given up
	failed bool

	prec       ir.Kind
	used       map[string]int // names of functions
	outs       map[string]int // names of outputs
	byDim      map[string]*check.Table
	global     map[*check.Decl]*binding
	busy       map[*check.Decl]bool
	sigs       map[*check.Decl]*signature
	memo       map[string]*special
	tabs       map[*check.Decl]*check.Table
	trains     map[*check.Decl]*trainInfo
	naming     map[string]*naming
	pure       map[*check.Decl]int
	depth      int
	nesting    int  // calls inside calls
	tooMany    bool // versions of functions; reported
	checked    map[*check.Decl]bool
	layerNames map[syntax.Node]string // names of layers, by the expression that makes one
	places     map[syntax.Node]int    // numbers of calls, for the identity of layers
	calls      []*check.Decl
	callsAt    []source.Span
	nodeAt     source.Span
	catUse     map[*check.Table]*ir.Category
	members    map[string]string // outputs of members of categories
	sources    map[*check.Table]*ir.SourceTable
	hiddens    map[string]string     // hidden fields, see text.go
	firsts     map[*check.Decl]Value // `m.initial` of models without a training
	tests      bool
	written    map[string]source.Span // paths of results
	partial    bool                   // a file was not there that says the type of a value
	demanded   map[string]bool        // names that results need; nil until asked
	exprTables map[syntax.Node]*Tab   // tables that expressions made
	slices     map[string]*Tab        // slices without a name, by table and ends
	literals   map[string]*big.Rat
}

// report is a diagnostic being built; its methods work on a dropped one too.
type report struct{ d *source.Diagnostic }

func (r report) note(at source.Span, format string, args ...any) report {
	r.d.Note(at, format, args...)
	return r
}

func (r report) hint(format string, args ...any) report {
	r.d.WithHint(format, args...)
	return r
}

// errf reports an error at a place.
func (e *el) errf(code string, at source.Span, format string, args ...any) report {
	d := source.Errorf(code, at, format, args...)
	e.failed = true
	if e.muted == 0 {
		e.errs.Add(d)
	}
	return report{d}
}

func (e *el) warnf(code string, at source.Span, format string, args ...any) report {
	d := source.Warnf(code, at, format, args...)
	if e.muted == 0 {
		e.errs.Add(d)
	}
	return report{d}
}

// suggest adds a did-you-mean.
func (r report) suggest(name string, among []string) report {
	if near := source.Nearest(name, among); near != "" {
		return r.hint("did you mean `%s`?", near)
	}
	return r
}

// among adds a did-you-mean, or else the few names that there are.
func (r report) among(name, what string, names []string) report {
	if near := source.Nearest(name, names); near != "" {
		return r.hint("did you mean `%s`?", near)
	}
	if len(names) > 0 && len(names) <= 20 {
		return r.hint("the %s are %s", what, strings.Join(names, ", "))
	}
	return r
}

func newEl(prog *check.Program, opt Options) *el {
	e := &el{opt: opt, prog: prog, m: &ir.Module{Numerics: ir.Numerics}, prec: ir.F32}
	e.used, e.outs = map[string]int{}, map[string]int{}
	e.byDim, e.global = map[string]*check.Table{}, map[*check.Decl]*binding{}
	e.busy, e.sigs = map[*check.Decl]bool{}, map[*check.Decl]*signature{}
	e.memo, e.tabs = map[string]*special{}, map[*check.Decl]*check.Table{}
	e.trains, e.naming = map[*check.Decl]*trainInfo{}, map[string]*naming{}
	e.pure, e.checked = map[*check.Decl]int{}, map[*check.Decl]bool{}
	e.layerNames, e.places = map[syntax.Node]string{}, map[syntax.Node]int{}
	e.literals = map[string]*big.Rat{}
	e.catUse = map[*check.Table]*ir.Category{}
	e.members, e.hiddens = map[string]string{}, map[string]string{}
	e.firsts = map[*check.Decl]Value{}
	e.sources = map[*check.Table]*ir.SourceTable{}
	e.m.Name = strings.TrimSuffix(path.Base(prog.Main.File.Source.Path), ".df")
	e.written, e.exprTables, e.slices = map[string]source.Span{}, map[syntax.Node]*Tab{}, map[string]*Tab{}
	for _, m := range prog.Modules {
		e.m.Files = append(e.m.Files, m.File.Source)
	}
	return e
}

// Program compiles a main file. The module is nil where the list has errors.
func Program(main *source.File, opt Options) (*ir.Module, source.List) {
	l := &check.Loader{ReadFile: opt.ReadFile}
	prog := l.Load(main)
	e := newEl(prog, opt)
	e.errs = l.Errors
	e.precision(prog.Main)
	e.settings()
	e.program()
	return e.finish()
}

// Tests compiles the tests of one file, of any module.
func Tests(main *source.File, opt Options) (*ir.Module, source.List) {
	l := &check.Loader{ReadFile: opt.ReadFile}
	prog := l.Load(main)
	e := newEl(prog, opt)
	e.errs, e.tests = l.Errors, true
	e.precision(prog.Main)
	e.settings()
	e.checkFunctions(prog.Main)
	for _, d := range prog.Main.File.Decls {
		if t, ok := d.(*syntax.Test); ok {
			e.test(t)
		}
	}
	return e.finish()
}

// finish orders what was reported and hands the module over.
func (e *el) finish() (*ir.Module, source.List) {
	e.errs.Sort()
	if e.errs.HasErrors() || e.partial {
		return nil, e.errs
	}
	e.declareSymbols()
	return e.m, e.errs
}

// root is the context of the top level of a module.
func (e *el) root(m *check.Module) *cx {
	return &cx{el: e, lex: lex{mod: m}}
}

// graphCx is a context at graph level.
func (e *el) graphCx(m *check.Module, name string) *cx {
	c := e.root(m)
	c.fn = e.newFn(name)
	c.fn.graph = true
	return c
}

func (e *el) precision(m *check.Module) {
	p := m.File.Precision
	if p == nil {
		return
	}
	switch p.Kind.Name {
	case "f32":
	case "f64":
		e.prec = ir.F64
	default:
		e.errf("E0310", p.Kind.Span(), "there is no precision `%s`", p.Kind.Name).hint("write `precision f32` or `precision f64`")
	}
}

// program evaluates every declaration of the main file, in order; what one
// needs of another is evaluated on the way.
func (e *el) program() {
	for _, m := range e.prog.Modules {
		if !m.Std {
			e.commentedDivisors(m)
			e.checkFunctions(m)
		}
	}
	main := e.prog.Main
	for _, d := range main.File.Decls {
		e.guard(d.Span(), func() { e.decl(main, d) })
	}
}

// guard turns a panic of the builder into a report of a fault of ours.
func (e *el) guard(at source.Span, f func()) {
	muted, depth, calls := e.muted, e.depth, len(e.calls)
	defer func() {
		if r := recover(); r != nil {
			e.muted, e.depth, e.calls = muted, depth, e.calls[:min(calls, len(e.calls))]
			if e.failed {
				return // something was reported already; this is its echo
			}
			e.failed = true
			switch r := r.(type) {
			case *ir.TypeError:
				at := r.Span
				e.errs.Add(source.Bugf(at, "%v", r))
			case notHere:
				e.errs.Add(source.Bugf(at, "a value is used outside the function that computes it"))
			default:
				if debugPanics {
					panic(r)
				}
				e.errs.Add(source.Bugf(at, "%v", fmt.Sprint(r)))
			}
		}
	}()
	f()
}

// debugPanics lets tests see where a fault comes from.
var debugPanics = false

// decl evaluates one declaration of the main file.
func (e *el) decl(m *check.Module, d syntax.Decl) {
	e.nodeAt = d.Span()
	switch d := d.(type) {
	case *syntax.Write:
		e.write(m, d)
	case *syntax.Print:
		e.print(m, d)
	case *syntax.Let:
		for _, n := range check.PatternNames(d.Pattern) {
			e.value(m.Decls[n.Name])
		}
	case *syntax.Table:
		for _, n := range d.Names {
			e.value(m.Decls[n.Name])
		}
	case *syntax.Category:
		e.value(m.Decls[d.Name.Name])
	case *syntax.Dim:
		e.value(m.Decls[d.Name.Name])
	case *syntax.Train:
		e.value(m.Decls[d.Name.Name])
	case *syntax.ReadDecl:
		e.errf("E0599", d.Span(), "`read` with fields is not part of this version").hint("read one tensor: `let a: f64[n] = read npy(\"a.npy\")`")
	case *syntax.Adjoint:
		e.errf("E0699", d.Span(), "`adjoint` is not part of this version")
	}
}

// declareSymbols lists every symbol that functions and nodes use.
func (e *el) declareSymbols() {
	have := map[string]bool{}
	for _, s := range e.m.Symbols {
		have[s.Name] = true
	}
	set := map[string]bool{}
	for _, f := range e.m.Funcs {
		for _, s := range ir.FreeSymbols(f) {
			set[s] = true
		}
	}
	for _, n := range e.m.Nodes {
		nodeSymbols(n, set)
	}
	var names []string
	for s := range set {
		if !have[s] {
			names = append(names, s)
		}
	}
	sort.Strings(names)
	for _, s := range names {
		sym := &ir.Symbol{Name: s, Class: ir.Bound, From: s}
		if t := e.byDim[s]; t != nil {
			sym.Span = t.At
			if t.Fixed {
				sym.Size = int64(len(t.Members))
			}
		}
		e.m.Symbols = append(e.m.Symbols, sym)
	}
}

func nodeSymbols(n *ir.Node, set map[string]bool) {
	outs := func(os []ir.Output) {
		for _, o := range os {
			o.Type.Symbols(set)
		}
	}
	switch b := n.Body.(type) {
	case *ir.SourceTable:
		set[n.Name] = true
		for _, f := range b.Fields {
			f.Type.Symbols(set)
		}
	case *ir.Derive:
		set[n.Name] = true
		for _, f := range b.Fields {
			f.Type.Symbols(set)
		}
	case *ir.Category:
		set[n.Name] = true
	case *ir.Reduce:
		outs(b.Outputs)
	case *ir.Compute:
		outs(b.Outputs)
	case *ir.Read:
		outs(b.Outputs)
	case *ir.Train:
		for _, p := range append(append([]ir.TrainParam{}, b.Params...), b.States...) {
			p.Type.Symbols(set)
		}
	}
}
