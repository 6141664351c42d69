package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// strips makes groups of operations whose rows, the slices along the first
// dimension, do not depend on one another, into one `strips` operation each: it
// runs all of them on some rows, then on the next ones, so that what lies between
// them is as small as a strip and stays in the second cache. Sums over the rows
// may end a group. It pays where what lies between would not stay in the cache
// anyway, and where strips have so many rows that products with a whole operand,
// which is packed again for each, do not mind. It pays as well where kernels are so
// short that workers lose by sharing each of them; see Note: short kernels.
func strips(m *ir.Module, sizes ir.Sizes) error { return stripsOf(m, sizes, 0) }

// ForcedStrips is the pass without its rule of costs: strips of so many rows
// wherever they can be, so that tests see many.
func ForcedStrips(rows int64) Pass {
	return Pass{"strips", func(m *ir.Module, sizes ir.Sizes) error { return stripsOf(m, sizes, rows) }, "for tests"}
}

func stripsOf(m *ir.Module, sizes ir.Sizes, forced int64) error {
	fails := newFailing(m)
	n := 0
	for _, f := range m.Funcs {
		for again := true; again; {
			s := &stripping{scheduling: newScheduling(fails, f.Body, sizes), fails: fails, m: m, f: f, sizes: sizes, forced: forced}
			g := s.best()
			if again = g != nil; again {
				n++
				s.write(g, rowsName(m, n))
			}
		}
		ir.Renumber(f)
	}
	return nil
}

// The rule of costs: what is too much for the second cache of a core by far, what a
// strip may take, and nanoseconds a byte of what comes from memory or from the cache,
// an element of an operand that is packed, and a kernel that is started.
const (
	nearBytes   = 4 << 20
	stripBytes  = 1 << 20
	viewBytes   = 64 << 10 // of an operand that would have to be copied
	memoryTime  = 0.05
	cacheTime   = 0.03
	packTime    = 0.5
	kernelTime  = 300
	leastStrip  = 16
	leastUnits  = 4
	unitRows    = 256  // of the chains in sums over rows; strips cut it evenly
	mostLinks   = 2048 // from so many on a product may be cut into parts by its size
	leastColumn = 4    // columns that are summed down at least
)

// stripping is the state for the body of one function.
type stripping struct {
	*scheduling
	fails  *failing
	m      *ir.Module
	f      *ir.Func
	sizes  ir.Sizes
	forced int64
	short  map[ir.Dim]bool // candidates whose values stay in the cache
}

// sumsWanted is which sums over rows may end a group.
type sumsWanted uint8

const (
	noSums sumsWanted = iota
	smallSums
	allSums
)

// stripGroup is operations that can run strip by strip.
type stripGroup struct {
	dim  ir.Dim
	sums sumsWanted
	ops  []int                         // in order
	lead map[*ir.Value]bool            // values made inside that have rows
	from map[*ir.Op]map[*ir.Value]bool // operands from outside that an operation reads by rows
	in   map[int]bool                  // ops, as a set
	sum  map[*ir.Value]bool            // values made inside that sum over rows
	rows int64                         // of a strip
	gain float64
}

// best is the group that gains most, nil where none does.
func (s *stripping) best() *stripGroup {
	var best *stripGroup
	for _, d := range s.candidates() {
		for _, start := range s.starts(d) {
			for _, sums := range []sumsWanted{allSums, smallSums, noSums} {
				for _, g := range s.groups(d, sums, start) {
					if s.judge(g) && (best == nil || g.gain > best.gain) {
						best = g
					}
				}
			}
		}
	}
	return best
}

// candidates are the first dimensions of values that are too large for the cache
// together, or of several short products.
func (s *stripping) candidates() []ir.Dim {
	var dims []ir.Dim
	bytes := map[ir.Dim]int64{}
	for _, op := range s.r.Ops {
		for _, x := range op.Results {
			if x.Type.Rank() == 0 || x.Type.Dims[0] == ir.N(1) || s.size(x.Type.Dims[0]) < 2 {
				continue
			}
			d := x.Type.Dims[0]
			if bytes[d] == 0 {
				dims = append(dims, d)
			}
			bytes[d] += s.bytes[x]
		}
	}
	s.short = map[ir.Dim]bool{}
	return slices.DeleteFunc(dims, func(d ir.Dim) bool {
		s.short[d] = s.forced == 0 && bytes[d] <= nearBytes
		return s.short[d] && !s.manyShort(d)
	})
}

