package passes

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// This file holds the analysis of the gradient contract: for each parameter,
// whether a gradient reaches it from the loss, and where it is cut. It runs on
// the program as written, before derivatives, so that it can name its places.

// Cut is a place where the derivative is zero although the value goes on.
type Cut struct {
	Span   source.Span
	Kind   string // the row: stop, round, argmax, convert, cmp …
	Reason string // of a stop
}

// meant reports whether the program itself says stop here.
func (c *Cut) meant() bool { return c.Kind == "stop" && c.Reason == "" }

// Reached is what happens to the gradient of one parameter.
type Reached struct {
	Live bool // it arrives on some path
	Cut  *Cut // the first cut on some other path; nil for none
}

// Reach says for each parameter of fn in params how the gradient of result 0
// reaches it. A comparison that only chooses, and an index used as an index,
// are no cuts.
func Reach(m *ir.Module, fn string, params []int) []Reached {
	r := &reach{m: m, memo: map[string][][]flow{}}
	out := make([]Reached, len(params))
	sum := r.fn(fn)
	if len(sum) == 0 {
		return out
	}
	for i, p := range params {
		out[i] = Reached{sum[0][p].live, sum[0][p].cut}
	}
	return out
}

// flow is how a value depends on one source: as a number with a derivative, as
// a number cut off from it, as something discrete made from it.
type flow struct {
	live bool
	cut  *Cut
	disc *Cut
}

func (a flow) none() bool { return !a.live && a.cut == nil && a.disc == nil }

func (a flow) join(b flow) flow {
	a.cut, a.disc = firstCut(a.cut, b.cut), firstCut(a.disc, b.disc)
	a.live = a.live || b.live
	return a
}

// firstCut is the one that stands first in the program; one that is meant
// gives way to one that is not.
func firstCut(a, b *Cut) *Cut {
	switch {
	case a == nil || b != nil && a.meant() && !b.meant():
		return b
	case b == nil || b.meant() && !a.meant():
		return a
	case a.Span.File == b.Span.File && b.Span.Start < a.Span.Start && !b.Span.IsZero():
		return b
	}
	return a
}

// then is the flow through a, followed by b. What is cut stays cut by the
// first that did so, unless all of it is stopped later and that is meant.
func (a flow) then(b flow) flow {
	var out flow
	if a.live {
		out = b
	}
	if a.cut != nil {
		switch {
		case b.live:
			out = out.join(flow{cut: a.cut})
		case b.cut != nil && b.cut.meant():
			out = out.join(flow{cut: b.cut})
		case b.cut != nil:
			out = out.join(flow{cut: a.cut})
		}
		out = out.join(flow{disc: b.disc})
	}
	if a.disc != nil && !a.live && a.cut == nil {
		if b.disc != nil {
			out = out.join(flow{disc: a.disc})
		}
		out = out.join(flow{cut: b.cut})
	}
	return out
}

type reach struct {
	m    *ir.Module
	memo map[string][][]flow
}

// fn is, by result, the flow from each parameter.
func (r *reach) fn(name string) [][]flow {
	if s, ok := r.memo[name]; ok {
		return s
	}
	f := r.m.Func(name)
	if f == nil {
		return nil
	}
	r.memo[name] = nil
	s := r.region(f.Body, nil)
	r.memo[name] = s
	return s
}

// region is fn for a region; begin is what its parameters carry from the
// sources, nil for each from itself.
func (r *reach) region(s *ir.Region, begin [][]flow) [][]flow {
	at := map[*ir.Value][]flow{}
	n := len(s.Params)
	for i, p := range s.Params {
		if begin != nil {
			at[p] = begin[i]
			continue
		}
		fs := make([]flow, n)
		if p.Type.IsFloat() {
			fs[i].live = true
		} else {
			fs[i].disc = &Cut{Span: p.Span}
		}
		at[p] = fs
	}
	for _, op := range s.Ops {
		r.op(op, at)
	}
	out := make([][]flow, len(s.Results))
	for i, x := range s.Results {
		out[i] = at[x]
	}
	return out
}

