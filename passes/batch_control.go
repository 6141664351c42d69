package passes

import "github.com/dfc-lang/dfc/ir"

// control batches an operation with regions or a call.
func (t *batcher) control(op *ir.Op, in []*ir.Value, on []bool) {
	t.b.Span, t.b.Primal = op.Span, ""
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		name, outOn := t.v.batched(a.Fn, on, t.d, t.rows, t.lanes)
		t.bind(op, t.b.Op("call", ir.CallAttrs{Fn: name}, in...), outOn)
	case ir.CondAttrs:
		if on[0] || op.Operands[0].Type.Rank() > 0 {
			t.vectorCond(op, in, on)
		} else {
			t.scalarCond(op, in, on)
		}
	case ir.ScanAttrs:
		t.scan(op, a, in, on)
	case ir.MapAttrs:
		t.mapping(op, a, in, on)
	default:
		panic("passes: no batch rule for control row " + op.Row.Name)
	}
}

// scalarCond batches a branch that all lanes take together: it stays one.
func (t *batcher) scalarCond(op *ir.Op, in []*ir.Value, on []bool) {
	var force []bool
	for _, r := range op.Regions {
		_, o := t.v.batchRegion(t.b.Func, r, on[1:], nil, t.d, t.rows, t.lanes)
		force = either(force, o)
	}
	var regions []*ir.Region
	for _, r := range op.Regions {
		s, _ := t.v.batchRegion(t.b.Func, r, on[1:], force, t.d, t.rows, t.lanes)
		regions = append(regions, s)
	}
	t.bind(op, t.b.OpWith("cond", op.Attrs, regions, in...), force)
}

// vectorCond batches a branch whose lanes differ. The predicate becomes a
// vector and every result begins with its dimensions; see Note: lanes.
func (t *batcher) vectorCond(op *ir.Op, in []*ir.Value, on []bool) {
	pred := in[0]
	if !on[0] {
		pred = t.b.Spread(pred, t.d)
	}
	caps, distinct := append([]*ir.Value{}, in[1:]...), make([]bool, len(in)-1)
	for i, c := range caps {
		if !on[1+i] && beginsWith(c.Type, pred.Type.Dims) {
			caps[i] = t.b.One("reshape", ir.ReshapeAttrs{Dims: c.Type.Lead(ir.N(1)).Dims}, c)
			distinct[i] = true
		}
	}
	var regions []*ir.Region
	for _, r := range op.Regions {
		s, _ := t.v.batchRegion(t.b.Func, r, on[1:], every(len(r.Results)), t.d, t.rows, true)
		for i, yes := range distinct {
			if yes {
				reshapeParam(t.v.m, t.b.Func, s, i, caps[i].Type)
			}
		}
		regions = append(regions, s)
	}
	t.bind(op, t.b.OpWith("cond", op.Attrs, regions, append([]*ir.Value{pred}, caps...)...), nil)
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

// beginsWith reports whether t has dims in front.
func beginsWith(t ir.Type, dims []ir.Dim) bool {
	return len(t.Dims) >= len(dims) && ir.EqualDims(t.Dims[:len(dims)], dims)
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
		region, out = t.v.batchRegion(t.b.Func, body, on, force, t.d, t.rows, t.lanes)
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

// mapping batches a comprehension away: first by its own count, then, what
// comes of that, by the dimension at hand.
func (t *batcher) mapping(op *ir.Op, a ir.MapAttrs, in []*ir.Value, on []bool) {
	inner, _ := t.v.batchRegion(t.b.Func, op.Regions[0], mapMask(a), every(len(op.Results)), a.Count, false, false)
	s, outOn := t.v.batchRegion(t.b.Func, inner, on, nil, t.d, t.rows, t.lanes)
	t.bind(op, ir.Inline(t.b, s, in), outOn)
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
		op.Operands = e.list(op.Operands)
		a, ok := op.Attrs.(ir.MapAttrs)
		if !ok {
			r.Ops = append(r.Ops, op)
			continue
		}
		b.Span = op.Span
		s, _ := v.batchRegion(f, op.Regions[0], mapMask(a), every(len(op.Results)), a.Count, false, false)
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

// Note: lanes. In a branch with a vector predicate P every result begins with
// the dimensions of P. A capture that begins with them carries the lanes, any
// other does not; where one that does not would begin with them by chance
// (a square weight matrix in a comprehension of the same length), it is passed
// with a dimension 1 in front. lanes.go follows the lanes from the captures
// on. Small values computed inside from captures without lanes are given
// lanes, so that a lane that is off does not compute; large ones are not,
// since that would copy them once for each lane.
