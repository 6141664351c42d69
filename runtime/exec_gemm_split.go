package runtime

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// splitBytes is the room for the parts of a contraction whose chains are so
// long that they are cut, at the capacities; 0 for any other.
func splitBytes(p *plan, op *ir.Op) int64 {
	parts := int64(p.parts(op))
	if parts == 1 {
		return 0
	}
	return parts * p.bytes(op.Results[0].Type)
}

// split is a contraction whose chains are cut into parts, each a product of
// its own in a temporary; a second job adds them as a tree.
type split[T kernel.Float] struct {
	*contraction[T]
	parts []kernel.Gemm[T]
	from  []int // first link of each part
	temp  int   // slot of the parts, each of which lies as the result
	size  int   // elements of one
	add   func(dst, x, y []T)
}

// splitUp binds a contraction whose chains are cut into n parts; nil for one.
func (c *contraction[T]) splitUp(b *binder, op *ir.Op, n int, after func(w *worker, lo, hi int)) (step, string) {
	temps, g := b.plan.ops[op].temps, &c.g
	if len(temps) == 0 || n == 1 {
		return nil, ""
	}
	s := &split[T]{contraction: c, temp: temps[0], size: c.c.len(), add: kernel.FloatBinary[T]("add")}
	for p := 0; p < n; p++ {
		from, to := kernel.PartStart(g.K, n, p), kernel.PartStart(g.K, n, p+1)
		s.from = append(s.from, from)
		s.parts = append(s.parts, kernel.NewGemm[T](g.M, g.N, to-from, [2]int{g.ARow, g.ACol}, [2]int{g.BRow, g.BCol}, [2]int{g.CRow, g.CCol}))
	}
	c.rows, c.cols = s.parts[0].Cut(false)
	c.downs, c.across = (g.M+c.rows-1)/c.rows, (g.N+c.cols-1)/c.cols
	c.after = after
	products := &job{n: n * c.nOuter * c.downs * c.across, do: s.product}
	sums := &job{n: (s.size + afterWork - 1) / afterWork, do: s.sum}
	what := fmt.Sprintf("GEMM %d×%d×%d", g.M, g.N, g.K)
	if c.nOuter > 1 {
		what += fmt.Sprintf(", %d times", c.nOuter)
	}
	return inOrder(b.parallel(products), b.parallel(sums)), fmt.Sprintf("%s in %d parts", what, n)
}

// product computes a block of one part of one of the outer products.
func (s *split[T]) product(w *worker, task int) {
	c := s.contraction
	blocks := c.downs * c.across
	p, block := task/blocks/c.nOuter, task%blocks
	ia, ib, ic := offsets(c.outer, task/blocks%c.nOuter)
	i0, j0 := block/c.across*c.rows, block%c.across*c.cols
	a, b := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
	temp := elems[T](c.fr, s.temp, len(s.parts)*s.size)
	g := &s.parts[p]
	g.Block(i0, min(i0+c.rows, g.M), j0, min(j0+c.cols, g.N), false,
		a[c.a.off+ia+s.from[p]*g.ACol:], b[c.b.off+ib+s.from[p]*g.BRow:], temp[p*s.size+ic:], gemmScratch[T](w))
}

// sum adds the parts of a range of elements, neighbours first.
func (s *split[T]) sum(w *worker, task int) {
	c := s.contraction
	lo, hi := task*afterWork, min((task+1)*afterWork, s.size)
	temp := elems[T](c.fr, s.temp, len(s.parts)*s.size)
	part := func(p int) []T { return temp[p*s.size+lo : p*s.size+hi] }
	for h := 1; h < len(s.parts); h *= 2 {
		for p := 0; p+h < len(s.parts); p += 2 * h {
			s.add(part(p), part(p), part(p+h))
		}
	}
	copy(spanOf[T](c.fr, &c.c, c.extents[2])[c.c.off+lo:], part(0))
	if c.after != nil {
		c.after(w, lo, hi)
	}
}
