package passes

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
)

// Note: two builders, one rule. A tangent rule writes through one builder. In
// forward mode (jvp) the tangents stand in the same region as everything else,
// so one fused program comes of it, without residuals. To linearize, the
// builder has a second region open: operations with a tangent among their
// operands go there, and whatever that region reads from the first becomes a
// parameter of it, a residual. There is no separate partial evaluation.

// linearizer writes a region with its tangents.
type linearizer struct {
	v   *deriver
	b   *ir.Builder
	env env                     // value of the original -> primal value written
	tan map[*ir.Value]*ir.Value // value of the original -> its tangent; none is zero
	// linear: tangents go to a second region.
	linear bool
}

// run writes all operations of r.
func (z *linearizer) run(ops []*ir.Op) {
	for _, op := range ops {
		z.op(op)
	}
}

func (z *linearizer) op(op *ir.Op) {
	ts := z.tangents(op.Operands)
	if !anyOn(isOn(ts)) {
		copyOp(z.b, op, z.env)
		return
	}
	if op.Row.Has(ir.Control) {
		z.control(op, ts)
		return
	}
	copyOp(z.b, op, z.env)
	switch {
	case op.Row.Has(ir.Opaque):
		panic(opaqueError(op))
	case op.Flat():
		return
	case op.Row.Tangent == nil:
		panic(fmt.Sprintf("passes: row %s has no tangent rule", op.Row.Name))
	}
	z.at(op)
	z.bind(op, op.Row.Tangent(z.b, z.env[op.Results[0]].Def, ts))
}

// at makes what is written next carry the place and name of op's result.
func (z *linearizer) at(op *ir.Op) {
	z.b.Span, z.b.Primal = op.Span, ""
	if len(op.Results) > 0 {
		z.b.Primal = label(op.Results[0])
	}
}

func (z *linearizer) tangents(vs []*ir.Value) []*ir.Value {
	ts := make([]*ir.Value, len(vs))
	for i, x := range vs {
		ts[i] = z.tan[x]
	}
	return ts
}

func (z *linearizer) bind(op *ir.Op, ts []*ir.Value) {
	for i, t := range ts {
		if t != nil {
			z.tan[op.Results[i]] = t
		}
	}
}

// results is the tangents of the given values: those in force are zeros
// where there is none.
func (z *linearizer) results(vs []*ir.Value, force []bool) []*ir.Value {
	ts := z.tangents(vs)
	for i, t := range ts {
		if t == nil && force != nil && force[i] {
			ts[i] = z.b.ZeroTangent(vs[i].Type)
		}
	}
	return ts
}

// forward is r in forward mode. Parameters: those of r, then a tangent for
// each in on. Results: those of r, then a tangent for each in outOn, which
// has at least those in force.
func (v *deriver) forward(f *ir.Func, r *ir.Region, on, force []bool) (out *ir.Region, outOn []bool) {
	out = &ir.Region{}
	z := &linearizer{v: v, b: at(v.m, f, out), env: env{}, tan: map[*ir.Value]*ir.Value{}}
	for _, p := range r.Params {
		z.env[p] = addParam(f, out, p.Type, p)
	}
	for i, p := range r.Params {
		if on[i] {
			z.tan[p] = derivedParam(f, out, p)
		}
	}
	z.run(r.Ops)
	ts := z.results(r.Results, force)
	out.Results = join(z.env.list(r.Results), present(ts))
	return out, isOn(ts)
}

// linearized is a region split in two.
type linearized struct {
	// fwd has the parameters of the original; results: those of the
	// original, then the residuals that are not parameters.
	fwd *ir.Region
	// lin has the residuals as parameters, then a tangent for each active
	// parameter; results: a tangent for each result in out.
	lin *ir.Region
	// from says for each residual which parameter of the original it is, or
	// -1-k where it is the k-th extra result of fwd.
	from []int
	out  []bool
}

// linearize splits r. Residuals that are parameters are not returned, cheap
// ones are computed again.
func (v *deriver) linearize(f *ir.Func, r *ir.Region, on, force []bool) linearized {
	fwd := &ir.Region{}
	z := &linearizer{v: v, b: at(v.m, f, fwd), env: env{}, tan: map[*ir.Value]*ir.Value{}, linear: true}
	var types []ir.Type
	for i, p := range r.Params {
		z.env[p] = addParam(f, fwd, p.Type, p)
		if on[i] {
			types = append(types, p.Type)
		}
	}
	ts := z.b.OpenLinear(types...)
	for i, p := range r.Params {
		if on[i] {
			z.tan[p], ts = ts[0], ts[1:]
			z.tan[p].Span, z.tan[p].Primal = p.Span, label(p)
		}
	}
	z.run(r.Ops)
	out := z.results(r.Results, force)
	c := z.b.CloseLinear(present(out)...)
	fwd.Results = z.env.list(r.Results)
	l := linearized{fwd: fwd, lin: c.Region, out: isOn(out)}
	l.residuals(v, f, c)
	return l
}

// residuals decides what becomes of each value that the linear region reads:
// a parameter of the original, something cheap to compute again, or an extra
// result of fwd.
func (l *linearized) residuals(v *deriver, f *ir.Func, c ir.Captured) {
	read := append([]*ir.Value{}, l.lin.Params[:len(c.Values)]...)
	own, ops := l.lin.Params[len(c.Values):], l.lin.Ops
	l.lin.Params, l.lin.Ops = nil, nil
	b, inside, to := at(v.m, f, l.lin), env{}, env{}
	for i, x := range c.Values {
		to[read[i]] = l.bring(b, inside, x)
	}
	l.lin.Params = append(l.lin.Params, own...)
	renumber(l.lin.Params)
	again := l.lin.Ops
	l.lin.Ops = ops
	substitute(l.lin, to)
	l.lin.Ops = append(again, ops...)
}

// bring makes x of fwd available in lin.
func (l *linearized) bring(b *ir.Builder, inside env, x *ir.Value) *ir.Value {
	if p, ok := inside[x]; ok {
		return p
	}
	if recomputed(x) {
		for _, o := range x.Def.Operands {
			l.bring(b, inside, o)
		}
		copyOp(b, x.Def, inside)
		return inside[x]
	}
	p := addParam(b.Func, l.lin, x.Type, x)
	inside[x] = p
	if x.Def == nil {
		l.from = append(l.from, x.Index)
	} else {
		l.fwd.Results = append(l.fwd.Results, x)
		l.from = append(l.from, len(l.out)-len(l.fwd.Results))
	}
	return p
}

// recomputed reports whether computing x again is cheaper than keeping it: a
// constant, or something made larger by repetition alone.
func recomputed(x *ir.Value) bool {
	if x.Def == nil || len(x.Def.Results) != 1 || x.Def.Row.Has(ir.Control) || x.Def.Row.Has(ir.Effect) {
		return false
	}
	switch ops := x.Def.Operands; len(ops) {
	case 0:
		return true
	case 1:
		return x.Def.Row.Has(ir.Structural) && x.Type.Rank() > ops[0].Type.Rank()
	}
	return false
}

// values is what feeds the residuals of l where the original was applied to
// args and fwd yielded results.
func (l *linearized) values(args, results []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(l.from))
	for i, k := range l.from {
		if k >= 0 {
			out[i] = args[k]
		} else {
			out[i] = results[len(l.out)-1-k]
		}
	}
	return out
}
