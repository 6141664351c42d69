package jit

// The processor looks ahead about a hundred instructions. Where a line is
// longer and its operations wait for each other, it finds too few that can run.
// So lines are put in an order in which what is ready comes first.

// latency is the cycles from operands to result, about those of Intel's
// processors with AVX-512.
func latency(n *node) int {
	switch n.op {
	case And, AndNot, Or, Xor, Blend, IAdd, ISub, IMin, IMax, Shl, Shr, Sar, opCopy, opKeep:
		return 1
	case opMaskAnd, opMaskAndNot, opMaskOr, opMaskXor, opMaskNot:
		return 1
	case quarters:
		return 3
	case opSquare:
		return 10
	case unpackLow4, unpackHigh4, unpackLow8, unpackHigh8:
		return 1
	case Cmp, opCompare, opToMask, opToLanes, SignExtend, ZeroExtend:
		return 3
	case MulHalves, MulUnsigned:
		return 5
	case Round:
		return 8
	case IMul:
		return 10
	case Div:
		return 12 + 2*(int(n.width)-2)
	case Sqrt:
		return 14 + 3*(int(n.width)-2)
	case FloatToDouble, DoubleToFloat, IntToDouble, DoubleToInt:
		return 7
	}
	return 4
}

// busy is the cycles in which the only divider does nothing else, for registers of
// 32 bytes; twice as many for 64.
func busy(op Op, w Width) int32 {
	switch op {
	case Div:
		return 5 + 3*(int32(w/4)-1)
	case Sqrt:
		return 6 * int32(w/4)
	}
	return 0
}

// maxAlive is how many vectors may be alive: most of them in scratch memory, which
// is in the first cache, where loads have ports that nothing else needs. Beyond
// it values die before others are made.
const maxAlive = 128

// scheduler orders a line.
type scheduler struct {
	p       *Program
	height  []int32   // by value: cycles from its beginning to the end of the line
	left    []int32   // by value: reads to come
	wait    []int32   // by value: operands to come
	more    []int32   // by value: by how much the vectors that are alive become more with it
	start   []int32   // by value: half a cycle in which it can begin
	readers [][]Value // by value
	ready   []Value
	live    int   // vectors that are read later
	divider int32 // the half cycle from which on it is free
}

// schedule is the values of a line in a better order.
func (p *Program) schedule(body []Value) []Value {
	n := len(p.nodes)
	s := &scheduler{p: p, height: make([]int32, n), left: make([]int32, n), wait: make([]int32, n), more: make([]int32, n),
		start: make([]int32, n), readers: make([][]Value, n)}
	s.readings(body)
	for i := len(body) - 1; i >= 0; i-- {
		v := body[i]
		for _, r := range s.readers[v] {
			s.height[v] = max(s.height[v], s.height[r])
		}
		s.height[v] += int32(latency(&p.nodes[v])) + 2*s.divides(v) // who needs the divider may wait for it
		if s.wait[v] == 0 {
			s.ready = append(s.ready, v)
		}
	}
	out := make([]Value, 0, len(body))
	for now := int32(0); len(s.ready) > 0; now++ {
		k := s.best(now)
		v := s.ready[k]
		s.ready[k] = s.ready[len(s.ready)-1]
		s.ready = s.ready[:len(s.ready)-1]
		now = max(now, s.begins(v))
		if d := s.divides(v); d > 0 {
			s.divider = now + 2*d
		}
		out = append(out, v)
		s.live += int(s.more[v])
		for _, x := range p.distinct(v) {
			if s.left[x]--; s.left[x] == 1 {
				s.last(x)
			}
		}
		done := now + 2*int32(latency(&p.nodes[v]))
		for _, r := range s.readers[v] {
			s.start[r] = max(s.start[r], done)
			if s.wait[r]--; s.wait[r] == 0 {
				s.ready = append(s.ready, r)
			}
		}
	}
	return out
}

// divides is the cycles for which v keeps the divider.
func (s *scheduler) divides(v Value) int32 { return 2 * busy(s.p.nodes[v].op, s.p.nodes[v].width) }

// begins is the half cycle in which v can begin.
func (s *scheduler) begins(v Value) int32 {
	if s.divides(v) > 0 {
		return max(s.start[v], s.divider)
	}
	return s.start[v]
}

// readings finds who reads each value, and counts.
func (s *scheduler) readings(body []Value) {
	for _, v := range body {
		for _, x := range s.p.distinct(v) {
			s.left[x]++
		}
	}
	all := make([]Value, 3*len(body)) // in pieces of the values that are read
	for x, n := range s.left {
		s.readers[x], all = all[:0:n], all[n:]
	}
	for _, v := range body {
		for _, x := range s.p.distinct(v) {
			s.readers[x] = append(s.readers[x], v)
			if !s.p.nodes[x].isRead() {
				s.wait[v]++
			}
		}
		if s.left[v] > 0 && !s.p.isMask(v) {
			s.more[v]++
		}
	}
	for x, n := range s.left {
		if n == 1 {
			s.last(Value(x))
		}
	}
}

// distinct is the operands of v that differ in the loop.
func (p *Program) distinct(v Value) []Value {
	var list [3]Value
	out := list[:0]
	for _, x := range p.nodes[v].operands() {
		if x >= 0 && p.levels[x] == perLane && (len(out) < 1 || out[0] != x) && (len(out) < 2 || out[1] != x) {
			out = append(out, x)
		}
	}
	return out
}

// last notes that one reader is left of x, whichever: x dies with it.
func (s *scheduler) last(x Value) {
	if s.p.isMask(x) || s.p.nodes[x].op == opLoad {
		return // takes no vector
	}
	for _, r := range s.readers[x] {
		s.more[r]--
	}
}

// best is the place among what is ready of what comes next: what can begin, of
// these what the most depends on; where too much is alive, what ends most of it.
func (s *scheduler) best(now int32) int {
	best, full := 0, s.live >= maxAlive
	var more, wait, height int32 // of the best
	for i, v := range s.ready {
		m, h := int32(0), s.height[v]
		if full {
			m = s.more[v]
		}
		w := max(0, s.begins(v)-now)
		if i == 0 || m < more || m == more && (w < wait || w == wait && h > height) {
			best, more, wait, height = i, m, w, h
		}
	}
	return best
}
