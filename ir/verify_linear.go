package ir

// share says how a value depends on the linear parameters of a function.
type share uint8

const (
	primal share = iota // not at all
	zero                // it is zero: linear, and may stand for a primal too
	linear              // linearly
	broken              // linearly on one way and not at all on another
)

func (s share) String() string {
	return [...]string{"primal", "zero", "linear", "linear on one side only"}[s]
}

// join is the share of a value that is one or the other.
func join(a, b share) share {
	switch {
	case a == b:
		return a
	case a == zero:
		return b
	case b == zero:
		return a
	}
	return broken
}

// linearity computes shares; say is nil while a loop is being settled, so that
// faults come once.
type linearity struct {
	m   *Module
	say func(op *Op, format string, args ...any)
	of  []share // by number of the value
}

func (l *linearity) fault(op *Op, format string, args ...any) {
	if l.say != nil {
		l.say(op, format, args...)
	}
}

// linear checks rule 8.
func (v *verifier) linear(f *Func) {
	v.f = f
	if f.Linear == nil {
		return
	}
	if len(f.Linear) != len(f.Params()) {
		v.fnFault("linear in %d of %s", len(f.Linear), counted(len(f.Params()), "parameter"))
		return
	}
	in := make([]share, len(f.Linear))
	for i, on := range f.Linear {
		if !on {
			continue
		}
		in[i] = linear
		if p := f.Params()[i]; !p.Type.IsFloat() {
			v.fnFault("linear in %s, which is no float", p)
		}
	}
	l := &linearity{m: v.m, say: v.opFault, of: make([]share, f.next)}
	for i, s := range l.region(f.Body, in) {
		if s == primal || s == broken {
			v.fnFault("result %d, %s, is %s though the function is linear", i, f.Results()[i], s)
		}
	}
}

// region gives the shares of the results from those of the parameters.
func (l *linearity) region(r *Region, in []share) []share {
	for i, p := range r.Params {
		l.of[p.ID] = in[i]
	}
	for _, op := range r.Ops {
		out := l.op(op)
		for i, v := range op.Results {
			l.of[v.ID] = out[i]
		}
	}
	return l.shares(r.Results)
}

func (l *linearity) shares(vs []*Value) []share {
	out := make([]share, len(vs))
	for i, v := range vs {
		out[i] = l.of[v.ID]
	}
	return out
}

func (l *linearity) op(op *Op) []share {
	in := l.shares(op.Operands)
	switch op.Row.Name {
	case "const":
		return []share{constShare(op.Attrs.(ConstAttrs))}
	case "cond":
		return l.cond(op, in)
	case "scan":
		a := op.Attrs.(ScanAttrs)
		return l.loop(op, in, a.Captures, a.Carries)
	case "map", "fused", "strips":
		return l.region(op.Regions[0], in)
	case "call":
		return l.call(op, in)
	}
	return l.row(op, in)
}

func constShare(a ConstAttrs) share {
	for _, x := range a.F {
		if x != 0 {
			return primal
		}
	}
	if len(a.F) == 0 {
		return primal
	}
	return zero
}

// row is the rule of all rows without regions.
func (l *linearity) row(op *Op, in []share) []share {
	var at []bool
	if op.Row.Linear != nil {
		at = op.Row.Linear(op)
	}
	count, zeros, rest := 0, 0, 0
	for i, s := range in {
		inside := i < len(at) && at[i]
		switch {
		case s == broken || s == linear && !inside:
			l.fault(op, "%s is %s, and the row is not linear in operand %d", op.Operands[i], s, i)
			count++
		case s == linear:
			count++
		case s == zero && inside:
			zeros++
		case inside:
			rest++
		}
	}
	if op.Row.Has(Bilinear) {
		if count > 1 {
			l.fault(op, "both factors are linear")
		}
		return repeat(strongest(count > 0, zeros > 0), len(op.Results))
	}
	if count > 0 && rest > 0 {
		l.fault(op, "it mixes linear and primal operands, so that it is not linear in them")
	}
	return repeat(strongest(count > 0, zeros > 0 && rest == 0), len(op.Results))
}

func strongest(isLinear, isZero bool) share {
	switch {
	case isLinear:
		return linear
	case isZero:
		return zero
	}
	return primal
}

func repeat(s share, n int) []share {
	out := make([]share, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func (l *linearity) cond(op *Op, in []share) []share {
	if in[0] == linear || in[0] == broken {
		l.fault(op, "the predicate depends on a linear parameter")
	}
	out := l.region(op.Regions[0], in[1:])
	for i, s := range l.region(op.Regions[1], in[1:]) {
		if out[i] = join(out[i], s); out[i] == broken {
			l.fault(op, "result %d is linear on one side and primal on the other", i)
			out[i] = linear
		}
	}
	return out
}

// loop raises the shares of carries until they stay as they are. Each round
// raises one of them at least, and each can be raised twice.
func (l *linearity) loop(op *Op, in []share, captures, carries int) []share {
	say := l.say
	l.say = nil
	for range 2*carries + 1 {
		out := l.region(op.Regions[0], in)
		same := true
		for i := range carries {
			s := join(in[captures+i], out[i])
			same = same && s == in[captures+i]
			in[captures+i] = s
		}
		if same {
			break
		}
	}
	l.say = say
	for i := range carries {
		if in[captures+i] == broken {
			l.fault(op, "carry %d is linear in one round and primal in another", i)
			in[captures+i] = linear
		}
	}
	out := l.region(op.Regions[0], in)
	copy(out, in[captures:captures+carries])
	return out
}

// call relies on what the function called says of itself. Where a transform is
// asked for nothing is known yet.
func (l *linearity) call(op *Op, in []share) []share {
	a := op.Attrs.(CallAttrs)
	f := l.m.Func(a.Fn)
	if len(a.Req) > 0 || f == nil || len(f.Linear) != len(in) {
		some := false
		for _, s := range in {
			some = some || s == linear || s == broken
		}
		if some && len(a.Req) == 0 {
			l.fault(op, "%s is not known to be linear", fnName(a.Fn))
		}
		return repeat(strongest(some, false), len(op.Results))
	}
	count, rest := 0, 0
	for i, s := range in {
		switch {
		case (s == linear || s == broken) && !f.Linear[i]:
			l.fault(op, "%s is not linear in parameter %d", fnName(a.Fn), i)
		case s == linear:
			count++
		case s == primal && f.Linear[i]:
			rest++
		}
	}
	if count > 0 && rest > 0 {
		l.fault(op, "it mixes linear and primal arguments")
	}
	return repeat(strongest(count > 0, rest == 0), len(op.Results))
}
