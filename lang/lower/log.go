package lower

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// log reads `log csv("curve.csv") every 10 = { step, loss }`: a file that grows
// by a row after each so many steps. Its values are expressions as those of
// metrics are, and may use the step just taken.
func (c *cx) log(info *trainInfo, cl *syntax.Clause) {
	call, ok := cl.Value.(*syntax.Call)
	if !ok || cl.Is == nil {
		c.errf("E0762", cl.Span(), "a log is written `log csv(\"curve.csv\") every 10 = { step, loss }`")
		return
	}
	l := ir.Log{Steps: 1, Span: cl.Span()}
	if l.Format, l.Path, ok = c.sink(call, "csv", "jsonl"); !ok {
		return
	}
	if low := strings.ToLower(l.Path); strings.HasSuffix(low, ".gz") || strings.HasSuffix(low, ".zst") {
		c.errf("E0762", call.Span(), "a log grows line by line and is not compressed").hint("give it a name without the ending")
	}
	if cl.Every != nil {
		l.Steps = c.everySteps(cl.Every)
	}
	d := c.el.graphCx(info.mod, info.name+".log")
	d.every, d.partOf, d.mayLack = ir.LogOwner(info.name, len(info.node.Logs)), info, true
	c.el.nodeAt = cl.Span()
	v := d.sinceStep(info).expr(cl.Is, nil)
	if isPoison(v) {
		return
	}
	if _, rec := v.(*Rec); !rec {
		c.errf("E0764", cl.Is.Span(), "a row of a log is a record, and this is %s", d.describe(v)).hint("give it a name: `{ step, value: … }`")
		return
	}
	tree, ok := d.tree(v, info.name+".log", cl.Is.Span())
	if ok && c.logColumns(&l, "", "", &tree, cl.Is.Span()) {
		info.node.Logs = append(info.node.Logs, l)
	}
}

// everySteps is the `every` of a log.
func (c *cx) everySteps(x syntax.Expr) int64 {
	if _, is := x.(*syntax.Duration); is {
		c.errf("E0763", x.Span(), "a log has a row each so many steps, since how long a step takes differs from run to run").hint("`every 10`")
		return 1
	}
	v := c.expr(x, nil)
	if n, ok := v.(*Num); ok {
		if steps, whole := n.int(); whole && steps > 0 {
			return steps
		}
	}
	if !isPoison(v) {
		c.errf("E0763", x.Span(), "`every` takes a whole number of steps above 0 that is known when the program is compiled, and this is %s", c.describe(v))
	}
	return 1
}

// sinceStep is c with the names that a log knows: `step`, `epoch`, `loss`, and
// the metrics, which are missing before they are first computed.
func (c *cx) sinceStep(info *trainInfo) *cx {
	now := func(name string, k ir.Kind) *Ten {
		o := ir.Output{Name: info.name + ":now/" + name, Type: ir.ScalarOf(k)}
		if !slices.ContainsFunc(info.node.Now, func(p ir.Output) bool { return p.Name == o.Name }) {
			info.node.Now = append(info.node.Now, o)
		}
		return &Ten{T: o.Type, Glob: o.Name}
	}
	at := info.n.Span()
	d := c.with("step", at, now("step", ir.I64)).with("epoch", at, now("epoch", ir.I64)).
		with("loss", at, now("loss", c.m.Func(info.node.Loss).Results()[0].Type.Kind))
	for _, m := range info.node.Metrics {
		d = d.with(m.Name, at, &Opt{Val: now("metric."+m.Name, info.kinds[m.Name]), Has: now("measured", ir.Bool)})
	}
	return d
}

// logColumns lists the columns of a log: the parts of records have the names
// of both.
func (c *cx) logColumns(l *ir.Log, name, present string, t *ir.Tree, at source.Span) bool {
	if t.Present != "" {
		if present != "" {
			c.errf("E0764", at, "`%s` may be missing for two reasons, which a log does not tell apart", name)
			return false
		}
		present = t.Present
	}
	switch {
	case t.Text != nil || t.First != nil:
		c.errf("E0764", at, "a log holds numbers, and `%s` is a text", name).hint("a number tells as much: `if c then 1 else 0`; a setting may stand in the path: `csv(\"{case}/curve.csv\")`")
		return false
	case t.Each != nil || t.Names == nil && t.Value == "":
		c.errf("E0764", at, "a log holds numbers, tensors and records of these, and `%s` is a list of something else", name)
		return false
	case t.Value != "":
		l.Columns = append(l.Columns, ir.LogColumn{Name: name, Value: t.Value, Present: present})
		return true
	}
	for i := range t.Items {
		inner := t.Names[i]
		if name != "" {
			inner = name + "." + inner
		}
		if !c.logColumns(l, inner, present, &t.Items[i], at) {
			return false
		}
	}
	return true
}
