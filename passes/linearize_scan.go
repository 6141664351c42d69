package passes

import "github.com/dfc-lang/dfc/ir"

// Note: residuals of loops. What the linear half of a loop reads from its
// primal half is, by class: (a) something that depends on captures only, which
// is computed once before the loop and passed as a capture; (b) a slice of an
// x, for which the array is passed; (c) a carry, stacked once; (d) anything
// else, stacked. Nothing of class (a) or (b) is ever stored once a step.

// loop says where the three groups of a scan stand.
type loop struct{ caps, carries, xs int }

func loopOf(a ir.ScanAttrs) loop { return loop{a.Captures, a.Carries, a.Xs} }

// split cuts a list that runs like the operands into its groups.
func (l loop) split(vs []*ir.Value) (caps, carries, xs []*ir.Value) {
	return vs[:l.caps], vs[l.caps : l.caps+l.carries], vs[l.caps+l.carries:]
}

// bits is split for masks.
func (l loop) bits(on []bool) (caps, carries, xs []bool) {
	return on[:l.caps], on[l.caps : l.caps+l.carries], on[l.caps+l.carries:]
}

// carryTangents fills in zeros for carries that become active in the loop.
func (z *linearizer) carryTangents(carries, ts []*ir.Value, on []bool) []*ir.Value {
	out := append([]*ir.Value{}, ts...)
	for i, t := range out {
		if t == nil && on[i] {
			out[i] = z.b.ZeroTangent(carries[i].Type)
		}
	}
	return out
}

// forwardScan is one fused loop over primal and tangent carries.
func (z *linearizer) forwardScan(op *ir.Op, a ir.ScanAttrs, ts []*ir.Value) {
	g := loopOf(a)
	on, _ := z.v.scanActivity(op, a, isOn(ts))
	onCaps, onCarries, _ := g.bits(on)
	body := op.Regions[0]
	force := append(append([]bool{}, onCarries...), make([]bool, len(body.Results)-g.carries)...)
	r, out := z.v.forward(z.b.Func, body, on, force)

	n := g.caps + g.carries + g.xs
	caps, carries, xs := g.split(r.Params[:n])
	tcaps, rest := cut(r.Params[n:], count(onCaps))
	tcarries, txs := cut(rest, count(onCarries))
	r.Params = join(caps, tcaps, carries, tcarries, xs, txs)
	renumber(r.Params)
	next, tnext := r.Results[:len(out)], r.Results[len(out):]
	k := count(out[:g.carries])
	r.Results = join(next[:g.carries], tnext[:k], next[g.carries:], tnext[k:])

	z.at(op)
	caps, carries, xs = g.split(z.env.list(op.Operands))
	tc, tk, tx := g.split(ts)
	tk = z.carryTangents(op.Operands[g.caps:], tk, onCarries)
	attrs := ir.ScanAttrs{Count: a.Count, Captures: g.caps + len(tcaps), Carries: g.carries + len(tcarries), Xs: g.xs + len(txs), Reverse: a.Reverse}
	rs := z.b.OpWith("scan", attrs, []*ir.Region{r}, join(caps, present(tc), carries, present(tk), xs, present(tx))...)
	last, rs := cut(rs, g.carries)
	tlast, rs := cut(rs, k)
	ys, tys := cut(rs, len(op.Results)-g.carries)
	z.split(op, join(last, ys, tlast, tys), out)
}

func cut(vs []*ir.Value, n int) (head, tail []*ir.Value) { return vs[:n:n], vs[n:] }

