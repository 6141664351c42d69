package ir

import (
	"fmt"
	"strings"
)

// graph is what the nodes of the outer graph define, as far as the list has
// been read.
type graph struct {
	v       *verifier
	n       *Node
	defined map[string]*Node // tables, categories and all other nodes by name
	outputs map[string]Type
	trains  map[string]*Train // by node
	// yields is the outputs of trainings, by node, of those asked for so far.
	yields map[string]map[string]Type
}

// nodes checks rule 9. Nodes that belong to a training (Every) may stand
// before it.
func (v *verifier) nodes() {
	g := &graph{v: v, defined: map[string]*Node{}, outputs: map[string]Type{}, trains: map[string]*Train{},
		yields: map[string]map[string]Type{}}
	for _, n := range v.m.Nodes {
		g.n = n
		if g.defined[n.Name] != nil {
			g.fault("there are two nodes of this name")
		}
		g.node(n)
		g.defined[n.Name] = n
	}
	for _, n := range v.m.Nodes { // what may refer forwards
		g.n = n
		switch b := n.Body.(type) {
		case *Category:
			g.category(b)
		case *Train:
			g.metrics(b)
		}
	}
}

func (g *graph) fault(format string, args ...any) {
	g.v.fault(g.n.Span, "node %s: %s", g.n.Name, fmt.Sprintf(format, args...))
}

func (g *graph) node(n *Node) {
	switch b := n.Body.(type) {
	case *Derive:
		g.derive(b)
	case *Reduce:
		g.reduce(b)
	case *Read:
		g.define(b.Outputs)
	case *Compute:
		if f := g.fn(b.Fn, use{train: TrainOf(b.Every)}); f != nil {
			g.match(f, f.Results(), b.Outputs)
		}
		g.define(b.Outputs)
	case *Train:
		g.train(b)
	case *Write:
		g.write(b)
	case *Print:
		for _, t := range b.Parts {
			g.tree(t)
		}
	case *Test:
		if f := g.fn(b.Fn, use{}); f != nil && len(f.Results()) > 0 {
			g.fault("%s has results", fnName(b.Fn))
		}
	}
}

func (g *graph) define(outs []Output) {
	for _, o := range outs {
		if _, dup := g.outputs[o.Name]; dup {
			g.fault("there are two outputs named %s", o.Name)
		}
		g.outputs[o.Name] = o.Type
	}
}

func (g *graph) output(name string) (Type, bool) {
	t, ok := g.outputs[name]
	if !ok {
		g.fault("there is no output %s before it", name)
	}
	return t, ok
}

// match checks that results are what outputs say.
func (g *graph) match(f *Func, rs []*Value, outs []Output) {
	if len(rs) != len(outs) {
		g.fault("%s has %s for %s", fnName(f.Name), counted(len(rs), "result"), counted(len(outs), "output"))
		return
	}
	for i, r := range rs {
		if !r.Type.Equal(outs[i].Type) {
			g.fault("result %d of %s is %s, the output %s is %s", i, fnName(f.Name), r.Type, outs[i].Name, outs[i].Type)
		}
	}
}

// table checks that a table stands before the node.
func (g *graph) table(name string) bool {
	switch n := g.defined[name]; {
	case n == nil:
		g.fault("there is no table %s before it", name)
	case n.Body.Kind() != "source" && n.Body.Kind() != "derive":
		g.fault("%s is no table but a %s", name, n.Body.Kind())
	default:
		return true
	}
	return false
}

func (g *graph) derive(b *Derive) {
	if !g.table(b.Of) {
		return
	}
	switch b.Op {
	case "split", "slice", "sample":
		return
	case "where", "sort", "map":
	case "batch":
		if n := g.v.m.Node(b.Batch); n == nil || n.Body.Kind() != "train" {
			g.fault("there is no training %s", b.Batch)
		}
		return
	default:
		g.fault("there is no derivation %q", b.Op)
		return
	}
	f := g.fn(b.Fn, use{table: b.Of})
	if f == nil {
		return
	}
	rs := f.Results()
	switch {
	case b.Op == "where" && (len(rs) != 1 || !saysWhich(rs[0].Type)):
		g.fault("%s must have one bool as result", fnName(b.Fn))
	case b.Op == "sort" && len(rs) != 1:
		g.fault("%s must have one result", fnName(b.Fn))
	case b.Op == "map" && len(rs) != resultsOf(b.Fields):
		g.fault("%s has %s for %s", fnName(b.Fn), counted(len(rs), "result"), counted(len(b.Fields), "field"))
	}
}

