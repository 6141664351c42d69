package runtime

import (
	"strings"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// blockElems is the room of a worker for rows of a product that is not stored,
// in elements: what follows finds them in the second cache, if not in the first.
const blockElems = 1 << 14

// leastRows is how many rows of a product such a block has at least.
const leastRows = 48

// onlyFor reports whether a product is read by nobody but what runs within it,
// and is of a shape whose rows can be computed one block after the other: one
// axis of either operand, chains of one block. Then it is never stored: a
// gradient that is only for the update of its parameter. Where what follows has
// a result to store that can lie in its place, nothing would be spared.
func (p *plan) onlyFor(product, next *ir.Op) bool {
	x := product.Results[0]
	for _, u := range p.uses[x] {
		if u.op != next {
			return false
		}
	}
	for _, w := range next.Results {
		for _, u := range p.uses[w] {
			if u.op != nil && p.canTakeOver(next, w, x) {
				return false
			}
		}
	}
	in, out, err := ir.EinsumLabels(product.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil || len(in[0]) != 2 || len(in[1]) != 2 || len(out) != 2 {
		return false
	}
	k := strings.IndexFunc(in[0], func(c rune) bool { return !strings.ContainsRune(out, c) })
	if k < 0 || !strings.ContainsRune(in[1], rune(in[0][k])) || strings.ContainsRune(in[0], rune(out[0])) == strings.ContainsRune(in[0], rune(out[1])) {
		return false
	}
	return p.size(product.Operands[0].Type.Dims[k]) <= kernel.K0 && p.size(x.Type.Dims[0]) <= blockElems &&
		p.size(x.Type.Dims[1])*leastRows <= blockElems && splitBytes(p, product) == 0
}

// local makes c a product that is not stored: a task computes rows block by
// block beside what follows each.
func (c *contraction[T]) local(b *binder, after func(w *worker, lo, hi int)) step {
	most := min(blockElems/c.g.N, kernel.RowsAtOnce)
	c.rows, c.cols = min(c.rows, most), c.g.N
	c.downs, c.across, c.after = (c.g.M+c.rows-1)/c.rows, 1, after
	j := &job{n: c.downs}
	j.many = func(w *worker, from, to int) { c.localRows(w, from*c.rows, min(to*c.rows, c.g.M), most) }
	j.do = func(w *worker, task int) { j.many(w, task, task+1) }
	return b.parallel(j)
}

// localRows computes rows i0 to i1, at most so many at a time.
func (c *contraction[T]) localRows(w *worker, i0, i1, most int) {
	g := &c.g
	a, x := spanOf[T](c.fr, &c.a, c.extents[0])[c.a.off:], spanOf[T](c.fr, &c.b, c.extents[1])[c.b.off:]
	rows := unsafe.Slice((*T)(unsafe.Pointer(&w.block[0])), blockElems)
	r, step := g.Rows(i1-i0), most
	if step >= wholeTiles {
		step -= step % wholeTiles
	}
	for i := i0; i < i1; i += step {
		n := min(step, i1-i)
		r.Block(i, n, a, x, rows, gemmScratch[T](w))
		w.blockAt = i * g.N
		c.after(w, i*g.N, (i+n)*g.N)
	}
}

// wholeTiles is a number of rows that is whole tiles of all kernels.
const wholeTiles = 24

// zeros is local for chains of no links.
func (c *contraction[T]) zeros(b *binder, after func(w *worker, lo, hi int)) step {
	n := c.c.len()
	j := &job{n: (n + blockElems - 1) / blockElems}
	j.do = func(w *worker, task int) {
		clear(w.block)
		w.blockAt = task * blockElems
		after(w, w.blockAt, min(w.blockAt+blockElems, n))
	}
	return b.parallel(j)
}
