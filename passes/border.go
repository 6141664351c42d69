package passes

import "github.com/dfc-lang/dfc/ir"

// This file holds the linearization of branches with a vector predicate.
//
// Note: masks at the border. The forward half of such a branch stays a branch.
// What its linear half reads is zero in the lanes that do not take the side: a
// residual computed inside that carries the lanes is a result of the forward
// branch, whose other side yields zero; a capture is selected at entry. What
// carries only some of the lanes, or none, is zero where no lane of it takes
// the side: such a residual is computed in a branch of its own, on whether any
// lane does. Since linear code only multiplies by such values, lanes that are
// off compute 0·0, and the linear half needs no branch: both sides run and a
// select at the end chooses, whose transpose in turn masks every cotangent
// that enters. An infinity in what lanes share is genuine where some lane
// takes the side; so that it stays there, tangents that carry lanes are
// masked at entry, too.
//
// All of this stands in the linear half, and the masks of both sides cross as
// values of their own. So where a branch stands inside another one, the outer
// border masks the inner mask like any residual: a lane that is off outside is
// off inside on both sides.

// vectorCond linearizes a branch whose lanes differ.
func (z *linearizer) vectorCond(op *ir.Op, ts []*ir.Value) {
	on := isOn(ts)[1:]
	force := z.v.opActivity(op, isOn(ts))
	args := z.env.list(op.Operands)
	pred, caps := args[0], args[1:]
	var sides [2]linearized
	var borders [2]*border
	for i, r := range op.Regions {
		r = ir.CopyRegion(z.b.Func, r)
		z.v.inlineCalls(z.b.Func, r)
		sides[i] = z.v.linearize(z.b.Func, r, on, force)
		borders[i] = newBorder(z, &sides[i], pred.Type.Dims, caps)
	}
	extra := unite(z.v.m, z.b.Func, &sides, len(op.Results))
	rs := z.primal(op, op.Attrs, []*ir.Region{sides[0].fwd, sides[1].fwd}, args)
	if !anyOn(force) {
		return
	}
	z.at(op)
	masks := [2]*ir.Value{pred, nil}
	if borders[1].masks() {
		masks[1] = z.b.One("not", nil, pred)
	}
	var dts []*ir.Value
	z.b.InLinear(func() {
		var out [2][]*ir.Value
		for i, s := range borders {
			s.mask, s.results = masks[i], rs[extra[i]:]
			in := join(s.residuals(), s.tangents(ts[1:]))
			out[i] = ir.Inline(z.b, sides[i].lin, in)
		}
		for i := range out[0] {
			m := maskAt(z.b, pred, leading(pred.Type.Rank()), out[0][i].Type.Dims)
			dts = append(dts, z.b.Select(m, out[0][i], out[1][i]))
		}
	})
	z.scatter(op, dts, force)
}

// leading is the lanes of a value that begins with all n of them.
func leading(n int) lanes {
	l := make(lanes, n)
	for k := range l {
		l[k] = k
	}
	return l
}

// border is one side of a branch seen from its linear half.
type border struct {
	b     *ir.Builder
	side  *linearized
	dims  []ir.Dim
	caps  []*ir.Value             // what feeds the captures
	lanes map[*ir.Value]lanes     // in the forward side
	read  []*ir.Value             // by residual: the value of the forward side
	cross map[*ir.Value]int       // values that cross as extra results: which
	made  map[*ir.Value]*ir.Value // outside, once written
	// mask says which lanes take the side; results are the extra ones of the
	// forward branch. Both are known once that is written.
	mask    *ir.Value
	results []*ir.Value
}

// newBorder decides how each residual of a side crosses, and leaves as extra
// results of its forward half those that carry all lanes, lanes in front.
func newBorder(z *linearizer, l *linearized, dims []ir.Dim, caps []*ir.Value) *border {
	s := &border{b: z.b, side: l, dims: dims, caps: caps, lanes: lanesIn(l.fwd, dims),
		cross: map[*ir.Value]int{}, made: map[*ir.Value]*ir.Value{}}
	n := len(l.out)
	extra := l.fwd.Results[n:]
	l.fwd.Results = l.fwd.Results[:n:n]
	for _, k := range l.from {
		if k >= 0 {
			s.read = append(s.read, l.fwd.Params[k])
		} else {
			s.read = append(s.read, extra[-1-k])
		}
	}
	b, seen := at(z.v.m, z.b.Func, l.fwd), map[*ir.Value]bool{}
	var visit func(x *ir.Value)
	visit = func(x *ir.Value) {
		switch {
		case x.Def == nil || seen[x]:
		case s.lanes[x].full(len(dims)):
			s.cross[x] = len(l.fwd.Results) - n
			l.fwd.Results = append(l.fwd.Results, fronted(b, x, s.lanes[x]))
		default:
			for _, o := range x.Def.Operands {
				visit(o)
			}
		}
		seen[x] = true
	}
	for _, x := range s.read {
		visit(x)
	}
	return s
}

// masks reports whether something crosses that the mask must be known for:
// anything but results of the forward branch.
func (s *border) masks() bool {
	for _, x := range s.read {
		if _, ok := s.cross[x]; !ok && (masked(x.Type) || s.guarded(x)) {
			return true
		}
	}
	return false
}

