package lower

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// trainInfo is a training as the rest of the program sees it.
type trainInfo struct {
	name  string
	n     *syntax.Train
	model *check.Decl
	table *check.Table
	found *registry
	node  *ir.Train
	opt   *OptimRef
	loss  *syntax.Clause
	kinds map[string]ir.Kind // of the metrics
	// batches are the rows of steps that `fit.loss` asks for.
	batches map[int64]*check.Table
	mod     *check.Module
	looked  bool // for parameters, before the loss has been evaluated
}

// trained is the root of parameters after training, or as they stand when a
// metric is computed.
func (t *trainInfo) trained() *paramRoot {
	return &paramRoot{model: t.model.Name, mode: rootTrained, train: t, found: t.found}
}

// trainVal is `fit`: the model with what the training found.
type trainVal struct{ t *trainInfo }

func (v *trainVal) name() string { return v.t.name }

func (v *trainVal) apply(c *cx, call *callArgs, want check.Type) Value {
	m := &ModelRef{d: v.t.model, n: v.t.model.Node.(*syntax.Model)}
	s := c.signatureOf(m.d)
	in := &inst{root: v.t.trained(), path: m.d.Name, names: c.namesOf(m.d.Name)}
	d := *c
	d.tr = nil
	return (&Layer{m: m, sol: newSolution(s), inst: in}).apply(&d, call, want)
}

// trainCtx is the context of functions that a training is made of.
type trainCtx struct {
	info     *trainInfo
	root     *paramRoot
	training bool
	what     string // loss, penalty, update, gradient
	batch    bool   // `batch.…` has a meaning
	find     bool   // only to find out which parameters there are
	step     int64  // that the objective is asked for, 0 where it is the one at hand
}

// special words
type stepMarker struct{}

var stepWord = &stepMarker{}

// trainWord is what `step`, `epoch`, `training`, `batch.mean` … are here.
func (c *cx) trainWord(name string) (Value, bool) {
	t := c.tr
	if t == nil {
		if c.above != nil {
			switch name {
			case "step", "epoch", "training", "batch.row", "batch.size", "batch.mean", "batch.sum", "batch.max":
				panic(notHere{})
			}
		}
		return nil, false
	}
	switch name {
	case "training":
		return &Flag{t.training}, true
	case "batch":
		return &Namespace{Name: "batch"}, true
	case "step", "epoch":
		role := ir.Step
		if name == "epoch" {
			role = ir.Epoch
		}
		if t.step > 0 {
			at := ir.N(t.step)
			if name == "epoch" {
				at = t.info.epochOf(t.step)
			}
			return c.ten(dimNum(at).make(c, ir.I64)), true
		}
		if t.what == "update" {
			return wideInput(role, name), true
		}
		return c.ten(c.input(role, name, ir.ScalarOf(ir.I64))), true
	case "batch.size":
		if !t.batch {
			return nil, false
		}
		return c.ten(c.fn.b.One("cross_count", ir.KindAttrs{K: ir.I64})), true
	case "batch.row":
		if !t.batch {
			return nil, false
		}
		return c.ten(c.rowNumber()), true
	}
	return nil, false
}

// wideInput is a step count as a number that is computed with in f64.
func wideInput(role ir.Role, name string) *Num {
	return &Num{Wide: true, mk: func(c *cx, k ir.Kind) *ir.Value {
		v := c.input(role, name, ir.ScalarOf(ir.I64))
		return c.convert(v, ir.ScalarOf(k))
	}}
}

// training evaluates a `train` declaration.
func (e *el) training(d *check.Decl, n *syntax.Train) Value {
	c := e.graphCx(d.Module, n.Name.Name)
	info := &trainInfo{name: n.Name.Name, n: n, mod: d.Module, kinds: map[string]ir.Kind{}, batches: map[int64]*check.Table{}, node: &ir.Train{Order: "shuffle", Last: "short", Keep: "last", Seed: e.opt.Seed}}
	if !c.trainHead(info, n) {
		return poison
	}
	b := c.clauses(info)
	e.trains[d] = info
	v := &trainVal{info}
	if !b.complete(c) {
		return poison
	}
	if !c.trainFunctions(info, b) {
		return poison
	}
	e.global[d] = &binding{val: v, at: d.At}
	c.trainSettings(info, b)
	for _, m := range b.metrics {
		c.metric(info, m)
	}
	c.stopAndKeep(info, b)
	for _, l := range b.logs {
		c.log(info, l)
	}
	c.el.nodeAt = n.Span()
	c.node(info.name, info.node)
	return v
}

