package runtime

import (
	"fmt"
	"sync/atomic"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// indexed is the shape of a gather or scatter: source [batch, mid, n, inner],
// index [batch, many], result (or update) [batch, mid, many, inner].
type indexed struct {
	batch, mid, n, inner, many int
}

func newIndexed(a ir.GatherAttrs, src, idx []int) indexed {
	return indexed{
		batch: product(src[:a.BatchDims]), mid: product(src[a.BatchDims:a.Axis]), n: src[a.Axis],
		inner: product(src[a.Axis+1:]), many: product(idx[a.BatchDims:]),
	}
}

func (b *binder) gather(op *ir.Op) step {
	switch bytesOf(op.Results[0].Type.Kind) {
	case 8:
		return gatherOf[uint64](b, op)
	case 4:
		return gatherOf[uint32](b, op)
	case 2:
		return gatherOf[uint16](b, op)
	}
	return gatherOf[uint8](b, op)
}

// gatherOf cuts the work along the index where there is one block, along the
// blocks otherwise.
func gatherOf[T any](b *binder, op *ir.Op) step {
	dst, src, idx := b.view(op.Results[0]), b.view(op.Operands[0]), b.view(op.Operands[1])
	g := newIndexed(op.Attrs.(ir.GatherAttrs), src.shape, idx.shape)
	fr, pool := b.fr, b.prog.pool
	blocks := g.batch * g.mid
	if blocks*g.many*g.inner == 0 {
		return nil
	}
	per := max(1, moveChunk/max(1, g.inner)) // positions of the index in one task
	cuts := (g.many + per - 1) / per
	bad := new(atomic.Int64)
	j := &job{n: blocks * cuts}
	j.do = func(_ *worker, task int) {
		block, from := task/cuts, task%cuts*per
		to := min(g.many, from+per)
		at := block / g.mid * g.many
		ix := elems[int32](fr, idx.slot, idx.off+g.batch*g.many)[idx.off+at+from : idx.off+at+to]
		s := elems[T](fr, src.slot, src.off+blocks*g.n*g.inner)[src.off+block*g.n*g.inner:]
		d := elems[T](fr, dst.slot, dst.off+blocks*g.many*g.inner)[dst.off+(block*g.many+from)*g.inner:]
		if k := kernel.Gather(d, s, ix, g.n, g.inner); k >= 0 {
			least(bad, int64(at+from+k))
		}
	}
	rows := b.rowSize(op.Operands[1].Type.Dims, idx.shape)
	return func() *Fault {
		bad.Store(-1)
		pool.run(j)
		if at := bad.Load(); at >= 0 {
			return badIndex(op, elems[int32](fr, idx.slot, idx.off+g.batch*g.many)[idx.off:], at, g.n, rows)
		}
		return nil
	}
}

// least keeps the smallest number noted, -1 being none.
func least(a *atomic.Int64, n int64) {
	for {
		v := a.Load()
		if v >= 0 && v <= n || a.CompareAndSwap(v, n) {
			return
		}
	}
}

func badIndex(op *ir.Op, idx []int32, at int64, n, rows int) *Fault {
	return &Fault{Span: op.Span, Code: CodeIndex, Element: at, Row: rowOf(at, rows),
		Message: fmt.Sprintf("index %d is outside 0..%d", idx[at], n)}
}

// scatterAdd adds in the order of positions; blocks are independent.
func (b *binder) scatterAdd(op *ir.Op) step {
	switch op.Results[0].Type.Kind {
	case ir.F32:
		return scatterOf(b, op, kernel.ScatterAdd[float32])
	case ir.F64:
		return scatterOf(b, op, kernel.ScatterAdd[float64])
	case ir.I32:
		return scatterOf(b, op, scatterInts[int32])
	}
	return scatterOf(b, op, scatterInts[int64])
}

// scatterInts reports an overflow as position -2-j.
func scatterInts[T kernel.Int](acc, upd []T, idx []int32, n, inner int) int {
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		for l := 0; l < inner; l++ {
			x, y := acc[int(i)*inner+l], upd[j*inner+l]
			r := x + y
			if (r^x)&(r^y) < 0 {
				return -2 - j
			}
			acc[int(i)*inner+l] = r
		}
	}
	return -1
}

func scatterOf[T any](b *binder, op *ir.Op, add func(acc, upd []T, idx []int32, n, inner int) int) step {
	dst, idx, upd := b.view(op.Results[0]), b.view(op.Operands[1]), b.view(op.Operands[2])
	g := newIndexed(op.Attrs.(ir.GatherAttrs), dst.shape, idx.shape)
	take := b.copyStep(dst, b.view(op.Operands[0]))
	fr, blocks := b.fr, g.batch*g.mid
	rows := b.rowSize(op.Operands[1].Type.Dims, idx.shape)
	return func() *Fault {
		if take != nil {
			take()
		}
		if blocks*g.many == 0 {
			return nil
		}
		ix := elems[int32](fr, idx.slot, idx.off+g.batch*g.many)[idx.off:]
		acc := elems[T](fr, dst.slot, dst.off+blocks*g.n*g.inner)[dst.off:]
		up := elems[T](fr, upd.slot, upd.off+blocks*g.many*g.inner)[upd.off:]
		for k := 0; k < blocks; k++ {
			at := k / g.mid * g.many
			j := add(acc[k*g.n*g.inner:(k+1)*g.n*g.inner], up[k*g.many*g.inner:(k+1)*g.many*g.inner], ix[at:at+g.many], g.n, g.inner)
			switch {
			case j >= 0:
				return badIndex(op, ix, int64(at+j), g.n, rows)
			case j < -1:
				return &Fault{Span: op.Span, Code: CodeInteger, Element: int64(at - 2 - j), Row: rowOf(int64(at-2-j), rows),
					Message: "a sum overflows " + op.Results[0].Type.Kind.String()}
			}
		}
		return nil
	}
}
