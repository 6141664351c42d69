package dfc

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// live is a module without the tables and tensors of files that no result
// needs, and without what would be computed of them: such files are not opened.
func live(m *ir.Module) *ir.Module {
	l := &liveness{m: m, web: newWeb(m), nodes: map[*ir.Node]bool{}, files: map[*ir.Node]bool{}, funcs: map[string]bool{}, symbols: map[string]bool{}}
	for _, n := range m.Nodes {
		if !isData(n) && !l.ofFile(n) {
			l.node(n)
		}
	}
	for l.binders() || l.dimensions() {
	}
	if len(l.nodes) == len(m.Nodes) {
		return m
	}
	out := cloneModule(m)
	out.Nodes = slices.DeleteFunc(out.Nodes, func(n *ir.Node) bool { return !l.nodes[m.Node(n.Name)] })
	out.SetFuncs(slices.DeleteFunc(out.Funcs, func(f *ir.Func) bool { return !l.funcs[f.Name] }))
	return out
}

// isData reports a table or category: needed where something reads from it.
func isData(n *ir.Node) bool {
	switch n.Body.(type) {
	case *ir.SourceTable, *ir.Derive, *ir.Category:
		return true
	}
	return false
}

// ofFile reports a tensor of a file and values computed of one, which are
// needed only where a result needs them.
func (l *liveness) ofFile(n *ir.Node) bool {
	switch b := n.Body.(type) {
	case *ir.Read:
		return b.Reader.Options["of"] == ""
	case *ir.Compute, *ir.Reduce:
		is, known := l.files[n]
		if !known {
			is = everyOf(n) == "" && slices.ContainsFunc(l.web.needs(n), l.ofFile)
			l.files[n] = is
		}
		return is
	}
	return false
}

// liveness is what results need.
type liveness struct {
	m       *ir.Module
	web     *web
	nodes   map[*ir.Node]bool
	files   map[*ir.Node]bool // see ofFile
	funcs   map[string]bool
	symbols map[string]bool
}

func (l *liveness) node(n *ir.Node) {
	if l.nodes[n] {
		return
	}
	l.nodes[n] = true
	for _, name := range ir.FuncsOf(n) {
		l.function(name)
	}
	for _, o := range ir.OutputsOf(n) {
		o.Type.Symbols(l.symbols)
	}
	switch b := n.Body.(type) {
	case *ir.SourceTable:
		l.fields(b.Fields)
	case *ir.Derive:
		l.fields(b.Fields)
	case *ir.Category:
		for _, u := range b.Uses {
			l.named(u.Table)
		}
	case *ir.Read:
		l.named(b.Reader.Options["of"])
	}
	for _, name := range l.m.Reads(n) {
		if o := l.web.owner[name]; o != nil {
			l.node(o)
		} else if o := l.m.Node(name); o != nil {
			l.node(o)
		}
	}
}

// fields needs what the fields of a table lead to.
func (l *liveness) fields(list []ir.Field) {
	for _, f := range list {
		f.Type.Symbols(l.symbols)
		l.named(f.Table)
		l.named(f.Category)
	}
}

func (l *liveness) named(name string) {
	if n := l.m.Node(name); n != nil {
		l.node(n)
	}
}

// dimensions keeps the tables and categories that are dimensions of what is
// kept; it reports whether there was a new one.
func (l *liveness) dimensions() bool {
	before := len(l.nodes)
	for _, n := range l.m.Nodes {
		if isData(n) && l.symbols[n.Name] {
			l.node(n)
		}
	}
	return len(l.nodes) > before
}

func (l *liveness) function(name string) {
	f := l.m.Func(name)
	if f == nil || l.funcs[name] {
		return
	}
	l.funcs[name] = true
	for _, s := range ir.FreeSymbols(f) {
		l.symbols[s] = true
	}
	ir.Walk(f.Body, func(op *ir.Op) {
		if a, ok := op.Attrs.(ir.CallAttrs); ok {
			l.function(a.Fn)
		}
	})
}

// binders keeps the reads from which dimensions in use have their sizes; it
// reports whether there was a new one.
func (l *liveness) binders() bool {
	found := false
	for _, n := range l.m.Nodes {
		if _, read := n.Body.(*ir.Read); !read || l.nodes[n] {
			continue
		}
		binds := map[string]bool{}
		for _, o := range ir.OutputsOf(n) {
			o.Type.Symbols(binds)
		}
		for s := range binds {
			if l.symbols[s] && l.m.Node(s) == nil && !l.nodes[n] {
				l.node(n)
				found = true
			}
		}
	}
	return found
}
