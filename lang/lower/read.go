package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// tensorReaders are the readers that give one tensor.
var tensorReaders = map[string]map[string][]string{
	"npy":         {},
	"csv":         {"separator": nil, "header": {"none"}, "quote": {"none"}},
	"safetensors": {"tensor": nil},
	"idx":         {},
	"lines":       {},
}

// read is `read npy("u.npy")`: a tensor that a node binds from a file. Its type
// is the one that is needed, or else that of the file.
func (c *cx) read(x *syntax.Read, want check.Type) Value {
	name := readerName(x.Reader)
	options, ok := tensorReaders[name]
	if !ok {
		var names []string
		for k := range tensorReaders {
			names = append(names, k)
		}
		c.errf("E0534", x.Span(), "there is no reader of tensors `%s`", name).suggest(name, sorted(names))
		return poison
	}
	r := c.reader(x.Reader, options)
	if r == nil {
		return poison
	}
	t, ok := want.(check.Tensor)
	if !ok || open(t) || len(t.Dims) == 0 || t.Kind == ir.NoKind {
		if t, ok = c.probed(x, r, t); !ok {
			return poison
		}
	}
	typ := ir.Type{Kind: t.Kind, Bound: t.Bound, Dims: t.Dims}
	key := fmt.Sprint(name, r.Paths, r.Options, typ)
	out, done := c.members[key]
	if !done {
		out = c.el.output("read." + name)
		c.members[key] = out
		c.node(out, &ir.Read{Reader: *r, Outputs: []ir.Output{{Name: out, Type: typ}}})
	}
	v := c.ten(c.input(ir.Given, out, typ))
	v.Of = t.Of
	return v
}

// probed is the type of the tensor in a file. Its sizes are constants from
// then on: binding compares them with the file once more. Numbers in a text
// have the kind that is needed, or the precision of the program.
func (c *cx) probed(x *syntax.Read, r *ir.Reader, want check.Tensor) (check.Tensor, bool) {
	if c.opt.Probe == nil {
		c.el.partial = true
		return want, false
	}
	kind, shape, err := c.opt.Probe(r, x.Span())
	if err != nil {
		c.unprobed(x, err)
		return want, false
	}
	n := 1
	t := check.Tensor{Kind: kind}
	for _, s := range shape {
		t.Dims = append(t.Dims, ir.N(int64(s)))
		n *= s
	}
	if r.Name == "csv" || r.Name == "lines" {
		if t.Kind = want.Kind; want.Kind == ir.NoKind {
			t.Kind = c.defaultKind()
		}
		if n == 1 && want.Kind != ir.NoKind && len(want.Dims) == 0 {
			t.Dims = nil
		}
	}
	return t, true
}

// unprobed reports a file that cannot be opened. One that no result needs is
// not missed, and neither is one that is not there while a program is only checked.
func (c *cx) unprobed(x *syntax.Read, err error) {
	for _, d := range source.AsList(err) {
		if d.Code == missingFile && (!c.opt.NeedFiles || c.unneeded()) {
			c.el.partial = c.el.partial || !c.unneeded()
			return
		}
		c.el.failed = true
		if c.el.muted == 0 {
			c.el.errs.Add(d.At(x.Span()))
		}
	}
}

const missingFile = "D0101" // of runtime/data: a file cannot be opened

// unneeded reports whether a `let` is evaluated that no result needs.
func (c *cx) unneeded() bool {
	if c.el.demanded == nil {
		c.el.demanded = demanded(c.prog.Main)
	}
	for d := range c.busy {
		if _, let := d.Node.(*syntax.Let); let && d.Module == c.prog.Main && !c.el.demanded[d.Name] {
			return true
		}
	}
	return false
}

// demanded are the names that stand in anything but a `let`, and in each `let`
// of these names.
func demanded(m *check.Module) map[string]bool {
	out := map[string]bool{}
	lets := map[string]*syntax.Let{}
	var visit func(n syntax.Node)
	visit = func(n syntax.Node) {
		syntax.Walk(n, func(n syntax.Node) bool {
			if name, ok := n.(*syntax.Name); ok && !out[name.Name] {
				out[name.Name] = true
				if l := lets[name.Name]; l != nil {
					visit(l)
				}
			}
			return true
		})
	}
	for _, d := range m.File.Decls {
		if l, ok := d.(*syntax.Let); ok {
			for _, n := range check.PatternNames(l.Pattern) {
				lets[n.Name] = l
			}
		}
	}
	for _, d := range m.File.Decls {
		if _, ok := d.(*syntax.Let); !ok {
			visit(d)
		}
	}
	return out
}
