package passes

import (
	"math"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

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
	{Name: "log-sum-exp", Says: "log(sum(exp x)) = m + log(sum(exp(x - m))) with m the greatest x", Class: Approximate, On: []string{"log"}, Apply: logSumExp},
	{Name: "norm-square", Says: "the square of a norm is the sum of the squares, smooth at 0", Class: Approximate, On: []string{"mul", "powi"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x := op.Operands[0]
		if op.Row.Name == "mul" && op.Operands[1] != x || op.Row.Name == "powi" && op.Attrs.(ir.NAttrs).N != 2 {
			return nil
		}
		if s := normed(x); s != nil {
			return one(s)
		}
		return nil
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
		neg, p := side(u, 0), u.Def.Operands[0]
		if !is(neg, "neg") {
			return false
		}
		x := outside(u, neg.Def.Operands[0])
		return x != nil && outside(u, side(u, 1)) == x && is(p, "cmp") && p.Def.Attrs.(ir.CmpAttrs).Pred == "gt" &&
			p.Def.Operands[0] == x && isSplat(p.Def.Operands[1], 0)
	case is(u, "neg"):
		return is(u.Def.Operands[0], "abs")
	}
	return false
}

// side is what a side of the branch that makes u yields for it.
func side(u *ir.Value, k int) *ir.Value { return u.Def.Regions[k].Results[u.Index] }

// outside is the operand of the branch that makes u behind a capture, or nil.
func outside(u, capture *ir.Value) *ir.Value {
	if capture.Def != nil {
		return nil
	}
	return u.Def.Operands[1+capture.Index]
}

// normed is s where x is the root of s, or 0 where s is 0: a norm.
func normed(x *ir.Value) *ir.Value {
	if !is(x, "cond") || !is(x.Def.Operands[0], "or") {
		return nil
	}
	root, zero, p := side(x, 0), side(x, 1), x.Def.Operands[0].Def
	if out := outside(x, zero); out != nil {
		zero = out
	}
	if !is(root, "sqrt") || !isSplat(zero, 0) {
		return nil
	}
	s := outside(x, root.Def.Operands[0])
	if s == nil || !is(p.Operands[0], "cmp") {
		return nil
	}
	c := p.Operands[0].Def
	if c.Attrs.(ir.CmpAttrs).Pred != "gt" || c.Operands[0] != s || !isSplat(c.Operands[1], 0) {
		return nil
	}
	return s
}

// logSumExp takes the greatest element out of the exponentials, which then
// neither overflow nor are all 0. What it writes has its own maximum taken out
// already, so it does not match again.
func logSumExp(w *rewriter, op *ir.Op) []*ir.Value {
	s := op.Operands[0]
	if !is(s, "reduce_sum") || !is(s.Def.Operands[0], "exp") {
		return nil
	}
	x, axes := s.Def.Operands[0].Def.Operands[0], s.Def.Attrs.(ir.AxesAttrs).Axes
	if is(x, "sub") && reachesStop(x.Def.Operands[1]) {
		return nil
	}
	b := w.b
	most := b.One("stop", ir.StopAttrs{}, b.One("reduce_max", ir.AxesAttrs{Axes: axes}, x))
	least := b.Float(most.Type, math.Inf(-1))
	m := b.Select(b.Cmp("gt", most, least), most, b.Zeros(most.Type))
	var stay []int
	for i := range x.Type.Dims {
		if !slices.Contains(axes, i) {
			stay = append(stay, i)
		}
	}
	sum := b.One("reduce_sum", ir.AxesAttrs{Axes: axes}, b.One("exp", nil, b.Sub(x, b.Broadcast(m, x.Type.Dims, stay...))))
	none := b.Cmp("eq", sum, b.Zeros(sum.Type))
	log := b.One("log", nil, b.Select(none, b.Float(sum.Type, 1), sum))
	return one(b.Select(none, least, b.Add(m, log)))
}

// reachesStop reports whether x is a number that was stopped, spread and
// made finite.
func reachesStop(x *ir.Value) bool {
	for is(x, "broadcast") || is(x, "select") || is(x, "reshape") {
		k := 0
		if x.Def.Row.Name == "select" {
			k = 1
		}
		x = x.Def.Operands[k]
	}
	return is(x, "stop")
}
