package dfc

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// DataOptions says where the data lies and what it may cost.
type DataOptions struct {
	Dir     string            // what paths in the program are relative to; "" is the folder of its file
	Files   map[string]string // files to read instead, by table ("Houses")
	Spill   string            // folder for decoded columns that do not fit; "" is the system's
	Cache   string            // folder where decoded tables are kept for the next run; "": they are not
	Memory  int64             // bytes that rows, batches, parameters and the arena may take; 0 is no bound
	Workers int               // 0: as many as the machine allows
	Profile bool              // measure where the time of runs goes; see (*Bound).Profile

	limit      int64    // of the rows of a table in memory; 0: as data.Options has it
	only       []string // tables to open; nil: all
	records    map[string][]byte
	absent     map[string]map[string]bool
	categories map[string][]string
	lengths    map[string]int64 // of recorded trainings, by symbol
}

// Bound is a program whose data is open, whose sizes are known and whose plan
// is made. Close it when done.
type Bound struct {
	program *Program
	options DataOptions
	files   map[string]string
	data    *data.Dataset
	source  *ir.Module // before the sized passes
	sizes   ir.Sizes
	module  *ir.Module // after all passes
	runtime *runtime.Program
	pending map[string]bool  // derived tables that need values of the run
	lengths map[string]int64 // of what trainings have recorded, by symbol
	notices source.List
	profile *runtime.Profile // nil: nothing is measured
	before  time.Duration    // that Bind took
}

// Bind opens the data that the program names, learns the sizes of tables,
// categories and files, runs the passes that need them and plans the memory.
// Whether results can be written is checked by Run, before its first step.
func (p *Program) Bind(o DataOptions) (b *Bound, err error) {
	return p.BindContext(context.Background(), o)
}

// BindContext is Bind that ends early when ctx does; its error then is an
// *Interrupted.
func (p *Program) BindContext(ctx context.Context, o DataOptions) (b *Bound, err error) {
	defer guard(&err, "binding the data")
	began := time.Now()
	b, err = p.bind(ctx, live(p.module), o)
	if b != nil {
		b.before = time.Since(began)
	}
	return b, err
}

// bind binds a module of the program: the whole of it, or what predicting
// leaves of it.
func (p *Program) bind(ctx context.Context, m *ir.Module, o DataOptions) (*Bound, error) {
	b, err := p.open(ctx, m, o)
	if err != nil && ctx.Err() != nil {
		return nil, &Interrupted{Reading: true, Cause: context.Cause(ctx)}
	}
	return b, err
}

func (p *Program) open(ctx context.Context, m *ir.Module, o DataOptions) (*Bound, error) {
	if o.Dir == "" {
		o.Dir = filepath.Dir(p.path)
	}
	b := &Bound{program: p, options: o, files: map[string]string{}, source: m, module: m, pending: map[string]bool{}, lengths: map[string]int64{}}
	maps.Copy(b.lengths, o.lengths)
	if o.Profile {
		b.profile = runtime.NewProfile()
	}
	for t := range o.Files {
		if n := p.module.Node(t); n == nil || n.Body.Kind() != "source" {
			return nil, noTable(p.module, t)
		}
		b.files[t] = from(o.Dir, o.Files[t])
	}
	needs := data.NeedsOf(m)
	rows := rowModule(m, p.lowered, needs)
	d, err := data.Open(rows, data.Options{Context: ctx, Dir: o.Dir, TempDir: o.Spill, Cache: o.Cache, Memory: o.Memory, Limit: o.limit, Workers: o.Workers, Vectors: runtime.Vectors(), Only: o.only,
		Replace: b.files, Records: o.records, Absent: o.absent, Categories: o.categories, Needs: needs})
	if err != nil {
		return nil, err
	}
	b.data = d
	if err := b.derive(m); err != nil {
		b.Close()
		return nil, err
	}
	if err := b.planFor(m); err != nil {
		b.Close()
		return nil, err
	}
	b.remark()
	return b, nil
}

// checkSizes sees that every dimension is a size, now that the data says how
// large tables and files are.
func (b *Bound) checkSizes(m *ir.Module) error {
	seen := map[ir.Dim]bool{}
	var bad error
	for _, f := range m.Funcs {
		ir.WalkValues(f.Body, func(v *ir.Value) {
			for _, d := range v.Type.Dims {
				if bad == nil && !seen[d] {
					seen[d] = true
					bad = b.checkSize(d, spanOr(v.Span, f.Span))
				}
			}
		})
	}
	return bad
}

