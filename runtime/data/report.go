package data

import "github.com/dfc-lang/dfc/ir"

// Report is what a run tells about its data.
type Report struct {
	Tables     []TableReport
	Categories []CategoryReport
	Splits     []SplitReport
}

// TableReport is about a source table.
type TableReport struct {
	Name      string
	Files     []string
	Rows      int64
	Holes     map[string]int64 // missing values by field, where there are any
	Unmatched map[string]int64 // keys that match no row, by field
	Dropped   int64            // later rows of a key that stands twice
	Constant  []string         // columns that hold one value throughout
	Bytes     int64            // decoded
	Spilled   bool             // to a temporary file
	Cache     string           // what became of its cache: CacheRead and so on; "" where none is kept
}

// CategoryReport is about a category.
type CategoryReport struct {
	Name   string
	Values int
	Fixed  bool
}

// SplitReport is about a derived table.
type SplitReport struct {
	Name, Of, Op string
	Rows         int64
}

// Report gathers it, in the order of the module.
func (ds *Dataset) Report() Report {
	var r Report
	for _, name := range ds.order {
		r.Tables = append(r.Tables, ds.tables[name].report())
	}
	for _, n := range ds.m.Nodes {
		if c := ds.cats[n.Name]; c != nil {
			r.Categories = append(r.Categories, CategoryReport{n.Name, len(c.values), c.known})
		}
		if d, ok := n.Body.(*ir.Derive); ok && ds.views[n.Name] != nil {
			v := ds.views[n.Name]
			r.Splits = append(r.Splits, SplitReport{n.Name, d.Of, d.Op, v.rows.len()})
		}
	}
	return r
}

func (t *table) report() TableReport {
	r := TableReport{Name: t.name, Files: t.paths(), Rows: t.rows(), Holes: map[string]int64{}, Unmatched: map[string]int64{},
		Dropped: int64(len(t.dropped)), Bytes: t.store.bytes, Spilled: t.store.spill != nil, Cache: t.cache}
	for _, in := range t.inputs {
		if in.col == nil || in.field.Like != "" {
			continue
		}
		if in.col.holes > 0 {
			r.Holes[in.name] = in.col.holes
		}
		if n := t.ds.match[t.name+"."+in.name]; n > 0 {
			r.Unmatched[in.name] = n
		}
		if in.col.seen && !in.col.varies && t.rows() > 1 {
			r.Constant = append(r.Constant, in.name)
		}
	}
	return r
}
