package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// signature is the head of a function: types with the open dimensions written
// as symbols that begin with check.Meta.
type signature struct {
	name   string
	params []*param
	config int // params from here on are configuration; len(params) without
	result check.Type
	resAt  source.Span
	open   map[string]source.Span
	mod    *check.Module
	at     source.Span
	isReal bool // `real` stands in it
}

type param struct {
	name string
	t    check.Type
	def  syntax.Expr
	at   source.Span
}

// signatureOf reads the head of a function or model, once.
func (e *el) signatureOf(d *check.Decl) *signature {
	if s := e.sigs[d]; s != nil {
		return s
	}
	s := &signature{name: d.Name, open: map[string]source.Span{}, mod: d.Module, at: d.At}
	e.sigs[d] = s
	c := e.graphCx(d.Module, "head")
	t := &typeCx{cx: c, open: s.open}
	args := func(as []*syntax.Arg) {
		for _, a := range as {
			for _, p := range s.params {
				if p.name == a.Name.Name {
					e.errf("E0224", a.Name.Span(), "two arguments are called `%s`", a.Name.Name)
				}
			}
			// A `dim` argument is a dimension of the types behind it.
			if p, ok := a.Type.(*syntax.Path); ok && p.String() == "dim" {
				s.open[a.Name.Name] = a.Name.Span()
			}
			s.params = append(s.params, &param{a.Name.Name, t.typ(a.Type), a.Default, a.Span()})
		}
	}
	switch n := d.Node.(type) {
	case *syntax.Fn:
		s.dimArgs(n.Args)
		args(n.Args)
		s.config = len(s.params)
		s.result, s.resAt = t.typ(n.Result), n.Result.Span()
	case *syntax.Model:
		s.dimArgs(n.Config)
		s.dimArgs(n.Args)
		args(n.Args)
		s.config = len(s.params)
		args(n.Config)
		s.result, s.resAt = t.typ(n.Result), n.Result.Span()
	case *syntax.Optimizer:
		args(n.Args)
		s.config = len(s.params)
		s.result = check.Unknown
	}
	s.isReal = check.HasReal(s.result)
	for _, p := range s.params {
		s.isReal = s.isReal || check.HasReal(p.t)
	}
	return s
}

// dimArgs opens the dimensions that arguments of type `dim` name.
func (s *signature) dimArgs(as []*syntax.Arg) {
	for _, a := range as {
		if p, ok := a.Type.(*syntax.Path); ok && p.String() == "dim" {
			s.open[a.Name.Name] = a.Name.Span()
		}
	}
}

// solution is what a call says about the open dimensions and `real`.
type solution struct {
	sig    *signature
	dims   map[string]ir.Dim
	from   map[string]source.Span // where each was learned
	kind   ir.Kind
	kindAt source.Span
	late   []lateDim // equations that could not be used yet
}

type lateDim struct {
	want, have ir.Dim
	at         source.Span
}

func newSolution(s *signature) *solution {
	return &solution{sig: s, dims: map[string]ir.Dim{}, from: map[string]source.Span{}}
}

func (s *solution) look(sym string) (ir.Dim, bool) {
	if !check.IsMeta(sym) {
		return ir.Dim{}, false
	}
	d, ok := s.dims[sym]
	return d, ok
}

// subst is a type with what is known put in.
func (s *solution) subst(t check.Type) check.Type { return check.Subst(t, s.look, s.kind) }

// open reports whether a type still has unknowns.
func open(t check.Type) bool {
	if t == nil {
		return true
	}
	set := map[string]bool{}
	check.Symbols(t, set)
	for k := range set {
		if check.IsMeta(k) {
			return true
		}
	}
	return check.HasReal(t)
}

// learn matches the type of a parameter with a value, from which unknowns are
// solved. It reports nothing: what does not fit shows when the value is
// brought to the type.
func (s *solution) learn(c *cx, t check.Type, v Value, at source.Span) {
	switch t := t.(type) {
	case check.Tensor:
		s.learnTensor(c, t, v, at)
	case check.Opt:
		if o, ok := v.(*Opt); ok {
			v = o.Val
		}
		s.learn(c, t.X, v, at)
	case check.Record:
		if r, ok := v.(*Rec); ok {
			for i, n := range t.Names {
				if f := r.get(n); f != nil {
					s.learn(c, t.Types[i], f, at)
				}
			}
		}
	case check.Tuple:
		if r, ok := v.(*Tup); ok && len(r.Vals) == len(t.Items) {
			for i := range t.Items {
				s.learn(c, t.Items[i], r.Vals[i], at)
			}
		}
	case check.Array:
		if a, ok := v.(*Arr); ok && len(t.Dims) > 0 {
			s.learnDim(t.Dims[0], a.N, at)
			s.learn(c, t.Elem, elemShape(a.Elem), at)
		}
	}
}

