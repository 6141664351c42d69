package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// schedule orders the operations of each region so that little is alive at
// once: of those that can run, the one that frees most, or takes least. Where
// that is no better than the order at hand, the order stays. A loop over the
// points of a contraction that reads it stands right behind it where it can, and
// so do a sum of what a loop has made and what writes it over rows: they can run
// on what was just written.
// Operations that may fail keep their order among themselves, and what writes
// over a value comes behind all that reads it.
func schedule(m *ir.Module, sizes ir.Sizes) error {
	fails := newFailing(m)
	for _, f := range m.Funcs {
		ir.WalkRegions(f.Body, func(r *ir.Region) {
			s := newScheduling(fails, r, sizes)
			order := s.given()
			if o := s.greedy(); s.peak(o) < s.peak(order) {
				order = o
			}
			s.apply(s.follow(order))
		})
		ir.Renumber(f)
	}
	return nil
}

// maxScheduled bounds the operations of a region that is reordered, since
// choosing looks at all that can run.
const maxScheduled = 4000

// scheduling is the state for one region.
type scheduling struct {
	r     *ir.Region
	at    map[*ir.Value]int
	bytes map[*ir.Value]int64
	uses  map[*ir.Value]int // readers among operations; results of the region are never freed
	needs [][]int           // by operation: operations before it
	users [][]int
}

func newScheduling(fails *failing, r *ir.Region, sizes ir.Sizes) *scheduling {
	s := &scheduling{r: r, at: map[*ir.Value]int{}, bytes: map[*ir.Value]int64{}, uses: map[*ir.Value]int{},
		needs: make([][]int, len(r.Ops)), users: make([][]int, len(r.Ops))}
	failing, readers := -1, map[*ir.Value][]int{}
	for i, op := range r.Ops {
		for _, x := range op.Results {
			s.at[x], s.bytes[x] = i, bytesOf(x.Type, sizes)
		}
		before := map[int]bool{}
		for _, x := range distinct(op.Operands) {
			s.uses[x]++
			if p, ok := s.at[x]; ok && !before[p] {
				before[p] = true
				s.needs[i] = append(s.needs[i], p)
			}
		}
		if fails.may(op) {
			if failing >= 0 && !before[failing] {
				before[failing] = true
				s.needs[i] = append(s.needs[i], failing)
			}
			failing = i
		}
		if op.Row.Name == "row_write" {
			for _, p := range readers[ir.Viewed(op.Operands[0])] {
				if !before[p] {
					before[p] = true
					s.needs[i] = append(s.needs[i], p)
				}
			}
		}
		for _, x := range distinct(op.Operands) {
			readers[ir.Viewed(x)] = append(readers[ir.Viewed(x)], i)
		}
		for _, p := range s.needs[i] {
			s.users[p] = append(s.users[p], i)
		}
	}
	for _, x := range r.Results {
		s.uses[x]++ // kept to the end
	}
	return s
}

func distinct(vs []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for i, x := range vs {
		seen := false
		for _, y := range vs[:i] {
			seen = seen || x == y
		}
		if !seen {
			out = append(out, x)
		}
	}
	return out
}

// bytesOf is the size of a value at capacity; unknown dimensions count 64.
func bytesOf(t ir.Type, sizes ir.Sizes) int64 {
	n := int64(4)
	switch t.Kind {
	case ir.F64, ir.I64, ir.Key:
		n = 8
	case ir.U8, ir.I8, ir.Bool:
		n = 1
	}
	for _, d := range t.Dims {
		k, err := d.Eval(func(name string) (int64, bool) {
			z, ok := sizes[name]
			return z.Capacity, ok
		})
		if err != nil {
			k = 64
		}
		n *= max(k, 1)
	}
	return n
}

func (s *scheduling) given() []int {
	order := make([]int, len(s.r.Ops))
	for i := range order {
		order[i] = i
	}
	return order
}

// grow is by how much running operation i changes what is alive, given how
// often each value will still be read.
func (s *scheduling) grow(i int, left map[*ir.Value]int) int64 {
	n := int64(0)
	for _, x := range s.r.Ops[i].Results {
		n += s.bytes[x]
	}
	for _, x := range distinct(s.r.Ops[i].Operands) {
		if left[x] == 1 {
			n -= s.bytes[x]
		}
	}
	return n
}

