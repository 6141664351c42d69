package passes

import "github.com/dfc-lang/dfc/ir"

// hoist moves what does not change in a loop out of it, innermost loops
// first. Before derivatives are taken an operation with a restricted domain
// stays: in a loop of no steps it would not have run.
func hoist(m *ir.Module, _ ir.Sizes) error { return hoistAll(m, false) }

// hoistLate is hoist once derivatives have been taken, and takes sums of
// contractions out of loops (see Note: contractions of loops).
func hoistLate(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.hoistSums(f, f.Body)
	}
	return hoistAll(m, true)
}

func hoistAll(m *ir.Module, domains bool) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.hoistRegion(f, f.Body, domains)
	}
	return nil
}

func (v *deriver) hoistRegion(f *ir.Func, r *ir.Region, domains bool) {
	ops := r.Ops
	r.Ops = nil
	b := at(v.m, f, r)
	for _, op := range ops {
		for _, s := range op.Regions {
			v.hoistRegion(f, s, domains)
		}
		if a, ok := op.Attrs.(ir.ScanAttrs); ok {
			more := v.hoistFrom(b, op.Regions[0], op.Operands[:a.Captures], domains)
			op.Operands = join(op.Operands[:a.Captures], more, op.Operands[a.Captures:])
			setCaptures(op, a.Captures+len(more))
		}
		r.Ops = append(r.Ops, op)
	}
}

// hoistFrom moves the operations of r that depend only on its leading
// parameters, which are fed by caps, to b. What is still needed inside becomes
// further captures behind those; their values are returned.
func (v *deriver) hoistFrom(b *ir.Builder, r *ir.Region, caps []*ir.Value, domains bool) []*ir.Value {
	outside, consts := env{}, map[*ir.Value]*ir.Op{}
	outside.bind(r.Params[:len(caps)], caps)
	var kept []*ir.Op
	moved := map[*ir.Value]bool{}
	for _, op := range r.Ops {
		if len(op.Operands) == 0 && len(op.Results) == 1 {
			consts[op.Results[0]] = op
			kept = append(kept, op)
			continue
		}
		if !v.pure(op) || !domains && op.Row.Has(ir.Domain) || !fromOutside(op, outside, consts) {
			kept = append(kept, op)
			continue
		}
		for _, x := range op.Operands {
			if c := consts[x]; c != nil && outside[x] == nil {
				copyOp(b, c, outside)
			}
		}
		copyOp(b, op, outside)
		for _, x := range op.Results {
			moved[x] = true
		}
	}
	if len(moved) == 0 {
		return nil
	}
	r.Ops = kept
	return capture(b.Func, r, moved, outside, len(caps))
}

// fromOutside reports whether all operands of op exist outside the loop.
func fromOutside(op *ir.Op, outside env, consts map[*ir.Value]*ir.Op) bool {
	some := false
	for _, x := range op.Operands {
		if outside[x] == nil && consts[x] == nil {
			return false
		}
		some = some || consts[x] == nil
	}
	return some
}

// capture turns uses of moved values in r into parameters behind the first n,
// and returns what feeds them.
func capture(f *ir.Func, r *ir.Region, moved map[*ir.Value]bool, outside env, n int) []*ir.Value {
	var args, params []*ir.Value
	to := env{}
	use := func(vs []*ir.Value) {
		for _, x := range vs {
			if moved[x] && to[x] == nil {
				p := f.NewValue(x.Type)
				dress(p, x)
				p.In = r
				to[x] = p
				params, args = append(params, p), append(args, outside[x])
			}
		}
	}
	for _, op := range r.Ops {
		use(op.Operands)
	}
	use(r.Results)
	r.Params = join(r.Params[:n], params, r.Params[n:])
	renumber(r.Params)
	substitute(r, to)
	return args
}

// pure reports whether op may be moved, merged or removed freely.
func (v *deriver) pure(op *ir.Op) bool { return !v.effect(op) }