// trainFn begins a function of the training.
func (c *cx) trainFn(info *trainInfo, root *paramRoot, what string, rows bool) *cx {
	d := c.el.root(info.mod)
	d.fn = c.newFn(info.name + "." + what)
	d.tr = &trainCtx{info: info, root: root, training: what == "loss", what: what, batch: rows && info.table != nil}
	if rows {
		d.fn.row = info.table
	}
	d.fn.seed = "fit"
	return d
}

// trainFunctions makes loss, penalty, gradient, updates and initial values.
func (c *cx) trainFunctions(info *trainInfo, b *trainBlock) bool {
	root := &paramRoot{model: info.model.Name, mode: rootTrain, train: info, found: newRegistry()}
	info.found = root.found
	info.loss = b.one["loss"]
	d := c.trainFn(info, root, "loss", true)
	loss := d.lossValue(info, info.loss)
	if loss == nil {
		return false
	}
	results := []*ir.Value{d.use(loss)}
	for _, s := range root.found.states {
		if s.next == nil {
			t := ir.Type{Kind: s.t.Kind, Bound: s.t.Bound, Dims: s.t.Dims}
			results = append(results, d.input(ir.State, s.path, t))
			continue
		}
		d.sameForAllRows(s)
		results = append(results, d.use(s.next))
	}
	d.fn.b.Return(results...)
	d.fn.f.Span = info.loss.Span()
	c.addFunc(d.fn.f)
	info.node.Loss = d.fn.f.Name
	c.penalty(info, root, b.one["penalty"])
	if len(root.found.params) == 0 && c.el.failed {
		return false
	}
	if len(root.found.params) == 0 {
		c.errf("E0732", info.loss.Span(), "the loss of `%s` uses no parameter of `%s`", info.name, info.model.Name).
			note(info.model.At, "the model").hint("the loss calls the model: `loss r => squared(%s(r), r.y)`", info.model.Name)
		return false
	}
	c.gradientFn(info, root, b.grads)
	return c.updates(info, root, b.one["optimizer"])
}

// lossValue evaluates `loss h => e` or `loss e`.
func (c *cx) lossValue(info *trainInfo, cl *syntax.Clause) *Ten {
	v := c.expr(cl.Value, nil)
	if f, ok := v.(Fun); ok {
		if info.table == nil {
			c.errf("E0733", cl.Value.Span(), "`%s` has no table, so its loss is a number, not a function of a row", info.name).hint("`train %s of %s on TABLE`, or `loss mean(…)`", info.name, info.model.Name)
			return nil
		}
		at := cl.Value.Span()
		v = c.invoke(f, at, cl, &Row{T: info.table, fn: c.fn})
		if l, ok := f.(*Lambda); ok {
			at = l.n.Body.Span()
		}
		return c.lossNumber(v, at)
	}
	if info.table != nil && !isPoison(v) {
		c.errf("E0734", cl.Value.Span(), "the loss of `%s` is a function of a row", info.name).note(info.n.On.Span(), "it learns from these rows").hint("`loss r => …`")
		return nil
	}
	return c.lossNumber(v, cl.Value.Span())
}

func (c *cx) lossNumber(v Value, at source.Span) *Ten {
	if isPoison(v) {
		return nil
	}
	t := c.tensor(v, ir.NoKind, at)
	if t == nil || !t.T.IsFloat() || t.T.Rank() > 0 {
		r := c.errf("E0735", at, "a loss is one number of kind f32 or f64, and this is %s", c.describe(v))
		if t != nil && t.T.IsFloat() {
			r.hint("add it up: `mean(…)` or `sum(…)`")
		}
		return nil
	}
	if t.fn != c.fn || t.Glob != "" {
		t = c.ten(c.use(t))
	}
	return t
}

