package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: short kernels. A kernel of 2 to 20 µs is hardly worth sharing: workers meet
// behind each, and each core fetches what the other one wrote. In strips a worker
// goes through all of them with rows that stay in its own cache, and what workers
// hand to one another is the sums over the rows: these go on from strip to strip in
// order, so only small ones are taken in, and what sums into a large matrix stays a
// kernel of its own, cut by the rows of its result.

// The rule of costs for short kernels, in nanoseconds as the one for large values: a
// meeting of workers, a byte that goes from core to core, a kernel that is started
// again, and a floating-point operation; and what a group has at least.
const (
	meetTime   = 1500
	handTime   = 0.08
	startTime  = 120
	turnTime   = 0.2 // an element of an operand that is packed, in the cache
	workTime   = 0.01
	leastWork  = 10_000
	leastParts = 3        // products of a group
	handBytes  = 32 << 10 // of a sum that is handed on
	shortRows  = 64       // of a strip
	shortStrip = 4        // strips at least
)

// manyShort reports whether several products have rows of d, which are those of a
// step and enough for strips.
func (s *stripping) manyShort(d ir.Dim) bool {
	return s.size(d) >= shortStrip*leastStrip && s.ofStep(d) && len(s.productsOf(d)) >= leastParts
}

// productsOf is the products whose result has rows of d.
func (s *stripping) productsOf(d ir.Dim) []int {
	var out []int
	for i, op := range s.r.Ops {
		if isProduct(op) && leads(op.Results[0], d) {
			out = append(out, i)
		}
	}
	return out
}

// starts is from which operations on groups are looked for: all, and the first
// products of short kernels. What is joined before may be read by something that
// mixes rows, and all products wait for that.
func (s *stripping) starts(d ir.Dim) []int {
	if !s.short[d] {
		return []int{0}
	}
	return append([]int{0}, s.productsOf(d)[:leastParts-1]...)
}

func isProduct(op *ir.Op) bool { return op.Row.Name == "einsum" && len(op.Operands) == 2 }

// followsOutside reports whether op is a loop over a product outside of g, with
// which it runs.
func (s *stripping) followsOutside(g *stripGroup, op *ir.Op) bool {
	return isLoop(op) && slices.ContainsFunc(op.Operands, func(x *ir.Value) bool {
		p, ok := s.at[x]
		return ok && !g.in[p] && isProduct(x.Def) && s.loopOver(s.at[op.Results[0]], p)
	})
}

// ofStep reports whether d is about the rows of a step.
func (s *stripping) ofStep(d ir.Dim) bool {
	set := map[string]bool{}
	d.Symbols(set)
	for name := range set {
		if b := s.m.Symbol(name); b != nil && b.Class == ir.Batch {
			return true
		}
	}
	return false
}

// handed reports whether a sum over rows is small enough to be handed from worker to
// worker, and sums over nothing else: one chain for each element.
func (s *stripping) handed(op *ir.Op) bool {
	if s.bytes[op.Results[0]] > handBytes {
		return false
	}
	a, ok := op.Attrs.(ir.EinsumAttrs)
	if !ok {
		return true
	}
	in, out, err := ir.EinsumLabels(a.Spec)
	return err == nil && len(in) == 2 && len(in[0]) == 2 && len(in[1]) == 2 && len(out) == 2
}

// judgeShort is judge for values that stay in the cache.
func (s *stripping) judgeShort(g *stripGroup, n int64, inner map[*ir.Value]bool) bool {
	if g.sums == allSums || !s.ofStep(g.dim) || n < shortStrip*leastStrip {
		return false
	}
	g.rows = max(leastStrip, shortRows)
	for g.rows*shortStrip > n {
		g.rows /= 2
	}
	strips := float64((n + g.rows - 1) / g.rows)
	products, work, gain, once := 0, 0.0, 0.0, 0.0
	for _, i := range g.ops {
		op := s.r.Ops[i]
		if isView(op) {
			continue
		}
		work += workTime * s.flops(op)
		gain += meetTime
		once += startTime
		for _, x := range op.Results {
			if inner[x] {
				gain += handTime / 2 * float64(s.bytes[x])
			}
			if g.sum[x] {
				once += handTime * float64(s.bytes[x])
			}
		}
		if isProduct(op) {
			products++
			once += turnTime * float64(s.packed(g, op))
		}
	}
	g.gain = gain - once*strips
	return products >= leastParts && work >= leastWork && g.gain > work/32
}

func (s *stripping) flops(op *ir.Op) float64 {
	if op.Row.Flops == nil {
		return 0
	}
	return float64(op.Row.Flops(op, s.size))
}

// packed is how many elements of a whole operand are packed for a product of each
// strip: those of a matrix whose rows are summed along.
func (s *stripping) packed(g *stripGroup, op *ir.Op) int64 {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil {
		return 0
	}
	n := int64(0)
	for i, x := range op.Operands {
		if g.lead[x] || g.from[op][x] || len(in[i]) == 0 {
			continue
		}
		if last := rune(in[i][len(in[i])-1]); !slices.Contains([]rune(out), last) {
			n += s.elements(x)
		}
	}
	return n
}
