package ir

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Dot writes m as a graph in the DOT language: the nodes of the outer graph,
// and each function as a cluster with an edge for each operand. Regions are
// clusters in the cluster of their operation. The output is deterministic.
func Dot(w io.Writer, m *Module) error {
	d := &dotter{m: m}
	d.line("digraph %s {", strconv.Quote(m.Name))
	d.line("  node [shape=box, fontname=monospace];")
	d.line("  compound=true;")
	d.outer()
	for i, f := range m.Funcs {
		d.fn(i, f)
	}
	d.line("}")
	_, err := io.WriteString(w, d.b.String())
	return err
}

type dotter struct {
	m        *Module
	b        strings.Builder
	prefix   string // of the names of values: the number of the function
	clusters int
}

func (d *dotter) line(format string, args ...any) {
	fmt.Fprintf(&d.b, format, args...)
	d.b.WriteByte('\n')
}

// outer draws the nodes, tables as cylinders, with an edge from what each one
// reads.
func (d *dotter) outer() {
	by := map[string]string{} // table or output -> node
	for i, n := range d.m.Nodes {
		shape := "box"
		switch n.Body.Kind() {
		case "source", "derive", "category":
			shape = "cylinder"
		case "train":
			shape = "doubleoctagon"
		}
		d.line("  n%d [shape=%s, label=%s];", i, shape, strconv.Quote(n.Body.Kind()+" "+n.Name))
		by[n.Name] = "n" + strconv.Itoa(i)
		for _, o := range OutputsOf(n) {
			by[o.Name] = "n" + strconv.Itoa(i)
		}
	}
	for i, n := range d.m.Nodes {
		drawn := map[string]bool{}
		for _, name := range d.m.Reads(n) {
			if from := by[name]; from != "" && !drawn[from] && from != "n"+strconv.Itoa(i) {
				drawn[from] = true
				d.line("  %s -> n%d;", from, i)
			}
		}
	}
}

func (d *dotter) fn(i int, f *Func) {
	d.prefix = "f" + strconv.Itoa(i) + "v"
	d.line("  subgraph cluster_f%d {", i)
	d.line("    label=%s;", strconv.Quote(fnName(f.Name)))
	for j, p := range f.Params() {
		label := p.String() + ": " + p.Type.String()
		if j < len(f.Inputs) {
			label += inputText(f.Inputs[j])
		}
		d.param(p, label, "    ")
	}
	d.ops(f.Body, "    ")
	d.end(f.Body, "return", "    ")
	d.line("  }")
}

func (d *dotter) param(p *Value, label, indent string) {
	d.line("%s%s%d [shape=ellipse, label=%s];", indent, d.prefix, p.ID, strconv.Quote(label))
}

// ops draws each operation under the name of its first result; an operation
// without results and the end of a region have names of their own.
func (d *dotter) ops(r *Region, indent string) {
	names := map[*Op]string{}
	for _, op := range r.Ops {
		name := d.fresh()
		if len(op.Results) > 0 {
			name = d.prefix + strconv.Itoa(op.Results[0].ID)
		}
		names[op] = name
		label := op.Row.Name
		if a := AttrsText(op.Attrs); a != "" {
			label += " " + shorten(a)
		}
		for _, v := range op.Results {
			label += "\n" + v.String() + ": " + v.Type.String()
		}
		d.line("%s%s [label=%s];", indent, name, strconv.Quote(label))
		d.edges(op.Operands, name, indent)
		for i, in := range op.Regions {
			d.region(in, fmt.Sprintf("%s %d", op.Row.Name, i), name, indent)
		}
	}
}

func (d *dotter) region(r *Region, label, owner, indent string) {
	cluster := "cluster_" + d.fresh()
	d.line("%ssubgraph %s {", indent, cluster)
	d.line("%s  label=%s; style=dashed;", indent, strconv.Quote(label))
	for _, p := range r.Params {
		d.param(p, p.String()+": "+p.Type.String(), indent+"  ")
	}
	d.ops(r, indent+"  ")
	end := d.end(r, "yield", indent+"  ")
	d.line("%s}", indent)
	d.line("%s%s -> %s [style=dashed];", indent, end, owner)
}

func (d *dotter) end(r *Region, label, indent string) string {
	name := d.fresh()
	d.line("%s%s [shape=plaintext, label=%s];", indent, name, strconv.Quote(label))
	d.edges(r.Results, name, indent)
	return name
}

func (d *dotter) edges(vs []*Value, to, indent string) {
	for _, v := range vs {
		from := v.ID
		if v.Def != nil {
			from = v.Def.Results[0].ID
		}
		d.line("%s%s%d -> %s;", indent, d.prefix, from, to)
	}
}

func (d *dotter) fresh() string {
	d.clusters++
	return "x" + strconv.Itoa(d.clusters)
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 48 {
		return string(r[:47]) + "…"
	}
	return s
}