// linearScan writes two loops: the primal one, which stacks residuals, and
// the linear one, which runs the same way over them.
func (z *linearizer) linearScan(op *ir.Op, a ir.ScanAttrs, ts []*ir.Value) {
	g := loopOf(a)
	on, _ := z.v.scanActivity(op, a, isOn(ts))
	_, onCarries, _ := g.bits(on)
	body := op.Regions[0]
	force := append(append([]bool{}, onCarries...), make([]bool, len(body.Results)-g.carries)...)
	l := z.v.linearize(z.b.Func, body, on, force)

	z.b.Span, z.b.Primal = op.Span, ""
	caps, carries, xs := g.split(z.env.list(op.Operands))
	caps = append(caps[:len(caps):len(caps)], z.v.hoistFrom(z.b, l.fwd, caps, true)...)
	feed := z.stack(&l, g, len(caps))
	attrs := ir.ScanAttrs{Count: a.Count, Captures: len(caps), Carries: g.carries, Xs: g.xs, Reverse: a.Reverse}
	rs := z.primal(op, attrs, []*ir.Region{l.fwd}, join(caps, carries, xs))
	if !anyOn(l.out) {
		return
	}
	z.linearLoop(op, a, l, on, ts, func(i int) (*ir.Value, bool) { return feed[i].value(caps, xs, rs) })
}

// residual is where one residual of a loop body comes from.
type residual struct {
	kind  byte // 'c' capture, 'x' x, 'y' result of the primal loop
	index int
}

// value is the operand of the linear loop for the residual; once says that it
// is a capture of it, not an x.
func (r residual) value(caps, xs, rs []*ir.Value) (v *ir.Value, once bool) {
	switch r.kind {
	case 'c':
		return caps[r.index], true
	case 'x':
		return xs[r.index], false
	}
	return rs[r.index], false
}

// stack classifies the residuals of l, whose primal body has ncaps captures
// by now, and makes the body yield those that must be stacked.
func (z *linearizer) stack(l *linearized, g loop, ncaps int) []residual {
	n := len(l.out)
	extra := append([]*ir.Value{}, l.fwd.Results[n:]...)
	l.fwd.Results = l.fwd.Results[:n:n]
	stacked := map[*ir.Value]int{}
	yield := func(x *ir.Value) residual {
		if _, ok := stacked[x]; !ok {
			stacked[x] = len(l.fwd.Results)
			l.fwd.Results = append(l.fwd.Results, x)
		}
		return residual{'y', stacked[x]}
	}
	place := func(p *ir.Value) residual {
		switch i := p.Index; {
		case i < ncaps:
			return residual{'c', i}
		case i < ncaps+g.carries:
			return yield(p)
		default:
			return residual{'x', i - ncaps - g.carries}
		}
	}
	var out []residual
	for _, k := range l.from {
		switch {
		case k < 0 && extra[-1-k].Def != nil:
			out = append(out, yield(extra[-1-k]))
		case k < 0:
			out = append(out, place(extra[-1-k]))
		case k < g.caps:
			out = append(out, residual{'c', k})
		default:
			out = append(out, place(l.fwd.Params[k-g.caps+ncaps]))
		}
	}
	return out
}

// linearLoop writes the linear half: captures are residuals of class (a) and
// tangents of captures, carries tangents, xs the other residuals and tangents.
func (z *linearizer) linearLoop(op *ir.Op, a ir.ScanAttrs, l linearized, on []bool, ts []*ir.Value, feed func(int) (*ir.Value, bool)) {
	g := loopOf(a)
	var onceArgs, onceParams, eachArgs, eachParams []*ir.Value
	for i := range l.from {
		v, once := feed(i)
		if once {
			onceArgs, onceParams = append(onceArgs, v), append(onceParams, l.lin.Params[i])
		} else {
			eachArgs, eachParams = append(eachArgs, v), append(eachParams, l.lin.Params[i])
		}
	}
	onCaps, onCarries, _ := g.bits(on)
	pcaps, rest := cut(l.lin.Params[len(l.from):], count(onCaps))
	pcarries, pxs := cut(rest, count(onCarries))
	l.lin.Params = join(onceParams, pcaps, pcarries, eachParams, pxs)
	renumber(l.lin.Params)

	z.at(op)
	tc, tk, tx := g.split(ts)
	tk = z.carryTangents(op.Operands[g.caps:], tk, onCarries)
	attrs := ir.ScanAttrs{Count: a.Count, Captures: len(onceArgs) + len(pcaps), Carries: len(pcarries), Xs: len(eachArgs) + len(pxs), Reverse: a.Reverse}
	rs := z.b.OpWith("scan", attrs, []*ir.Region{l.lin}, join(onceArgs, present(tc), present(tk), eachArgs, present(tx))...)
	z.scatter(op, rs, l.out)
}
