package runtime

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// contraction is a GEMM with loops around it: over outer independent ones, and
// over deep ones whose products are added in order. A task is a block of C, or
// a group of outer products where one is too little.
type contraction[T kernel.Float] struct {
	fr      *frame
	g       kernel.Gemm[T]
	a, b, c view
	extents [3]int
	outer   []label
	deep    []label
	nOuter  int
	nDeep   int
	group   int // outer products of one task

	rows, cols    int // of the block of one task
	downs, across int // blocks of one product

	parts [3]*part // of A, B and C, where they are kept in the scratch

	// after is the hook of product; where the result of a task is no range of
	// elements, it runs in a job of its own behind the last.
	after func(w *worker, lo, hi int)
}

// groupWork is the floating-point operations of a task that does whole products.
const groupWork = 1 << 20

// afterBlock is the elements that are computed together at most where something
// follows, so that it finds them in the second cache.
const afterBlock = 1 << 17

// afterWork is the elements of a task that does nothing but what follows.
const afterWork = 1 << 14

func contract[T kernel.Float](b *binder, op *ir.Op, in []string, out string, after func(w *worker, lo, hi int)) (step, string) {
	c := newContraction[T](b, op)
	if c.c.len() == 0 {
		return nil, ""
	}
	if c.c.slot == noSlot && (c.a.len() == 0 || c.b.len() == 0) {
		return c.zeros(b, after), "fill"
	}
	if c.a.len() == 0 || c.b.len() == 0 {
		return inOrder(b.clear(c.c), c.behind(b, after)), "fill"
	}
	ls := b.labels(op, in, out)
	deep, links := chainOf(ls)
	joins := c.shape(ls, deep, links)
	if b.plan.closes(op) {
		what := fmt.Sprintf("GEMM %d×%d×%d", c.g.M, c.g.N, c.g.K)
		if c.nOuter > 1 {
			what += fmt.Sprintf(", %d times", c.nOuter)
		}
		return c.chains(b), what + ", going on"
	}
	if s, what := c.splitUp(b, op, partsOf(ls), after); s != nil {
		return s, what
	}
	if c.nOuter*c.nDeep > 1 || !joins {
		s, what := regrouped[T](b, op, ls, deep, links, after)
		if s != nil {
			return s, what
		}
		if !joins {
			b.fail("the links of a product lie apart")
			return nil, ""
		}
	}
	ranges := c.ranges()
	c.rows, c.cols = c.g.Cut(ranges && after != nil)
	c.downs, c.across = (c.g.M+c.rows-1)/c.rows, (c.g.N+c.cols-1)/c.cols
	if c.nOuter == 1 && c.downs*c.across == 1 {
		c.rows = c.g.Band()
		c.downs = (c.g.M + c.rows - 1) / c.rows
	}
	if c.c.slot == noSlot {
		return c.local(b, after), fmt.Sprintf("GEMM %d×%d×%d", c.g.M, c.g.N, c.g.K)
	}
	c.group = 1
	if c.downs*c.across == 1 {
		work := 2 * float64(c.g.M) * float64(c.g.N) * float64(c.g.K) * float64(c.nDeep)
		c.group = max(1, min(c.nOuter, int(groupWork/work)))
	}
	j := &job{n: (c.nOuter + c.group - 1) / c.group * c.downs * c.across}
	j.do = c.task
	if c.nOuter == 1 {
		j.many = c.blocks
	}
	what := fmt.Sprintf("GEMM %d×%d×%d", c.g.M, c.g.N, c.g.K)
	if c.nOuter > 1 || c.nDeep > 1 {
		what += fmt.Sprintf(", %d times", c.nOuter*c.nDeep)
	}
	s := c.listed(b, j.n)
	switch {
	case s == nil && ranges:
		c.after = after
		return b.parallel(j), what
	case s == nil:
		return inOrder(b.parallel(j), c.behind(b, after)), what
	case ranges && after != nil:
		return c.then(b, s, after), what
	}
	return inOrder(s, c.behind(b, after)), what
}

// listed is the step of a single product of one task as a list of calls, nil where
// there is none.
func (c *contraction[T]) listed(b *binder, tasks int) step {
	if tasks > 1 || c.nOuter > 1 || c.nDeep > 1 {
		return nil
	}
	calls := c.g.Calls()
	if calls == nil {
		return nil
	}
	size := int(unsafe.Sizeof(*new(T)))
	base, x, y, z := c.fr.base, c.a.off*size, c.b.off*size, c.c.off*size
	return func() *Fault {
		calls.Run(unsafe.Add(base[c.a.slot], x), unsafe.Add(base[c.b.slot], y), unsafe.Add(base[c.c.slot], z))
		return nil
	}
}

// then is a product and what follows it on the whole result.
func (c *contraction[T]) then(b *binder, product step, after func(w *worker, lo, hi int)) step {
	w, n := b.pool.workers[0], c.g.M*c.g.N
	return func() *Fault {
		product()
		after(w, 0, n)
		return nil
	}
}

// shape chooses what of the labels is the GEMM and what are loops around it, for
// these links of its chains. It is of no use, and reports it, where these do not
// step as one.
func (c *contraction[T]) shape(ls, deep, links []label) bool {
	m, ms := largest(group(ls, func(l label) bool { return l.inC && l.inA && !l.inB }))
	n, ns := largest(group(ls, func(l label) bool { return l.inC && l.inB && !l.inA }))
	k, ok := joined(links, 0, 1)
	c.outer, c.deep = group(ls, func(l label) bool { return l.inC && l.inA && l.inB }), slices.Clone(deep)
	c.outer = append(append(c.outer, ms...), ns...)
	if n.c > m.c && m.n > 1 {
		// The rows of C are those of the second operand.
		m, n, k = n.crossed(), m.crossed(), k.crossed()
		c.cross(c.outer, c.deep)
	}
	c.nOuter, c.nDeep = 1, 1
	for _, l := range c.outer {
		c.nOuter *= l.n
	}
	for _, l := range c.deep {
		c.nDeep *= l.n
	}
	c.g = kernel.NewGemm[T](m.n, n.n, k.n, [2]int{m.a, k.a}, [2]int{k.b, n.b}, [2]int{m.c, n.c})
	return ok
}

