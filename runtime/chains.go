package runtime

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Note: chains. An element of a product is a sum, and the order of its terms is
// its bits. It is a function of the labels of the contraction and their sizes
// alone: not of how the operands lie, which of them is taken first, how many rows
// there are, nor of what is cheap. So a product makes the same bits of views as of
// copies, and in strips as of all rows. Where operands do not lie so that a chain
// can be walked, a task brings what it reads into its scratch (Note: regrouping),
// or the plan makes a copy.

// longLinks is the length from which one label is enough for a chain, and
// mostJoined how many links short ones make together at most.
const (
	longLinks  = 32
	mostJoined = 1024
)

// chainOf is which summed labels are the links of a chain: the longest of those
// that are left when neighbours have joined, or the last ones together where all
// are short. Chains over the others are added in order.
func chainOf(ls []label) (deep, links []label) {
	runs := runsOf(ls)
	best := 0
	for i, r := range runs {
		if count(r) > count(runs[best]) {
			best = i
		}
	}
	if len(runs) < 2 || count(runs[best]) >= longLinks {
		for i, r := range runs {
			if i != best {
				deep = append(deep, r...)
			} else {
				links = r
			}
		}
		return deep, links
	}
	at, n := len(runs), 1
	for at > 0 && n*count(runs[at-1]) <= mostJoined {
		at--
		n *= count(runs[at])
	}
	return slices.Concat(runs[:at]...), slices.Concat(runs[at:]...)
}

// runsOf cuts the summed labels into those that step as one in copies of both
// operands.
func runsOf(ls []label) [][]label {
	var runs [][]label
	summed := ordered(ls, func(l label) bool { return !l.inC })
	for i, l := range summed {
		if i > 0 && summed[i-1].la == l.n*l.la && summed[i-1].lb == l.n*l.lb {
			runs[len(runs)-1] = append(runs[len(runs)-1], l)
		} else {
			runs = append(runs, []label{l})
		}
	}
	return runs
}

// partsOf is into how many parts the chains of a product are cut (see
// kernel.Parts): those of few elements, where one chain has all links and no
// products stand beside one another.
func partsOf(ls []label) int {
	deep, links := chainOf(ls)
	elems := 1
	for _, l := range ls {
		switch {
		case l.inA && l.inB && l.inC:
			return 1
		case l.inC:
			elems *= l.n
		}
	}
	if len(deep) > 0 {
		return 1
	}
	return kernel.Parts(elems, 1, count(links))
}

// parts is partsOf at the capacities.
func (p *plan) parts(op *ir.Op) int {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil || len(in) != 2 {
		return 1
	}
	return partsOf(labelsOf(in, out, p.sizesOf(op)))
}

// sizesOf is the sizes of the axes of a contraction of two at the capacities.
func (p *plan) sizesOf(op *ir.Op) func(i, at int) int {
	types := []ir.Type{op.Operands[0].Type, op.Operands[1].Type, op.Results[0].Type}
	return func(i, at int) int { return int(p.size(types[i].Dims[at])) }
}

// stripParts is partsOf for a contraction that sums over the rows of a strip,
// which are n together; 1 for a sum.
func (b *binder) stripParts(op *ir.Op, n int) int {
	a, ok := op.Attrs.(ir.EinsumAttrs)
	if !ok {
		return 1
	}
	in, out, err := ir.EinsumLabels(a.Spec)
	if err != nil {
		return 1
	}
	return partsOf(labelsOf(in, out, func(i, at int) int {
		if i < 2 && at == 0 {
			return n
		}
		return b.size([]ir.Type{op.Operands[0].Type, op.Operands[1].Type, op.Results[0].Type}[i].Dims[at])
	}))
}

// torn reports whether a contraction wants a copy of operand i, a view with these
// axes: labels that step as one in copies do not in it. Windows are there to be read
// like that, as long as no chain is cut into parts.
func (p *plan) torn(op *ir.Op, i int, x axes) bool {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil || len(in) != 2 {
		return false
	}
	for _, r := range runsOf(labelsOf(in, out, p.sizesOf(op))) {
		if x.windows && count(r) < longestWindow {
			continue
		}
		for k := 1; k < len(r); k++ {
			outer, inner := strings.IndexRune(in[i], r[k-1].name), strings.IndexRune(in[i], r[k].name)
			if outer >= 0 && x.steps[outer] != x.steps[inner].Mul(op.Operands[i].Type.Dims[inner]) {
				return true
			}
		}
	}
	return false
}

// longestWindow is from how many links on windows are copied. The scratch has room
// for as many of both operands.
const longestWindow = 2048

var _ [regroupRoom - 2*longestWindow]struct{}
