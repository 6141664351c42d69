package lower

import (
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
	later  bool      // `real` that nothing has solved is left for the input of a layer
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
		s.learnList(c, t, v, at)
	}
}

// learnList learns from a list of records, tuples or values that may be missing.
func (s *solution) learnList(c *cx, t check.Array, v Value, at source.Span) {
	a, ok := v.(*Arr)
	o, opt := t.Elem.(check.Opt)
	switch {
	case ok && len(t.Dims) > 1:
		s.learnDim(t.Dims[0], a.N, at)
		s.learn(c, check.Array{Elem: t.Elem, Dims: t.Dims[1:]}, elemShape(a.Elem), at)
	case ok:
		s.learnDim(t.Dims[0], a.N, at)
		s.learn(c, t.Elem, elemShape(a.Elem), at)
	case opt:
		if in, ok := o.X.(check.Tensor); ok { // none is missing
			in.Dims = append(t.Dims[:len(t.Dims):len(t.Dims)], in.Dims...)
			s.learn(c, in, v, at)
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
