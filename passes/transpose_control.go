package passes

import "github.com/dfc-lang/dfc/ir"

// control transposes an operation with regions or a call.
func (t *transposer) control(op *ir.Op, lin []bool, cts []*ir.Value) {
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		t.call(op, a, lin, cts)
	case ir.CondAttrs:
		t.cond(op, lin, cts)
	case ir.ScanAttrs:
		t.scan(op, a, lin, cts)
	default:
		panic("passes: no transpose rule for control row " + op.Row.Name)
	}
}

// through says which linear operands pass their accumulator through.
func (t *transposer) through(op *ir.Op, lin []bool) []bool {
	acc := make([]bool, len(lin))
	for i, x := range op.Operands {
		acc[i] = lin[i] && t.kept[x] && x.Type.Rank() > 0 && !twice(op, i)
	}
	return acc
}

// twice reports whether operand i of op stands there more than once.
func twice(op *ir.Op, i int) bool {
	for j, x := range op.Operands {
		if j != i && x == op.Operands[i] {
			return true
		}
	}
	return false
}

// again reports whether operand i of op stood there before.
func again(op *ir.Op, i int) bool {
	for _, x := range op.Operands[:i] {
		if x == op.Operands[i] {
			return true
		}
	}
	return false
}

// receive hands results to the operands in out: accumulators replace what was
// there, anything else is added.
func (t *transposer) receive(op *ir.Op, rs []*ir.Value, out, acc []bool) {
	for i, x := range op.Operands {
		switch {
		case !out[i]:
			continue
		case acc[i]:
			t.ct[x] = rs[0]
		default:
			t.add(x, rs[0])
		}
		rs = rs[1:]
	}
}

// arguments is what a transposed region or function is applied to.
func (t *transposer) arguments(op *ir.Op, lin, acc []bool, cts []*ir.Value) []*ir.Value {
	var fixed, accs []*ir.Value
	for i, x := range op.Operands {
		if !lin[i] {
			fixed = append(fixed, t.env.of(x))
		}
		if acc[i] {
			accs = append(accs, t.take(x))
		}
	}
	return join(fixed, accs, present(cts))
}

func (t *transposer) call(op *ir.Op, a ir.CallAttrs, lin []bool, cts []*ir.Value) {
	acc := t.through(op, lin)
	name, out := t.v.transposed(a.Fn, lin, isOn(cts), acc)
	if !anyOn(out) {
		return
	}
	rs := t.b.Op("call", ir.CallAttrs{Fn: name}, t.arguments(op, lin, acc, cts)...)
	t.receive(op, rs, out, acc)
}

// cond is a branch whose sides are transposed; a side that has nothing to say
// of a capture that the other side has yields zeros.
func (t *transposer) cond(op *ir.Op, lin []bool, cts []*ir.Value) {
	if op.Operands[0].Type.Rank() > 0 {
		panic("passes: a linear branch with a vector predicate")
	}
	acc := t.through(op, lin)
	var force []bool
	for _, r := range op.Regions {
		_, out := t.v.transpose(t.b.Func, r, lin[1:], isOn(cts), acc[1:], nil)
		force = either(force, out)
	}
	if !anyOn(force) {
		return
	}
	var regions []*ir.Region
	for _, r := range op.Regions {
		s, _ := t.v.transpose(t.b.Func, r, lin[1:], isOn(cts), acc[1:], force)
		regions = append(regions, s)
	}
	rs := t.b.OpWith("cond", op.Attrs, regions, t.arguments(op, lin, acc, cts)...)
	t.receive(op, rs, append([]bool{false}, force...), acc)
}

