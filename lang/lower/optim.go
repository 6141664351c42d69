package lower

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// OptimRef is an optimizer by name.
type OptimRef struct {
	d *check.Decl
	n *syntax.Optimizer
}

func (f *OptimRef) name() string { return f.d.Name }

func (f *OptimRef) apply(c *cx, call *callArgs, want check.Type) Value {
	c.errf("E0750", call.at, "the optimizer `%s` is used in the clause `optimizer` of a training, and nowhere else", f.d.Name)
	return poison
}

// slotCtx is an optimizer being evaluated for one parameter.
type slotCtx struct {
	param  string // the names of the optimizer's head
	cur    *Ten   // the new value of the parameter, once assigned
	slots  []ir.Slot
	in     []*ir.Value
	next   []*Ten
	byName map[string]int
	t      ir.Type
	c      *cx // context of the optimizer's head, for initial values of slots
}

// updates makes the update function of every parameter and its initial values.
func (c *cx) updates(info *trainInfo, root *paramRoot, cl *syntax.Clause) bool {
	call, ok := cl.Value.(*syntax.Call)
	var f Value
	if ok {
		f = c.callee(call.Fun)
	} else {
		f = c.expr(cl.Value, nil)
		call = &syntax.Call{Pos: syntax.Pos{At: cl.Value.Span()}, Fun: cl.Value}
	}
	if isPoison(f) {
		return false
	}
	opt, ok := f.(*OptimRef)
	if !ok {
		c.errf("E0751", cl.Value.Span(), "this is no optimizer but %s", c.describe(f)).hint("there are %s", strings.Join(c.optimizers(), ", ")).suggest(call.Fun.Span().Text(), c.optimizers())
		return false
	}
	lazy := false
	memo := map[string]ir.TrainParam{}
	for _, p := range root.found.params {
		t := ir.Type{Kind: p.t.Kind, Dims: p.t.Dims}
		made, ok := memo[t.String()]
		if !ok {
			made, ok = c.update(info, root, opt, call, t, cl.Lazy)
			if !ok {
				return false
			}
			memo[t.String()] = made
		}
		init, ok := c.initFn(info, p)
		if !ok {
			return false
		}
		info.node.Params = append(info.node.Params, ir.TrainParam{Path: p.path, Type: t, Init: init, Update: made.Update, Lazily: made.Lazily, Slots: made.Slots, Span: p.at})
		lazy = lazy || made.Lazily
	}
	if cl.Lazy != nil && !lazy {
		c.errf("E0766", cl.Lazy.Span(), "`lazily` says nothing here: no parameter of `%s` is keyed by a table or category", info.model.Name).
			note(info.model.At, "the model").hint("`param level: f32[Users]` is")
	}
	for _, s := range root.found.states {
		init, ok := c.initFn(info, s)
		if !ok {
			return false
		}
		t := ir.Type{Kind: s.t.Kind, Bound: s.t.Bound, Dims: s.t.Dims}
		info.node.States = append(info.node.States, ir.TrainParam{Path: s.path, Type: t, Init: init, Span: s.at})
	}
	return true
}

func (c *cx) optimizers() []string {
	var out []string
	for _, m := range append([]*check.Module{c.mod}, c.prog.Open...) {
		for n, d := range m.Decls {
			if _, ok := d.Node.(*syntax.Optimizer); ok {
				out = append(out, n)
			}
		}
	}
	return sorted(out)
}

// initFn makes the function of a parameter's first value.
func (c *cx) initFn(info *trainInfo, p *paramInfo) (string, bool) {
	d := c.el.root(info.mod)
	d.fn = c.newFn(info.name + ".init." + p.path)
	d.fn.seed, d.fn.init = "init", true
	d.initPath = p.path
	d.fn.b.Span = p.at
	v := p.init(d)
	if hasPoison(v) {
		return "", false
	}
	t := d.tensor(v, p.t.Kind, p.at)
	if t == nil {
		return "", false
	}
	d.fn.b.Return(d.use(t))
	d.fn.f.Span = p.at
	c.addFunc(d.fn.f)
	return d.fn.f.Name, true
}

