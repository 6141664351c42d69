package lower

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// ModelRef is a model by name, with the parameters that `with` gave it.
type ModelRef struct {
	d    *check.Decl
	n    *syntax.Model
	with *Rec
}

func (f *ModelRef) name() string { return f.d.Name }

// Layer is a model at a place of another one, its configuration given: what
// `nn.dense(64)` is, or a model named as a value. The place owns parameters.
type Layer struct {
	m    *ModelRef
	sol  *solution
	conf []Value
	ats  []source.Span
	inst *inst
}

func (f *Layer) name() string { return f.m.name() }

// inst is a model at its place: the owner of parameters under a path.
type inst struct {
	root  *paramRoot
	path  string
	names *naming
}

// naming gives names to the layers of one model, the same whenever it is
// evaluated.
type naming struct {
	auto  map[string]bool // names made of a kind and a number
	byKey map[string]string
	used  map[string]bool
	count map[string]int
}

// paramRoot says where parameters come from.
type paramRoot struct {
	model string
	mode  rootMode
	train *trainInfo // of train and trained
	given *Rec       // of explicit parameters
	// found collects parameters in the order in which they are met.
	found *registry
}

type rootMode uint8

const (
	rootTrain   rootMode = iota // Weight inputs of the training at hand
	rootTrained                 // what a training found
	rootGiven                   // a record
	rootFind                    // nobody's: to learn which parameters there are
)

// registry is the list of parameters and states of a model.
type registry struct {
	params []*paramInfo
	states []*paramInfo
	byPath map[string]*paramInfo
}

type paramInfo struct {
	path string
	t    check.Tensor
	init func(c *cx) Value // its initial value, in a function for it
	at   source.Span
	next *Ten // the new value of a state
}

func newRegistry() *registry { return &registry{byPath: map[string]*paramInfo{}} }

// rigidInst owns the layers of functions that are only checked.
func (e *el) rigidInst(name string) *inst {
	return &inst{root: &paramRoot{model: name, mode: rootFind, found: newRegistry()}, path: name, names: e.namesOf("check " + name)}
}

func (e *el) namesOf(path string) *naming {
	n := e.naming[path]
	if n == nil {
		n = &naming{map[string]bool{}, map[string]string{}, map[string]bool{}, map[string]int{}}
		e.naming[path] = n
	}
	return n
}

// place numbers the nodes of the text that own layers.
func (e *el) place(n syntax.Node) string {
	if n == nil {
		return "0"
	}
	if e.places[n] == 0 {
		e.places[n] = len(e.places) + 1
	}
	return fmt.Sprint(e.places[n])
}

// child is the instance of a model at a place of the model at hand.
func (c *cx) child(m *ModelRef, node syntax.Node) *inst {
	if c.inst == nil {
		return nil
	}
	ns := c.inst.names
	key := c.site + "/" + c.place(node)
	name := ns.byKey[key]
	if name == "" {
		name = c.layerNames[node]
		if name == "" || ns.used[name] {
			base := name
			if base == "" {
				base = m.d.Name
			}
			for name == "" || ns.used[name] {
				ns.count[base]++
				name = fmt.Sprintf("%s_%d", base, ns.count[base])
				ns.auto[name] = true
			}
		}
		ns.used[name] = true
		ns.byKey[key] = name
	}
	path := c.inst.path + "." + name
	return &inst{root: c.inst.root, path: path, names: c.namesOf(path)}
}

// nameLayers gives the layer that a `let` makes the name of the `let`.
func (c *cx) nameLayers(s *syntax.Let) {
	n, ok := s.Pattern.(*syntax.Name)
	if !ok {
		return
	}
	if call, ok := s.Value.(*syntax.Call); ok {
		c.layerNames[call] = n.Name
	}
}

// modelValue is a model named as a value: a layer of its own place, or, at the
// top, the model itself.
func (c *cx) modelValue(m *ModelRef, x syntax.Node) Value {
	if c.inst == nil || m.n.HasConfig {
		return m
	}
	return &Layer{m: m, sol: newSolution(c.signatureOf(m.d)), inst: c.child(m, x)}
}

