package runtime

import (
	"fmt"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// label is an axis of a contraction: its size, and its stride in the operands
// and the result, 0 where it does not stand.
type label struct {
	n       int
	a, b, c int
	inA     bool
	inB     bool
	inC     bool
}

// einsum binds a contraction: a reduction for one operand, a product of tiles
// where nothing is summed, and otherwise a GEMM with loops around it.
func (b *binder) einsum(op *ir.Op) (step, string) {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil {
		b.fail("%v", err)
		return nil, ""
	}
	if len(in) == 1 {
		return b.single(op, in[0], out)
	}
	if !summed(in, out) {
		return b.outer(op, in, out), "product"
	}
	switch op.Results[0].Type.Kind {
	case ir.F32:
		return contract[float32](b, op, in, out)
	}
	return contract[float64](b, op, in, out)
}

// summed reports whether some label of the operands is not in the result.
func summed(in []string, out string) bool {
	return strings.ContainsFunc(strings.Join(in, ""), func(r rune) bool {
		return !strings.ContainsRune(out, r)
	})
}

// single is a contraction of one operand: axes reordered, the rest summed.
func (b *binder) single(op *ir.Op, in, out string) (step, string) {
	var perm []int
	for _, c := range out {
		perm = append(perm, strings.IndexRune(in, c))
	}
	kept := len(perm)
	for i, c := range in {
		if !strings.ContainsRune(out, c) {
			perm = append(perm, i)
		}
	}
	src := b.view(op.Operands[0]).permute(perm)
	if len(perm) == kept {
		return b.copyStep(b.view(op.Results[0]), src), "copy"
	}
	return b.fold(op, "reduce_sum", src, kept)
}

// outer is a product over the labels of the result, nothing summed.
func (b *binder) outer(op *ir.Op, in []string, out string) step {
	mul := &ir.Op{Row: ir.RowOf("mul"), Operands: op.Operands, Results: op.Results, Span: op.Span}
	kind := op.Results[0].Type.Kind
	t := &tileProg{dims: op.Results[0].Type.Dims, kinds: []ir.Kind{kind, kind, kind}, results: []int{2}}
	for i, labels := range in {
		l := tileLoad{reg: i, operand: i}
		for _, c := range labels {
			l.axes = append(l.axes, strings.IndexRune(out, c))
		}
		t.loads = append(t.loads, l)
	}
	t.instrs = []tileInstr{{op: mul, dst: 2, src: []int{0, 1}}}
	return b.tileStep(op, t)
}

// labels collects the labels of a contraction with their strides.
func (b *binder) labels(op *ir.Op, in []string, out string) []label {
	at := map[rune]int{}
	var ls []label
	note := func(text string, v view, set func(l *label, stride int)) {
		for i, c := range text {
			if v.shape[i] == 1 {
				continue
			}
			k, ok := at[c]
			if !ok {
				k = len(ls)
				at[c] = k
				ls = append(ls, label{n: v.shape[i]})
			}
			set(&ls[k], v.stride[i])
		}
	}
	note(in[0], b.view(op.Operands[0]), func(l *label, s int) { l.a, l.inA = s, true })
	note(in[1], b.view(op.Operands[1]), func(l *label, s int) { l.b, l.inB = s, true })
	note(out, b.view(op.Results[0]), func(l *label, s int) { l.c, l.inC = s, true })
	return ls
}

// group picks labels, orders them by the strides of the result (of the
// operands, for summed ones) and joins what steps as one.
func group(ls []label, pick func(label) bool) []label {
	var g []label
	for _, l := range ls {
		if pick(l) {
			g = append(g, l)
		}
	}
	sort.SliceStable(g, func(i, j int) bool {
		x, y := g[i], g[j]
		if x.c != y.c {
			return x.c > y.c
		}
		if x.a != y.a {
			return x.a > y.a
		}
		return x.b > y.b
	})
	var shape, as, bs, cs []int
	for _, l := range g {
		shape, as, bs, cs = append(shape, l.n), append(as, l.a), append(bs, l.b), append(cs, l.c)
	}
	folded, s := collapse(shape, as, bs, cs)
	g = g[:0]
	for i, n := range folded {
		g = append(g, label{n: n, a: s[0][i], b: s[1][i], c: s[2][i]})
	}
	return g
}

// largest takes the longest of the labels out of g.
func largest(g []label) (label, []label) {
	best := label{n: 1}
	at := -1
	for i, l := range g {
		if l.n > best.n || at < 0 {
			best, at = l, i
		}
	}
	if at < 0 {
		return best, nil
	}
	return best, append(append([]label{}, g[:at]...), g[at+1:]...)
}

// contraction is a GEMM with loops around it: over outer independent ones, and
// over deep ones whose products are added in order.
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
}

func contract[T kernel.Float](b *binder, op *ir.Op, in []string, out string) (step, string) {
	ls := b.labels(op, in, out)
	c := &contraction[T]{fr: b.fr, a: b.view(op.Operands[0]), b: b.view(op.Operands[1]), c: b.view(op.Results[0]), nOuter: 1, nDeep: 1}
	if c.c.len() == 0 {
		return nil, ""
	}
	if c.a.len() == 0 || c.b.len() == 0 {
		return b.clear(c.c), "fill"
	}
	c.extents = [3]int{c.a.extent(), c.b.extent(), c.c.extent()}
	m, ms := largest(group(ls, func(l label) bool { return l.inC && l.inA && !l.inB }))
	n, ns := largest(group(ls, func(l label) bool { return l.inC && l.inB && !l.inA }))
	k, ks := largest(group(ls, func(l label) bool { return !l.inC }))
	both := group(ls, func(l label) bool { return l.inC && l.inA && l.inB })
	c.outer = append(append(both, ms...), ns...)
	c.deep = ks
	for _, l := range c.outer {
		c.nOuter *= l.n
	}
	for _, l := range c.deep {
		c.nDeep *= l.n
	}
	c.g = kernel.Gemm[T]{M: m.n, N: n.n, K: k.n, ARow: m.a, ACol: k.a, BRow: k.b, BCol: n.b, CRow: m.c, CCol: n.c}
	work := 2 * m.n * n.n * k.n * c.nDeep
	c.group = max(1, min(c.nOuter, 1<<16/work))
	j := &job{n: (c.nOuter + c.group - 1) / c.group * c.g.Tasks()}
	j.do = c.task
	what := fmt.Sprintf("GEMM %d×%d×%d", m.n, n.n, k.n)
	if c.nOuter > 1 || c.nDeep > 1 {
		what += fmt.Sprintf(", %d times", c.nOuter*c.nDeep)
	}
	return b.parallel(j), what
}

// task computes one piece of the GEMM for a group of outer products.
func (c *contraction[T]) task(w *worker, task int) {
	tiles := c.g.Tasks()
	first := task / tiles * c.group
	a, b := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
	out := spanOf[T](c.fr, &c.c, c.extents[2])
	scratch := gemmScratch[T](w)
	for o := first; o < min(first+c.group, c.nOuter); o++ {
		ia, ib, ic := offsets(c.outer, o)
		for d := 0; d < c.nDeep; d++ {
			da, db, _ := offsets(c.deep, d)
			g := c.g
			g.Add = d > 0
			g.Task(task%tiles, a[c.a.off+ia+da:], b[c.b.off+ib+db:], out[c.c.off+ic:], scratch)
		}
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
