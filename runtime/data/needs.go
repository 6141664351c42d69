package data

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Needs are the paths of columns that a program uses, by table or subset.
type Needs map[string]map[string]bool

func (n Needs) add(table, path string) {
	if n[table] == nil {
		n[table] = map[string]bool{}
	}
	n[table][path] = true
}

// NeedsOf collects the paths that the functions of a module are bound to.
func NeedsOf(m *ir.Module) Needs {
	n := Needs{}
	for _, node := range m.Nodes {
		switch b := node.Body.(type) {
		case *ir.Derive:
			n.ofFunc(m, b.Of, b.Fn)
		case *ir.Reduce:
			n.ofFunc(m, b.Table, b.Fn)
		case *ir.Train:
			n.ofFunc(m, b.Table, b.Loss)
			n.ofFunc(m, b.Table, b.StepFn)
		case *ir.Write:
			n.ofFunc(m, b.Table, b.Fn)
			for _, q := range TextReqs(b) {
				n.add(b.Table, q.Path)
			}
		}
	}
	for _, f := range m.Funcs {
		for _, in := range f.Inputs {
			if table, path, ok := strings.Cut(in.Bind, "."); ok && in.Role == ir.Column {
				n.add(table, path)
			}
		}
	}
	return n
}

func (n Needs) ofFunc(m *ir.Module, table, fn string) {
	f := m.Func(fn)
	if f == nil || table == "" {
		return
	}
	for _, in := range f.Inputs {
		if in.Role == ir.Col {
			n.add(table, in.Bind)
		}
	}
}

// markFields turns paths into fields of source tables, and marks the tables
// that paths lead to through keys: those must be in memory.
func (ds *Dataset) markFields() {
	ds.used1 = Needs{}
	for _, table := range sortedKeys(ds.needs) {
		for _, path := range sortedKeys(ds.needs[table]) {
			ds.markPath(table, strings.TrimSuffix(path, "?"), table+"."+path)
		}
	}
	for _, n := range ds.m.Nodes {
		if c, ok := n.Body.(*ir.Category); ok {
			for _, u := range c.Uses {
				if !c.Fixed && ds.opt.Categories[n.Name] == nil {
					ds.used1.add(u.Table, u.Field)
				}
			}
		}
	}
}

func (ds *Dataset) markPath(table, path, whole string) {
	n := ds.m.Node(table)
	if n == nil || path == "#" {
		return
	}
	head, rest, deep := strings.Cut(path, ".")
	var fields []ir.Field
	switch b := n.Body.(type) {
	case *ir.SourceTable:
		fields = b.Fields
		ds.used1.add(table, head)
	case *ir.Derive:
		if b.Op != "map" {
			ds.markPath(b.Of, path, whole)
			return
		}
		fields = b.Fields
		if head == b.Of && deep {
			ds.markTarget(b.Of, rest, whole)
			return
		}
	}
	if f := fieldOf(fields, head); f != nil && deep {
		ds.markTarget(f.Table, rest, whole)
	}
}

func (ds *Dataset) markTarget(table, rest, whole string) {
	ds.markPath(table, rest, whole)
	if t := ds.tables[ds.sourceOf(table)]; t != nil && t.must == "" && rest != "#" {
		t.must = "`" + whole + "` follows a key to it"
	}
}

// inFileOrder reports whether trainings read the rows of a source table in the
// order of the file, and none in any other.
func (ds *Dataset) inFileOrder(table string) bool {
	any := false
	for _, n := range ds.m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok && t.Table != "" && ds.sourceOf(t.Table) == table {
			if t.Order != "file" {
				return false
			}
			any = true
		}
	}
	return any
}

// sourceOf is the source or mapped table that a subset has its rows from.
func (ds *Dataset) sourceOf(table string) string {
	for {
		n := ds.m.Node(table)
		if n == nil {
			return table
		}
		d, ok := n.Body.(*ir.Derive)
		if !ok || d.Op == "map" {
			return table
		}
		table = d.Of
	}
}

// needsField reports whether a field is decoded.
func (ds *Dataset) needsField(t *table, f *ir.Field) bool {
	if f.IsKey && len(t.node.KeyCols) == 1 && (f.Text != "" || f.Type.Kind == ir.Index || f.Type.Kind == ir.NoKind) {
		return false // the key itself holds the text
	}
	return ds.used1[t.name][f.Name]
}