func (f *ModelRef) apply(c *cx, call *callArgs, want check.Type) Value {
	s := c.signatureOf(f.d)
	if f.n.Body == nil || f.d.Cyclic || c.checkFn(f.d) {
		return poison
	}
	if f.n.HasConfig {
		sol := newSolution(s)
		m, lift, ok := c.match(s, s.config, len(s.params), call, sol, nil)
		if !ok {
			return poison
		}
		if len(lift) > 0 {
			c.errf("E0701", call.at, "the configuration of a layer is not lifted over lists")
			return poison
		}
		node := call.node
		sol.kind = ir.NoKind
		return &Layer{m: f, sol: sol, conf: m.vals, ats: m.ats, inst: c.child(f, node)}
	}
	in := c.child(f, call.node)
	if c.inst == nil {
		in = c.topInst(f)
	}
	return (&Layer{m: f, sol: newSolution(s), inst: in}).apply(c, call, want)
}

// topInst is a model used by itself: at the parameters of `with`, or those of
// the training at hand.
func (c *cx) topInst(f *ModelRef) *inst {
	root := &paramRoot{model: f.d.Name, mode: rootFind, found: newRegistry()}
	switch {
	case f.with != nil:
		root.mode, root.given = rootGiven, f.with
	case c.tr != nil && c.tr.info.model == f.d:
		root = c.tr.root
	case c.above != nil && c.above.info.model == f.d:
		panic(notHere{})
	case c.every != "" && c.metricOf != nil && c.metricOf.model == f.d:
		root = c.metricOf.trained()
	default:
		root = &paramRoot{model: f.d.Name, mode: rootGiven}
	}
	return &inst{root: root, path: f.d.Name, names: c.namesOf(f.d.Name)}
}

func (f *Layer) apply(c *cx, call *callArgs, want check.Type) Value {
	s := c.signatureOf(f.m.d)
	sol := newSolution(s)
	for k, v := range f.sol.dims {
		sol.dims[k], sol.from[k] = v, f.sol.from[k]
	}
	m, lift, ok := c.match(s, 0, s.config, call, sol, want)
	if !ok {
		return poison
	}
	run := func(d *cx, vals []Value) Value { return d.runModel(f, s, vals, m, sol, call) }
	if len(lift) > 0 {
		return c.lift(call.at, m, lift, run, func(i int, v Value) Value {
			return c.coerceArg(v, sol.subst(s.params[i].t), s, s.params[i], sol, m.ats[i])
		})
	}
	return run(c, m.vals)
}

// runModel evaluates the body of a model in place.
func (c *cx) runModel(f *Layer, s *signature, vals []Value, m *matched, sol *solution, call *callArgs) Value {
	all := &matched{vals: append(append([]Value{}, vals...), f.conf...), ats: append(append([]source.Span{}, m.ats...), f.ats...), sol: sol}
	d := c.bodyCx(s, all)
	d.inst, d.site = f.inst, ""
	v := c.deeper(call.at, func() Value { return d.expr(f.m.n.Body, sol.subst(s.result)) })
	return c.result(v, s, sol, f.m.n.Body.Span())
}

// paramStmt is `param w: T ~ init` in a model.
func (c *cx) paramStmt(p *syntax.Param) Value {
	if p.Constraint != nil {
		c.errf("E0702", p.Constraint.Span(), "constraints of parameters are not part of this version")
		return poison
	}
	t, ok := c.typ(p.Type).(check.Tensor)
	if !ok || !t.Kind.IsFloat() {
		if c.typ(p.Type) != check.Unknown {
			c.errf("E0703", p.Type.Span(), "a parameter is a number or tensor of kind f32 or f64, not %s", c.typ(p.Type)).hint("several parameters are several `param` lines")
		}
		return poison
	}
	if c.inst == nil {
		c.errf("E0704", p.Span(), "layers and parameters belong to models, and this is not inside one").hint("use it in a `model`, and train that")
		return poison
	}
	return c.paramValue(c.inst.path+"."+p.Name.Name, p, t)
}

// paramValue is a parameter at its path, from where the model takes it.
func (c *cx) paramValue(path string, p *syntax.Param, t check.Tensor) Value {
	it := ir.Type{Kind: t.Kind, Dims: t.Dims}
	root := c.inst.root
	if root.found != nil {
		if !c.register(root.found, path, p, t) {
			return poison
		}
	}
	switch root.mode {
	case rootTrain:
		if c.tr == nil || c.tr.root != root {
			panic(notHere{})
		}
		return c.ten(c.input(ir.Weight, path, it))
	case rootTrained:
		return c.ten(c.input(ir.Given, root.train.name+"/"+path, it))
	case rootFind:
		return c.ten(c.fn.f.AddParam(path, it, ir.Input{Role: ir.Given, Bind: "find/" + path}))
	}
	return c.givenParam(root, path, t, p)
}

