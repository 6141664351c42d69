package lower

import (
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// gradientFn is `clip` and `gradient`, in order: from gradients to gradients.
func (c *cx) gradientFn(info *trainInfo, root *paramRoot, cls []*syntax.Clause) {
	if len(cls) == 0 {
		return
	}
	d := c.trainFn(info, root, "gradient", false)
	rec := d.recordOf(root.found, info.model.Name, func(p *paramInfo) Value {
		return d.ten(d.fn.f.AddParam("g."+clean(p.path), ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}, ir.Input{}))
	})
	sort.SliceStable(cls, func(i, j int) bool { return cls[i].Word.Name == "clip" && cls[j].Word.Name != "clip" })
	var v Value = rec
	for _, cl := range cls {
		d.fn.b.Span = cl.Span()
		if cl.Word.Name == "clip" {
			v = d.clip(v, cl)
		} else {
			v = d.gradientClause(v, cl)
		}
		if hasPoison(v) {
			return
		}
	}
	d.fn.b.Return(d.values(v)...)
	d.fn.f.Span = cls[0].Span()
	c.addFunc(d.fn.f)
	info.node.Gradient = d.fn.f.Name
}

func (c *cx) gradientClause(v Value, cl *syntax.Clause) Value {
	f := c.expr(cl.Value, nil)
	if isPoison(f) {
		return poison
	}
	fn, ok := f.(Fun)
	if !ok {
		c.errf("E0737", cl.Value.Span(), "`gradient` is a function of the gradient: `gradient g => …`")
		return poison
	}
	out := c.invoke(fn, cl.Value.Span(), cl, v)
	if hasPoison(out) {
		return poison
	}
	if c.typeOf(c.force(out, cl.Span())).String() != c.typeOf(v).String() {
		c.errf("E0738", cl.Value.Span(), "what `gradient` yields must have the form of the parameters: %s, and this is %s", c.typeOf(v), c.typeOf(out))
		return poison
	}
	return c.force(out, cl.Span())
}

// clip is `clip norm(1.0)` or `clip value(0.5)`.
func (c *cx) clip(v Value, cl *syntax.Clause) Value {
	call, ok := cl.Value.(*syntax.Call)
	name, isName := (*syntax.Name)(nil), false
	if ok {
		name, isName = call.Fun.(*syntax.Name)
	}
	if !ok || !isName || len(call.Args) != 1 || name.Name != "norm" && name.Name != "value" {
		c.errf("E0739", cl.Value.Span(), "`clip norm(1.0)` or `clip value(0.5)`")
		return poison
	}
	limit := operand{c.expr(call.Args[0], nil), call.Args[0].Span()}
	if name.Name == "value" {
		return mapLeaves(v, func(t *Ten) Value {
			b := c.fn.b
			hi := c.number(limit, t.T.Kind)
			if hi == nil {
				return t
			}
			h := c.spread(c.convert(c.use(hi), ir.ScalarOf(t.T.Kind)), t.T.Dims)
			x := c.use(t)
			x = b.Select(b.Cmp("gt", x, h), h, x)
			lo := b.Neg(h)
			return c.ten(b.Select(b.Cmp("lt", x, lo), lo, x))
		})
	}
	norm := c.normOf(v)
	if norm == nil {
		return poison
	}
	b := c.fn.b
	l := c.number(limit, norm.Type.Kind)
	if l == nil {
		return poison
	}
	lim := c.convert(c.use(l), norm.Type)
	over := b.Cmp("gt", norm, lim)
	scale := b.Select(over, b.Div(lim, norm), b.Float(norm.Type, 1))
	return mapLeaves(v, func(t *Ten) Value {
		return c.ten(b.Mul(c.use(t), c.spread(c.convert(scale, ir.ScalarOf(t.T.Kind)), t.T.Dims)))
	})
}

// normOf is the length of all leaves of v as one vector.
func (c *cx) normOf(v Value) *ir.Value {
	b := c.fn.b
	var total *ir.Value
	for _, t := range leaves(v) {
		x := c.use(t)
		axes := make([]int, x.Type.Rank())
		for i := range axes {
			axes[i] = i
		}
		s := b.Sum(b.Mul(x, x), axes...)
		if total != nil {
			if s.Type.Kind != total.Type.Kind {
				s = c.convert(s, total.Type)
			}
			s = b.Add(total, s)
		}
		total = s
	}
	if total == nil {
		return nil
	}
	return b.One("sqrt", nil, total)
}
