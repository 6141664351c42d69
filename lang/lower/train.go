package lower

import (
	"sort"
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
	optAt *syntax.Clause
	loss  *syntax.Clause
	mod   *check.Module
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
	if m.n.HasConfig {
		c.errf("E0718", call.at, "`%s` is a layer and cannot be used alone", m.d.Name)
		return poison
	}
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
		return c.ten(c.input(ir.RowNumber, "row", ir.ScalarOf(ir.I64))), true
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
	info := &trainInfo{name: n.Name.Name, n: n, mod: d.Module, node: &ir.Train{Order: "shuffle", Last: "short", Keep: "last", Seed: e.opt.Seed}}
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
	c.el.nodeAt = n.Span()
	c.node(info.name, info.node)
	return v
}

// trainHead reads `train NAME of MODEL on TABLE`.
func (c *cx) trainHead(info *trainInfo, n *syntax.Train) bool {
	v, ok := (&typeCx{cx: c}).pathValue(n.Model)
	if !ok {
		var models []string
		for name, d := range c.mod.Decls {
			if _, is := d.Node.(*syntax.Model); is {
				models = append(models, name)
			}
		}
		c.errf("E0720", n.Model.Span(), "there is no model `%s`", n.Model).suggest(n.Model.String(), sorted(models))
		return false
	}
	m, ok := v.(*ModelRef)
	if isPoison(v) {
		return false
	}
	if !ok {
		c.errf("E0721", n.Model.Span(), "`%s` is no model but %s", n.Model, c.describe(v))
		return false
	}
	info.model = m.d
	info.node.Model = m.d.Name
	if n.On == nil {
		return true
	}
	t, ok := c.expr(n.On, nil).(*Tab)
	if !ok || t.T.Category {
		if ok || !c.el.failed {
			c.errf("E0722", n.On.Span(), "a model learns from the rows of a table, and this is none")
		}
		return false
	}
	info.table = t.T
	info.node.Table = t.T.Name
	info.node.Symbol = info.name + ".batch"
	c.m.Symbols = append(c.m.Symbols, &ir.Symbol{Name: info.node.Symbol, Class: ir.Batch, From: "rows of a step of " + info.name, Span: n.Span()})
	return true
}

// trainBlock is the clauses of a training, sorted by word.
type trainBlock struct {
	info    *trainInfo
	one     map[string]*syntax.Clause
	metrics []*syntax.Clause
	grads   []*syntax.Clause // clip and gradient, in order
}

var clauseWords = []string{"loss", "penalty", "optimizer", "batch", "order", "last", "steps", "epochs", "metric", "stop", "keep", "clip", "gradient", "private", "log", "save", "emit"}

// clauses sorts the lines of the block and reports those that mean nothing.
func (c *cx) clauses(info *trainInfo) *trainBlock {
	b := &trainBlock{info: info, one: map[string]*syntax.Clause{}}
	for _, cl := range info.n.Clauses {
		w := cl.Word.Name
		known := false
		for _, k := range clauseWords {
			known = known || k == w
		}
		switch {
		case !known:
			c.errf("E0723", cl.Word.Span(), "there is no clause `%s`", w).suggest(w, clauseWords)
		case w == "private" || w == "log" || w == "save" || w == "emit" || cl.Each != nil:
			c.errf("E0724", cl.Span(), "`%s` is not part of this version", strings.TrimSpace(w+eachText(cl)))
		case w == "metric":
			b.metrics = append(b.metrics, cl)
		case w == "clip" || w == "gradient":
			b.grads = append(b.grads, cl)
		case b.one[w] != nil:
			c.errf("E0725", cl.Span(), "`%s` stands twice", w).note(b.one[w].Span(), "here already")
		default:
			b.one[w] = cl
		}
		if known && w != "metric" && w != "log" && w != "emit" && cl.Is != nil {
			c.errf("E0726", cl.Is.Span(), "`%s` has no `=`", w)
		}
		if known && w != "log" && cl.Every != nil {
			c.errf("E0727", cl.Every.Span(), "`%s` has no `every`", w)
		}
	}
	return b
}

func eachText(cl *syntax.Clause) string {
	if cl.Each != nil {
		return " each"
	}
	return ""
}

