package runtime

import (
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// label is an axis of a contraction: its size, and its stride in the operands
// and the result, 0 where it does not stand.
type label struct {
	name    rune
	n       int
	a, b, c int
	la, lb  int // strides in copies of the operands, row by row
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
	return b.product(op, in, out, b.then(op))
}

// product binds a contraction of two operands that sums something. after, where
// not nil, is called once for each range [lo, hi) of the elements of the dense
// result, together all of them, by the worker that computed the range and right
// after it, while it is in cache: what follows elementwise can be done there.
// The ranges are a function of the shape alone.
func (b *binder) product(op *ir.Op, in []string, out string, after func(w *worker, lo, hi int)) (step, string) {
	if op.Results[0].Type.Kind == ir.F32 {
		return contract[float32](b, op, in, out, after)
	}
	return contract[float64](b, op, in, out, after)
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
	if b.plan.ops[op].plusZero {
		t.plusZero(op.Results[0])
	}
	t.inOrder(nil)
	s := b.tile(op, t)
	if s == nil {
		return nil
	}
	return s.step(b.pool)
}

// labelsOf is the labels of a contraction that have more than one point, where
// axis at of operand i, or of the result, 2, has so many.
func labelsOf(in []string, out string, size func(i, at int) int) []label {
	at := map[rune]int{}
	var ls []label
	note := func(i int, text string, set func(l *label, whole int)) {
		shape := make([]int, len(text))
		for k := range shape {
			shape[k] = size(i, k)
		}
		whole := stridesOf(shape)
		for k, c := range text {
			if shape[k] == 1 {
				continue
			}
			l, ok := at[c]
			if !ok {
				l = len(ls)
				at[c] = l
				ls = append(ls, label{name: c, n: shape[k]})
			}
			set(&ls[l], whole[k])
		}
	}
	note(0, in[0], func(l *label, whole int) { l.la, l.inA = whole, true })
	note(1, in[1], func(l *label, whole int) { l.lb, l.inB = whole, true })
	note(2, out, func(l *label, _ int) { l.inC = true })
	return ls
}

// labels is the labels of a contraction with the strides of where its operands
// and its result lie.
func (b *binder) labels(op *ir.Op, in []string, out string) []label {
	vs := []view{b.view(op.Operands[0]), b.view(op.Operands[1]), b.view(op.Results[0])}
	ls := labelsOf(in, out, func(i, at int) int { return vs[i].shape[at] })
	for k := range ls {
		l := &ls[k]
		for i, to := range []*int{&l.a, &l.b, &l.c} {
			if at := strings.IndexRune([]string{in[0], in[1], out}[i], l.name); at >= 0 {
				*to = vs[i].stride[at]
			}
		}
	}
	return ls
}

// ordered picks labels and orders them by the strides of the result (of the
// operands, for summed ones).
func ordered(ls []label, pick func(label) bool) []label {
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
		if x.la != y.la {
			return x.la > y.la
		}
		return x.lb > y.lb
	})
	return g
}

// group is ordered labels, of which those that step as one are one.
func group(ls []label, pick func(label) bool) []label {
	g := ordered(ls, pick)
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