// update evaluates an optimizer for parameters of type t; lazy is the word
// `lazily`, nil where it is not there.
func (c *cx) update(info *trainInfo, root *paramRoot, opt *OptimRef, call *syntax.Call, t ir.Type, lazy *syntax.Name) (ir.TrainParam, bool) {
	out := ir.TrainParam{}
	s := c.signatureOf(opt.d)
	d := c.trainFn(info, root, "update."+opt.d.Name, false)
	d.tr.what = "update"
	p := d.ten(d.fn.f.AddParam("p", t, ir.Input{}))
	g := d.ten(d.fn.f.AddParam("g", t, ir.Input{}))
	head, ok := d.optimArgs(s, opt, call, t.Kind)
	if !ok || opt.n.Body == nil {
		return out, false
	}
	e := *head
	e.slots = &slotCtx{param: opt.n.Param.Name, cur: p, byName: map[string]int{}, t: t, c: head}
	x := e.with(opt.n.Param.Name, opt.n.Param.Span(), p).with(opt.n.Grad.Name, opt.n.Grad.Span(), g)
	for _, st := range opt.n.Body.Stmts {
		x = x.statement(st)
	}
	sl := e.slots
	if c.el.failed {
		return out, false
	}
	if sl.cur == p {
		c.errf("E0752", opt.d.At, "the optimizer `%s` never moves its parameter", opt.d.Name).hint("`%s <- %s - …`", sl.param, sl.param)
		return out, false
	}
	results := []*ir.Value{d.use(sl.cur)}
	for _, n := range sl.next {
		results = append(results, d.use(n))
	}
	results = d.dropIdle(sl, results)
	if out.Lazily = lazy != nil && c.byTable(t); out.Lazily {
		d.fn.b.Span = lazy.Span()
		d.lazily(d.use(p), d.use(g), sl, results)
	}
	d.fn.b.Return(results...)
	d.fn.f.Span = opt.n.Span()
	d.sortInputs(2 + len(sl.slots))
	c.addFunc(d.fn.f)
	out.Update, out.Slots = d.fn.f.Name, sl.slots
	return out, true
}

// dropIdle leaves out the states that keep their first value and that nothing
// reads, such as a velocity without momentum. The results are the parameter,
// then the states.
func (c *cx) dropIdle(sl *slotCtx, results []*ir.Value) []*ir.Value {
	f, read := c.fn.f, map[*ir.Value]int{}
	for _, op := range f.Body.Ops {
		for _, x := range op.Operands {
			read[x]++
		}
	}
	for _, x := range results {
		read[x]++
	}
	for i := len(sl.slots) - 1; i >= 0; i-- {
		v := sl.in[i]
		if results[1+i] != v || read[v] != 1 {
			continue
		}
		at := slices.Index(f.Body.Params, v)
		f.Body.Params = slices.Delete(f.Body.Params, at, at+1)
		f.Inputs = slices.Delete(f.Inputs, at, at+1)
		sl.slots, sl.in = slices.Delete(sl.slots, i, i+1), slices.Delete(sl.in, i, i+1)
		results = slices.Delete(results, 1+i, 2+i)
	}
	return results
}

// byTable reports whether the first dimension of t is a table or category.
func (c *cx) byTable(t ir.Type) bool {
	if t.Rank() == 0 {
		return false
	}
	name, ok := t.Dims[0].Symbol()
	return ok && c.el.byDim[name] != nil
}

