package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
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
	table, ok := f.rows(c, call)
	if !ok {
		return poison
	}
	d := *c
	root := &paramRoot{model: f.t.model.Name, mode: rootGiven, given: rec, states: f.t.trained()}
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