func (s *solution) learnTensor(c *cx, t check.Tensor, v Value, at source.Span) {
	var dims []ir.Dim
	switch v := v.(type) {
	case *Ten:
		dims = v.T.Dims
		if t.Kind == ir.NoKind && v.T.IsFloat() && s.kind == ir.NoKind {
			s.kind, s.kindAt = v.T.Kind, at
		}
		if t.Kind == ir.Index && v.T.Kind == ir.Index {
			s.learnDim(t.Bound, v.T.Bound, at)
		}
	case *Num:
		dims = v.Dims
		if t.Kind == ir.NoKind && v.Kind.IsFloat() && s.kind == ir.NoKind {
			s.kind, s.kindAt = v.Kind, at
		}
	case *Row:
		if t.Kind == ir.Index {
			s.learnDim(t.Bound, v.T.Base.Dim, at)
		}
	}
	if len(dims) == len(t.Dims) {
		for i := range dims {
			s.learnDim(t.Dims[i], dims[i], at)
		}
	}
}

// learnDim solves one dimension from `want = have`, if an unknown stands in
// want alone or as a multiple with a rest.
func (s *solution) learnDim(want, have ir.Dim, at source.Span) {
	w := want.Subst(s.look)
	set := map[string]bool{}
	w.Symbols(set)
	var unknown []string
	for k := range set {
		if check.IsMeta(k) {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return
	}
	if len(unknown) == 1 {
		num, den, rest, ok := w.Linear(unknown[0])
		if ok && num != 0 {
			d := have.Sub(rest).Mul(ir.N(den)).Quo(ir.N(num))
			if num == den || whole(d) {
				s.dims[unknown[0]] = d
				s.from[unknown[0]] = at
				s.retry()
				return
			}
		}
	}
	s.late = append(s.late, lateDim{want, have, at})
}

func whole(d ir.Dim) bool {
	n, ok := d.Const()
	return ok && n >= 0
}

func (s *solution) retry() {
	late := s.late
	s.late = nil
	for _, l := range late {
		s.learnDim(l.want, l.have, l.at)
	}
}

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
	if hi == len(s.params) || s.config == len(s.params) {
		c.learnResult(sol, s, want)
	}
	ok = true
	for i, p := range params { // functions last: their types are known by then
		if _, fun := p.t.(check.Func); fun || slots[i] == nil {
			continue
		}
		t := sol.subst(p.t)
		hint := t
		if open(t) {
			hint = partial(t)
		}
		v := slots[i].val(call.cx, hint)
		if p.t == check.DimT {
			v = c.coerce(v, check.DimT, place{at: slots[i].at, what: s.argName(p)})
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

// partial is what is known of a type with unknowns: nothing but its form.
func partial(t check.Type) check.Type {
	if _, ok := t.(check.Tensor); ok {
		return nil
	}
	return nil
}

// learnResult lets the type that is needed say what the arguments do not; it
// is only a proposal and weaker than they are.
func (c *cx) learnResult(sol *solution, s *signature, want check.Type) {}

func (s *signature) argName(p *param) string {
	return fmt.Sprintf("the argument `%s` of `%s`", p.name, s.name)
}

// assign2 distributes arguments to parameters.
func (c *cx) assign2(s *signature, params []*param, call *callArgs) ([]*arg, bool) {
	slots := make([]*arg, len(params))
	if len(call.args) > len(params) {
		c.errf("E0225", call.args[len(params)].at, "`%s` has %d arguments, and %d are given", s.name, len(params), len(call.args)).
			note(s.at, "%s", signatureText(s.name, s.params))
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
	if sol.kind == ir.NoKind {
		sol.kind = c.defaultKind()
	}
	m := &matched{sol: sol}
	var lift []int
	ok := true
	for i, p := range params {
		t := sol.subst(p.t)
		var v Value
		at := call.at
		switch {
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
		if c.lifts(v, t) {
			lift = append(lift, i)
		} else if p.t != check.DimT {
			if c.unsolved(t, s, p, call) {
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
func (c *cx) unsolved(t check.Type, s *signature, p *param, call *callArgs) bool {
	set := map[string]bool{}
	check.Symbols(t, set)
	for sym := range set {
		if check.IsMeta(sym) {
			c.errf("E0426", call.at, "the dimension `%s` of `%s` is not determined by the arguments", check.DimText(ir.Sym(sym)), s.name).
				note(p.at, "it stands here").hint("add an argument `%s: dim` and give it explicitly", check.DimText(ir.Sym(sym)))
			return true
		}
	}
	return false
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

// realKind is what `real` means in the body of a function.
func (s *signature) realKind(sol *solution) ir.Kind {
	if s.isReal {
		return sol.kind
	}
	return ir.NoKind
}
