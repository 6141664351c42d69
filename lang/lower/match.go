package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// matched is the outcome of matching a call with a signature.
type matched struct {
	vals []Value // by parameter
	ats  []source.Span
	sol  *solution
}

// match evaluates the arguments of a call and brings them to the types of the
// parameters lo..hi; ok is false where something was reported. lift lists the
// parameters whose arguments have more dimensions than declared.
func (c *cx) match(s *signature, lo, hi int, call *callArgs, sol *solution, want check.Type) (*matched, []int, bool) {
	params := s.params[lo:hi]
	slots, ok := c.assign2(s, params, call)
	if !ok {
		return nil, nil, false
	}
	ok = true
	for i, p := range params { // functions last: their types are known by then
		if _, fun := p.t.(check.Func); fun || slots[i] == nil {
			continue
		}
		t := sol.subst(p.t)
		hint := t
		if open(t) {
			hint = nil
		}
		v := slots[i].val(call.cx, hint)
		if p.t == check.DimT {
			known := len(c.el.errs)
			v = c.coerce(v, check.DimT, place{at: slots[i].at, what: s.argName(p)})
			if isPoison(v) && len(c.el.errs) > known && lo == s.config && lo > 0 {
				c.el.errs[known].WithHint("a layer is made before it is applied: `x |> %s(…)`", s.name)
			}
			if n, isNum := v.(*Num); isNum {
				if d, isDim := n.dim(); isDim {
					sol.dims[check.Meta+p.name] = d
					sol.from[check.Meta+p.name] = slots[i].at
					sol.retry()
				}
			}
		}
		if hasPoison(v) {
			ok = false
		} else {
			sol.learn(c, p.t, v, slots[i].at)
		}
	}
	if !ok {
		for i, p := range params {
			if _, fun := p.t.(check.Func); fun && slots[i] != nil {
				if _, lambda := slots[i].x.(*syntax.Lambda); !lambda {
					slots[i].val(call.cx, nil)
				}
			}
		}
		return nil, nil, false
	}
	return c.settleArgs(s, lo, params, slots, call, sol)
}

func (s *signature) argName(p *param) string {
	return fmt.Sprintf("the argument `%s` of `%s`", p.name, s.name)
}

// assign2 distributes arguments to parameters.
func (c *cx) assign2(s *signature, params []*param, call *callArgs) ([]*arg, bool) {
	slots := make([]*arg, len(params))
	if len(call.args) > len(params) {
		r := c.errf("E0225", call.args[len(params)].at, "`%s` has %s, and %d are given", s.name, many(len(params), "argument"), len(call.args)).
			note(s.at, "%s", signatureText(s.name, s.params))
		if s.config < len(s.params) {
			r.hint("the first call says how the layer is made, a second one or a pipe applies it: `x |> %s(…)`", s.name)
		}
		return nil, false
	}
	copy(slots, call.args)
	for _, a := range call.named {
		at := -1
		var names []string
		for i, p := range params {
			names = append(names, p.name)
			if p.name == a.name {
				at = i
			}
		}
		if at < 0 {
			c.errf("E0226", a.at, "`%s` has no argument `%s`", s.name, a.name).note(s.at, "%s", signatureText(s.name, s.params)).suggest(a.name, names)
			return nil, false
		}
		if slots[at] != nil {
			c.errf("E0227", a.at, "the argument `%s` of `%s` is given twice", a.name, s.name).note(slots[at].at, "here already")
			return nil, false
		}
		slots[at] = a
	}
	for i, p := range params {
		if slots[i] == nil && p.def == nil && !c.implicitArg(s, p) {
			c.errf("E0228", call.at, "`%s` needs the argument `%s`", s.name, p.name).note(s.at, "%s", signatureText(s.name, s.params))
			return nil, false
		}
	}
	return slots, true
}

// settleArgs brings every argument to its type; `real` that nothing solved is
// the default precision.
func (c *cx) settleArgs(s *signature, lo int, params []*param, slots []*arg, call *callArgs, sol *solution) (*matched, []int, bool) {
	later := sol.kind == ir.NoKind && sol.later
	if sol.kind == ir.NoKind && !later {
		sol.kind = c.defaultKind()
	}
	m := &matched{sol: sol}
	var lift []int
	ok := true
	for i, p := range params {
		t := sol.subst(p.t)
		var v Value
		at := call.at
		wait := later && check.HasReal(p.t)
		if wait {
			t = nil
		}
		switch {
		case slots[i] == nil && p.def != nil && p.t == check.DimT:
			v, at = c.defaultDim(s, p, m, params, sol), p.at
		case slots[i] == nil && p.def != nil:
			v, at = c.defaultValue(s, p, m, params, t, sol), p.at
		case slots[i] == nil:
			v = c.implicitDim(p, sol)
		default:
			at = slots[i].at
			v = slots[i].val(call.cx, t)
		}
		if hasPoison(v) && !isFun(v) {
			ok = false
			m.vals, m.ats = append(m.vals, poison), append(m.ats, at)
			continue
		}
		if n, ok := v.(*Num); wait && ok && n.untyped() {
			m.vals, m.ats = append(m.vals, v), append(m.ats, at)
			continue
		}
		if wait {
			t = check.Subst(p.t, sol.look, c.defaultKind())
		}
		if c.lifts(v, t) {
			lift = append(lift, i)
		} else if p.t != check.DimT {
			if c.unsolved(t, s, p, call, v) {
				ok = false
				m.vals, m.ats = append(m.vals, poison), append(m.ats, at)
				continue
			}
			v = c.coerceArg(v, t, s, p, sol, at)
			ok = ok && !hasPoison(v)
		}
		m.vals, m.ats = append(m.vals, v), append(m.ats, at)
	}
	return m, lift, ok
}

