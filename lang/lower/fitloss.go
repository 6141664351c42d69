package lower

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

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
	table, step, ok := f.rows(c, call)
	if !ok {
		return poison
	}
	d := *c
	root := &paramRoot{model: f.t.model.Name, mode: rootGiven, given: rec, states: f.t.trained()}
	d.lex = lex{mod: f.t.mod}
	d.tr = &trainCtx{info: f.t, root: root, training: true, what: "loss", batch: table != nil, step: step}
	d.loops, d.stream = nil, "fit"
	if step > 0 {
		d.stream = fmt.Sprintf("fit@%d", step)
	}
	places := c.fn.places
	c.fn.places = 0 // as in the function that the training learns from
	defer func() { c.fn.places = max(c.fn.places, places) }()
	if table == nil {
		v := d.expr(f.t.loss.Value, nil)
		return f.withPenalty(&d, v, call.at)
	}
	fn, ok := d.expr(f.t.loss.Value, nil).(Fun)
	if !ok {
		return poison
	}
	vs := d.batchLoop(table.Dim, func(e *cx, fr *frame) []*ir.Value {
		row := &Row{T: table, fn: e.fn, fr: fr}
		e.loops, e.rowAt = nil, row
		v := e.invoke(fn, call.at, f.t.loss, row)
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

// rows are those that `fit.loss` runs over, and the step that it stands for, 0
// for none: `rows: T` or the batch of `step: t`; nil where the training has no
// table.
func (f *lossFun) rows(c *cx, call *callArgs) (table *check.Table, step int64, ok bool) {
	for _, a := range call.named {
		v := a.val(c, nil)
		switch a.name {
		case "rows":
			t, ok := v.(*Tab)
			if !ok {
				c.errf("E0746", a.at, "`rows:` takes a table")
				return nil, 0, false
			}
			table = t.T
		case "step":
			if n, ok := v.(*Num); ok {
				if k, whole := n.int(); whole && k > 0 {
					step = k
					continue
				}
			}
			c.errf("E0747", a.at, "`step:` takes a constant, counted from 1, and this is %s", c.describe(v)).
				hint("which rows a step has is settled before the program runs; for several steps write `[%s(p, step: t) for t in 1..4]`", f.name())
			return nil, 0, false
		default:
			c.errf("E0226", a.at, "`%s` has no argument `%s`", f.name(), a.name).hint("`step: t`, `rows: T`")
			return nil, 0, false
		}
	}
	if table == nil && step > 0 && f.t.table != nil {
		table = c.stepTable(f.t, step, call.at)
	}
	if table == nil && f.t.table != nil {
		c.errf("E0748", call.at, "`%s` runs over rows: which?", f.name()).hint("`%s(p, rows: T)`, or `%s(p, step: 1)`", f.name(), f.name())
		return nil, 0, false
	}
	return table, step, true
}

// stepTable is the rows of a step of a training, as a subset of its table.
func (c *cx) stepTable(t *trainInfo, step int64, at source.Span) *check.Table {
	if tab := t.batches[step]; tab != nil {
		return tab
	}
	d := *c
	d.tableNames = []*syntax.Name{{Pos: syntax.Pos{At: at}, Name: fmt.Sprintf("%s_step%d", t.name, step)}}
	tab := d.subset(t.table, "batch", 0, &ir.Derive{Op: "batch", Batch: t.name, N: step}, at).T
	t.batches[step] = tab
	return tab
}

// epochOf is the pass that a step belongs to, counted from 1.
func (t *trainInfo) epochOf(step int64) ir.Dim {
	switch {
	case t.table == nil:
		return ir.N(0)
	case t.node.All:
		return ir.N(step)
	}
	size := ir.N(t.node.Batch)
	rows := t.table.Dim
	if t.node.Last != "drop" {
		rows = rows.Add(size).Sub(ir.N(1))
	}
	return ir.N(step - 1).Div(rows.Div(size)).Add(ir.N(1))
}
