package runtime

import (
	"fmt"
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Note: regrouping. Labels of a contraction that do not join into one of rows,
// one of columns and one of links make loops around a product, and each product
// may be tiny: windows of an image with a small kernel are the usual case.
// There a task brings what its product reads into the scratch of its worker,
// in an order in which the labels join, and what it computes back from there.
// Which labels are the links of its chains is not for it to choose; see Note: chains.

// regroupRoom is the elements of what one product keeps in the scratch.
const regroupRoom = tileBytes / 8

// regroupTask is the estimated tenths of nanoseconds of one task.
const regroupTask = 100_000

// form is a way to compute a contraction: loops over outer labels, over deep
// ones that are summed in order, and products of all that is left.
type form struct {
	outer, deep []label
	m, n, k     []label
	apart       [3]bool // of A, B and C: kept in the scratch, where labels join
	cost        int
}

// part is what one product reads or writes of an operand: where each element
// of the scratch, from place at on, lies in it. A list is faster than loops
// over the axes, whose inner ones are short.
type part struct {
	at    int
	there []int32
}

// strides of a label in A, B and C.
var strideIn = [3]func(label) int{
	func(l label) int { return l.a },
	func(l label) int { return l.b },
	func(l label) int { return l.c },
}

// windowed reports whether an operand is a view in an order of its own.
func windowed(ls []label) bool {
	return slices.ContainsFunc(ls, func(l label) bool { return l.a != l.la || l.b != l.lb })
}

// regroup is the cheapest form, where it takes half the time of products of what
// lies there, or where those cannot make the chains; of windows, where it takes
// less. Else it is nil.
func regroup(ls, deep, links []label) *form {
	ms := ordered(ls, func(l label) bool { return l.inC && l.inA && !l.inB })
	ns := ordered(ls, func(l label) bool { return l.inC && l.inB && !l.inA })
	both := ordered(ls, func(l label) bool { return l.inC && l.inA && l.inB })
	plain, best := -1, (*form)(nil)
	for i := range len(ms) + 1 {
		for j := range len(ns) + 1 {
			f := &form{m: ms[i:], n: ns[j:], k: links, deep: deep}
			f.outer = slices.Concat(both, ms[:i], ns[:j])
			f.price()
			if f.apart == [3]bool{} && (plain < 0 || f.cost < plain) {
				plain = f.cost
			}
			if f.room() <= regroupRoom && (best == nil || f.cost < best.cost) {
				best = f
			}
		}
	}
	_, one := joined(links, 0, 1)
	least := 2
	if windowed(ls) {
		least = 1
	}
	if best == nil || one && (best.apart == [3]bool{} || plain >= 0 && least*best.cost > plain) {
		return nil
	}
	return best
}

func count(ls []label) int {
	n := 1
	for _, l := range ls {
		n *= l.n
	}
	return n
}

// joined is labels as one, if they step as one by all these strides.
func joined(ls []label, by ...int) (label, bool) {
	if len(ls) == 0 {
		return label{n: 1}, true
	}
	out := ls[len(ls)-1]
	for i := len(ls) - 2; i >= 0; i-- {
		for _, x := range by {
			if strideIn[x](ls[i]) != out.n*strideIn[x](ls[len(ls)-1]) {
				return label{}, false
			}
		}
		out.n *= ls[i].n
	}
	return out, true
}

// groups of labels of each operand: those of its rows and its columns.
func (f *form) groups(x int) (rows, cols []label) {
	return [3][]label{f.m, f.k, f.m}[x], [3][]label{f.k, f.n, f.n}[x]
}

// price decides what is kept apart, and estimates the time in tenths of
// nanoseconds.
func (f *form) price() {
	m, n, k := count(f.m), count(f.n), count(f.k)
	up := func(x, to int) int { return (x + to - 1) / to * to }
	products := 600 + up(m, 4)*up(n, 8)*k/3 + 3*(m*k+k*n+m*n)
	var copies [3]int
	for x := range 3 {
		rows, cols := f.groups(x)
		_, ok1 := joined(rows, x)
		_, ok2 := joined(cols, x)
		f.apart[x] = !ok1 || !ok2
		switch {
		case f.apart[x]:
			copies[x] = 4 * count(rows) * count(cols)
		case !unit(rows, x) && !unit(cols, x):
			copies[x] = 10 * count(rows) * count(cols)
		}
	}
	deep, outer := count(f.deep), count(f.outer)
	f.cost = outer * (deep*(products+copies[0]+copies[1]) + copies[2])
}

// unit reports whether the last of the labels steps over neighbours.
func unit(ls []label, x int) bool {
	return len(ls) == 0 || strideIn[x](ls[len(ls)-1]) == 1
}

// room is the elements that are kept in the scratch.
func (f *form) room() int {
	n := 0
	for x := range 3 {
		if rows, cols := f.groups(x); f.apart[x] {
			n += count(rows) * count(cols)
		}
	}
	return n
}

// layOut places the parts in the scratch and returns the strides of rows and
// columns of all three.
func (c *contraction[T]) layOut(f *form) (strides [3][2]int) {
	at := 0
	for x := range 3 {
		rows, cols := f.groups(x)
		if !f.apart[x] {
			r, _ := joined(rows, x)
			l, _ := joined(cols, x)
			strides[x] = [2]int{strideIn[x](r), strideIn[x](l)}
			continue
		}
		strides[x] = [2]int{count(cols), 1}
		p := newPart(append(append([]label{}, rows...), cols...), x, at)
		at += len(p.there)
		c.parts[x] = p
	}
	return strides
}

// newPart is the elements of operand x in the order of labels, from place at of
// the scratch on.
func newPart(order []label, x, at int) *part {
	p := &part{at: at, there: []int32{0}}
	for _, l := range order {
		var next []int32
		for _, t := range p.there {
			for i := range l.n {
				next = append(next, t+int32(i*strideIn[x](l)))
			}
		}
		p.there = next
	}
	return p
}

// regrouped binds a contraction in another form; nil where the plain one is
// good.
func regrouped[T kernel.Float](b *binder, op *ir.Op, ls, deep, links []label, after func(w *worker, lo, hi int)) (step, string) {
	c := newContraction[T](b, op)
	if rowsInner(ls) {
		c.cross(ls, deep, links)
	}
	f := regroup(ls, deep, links)
	if f == nil {
		return nil, ""
	}
	s := c.layOut(f)
	c.outer, c.deep = f.outer, f.deep
	c.nOuter, c.nDeep = count(f.outer), count(f.deep)
	c.g = kernel.NewGemm[T](count(f.m), count(f.n), count(f.k), s[0], s[1], s[2])
	c.rows, c.cols, c.downs, c.across = c.g.M, c.g.N, 1, 1
	c.group = max(1, min(c.nOuter, regroupTask/(f.cost/c.nOuter+1)))
	j := &job{n: (c.nOuter + c.group - 1) / c.group, do: c.apart}
	what := fmt.Sprintf("GEMM %d×%d×%d, %d times, regrouped", c.g.M, c.g.N, c.g.K, c.nOuter*c.nDeep)
	if c.parts[2] == nil && c.ranges() {
		c.after, after = after, nil
	}
	return inOrder(b.parallel(j), c.behind(b, after)), what
}

// rowsInner reports whether the innermost label of the result that only one
// operand has is one of the first.
func rowsInner(ls []label) bool {
	best, rows := -1, false
	for _, l := range ls {
		if l.inC && l.inA != l.inB && (best < 0 || l.c < best) {
			best, rows = l.c, l.inA
		}
	}
	return rows
}

// apart computes a group of outer products, with parts of operands in the
// scratch.
func (c *contraction[T]) apart(w *worker, task int) {
	a, b := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
	out, scratch := spanOf[T](c.fr, &c.c, c.extents[2]), gemmScratch[T](w)
	first, last := task*c.group, min((task+1)*c.group, c.nOuter)
	wasA, wasB := -1, -1
	for o := first; o < last; o++ {
		ia, ib, ic := offsets(c.outer, o)
		z := out[c.c.off+ic:]
		if p := c.parts[2]; p != nil {
			z = tileScratch[T](w)[p.at:]
		}
		for d := range c.nDeep {
			da, db, _ := offsets(c.deep, d)
			x := fetch(w, c.parts[0], a, c.a.off+ia+da, &wasA)
			y := fetch(w, c.parts[1], b, c.b.off+ib+db, &wasB)
			c.g.Block(0, c.g.M, 0, c.g.N, d > 0, x, y, z, scratch)
		}
		if p := c.parts[2]; p != nil {
			scatterApart(p, out[c.c.off+ic:], z)
		}
	}
	if c.after != nil {
		size := c.g.M * c.g.N
		c.after(w, first*size, last*size)
	}
}

// fetch is what a product reads of an operand from element at on: where it
// lies, or in the scratch, which may have it from the last product.
func fetch[T kernel.Float](w *worker, p *part, from []T, at int, was *int) []T {
	if p == nil {
		return from[at:]
	}
	to := tileScratch[T](w)[p.at:]
	if *was != at {
		gatherApart(p, to, from[at:])
		*was = at
	}
	return to
}

// gatherApart reads the elements of a part into the scratch.
func gatherApart[T any](p *part, dst, src []T) {
	dst = dst[:len(p.there)]
	for i, k := range p.there {
		dst[i] = src[k]
	}
}

// scatterApart writes the elements of a part from the scratch.
func scatterApart[T any](p *part, dst, src []T) {
	src = src[:len(p.there)]
	for i, k := range p.there {
		dst[k] = src[i]
	}
}