func (b *Bound) checkSize(d ir.Dim, at source.Span) error {
	symbols := map[string]bool{}
	d.Symbols(symbols)
	var known []string
	for s := range symbols {
		z, ok := b.sizes[s]
		if !ok {
			return nil // a size of the run
		}
		known = append(known, fmt.Sprintf("%s is %d", s, z.Actual))
	}
	sort.Strings(known)
	n, err := d.Eval(func(s string) (int64, bool) { z, ok := b.sizes[s]; return z.Actual, ok })
	switch text := check.DimText(d); {
	case err != nil:
		return source.Errorf("E0405", at, "the dimension `%s` is no whole number: %s", text, list(known)).WithHint("`div(a, b)` rounds down")
	case n < 0:
		return source.Errorf("E0406", at, "the dimension `%s` is negative: %s", text, list(known))
	}
	return nil
}

// remark notes what is legal, but seldom meant, about the data.
func (b *Bound) remark() {
	r := b.data.Report()
	for _, t := range r.Tables {
		if t.Dropped > 0 {
			b.notices = append(b.notices, source.Warnf(codeDropped, b.source.Node(t.Name).Span,
				"rows of %s whose key an earlier row has are left out: %d", t.Name, t.Dropped))
		}
	}
	for _, x := range r.Splits {
		if x.Rows == 0 && b.sizes[x.Of].Actual > 0 {
			b.notices = append(b.notices, source.Warnf(codeNoRows, b.source.Node(x.Name).Span, "%s has no rows, though %s has", x.Name, x.Of))
		}
	}
}

// rowModule is a module as the data sees it: derived tables by their
// functions of one row, as they were lowered, with the columns that these
// need. What else is needed stays what the compiled functions need.
func rowModule(m, lowered *ir.Module, needs data.Needs) *ir.Module {
	out := &ir.Module{Name: m.Name, Files: m.Files, Symbols: m.Symbols, Funcs: lowered.Funcs}
	for _, n := range m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok && m.Func(t.StepFn) != nil {
			out.Funcs = append(slices.Clip(out.Funcs), m.Func(t.StepFn))
		}
		if d, ok := n.Body.(*ir.Derive); ok && d.Fn != "" {
			n = lowered.Node(n.Name)
			d = n.Body.(*ir.Derive)
			for _, in := range lowered.Func(d.Fn).Inputs {
				if in.Role == ir.Col {
					if needs[d.Of] == nil {
						needs[d.Of] = map[string]bool{}
					}
					needs[d.Of][in.Bind] = true
				}
			}
		}
		out.Nodes = append(out.Nodes, n)
	}
	return out
}

