package ir

import "github.com/dfc-lang/dfc/lang/source"

// This file holds how operations and values come into memory: compiling makes
// and drops many of them, so that the number of allocations is much of its time.

// single is an operation with at most two operands and one result, as nearly
// all are, in one piece of memory. Its lists have no room: what grows one moves
// it away.
type single struct {
	op       Op
	result   Value
	results  [1]*Value
	operands [2]*Value
}

// newOp is an operation with room for its operands and, where it has one
// result, a value for that without a number; one is nil otherwise.
func newOp(row *Row, attrs Attrs, at source.Span, operands, results int) (op *Op, one *Value) {
	if operands > 2 || results != 1 {
		op = &Op{Row: row, Attrs: attrs, Span: at}
		if operands > 0 {
			op.Operands = make([]*Value, operands)
		}
		return op, nil
	}
	s := &single{}
	s.op = Op{Row: row, Attrs: attrs, Span: at, Results: s.results[:]}
	if operands > 0 {
		s.op.Operands = s.operands[:operands:operands]
	}
	s.results[0] = &s.result
	return &s.op, &s.result
}

// number enters v among the values of f.
func (f *Func) number(v *Value, t Type) *Value {
	v.ID, v.Type = f.next, t
	f.next++
	return v
}

// slab hands out pieces of arrays of a known total length, a few hundred
// elements at a time, so that what stays of a large region does not keep all of
// it in memory.
type slab[T any] struct {
	free []T
	left int // to come, those in free not counted
}

const slabSize = 256

func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		size := max(n, min(slabSize, s.left))
		s.free = make([]T, size)
		s.left -= size
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
