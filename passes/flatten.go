package passes

import "github.com/dfc-lang/dfc/ir"

// flatten turns branches with a vector predicate into both sides and selects.
// Operands that are unsafe where a lane is off (indices, divisors of integers,
// assertions, checked conversions: ir.Row.Safe) are replaced there.
func flatten(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.state[f.Name] = 2
	}
	z := &flattener{v: v}
	for _, f := range calleesFirst(m) {
		z.f = f
		z.region(f.Body, mask{})
		ir.Renumber(f)
	}
	return nil
}

type flattener struct {
	v *deriver
	f *ir.Func
}

// mask says which lanes are on in a region. The zero mask is no branch.
type mask struct {
	value *ir.Value // bool[dims], a value of the region
	dims  []ir.Dim
	lanes map[*ir.Value]int // axis of the lanes in values of the region
}

// region flattens r in place.
func (z *flattener) region(r *ir.Region, m mask) {
	ops := r.Ops
	r.Ops = nil
	b, e := at(z.v.m, z.f, r), env{}
	for _, op := range ops {
		was := append([]*ir.Value{}, op.Operands...)
		op.Operands = e.list(was)
		b.Span, b.Primal = op.Span, ""
		if _, ok := op.Attrs.(ir.CondAttrs); ok && op.Operands[0].Type.Rank() > 0 {
			for i, x := range z.branch(b, op, m) {
				e[op.Results[i]] = x
			}
			continue
		}
		if m.value != nil {
			z.guard(b, op, was, m)
		}
		z.inside(b, op, was, m)
		r.Ops = append(r.Ops, op)
	}
	r.Results = e.list(r.Results)
}

// branch writes both sides of op and selects their results.
func (z *flattener) branch(b *ir.Builder, op *ir.Op, m mask) []*ir.Value {
	pred := op.Operands[0]
	var sides [2][]*ir.Value
	for i, r := range op.Regions {
		z.v.inlineCalls(z.f, r)
		on := pred
		if i == 1 {
			on = b.One("not", nil, pred)
		}
		if m.value != nil && beginsWith(pred.Type, m.dims) {
			on = b.One("and", nil, spreadPred(b, m.value, pred.Type.Dims), on)
		}
		inner := mask{dims: pred.Type.Dims, lanes: lanesOf(r, pred.Type.Dims)}
		args := append([]*ir.Value{}, op.Operands[1:]...)
		if unsafe(r) {
			inner.value = addParam(z.f, r, on.Type, nil)
			args = append(args, on)
		}
		z.region(r, inner)
		sides[i] = ir.Inline(b, r, args)
	}
	var out []*ir.Value
	for i, x := range op.Results {
		y := b.Select(spreadPred(b, pred, x.Type.Dims), sides[0][i], sides[1][i])
		dress(y, x)
		out = append(out, y)
	}
	return out
}

// unsafe reports whether r has operations that must not see what lanes that
// are off hold.
func unsafe(r *ir.Region) bool {
	found := false
	ir.Walk(r, func(op *ir.Op) { found = found || len(op.SafeOperands()) > 0 })
	return found
}

// guard replaces the unsafe operands of op where its lane is off. An operand
// that does not range over the lanes counts as on where any lane is.
func (z *flattener) guard(b *ir.Builder, op *ir.Op, was []*ir.Value, m mask) {
	safe := op.SafeOperands()
	for i, x := range op.Operands {
		good, ok := safe[i]
		if !ok {
			continue
		}
		axis, laned := m.lanes[was[i]]
		on := m.value
		if !laned {
			on, axis = anyLane(b, on), 0
		}
		other := constLike(b, x.Type, good)
		op.Operands[i] = b.Select(spreadPredAt(b, on, x.Type.Dims, axis), x, other)
	}
}

// anyLane is whether any lane is on.
func anyLane(b *ir.Builder, on *ir.Value) *ir.Value {
	n := b.One("convert", ir.ConvertAttrs{K: ir.F32}, on)
	axes := make([]int, on.Type.Rank())
	for i := range axes {
		axes[i] = i
	}
	n = b.One("reduce_max", ir.AxesAttrs{Axes: axes}, n)
	return b.Cmp("gt", n, b.Zeros(n.Type))
}

// constLike is a constant of any type.
func constLike(b *ir.Builder, t ir.Type, x float64) *ir.Value {
	if t.IsFloat() {
		return b.Float(t, x)
	}
	return b.Int(t, int64(x))
}

// inside flattens the regions of a loop or of a branch that all lanes take
// together; the mask goes in as a capture where something inside is unsafe.
func (z *flattener) inside(b *ir.Builder, op *ir.Op, was []*ir.Value, m mask) {
	if len(op.Regions) == 0 {
		return
	}
	need := false
	for _, r := range op.Regions {
		need = need || m.value != nil && unsafe(r)
	}
	if !need {
		for _, r := range op.Regions {
			z.region(r, mask{})
		}
		return
	}
	axes := axesOf(was, m.lanes)
	from, n := captures(op)
	params := axes[from:]
	if a, ok := op.Attrs.(ir.ScanAttrs); ok {
		params, _ = scanParamLanes(op, loopOf(a), m.dims, axes)
	}
	for _, r := range op.Regions {
		in := mask{dims: m.dims, lanes: map[*ir.Value]int{}}
		followLanes(r, m.dims, params, in.lanes)
		p := addParam(z.f, r, m.value.Type, nil)
		last := len(r.Params) - 1
		r.Params = join(r.Params[:n], []*ir.Value{p}, r.Params[n:last])
		renumber(r.Params)
		in.value = p
		z.region(r, in)
	}
	op.Operands = join(op.Operands[:from+n], []*ir.Value{m.value}, op.Operands[from+n:])
	setCaptures(op, n+1)
}