func newContraction[T kernel.Float](b *binder, op *ir.Op) *contraction[T] {
	c := &contraction[T]{fr: b.fr, a: b.view(op.Operands[0]), b: b.view(op.Operands[1]), c: b.view(op.Results[0])}
	c.extents = [3]int{c.a.extent(), c.b.extent(), c.c.extent()}
	return c
}

// cross takes the operands in the other order.
func (c *contraction[T]) cross(groups ...[]label) {
	c.a, c.b, c.extents[0], c.extents[1] = c.b, c.a, c.extents[1], c.extents[0]
	for _, ls := range groups {
		for i := range ls {
			ls[i] = ls[i].crossed()
		}
	}
}

// crossed is the label for the operands in the other order.
func (l label) crossed() label {
	l.a, l.b, l.la, l.lb, l.inA, l.inB = l.b, l.a, l.lb, l.la, l.inB, l.inA
	return l
}

// ranges reports whether the products lie one behind the other in the result,
// row by row, so that a task computes a range of its elements.
func (c *contraction[T]) ranges() bool {
	g := &c.g
	step := g.M * g.N
	for i := len(c.outer) - 1; i >= 0; i-- {
		if c.outer[i].c != step {
			return false
		}
		step *= c.outer[i].n
	}
	return (g.N == 1 || g.CCol == 1) && (g.M == 1 || g.CRow == g.N)
}

// task computes one block of the GEMM for a group of outer products.
func (c *contraction[T]) task(w *worker, task int) {
	blocks := c.downs * c.across
	first, block := task/blocks*c.group, task%blocks
	down, across := block%c.downs, block/c.downs
	c.blockOf(w, first, min(first+c.group, c.nOuter), down, down+1, across, across+1)
}

// blocks computes neighbouring blocks of the only product, which are below one
// another or whole columns of blocks: what shares an operand then packs it
// once.
func (c *contraction[T]) blocks(w *worker, from, to int) {
	for from < to {
		down, across := from%c.downs, from/c.downs
		downs, columns := min(c.downs-down, to-from), 1
		if downs == c.downs {
			columns = (to - from) / c.downs
		}
		if c.after != nil {
			downs = min(downs, max(1, afterBlock/(c.rows*c.g.N)))
		}
		c.blockOf(w, 0, 1, down, down+downs, across, across+columns)
		from += downs * columns
	}
}

// blockOf computes the blocks down d0 to d1 and across x0 to x1.
func (c *contraction[T]) blockOf(w *worker, first, last, d0, d1, x0, x1 int) {
	c.block(w, first, last, d0*c.rows, min(d1*c.rows, c.g.M), x0*c.cols, min(x1*c.cols, c.g.N))
}

// block computes rows i0 to i1 and columns j0 to j1 of products first to last.
func (c *contraction[T]) block(w *worker, first, last, i0, i1, j0, j1 int) {
	a, b := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
	out := spanOf[T](c.fr, &c.c, c.extents[2])
	scratch := gemmScratch[T](w)
	if len(c.outer) == 1 && c.downs*c.across == 1 {
		l := c.outer[0]
		for d := 0; d < c.nDeep; d++ {
			da, db, _ := offsets(c.deep, d)
			c.g.Pairs(last-first, l.a, l.b, l.c, d > 0, a[c.a.off+first*l.a+da:], b[c.b.off+first*l.b+db:], out[c.c.off+first*l.c:], scratch)
		}
	} else {
		for o := first; o < last; o++ {
			ia, ib, ic := offsets(c.outer, o)
			for d := 0; d < c.nDeep; d++ {
				da, db, _ := offsets(c.deep, d)
				c.g.Block(i0, i1, j0, j1, d > 0, a[c.a.off+ia+da:], b[c.b.off+ib+db:], out[c.c.off+ic:], scratch)
			}
		}
	}
	if c.after != nil {
		size := c.g.M * c.g.N
		c.after(w, first*size+i0*c.g.N, (last-1)*size+i1*c.g.N)
	}
}

// behind calls after for the whole result in a job of its own.
func (c *contraction[T]) behind(b *binder, after func(w *worker, lo, hi int)) step {
	if after == nil {
		return nil
	}
	n := c.c.len()
	j := &job{n: (n + afterWork - 1) / afterWork}
	j.do = func(w *worker, task int) { after(w, task*afterWork, min((task+1)*afterWork, n)) }
	return b.parallel(j)
}

// inOrder is two steps as one; either may be nil.
func inOrder(first, second step) step {
	if first == nil || second == nil {
		if first == nil {
			return second
		}
		return first
	}
	return func() *Fault {
		if f := first(); f != nil {
			return f
		}
		return second()
	}
}

// offsets is where point number i of the labels lies.
func offsets(ls []label, i int) (a, b, c int) {
	for k := len(ls) - 1; k >= 0; k-- {
		l := &ls[k]
		x := i % l.n
		i /= l.n
		a, b, c = a+x*l.a, b+x*l.b, c+x*l.c
	}
	return a, b, c
}
