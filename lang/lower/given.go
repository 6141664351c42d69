package lower

import (
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// given is the first value of a parameter as the place of the layer gives it:
// `nn.dense(64, weight: read npy("w.npy"))`.
type given struct {
	x   *arg
	lex lex
}

// firstValues takes the named arguments that are parameters of a model, and
// none of its arguments, out of a call.
func (c *cx) firstValues(m *syntax.Model, call *callArgs) (*callArgs, map[string]*given) {
	own := map[string]bool{}
	for _, p := range paramsOf(m) {
		own[p] = true
	}
	for _, a := range append(append([]*syntax.Arg{}, m.Args...), m.Config...) {
		delete(own, a.Name.Name)
	}
	rest := *call
	rest.named = nil
	out := map[string]*given{}
	for _, a := range call.named {
		switch {
		case !own[a.name] || a.x == nil:
			rest.named = append(rest.named, a)
		case out[a.name] != nil:
			c.errf("E0227", a.at, "the argument `%s` of `%s` is given twice", a.name, m.Name.Name).note(out[a.name].x.at, "here already")
		default:
			out[a.name] = &given{a, c.lex}
		}
	}
	return &rest, out
}

// paramsOf are the names of the parameters that a model declares itself.
func paramsOf(m *syntax.Model) []string {
	body, ok := m.Body.(*syntax.Block)
	if !ok {
		return nil
	}
	var out []string
	for _, s := range body.Stmts {
		if p, ok := s.(*syntax.Param); ok {
			out = append(out, p.Name.Name)
		}
	}
	return out
}

// value is the first value, of the type of its parameter.
func (g *given) value(c *cx, p *syntax.Param, t check.Tensor) Value {
	d := *c
	d.lex = g.lex
	d.lex.real = t.Kind
	return d.firstValue(g.x.x, t, place{at: g.x.at, what: "the first value of the parameter `" + p.Name.Name + "`", from: p.Type.Span()})
}