// scan is the loop run the other way round: cotangents of carries are
// carries, those of captures accumulators, those of xs are ys.
func (t *transposer) scan(op *ir.Op, a ir.ScanAttrs, lin []bool, cts []*ir.Value) {
	g := loopOf(a)
	body := op.Regions[0]
	lin = append([]bool{}, lin...)
	for i := range g.carries {
		if !body.Params[g.caps+i].Type.IsFloat() {
			panic("passes: a linear loop carries something that is no float")
		}
		lin[g.caps+i] = true
	}
	onCarry := t.carryCotangents(body, g, lin, cts)
	on := append(append([]bool{}, onCarry...), isOn(cts)[g.carries:]...)
	acc := make([]bool, len(lin))
	copy(acc, lin[:g.caps])
	force := append(append(make([]bool, g.caps), onCarry...), make([]bool, g.xs)...)
	r, out := t.v.transpose(t.b.Func, body, lin, on, acc, force)
	t.shape(r, g, lin, onCarry, out)
	t.loop(op, a, r, lin, on, out, cts)
}

// carryCotangents is the least fixpoint of the carries that have a cotangent:
// those whose final value has one and those that reach an active result.
func (t *transposer) carryCotangents(body *ir.Region, g loop, lin []bool, cts []*ir.Value) []bool {
	on := isOn(cts)
	by := depends(body)
	for grown := true; grown; {
		grown = false
		for j, yes := range on {
			for i := range g.carries {
				if yes && by[j][g.caps+i] && !on[i] {
					on[i], grown = true, true
				}
			}
		}
	}
	return on[:g.carries]
}

// shape brings the parameters and results of a transposed body in order.
// Parameters: nonlinear captures, cotangents of carries, accumulators,
// nonlinear xs, cotangents of ys. Results: carries, accumulators, xs.
func (t *transposer) shape(r *ir.Region, g loop, lin, onCarry, out []bool) {
	caps, rest := cut(r.Params, g.caps-count(lin[:g.caps]))
	xs, rest := cut(rest, g.xs-count(lin[g.caps+g.carries:]))
	accs, rest := cut(rest, count(lin[:g.caps]))
	carries, ys := cut(rest, count(onCarry))
	r.Params = join(caps, carries, accs, xs, ys)
	renumber(r.Params)
	racc, more := cut(r.Results, len(accs))
	rcarry, rx := cut(more, count(out[g.caps:g.caps+g.carries]))
	r.Results = join(rcarry, racc, rx)
}

// loop writes the reversed loop around r.
func (t *transposer) loop(op *ir.Op, a ir.ScanAttrs, r *ir.Region, lin, on, out []bool, cts []*ir.Value) {
	g := loopOf(a)
	var caps, carries, accs, xs []*ir.Value
	for i, x := range op.Operands {
		switch {
		case i < g.caps && !lin[i]:
			caps = append(caps, t.env.of(x))
		case i < g.caps && again(op, i):
			accs = append(accs, t.b.Zeros(x.Type))
		case i < g.caps:
			accs = append(accs, t.take(x))
		case i < g.caps+g.carries:
			if c := cts[i-g.caps]; on[i-g.caps] && c != nil {
				carries = append(carries, c)
			} else if on[i-g.caps] {
				carries = append(carries, t.b.Zeros(x.Type))
			}
		case !lin[i]:
			xs = append(xs, t.env.of(x))
		}
	}
	xs = append(xs, present(cts[g.carries:])...)
	attrs := ir.ScanAttrs{Count: a.Count, Captures: len(caps), Carries: len(carries) + len(accs), Xs: len(xs), Reverse: !a.Reverse}
	rs := t.b.OpWith("scan", attrs, []*ir.Region{r}, join(caps, carries, accs, xs)...)
	rk, rs := cut(rs, len(carries))
	racc, rx := cut(rs, len(accs))
	for i, x := range op.Operands {
		switch {
		case i < g.caps && lin[i] && again(op, i):
			t.add(x, racc[0])
			racc = racc[1:]
		case i < g.caps && lin[i]:
			t.ct[x] = racc[0]
			racc = racc[1:]
		case i >= g.caps && i < g.caps+g.carries && out[i]:
			if t.lin[x] {
				t.add(x, rk[0])
			}
			rk = rk[1:]
		case i >= g.caps+g.carries && out[i]:
			t.add(x, rx[0])
			rx = rx[1:]
		}
	}
}