func isFun(v Value) bool {
	_, ok := v.(Fun)
	return ok
}

// coerceArg is coerce with notes about where the other dimensions came from.
func (c *cx) coerceArg(v Value, t check.Type, s *signature, p *param, sol *solution, at source.Span) Value {
	n := len(c.el.errs)
	out := c.coerce(v, t, place{at: at, what: s.argName(p), from: p.at})
	if isPoison(out) && len(c.el.errs) > n {
		d := c.el.errs[len(c.el.errs)-1]
		set := map[string]bool{}
		check.Symbols(p.t, set)
		for sym := range set {
			if from, ok := sol.from[sym]; ok && from != at {
				d.Note(from, "`%s` is %s from here", check.DimText(ir.Sym(sym)), check.DimText(sol.dims[sym]))
			}
		}
		if check.HasReal(p.t) && !sol.kindAt.IsZero() && sol.kindAt != at {
			d.Note(sol.kindAt, "`real` is %s from here", sol.kind)
		}
	}
	return out
}

// unsolved reports a dimension that the call does not determine.
func (c *cx) unsolved(t check.Type, s *signature, p *param, call *callArgs, given Value) bool {
	set := map[string]bool{}
	check.Symbols(t, set)
	for sym := range set {
		if check.IsMeta(sym) {
			if a, ok := t.(check.Array); ok && given != nil && listDepth(given) < len(a.Dims) {
				c.mismatch(given, t, place{at: call.at, what: s.argName(p), from: p.at})
				return true
			}
			if tt, ok := t.(check.Tensor); ok && c.otherRank(tt, s, p, call, given) {
				return true
			}
			c.errf("E0426", call.at, "the dimension `%s` of `%s` is not determined by the arguments", check.DimText(ir.Sym(sym)), s.name).
				note(p.at, "it stands here").hint("add an argument `%s: dim` and give it explicitly", check.DimText(ir.Sym(sym)))
			return true
		}
	}
	return false
}

// otherRank reports that a tensor with other than the declared number of
// dimensions is given, which is why none of them is known.
func (c *cx) otherRank(t check.Tensor, s *signature, p *param, call *callArgs, given Value) bool {
	rank, ok := rankOf(given)
	if !ok || rank == len(t.Dims) {
		return false
	}
	r := c.errf("E0410", call.at, "%s is %s, and this is %s: %d dimensions meet %d", s.argName(p), t, c.describe(given), len(t.Dims), rank).
		note(p.at, "%s is declared here", s.argName(p))
	switch {
	case rank == 0:
		r.hint("a vector of one element is `[x]`")
	case rank > len(t.Dims):
		r.hint("of each element of `xs`: `[%s(x) for x in xs]`, or `[x |> %s(…) for x in xs]` for a layer", s.name, s.name)
	}
	return true
}

// rankOf is the number of dimensions of a tensor.
func rankOf(v Value) (int, bool) {
	switch v := v.(type) {
	case *Ten:
		return v.T.Rank(), true
	case *Num:
		return len(v.Dims), true
	}
	return 0, false
}

// lifts reports whether a scalar is declared and a tensor is given, so that
// the function works element by element.
func (c *cx) lifts(v Value, t check.Type) bool {
	tt, ok := t.(check.Tensor)
	if !ok || len(tt.Dims) > 0 {
		return false
	}
	switch v := v.(type) {
	case *Ten:
		return v.T.Rank() > 0 && v.T.Kind == tt.Kind && (tt.Kind != ir.Index || v.T.Bound == tt.Bound)
	case *Num:
		return len(v.Dims) > 0
	}
	return false
}

// defaultValue evaluates a default in the scope of the signature.
func (c *cx) defaultValue(s *signature, p *param, m *matched, params []*param, t check.Type, sol *solution) Value {
	d := *c
	d.lex = lex{mod: s.mod, real: s.realKind(sol)}
	e := &d
	for i, v := range m.vals {
		e = e.with(params[i].name, params[i].at, v)
	}
	for sym, dim := range sol.dims {
		e = e.with(sym[len(check.Meta):], s.at, dimNum(dim))
	}
	return e.expr(p.def, t)
}

// defaultDim is a dimension that is not given: what the other arguments say it
// is, else its default.
func (c *cx) defaultDim(s *signature, p *param, m *matched, params []*param, sol *solution) Value {
	if d, known := sol.dims[check.Meta+p.name]; known {
		return dimNum(d)
	}
	v := c.coerce(c.defaultValue(s, p, m, params, check.DimT, sol), check.DimT, place{at: p.def.Span(), what: "the default of `" + p.name + "`"})
	if n, ok := v.(*Num); ok {
		if d, ok := n.dim(); ok {
			sol.dims[check.Meta+p.name], sol.from[check.Meta+p.name] = d, p.def.Span()
			sol.retry()
		}
	}
	return v
}

// realKind is what `real` means in the body of a function.
func (s *signature) realKind(sol *solution) ir.Kind {
	if s.isReal {
		return sol.kind
	}
	return ir.NoKind
}

// listDepth is how many lists of records stand inside of each other.
func listDepth(v Value) int {
	if a, ok := v.(*Arr); ok {
		return 1 + listDepth(a.Elem)
	}
	return 0
}
