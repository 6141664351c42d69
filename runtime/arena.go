package runtime

import (
	"sort"
	"unsafe"
)

// align is the alignment of everything in the arena, a cache line.
const align = 64

func roundUp(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// place gives the arena slots their offsets: the largest first, each into the
// smallest gap that is free while it lives, else behind all others alive.
func (p *plan) place() {
	var order []int
	for i, s := range p.slots {
		if s.class == inArena && s.bytes > 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return p.slots[order[a]].bytes > p.slots[order[b]].bytes })
	var placed []int // by offset
	for _, i := range order {
		s := &p.slots[i]
		s.off = p.gap(placed, s)
		p.peak = max(p.peak, s.off+roundUp(s.bytes))
		at := sort.Search(len(placed), func(k int) bool { return p.slots[placed[k]].off > s.off })
		placed = append(placed, 0)
		copy(placed[at+1:], placed[at:])
		placed[at] = i
	}
	p.lower = p.alive(order)
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
func (p *plan) alive(order []int) int64 {
	change := make([]int64, p.next+2)
	for _, i := range order {
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

// newArena is n bytes at a multiple of align.
func newArena(n int64) unsafe.Pointer {
	if n == 0 {
		return nil
	}
	words := make([]uint64, (n+align)/8)
	p := unsafe.Pointer(&words[0])
	if over := uintptr(p) % align; over != 0 {
		p = unsafe.Pointer(&words[(align-over)/8])
	}
	return p
}
