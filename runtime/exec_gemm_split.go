package runtime

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// splitBytes is the room for the parts of a contraction whose chains are so
// long that they are cut, at the capacities; 0 for any other.
func splitBytes(p *plan, op *ir.Op) int64 {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil || len(in) != 2 {
		return 0
	}
	m, n, k := int64(1), int64(1), int64(1)
	seen := map[rune]bool{}
	for i, labels := range in {
		for at, c := range labels {
			size := p.size(op.Operands[i].Type.Dims[at])
			inA, inB := strings.ContainsRune(in[0], c), strings.ContainsRune(in[1], c)
			switch {
			case seen[c]:
			case !strings.ContainsRune(out, c):
				k *= size
			case inA && inB && size > 1:
				return 0
			case inA:
				m *= size
			default:
				n *= size
			}
			seen[c] = true
		}
	}
	parts := int64(kernel.Parts(int(m), int(n), int(k)))
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
	temp  int   // slot of the parts
	size  int   // elements of one
	add   func(dst, x, y []T)
}

// splitUp binds a contraction with parts, nil where it has none.
func (c *contraction[T]) splitUp(b *binder, op *ir.Op, after func(w *worker, lo, hi int)) step {
	temps, g := b.plan.ops[op].temps, &c.g
	n := kernel.Parts(g.M, g.N, g.K)
	if len(temps) == 0 || n == 1 || c.nOuter > 1 || c.nDeep > 1 {
		return nil
	}
	s := &split[T]{contraction: c, temp: temps[0], size: g.M * g.N, add: kernel.FloatBinary[T]("add")}
	for p := 0; p < n; p++ {
		from, to := kernel.PartStart(g.K, n, p), kernel.PartStart(g.K, n, p+1)
		s.from = append(s.from, from)
		s.parts = append(s.parts, kernel.NewGemm[T](g.M, g.N, to-from, [2]int{g.ARow, g.ACol}, [2]int{g.BRow, g.BCol}, [2]int{g.N, 1}))
	}
	c.rows, c.cols = s.parts[0].Cut(false)
	c.downs, c.across = (g.M+c.rows-1)/c.rows, (g.N+c.cols-1)/c.cols
	if c.ranges() {
		c.after, after = after, nil
	}
	products := &job{n: n * c.downs * c.across, do: s.product}
	sums := &job{n: (s.size + afterWork - 1) / afterWork, do: s.sum}
	return inOrder(inOrder(b.parallel(products), b.parallel(sums)), c.behind(b, after))
}

// product computes a block of one part.
func (s *split[T]) product(w *worker, task int) {
	c := s.contraction
	blocks := c.downs * c.across
	p, block := task/blocks, task%blocks
	i0, j0 := block/c.across*c.rows, block%c.across*c.cols
	a, b := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
	temp := elems[T](c.fr, s.temp, len(s.parts)*s.size)
	g := &s.parts[p]
	g.Block(i0, min(i0+c.rows, g.M), j0, min(j0+c.cols, g.N), false,
		a[c.a.off+s.from[p]*g.ACol:], b[c.b.off+s.from[p]*g.BRow:], temp[p*s.size:], gemmScratch[T](w))
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
	out := spanOf[T](c.fr, &c.c, c.extents[2])[c.c.off:]
	for i, x := range part(0) {
		at := lo + i
		out[at/c.g.N*c.g.CRow+at%c.g.N*c.g.CCol] = x
	}
	if c.after != nil {
		c.after(w, lo, hi)
	}
}