// givenParam takes a parameter out of a record.
func (c *cx) givenParam(root *paramRoot, path string, t check.Tensor, p *syntax.Param) Value {
	if root.given == nil {
		c.errf("E0705", c.fn.span(), "`%s` has parameters, and nothing says which", root.model).
			note(p.Span(), "such as this one").hint("use the result of a training (`fit(…)`), or say which: `%s with p`", root.model)
		return poison
	}
	var v Value = root.given
	parts := strings.Split(path, ".")
	if parts[0] == root.model {
		parts = parts[1:]
	}
	for _, n := range parts {
		r, ok := v.(*Rec)
		if !ok || r.get(n) == nil {
			c.errf("E0706", c.fn.span(), "the parameters given to `%s` have no `%s`", root.model, strings.Join(parts, ".")).note(p.Span(), "declared here")
			return poison
		}
		v = r.get(n)
	}
	return c.coerce(v, t, place{at: c.fn.span(), what: "the parameter `" + path + "`", from: p.Span()})
}

// register lists a parameter, or finds it listed with another size.
func (c *cx) register(r *registry, path string, p *syntax.Param, t check.Tensor) bool {
	if old := r.byPath[path]; old != nil {
		if !ir.EqualDims(old.t.Dims, t.Dims) || old.t.Kind != t.Kind {
			c.errf("E0707", p.Span(), "the parameter `%s` is %s in one use and %s in another", path, old.t, t).
				hint("a layer has one size; make two of them if two are meant")
			return false
		}
		return true
	}
	info := &paramInfo{path: path, t: t, at: p.Span()}
	l := c.lex
	info.init = func(d *cx) Value {
		e := *d
		e.lex = l
		return e.initial(p, t)
	}
	r.byPath[path] = info
	r.params = append(r.params, info)
	return true
}

// fans are the dimensions that an initialiser may ask for.
type fans struct{ in, out ir.Dim }

func (c *cx) implicitArg(s *signature, p *param) bool {
	return c.fan != nil && p.t == check.DimT && (p.name == "fan_in" || p.name == "fan_out")
}

func (c *cx) implicitDim(p *param, sol *solution) Value {
	d := c.fan.in
	if p.name == "fan_out" {
		d = c.fan.out
	}
	sol.dims[check.Meta+p.name] = d
	return dimNum(d)
}

// initial is the first value of a parameter: `= e` as it is, `~ e` drawn for
// every element.
func (c *cx) initial(p *syntax.Param, t check.Tensor) Value {
	where := place{at: p.Span(), what: "the parameter `" + p.Name.Name + "`", from: p.Type.Span()}
	it := ir.Type{Kind: t.Kind, Dims: t.Dims}
	d := *c
	d.lex.real = t.Kind
	c = &d
	switch {
	case p.Value != nil:
		where.at = p.Value.Span()
		v := c.expr(p.Value, t)
		if n, ok := v.(*Num); ok && n.scalar() && len(t.Dims) > 0 && c.fitNum(n, t.Kind, where.at) {
			return c.ten(c.fn.b.Spread(n.make(c, t.Kind), t.Dims...))
		}
		return c.coerce(v, t, where)
	case p.Init == nil:
		c.errf("E0708", p.Span(), "the parameter `%s` has no initial value", p.Name.Name).hint("`= 0`, or drawn: `~ normal(0, 0.1)`, `~ glorot()`, `~ zeros()`")
		return poison
	}
	if call, ok := p.Init.(*syntax.Call); ok && len(call.Args) == 0 {
		if n, ok := call.Fun.(*syntax.Name); ok && (n.Name == "zeros" || n.Name == "ones") {
			x := 0.0
			if n.Name == "ones" {
				x = 1
			}
			return c.ten(c.fn.b.Float(it, x))
		}
	}
	c.fan = fansOf(t.Dims)
	where.at = p.Init.Span()
	elem := check.Tensor{Kind: t.Kind}
	v := c.overAll(t.Dims, func(e *cx) Value { return e.coerce(e.expr(p.Init, elem), elem, where) })
	return v
}

// fansOf: fan_out is the last dimension, fan_in the product of the others,
// both the length of a vector.
func fansOf(dims []ir.Dim) *fans {
	if len(dims) == 0 {
		return &fans{ir.N(1), ir.N(1)}
	}
	out := dims[len(dims)-1]
	in := ir.N(1)
	for _, d := range dims[:len(dims)-1] {
		in = in.Mul(d)
	}
	if len(dims) == 1 {
		in = out
	}
	return &fans{in, out}
}