// penalty is `penalty e`: once a step, of the parameters.
func (c *cx) penalty(info *trainInfo, root *paramRoot, cl *syntax.Clause) {
	if cl == nil {
		return
	}
	d := c.trainFn(info, root, "penalty", false)
	t := d.lossNumber(d.expr(cl.Value, nil), cl.Value.Span())
	if t == nil {
		return
	}
	d.fn.b.Return(d.use(t))
	d.fn.f.Span = cl.Span()
	c.addFunc(d.fn.f)
	info.node.Penalty = d.fn.f.Name
}

// metric is `metric NAME = e`, computed after each pass.
func (c *cx) metric(info *trainInfo, cl *syntax.Clause) {
	n, ok := cl.Value.(*syntax.Name)
	if !ok || cl.Is == nil {
		c.errf("E0740", cl.Span(), "a metric has a name: `metric rmse = …`")
		return
	}
	for _, m := range info.node.Metrics {
		if m.Name == n.Name {
			c.errf("E0741", n.Span(), "two metrics are called `%s`", n.Name)
			return
		}
	}
	d := c.el.graphCx(info.mod, info.name+"."+n.Name)
	d.every, d.partOf = info.name, info
	c.el.nodeAt = cl.Span()
	v := d.expr(cl.Is, nil)
	if isPoison(v) {
		return
	}
	t := d.tensor(v, ir.NoKind, cl.Is.Span())
	if t == nil || t.T.Rank() > 0 || !t.T.IsFloat() && !t.T.Kind.IsInt() {
		c.errf("E0742", cl.Is.Span(), "a metric is one number, and this is %s", d.describe(v)).hint("over the rows of a table: `mean(… for r in Valid)`")
		return
	}
	info.kinds[n.Name] = t.T.Kind
	out := d.outputsOf(t, info.name+"."+n.Name)
	info.node.Metrics = append(info.node.Metrics, ir.Metric{Name: n.Name, Output: out.(*Ten).Glob})
}

// trainMember is `fit.params` and its kin.
func (c *cx) trainMember(v *trainVal, n *syntax.Name) Value {
	t := v.t
	record := func(prefix string) Value {
		return c.recordOf(t.found, t.model.Name, func(p *paramInfo) Value {
			return &Ten{T: ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}, Glob: prefix + p.path}
		})
	}
	switch n.Name {
	case "params":
		return record(t.name + "/")
	case "initial":
		return record(t.name + ":init/")
	case "loss":
		return &lossFun{t}
	case "history":
		return c.history(t, n)
	}
	r := c.errf("E0744", n.Span(), "a training has no `%s`", n.Name)
	if v, ok := record(t.name + "/").(*Rec); ok && v.get(n.Name) != nil {
		r.hint("its parameters are in `%s.params`: write `%s.params.%s`", t.name, t.name, n.Name)
	} else {
		r.among(n.Name, "fields", []string{"params", "initial", "history", "loss"})
	}
	return poison
}

// history is `fit.history`: the loss of each pass and the metrics after it. How
// many there are is known when the training has ended.
func (c *cx) history(t *trainInfo, n *syntax.Name) Value {
	if c.partOf == t {
		c.errf("E0743", n.Span(), "the history of `%s` is known when it has ended, and metrics and logs are computed before", t.name).
			hint("`%s.history` can be written, printed and computed with at top level", t.name)
		return poison
	}
	if t.node.History == nil {
		sym := t.name + ".history"
		c.m.Symbols = append(c.m.Symbols, &ir.Symbol{Name: sym, Class: ir.Bound, From: "evaluations of " + t.name, Span: t.n.Span()})
		record := func(name string, k ir.Kind) {
			t.node.History = append(t.node.History, ir.Output{Name: t.name + ":history/" + name, Type: ir.TensorOf(k, ir.Sym(sym))})
		}
		record("loss", c.m.Func(t.node.Loss).Results()[0].Type.Kind)
		for _, m := range t.node.Metrics {
			if m.Name != "loss" {
				record(m.Name, t.kinds[m.Name])
			}
		}
	}
	out := &Rec{}
	for _, o := range t.node.History {
		_, name, _ := strings.Cut(o.Name, "/")
		out.Names, out.Vals = append(out.Names, name), append(out.Vals, &Ten{T: o.Type, Glob: o.Name})
	}
	return out
}
