package passes

import "github.com/dfc-lang/dfc/ir"

// control batches an operation with regions or a call.
func (t *batcher) control(op *ir.Op, in []*ir.Value, on []bool) {
	t.b.Span, t.b.Primal = op.Span, ""
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		name, outOn := t.v.batched(a.Fn, on, t.d, t.rows, false)
		t.bind(op, t.b.Op("call", ir.CallAttrs{Fn: name}, in...), outOn)
	case ir.CondAttrs:
		if on[0] || t.taken != nil || op.Operands[0].Type.Rank() > 0 {
			t.vectorCond(op, in, on)
		} else {
			t.scalarCond(op, in, on)
		}
	case ir.ScanAttrs:
		t.scan(op, a, in, on)
	default:
		panic("passes: no batch rule for control row " + op.Row.Name)
	}
}

// scalarCond batches a branch that all lanes take together: it stays one.
func (t *batcher) scalarCond(op *ir.Op, in []*ir.Value, on []bool) {
	var force []bool
	for _, r := range op.Regions {
		_, o := t.within(r, on[1:], nil)
		force = either(force, o)
	}
	var regions []*ir.Region
	for _, r := range op.Regions {
		s, _ := t.within(r, on[1:], force)
		regions = append(regions, s)
	}
	t.bind(op, t.b.OpWith("cond", op.Attrs, regions, in...), force)
}

// vectorCond batches a branch whose lanes differ. The predicate becomes a
// vector and every result begins with its dimensions; see Note: lanes.
func (t *batcher) vectorCond(op *ir.Op, in []*ir.Value, on []bool) {
	pred := t.predicate(in[0], on[0])
	caps := append([]*ir.Value{}, in[1:]...)
	for i, c := range caps {
		caps[i] = t.capture(c, op.Operands[1+i].Type, on[1+i], op.Operands[0].Type.Dims)
	}
	var regions []*ir.Region
	for i, r := range op.Regions {
		r = ir.CopyRegion(t.b.Func, r)
		t.v.inlineCalls(t.b.Func, r)
		u, s := t.v.newBatcher(t.b.Func, r, on[1:], t.d, t.rows)
		u.taken = addParam(t.b.Func, s, pred.Type, nil)
		if i == 1 {
			u.taken = u.b.One("not", nil, u.taken)
		}
		u.fill(s, r, every(len(r.Results)))
		for i, c := range caps {
			if c != in[1+i] {
				reshapeParam(t.v.m, t.b.Func, s, i, c.Type)
			}
		}
		regions = append(regions, s)
	}
	t.bind(op, t.b.OpWith("cond", op.Attrs, regions, join(one(pred), caps, one(pred))...), nil)
}

// predicate is the predicate of a branch as a vector. One that does not depend
// on the lane is on, inside another branch, in the lanes that are on there: so
// the border of that one finds every predicate inside to carry its lanes.
func (t *batcher) predicate(p *ir.Value, on bool) *ir.Value {
	if on {
		return p
	}
	p = t.b.Spread(p, t.d)
	if t.taken == nil {
		return p
	}
	m := maskAt(t.b, t.taken, leading(t.taken.Type.Rank()), p.Type.Dims)
	return t.b.One("and", nil, p, m)
}

// capture is c in the form that says which lanes it carries: those of the
// dimensions that the predicate had, by its former type, and the new one
// where it is on.
func (t *batcher) capture(c *ir.Value, was ir.Type, on bool, dims []ir.Dim) *ir.Value {
	had := lanesOfType(was, dims).any()
	switch {
	case on && !had && len(dims) > 0:
		return withOnes(t.b, c, 1, len(dims))
	case on:
		return c
	case had:
		return withOnes(t.b, c, 0, 1)
	case lanesOfType(c.Type, append([]ir.Dim{t.d}, dims...)).any():
		return withOnes(t.b, c, 0, 1+len(dims))
	}
	return c
}

// reshapeParam changes the type of a parameter to one with the same elements
// and reshapes it back inside.
func reshapeParam(m *ir.Module, f *ir.Func, r *ir.Region, i int, t ir.Type) {
	old, ops := r.Params[i], r.Ops
	p := f.NewValue(t)
	p.Index, p.In = i, r
	dress(p, old)
	r.Params[i], r.Ops = p, nil
	back := at(m, f, r).One("reshape", ir.ReshapeAttrs{Dims: old.Type.Dims}, p)
	dress(back, old)
	r.Ops = append(r.Ops, ops...)
	substitute(r, env{old: back})
}

// scan batches a loop: which carries are on is a least fixpoint; what runs
// over the steps keeps them in front.
func (t *batcher) scan(op *ir.Op, a ir.ScanAttrs, in []*ir.Value, on []bool) {
	was := on
	on = append([]bool{}, on...)
	carry := func(i int) int { return a.Captures + i }
	body := op.Regions[0]
	var region *ir.Region
	var out []bool
	for again := true; again; {
		again = false
		force := append(append([]bool{}, on[a.Captures:carry(a.Carries)]...), make([]bool, len(body.Results)-a.Carries)...)
		region, out = t.within(body, on, force)
		for i := range a.Carries {
			if out[i] && !on[carry(i)] {
				on[carry(i)], again = true, true
			}
		}
	}
	for i := range in {
		switch {
		case !on[i]:
		case i >= carry(a.Carries):
			in[i] = swapLead(t.b, in[i])
		case !was[i]:
			in[i] = t.b.Spread(in[i], t.d)
		}
	}
	if t.taken != nil {
		in = join(in[:a.Captures], one(t.taken), in[a.Captures:])
		head, last := cut(region.Params, len(region.Params)-1)
		region.Params = join(head[:a.Captures], last, head[a.Captures:])
		renumber(region.Params)
		a.Captures++
	}
	rs := append([]*ir.Value{}, t.b.OpWith("scan", a, []*ir.Region{region}, in...)...)
	for i := a.Carries; i < len(rs); i++ {
		if out[i] {
			rs[i] = swapLead(t.b, rs[i])
		}
	}
	t.bind(op, rs, out)
}

// swapLead exchanges the two leading dimensions.
func swapLead(b *ir.Builder, v *ir.Value) *ir.Value {
	perm := make([]int, v.Type.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[0], perm[1] = 1, 0
	return b.One("transpose", ir.TransposeAttrs{Perm: perm}, v)
}

// mapMask says which parameters of the region of a map run over its count.
func mapMask(a ir.MapAttrs) []bool {
	return append(make([]bool, a.Captures), every(a.Xs)...)
}

// unmap eliminates the comprehensions in r and below, innermost first.
func (v *deriver) unmap(f *ir.Func, r *ir.Region) {
	ops := r.Ops
	r.Ops = nil
	b, e := at(v.m, f, r), env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			v.unmap(f, s)
		}
		e.rewire(op)
		a, ok := op.Attrs.(ir.MapAttrs)
		if !ok {
			r.Ops = append(r.Ops, op)
			continue
		}
		b.Span = op.Span
		s, _ := v.batchRegion(f, op.Regions[0], mapMask(a), every(len(op.Results)), a.Count, false)
		rs := ir.Inline(b, s, op.Operands)
		for i, x := range op.Results {
			if rs[i].Def != nil && rs[i].Name == "" {
				dress(rs[i], x)
			}
			e[x] = rs[i]
		}
	}
	r.Results = e.list(r.Results)
}