// size is a dimension at capacity, 0 where it is not known.
func (s *stripping) size(d ir.Dim) int64 {
	n, err := d.Eval(func(name string) (int64, bool) {
		z, ok := s.sizes[name]
		return z.Capacity, ok
	})
	if err != nil {
		return 0
	}
	return n
}

// groups finds what can run by rows of d: operations in order from the one called
// start on, each where all that it waits for is outside of the group and does not wait for the group, or is
// inside. Those that have nothing to do with one another are groups of their own.
func (s *stripping) groups(d ir.Dim, sums sumsWanted, start int) []*stripGroup {
	g := &stripGroup{dim: d, sums: sums, lead: map[*ir.Value]bool{}, from: map[*ir.Op]map[*ir.Value]bool{}, in: map[int]bool{}, sum: map[*ir.Value]bool{}}
	waits := make([]bool, len(s.r.Ops)) // for the group
	for i, op := range s.r.Ops {
		inside := false
		for _, p := range s.needs[i] {
			waits[i] = waits[i] || waits[p]
			inside = inside || g.in[p]
		}
		if waits[i] || i < start {
			continue
		}
		if kind := s.joins(g, op); kind == ir.RowsMixed {
			waits[i] = inside
		} else {
			g.in[i], g.ops = true, append(g.ops, i)
			for _, x := range op.Results {
				g.lead[x], g.sum[x] = kind == ir.RowsApart, kind == ir.RowsSum
			}
		}
	}
	return s.split(g)
}

// joins says what op does with the rows if it can join g, and notes which of its
// operands from outside it then reads by rows: RowsMixed where it cannot.
func (s *stripping) joins(g *stripGroup, op *ir.Op) ir.RowKind {
	if !s.stripable(op) || s.short[g.dim] && s.followsOutside(g, op) {
		return ir.RowsMixed
	}
	lead := map[*ir.Value]bool{}
	var open []*ir.Value // from outside, with rows or whole
	for _, x := range distinct(op.Operands) {
		switch p, ok := s.at[x]; {
		case ok && g.in[p] && g.sum[x]:
			return ir.RowsMixed
		case ok && g.in[p]:
			lead[x] = g.lead[x]
		case s.summedView(x) || s.largeView(x):
			return ir.RowsMixed
		case x.Type.Rank() > 0 && x.Type.Dims[0] == g.dim:
			open = append(open, x)
		}
	}
	const most = 5
	if len(open) > most {
		return ir.RowsMixed
	}
	for mask := 0; mask < 1<<len(open); mask++ {
		from := map[*ir.Value]bool{}
		for i, x := range open {
			from[x] = mask>>i&1 == 0
			lead[x] = from[x]
		}
		kind := ir.RowsOf(op, g.dim, lead)
		if kind == ir.RowsApart && s.alike(op, lead) || kind == ir.RowsSum && s.summable(op, g.sums) {
			g.from[op] = from
			return kind
		}
	}
	return ir.RowsMixed
}

// largeView reports whether x shows something in an order of its own that costs much
// to store, as an operand of strips must be.
func (s *stripping) largeView(x *ir.Value) bool {
	if x.Def == nil || !isView(x.Def) || ir.SamePoints(x.Def) {
		return false
	}
	_, same := x.Def.Attrs.(ir.ReshapeAttrs)
	return !same && s.bytes[x] > viewBytes && s.forced == 0
}

// summedView reports whether x is a view that a sum reads too: as an operand of strips
// it would be stored, and the sum go another way about it.
func (s *stripping) summedView(x *ir.Value) bool {
	p, ok := s.at[x]
	return ok && isView(x.Def) && slices.ContainsFunc(s.users[p], func(u int) bool {
		op := s.r.Ops[u]
		_, folds := op.Attrs.(ir.AxesAttrs)
		return folds || op.Row.Name == "einsum" && len(op.Operands) == 1 || isView(op) && s.summedView(op.Results[0])
	})
}

