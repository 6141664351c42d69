package passes

import "github.com/dfc-lang/dfc/ir"

// Laws that change numbers, for the better: they hold mathematically, and
// where both sides are finite the right one is at least as accurate.

var stableLaws = []Law{
	{Name: "add-zero", Says: "x + 0 = x, but for the sign of zero", Class: Approximate, On: []string{"add"}, Apply: unit(0, true)},
	{Name: "log-exp", Says: "log(exp x) = x", Class: Approximate, On: []string{"log"}, Apply: unary("log", "exp")},
	{Name: "log-ratio", Says: "log(exp x / s) = x - log s: log(softmax)", Class: Approximate, On: []string{"log"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		q := op.Operands[0]
		if !is(q, "div") || !is(q.Def.Operands[0], "exp") {
			return nil
		}
		return one(w.b.Sub(q.Def.Operands[0].Def.Operands[0], w.b.One("log", nil, q.Def.Operands[1])))
	}},
	{Name: "log-one-plus-exp", Says: "log(1 + exp x) = x + log1p(exp(-x)) where x > 0, else log1p(exp x)", Class: Approximate, On: []string{"log", "log1p"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x := onePlus(op)
		if x == nil || !is(x, "exp") || folded(x.Def.Operands[0]) {
			return nil
		}
		return one(softplus(w.b, x.Def.Operands[0]))
	}},
	{Name: "log-logistic", Says: "log(logistic x) = -log(1 + exp(-x))", Class: Approximate, On: []string{"log"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if p := op.Operands[0]; is(p, "logistic") {
			return one(w.b.Neg(softplus(w.b, w.b.Neg(p.Def.Operands[0]))))
		}
		return nil
	}},
	{Name: "log-one-plus", Says: "log(1 + x) = log1p x", Class: Approximate, On: []string{"log"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if x := onePlus(op); x != nil {
			return one(w.b.One("log1p", nil, x))
		}
		return nil
	}},
	{Name: "exp-minus-one", Says: "exp x - 1 = expm1 x", Class: Approximate, On: []string{"sub"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if x := op.Operands[0]; is(x, "exp") && isSplat(op.Operands[1], 1) {
			return one(w.b.One("expm1", nil, x.Def.Operands[0]))
		}
		return nil
	}},
}

// onePlus is x where op is the logarithm of 1 + x.
func onePlus(op *ir.Op) *ir.Value {
	s := op.Operands[0]
	if op.Row.Name == "log1p" {
		return s
	}
	if !is(s, "add") {
		return nil
	}
	for i, x := range s.Def.Operands {
		if isSplat(x, 1) {
			return s.Def.Operands[1-i]
		}
	}
	return nil
}

// softplus is log(1 + exp x) without overflow. It is a choice and not made of
// max and abs, so that its derivatives at 0 are right to every order: x is
// folded to the side that is not positive.
func softplus(b *ir.Builder, x *ir.Value) *ir.Value {
	zero := b.Zeros(x.Type)
	up := b.Cmp("gt", x, zero)
	tail := b.One("log1p", nil, b.One("exp", nil, b.Select(up, b.Neg(x), x)))
	return b.Add(b.Select(up, x, zero), tail)
}

// folded reports whether u is -x where x > 0 and x elsewhere, as softplus
// writes it or as a branch does.
func folded(u *ir.Value) bool {
	mirror := func(p, neg, x *ir.Value) bool {
		return is(p, "cmp") && p.Def.Attrs.(ir.CmpAttrs).Pred == "gt" && p.Def.Operands[0] == x &&
			isSplat(p.Def.Operands[1], 0) && is(neg, "neg") && neg.Def.Operands[0] == x
	}
	switch {
	case is(u, "select"):
		o := u.Def.Operands
		return mirror(o[0], o[1], o[2])
	case is(u, "cond"):
		// What a side yields, seen from outside: a capture, or minus one.
		outer := func(side int) (x *ir.Value, minus bool) {
			v := u.Def.Regions[side].Results[u.Index]
			if minus = is(v, "neg"); minus {
				v = v.Def.Operands[0]
			}
			if v.Def != nil {
				return nil, false
			}
			return u.Def.Operands[1+v.Index], minus
		}
		x, minus := outer(0)
		y, plus := outer(1)
		p := u.Def.Operands[0]
		return minus && !plus && x == y && is(p, "cmp") && p.Def.Attrs.(ir.CmpAttrs).Pred == "gt" &&
			p.Def.Operands[0] == x && isSplat(p.Def.Operands[1], 0)
	case is(u, "neg"):
		return is(u.Def.Operands[0], "abs")
	}
	return false
}
