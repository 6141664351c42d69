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
	lanes map[*ir.Value]lanes // where they stand in values of the region
}

// at is the mask for a value with dims in which the lanes stand at l.
func (m mask) at(b *ir.Builder, l lanes, dims []ir.Dim) *ir.Value {
	return maskAt(b, m.value, l, dims)
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
			for i, x := range z.branch(b, op, m, m.lanes[was[0]]) {
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

// branch writes both sides of op, in whose predicate the lanes of m stand at
// l, and selects their results.
func (z *flattener) branch(b *ir.Builder, op *ir.Op, m mask, l lanes) []*ir.Value {
	pred := op.Operands[0]
	var sides [2][]*ir.Value
	for i, r := range op.Regions {
		z.v.inlineCalls(z.f, r)
		on := pred
		if i == 1 {
			on = b.One("not", nil, pred)
		}
		if m.value != nil {
			on = b.One("and", nil, m.at(b, l, pred.Type.Dims), on)
		}
		inner := mask{dims: pred.Type.Dims, lanes: lanesIn(r, pred.Type.Dims)}
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
		y := b.Select(maskAt(b, pred, leading(pred.Type.Rank()), x.Type.Dims), sides[0][i], sides[1][i])
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
// that carries only some of the lanes is on where any of the others is.
func (z *flattener) guard(b *ir.Builder, op *ir.Op, was []*ir.Value, m mask) {
	safe := op.SafeOperands()
	for i, x := range op.Operands {
		if good, ok := safe[i]; ok {
			op.Operands[i] = b.Select(m.at(b, m.lanes[was[i]], x.Type.Dims), x, constLike(b, x.Type, good))
		}
	}
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
	t := tracker{m.dims, m.lanes}
	in := t.list(was)
	from, n := captures(op)
	params := in[from:]
	if a, ok := op.Attrs.(ir.ScanAttrs); ok {
		params, _ = t.scan(op, loopOf(a), in)
	}
	for _, r := range op.Regions {
		inner := tracker{m.dims, map[*ir.Value]lanes{}}
		inner.region(r, params)
		p := addParam(z.f, r, m.value.Type, nil)
		last := len(r.Params) - 1
		r.Params = join(r.Params[:n], []*ir.Value{p}, r.Params[n:last])
		renumber(r.Params)
		z.region(r, mask{p, m.dims, inner.at})
	}
	op.Operands = join(op.Operands[:from+n], []*ir.Value{m.value}, op.Operands[from+n:])
	setCaptures(op, n+1)
}