// lazily keeps, of the new values of the parameter p and of the states that
// have its rows, those of rows whose gradient g is not all zero; the other rows
// stay as they were.
func (c *cx) lazily(p, g *ir.Value, sl *slotCtx, results []*ir.Value) {
	b, some := c.fn.b, g
	if n := g.Type.Rank(); n > 1 {
		var axes []int
		for i := 1; i < n; i++ {
			axes = append(axes, i)
		}
		some = b.One("reduce_max", ir.AxesAttrs{Axes: axes}, b.One("abs", nil, g)) // NaN where one is
	}
	moves := b.Cmp("ne", some, b.Zeros(some.Type))
	for i, old := range append([]*ir.Value{p}, sl.in...) {
		t := old.Type
		if results[i] != old && t.Rank() > 0 && t.Dims[0] == g.Type.Dims[0] {
			results[i] = b.Select(b.Broadcast(moves, t.Dims, 0), results[i], old)
		}
	}
}

// sortInputs brings the Plain inputs, n of them, to the front, in order.
func (c *cx) sortInputs(n int) {
	f := c.fn.f
	var ps, qs []*ir.Value
	var is, js []ir.Input
	for i, in := range f.Inputs {
		if in.Role == ir.Plain {
			ps, is = append(ps, f.Body.Params[i]), append(is, in)
		} else {
			qs, js = append(qs, f.Body.Params[i]), append(js, in)
		}
	}
	f.Body.Params, f.Inputs = append(ps, qs...), append(is, js...)
}

// optimArgs evaluates the arguments of an optimizer, each step anew. They stay
// numbers without a kind, computed in f64 and rounded where they meet the
// parameter.
func (c *cx) optimArgs(s *signature, opt *OptimRef, call *syntax.Call, k ir.Kind) (*cx, bool) {
	ca := &callArgs{at: call.Span(), node: call, cx: c}
	for _, a := range call.Args {
		ca.args = append(ca.args, &arg{x: a, at: a.Span()})
	}
	for _, n := range call.Named {
		ca.named = append(ca.named, &arg{x: n.Value, at: n.Span(), name: n.Name.Name})
	}
	slots, ok := c.assign2(s, s.params, ca)
	if !ok {
		return nil, false
	}
	args := *c
	args.lex.real = ir.F64
	body := *c
	body.lex = lex{mod: opt.d.Module, real: k}
	e := &body
	for i, p := range s.params {
		var v Value
		at := call.Span()
		if slots[i] != nil {
			v, at = slots[i].val(&args, nil), slots[i].at
			c.rate(p, v, at)
		} else {
			d := *c
			d.lex = lex{mod: opt.d.Module, real: ir.F64}
			v = d.expr(p.def, nil)
		}
		v = c.wide(v, p, at)
		if isPoison(v) {
			return nil, false
		}
		e = e.with(p.name, p.at, v)
	}
	return e, true
}

// rate warns of a rate that is no step downwards.
func (c *cx) rate(p *param, v Value, at source.Span) {
	n, ok := v.(*Num)
	if p.name != "rate" || !ok || !n.exact() || n.big().Sign() > 0 {
		return
	}
	if n.big().Sign() == 0 {
		c.warnf("E0767", at, "with a rate of 0 no parameter moves")
		return
	}
	c.warnf("E0767", at, "with a rate below 0 the loss grows").hint("to make something greater, let the loss be its negative")
}

// wide is an argument of an optimizer as a number computed in f64.
func (c *cx) wide(v Value, p *param, at source.Span) Value {
	want, ok := p.t.(check.Tensor)
	if !ok || want.Kind != ir.NoKind {
		return c.coerce(v, p.t, place{at: at, what: "the argument `" + p.name + "` of the optimizer", from: p.at})
	}
	switch v := v.(type) {
	case *Num:
		if v.scalar() {
			if v.Kind != ir.NoKind && v.exact() {
				n := *v
				n.Kind = ir.NoKind
				return &n
			}
			return v
		}
	case *Ten:
		if v.T.Rank() == 0 && (v.T.IsFloat() || v.T.Kind.IsInt()) {
			val := c.use(v)
			return &Num{Wide: true, fn: c.fn, mk: func(d *cx, k ir.Kind) *ir.Value { return d.convert(val, ir.ScalarOf(k)) }}
		}
	case *Poison:
		return poison
	}
	c.errf("E0753", at, "the argument `%s` of an optimizer is one number, and this is %s", p.name, c.describe(v))
	return poison
}