// complete reports what a training cannot do without.
func (b *trainBlock) complete(c *cx) bool {
	n := b.info.n
	ok := true
	need := func(word, hint string) {
		if b.one[word] == nil {
			c.errf("E0728", n.Name.Span(), "the training `%s` has no `%s`", n.Name.Name, word).hint("%s", hint)
			ok = false
		}
	}
	if b.info.table != nil {
		need("loss", "what is minimised: `loss r => squared(model(r), r.y)`")
	} else {
		need("loss", "what is minimised: `loss mean(square(model() - seen))`")
	}
	need("optimizer", "`optimizer adam(1e-3)`")
	steps, epochs := b.one["steps"], b.one["epochs"]
	switch {
	case steps == nil && epochs == nil:
		c.errf("E0729", n.Name.Span(), "nothing says how long `%s` goes on", n.Name.Name).hint("`epochs 20`, passes over the table, or `steps 1000`")
		ok = false
	case steps != nil && epochs != nil:
		c.errf("E0730", epochs.Span(), "`steps` and `epochs` are both given").note(steps.Span(), "here already").hint("leave one of them away")
		ok = false
	}
	if b.info.table == nil {
		for _, w := range []string{"epochs", "batch", "order", "last"} {
			if cl := b.one[w]; cl != nil {
				c.errf("E0731", cl.Span(), "`%s` is about the rows of a table, and `%s` has none", w, n.Name.Name).hint("`train … on TABLE`, or `steps N`")
				ok = false
			}
		}
	} else if b.one["batch"] == nil {
		b.info.node.Batch = 32
	}
	return ok
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
	want := check.Tensor{Kind: c.prec}
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
	_ = want
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

// sameForAllRows reports a new state that differs from row to row.
func (c *cx) sameForAllRows(s *paramInfo) {
	seen := map[*ir.Value]bool{}
	var bad bool
	var visit func(v *ir.Value)
	visit = func(v *ir.Value) {
		if seen[v] || bad {
			return
		}
		seen[v] = true
		if v.Def == nil {
			for in, p := range c.fn.in {
				if p == v && (in.Role == ir.Col || in.Role == ir.RowNumber) {
					bad = true
				}
			}
			return
		}
		if strings.HasPrefix(v.Def.Row.Name, "cross_") {
			return
		}
		for _, o := range v.Def.Operands {
			visit(o)
		}
	}
	visit(s.next.V)
	if bad {
		c.errf("E0736", s.at, "the new value of the state `%s` differs from row to row", s.path).hint("bring the rows of a step together: `batch.mean(x)`")
	}
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

// gradientFn is `clip` and `gradient`, in order: from gradients to gradients.
func (c *cx) gradientFn(info *trainInfo, root *paramRoot, cls []*syntax.Clause) {
	if len(cls) == 0 {
		return
	}
	d := c.trainFn(info, root, "gradient", false)
	rec := d.recordOf(root.found, info.model.Name, func(p *paramInfo) Value {
		return d.ten(d.fn.f.AddParam("g."+clean(p.path), ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}, ir.Input{}))
	})
	sort.SliceStable(cls, func(i, j int) bool { return cls[i].Word.Name == "clip" && cls[j].Word.Name != "clip" })
	var v Value = rec
	for _, cl := range cls {
		d.fn.b.Span = cl.Span()
		if cl.Word.Name == "clip" {
			v = d.clip(v, cl)
		} else {
			v = d.gradientClause(v, cl)
		}
		if hasPoison(v) {
			return
		}
	}
	d.fn.b.Return(d.values(v)...)
	d.fn.f.Span = cls[0].Span()
	c.addFunc(d.fn.f)
	info.node.Gradient = d.fn.f.Name
}

func (c *cx) gradientClause(v Value, cl *syntax.Clause) Value {
	f := c.expr(cl.Value, nil)
	if isPoison(f) {
		return poison
	}
	fn, ok := f.(Fun)
	if !ok {
		c.errf("E0737", cl.Value.Span(), "`gradient` is a function of the gradient: `gradient g => …`")
		return poison
	}
	out := c.invoke(fn, cl.Value.Span(), cl, v)
	if hasPoison(out) {
		return poison
	}
	if c.typeOf(c.force(out, cl.Span())).String() != c.typeOf(v).String() {
		c.errf("E0738", cl.Value.Span(), "what `gradient` yields must have the form of the parameters: %s, and this is %s", c.typeOf(v), c.typeOf(out))
		return poison
	}
	return c.force(out, cl.Span())
}

// clip is `clip norm(1.0)` or `clip value(0.5)`.
func (c *cx) clip(v Value, cl *syntax.Clause) Value {
	call, ok := cl.Value.(*syntax.Call)
	name, isName := (*syntax.Name)(nil), false
	if ok {
		name, isName = call.Fun.(*syntax.Name)
	}
	if !ok || !isName || len(call.Args) != 1 || name.Name != "norm" && name.Name != "value" {
		c.errf("E0739", cl.Value.Span(), "`clip norm(1.0)` or `clip value(0.5)`")
		return poison
	}
	limit := operand{c.expr(call.Args[0], nil), call.Args[0].Span()}
	if name.Name == "value" {
		return mapLeaves(v, func(t *Ten) Value {
			b := c.fn.b
			hi := c.number(limit, t.T.Kind)
			if hi == nil {
				return t
			}
			h := c.spread(c.convert(c.use(hi), ir.ScalarOf(t.T.Kind)), t.T.Dims)
			x := c.use(t)
			x = b.Select(b.Cmp("gt", x, h), h, x)
			lo := b.Neg(h)
			return c.ten(b.Select(b.Cmp("lt", x, lo), lo, x))
		})
	}
	norm := c.normOf(v)
	if norm == nil {
		return poison
	}
	b := c.fn.b
	l := c.number(limit, norm.Type.Kind)
	if l == nil {
		return poison
	}
	lim := c.convert(c.use(l), norm.Type)
	over := b.Cmp("gt", norm, lim)
	scale := b.Select(over, b.Div(lim, norm), b.Float(norm.Type, 1))
	return mapLeaves(v, func(t *Ten) Value {
		return c.ten(b.Mul(c.use(t), c.spread(c.convert(scale, ir.ScalarOf(t.T.Kind)), t.T.Dims)))
	})
}

// normOf is the length of all leaves of v as one vector.
func (c *cx) normOf(v Value) *ir.Value {
	b := c.fn.b
	var total *ir.Value
	for _, t := range leaves(v) {
		x := c.use(t)
		axes := make([]int, x.Type.Rank())
		for i := range axes {
			axes[i] = i
		}
		s := b.Sum(b.Mul(x, x), axes...)
		if total != nil {
			if s.Type.Kind != total.Type.Kind {
				s = c.convert(s, total.Type)
			}
			s = b.Add(total, s)
		}
		total = s
	}
	if total == nil {
		return nil
	}
	return b.One("sqrt", nil, total)
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
	d.every, d.metricOf = info.name, info
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
		c.errf("E0743", n.Span(), "`%s.history` is not part of this version", t.name).hint("`dfc run` prints the metrics as they are computed")
		return poison
	}
	c.errf("E0744", n.Span(), "a training has no `%s`", n.Name).suggest(n.Name, []string{"params", "initial", "history", "loss"})
	return poison
}

