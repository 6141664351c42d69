package runtime

import (
	"fmt"
	"math"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// region binds the operations of a region in order.
func (b *binder) region(r *ir.Region) []step {
	var steps []step
	for _, op := range r.Ops {
		steps = appendStep(steps, b.op(op))
	}
	return steps
}

func (b *binder) op(op *ir.Op) step {
	o := b.plan.ops[op]
	b.at = op.Span
	if o.within {
		what := "with it, lines"
		switch {
		case o.tile != nil:
			what = fmt.Sprintf("with it, tile program of %d", len(o.tile.instrs))
		case op.Row.Name == "row_write":
			what = "with it, rows"
		}
		*b.rows = append(*b.rows, b.describe(op, what))
		return nil
	}
	s, what := b.opStep(op, o)
	if s == nil {
		return nil
	}
	if o.once {
		what = "once, " + what
	}
	row := b.describe(op, what)
	if !row.container() {
		*b.rows = append(*b.rows, row)
	}
	if p := b.prog.opt.Profile; p != nil {
		s = b.timed(p.kernel(b.plan.fn, op, row), s)
	}
	if o.once {
		b.once = append(b.once, s)
		return nil
	}
	if b.plan.closes(op) {
		return b.strip.closing(s)
	}
	return s
}

// opStep is the step of an operation and what it is called in the report; nil
// where there is nothing to do.
func (b *binder) opStep(op *ir.Op, o *opInfo) (step, string) {
	switch {
	case o.fallback:
		return b.fallback(op), "interpreted"
	case o.tile != nil:
		return b.tileStep(op, o.tile)
	case o.inline:
		return b.inline(op), "region"
	case isIdentity(op.Row.Name):
		return nil, ""
	}
	switch op.Row.Name {
	case "const", "broadcast", "reshape", "transpose", "slice":
		return b.structure(op), "copy"
	case "reverse":
		x := b.view(op.Operands[0]).reversed(op.Attrs.(ir.AxisAttrs).Axis)
		return b.copyStep(b.view(op.Results[0]), x), "copy"
	case "pad":
		return b.pad(op), "copy"
	case "concat":
		return b.concat(op), "copy"
	case "iota", "size", "cross_count":
		return b.number(op), "fill"
	case "gather":
		if b.plan.windows(op) {
			return b.structure(op), "copy"
		}
		return b.gather(op), "gather"
	case "scatter_add":
		if o.folds {
			return b.sumInPlace(op), "in place"
		}
		return b.scatterAdd(op), "scatter"
	case "scatter_max":
		return b.scatterMax(op), "scatter"
	case "first_of":
		return b.firstOf(op, o.temps[0]), "keys"
	case "row_write":
		return b.rowWrite(op), "rows"
	case "slice_add":
		return b.sliceAdd(op), "add"
	case "einsum":
		return b.einsum(op)
	case "reduce_sum", "reduce_max", "reduce_prod":
		return b.reduce(op)
	case "argmax":
		return b.argmax(op), "lines"
	case "cumsum":
		return b.cumsum(op), "lines"
	case "uniform":
		return b.uniform(op), "draw"
	case "assert":
		return b.assert(op), "check"
	case "call":
		return b.call(op, o), "call"
	case "cond":
		return b.cond(op), "branch"
	case "scan", "map":
		return b.scan(op, o)
	case "strips":
		return b.strips(op, o)
	}
	b.fail("no way to run %s", op.Row.Name)
	return nil, ""
}

// tileStep is the step of a tile program and what it is called; nil where it
// has nothing to do.
func (b *binder) tileStep(op *ir.Op, t *tileProg) (step, string) {
	s, sums, rows := b.tile(op, t), b.sumsOf(op), b.writesOf(op)
	switch {
	case rows != nil && s == nil:
		return rows.around(nil), "copy" // of rows that stay
	case rows != nil:
		s.writeRows(rows)
		return rows.around(s.step(b.pool)), s.name()
	case s == nil && sums != nil:
		return b.clear(sums.dst), "fill" // of no elements
	case s == nil:
		return nil, ""
	case sums != nil:
		s.sumLines(sums)
	}
	return s.step(b.pool), s.name()
}

// tile binds a tile program to the storage of the operation; nil where there
// are no points.
func (b *binder) tile(op *ir.Op, t *tileProg) *tileStep {
	in, out := b.viewsOf(op.Operands), b.viewsOf(op.Results)
	s := b.bindTile(t, in, out, func(r, i int) bool { return b.mayAlias(out[r].slot, in[i].slot) })
	if s != nil && s.code != nil {
		if b.least == nil {
			b.least = map[*ir.Op]float64{}
		}
		bound := s.code.fn.Bound()
		b.least[op] = bound.Cycles * float64(s.n) / float64(bound.Elements)
	}
	return s
}

// then is what follows a product on each range of its elements, nil for none.
func (b *binder) then(op *ir.Op) func(w *worker, lo, hi int) {
	next := b.plan.ops[op].then
	if next == nil {
		return nil
	}
	s := b.tile(next, b.plan.ops[next].tile)
	if s == nil {
		return nil
	}
	s.flatten(b.pool.workers[0])
	return s.within
}

// mayAlias reports whether two slots can be the same memory: the same slot, or
// a result and the parameter whose storage it takes over.
func (b *binder) mayAlias(out, in int) bool {
	if out == in {
		return in != noSlot
	}
	for k, o := range b.plan.outs {
		if j, ok := b.plan.donate[k]; ok && o.slot == out && b.plan.ins[j] == in {
			return true
		}
	}
	return false
}

// inline runs the operations of a fused region that is no tile program.
func (b *binder) inline(op *ir.Op) step {
	body := op.Regions[0]
	steps := b.region(body)
	for k, v := range body.Results {
		steps = appendStep(steps, b.resultCopy(op.Results[k], v))
	}
	return func() *Fault { return run(steps) }
}

// resultCopy brings what a region yields to the result of its operation, nil
// where it was made there.
func (b *binder) resultCopy(to, from *ir.Value) step {
	dst, src := b.view(to), b.view(from)
	if dst.slot == src.slot && src.off == 0 && slices.Equal(dst.stride, src.stride) {
		return nil
	}
	return b.copyStep(dst, src)
}

// structure copies a view that somebody needs dense; nil for mere views.
func (b *binder) structure(op *ir.Op) step {
	v := op.Results[0]
	i := b.plan.info[v]
	if i.root != v || op.Row.Name == "const" && !i.copied {
		return nil
	}
	dst := b.view(v)
	if op.Row.Name == "const" {
		return b.fillStep(dst, op.Attrs.(ir.ConstAttrs))
	}
	src := b.view(op.Operands[0])
	if op.Row.Name == "reshape" {
		dst.shape, dst.stride = src.shape, stridesOf(src.shape)
	} else {
		src = b.operandView(op)
	}
	return b.copyStep(dst, src)
}

func (b *binder) fillStep(dst view, a ir.ConstAttrs) step {
	n, f, i := dst.len(), 0.0, int64(0)
	if a.T.IsFloat() {
		f = a.F[0]
	} else {
		i = a.I[0]
	}
	fr := b.fr
	if n == 0 {
		return nil
	}
	return func() *Fault {
		fillNumber(fr.base[dst.slot], n, dst.kind, f, i)
		return nil
	}
}

// number is iota and size.
func (b *binder) number(op *ir.Op) step {
	dst, fr := b.view(op.Results[0]), b.fr
	switch a := op.Attrs.(type) {
	case ir.IotaAttrs:
		n := b.size(a.N)
		if n > math.MaxInt32 {
			b.fail("an index of %d values", n)
		}
		return func() *Fault {
			for i, d := 0, elems[int32](fr, dst.slot, n); i < len(d); i++ {
				d[i] = int32(i)
			}
			return nil
		}
	case ir.SizeAttrs:
		return b.scalarStep(dst, int64(b.size(a.N)))
	}
	return b.scalarStep(dst, 1)
}

func (b *binder) scalarStep(dst view, n int64) step {
	fr := b.fr
	return func() *Fault {
		fillNumber(fr.base[dst.slot], 1, dst.kind, float64(n), n)
		return nil
	}
}
