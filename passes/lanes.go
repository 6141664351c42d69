package passes

import "github.com/dfc-lang/dfc/ir"

// This file holds the linearization of branches with a vector predicate, and
// the analysis that says where the lanes of such a branch stand in a value.
//
// Note: masks at the border. The forward half of such a branch stays a branch.
// What its linear half reads is zero in the lanes that do not take the side: a
// residual computed inside is a result of the forward branch, whose other side
// yields zero; a capture that carries the lanes is selected at entry; a capture
// that does not is passed as it is. Since linear code only multiplies by such
// values, lanes that are off compute 0·0, and the linear half needs no branch:
// both sides run and a select at the end chooses, whose transpose in turn
// masks every cotangent that enters.

// vectorCond linearizes a branch whose lanes differ.
func (z *linearizer) vectorCond(op *ir.Op, ts []*ir.Value) {
	on := isOn(ts)[1:]
	force := z.v.opActivity(op, isOn(ts))
	args := z.env.list(op.Operands)
	pred, caps := args[0], args[1:]
	var sides [2]linearized
	var borders [2]border
	for i, r := range op.Regions {
		r = ir.CopyRegion(z.b.Func, r)
		z.v.inlineCalls(z.b.Func, r)
		sides[i] = z.v.linearize(z.b.Func, r, on, force)
		borders[i] = z.border(&sides[i], pred, caps)
	}
	extra := unite(z.v.m, z.b.Func, &sides, len(op.Results))
	rs := z.primal(op, op.Attrs, []*ir.Region{sides[0].fwd, sides[1].fwd}, args)
	if !anyOn(force) {
		return
	}
	var out [2][]*ir.Value
	for i := range sides {
		z.at(op)
		res := z.masked(borders[i], pred, rs[extra[i]:], i == 0)
		out[i] = ir.Inline(z.b, sides[i].lin, join(res, present(ts[1:])))
	}
	z.at(op)
	var dts []*ir.Value
	for i := range out[0] {
		m := spreadPred(z.b, pred, out[0][i].Type.Dims)
		dts = append(dts, z.b.Select(m, out[0][i], out[1][i]))
	}
	z.scatter(op, dts, force)
}

// border says for each residual of a side where it comes from.
type border []crossing

// crossing is one residual: a value outside (to be masked or not), or a
// result of the forward branch that was moved to have its lanes in front.
type crossing struct {
	value *ir.Value // outside; nil for a result
	mask  bool
	extra int // number of the extra result
	axis  int // where its lanes stood
}

// border classifies the residuals of l and leaves as extra results of its
// forward side those that carry lanes, lanes in front.
func (z *linearizer) border(l *linearized, pred *ir.Value, caps []*ir.Value) border {
	dims, n := pred.Type.Dims, len(l.out)
	axes := lanesOf(l.fwd, dims)
	b := at(z.v.m, z.b.Func, l.fwd)
	extra := l.fwd.Results[n:]
	l.fwd.Results = l.fwd.Results[:n:n]
	outside := env{}
	outside.bind(l.fwd.Params, caps)
	var out border
	for i, k := range l.from {
		if k >= 0 {
			_, laned := axes[l.fwd.Params[k]]
			out = append(out, crossing{value: caps[k], mask: laned && caps[k].Type.IsFloat()})
			continue
		}
		x := extra[-1-k]
		axis, laned := axes[x]
		if !laned {
			out = append(out, crossing{value: bringOut(z.b, x, outside)})
			continue
		}
		l.from[i] = n - 1 - len(l.fwd.Results)
		out = append(out, crossing{extra: len(l.fwd.Results) - n, axis: axis})
		l.fwd.Results = append(l.fwd.Results, moveAxes(b, x, axis, 0, len(dims)))
	}
	return out
}

// bringOut computes a value of a region that carries no lanes outside of it.
func bringOut(b *ir.Builder, x *ir.Value, outside env) *ir.Value {
	if v := outside[x]; v != nil {
		return v
	}
	for _, o := range x.Def.Operands {
		bringOut(b, o, outside)
	}
	copyOp(b, x.Def, outside)
	return outside[x]
}

// masked is the residuals as they enter the linear half of a side.
func (z *linearizer) masked(s border, pred *ir.Value, results []*ir.Value, then bool) []*ir.Value {
	var out []*ir.Value
	for _, c := range s {
		switch {
		case c.value == nil:
			out = append(out, moveAxes(z.b, results[c.extra], 0, c.axis, pred.Type.Rank()))
		case c.mask:
			out = append(out, onlyWhere(z.b, pred, c.value, then))
		default:
			out = append(out, c.value)
		}
	}
	return out
}

// onlyWhere is v in the lanes where the predicate is as said, zero elsewhere.
func onlyWhere(b *ir.Builder, pred, v *ir.Value, then bool) *ir.Value {
	m, zero := spreadPred(b, pred, v.Type.Dims), b.Zeros(v.Type)
	if then {
		return b.Select(m, v, zero)
	}
	return b.Select(m, zero, v)
}

// spreadPred brings a predicate to dims, which begin with its own.
func spreadPred(b *ir.Builder, pred *ir.Value, dims []ir.Dim) *ir.Value {
	return spreadPredAt(b, pred, dims, 0)
}