// stripable reports whether op can run on some rows at all: it has no effect, and
// cannot fail on an element, whose place would be that in the strip.
func (s *stripping) stripable(op *ir.Op) bool {
	if len(op.Results) == 0 || op.Row.Has(ir.Effect) || len(op.SafeOperands()) > 0 && !s.picks(op) {
		return false
	}
	if op.Row.Name == "fused" {
		return !slices.ContainsFunc(op.Regions[0].Ops, func(o *ir.Op) bool { return computesInts(o) })
	}
	if c, ok := op.Attrs.(ir.ConstAttrs); ok && len(c.F)+len(c.I) == 1 {
		return false // copied to where it is read
	}
	return len(op.Regions) == 0 && !computesInts(op)
}

// picks reports whether op reads or adds to elements of each row by indices that a
// column of the data has, which are in range.
func (s *stripping) picks(op *ir.Op) bool {
	a, ok := op.Attrs.(ir.GatherAttrs)
	if !ok || a.BatchDims == 0 {
		return false
	}
	x, index := op.Operands[0], op.Operands[1]
	if index.Def != nil || index.Index >= len(s.f.Inputs) || !slices.Contains(s.f.Params(), index) {
		return false
	}
	return s.f.Inputs[index.Index].Role == ir.Col && index.Type.Bound == x.Type.Dims[a.Axis]
}

// computesInts reports whether op makes integers that it checks.
func computesInts(op *ir.Op) bool {
	switch op.Results[0].Type.Kind {
	case ir.F32, ir.F64, ir.Bool, ir.Key:
		return false
	}
	switch op.Attrs.(type) {
	case ir.AxesAttrs, ir.CumAttrs, ir.ConvertAttrs:
		return true
	}
	return op.Row.Has(ir.Elementwise) && op.Row.Name != "select"
}

// alike reports whether op makes the same bits of a strip as of all rows: which
// kernel a sum has may depend on how its operand lies.
func (s *stripping) alike(op *ir.Op, lead map[*ir.Value]bool) bool {
	switch a := op.Attrs.(type) {
	case ir.AxesAttrs:
		x := op.Operands[0].Def
		return x == nil || !x.Row.Has(ir.Structural)
	case ir.EinsumAttrs:
		return s.links(op, a) < mostLinks
	}
	return true
}

// links is the length of the chains of a contraction.
func (s *stripping) links(op *ir.Op, a ir.EinsumAttrs) int64 {
	in, out, err := ir.EinsumLabels(a.Spec)
	if err != nil {
		return mostLinks
	}
	n, seen := int64(1), map[rune]bool{}
	for _, c := range out {
		seen[c] = true
	}
	for i, labels := range in {
		for at, c := range labels {
			if !seen[c] {
				n *= s.size(op.Operands[i].Type.Dims[at])
			}
			seen[c] = true
		}
	}
	return n
}

// summable reports whether a sum over rows can be had from strips, and is wanted:
// its columns are enough for the kernel that sums down columns whatever the sizes,
// and its operands are made row by row.
func (s *stripping) summable(op *ir.Op, wanted sumsWanted) bool {
	if wanted == noSums || wanted == smallSums && !s.handed(op) {
		return false
	}
	n := int64(1)
	for _, d := range op.Results[0].Type.Dims {
		set := map[string]bool{}
		d.Symbols(set)
		for name := range set {
			if b := s.m.Symbol(name); b == nil || b.Class != ir.Bound {
				return false
			}
		}
		n *= s.size(d)
	}
	if op.Row.Name == "einsum" {
		return n > 0
	}
	x := op.Operands[0].Def
	return n >= leastColumn && (x == nil || !x.Row.Has(ir.Structural))
}

// split takes a group apart into those that have values in common.
func (s *stripping) split(g *stripGroup) []*stripGroup {
	of := map[int]int{} // by operation: the first one of its part
	var find func(i int) int
	find = func(i int) int {
		if of[i] != i {
			of[i] = find(of[i])
		}
		return of[i]
	}
	for _, i := range g.ops {
		of[i] = i
		for _, p := range s.needs[i] {
			if g.in[p] {
				a, b := find(p), find(i)
				of[max(a, b)] = min(a, b)
			}
		}
	}
	var parts []*stripGroup
	at := map[int]*stripGroup{}
	for _, i := range g.ops {
		k := find(i)
		if at[k] == nil {
			part := *g
			part.ops, part.in = nil, map[int]bool{}
			at[k] = &part
			parts = append(parts, at[k])
		}
		at[k].ops, at[k].in[i] = append(at[k].ops, i), true
	}
	return parts
}