// slotStmt is `state m = zeros_like(p)` in an optimizer.
func (c *cx) slotStmt(s *syntax.State) *cx {
	sl := c.slots
	bad := c.with(s.Name.Name, s.Name.Span(), poison)
	d := sl.c.el.root(sl.c.mod)
	d.fn = c.newFn("slot." + s.Name.Name)
	d.lex = sl.c.lex
	p := d.ten(d.fn.f.AddParam("p", sl.t, ir.Input{}))
	v := d.with(sl.param, s.Span(), p).letValue(s.Type, s.Value)
	t := d.tensor(v, sl.t.Kind, s.Value.Span())
	if t == nil {
		return bad
	}
	d.fn.b.Return(d.use(t))
	d.fn.f.Span = s.Span()
	c.addFunc(d.fn.f)
	in := c.fn.f.AddParam(s.Name.Name, t.T, ir.Input{})
	cur := c.ten(in)
	sl.byName[s.Name.Name] = len(sl.slots)
	sl.slots = append(sl.slots, ir.Slot{Name: s.Name.Name, Type: t.T, Init: d.fn.f.Name})
	sl.in, sl.next = append(sl.in, in), append(sl.next, cur)
	return c.with(s.Name.Name, s.Name.Span(), cur)
}

// slotAssign is `m <- e` or `p <- e` in an optimizer.
func (c *cx) slotAssign(s *syntax.Assign) *cx {
	sl := c.slots
	i, slot := sl.byName[s.Name.Name]
	if !slot && s.Name.Name != sl.param {
		c.errf("E0714", s.Name.Span(), "`%s` is no state, and only states and the parameter change", s.Name.Name).hint("`let` makes a new value")
		return c
	}
	t := sl.t
	if slot {
		t = sl.slots[i].Type
	}
	want := check.Tensor{Kind: t.Kind, Dims: t.Dims}
	v := c.expr(s.Value, want)
	if isPoison(v) {
		return c
	}
	v = c.coerce(v, want, place{at: s.Value.Span(), what: fmt.Sprintf("`%s`", s.Name.Name), from: s.Name.Span()})
	n := c.tensor(v, t.Kind, s.Value.Span())
	if n == nil {
		return c
	}
	if slot {
		sl.next[i] = n
	} else {
		sl.cur = n
	}
	return c.with(s.Name.Name, s.Name.Span(), n)
}

// trainSettings reads the clauses that are numbers and words.
func (c *cx) trainSettings(info *trainInfo, b *trainBlock) {
	if cl := b.one["batch"]; cl != nil {
		if n, ok := cl.Value.(*syntax.Name); ok && n.Name == "all" {
			info.node.All = true
		} else {
			info.node.Batch = c.positive(cl)
		}
	}
	if cl := b.one["steps"]; cl != nil {
		info.node.Steps = c.positive(cl)
	}
	if cl := b.one["epochs"]; cl != nil {
		info.node.Epochs = c.positive(cl)
	}
	c.word(b.one["order"], &info.node.Order, "shuffle", "file")
	c.word(b.one["last"], &info.node.Last, "short", "drop")
	c.saveClause(info, b)
	if s := c.m.Symbol(info.node.Symbol); s != nil {
		s.Size = info.node.Batch
	}
}

// positive is a clause with a whole number above 0.
func (c *cx) positive(cl *syntax.Clause) int64 {
	v := c.expr(cl.Value, nil)
	if n, ok := v.(*Num); ok {
		if i, ok := n.int(); ok && i > 0 {
			return i
		}
	}
	if !isPoison(v) {
		c.errf("E0754", cl.Value.Span(), "`%s` takes a whole number above 0 that is known when the program is compiled, and this is %s", cl.Word.Name, c.describe(v))
	}
	return 0
}

