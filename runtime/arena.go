package runtime

import (
	"cmp"
	"slices"
	"sort"
)

// align is the alignment of everything in the arena, a cache line.
const align = 64

func roundUp(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// place gives the arena slots their offsets. Largest first is within a few
// per cent of what is alive at once nearly always; where it is not, other
// orders are tried as well and the smallest arena is taken.
func (p *plan) place() {
	var list []int
	for i, s := range p.slots {
		if s.class == inArena && s.bytes > 0 {
			list = append(list, i)
		}
	}
	p.lower = p.alive(list)
	best := make([]int64, len(list))
	for i, order := range placeOrders {
		if i > 0 && (p.peak == p.lower || len(list) > mostReordered) {
			break
		}
		sorted := slices.Clone(list)
		slices.SortStableFunc(sorted, func(a, b int) int { return order(&p.slots[a], &p.slots[b]) })
		if peak := p.placeIn(sorted); i == 0 || peak < p.peak {
			p.peak = peak
			for k, s := range list {
				best[k] = p.slots[s].off
			}
		}
	}
	for k, s := range list {
		p.slots[s].off = best[k]
	}
}

// mostReordered bounds the time for other orders, which grows with the square.
const mostReordered = 4000

// placeOrders are orders in which slots are placed.
var placeOrders = []func(a, b *slot) int{
	func(a, b *slot) int { return cmp.Compare(b.bytes, a.bytes) },
	func(a, b *slot) int {
		return cmp.Or(cmp.Compare(roundUp(b.bytes), roundUp(a.bytes)), cmp.Compare(b.life(), a.life()))
	},
	func(a, b *slot) int { return cmp.Compare(b.life(), a.life()) },
	func(a, b *slot) int { return cmp.Compare(b.bytes*b.life(), a.bytes*a.life()) },
	func(a, b *slot) int { return cmp.Compare(a.from, b.from) },
	func(a, b *slot) int { return cmp.Compare(b.to, a.to) },
}

// life is for how many positions a slot is in use.
func (s *slot) life() int64 { return int64(s.to - s.from + 1) }

// placeIn places slots in an order, each into the smallest gap that is free
// while it lives, else behind all others alive, and returns where the last ends.
func (p *plan) placeIn(order []int) (peak int64) {
	var placed []int // by offset
	for _, i := range order {
		s := &p.slots[i]
		s.off = p.gap(placed, s)
		peak = max(peak, s.off+roundUp(s.bytes))
		at := sort.Search(len(placed), func(k int) bool { return p.slots[placed[k]].off > s.off })
		placed = slices.Insert(placed, at, i)
	}
	return peak
}

// gap is the best offset for s among the slots placed, which are in order.
func (p *plan) gap(placed []int, s *slot) int64 {
	need := roundUp(s.bytes)
	end, best, room := int64(0), int64(-1), int64(0)
	for _, k := range placed {
		o := &p.slots[k]
		if o.to < s.from || s.to < o.from {
			continue
		}
		if free := o.off - end; free >= need && (best < 0 || free < room) {
			best, room = end, free
		}
		end = max(end, o.off+roundUp(o.bytes))
	}
	if best >= 0 {
		return best
	}
	return end
}

// alive is the greatest sum of slots alive at one position.
func (p *plan) alive(list []int) int64 {
	change := make([]int64, p.next+2)
	for _, i := range list {
		s := p.slots[i]
		change[s.from] += roundUp(s.bytes)
		change[s.to+1] -= roundUp(s.bytes)
	}
	most, now := int64(0), int64(0)
	for _, c := range change {
		now += c
		most = max(most, now)
	}
	return most
}
