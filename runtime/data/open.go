// Package data is the road between files and arrays: readers of tables and
// tensors, categories and keys, subsets, the shuffle, batches, and the
// writers of results. It knows nothing of kernels; row functions that it
// needs (where, sort, map, split by a key) are run by a callback.
package data

import (
	"context"
	"strconv"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

const (
	defaultLimit  = 128 << 20 // decoded rows of a table that may stay in memory
	defaultMemory = 1 << 30   // of all that must be in memory
)

// Options say how the data of a module is opened. The zero value reads the
// files beside the working directory.
type Options struct {
	Dir     string // folder that paths of the program are relative to
	TempDir string // of spill files; "" is the system's
	Limit   int64  // bytes of decoded rows a table may keep in memory; 0: 128 MB, and no more than an eighth of Memory
	Cache   string // folder where decoded tables are kept for the next run; "": they are not
	Memory  int64  // bytes of what must be in memory (targets of keys, whole columns); 0: 1 GB
	Workers int    // goroutines that parse; 0: as many as processors
	Vectors bool   // the processor has AVX2; what is read is the same without

	// Context, where not nil, ends reading when it does; the error of Open then
	// says nothing about the data.
	Context context.Context

	// Needs are the paths used of each table; nil: NeedsOf the module.
	Needs Needs
	// Run runs row functions; Open derives the tables that need it when it is
	// there and they ask for nothing that is computed.
	Run RunFunc
	// Only names the source tables to open; nil: all.
	Only []string

	Replace    map[string]string          // new files for tables
	Records    map[string][]byte          // or rows themselves, as JSON
	Absent     map[string]map[string]bool // fields of tables that a file may lack
	Categories map[string][]string        // values of categories, from a state
}

// RunFunc runs a row function over rows rows. cols has an array for each
// input of fn that the data feeds (Col, RowNumber), nil for others; results
// may share memory that the next call reuses.
type RunFunc func(fn *ir.Func, cols []*array.Array, rows int) ([]*array.Array, error)

// Dataset is the opened data of a module.
type Dataset struct {
	m      *ir.Module
	opt    Options
	needs  Needs
	tables map[string]*table // sources
	views  map[string]*view  // sources, subsets and mapped tables
	cats   map[string]*category
	sizes  map[string]int64
	reads  map[string][]*array.Array // of read nodes
	used1  Needs                     // fields of source tables that are decoded
	order  []string                  // names of tables as the module has them
	used   int64                     // bytes that must stay
	match  map[string]int64          // unmatched keys by TABLE.FIELD
	prints []Fingerprint
}

// Open reads the source tables of a module, numbers categories, resolves
// keys and derives the tables that can be. Its errors are diagnostics.
func Open(m *ir.Module, opt Options) (*Dataset, error) {
	if opt.Memory == 0 {
		opt.Memory = defaultMemory
	}
	if opt.Limit == 0 {
		opt.Limit = min(defaultLimit, opt.Memory/8)
	}
	ds := &Dataset{m: m, opt: opt, needs: opt.Needs, tables: map[string]*table{}, views: map[string]*view{},
		cats: map[string]*category{}, sizes: map[string]int64{}, reads: map[string][]*array.Array{}, match: map[string]int64{}}
	if ds.needs == nil {
		ds.needs = NeedsOf(m)
	}
	if err := ds.open(); err != nil {
		ds.Close()
		return nil, err
	}
	return ds, nil
}

func (ds *Dataset) open() error {
	for _, n := range ds.m.Nodes {
		if s, ok := n.Body.(*ir.SourceTable); ok && ds.wanted(n.Name) {
			t, err := ds.newTable(n, s)
			if err != nil {
				return err
			}
			ds.tables[n.Name] = t
			ds.order = append(ds.order, n.Name)
		}
	}
	if err := ds.openCategories(); err != nil {
		return err
	}
	if err := ds.openReads(); err != nil {
		return err
	}
	ds.markFields()
	for _, stay := range []bool{true, false} { // what must stay shows how much room is left
		for _, name := range ds.order {
			if t := ds.tables[name]; (t.must != "") == stay {
				if err := ds.readTable(t); err != nil {
					return err
				}
			}
		}
	}
	if err := ds.bind(); err != nil {
		return err
	}
	if err := ds.checkReads(); err != nil {
		return err
	}
	return ds.deriveReady()
}

func (ds *Dataset) wanted(name string) bool {
	return ds.opt.Only == nil || contains(ds.opt.Only, name)
}

// newTable prepares a source table; nothing is opened yet.
func (ds *Dataset) newTable(n *ir.Node, s *ir.SourceTable) (*table, error) {
	r := s.Reader
	t := &table{ds: ds, name: n.Name, node: s, reader: &r, span: n.Span}
	if path, ok := ds.opt.Replace[n.Name]; ok {
		t.reader = replaceReader(r, path)
	}
	if b, ok := ds.opt.Records[n.Name]; ok {
		lines, err := recordLines("(record)", b)
		if err != nil {
			return nil, err
		}
		t.record = lines
		t.reader = &ir.Reader{Name: "jsonl", Options: r.Options}
	}
	if len(t.reader.Paths) == 0 && t.record == nil {
		return nil, source.Dataf("D0101", source.Place{}, "the table `%s` has no file", n.Name).At(n.Span)
	}
	var err error
	t.dialect, err = dialectOf(t.reader, n.Span)
	t.store = &store{limit: ds.opt.Limit, fresh: func() (*spill, error) { return newSpill(ds.opt.TempDir, t.name) }}
	return t, err
}

// replaceReader reads another file the same way; the ends .jsonl and .csv
// say when it is of the other kind.
func replaceReader(r ir.Reader, path string) *ir.Reader {
	r.Paths = []ir.NamedText{{Text: path}}
	switch ext := plainExt(path); {
	case r.Name == "csv" && (ext == ".jsonl" || ext == ".ndjson"):
		r.Name, r.Options = "jsonl", map[string]string{"duplicates": r.Options["duplicates"]}
	case r.Name == "jsonl" && ext == ".csv":
		r.Name = "csv"
	}
	return &r
}

func (ds *Dataset) readTable(t *table) error {
	if err := t.plan(); err != nil {
		return err
	}
	if t.must != "" {
		t.store.limit = -1
	}
	t.store.apart = t.must == "" && ds.inFileOrder(t.name)
	if t.record == nil {
		for _, p := range t.reader.Paths {
			ds.prints = append(ds.prints, Fingerprint{Path: p.Text})
		}
	}
	if err := t.readCached(); err != nil {
		return err
	}
	if t.must != "" {
		if ds.used += t.residentBytes(); ds.used > ds.opt.Memory {
			return source.Dataf("D0119", source.Place{File: t.paths()[0]},
				"`%s` must be in memory, since %s, and needs %s; %s are allowed", t.name, t.must, byteText(ds.used), byteText(ds.opt.Memory)).At(t.span)
		}
	}
	ds.sizes[t.name] = t.rows()
	ds.views[t.name] = &view{name: t.name, src: t, rows: allRows(t.rows())}
	return nil
}

func (t *table) residentBytes() int64 {
	n := t.store.bytes
	if t.keys != nil {
		n += t.keys.bytes
	}
	return n
}

// Close removes temporary files. Arrays handed out stay valid.
func (ds *Dataset) Close() {
	for _, t := range ds.tables {
		if t.store != nil {
			t.store.spill.close()
		}
	}
	for _, v := range ds.views {
		v.src.store.spill.close()
	}
}

// Sizes are the sizes of symbols that are known: tables, categories, and
// dimensions that files have bound.
func (ds *Dataset) Sizes() map[string]int64 {
	out := map[string]int64{}
	for k, v := range ds.sizes {
		out[k] = v
	}
	return out
}

// sizeOf evaluates a dimension over what is known.
func (ds *Dataset) sizeOf(d ir.Dim) (int64, bool) {
	n, err := d.Eval(ds.size)
	return n, err == nil
}

func (ds *Dataset) size(name string) (int64, bool) {
	if n, ok := ds.sizes[name]; ok {
		return n, true
	}
	if s := ds.m.Symbol(name); s != nil && s.Size > 0 {
		return s.Size, true
	}
	return 0, false
}

// keyPartsOf is how the key of a table is made, nil for the row number.
func (ds *Dataset) keyPartsOf(name string) []keyKind {
	n := ds.m.Node(name)
	if n == nil {
		return nil
	}
	s, ok := n.Body.(*ir.SourceTable)
	if !ok {
		return nil
	}
	return keyPartsOf(s)
}

func keyPartsOf(s *ir.SourceTable) []keyKind {
	var parts []keyKind
	for _, name := range s.KeyCols {
		if f := fieldOf(s.Fields, name); f != nil {
			parts = append(parts, keyKindOf(f))
		}
	}
	return parts
}

// Locate says where a row of a source table, counted from 0, stands.
func (ds *Dataset) Locate(table string, row int64) source.Place {
	v := ds.views[table]
	if v == nil {
		return source.Place{}
	}
	if of := v.src.of; of != nil {
		return ds.locateFileRow(of.src, of.src.fileRow(int64(v.src.fields[of.name].val.row(row))))
	}
	return ds.locateFileRow(v.src, v.src.fileRow(row))
}

// Paths are the files that tables and tensors were read from.
func (ds *Dataset) Paths() []string {
	var out []string
	for _, p := range ds.prints {
		out = append(out, resolve(ds.opt.Dir, p.Path))
	}
	for _, n := range ds.m.Nodes {
		if r, ok := n.Body.(*ir.Read); ok && ds.reads[n.Name] != nil {
			for _, p := range r.Reader.Paths {
				out = append(out, resolve(ds.opt.Dir, p.Text))
			}
		}
	}
	return out
}

// Fingerprints are of the files that tables were read from, in that order. They
// are taken when they are first asked for, which reads the files once more.
func (ds *Dataset) Fingerprints() ([]Fingerprint, error) {
	for i, p := range ds.prints {
		if p.Hash != "" {
			continue
		}
		var err error
		if ds.prints[i], err = ds.fingerprint(p.Path); err != nil {
			return nil, err
		}
	}
	return ds.prints, nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
