package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// judge chooses the rows of a strip and says whether the group gains by strips.
func (s *stripping) judge(g *stripGroup) bool {
	n := s.size(g.dim)
	inner, row := s.inner(g)
	if _, read := s.readOutside(g); len(read) == 0 {
		return false
	}
	if s.forced > 0 {
		g.rows, g.gain = s.forced, float64(len(g.ops))
		return len(inner) > 0
	}
	switch {
	case n == 0 || len(inner) == 0:
		return false
	case row*n <= nearBytes:
		return s.judgeShort(g, n, inner)
	case g.sums == smallSums:
		return false
	}
	if g.rows = s.rows(g, n, stripBytes/max(1, row)); g.rows < leastStrip || g.rows >= n {
		return false
	}
	cost := s.cost(g, (n+g.rows-1)/g.rows, (n+unitRows-1)/unitRows)
	for _, i := range g.ops {
		for _, x := range s.r.Ops[i].Results {
			if inner[x] && !s.followed(x) {
				g.gain += memoryTime * float64(s.bytes[x]) * float64(2+s.uses[x])
			}
		}
	}
	g.gain -= cost
	return g.gain > cost
}

// rows is how many of n rows a strip has, at most most; 0 where workers would have
// too little to share. Sums over rows want strips that cut their units evenly.
// Else there are a multiple of four of them, so that few workers have as many each.
func (s *stripping) rows(g *stripGroup, n, most int64) int64 {
	if most == 0 {
		return 0
	}
	for _, i := range g.ops {
		if !g.sum[s.r.Ops[i].Results[0]] {
			continue
		}
		if (n+unitRows-1)/unitRows < leastUnits {
			return 0
		}
		size := int64(unitRows)
		for size > most {
			size /= 2
		}
		return size
	}
	number := (n + most - 1) / most
	number = (number + 3) / 4 * 4
	return ((n+number-1)/number + 7) / 8 * 8
}

// inner is the values of a group that only it reads and that are stored, and the
// most bytes of them that a row has alive at once.
func (s *stripping) inner(g *stripGroup) (inner map[*ir.Value]bool, row int64) {
	_, read := s.readOutside(g)
	r := &ir.Region{Results: read}
	for _, i := range g.ops {
		r.Ops = append(r.Ops, s.r.Ops[i])
	}
	within := newScheduling(s.fails, r, s.sizes)
	inner = map[*ir.Value]bool{}
	for _, op := range r.Ops {
		for _, x := range op.Results {
			inner[x] = g.lead[x] && !slices.Contains(r.Results, x) && !op.Row.Has(ir.Structural) && !within.onlySummed(x)
			if !inner[x] {
				delete(inner, x)
				within.bytes[x] = 0
			}
		}
	}
	row = min(within.most(within.given()), within.most(within.greedy()))
	return inner, row / max(1, s.size(g.dim))
}

// followed reports whether only a loop over its points reads x, a product: it then
// runs on each block of it anyway.
func (s *stripping) followed(x *ir.Value) bool {
	i := s.at[x]
	return s.uses[x] == 1 && len(s.users[i]) == 1 && s.loopOver(s.users[i][0], i)
}

// most is the most that is alive in an order, where loops write over what they
// are the last to read.
func (s *scheduling) most(order []int) int64 {
	left := s.left()
	now, most := int64(0), int64(0)
	for _, i := range order {
		op, dead, made := s.r.Ops[i], int64(0), int64(0)
		s.run(i, left)
		for _, x := range distinct(op.Operands) {
			if left[x] == 0 {
				dead += s.bytes[x]
			}
		}
		for _, x := range op.Results {
			made += s.bytes[x]
		}
		if isLoop(op) {
			most = max(most, now+max(made-dead, 0))
		} else {
			most = max(most, now+made)
		}
		now += made - dead
	}
	return most
}

// onlySummed reports whether a loop makes x for a sum alone, which then runs
// within the loop.
func (s *scheduling) onlySummed(x *ir.Value) bool {
	i := s.at[x]
	return slices.ContainsFunc(s.users[i], func(u int) bool { return s.sumOf(u, i) && s.r.Ops[u].Operands[0] == x })
}

// cost is the nanoseconds that strips lose: kernels are started and operands
// packed for each, and sums are kept by units and added.
func (s *stripping) cost(g *stripGroup, strips, units int64) float64 {
	once := 0.0
	for _, i := range g.ops {
		op := s.r.Ops[i]
		once += kernelTime
		if op.Row.Name == "einsum" {
			for _, x := range op.Operands {
				if !g.lead[x] && !g.from[op][x] {
					once += packTime * float64(s.elements(x))
				}
			}
		}
		if x := op.Results[0]; g.sum[x] {
			once += 2 * cacheTime * float64(s.bytes[x])
			once += 3 * memoryTime * float64(s.bytes[x]) * float64(units) / float64(strips)
		}
	}
	return once * float64(strips)
}

func (s *stripping) elements(x *ir.Value) int64 {
	n := int64(1)
	for _, d := range x.Type.Dims {
		n *= s.size(d)
	}
	return n
}
