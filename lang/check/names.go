package check

import (
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// declare lists the names of one declaration in m.
func (l *Loader) declare(m *Module, d syntax.Decl) {
	one := func(n *syntax.Name) {
		if n == nil || n.Name == "" {
			return
		}
		if old, dup := m.Decls[n.Name]; dup {
			l.Errors.Add(source.Errorf("E0201", n.Span(), "`%s` is declared twice", n.Name).
				Note(old.At, "first here, as a %s", old.Kind()).WithHint("rename one of the two"))
			return
		}
		m.Decls[n.Name] = &Decl{Name: n.Name, At: n.Span(), Node: d, Module: m}
	}
	switch d := d.(type) {
	case *syntax.Import:
		m.uses = append(m.uses, d)
	case *syntax.Setting:
		one(d.Name)
	case *syntax.Category:
		one(d.Name)
	case *syntax.Table:
		for _, n := range d.Names {
			one(n)
		}
	case *syntax.ReadDecl:
		for _, f := range d.Fields.Items {
			if f, ok := f.(*syntax.Field); ok {
				one(f.Name)
			}
		}
	case *syntax.Let:
		for _, n := range PatternNames(d.Pattern) {
			one(n)
		}
	default:
		one(declName(d))
	}
}

func declName(d syntax.Decl) *syntax.Name {
	switch d := d.(type) {
	case *syntax.Dim:
		return d.Name
	case *syntax.Param:
		return d.Name
	case *syntax.TypeDecl:
		return d.Name
	case *syntax.Fn:
		return d.Name
	case *syntax.Model:
		return d.Name
	case *syntax.Optimizer:
		return d.Name
	case *syntax.Train:
		return d.Name
	}
	return nil
}

// PatternNames lists the names that a pattern binds, in order.
func PatternNames(p syntax.Pattern) []*syntax.Name {
	var out []*syntax.Name
	switch p := p.(type) {
	case *syntax.Name:
		out = append(out, p)
	case *syntax.TuplePattern:
		for _, x := range p.Items {
			out = append(out, PatternNames(x)...)
		}
	case *syntax.ListPattern:
		for _, x := range p.Items {
			out = append(out, PatternNames(x)...)
		}
	case *syntax.RecordPattern:
		for _, x := range p.Items {
			out = append(out, PatternNames(x.Pattern)...)
		}
	}
	return out
}

// fileDims finds the dimensions that files bind: unknown names in the type of
// a top-level `let` or `param` whose value is read from a file.
func (l *Loader) fileDims(m *Module) {
	for _, d := range m.File.Decls {
		var t syntax.Type
		var v syntax.Expr
		switch d := d.(type) {
		case *syntax.Let:
			t, v = d.Type, d.Value
		case *syntax.Param:
			t, v = d.Type, d.Value
		}
		if _, reads := v.(*syntax.Read); !reads || t == nil {
			continue
		}
		if of, ok := t.(*syntax.Of); ok {
			for _, x := range of.Dims {
				syntax.Walk(x, func(n syntax.Node) bool {
					if name, ok := n.(*syntax.Name); ok && m.Decls[name.Name] == nil {
						if _, seen := m.Dims[name.Name]; !seen {
							m.Dims[name.Name] = name.Span()
						}
					}
					_, sel := n.(*syntax.Select)
					return !sel
				})
			}
		}
	}
}

// checkRecursion reports functions, models and values that need themselves.
//
// Note: recursion. A function that is handed to another one as an argument is
// mentioned where it is handed over, so a cycle of mentions is a cycle of
// calls, and the other way round; nothing needs to be evaluated to find it.
func (l *Loader) checkRecursion(p *Program) {
	state := map[*Decl]int{}
	var path []*Decl
	var visit func(d *Decl)
	visit = func(d *Decl) {
		switch state[d] {
		case 1:
			l.recursion(path, d)
			return
		case 2:
			return
		}
		state[d] = 1
		path = append(path, d)
		for _, to := range Mentions(p, d) {
			visit(to)
		}
		path = path[:len(path)-1]
		state[d] = 2
	}
	for _, m := range l.loaded {
		of := map[syntax.Decl][]*Decl{}
		for _, d := range m.Decls {
			of[d.Node] = append(of[d.Node], d)
		}
		for _, node := range m.File.Decls {
			for _, d := range of[node] {
				visit(d)
			}
		}
	}
}

func (l *Loader) recursion(path []*Decl, again *Decl) {
	at := len(path) - 1
	for at > 0 && path[at] != again {
		at--
	}
	names := []string{}
	for _, d := range path[at:] {
		names = append(names, d.Name)
		d.Cyclic = true
	}
	names = append(names, again.Name)
	code, what := "E0211", "calls itself; recursion does not exist here"
	if _, fn := again.Node.(*syntax.Fn); !fn {
		if _, model := again.Node.(*syntax.Model); !model {
			code, what = "E0212", "needs its own value"
		}
	}
	e := source.Errorf(code, again.At, "`%s` %s: %s", again.Name, what, strings.Join(names, " → "))
	for _, d := range path[at+1:] {
		e.Note(d.At, "through `%s`", d.Name)
	}
	if code == "E0211" {
		e.WithHint("write a loop: `fold(f, s0, xs)` or `scan(f, s0, xs)`")
	}
	l.Errors.Add(e)
}

// Mentions lists the declarations that the value of d names: the body of a
// function, the right side of a `let`. Names bound somewhere inside d do not
// count, wherever they stand.
func Mentions(p *Program, d *Decl) []*Decl {
	if out, ok := p.mentions[d]; ok {
		return out
	}
	w := mentions{p: p, m: d.Module, bound: map[string]bool{}, seen: map[*Decl]bool{}}
	parts := valueParts(d.Node)
	for _, n := range parts {
		syntax.Walk(n, w.bind)
	}
	for _, n := range parts {
		syntax.Walk(n, w.visit)
	}
	p.mentions[d] = w.out
	return w.out
}

// valueParts is what is evaluated when d is used.
func valueParts(d syntax.Decl) []syntax.Node {
	var out []syntax.Node
	add := func(n syntax.Expr) {
		if n != nil {
			out = append(out, n)
		}
	}
	args := func(as []*syntax.Arg) {
		for _, a := range as {
			out = append(out, a)
		}
	}
	switch d := d.(type) {
	case *syntax.Let:
		add(d.Value)
	case *syntax.Dim:
		add(d.Value)
	case *syntax.Fn:
		args(d.Args)
		add(d.Body)
	case *syntax.Model:
		args(d.Args)
		args(d.Config)
		add(d.Body)
	}
	return out
}

type mentions struct {
	p     *Program
	m     *Module
	bound map[string]bool
	seen  map[*Decl]bool
	out   []*Decl
}

// bind collects the names that something inside binds.
func (w *mentions) bind(n syntax.Node) bool {
	pattern := func(p syntax.Pattern) {
		if n, ok := p.(*syntax.Name); ok {
			w.bound[n.Name] = true
			return
		}
		for _, n := range PatternNames(p) {
			w.bound[n.Name] = true
		}
	}
	switch n := n.(type) {
	case *syntax.Arg:
		w.bound[n.Name.Name] = true
	case *syntax.Let:
		pattern(n.Pattern)
	case *syntax.Param:
		w.bound[n.Name.Name] = true
	case *syntax.State:
		w.bound[n.Name.Name] = true
	case *syntax.Dim:
		w.bound[n.Name.Name] = true
	case *syntax.ForIn:
		pattern(n.Pattern)
	case *syntax.Lambda:
		pattern(n.Pattern)
	}
	return true
}

func (w *mentions) add(d *Decl) {
	if d != nil && !w.seen[d] {
		w.seen[d] = true
		w.out = append(w.out, d)
	}
}

func (w *mentions) visit(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.Select:
		if base, ok := n.X.(*syntax.Name); ok && !w.bound[base.Name] && w.m.Imports[base.Name] != nil {
			w.add(w.m.Imports[base.Name].Decls[n.Name.Name])
			return false
		}
		syntax.Walk(n.X, w.visit)
		return false
	case *syntax.RecordItem:
		syntax.Walk(n.Value, w.visit)
		return false
	case *syntax.NamedArg:
		syntax.Walk(n.Value, w.visit)
		return false
	case *syntax.Arg:
		if n.Default != nil {
			syntax.Walk(n.Default, w.visit)
		}
		return false
	case *syntax.Pipe:
		syntax.Walk(n.Left, w.visit)
		syntax.Walk(n.Target, w.visit)
		return false
	case syntax.Type, *syntax.FieldPattern:
		return false
	case *syntax.Name:
		if !w.bound[n.Name] {
			w.add(Find(w.p, w.m, n.Name))
		}
	}
	return true
}

// Find looks a name up in a module and in the modules open everywhere.
func Find(p *Program, m *Module, name string) *Decl {
	if d := m.Decls[name]; d != nil {
		return d
	}
	for _, o := range p.Open {
		if d := o.Decls[name]; d != nil {
			return d
		}
	}
	return nil
}