// residuals is what the linear half reads, masked.
func (s *border) residuals() []*ir.Value {
	groups := map[string][]*ir.Value{}
	for _, x := range s.read {
		if s.guarded(x) {
			key := bits(s.lanes[x].mask(len(s.dims)))
			groups[key] = append(groups[key], x)
		}
	}
	out := make([]*ir.Value, len(s.read))
	for i, x := range s.read {
		if s.guarded(x) && s.made[x] == nil {
			s.guard(groups[bits(s.lanes[x].mask(len(s.dims)))])
		}
		if out[i] = s.outside(x); x.Def == nil && masked(x.Type) {
			out[i] = s.onlyWhere(out[i], s.lanes[x])
		}
	}
	return out
}

// masked reports whether a capture is masked: numbers, and what may be the
// mask of a branch inside.
func masked(t ir.Type) bool { return t.IsFloat() || t.Kind == ir.Bool }

// tangents is the tangents that enter: where something that lanes share is
// read, lanes that are off must not meet it.
func (s *border) tangents(ts []*ir.Value) []*ir.Value {
	shared := false
	for _, x := range s.read {
		shared = shared || x.Type.IsFloat() && !s.lanes[x].full(len(s.dims))
	}
	var out []*ir.Value
	for i, t := range ts {
		if t == nil {
			continue
		}
		if l := s.lanes[s.side.fwd.Params[i]]; shared && l.any() {
			t = s.onlyWhere(t, l)
		}
		out = append(out, t)
	}
	return out
}

// guarded reports whether x is computed in a branch of its own.
func (s *border) guarded(x *ir.Value) bool {
	_, crosses := s.cross[x]
	return !crosses && x.Def != nil && len(x.Def.Operands) > 0
}

// outside is a value of the forward side as it is known outside.
func (s *border) outside(x *ir.Value) *ir.Value {
	if x.Def == nil {
		return s.caps[x.Index]
	}
	if s.made[x] == nil {
		if i, ok := s.cross[x]; ok {
			s.made[x] = unfronted(s.b, s.results[i], x.Type, s.lanes[x])
		} else if s.guarded(x) {
			s.guard([]*ir.Value{x})
		} else {
			e := env{}
			copyOp(s.b, x.Def, e)
			s.made[x] = e[x]
		}
	}
	return s.made[x]
}

// guard computes values of the forward side, which carry the same lanes, in a
// branch on whether any lane that they do not carry takes the side.
func (s *border) guard(xs []*ir.Value) {
	on := s.lanes[xs[0]].mask(len(s.dims))
	var dims []ir.Dim
	for k, d := range s.dims {
		if on[k] {
			dims = append(dims, d)
		}
	}
	g := &guarding{s: s, on: on, then: &ir.Region{}, els: &ir.Region{}, env: env{}}
	g.b = at(s.b.Module, s.b.Func, g.then)
	zero := at(s.b.Module, s.b.Func, g.els)
	g.dims = dims
	for _, x := range xs {
		g.bring(x)
	}
	for _, x := range xs {
		y := fronted(g.b, g.env[x], pickLanes(s.lanes[x], on))
		g.then.Results = append(g.then.Results, y)
		g.els.Results = append(g.els.Results, zero.Zeros(y.Type))
	}
	m := maskAt(s.b, s.mask, place(on), dims)
	rs := s.b.OpWith("cond", ir.CondAttrs{}, []*ir.Region{g.then, g.els}, append([]*ir.Value{m}, g.args...)...)
	for i, x := range xs {
		s.made[x] = unfronted(s.b, rs[i], x.Type, pickLanes(s.lanes[x], on))
	}
}

// place is where the lanes in on stand in a value that has no other axes.
func place(on []bool) lanes {
	l, n := noLanes(len(on)), 0
	for k, yes := range on {
		if yes {
			l[k] = n
			n++
		}
	}
	return l
}

// pickLanes is the axes of the lanes in on.
func pickLanes(l lanes, on []bool) lanes {
	out := lanes{}
	for k, yes := range on {
		if yes {
			out = append(out, l.of(k))
		}
	}
	return out
}

// guarding is such a branch being written.
type guarding struct {
	s         *border
	b         *ir.Builder
	on        []bool
	dims      []ir.Dim
	then, els *ir.Region
	env       env
	args      []*ir.Value
}

// bring computes x inside, from captures and from what carries other lanes.
func (g *guarding) bring(x *ir.Value) {
	if g.env[x] != nil {
		return
	}
	same := bits(g.s.lanes[x].mask(len(g.s.dims))) == bits(g.on)
	if x.Def == nil || len(x.Def.Operands) > 0 && !(same && g.s.guarded(x)) {
		g.env[x] = g.capture(g.s.outside(x), pickLanes(g.s.lanes[x], g.on))
		return
	}
	for _, o := range x.Def.Operands {
		g.bring(o)
	}
	copyOp(g.b, x.Def, g.env)
}

// capture passes v, in which the lanes of the branch stand at l, with its
// lanes in front, and brings it back inside.
func (g *guarding) capture(v *ir.Value, l lanes) *ir.Value {
	arg := v
	switch {
	case l.any():
		arg = fronted(g.s.b, v, l)
	case lanesOfType(v.Type, g.dims).any():
		arg = withOnes(g.s.b, v, 0, len(g.dims))
	}
	g.args = append(g.args, arg)
	p := addParam(g.s.b.Func, g.then, arg.Type, v)
	addParam(g.s.b.Func, g.els, arg.Type, v)
	switch {
	case arg == v:
		return p
	case l.any():
		return unfronted(g.b, p, v.Type, l)
	}
	return g.b.One("reshape", ir.ReshapeAttrs{Dims: v.Type.Dims}, p)
}