// overAll evaluates a scalar for every element of dims.
func (c *cx) overAll(dims []ir.Dim, f func(e *cx) Value) Value {
	if len(dims) == 0 {
		return c.force(f(c), c.fn.span())
	}
	failed := false
	vs := c.mapLoop(dims[0], func(d *cx, fr *frame) []*ir.Value {
		v := d.force(d.overAll(dims[1:], f), d.fn.span())
		if hasPoison(v) {
			failed = true
			return nil
		}
		return d.values(v)
	})
	if failed {
		return poison
	}
	return c.ten(vs[0])
}

// globalParam is a `param` at top level, shared by every model that uses it.
type globalParam struct {
	d *check.Decl
	n *syntax.Param
}

func (c *cx) globalParam(g *globalParam, x syntax.Node) Value {
	root := c.el.root(g.d.Module)
	t, ok := root.withFn(c.fn).typ(g.n.Type).(check.Tensor)
	if !ok || !t.Kind.IsFloat() {
		c.errf("E0703", g.n.Type.Span(), "a parameter is a number or tensor of kind f32 or f64")
		return poison
	}
	if c.inst == nil {
		if c.tr != nil {
			d := *c
			d.inst = &inst{root: c.tr.root, path: "", names: c.namesOf("")}
			d.mod, d.sc = g.d.Module, nil
			return d.paramValue(g.d.Name, g.n, t)
		}
		c.errf("E0709", x.Span(), "`%s` is a parameter, and its value is known only to a training", g.d.Name).hint("use `fit.params.%s`", g.d.Name)
		return poison
	}
	d := *c
	d.mod, d.sc = g.d.Module, nil
	return d.paramValue(g.d.Name, g.n, t)
}

func (c *cx) withFn(f *fnCtx) *cx {
	d := *c
	d.fn = f
	return &d
}

// withParams is `model with p`.
func (c *cx) withParams(x *syntax.With) Value {
	v := c.callee(x.X)
	p := c.expr(x.Params, nil)
	if isPoison(v, p) {
		return poison
	}
	rec, ok := p.(*Rec)
	if !ok {
		c.errf("E0710", x.Params.Span(), "`with` takes a record of parameters, and this is %s", c.describe(p)).hint("`fit.params`, `price.initial`, or one of these changed: `{ ...fit.params, w: 0 }`")
		return poison
	}
	switch m := v.(type) {
	case *ModelRef:
		return &ModelRef{d: m.d, n: m.n, with: rec}
	case *trainVal:
		return &ModelRef{d: m.t.model, n: m.t.model.Node.(*syntax.Model), with: rec}
	}
	c.errf("E0711", x.X.Span(), "`with` gives parameters to a model, and this is %s", c.describe(v))
	return poison
}

// stateStmt is `state m = e` in a model: a running value.
func (c *cx) stateStmt(s *syntax.State) *cx {
	if c.slots != nil {
		return c.slotStmt(s)
	}
	if c.inst == nil {
		c.errf("E0712", s.Span(), "a `state` belongs to a model or an optimizer")
		return c.with(s.Name.Name, s.Name.Span(), poison)
	}
	var want check.Type
	if s.Type != nil {
		want = c.typ(s.Type)
	}
	v := c.letValue(s.Type, s.Value)
	t := c.tensor(v, kindOf(want), s.Value.Span())
	if t == nil {
		if !isPoison(v) {
			c.errf("E0713", s.Value.Span(), "a state is a number or tensor, not %s", c.describe(v))
		}
		return c.with(s.Name.Name, s.Name.Span(), poison)
	}
	path, root := c.inst.path+"."+s.Name.Name, c.inst.root
	l := c.lex
	info := &paramInfo{path: path, t: check.Tensor{Kind: t.T.Kind, Bound: t.T.Bound, Dims: t.T.Dims}, at: s.Span(),
		init: func(d *cx) Value {
			e := *d
			e.lex = l
			return e.tensor(e.letValue(s.Type, s.Value), t.T.Kind, s.Value.Span())
		}}
	if root.found != nil {
		if old := root.found.byPath[path]; old != nil {
			info = old
		} else {
			root.found.byPath[path] = info
			root.found.states = append(root.found.states, info)
		}
	}
	d := c.with(s.Name.Name, s.Name.Span(), c.stateValue(info, t.T))
	d.sc.b.what = "state " + path
	return d
}