// resultsOf is how many results the fields of a mapped table take.
func resultsOf(fields []Field) int {
	n := len(fields)
	for _, f := range fields {
		if f.Optional {
			n++
		}
	}
	return n
}

func (g *graph) reduce(b *Reduce) {
	defer g.define(b.Outputs)
	if !g.table(b.Table) {
		return
	}
	f := g.fn(b.Fn, use{table: b.Table, train: TrainOf(b.Every)})
	if f == nil {
		return
	}
	rs := f.Results()
	if b.Cond {
		if len(rs) == 0 || !saysWhich(rs[0].Type) {
			g.fault("the first result of %s must be a bool", fnName(b.Fn))
			return
		}
		rs = rs[1:]
	}
	if len(rs) != len(b.Aggs) || len(rs) != len(b.Outputs) {
		g.fault("%s of %s, %d aggregates and %d outputs", counted(len(rs), "result"), fnName(b.Fn), len(b.Aggs), len(b.Outputs))
	}
}

// saysWhich reports whether a result can say which rows count: a bool, or one
// for each row where the function has been batched.
func saysWhich(t Type) bool { return t.Kind == Bool && t.Rank() <= 1 }

func (g *graph) write(b *Write) {
	if b.Cond != "" {
		g.output(b.Cond)
	}
	if b.Value != nil {
		g.tree(*b.Value)
	}
	if b.Table == "" || !g.table(b.Table) {
		return
	}
	results := 0
	if b.Fn != "" {
		if f := g.fn(b.Fn, use{table: b.Table}); f != nil {
			results = len(f.Results())
		}
	}
	for _, col := range b.Columns {
		col.EachPart(func(c *WriteColumn) {
			if c.Result >= results || c.Present >= results {
				g.fault("column %s wants a result that %s does not have", col.Name, fnName(b.Fn))
			}
			if c.IsField() && !g.path(b.Table, c.Text) {
				g.fault("column %s: %s has no text %s", col.Name, b.Table, c.Text)
			}
		})
	}
}

func (g *graph) tree(t Tree) {
	for _, name := range []string{t.Value, t.Present} {
		if name != "" {
			g.output(name)
		}
	}
	if t.Names != nil && len(t.Names) != len(t.Items) {
		g.fault("a record has %d names and %d values", len(t.Names), len(t.Items))
	}
	for _, i := range t.Inner() {
		g.tree(i)
	}
}

func (g *graph) category(b *Category) {
	for _, u := range b.Uses {
		n := g.defined[u.Table]
		if n == nil || !g.path(u.Table, u.Field) {
			g.fault("there is no field %s of %s", u.Field, u.Table)
		}
	}
}

// path resolves a column relative to a row of a table: a field, a field of the
// row that a key names, "#", and either with "?".
func (g *graph) path(table, path string) bool {
	path = strings.TrimSuffix(path, "?")
	if path == "#" {
		return true
	}
	fields, of := g.fields(table)
	if rest, ok := strings.CutPrefix(path, "#."); ok && of != "" {
		return g.path(of, rest)
	}
	for _, f := range fields {
		if f.Name == path {
			return true
		}
		if rest, ok := strings.CutPrefix(path, f.Name+"."); ok && f.Table != "" && g.defined[f.Table] != nil {
			return g.path(f.Table, rest)
		}
	}
	return false
}

// fields is the fields of a table; of is the table whose rows those of a
// mapped table stand for.
func (g *graph) fields(table string) (fs []Field, of string) {
	n := g.defined[table]
	if n == nil {
		return nil, ""
	}
	switch b := n.Body.(type) {
	case *SourceTable:
		return b.Fields, ""
	case *Derive:
		if b.Op == "map" {
			return b.Fields, b.Of
		}
		return g.fields(b.Of)
	}
	return nil, ""
}
