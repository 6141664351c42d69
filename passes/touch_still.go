package passes

import "github.com/dfc-lang/dfc/ir"

// still is the second part of the proof: in a row without a gradient every
// tensor that moves keeps its value, and every sum over rows adds zero. The
// code by row is copied with zeros for the gradient and simplified by the
// exact laws and those of zero.
func (k *touching) still() *refusal {
	h := ir.NewFunc(k.f.Name + ".still")
	c := &stillness{k: k, h: h, b: ir.NewBuilder(k.v.m, h), to: env{}}
	var results []*ir.Value
	for _, m := range k.moved {
		c.leaf(m.old)
		if k.byRow(m) {
			results = append(results, c.row(k.f.Results()[m.result]))
		}
	}
	for _, s := range k.sums {
		for _, x := range k.terms(s) {
			results = append(results, c.row(x))
		}
	}
	c.b.Return(results...)
	for range 2 {
		k.v.rewrite(h, Vanish, false)
		k.v.cseFunc(h)
	}
	results = h.Results()
	var restless *movement
	for _, m := range k.moved {
		if !k.byRow(m) {
			continue
		}
		if results[0] != c.to[m.old] {
			restless = &m // states behind the parameter say more
		}
		results = results[1:]
	}
	if restless != nil {
		return k.restless(*restless)
	}
	for _, s := range k.sums {
		zero := false
		for range k.terms(s) {
			zero = zero || isZero(results[0])
			results = results[1:]
		}
		if !zero {
			return refuse(s.Span, "a sum over all rows is needed")
		}
	}
	return nil
}

// restless is why a row without a gradient moves: a part of the gradient that
// is in every row, or what the optimiser does.
func (k *touching) restless(m movement) *refusal {
	if x := k.everywhere(); x != nil {
		return refuse(x.Span, "every row has a gradient")
	}
	if m.name != "" {
		return refuse(k.f.Results()[m.result].Span, "the state `%s` of the optimizer changes without a gradient", m.name)
	}
	return refuse(k.f.Results()[m.result].Span, "the optimizer changes it without a gradient")
}

// everywhere is a part of the gradient that is no sum by key, such as that of a
// penalty; nil where there is none.
func (k *touching) everywhere() *ir.Value {
	for _, s := range k.sources {
		if acc := s.Operands[0]; acc.Def != nil && !isZero(acc) && !k.source(acc.Def) {
			return acc
		}
	}
	for _, op := range k.f.Body.Ops {
		if op.Row.Name != "add" || !k.uses[op.Results[0]] || op.Results[0].Primal != label(k.moved[0].old) {
			continue
		}
		for _, x := range op.Operands {
			if !k.uses[x] {
				return x
			}
		}
	}
	return nil
}

// stillness copies code by row for the proof.
type stillness struct {
	k  *touching
	h  *ir.Func
	b  *ir.Builder
	to env
}

// leaf stands for a value of the step of which nothing is known.
func (c *stillness) leaf(x *ir.Value) *ir.Value {
	if y := c.to[x]; y != nil {
		return y
	}
	if _, ok := splat(x); ok {
		return copyOp(c.b, x.Def, c.to)[0]
	}
	y := c.h.AddParam("", x.Type, ir.Input{})
	c.to[x] = y
	return y
}

// row is x, a value by row, without the gradient.
func (c *stillness) row(x *ir.Value) *ir.Value {
	if y := c.to[x]; y != nil {
		return y
	}
	if x.Def == nil {
		return c.leaf(x)
	}
	if c.k.source(x.Def) {
		y := c.row(x.Def.Operands[0])
		c.to[x] = y
		return y
	}
	in, ok := rowwise(x.Def, c.k.row())
	if !ok {
		return c.leaf(x)
	}
	for i, y := range x.Def.Operands {
		if in[i] {
			c.row(y)
		} else {
			c.leaf(y)
		}
	}
	return copyOp(c.b, x.Def, c.to)[0]
}