func (c *cx) stateValue(info *paramInfo, t ir.Type) Value {
	root := c.inst.root
	switch root.mode {
	case rootTrain:
		if c.tr == nil || c.tr.root != root {
			panic(notHere{})
		}
		return c.ten(c.input(ir.State, info.path, t))
	case rootTrained:
		return c.ten(c.input(ir.Given, root.train.name+"/"+info.path, t))
	}
	return info.init(c)
}

// assign is `m <- e`.
func (c *cx) assign(s *syntax.Assign) *cx {
	if c.slots != nil {
		return c.slotAssign(s)
	}
	b := c.sc.find(s.Name.Name)
	if b == nil || !strings.HasPrefix(b.what, "state ") {
		c.errf("E0714", s.Name.Span(), "`%s` is no state, and only states change", s.Name.Name).hint("`let` makes a new value; a state begins with `state %s = …`", s.Name.Name)
		c.expr(s.Value, nil)
		return c
	}
	old, _ := b.val.(*Ten)
	v := c.expr(s.Value, c.typeOf(b.val))
	if old == nil || isPoison(v) {
		return c
	}
	v = c.coerce(v, c.typeOf(old), place{at: s.Value.Span(), what: "the state `" + s.Name.Name + "`", from: b.at})
	t := c.tensor(v, old.T.Kind, s.Value.Span())
	if t == nil {
		return c
	}
	if c.inst.root.mode == rootTrain {
		info := c.inst.root.found.byPath[strings.TrimPrefix(b.what, "state ")]
		if len(c.fn.frames) > 0 {
			c.errf("E0715", s.Span(), "a state changes once a step, not inside a loop or a branch")
			return c
		}
		info.next = t
	}
	d := c.with(s.Name.Name, b.at, t)
	d.sc.b.what = b.what
	return d
}

// modelMember is `price.w`, `price.initial` where price is a model.
func (c *cx) modelMember(m *ModelRef, n *syntax.Name) Value {
	if n.Name == "initial" {
		return c.initialOf(m, n)
	}
	if c.tr == nil || c.tr.info.model != m.d {
		c.errf("E0716", n.Span(), "`%s.%s` means something inside the training of `%s`, or as a type", m.d.Name, n.Name, m.d.Name).
			hint("after training it is `fit.params.%s`", n.Name)
		return poison
	}
	if c.tr.root.mode == rootGiven {
		if n.Name == "params" {
			return c.tr.root.given
		}
		return c.selectField(n, c.tr.root.given, n)
	}
	rec := c.recordOf(c.tr.root.found, m.d.Name, func(p *paramInfo) Value {
		return c.ten(c.input(ir.Weight, p.path, ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}))
	})
	if n.Name == "params" {
		return rec
	}
	return c.selectField(n, rec, n)
}

// layerMember is `layer.weight` where a layer is a value.
func (c *cx) layerMember(l *Layer, n *syntax.Name) Value {
	if l.inst != nil && l.inst.root.found != nil {
		if p := l.inst.root.found.byPath[l.inst.path+"."+n.Name]; p != nil {
			d := *c
			d.inst = l.inst
			return d.againParam(p)
		}
	}
	c.errf("E0717", n.Span(), "the layer has no parameter `%s` yet", n.Name).hint("a layer has parameters once it has been applied")
	return poison
}

func (c *cx) againParam(p *paramInfo) Value {
	t := ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}
	switch c.inst.root.mode {
	case rootTrain:
		return c.ten(c.input(ir.Weight, p.path, t))
	case rootTrained:
		return c.ten(c.input(ir.Given, c.inst.root.train.name+"/"+p.path, t))
	}
	return c.ten(c.fn.f.AddParam(p.path, t, ir.Input{}))
}

// recordOf is the record of parameters: paths become fields.
func (c *cx) recordOf(r *registry, model string, leaf func(p *paramInfo) Value) *Rec {
	out := &Rec{}
	for _, p := range r.params {
		parts := strings.Split(p.path, ".")
		if parts[0] == model {
			parts = parts[1:]
		}
		at := out
		for i, n := range parts {
			if i == len(parts)-1 {
				at.Names, at.Vals = append(at.Names, n), append(at.Vals, leaf(p))
				break
			}
			next, ok := at.get(n).(*Rec)
			if !ok {
				next = &Rec{}
				at.Names, at.Vals = append(at.Names, n), append(at.Vals, next)
			}
			at = next
		}
	}
	return out
}
