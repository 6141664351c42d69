package passes

import "github.com/dfc-lang/dfc/ir"

// This file holds the rules of control operations for both modes of the
// linearizer; loops are in linearize_scan.go, branches whose lanes differ in
// lanes.go.

func (z *linearizer) control(op *ir.Op, ts []*ir.Value) {
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		z.call(op, a, ts)
	case ir.CondAttrs:
		switch {
		case !z.linear:
			z.forwardCond(op, ts)
		case op.Operands[0].Type.Rank() > 0:
			z.vectorCond(op, ts)
		default:
			z.scalarCond(op, ts)
		}
	case ir.ScanAttrs:
		if z.linear {
			z.linearScan(op, a, ts)
		} else {
			z.forwardScan(op, a, ts)
		}
	default:
		panic("passes: no tangent rule for control row " + op.Row.Name)
	}
}

// call stays a call: of the forward function, or of both halves.
func (z *linearizer) call(op *ir.Op, a ir.CallAttrs, ts []*ir.Value) {
	on := isOn(ts)
	if !anyOn(z.v.funcActivity(a.Fn, on)) {
		copyOp(z.b, op, z.env)
		return
	}
	args := z.env.list(op.Operands)
	if !z.linear {
		name, out := z.v.jvp(a.Fn, on, nil)
		z.at(op)
		z.split(op, z.b.Op("call", ir.CallAttrs{Fn: name}, join(args, present(ts))...), out)
		return
	}
	l := z.v.linearizedFunc(a.Fn, on)
	rs := z.primal(op, ir.CallAttrs{Fn: l.fwdName}, nil, args)
	z.at(op)
	dts := z.b.Op("call", ir.CallAttrs{Fn: l.linName}, join(l.values(args, rs), present(ts))...)
	z.scatter(op, dts, l.out)
}

// primal writes the primal half of op, whose results may have residuals
// behind those of op.
func (z *linearizer) primal(op *ir.Op, attrs ir.Attrs, regions []*ir.Region, args []*ir.Value) []*ir.Value {
	z.b.Span, z.b.Primal = op.Span, ""
	rs := z.b.OpWith(op.Row.Name, attrs, regions, args...)
	for i, r := range op.Results {
		dress(rs[i], r)
		z.env[r] = rs[i]
	}
	return rs
}

// split binds results of which the first are primal and the rest tangents.
func (z *linearizer) split(op *ir.Op, rs []*ir.Value, out []bool) {
	n := len(op.Results)
	for i, r := range op.Results {
		dress(rs[i], r)
		z.env[r] = rs[i]
	}
	z.scatter(op, rs[n:], out)
}

// scatter binds tangents to the results in out.
func (z *linearizer) scatter(op *ir.Op, dts []*ir.Value, out []bool) {
	for i, r := range op.Results {
		if out[i] {
			z.tan[r], dts = dts[0], dts[1:]
			z.tan[r].Primal = label(r)
		}
	}
}

// forwardCond is a branch that yields tangents beside results; it does for
// vector predicates too, since selecting a lane selects its tangent.
func (z *linearizer) forwardCond(op *ir.Op, ts []*ir.Value) {
	on := isOn(ts)[1:]
	force := z.v.opActivity(op, isOn(ts))
	var regions []*ir.Region
	for _, r := range op.Regions {
		s, _ := z.v.forward(z.b.Func, r, on, force)
		regions = append(regions, s)
	}
	z.at(op)
	z.split(op, z.b.OpWith("cond", op.Attrs, regions, join(z.env.list(op.Operands), present(ts))...), force)
}

// scalarCond stays a branch in both halves. The residuals of the two sides
// are a union: each side yields zeros for those of the other.
func (z *linearizer) scalarCond(op *ir.Op, ts []*ir.Value) {
	on := isOn(ts)[1:]
	force := z.v.opActivity(op, isOn(ts))
	args := z.env.list(op.Operands)
	var sides [2]linearized
	for i, r := range op.Regions {
		sides[i] = z.v.linearize(z.b.Func, r, on, force)
	}
	extra := unite(z.v.m, z.b.Func, &sides, len(op.Results))
	rs := z.primal(op, op.Attrs, []*ir.Region{sides[0].fwd, sides[1].fwd}, args)
	if !anyOn(force) {
		return
	}
	var res [2][]*ir.Value
	for i := range sides {
		all := append([]*ir.Value{}, rs[:len(op.Results)]...)
		res[i] = sides[i].values(args[1:], append(all, rs[extra[i]:]...))
	}
	// Both linear sides take the residuals of both.
	padParams(z.b.Func, sides[0].lin, len(res[0]), res[1])
	padParams(z.b.Func, sides[1].lin, 0, res[0])
	z.at(op)
	operands := join([]*ir.Value{args[0]}, res[0], res[1], present(ts))
	z.scatter(op, z.b.OpWith("cond", op.Attrs, []*ir.Region{sides[0].lin, sides[1].lin}, operands...), force)
}

// unite makes both forward sides yield the residuals of both: n results of
// the original, those of the first, those of the second. It returns where
// the residuals of each begin.
func unite(m *ir.Module, f *ir.Func, sides *[2]linearized, n int) (extra [2]int) {
	first, second := sides[0].fwd.Results[n:], sides[1].fwd.Results[n:]
	zeros := func(r *ir.Region, like []*ir.Value) []*ir.Value {
		b := at(m, f, r)
		out := make([]*ir.Value, len(like))
		for i, x := range like {
			out[i] = b.Zeros(x.Type)
		}
		return out
	}
	a, b := sides[0].fwd, sides[1].fwd
	a.Results = join(a.Results, zeros(a, second))
	b.Results = join(b.Results[:n], zeros(b, first), second)
	return [2]int{n, n + len(first)}
}

// padParams puts parameters that r does not use at a place.
func padParams(f *ir.Func, r *ir.Region, place int, like []*ir.Value) {
	tail := append([]*ir.Value{}, r.Params[place:]...)
	r.Params = r.Params[:place:place]
	for _, x := range like {
		addParam(f, r, x.Type, x)
	}
	r.Params = append(r.Params, tail...)
	renumber(r.Params)
}
