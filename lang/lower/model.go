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
	of   *trainInfo // the training whose running values go with these parameters
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
	// A layer that a `let` at top level makes has no place before a model uses
	// it: home is its name, first are the first values that it was given.
	home  string
	first map[string]*given
}

func (f *Layer) name() string { return f.m.name() }

// inst is a model at its place: the owner of parameters under a path.
type inst struct {
	root  *paramRoot
	path  string
	names *naming
	stack *stacked          // of layers, around it
	given map[string]*given // initial values by the names of its parameters
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
	// states says where running values come from, where not from here.
	states *paramRoot
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
	return c.childNamed(m.d.Name, c.layerNames[node], node)
}

// childNamed is the place of a layer of some kind with the name that the
// program gives it, "" for none.
func (c *cx) childNamed(kind, name string, node syntax.Node) *inst {
	ns := c.inst.names
	key := c.site + "/" + c.place(node)
	if known := ns.byKey[key]; known != "" {
		name = known
	} else {
		if name == "" || ns.used[name] {
			base := name
			if base == "" {
				base = kind
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
	return &inst{root: c.inst.root, path: path, names: c.namesOf(path), stack: c.inst.stack}
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
	call, first := c.firstValues(f.n, call)
	if f.n.HasConfig {
		sol := newSolution(s)
		sol.later = true
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
		return &Layer{m: f, sol: sol, conf: m.vals, ats: m.ats, inst: c.child(f, node).giving(first), first: first}
	}
	in := c.child(f, call.node).giving(first)
	if c.inst == nil {
		in = c.topInst(f)
	}
	return (&Layer{m: f, sol: newSolution(s), inst: in}).apply(c, call, want)
}

// giving is a place with first values for its parameters.
func (i *inst) giving(first map[string]*given) *inst {
	if i != nil {
		i.given = first
	}
	return i
}

// topInst is a model used by itself: at the parameters of `with`, or those of
// the training at hand.
func (c *cx) topInst(f *ModelRef) *inst {
	root := &paramRoot{model: f.d.Name, mode: rootFind, found: newRegistry()}
	switch {
	case f.with != nil:
		root = &paramRoot{model: f.d.Name, mode: rootGiven, given: f.with}
		if f.of != nil {
			root.states = f.of.trained()
		} else if c.tr != nil && c.tr.info.model == f.d {
			root.states = c.tr.root.ofStates()
		}
	case c.tr != nil && c.tr.info.model == f.d:
		root = c.tr.root
	case c.above != nil && c.above.info.model == f.d:
		panic(notHere{})
	case c.every != "" && c.partOf != nil && c.partOf.model == f.d:
		root = c.partOf.trained()
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
	f = f.settled(c, s, sol)
	f.inst = c.placeOf(f)
	run := func(d *cx, vals []Value) Value { return d.runModel(f, s, vals, m, sol, call) }
	if len(lift) > 0 {
		return c.lift(call.at, m, lift, run, func(i int, v Value) Value {
			return c.coerceArg(v, sol.subst(s.params[i].t), s, s.params[i], sol, m.ats[i])
		})
	}
	return run(c, m.vals)
}

// placeOf is the place of a layer; one of the top level is shared by all that
// use it, as a `param` there is.
func (c *cx) placeOf(f *Layer) *inst {
	switch {
	case f.inst != nil || f.home == "":
		return f.inst
	case c.inst != nil:
		return (&inst{root: c.inst.root, path: f.home, names: c.namesOf(f.home)}).giving(f.first)
	case c.tr != nil:
		return (&inst{root: c.tr.root, path: f.home, names: c.namesOf(f.home)}).giving(f.first)
	}
	return nil
}

// settled is f with constants of its configuration in the kind of its input.
func (f *Layer) settled(c *cx, s *signature, sol *solution) *Layer {
	g := *f
	g.conf = append([]Value{}, f.conf...)
	for i, v := range f.conf {
		if n, ok := v.(*Num); ok && n.untyped() && s.params[s.config+i].t != check.DimT {
			p := s.params[s.config+i]
			g.conf[i] = c.coerceArg(v, sol.subst(p.t), s, p, sol, f.ats[i])
		}
	}
	return &g
}

// runModel evaluates the body of a model in place.
func (c *cx) runModel(f *Layer, s *signature, vals []Value, m *matched, sol *solution, call *callArgs) Value {
	all := &matched{vals: append(append([]Value{}, vals...), f.conf...), ats: append(append([]source.Span{}, m.ats...), f.ats...), sol: sol}
	d := c.bodyCx(s, all)
	d.inst, d.site = f.inst, ""
	v := c.deeper(call.at, func() Value { return d.expr(f.m.n.Body, sol.subst(s.result)) })
	return c.result(v, s, sol, resultSpan(f.m.n.Body))
}

// withParams is `model with p`.
func (c *cx) withParams(x *syntax.With) Value {
	v := c.callee(x.X)
	if m, ok := v.(*ModelRef); ok && c.tr != nil && c.tr.find && m.d == c.tr.info.model {
		return &ModelRef{d: m.d, n: m.n}
	}
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
		return &ModelRef{d: m.t.model, n: m.t.model.Node.(*syntax.Model), with: rec, of: m.t}
	}
	c.errf("E0711", x.X.Span(), "`with` gives parameters to a model, and this is %s", c.describe(v))
	return poison
}

// modelMember is `price.w`, `price.initial` where price is a model.
func (c *cx) modelMember(m *ModelRef, n *syntax.Name) Value {
	if n.Name == "initial" {
		return c.initialOf(m, n)
	}
	if c.tr == nil || c.tr.info.model != m.d {
		r := c.errf("E0716", n.Span(), "`%s.%s` means something inside the training of `%s`, or as a type", m.d.Name, n.Name, m.d.Name).
			hint("after training it is `fit.params.%s`", n.Name)
		if n.Name == "params" {
			r.hint("after training it is `fit.params`")
		}
		return poison
	}
	if c.tr.root.mode == rootGiven {
		if n.Name == "params" {
			return c.tr.root.given
		}
		return c.selectField(n, c.tr.root.given, n)
	}
	if c.tr.root.mode == rootFind {
		return poison
	}
	c.lookForParams()
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