func (r *reach) op(op *ir.Op, at map[*ir.Value][]flow) {
	in := make([][]flow, len(op.Operands))
	sources := 0
	for i, x := range op.Operands {
		in[i] = at[x]
		sources = max(sources, len(in[i]))
	}
	if sources == 0 {
		return
	}
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		r.call(op, a, in, sources, at)
	case ir.CondAttrs:
		r.sides(op, in[1:], sources, at)
	case ir.ScanAttrs:
		r.loop(op, a, in, sources, at)
	case ir.MapAttrs:
		r.bind(op, r.region(op.Regions[0], fill(in, sources)), sources, at)
	default:
		r.plain(op, in, sources, at)
	}
}

func fill(in [][]flow, sources int) [][]flow {
	out := make([][]flow, len(in))
	for i := range in {
		if out[i] = in[i]; out[i] == nil {
			out[i] = make([]flow, sources)
		}
	}
	return out
}

func (r *reach) bind(op *ir.Op, out [][]flow, sources int, at map[*ir.Value][]flow) {
	for i, x := range op.Results {
		if at[x] = out[i]; at[x] == nil {
			at[x] = make([]flow, sources)
		}
	}
}

// plain is the rule of rows without regions.
func (r *reach) plain(op *ir.Op, in [][]flow, sources int, at map[*ir.Value][]flow) {
	floatOperand := false
	for _, x := range op.Operands {
		floatOperand = floatOperand || x.Type.IsFloat()
	}
	here := &Cut{Span: op.Span, Kind: op.Row.Name}
	if a, ok := op.Attrs.(ir.StopAttrs); ok {
		here.Reason = a.Reason
	}
	for _, x := range op.Results {
		out := make([]flow, sources)
		for i, y := range op.Operands {
			for k, f := range in[i] {
				out[k] = out[k].join(through(f, y.Type.IsFloat(), x.Type.IsFloat(), op.Row.Has(ir.Flat), floatOperand, here))
			}
		}
		at[x] = out
	}
}

// through is what an operand that carries f gives to a result. A discrete
// operand beside floats chooses or indexes; alone it is made into a number.
func through(f flow, fromFloat, toFloat, flat, floatOperand bool, here *Cut) flow {
	switch {
	case f.none():
		return flow{}
	case !toFloat && f.disc != nil:
		return flow{disc: f.disc}
	case !toFloat:
		return flow{disc: here}
	case !fromFloat && floatOperand:
		return flow{}
	case !fromFloat:
		if f.disc.Kind == "" {
			return flow{cut: here}
		}
		return flow{cut: f.disc}
	case here.meant():
		return flow{cut: here}
	case flat && f.cut != nil:
		return flow{cut: f.cut}
	case flat:
		return flow{cut: here}
	}
	return f
}

// call composes with the summary of what is called. A transform asked for is
// taken to depend on everything.
func (r *reach) call(op *ir.Op, a ir.CallAttrs, in [][]flow, sources int, at map[*ir.Value][]flow) {
	sum := r.fn(a.Fn)
	for j, x := range op.Results {
		out := make([]flow, sources)
		for i := range op.Operands {
			for k, f := range in[i] {
				switch {
				case f.none():
				case len(a.Req) == 0 && j < len(sum):
					out[k] = out[k].join(f.then(sum[j][i]))
				case len(a.Req) == 0:
				case x.Type.IsFloat() && f.disc == nil:
					out[k] = out[k].join(f)
				}
			}
		}
		at[x] = out
	}
}

func (r *reach) sides(op *ir.Op, in [][]flow, sources int, at map[*ir.Value][]flow) {
	in = fill(in, sources)
	x, y := r.region(op.Regions[0], in), r.region(op.Regions[1], in)
	out := make([][]flow, len(op.Results))
	for i := range out {
		out[i] = joinAll(x[i], y[i], sources)
	}
	r.bind(op, out, sources, at)
}

func joinAll(a, b []flow, sources int) []flow {
	out := make([]flow, sources)
	for k := range out {
		if k < len(a) {
			out[k] = out[k].join(a[k])
		}
		if k < len(b) {
			out[k] = out[k].join(b[k])
		}
	}
	return out
}

