package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// firstOf is `price.initial` of a model that no training of the program learns:
// where one would begin. Which parameters there are is found out by evaluating
// the model for nothing, at any argument.
func (c *cx) firstOf(m *ModelRef, n *syntax.Name) Value {
	if v := c.el.firsts[m.d]; v != nil {
		return v
	}
	s := c.signatureOf(m.d)
	if len(s.open) > 0 || s.isReal || s.config < len(s.params) {
		c.errf("E0759", n.Span(), "the sizes of the parameters of `%s` depend on what it is applied to, so `%s.initial` has no meaning without a training", m.d.Name, m.d.Name).
			note(m.d.At, "declared here").hint("a model of this one with definite arguments, or `train fit of %s …`", m.d.Name)
		return poison
	}
	if m.n.Body == nil || m.d.Cyclic || c.checkFn(m.d) {
		return poison
	}
	found := c.parametersOf(m, s)
	of := &trainInfo{name: m.d.Name, mod: m.d.Module}
	c.el.firsts[m.d] = poison
	outs := map[string]ir.Output{}
	for _, p := range found.params {
		fn, ok := c.initFn(of, p)
		if !ok {
			return poison
		}
		o := ir.Output{Name: c.el.output(m.d.Name + ":initial/" + p.path), Type: ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}}
		outs[p.path] = o
		at := c.el.nodeAt
		c.el.nodeAt = p.at
		c.node(fn, &ir.Compute{Fn: fn, Outputs: []ir.Output{o}})
		c.el.nodeAt = at
	}
	c.el.firsts[m.d] = c.recordOf(found, m.d.Name, func(p *paramInfo) Value {
		return &Ten{T: outs[p.path].Type, Glob: outs[p.path].Name}
	})
	return c.el.firsts[m.d]
}

// parametersOf evaluates a model at any argument to learn its parameters.
func (c *cx) parametersOf(m *ModelRef, s *signature) *registry {
	root := &paramRoot{model: m.d.Name, mode: rootFind, found: newRegistry()}
	d := c.el.root(m.d.Module)
	d.fn = c.newFn("find")
	d.fn.rigid, d.fn.seed = true, "find"
	all := &matched{sol: newSolution(s)}
	for _, p := range s.params {
		v := Value(&Txt{At: p.at})
		if p.t != check.Text && p.t != check.KeyT {
			v = d.argument(p.t)
		}
		all.vals, all.ats = append(all.vals, v), append(all.ats, p.at)
	}
	body := d.bodyCx(s, all)
	body.inst = &inst{root: root, path: m.d.Name, names: c.namesOf(m.d.Name)}
	body.expr(m.n.Body, s.result)
	return root.found
}
