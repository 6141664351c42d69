package runtime

import (
	"sync/atomic"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// Note: rows written where they are made. New rows of a parameter that moves at
// the keys of a batch are the result of a tile program, and go back to the places
// they came from. A row_write right behind the program runs within it: a strip
// of rows is made in the scratch of the worker and written from there, so that
// they cost no pass over memory. Of equal keys the first counts, in whatever order
// strips are made, because first_of says which one that is.

// stripBytes is how much of a result is made before its rows are written: what is
// read for it, and the rows in their places, are in the first cache then as well.
const stripBytes = 8 << 10

// writesRows is the row_writes right behind op that can run within it.
func (p *plan) writesRows(op *ir.Op, next []*ir.Op) []*ir.Op {
	o := p.ops[op]
	if o.tile == nil || o.within || o.sums != nil || o.tile.canFail() || len(op.SafeOperands()) > 0 {
		return nil
	}
	n := 0
	for n < len(next) && p.writesRowsOf(op, next[n]) {
		n++
	}
	if n == 0 || p.rowOf(next[0].Operands[2].Type)*int64(n) > stripBytes/8 {
		return nil
	}
	return next[:n]
}

// rowOf is the elements of a row of a tensor.
func (p *plan) rowOf(t ir.Type) int64 {
	n := int64(1)
	for _, d := range t.Dims[1:] {
		n *= p.size(d)
	}
	return n
}

// writesRowsOf reports whether next writes rows that op makes for nobody else,
// over a tensor that op does not read.
func (p *plan) writesRowsOf(op, next *ir.Op) bool {
	if next.Row.Name != "row_write" || next.Attrs != (ir.GatherAttrs{}) {
		return false
	}
	all, idx, rows := next.Operands[0], next.Operands[1], next.Operands[2]
	if rows.Def != op || len(p.uses[rows]) != 1 || idx.Type.Rank() != 1 || p.firsts(op, idx) == nil {
		return false
	}
	for _, v := range op.Operands {
		if p.info[v].root == p.info[all].root {
			return false
		}
	}
	return true
}

// firsts is where a first_of of idx, made before op, has its result; nil without one.
func (p *plan) firsts(op *ir.Op, idx *ir.Value) *ir.Value {
	for _, u := range p.uses[idx] {
		if u.op == nil || u.op.Row.Name != "first_of" {
			continue
		}
		v := u.op.Results[0]
		if p.info[v].region == p.info[op.Results[0]].region && p.ops[u.op].start < p.ops[op].start {
			return v
		}
	}
	return nil
}

// joinRows lets row_writes run within op: what they write is never stored, and
// the rows are written from when op begins.
func (p *plan) joinRows(op *ir.Op, writes []*ir.Op) {
	p.ops[op].writes = writes
	for _, w := range writes {
		p.ops[w].within = true
		p.ops[w].start = p.ops[op].start
		p.info[w.Results[0]].pos = p.ops[op].start
		p.info[w.Operands[2]].local = true
		p.read(p.firsts(op, w.Operands[1]), p.ops[w].end)
	}
}

// rowWrites is the rows that a tile step writes as it goes.
type rowWrites struct {
	inner int // elements of a row
	strip int // points made at once, whole rows
	to    []*rowWriter
}

// rowWriter writes rows of one result.
type rowWriter struct {
	result int  // of the program
	take   step // brings the rows that stay, nil where they are there
	write  func(w *worker, from, to, at int) int
	bad    atomic.Int64
	fault  func(at int64) *Fault
}

// writesOf is the row_writes within op, bound; nil for none.
func (b *binder) writesOf(op *ir.Op) *rowWrites {
	writes := b.plan.ops[op].writes
	if writes == nil {
		return nil
	}
	r := &rowWrites{inner: product(b.view(writes[0].Operands[2]).shape[1:])}
	for _, w := range writes {
		x := &rowWriter{result: w.Operands[2].Index, take: b.copyStep(b.view(w.Results[0]), b.view(w.Operands[0])), fault: b.rowFault(w)}
		first := b.plan.firsts(op, w.Operands[1])
		switch bytesOf(w.Results[0].Type.Kind) {
		case 8:
			x.write = writeRows[uint64](b, w, first)
		case 4:
			x.write = writeRows[uint32](b, w, first)
		case 2:
			x.write = writeRows[uint16](b, w, first)
		default:
			x.write = writeRows[uint8](b, w, first)
		}
		r.to = append(r.to, x)
	}
	return r
}

// writeRows writes rows from … to, which lie in the scratch of a worker from
// byte at on, and returns a position whose index is bad, -1 without one.
func writeRows[T any](b *binder, op *ir.Op, first *ir.Value) func(w *worker, from, to, at int) int {
	dst, idx, firsts, fr := b.view(op.Results[0]), b.view(op.Operands[1]), b.view(first), b.fr
	n, inner := dst.shape[0], product(dst.shape[1:])
	return func(w *worker, from, to, at int) int {
		d := elems[T](fr, dst.slot, dst.off+n*inner)[dst.off:]
		ix := elems[int32](fr, idx.slot, idx.off+to)[idx.off+from:]
		f := elems[int32](fr, firsts.slot, firsts.off+to)[firsts.off+from:]
		if k := kernel.WriteFirsts(d, tile[T](w.local(at), (to-from)*inner), ix, f, from, n, inner); k >= 0 {
			return from + k
		}
		return -1
	}
}

// rowFault is the fault of a row_write whose index at a position is none of its
// rows.
func (b *binder) rowFault(op *ir.Op) func(at int64) *Fault {
	idx, fr, n := b.view(op.Operands[1]), b.fr, b.view(op.Results[0]).shape[0]
	rows := b.rowSize(op.Operands[1].Type.Dims, idx.shape)
	return func(at int64) *Fault {
		return badIndex(op, elems[int32](fr, idx.slot, idx.off+idx.len())[idx.off:], at, n, rows)
	}
}

// writeRows makes s write rows as it goes; tasks have whole rows.
func (s *tileStep) writeRows(r *rowWrites) {
	s.writes = r
	wide, at := 1, 0
	for _, x := range r.to {
		wide = max(wide, s.stores[x.result].bytes)
	}
	r.strip = max(1, stripBytes/(wide*len(r.to)*r.inner)) * r.inner
	for _, x := range r.to {
		s.stores[x.result].line = at
		at += r.strip * wide
	}
	s.chunk = max(1, s.chunk/r.inner) * r.inner
	s.job.n = (s.n + s.chunk - 1) / s.chunk
}

// rowPoints runs points lo to hi, whole rows, and writes them.
func (s *tileStep) rowPoints(w *worker, lo, hi int) {
	r := s.writes
	for ; lo < hi; lo += r.strip {
		end := min(lo+r.strip, hi)
		w.lineAt = lo
		s.points(w, lo, end)
		for _, x := range r.to {
			if bad := x.write(w, lo/r.inner, end/r.inner, s.stores[x.result].line); bad >= 0 {
				least(&x.bad, int64(bad))
			}
		}
	}
}

// around is a step that makes rows, nil where there are none, with what comes
// before and behind it.
func (r *rowWrites) around(s step) step {
	var before step
	for _, x := range r.to {
		before = inOrder(before, x.take)
	}
	if s == nil {
		return before
	}
	return inOrder(before, func() *Fault {
		for _, x := range r.to {
			x.bad.Store(-1)
		}
		if f := s(); f != nil {
			return f
		}
		for _, x := range r.to {
			if at := x.bad.Load(); at >= 0 {
				return x.fault(at)
			}
		}
		return nil
	})
}
