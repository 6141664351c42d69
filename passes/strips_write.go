package passes

import (
	"fmt"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// rowsName is a name for the rows of a strip that no dimension has.
func rowsName(m *ir.Module, n int) string {
	name := fmt.Sprintf("strip%d", n)
	for m.Symbol(name) != nil {
		name += "x"
	}
	return name
}

// write replaces a group by one operation. It stands behind all that does not
// wait for the group, and before the rest. Views that others read stay outside as
// well: a result is stored, and what reads it may go by how it lies.
func (s *stripping) write(g *stripGroup, rows string) {
	stays, read := s.readOutside(g)
	var before, after []*ir.Op
	waits := make([]bool, len(s.r.Ops))
	for i, op := range s.r.Ops {
		for _, p := range s.needs[i] {
			waits[i] = waits[i] || waits[p] || g.in[p]
		}
		switch {
		case g.in[i] && !stays[i]:
		case waits[i]:
			after = append(after, op)
		default:
			before = append(before, op)
		}
	}
	w := &stripWriter{stripping: s, g: g, body: &ir.Region{}, rows: ir.Sym(rows), whole: env{}, by: env{}}
	w.b = at(s.m, s.f, w.body)
	for _, i := range g.ops {
		if !stays[i] || s.readInside(g, i) {
			w.add(s.r.Ops[i])
		}
	}
	s.r.Ops = before
	to := w.close(read)
	rest := &ir.Region{Ops: after, Results: s.r.Results}
	substitute(rest, to)
	s.r.Ops, s.r.Results = append(s.r.Ops, after...), rest.Results
}

// readOutside is the values of a group that not only it reads, where views that
// others read count as others: these stay.
func (s *stripping) readOutside(g *stripGroup) (stays map[int]bool, read []*ir.Value) {
	stays, inside := map[int]bool{}, map[*ir.Value]int{}
	for _, i := range slices.Backward(g.ops) {
		op, others := s.r.Ops[i], false
		for _, x := range op.Results {
			if inside[x] < s.uses[x] {
				if others = isView(op); !others {
					read = append(read, x)
				}
			}
		}
		if stays[i] = others; others {
			continue
		}
		for _, x := range distinct(op.Operands) {
			inside[x]++
		}
	}
	slices.Reverse(read)
	return stays, read
}

// readInside reports whether the group needs the value of a view that stays.
func (s *stripping) readInside(g *stripGroup, i int) bool {
	return slices.ContainsFunc(s.users[i], func(u int) bool { return g.in[u] })
}

// isView reports whether op only shows its operand in another way.
func isView(op *ir.Op) bool {
	switch op.Attrs.(type) {
	case ir.BroadcastAttrs, ir.ReshapeAttrs, ir.TransposeAttrs, ir.SliceAttrs:
		return true
	}
	return false
}

// stripWriter writes the region of a group.
type stripWriter struct {
	*stripping
	g        *stripGroup
	b        *ir.Builder
	body     *ir.Region
	rows     ir.Dim
	whole    env // what stands inside for wholes from outside
	by       env // what stands inside for values with rows, and for sums
	operands []*ir.Value
}

// add writes an operation of the group inside.
func (w *stripWriter) add(op *ir.Op) {
	in := make([]*ir.Value, len(op.Operands))
	lead := map[*ir.Value]bool{}
	for i, x := range op.Operands {
		lead[x] = w.g.lead[x] && w.inside(x) || w.g.from[op][x]
		in[i] = w.operand(x, lead[x])
	}
	for i, x := range w.again(w.b, op, in, lead, w.g.lead[op.Results[0]]) {
		w.by[op.Results[i]] = x
	}
}

func (w *stripWriter) inside(x *ir.Value) bool {
	p, ok := w.at[x]
	return ok && w.g.in[p]
}

// operand is what stands inside for x, by rows or whole; what is one number is
// copied.
func (w *stripWriter) operand(x *ir.Value, lead bool) *ir.Value {
	e := w.whole
	if lead {
		e = w.by
	}
	if y := e[x]; y != nil {
		return y
	}
	if c, ok := constOf(x); ok {
		e[x] = w.again(w.b, c, nil, nil, lead)[0]
		return e[x]
	}
	t := x.Type
	if lead {
		t = t.Inner().Lead(w.rows)
	}
	e[x] = addParam(w.f, w.body, t, x)
	w.operands = append(w.operands, x)
	return e[x]
}

// constOf is the operation that makes x where it is one number.
func constOf(x *ir.Value) (*ir.Op, bool) {
	if x.Def == nil {
		return nil, false
	}
	c, ok := x.Def.Attrs.(ir.ConstAttrs)
	return x.Def, ok && len(c.F)+len(c.I) == 1
}

// again writes op with other operands; its results have the rows of a strip where
// they lead.
func (w *stripWriter) again(b *ir.Builder, op *ir.Op, in []*ir.Value, lead map[*ir.Value]bool, leads bool) []*ir.Value {
	attrs := op.Attrs
	if leads {
		attrs = resized(op, w.rows)
	}
	var regions []*ir.Region
	if op.Row.Name == "fused" {
		regions = append(regions, w.loop(op, in, lead))
	}
	b.Span = op.Span
	out := b.OpWith(op.Row.Name, attrs, regions, in...)
	for i, x := range op.Results {
		dress(out[i], x)
	}
	return out
}

// loop writes the region of a loop again.
func (w *stripWriter) loop(op *ir.Op, in []*ir.Value, lead map[*ir.Value]bool) *ir.Region {
	within, _ := ir.RowsWithin(op, w.g.dim, lead)
	old, r, e := op.Regions[0], &ir.Region{}, env{}
	for i, p := range old.Params {
		e[p] = addParam(w.f, r, in[i].Type, p)
	}
	b := at(w.m, w.f, r)
	for _, o := range old.Ops {
		e.bind(o.Results, w.again(b, o, e.list(o.Operands), nil, within[o.Results[0]]))
	}
	r.Results = e.list(old.Results)
	return r
}

// close writes the operation behind what stands before it, and says what has
// become of the values of the group that others read.
func (w *stripWriter) close(read []*ir.Value) env {
	w.body.Results = w.by.list(read)
	b := at(w.m, w.f, w.r)
	b.Span = read[len(read)-1].Span
	a := ir.StripsAttrs{Count: w.g.dim, Rows: w.rows, Size: w.g.rows}
	to := env{}
	for i, x := range b.OpWith("strips", a, []*ir.Region{w.body}, w.operands...) {
		dress(x, read[i])
		to[read[i]] = x
	}
	return to
}