// loop joins what carries hold until it stays the same.
func (r *reach) loop(op *ir.Op, a ir.ScanAttrs, in [][]flow, sources int, at map[*ir.Value][]flow) {
	in = fill(in, sources)
	var out [][]flow
	for again := true; again; {
		again = false
		out = r.region(op.Regions[0], in)
		for i := range a.Carries {
			j := joinAll(in[a.Captures+i], out[i], sources)
			for k, f := range j {
				old := in[a.Captures+i][k]
				again = again || f.live != old.live || (f.cut == nil) != (old.cut == nil) || (f.disc == nil) != (old.disc == nil)
			}
			in[a.Captures+i] = j
		}
	}
	for i := range a.Carries {
		out[i] = in[a.Captures+i]
	}
	r.bind(op, out, sources, at)
}

// Contract reports on every parameter of a training that is updated: E0601
// where neither loss nor penalty uses it, E0602 where every path is cut, a
// warning E0603 where some are, E0605 where a lazy update needs all rows. A stop that the program wrote is meant. A node
// that is no training has nothing to report.
func Contract(m *ir.Module, n *ir.Node) source.List {
	t, ok := n.Body.(*ir.Train)
	if !ok || m.Func(t.Loss) == nil {
		return nil
	}
	var list source.List
	some := len(t.Params) == 0
	for _, p := range t.Params {
		if p.Update == "" {
			some = true
			continue
		}
		var got flow
		for _, fn := range names(t.Loss, t.Penalty) {
			got = got.join(weightFlow(m, m.Func(fn), p.Path))
		}
		some = some || got.live
		if d := rowByRow(m, n, p); d != nil {
			list.Add(d)
		}
		if d := judge(p, n, Reached{got.live, got.cut}); d != nil {
			list.Add(d)
		}
	}
	if !some && len(list) == 0 {
		list.Add(source.Errorf(codeNothing, n.Span, "no gradient reaches any parameter of `%s`, so training would change nothing", t.Model).
			WithHint("every way from the parameters to the loss goes through a `stop(…)`; leave one out"))
	}
	return list
}

// weightFlow is how a parameter flows to result 0 of f; f may be nil.
func weightFlow(m *ir.Module, f *ir.Func, path string) flow {
	if f == nil {
		return flow{}
	}
	for i, in := range f.Inputs {
		if in.Role == ir.Weight && in.Bind == path {
			got := Reach(m, f.Name, []int{i})[0]
			return flow{live: got.Live, cut: got.Cut}
		}
	}
	return flow{}
}

func judge(p ir.TrainParam, n *ir.Node, got Reached) *source.Diagnostic {
	at := p.Span
	if at.IsZero() {
		at = n.Span
	}
	switch {
	case got.Cut != nil && got.Cut.meant():
		return nil
	case got.Live && got.Cut == nil:
		return nil
	case got.Live:
		return source.Warnf(codePartly, at, "on some paths no gradient reaches `%s`", p.Path).
			Note(got.Cut.Span, "%s", got.Cut.why()).WithHint("write stop(…) around it if that is meant")
	case got.Cut != nil:
		return source.Errorf(codeCut, at, "no gradient reaches `%s`, so training would not change it", p.Path).
			Note(got.Cut.Span, "%s", got.Cut.why()).WithHint("write stop(…) around it if that is meant")
	}
	return source.Errorf(codeAbsent, at, "no gradient reaches `%s`: the loss does not use it, or only to choose or to count", p.Path).
		WithHint("use it as a number on the way to the loss, or remove it")
}

// why says in the words of the language what cuts.
func (c *Cut) why() string {
	if c.Reason != "" {
		return c.Reason
	}
	switch c.Kind {
	case "argmax":
		return "the number of the greatest element has no derivative"
	case "convert":
		return "a conversion to or from a whole number or bool has no derivative"
	case "cmp":
		return "a comparison used as a number has no derivative"
	case "stop":
		return "it is cut here by stop"
	}
	return "`" + c.Kind + "` has derivative zero"
}