// lossFun is `fit.loss`: the objective at other parameters.
type lossFun struct{ t *trainInfo }

func (f *lossFun) name() string { return f.t.name + ".loss" }

func (f *lossFun) apply(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) != 1 {
		c.errf("E0745", call.at, "`%s` takes the parameters: `%s(p)`", f.name(), f.name())
		return poison
	}
	p := call.args[0].val(c, nil)
	if isPoison(p) {
		return poison
	}
	rec, ok := p.(*Rec)
	if !ok {
		c.errf("E0710", call.args[0].at, "`%s` takes a record of parameters, and this is %s", f.name(), c.describe(p))
		return poison
	}
	table, ok := f.rows(c, call)
	if !ok {
		return poison
	}
	d := *c
	root := &paramRoot{model: f.t.model.Name, mode: rootGiven, given: rec}
	d.lex = lex{mod: f.t.mod}
	d.tr = &trainCtx{info: f.t, root: root, training: true, what: "loss", batch: table != nil}
	if table == nil {
		v := d.expr(f.t.loss.Value, nil)
		return f.withPenalty(&d, v, call.at)
	}
	fn, ok := d.expr(f.t.loss.Value, nil).(Fun)
	if !ok {
		return poison
	}
	vs := d.batchLoop(table.Dim, func(e *cx, fr *frame) []*ir.Value {
		v := e.invoke(fn, call.at, f.t.loss, &Row{T: table, fn: e.fn, fr: fr})
		t := e.lossNumber(v, call.at)
		if t == nil {
			return nil
		}
		return []*ir.Value{e.use(t)}
	})
	if len(vs) == 0 {
		return poison
	}
	r := reducer{c: c, op: ir.Agg{Op: "mean"}, axes: []int{0}, dims: []ir.Dim{table.Dim}}
	return f.withPenalty(&d, c.ten(r.reduce(vs[0])), call.at)
}

func (f *lossFun) withPenalty(d *cx, v Value, at source.Span) Value {
	for _, cl := range f.t.n.Clauses {
		if cl.Word.Name == "penalty" {
			d.tr.what = "penalty"
			return d.arith("+", operand{v, at}, operand{d.expr(cl.Value, nil), at}, at)
		}
	}
	return v
}

// rows are those that `fit.loss` runs over: `rows: T` or the batch of
// `step: t`; nil where the training has no table.
func (f *lossFun) rows(c *cx, call *callArgs) (*check.Table, bool) {
	var table *check.Table
	for _, a := range call.named {
		v := a.val(c, nil)
		switch a.name {
		case "rows":
			t, ok := v.(*Tab)
			if !ok {
				c.errf("E0746", a.at, "`rows:` takes a table")
				return nil, false
			}
			table = t.T
		case "step":
			n, ok := v.(*Num)
			k, whole := int64(0), false
			if ok {
				k, whole = n.int()
			}
			if !whole || k < 1 {
				c.errf("E0747", a.at, "`step:` takes a constant, counted from 1")
				return nil, false
			}
			if f.t.table != nil {
				c.errf("E0747", a.at, "`step:` of a training on a table is not part of this version").hint("`rows: T` takes given rows")
				return nil, false
			}
		default:
			c.errf("E0226", a.at, "`%s` has no argument `%s`", f.name(), a.name).hint("`step: t`, `rows: T`")
			return nil, false
		}
	}
	if table == nil && f.t.table != nil {
		c.errf("E0748", call.at, "`%s` runs over rows: which?", f.name()).hint("`%s(p, rows: T)`", f.name())
		return nil, false
	}
	return table, true
}
