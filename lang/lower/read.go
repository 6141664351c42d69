package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// tensorReaders are the readers that give one tensor.
var tensorReaders = map[string]map[string][]string{
	"npy":         {},
	"csv":         {"separator": nil, "header": {"none"}, "quote": {"none"}},
	"safetensors": {"tensor": nil},
	"idx":         {},
}

// read is `read npy("u.npy")`: a tensor that a node binds from a file. Its type
// is the one that is needed.
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
	if !ok || open(t) || len(t.Dims) == 0 {
		c.errf("E0535", x.Span(), "nothing says what is read here").hint("give it a type: `let u: f64[n, k] = read %s(…)`", name)
		return poison
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