// greedy is the order in which each next operation adds least; ties keep the
// order at hand.
func (s *scheduling) greedy() []int {
	if len(s.r.Ops) > maxScheduled {
		return s.given()
	}
	left, waits := s.left(), make([]int, len(s.r.Ops))
	var ready, order []int
	for i := range s.r.Ops {
		if waits[i] = len(s.needs[i]); waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		best := 0
		for k := range ready {
			a, b := s.grow(ready[k], left), s.grow(ready[best], left)
			if a < b || a == b && ready[k] < ready[best] {
				best = k
			}
		}
		i := ready[best]
		ready = append(ready[:best], ready[best+1:]...)
		order = append(order, i)
		s.run(i, left)
		for _, u := range s.users[i] {
			if waits[u]--; waits[u] == 0 {
				ready = append(ready, u)
			}
		}
	}
	return order
}

func (s *scheduling) left() map[*ir.Value]int {
	left := make(map[*ir.Value]int, len(s.uses))
	for x, n := range s.uses {
		left[x] = n
	}
	return left
}

func (s *scheduling) run(i int, left map[*ir.Value]int) {
	for _, x := range distinct(s.r.Ops[i].Operands) {
		left[x]--
	}
}

// peak is the most that is alive in an order.
func (s *scheduling) peak(order []int) int64 {
	left := s.left()
	var now, most int64
	for _, i := range order {
		for _, x := range s.r.Ops[i].Results {
			now += s.bytes[x]
		}
		most = max(most, now)
		for _, x := range s.r.Ops[i].Results {
			if left[x] == 0 {
				now -= s.bytes[x]
			}
		}
		s.run(i, left)
		for _, x := range distinct(s.r.Ops[i].Operands) {
			if left[x] == 0 {
				now -= s.bytes[x]
			}
		}
	}
	return most
}

// follow moves what can run within an operation right behind it, where all else
// that it reads is there by then: a loop over the points of a contraction, a sum
// of what a loop has made, and all that writes it over rows.
func (s *scheduling) follow(order []int) []int {
	at := make([]int, len(order)) // place of each operation
	for k, i := range order {
		at[i] = k
	}
	for k, i := range order {
		last := k // of what follows i
		for _, u := range s.users[i] {
			rows := s.writesOf(u, i)
			if !rows && !s.loopOver(u, i) && !s.sumOf(u, i) || slices.ContainsFunc(s.needs[u], func(p int) bool { return at[p] > last }) {
				continue
			}
			last++
			copy(order[last+1:at[u]+1], order[last:at[u]])
			order[last] = u
			for j := last; j < len(order); j++ {
				at[order[j]] = j
			}
			if !rows {
				break
			}
		}
	}
	return order
}

// writesOf reports whether operation u writes over rows what loop i has made, and
// nobody else reads that.
func (s *scheduling) writesOf(u, i int) bool {
	op := s.r.Ops[u]
	return op.Row.Name == "row_write" && isLoop(s.r.Ops[i]) && op.Operands[2].Def == s.r.Ops[i] && s.uses[op.Operands[2]] == 1
}

// loopOver reports whether operation u is a loop over the points of a
// contraction i.
func (s *scheduling) loopOver(u, i int) bool {
	return s.r.Ops[i].Row.Name == "einsum" && isLoop(s.r.Ops[u]) &&
		ir.EqualDims(ir.Significant(s.r.Ops[u].Results[0].Type.Dims), ir.Significant(s.r.Ops[i].Results[0].Type.Dims))
}

// sumOf reports whether operation u sums what loop i has made, and nobody else
// reads that.
func (s *scheduling) sumOf(u, i int) bool {
	op := s.r.Ops[u]
	return op.Row.Name == "reduce_sum" && isLoop(s.r.Ops[i]) && s.uses[op.Operands[0]] == 1
}

func isLoop(op *ir.Op) bool { return op.Row.Name == "fused" || op.Row.Has(ir.Elementwise) }

func (s *scheduling) apply(order []int) {
	ops := make([]*ir.Op, len(order))
	for k, i := range order {
		ops[k] = s.r.Ops[i]
	}
	s.r.Ops = ops
}