func (c *cx) word(cl *syntax.Clause, to *string, words ...string) {
	if cl == nil {
		return
	}
	n, ok := cl.Value.(*syntax.Name)
	if ok {
		for _, w := range words {
			if n.Name == w {
				*to = w
				return
			}
		}
	}
	r := c.errf("E0755", cl.Value.Span(), "`%s` is `%s` or `%s`", cl.Word.Name, words[0], words[1])
	if ok {
		r.suggest(n.Name, words)
	}
}

// stopAndKeep reads `stop stalled(rmse, 5)` and `keep best(rmse)`.
func (c *cx) stopAndKeep(info *trainInfo, b *trainBlock) {
	if cl := b.one["stop"]; cl != nil {
		if name, rest, max, ok := c.metricCall(info, cl, "stalled", 2); ok {
			n, isNum := c.expr(rest[0], nil).(*Num)
			k, whole := int64(0), false
			if isNum {
				k, whole = n.int()
			}
			if !whole || k < 1 {
				c.errf("E0756", rest[0].Span(), "the patience of `stalled` is a whole number above 0")
			} else {
				info.node.Stop = &ir.Stop{Metric: name, Patience: k, Max: max}
				info.node.Keep, info.node.KeepMax = name, max
			}
		}
	}
	cl := b.one["keep"]
	if cl == nil {
		return
	}
	if n, ok := cl.Value.(*syntax.Name); ok && n.Name == "last" {
		info.node.Keep, info.node.KeepMax = "last", false
		return
	}
	if name, _, max, ok := c.metricCall(info, cl, "best", 1); ok {
		info.node.Keep, info.node.KeepMax = name, max
	}
}

// metricCall reads `stalled(rmse, 5, max: true)`.
func (c *cx) metricCall(info *trainInfo, cl *syntax.Clause, word string, args int) (string, []syntax.Expr, bool, bool) {
	call, ok := cl.Value.(*syntax.Call)
	var f *syntax.Name
	if ok {
		f, _ = call.Fun.(*syntax.Name)
	}
	if !ok || f == nil || f.Name != word || len(call.Args) != args {
		form := map[string]string{"stalled": "stop stalled(rmse, 5)", "best": "keep best(rmse)"}[word]
		c.errf("E0757", cl.Value.Span(), "`%s` is written `%s`", cl.Word.Name, form)
		return "", nil, false, false
	}
	max := false
	for _, n := range call.Named {
		v, isFlag := c.expr(n.Value, nil).(*Flag)
		if n.Name.Name != "max" || !isFlag {
			c.errf("E0226", n.Span(), "`%s` has no argument `%s`", word, n.Name.Name).hint("`max: true` where greater is better")
			return "", nil, false, false
		}
		max = v.On
	}
	return c.metricName(info, call.Args[0], call, max)
}

func (c *cx) metricName(info *trainInfo, x syntax.Expr, call *syntax.Call, max bool) (string, []syntax.Expr, bool, bool) {
	n, ok := x.(*syntax.Name)
	var names []string
	for _, m := range info.node.Metrics {
		if ok && m.Name == n.Name {
			for i := range info.node.Metrics {
				if info.node.Metrics[i].Name == n.Name {
					info.node.Metrics[i].Max = max
				}
			}
			return n.Name, call.Args[1:], max, true
		}
		names = append(names, m.Name)
	}
	if c.el.failed && len(names) == 0 {
		return "", nil, false, false
	}
	r := c.errf("E0758", x.Span(), "there is no metric `%s` in this training", x.Span().Text())
	if ok {
		r.suggest(n.Name, names)
	}
	if len(names) == 0 {
		r.hint("declare it: `metric %s = mean(… for r in Valid)`", x.Span().Text())
	}
	return "", nil, false, false
}