// from makes a path relative to the working directory one that is read from
// the folder that paths of the program are relative to.
func from(dir, path string) string {
	if dir == "." || filepath.IsAbs(path) {
		return path
	}
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// noTable is the error for a file given for a table that is none.
func noTable(m *ir.Module, name string) error {
	var names []string
	for _, n := range m.Nodes {
		if n.Body.Kind() == "source" {
			names = append(names, n.Name)
		}
	}
	d := &source.Diagnostic{Code: codeNoTable, Class: source.Usage, Message: "the program reads no table named " + name}
	if near := source.Nearest(name, names); near != "" {
		d.Hint = "did you mean " + near + "?"
	} else {
		d.Hint = "its tables are " + list(names)
	}
	return d
}

// derive makes the derived tables whose functions look at rows alone, by a
// plan of its own, since the sizes of these tables decide the real one.
// Those that need values of the run wait for them.
func (b *Bound) derive(m *ir.Module) error {
	var early *runtime.Program
	for _, name := range b.data.Pending() {
		n := m.Node(name)
		d := n.Body.(*ir.Derive)
		if b.pending[d.Of] || asksRun(m, d.Fn) {
			b.pending[name] = true
			continue
		}
		if early == nil {
			var err error
			if early, err = runtime.Load(m, sizesOf(m, b.data.Sizes(), b.data.Pending()), b.runOptions()); err != nil {
				return err
			}
			defer early.Close()
		}
		s := &session{bound: b, module: m, program: early, data: b.data, values: map[string]*array.Array{},
			columns: map[string]*array.Array{}, planned: map[string]*runtime.Function{}}
		if err := b.data.Derive(name, s.rowRunner(n)); err != nil {
			return err
		}
	}
	return nil
}

// asksRun reports whether a row function needs what only a run computes.
func asksRun(m *ir.Module, fn string) bool {
	f := m.Func(fn)
	if f == nil {
		return false
	}
	for _, in := range f.Inputs {
		switch in.Role {
		case ir.Given, ir.Weight, ir.State:
			return true
		}
	}
	return false
}

func (b *Bound) runOptions() runtime.Options {
	return runtime.Options{Workers: workers(b.options.Workers), Memory: b.options.Memory, Profile: b.profile,
		NoJIT: b.program.options.NoJIT}
}

// plan makes the plan for the sizes as they are known now.
func (b *Bound) plan() error { return b.planFor(b.source) }

func (b *Bound) planFor(m *ir.Module) error {
	var waiting []string
	for n := range b.pending {
		waiting = append(waiting, n)
	}
	known := b.data.Sizes()
	maps.Copy(known, b.lengths)
	b.sizes = sizesOf(m, known, waiting)
	if err := b.checkSizes(m); err != nil {
		return err
	}
	sized, err := passed(m, sizedPasses, b.sizes, b.program.options)
	if err != nil {
		return err
	}
	options, held := b.runOptions(), b.holdings(sized)
	if options.Memory, err = b.leftOf(sized, held); err != nil {
		return err
	}
	r, err := runtime.Load(sized, b.sizes, options)
	if err != nil {
		return err
	}
	if b.runtime != nil {
		b.runtime.Close()
	}
	b.module, b.runtime = sized, r
	if options.Memory == 0 {
		return nil
	}
	return b.fit(r, held)
}

// sizesOf gives every symbol its size: tables, categories and files by the
// data, the rows of a step by the training. A table that is not derived yet
// counts as large as the one that its rows come from.
func sizesOf(m *ir.Module, known map[string]int64, waiting []string) ir.Sizes {
	for range waiting {
		for _, name := range waiting {
			if d, ok := m.Node(name).Body.(*ir.Derive); ok {
				if _, have := known[name]; !have {
					if n, ok := known[d.Of]; ok {
						known[name] = n
					}
				}
			}
		}
	}
	sizes := ir.Sizes{}
	for name, n := range known {
		sizes[name] = ir.Size{Actual: n, Capacity: n}
	}
	for _, y := range m.Symbols {
		if _, ok := sizes[y.Name]; !ok {
			sizes[y.Name] = ir.Size{Actual: y.Size, Capacity: y.Size}
		}
	}
	for _, n := range m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok && t.Symbol != "" {
			size := t.Batch
			if t.All {
				size = max(1, known[t.Table])
			}
			sizes[t.Symbol] = ir.Size{Actual: size, Capacity: size}
		}
		if t, ok := n.Body.(*ir.Train); ok && len(t.History) > 0 {
			if _, ok := known[n.Name+historySuffix]; !ok {
				size := expected(t, known[t.Table])
				sizes[n.Name+historySuffix] = ir.Size{Actual: size, Capacity: size}
			}
		}
	}
	return sizes
}

// Notices are remarks of binding about the data: rows left out for their keys,
// parts of tables that have no rows.
func (b *Bound) Notices() source.List { return b.notices }

// Report tells what the data looks like.
func (b *Bound) Report() DataReport {
	var out DataReport
	r := b.data.Report()
	for _, t := range r.Tables {
		out.Tables = append(out.Tables, b.tableReport(t))
	}
	values := b.data.Categories()
	for _, c := range r.Categories {
		v := values[c.Name]
		out.Categories = append(out.Categories, CategoryReport{Name: c.Name, Size: len(v), Some: v[:min(len(v), 8)]})
	}
	for _, x := range r.Splits {
		out.Subsets = append(out.Subsets, SubsetReport{Name: x.Name, Of: x.Of, Rows: x.Rows})
	}
	return out
}

func (b *Bound) tableReport(t data.TableReport) TableReport {
	out := TableReport{Name: t.Name, Rows: t.Rows, Files: t.Files, Cache: t.Cache}
	constant := map[string]bool{}
	for _, c := range t.Constant {
		constant[c] = true
	}
	n := b.module.Node(t.Name)
	src, ok := n.Body.(*ir.SourceTable)
	if !ok {
		return out
	}
	for _, f := range src.Fields {
		c := ColumnReport{Name: f.Name, Missing: t.Holes[f.Name], Unmatched: t.Unmatched[f.Name], Table: f.Table, Constant: constant[f.Name]}
		if c.Missing > 0 || c.Unmatched > 0 || c.Constant {
			out.Columns = append(out.Columns, c)
		}
	}
	return out
}

// CheckData opens the data and compares it with the tables of the program;
// nothing is computed.
func (p *Program) CheckData(o DataOptions) (err error) {
	defer guard(&err, "checking the data")
	b, err := p.bind(context.Background(), p.module, o)
	if err != nil {
		return err
	}
	return b.Close()
}

// Close lets go of the data and the plan.
func (b *Bound) Close() error {
	if b.runtime != nil {
		b.runtime.Close()
	}
	if b.data != nil {
		b.data.Close()
	}
	return nil
}

func spanOr(s, t source.Span) source.Span {
	if s.IsZero() {
		return t
	}
	return s
}