// spreadPredAt is spreadPred where its dimensions stand at an axis of dims.
func spreadPredAt(b *ir.Builder, pred *ir.Value, dims []ir.Dim, axis int) *ir.Value {
	axes := make([]int, pred.Type.Rank())
	for i := range axes {
		axes[i] = axis + i
	}
	return b.Broadcast(pred, dims, axes...)
}

// moveAxes moves n axes that stand at from to to.
func moveAxes(b *ir.Builder, v *ir.Value, from, to, n int) *ir.Value {
	if from == to {
		return v
	}
	var rest []int
	for i := range v.Type.Rank() {
		if i < from || i >= from+n {
			rest = append(rest, i)
		}
	}
	perm := append([]int{}, rest[:to]...)
	for i := range n {
		perm = append(perm, from+i)
	}
	return b.One("transpose", ir.TransposeAttrs{Perm: append(perm, rest[to:]...)}, v)
}

// lanesOf says at which axis the lanes stand in each value of the side of a
// branch whose predicate has dims; values that carry none are absent.
func lanesOf(r *ir.Region, dims []ir.Dim) map[*ir.Value]int {
	axes := make([]int, len(r.Params))
	for i, p := range r.Params {
		if axes[i] = -1; beginsWith(p.Type, dims) {
			axes[i] = 0
		}
	}
	at := map[*ir.Value]int{}
	followLanes(r, dims, axes, at)
	return at
}

// followLanes records the axes of all values of r, given those of its
// parameters (-1 for none), and returns those of its results.
func followLanes(r *ir.Region, dims []ir.Dim, params []int, at map[*ir.Value]int) []int {
	set := func(x *ir.Value, axis int) {
		if axis >= 0 {
			at[x] = axis
		}
	}
	for i, p := range r.Params {
		set(p, params[i])
	}
	for _, op := range r.Ops {
		in := axesOf(op.Operands, at)
		for i, axis := range opLanes(op, dims, in) {
			set(op.Results[i], axis)
		}
	}
	return axesOf(r.Results, at)
}

func axesOf(vs []*ir.Value, at map[*ir.Value]int) []int {
	out := make([]int, len(vs))
	for i, x := range vs {
		out[i] = -1
		if a, ok := at[x]; ok {
			out[i] = a
		}
	}
	return out
}

// opLanes is the axis of each result of op.
func opLanes(op *ir.Op, dims []ir.Dim, in []int) []int {
	switch a := op.Attrs.(type) {
	case ir.ScanAttrs:
		return scanLanes(op, loopOf(a), dims, in)
	case ir.CondAttrs:
		x := followLanes(op.Regions[0], dims, in[1:], map[*ir.Value]int{})
		y := followLanes(op.Regions[1], dims, in[1:], map[*ir.Value]int{})
		for i := range x {
			x[i] = max(x[i], y[i])
			if in[0] >= 0 && x[i] < 0 {
				x[i] = place(op.Results[i].Type, dims, 0)
			}
		}
		return x
	}
	first := -1
	for _, a := range in {
		if a >= 0 {
			first = a
			break
		}
	}
	out := make([]int, len(op.Results))
	for i, x := range op.Results {
		if out[i] = -1; first >= 0 {
			out[i] = place(x.Type, dims, moved(op.Attrs, first))
		}
	}
	return out
}

// moved is where an axis goes in a transpose, and the axis itself elsewhere.
func moved(a ir.Attrs, axis int) int {
	if t, ok := a.(ir.TransposeAttrs); ok {
		for i, from := range t.Perm {
			if from == axis {
				return i
			}
		}
	}
	return axis
}

// place is the axis at which dims stand in t, the expected one if they do.
func place(t ir.Type, dims []ir.Dim, want int) int {
	fits := func(at int) bool {
		return at+len(dims) <= t.Rank() && ir.EqualDims(t.Dims[at:at+len(dims)], dims)
	}
	if fits(want) {
		return want
	}
	for i := range t.Dims {
		if fits(i) {
			return i
		}
	}
	return -1
}

// scanLanes follows lanes through a loop: an x loses its leading axis, a y
// gains one, and a carry has what its new value has.
func scanLanes(op *ir.Op, g loop, dims []ir.Dim, in []int) []int {
	params, out := scanParamLanes(op, g, dims, in)
	for i := range out {
		switch {
		case i < g.carries:
			out[i] = params[g.caps+i]
		case out[i] >= 0:
			out[i]++
		}
	}
	return out
}

// scanParamLanes is the axes of the parameters and results of the body.
func scanParamLanes(op *ir.Op, g loop, dims []ir.Dim, in []int) (params, out []int) {
	params = append([]int{}, in...)
	for i := g.caps + g.carries; i < len(params); i++ {
		params[i] = max(params[i]-1, -1)
	}
	for grown := true; grown; {
		grown = false
		out = followLanes(op.Regions[0], dims, params, map[*ir.Value]int{})
		for i := range g.carries {
			if p := &params[g.caps+i]; *p < 0 && out[i] >= 0 {
				*p, grown = out[i], true
			}
		}
	}
	return params, out
}
