package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// write replaces the loops that read or store other values than before.
func (z *recomputing) write() {
	w := &recomputeWriter{recomputing: z, to: env{}, place: env{}}
	ops := z.r.Ops
	z.r.Ops = nil
	w.b = at(z.v.m, z.f, z.r)
	for i, op := range ops {
		if l := z.loops[i]; l != nil {
			if stores := z.stores(l); l.changed || !slices.Equal(stores, z.results(l)) {
				w.loop(l, stores)
				continue
			}
		}
		w.to.rewire(op)
		z.r.Ops = append(z.r.Ops, op)
	}
	z.r.Results = w.to.list(z.r.Results)
}

// results is what a loop has stored so far.
func (z *recomputing) results(l *elementLoop) (out []*ir.Value) {
	for _, x := range l.op.Results {
		out = append(out, z.source(x))
	}
	return out
}

// stores is the values of a loop that others read.
func (z *recomputing) stores(l *elementLoop) (out []*ir.Value) {
	for _, y := range z.results(l) {
		if z.kept[y] || z.sums[y] > 0 || len(z.loads[y]) > 0 {
			out = append(out, y)
		}
	}
	for _, op := range l.ops() {
		if y := op.Results[0]; len(z.loads[y]) > 0 && !slices.Contains(out, y) {
			out = append(out, y)
		}
	}
	return out
}

// ops is the operations of a loop.
func (l *elementLoop) ops() []*ir.Op {
	if l.op.Row.Name == "fused" {
		return l.op.Regions[0].Ops
	}
	return []*ir.Op{l.op}
}

type recomputeWriter struct {
	*recomputing
	b     *ir.Builder
	to    env // what has become of values of the region
	place env // what stands outside for values that loops store now
}

// outside is what stands outside of loops for y, which is stored.
func (w *recomputeWriter) outside(y *ir.Value) *ir.Value {
	if x := w.place[y]; x != nil {
		return x
	}
	if x := w.outer[y]; x != nil {
		y = x
	}
	return w.to.of(y)
}

// loop writes a loop again; one of which nobody reads anything is left out.
func (w *recomputeWriter) loop(l *elementLoop, stores []*ir.Value) {
	if len(stores) == 0 {
		return
	}
	a := &loopWriter{w: w, body: &ir.Region{}, e: env{}, loads: map[*ir.Value]bool{}}
	a.b = at(w.v.m, w.f, a.body)
	for _, y := range l.loads {
		a.loads[y] = true
	}
	needed := map[*ir.Value]bool{}
	for _, y := range stores {
		needed[y] = true
	}
	ops := l.ops()
	for _, op := range slices.Backward(ops) {
		if needed[op.Results[0]] {
			for _, x := range op.Operands {
				needed[x] = true
			}
		}
	}
	for _, op := range ops {
		if needed[op.Results[0]] {
			a.copy(op)
		}
	}
	for _, y := range stores {
		a.body.Results = append(a.body.Results, a.bring(y))
	}
	w.v.cseRegion(a.body)
	w.b.Span, w.b.Primal = l.op.Span, ""
	for i, x := range w.b.OpWith("fused", nil, []*ir.Region{a.body}, a.operands...) {
		y := stores[i]
		if dress(x, y); w.outer[y] != nil {
			dress(x, w.outer[y])
		}
		w.place[y] = x
	}
	for _, x := range l.op.Results {
		if y := w.place[w.source(x)]; y != nil {
			w.to[x] = y
		}
	}
}

// loopWriter is a loop while it is written.
type loopWriter struct {
	w        *recomputeWriter
	body     *ir.Region
	b        *ir.Builder
	e        env
	loads    map[*ir.Value]bool
	operands []*ir.Value
}

// bring is x inside: read, or computed again where it is first needed.
func (a *loopWriter) bring(x *ir.Value) *ir.Value {
	y := a.w.source(x)
	switch {
	case a.e[y] != nil:
	case a.loads[y]:
		a.e[y] = addParam(a.w.f, a.body, y.Type, y)
		a.operands = append(a.operands, a.w.outside(y))
	default:
		a.copy(y.Def)
	}
	a.e[x] = a.e[y]
	return a.e[y]
}

func (a *loopWriter) copy(op *ir.Op) {
	for _, x := range op.Operands {
		a.bring(x)
	}
	copyOp(a.b, op, a.e)
}
