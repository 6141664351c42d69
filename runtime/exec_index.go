package runtime

import (
	"fmt"
	"math"
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

// single reports whether each block is a line with one element to move: an
// entry for each row, as of a class.
func (g *indexed) single() bool { return g.batch > 1 && g.mid == 1 && g.many == 1 && g.inner == 1 }

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
	fr, pool := b.fr, b.pool
	blocks := g.batch * g.mid
	if blocks*g.many*g.inner == 0 {
		return nil
	}
	per := max(1, moveChunk/max(1, g.inner)) // positions of the index in one task
	cuts := (g.many + per - 1) / per
	bad := new(atomic.Int64)
	j := &job{n: blocks * cuts}
	if g.single() {
		j.n = (blocks + per - 1) / per
	}
	j.do = func(_ *worker, task int) {
		if g.single() {
			from, to := task*per, min((task+1)*per, blocks)
			ix := elems[int32](fr, idx.slot, idx.off+blocks)[idx.off:][from:to]
			s := elems[T](fr, src.slot, src.off+blocks*g.n)[src.off+from*g.n:]
			if k := kernel.GatherEach(elems[T](fr, dst.slot, dst.off+blocks)[dst.off+from:], s, ix, g.n); k >= 0 {
				least(bad, int64(from+k))
			}
			return
		}
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

// ownedElements is how many elements one task of a scatter moves at least, and
// maxOwners into how many parts a block is cut. Each task looks at all indices
// and moves those of its own part, so the order by key is that of positions.
// Of blocks that are small a task has several, blockedElements in all.
const (
	ownedElements   = 1 << 15
	maxOwners       = 16
	blockedElements = 1 << 13
)

// owners is into how many parts the destinations of a block are cut.
func (g *indexed) owners() int {
	return max(1, min(g.many*g.inner/ownedElements, maxOwners, g.n))
}

// part is the destinations of one owner.
func (g *indexed) part(k, owners int) (from, to int) {
	return k * g.n / owners, (k + 1) * g.n / owners
}

// scatterAdd adds in the order of positions; blocks, and owners of parts of
// them, are independent.
func (b *binder) scatterAdd(op *ir.Op) step {
	switch op.Results[0].Type.Kind {
	case ir.F32:
		return scatterFloats[float32](b, op)
	case ir.F64:
		return scatterFloats[float64](b, op)
	case ir.I32:
		return scatterOf(b, op, scatterInts[int32], nil)
	}
	return scatterOf(b, op, scatterInts[int64], nil)
}

// scatterFloats is scatterAdd of floats: of one element a line in a loop of its
// own.
func scatterFloats[T kernel.Float](b *binder, op *ir.Op) step {
	dst, idx, upd := b.view(op.Results[0]), b.view(op.Operands[1]), b.view(op.Operands[2])
	g := newIndexed(op.Attrs.(ir.GatherAttrs), dst.shape, idx.shape)
	if !g.single() {
		return scatterOf(b, op, kernel.ScatterAdd[T], kernel.Sum0[T])
	}
	take, zeros := b.copyStep(dst, b.view(op.Operands[0])), isZeros(op.Operands[0])
	fr, pool, blocks, rows := b.fr, b.pool, g.batch, b.rowSize(op.Operands[1].Type.Dims, idx.shape)
	bad := new(atomic.Int64)
	j := &job{n: (blocks + ownedElements - 1) / ownedElements}
	j.do = func(_ *worker, task int) {
		from, to := task*ownedElements, min((task+1)*ownedElements, blocks)
		acc := elems[T](fr, dst.slot, dst.off+blocks*g.n)[dst.off:][from*g.n : to*g.n]
		if zeros {
			clear(acc)
		}
		ix := elems[int32](fr, idx.slot, idx.off+blocks)[idx.off:][from:to]
		if k := kernel.AddEach(acc, elems[T](fr, upd.slot, upd.off+blocks)[upd.off+from:], ix, g.n); k >= 0 {
			least(bad, int64(from+k))
		}
	}
	return func() *Fault {
		if take != nil && !zeros {
			take()
		}
		bad.Store(-1)
		pool.run(j)
		if at := bad.Load(); at >= 0 {
			return badIndex(op, elems[int32](fr, idx.slot, idx.off+blocks)[idx.off:], at, g.n, rows)
		}
		return nil
	}
}

func (b *binder) scatterMax(op *ir.Op) step {
	if op.Results[0].Type.Kind == ir.F32 {
		return scatterOf(b, op, kernel.ScatterMax[float32], nil)
	}
	return scatterOf(b, op, kernel.ScatterMax[float64], nil)
}

// scatterInts reports an overflow as position -2-j.
func scatterInts[T kernel.Int](acc, upd []T, idx []int32, n, inner, from, to int) int {
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		if int(i) < from || int(i) >= to {
			continue
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

// rowWrite writes slices where the plan gave result and operand one storage,
// and copies the operand there otherwise.
func (b *binder) rowWrite(op *ir.Op) step {
	switch bytesOf(op.Results[0].Type.Kind) {
	case 8:
		return scatterOf(b, op, kernel.RowWrite[uint64], nil)
	case 4:
		return scatterOf(b, op, kernel.RowWrite[uint32], nil)
	case 2:
		return scatterOf(b, op, kernel.RowWrite[uint16], nil)
	}
	return scatterOf(b, op, kernel.RowWrite[uint8], nil)
}

// scatterOf runs do over the blocks and parts of the result: on its elements,
// those of the third operand, the index, and the sizes. What it returns is the
// position of a bad index, -1, or -2-j where a sum overflows at position j. on0,
// which may be nil, does the same for whole blocks of a result that begins as zeros.
func scatterOf[T any](b *binder, op *ir.Op, do func(dst, upd []T, idx []int32, n, inner, from, to int) int,
	on0 func(dst, upd []T, idx []int32, n, inner int) int) step {
	dst, idx, upd := b.view(op.Results[0]), b.view(op.Operands[1]), b.view(op.Operands[2])
	g := newIndexed(op.Attrs.(ir.GatherAttrs), dst.shape, idx.shape)
	take := b.copyStep(dst, b.view(op.Operands[0]))
	fr, pool, blocks, owners := b.fr, b.pool, g.batch*g.mid, g.owners()
	if on0 != nil && owners == 1 && g.many > 0 && isZeros(op.Operands[0]) {
		take = nil
		do = func(dst, upd []T, idx []int32, n, inner, _, _ int) int { return on0(dst, upd, idx, n, inner) }
	}
	if owners = min(owners, len(pool.workers)); g.inner == 1 {
		owners = (owners + 3) / 4 // to look at all indices is most of the work
	}
	bad, over := new(atomic.Int64), new(atomic.Int64)
	group := 1 // blocks of one task
	if owners == 1 {
		group = max(1, blockedElements/max(1, g.many*g.inner))
	}
	j := &job{n: (blocks + group - 1) / group * owners}
	j.do = func(_ *worker, task int) {
		first := task / owners * group
		from, to := g.part(task%owners, owners)
		ix := elems[int32](fr, idx.slot, idx.off+g.batch*g.many)[idx.off:]
		d := elems[T](fr, dst.slot, dst.off+blocks*g.n*g.inner)[dst.off:]
		u := elems[T](fr, upd.slot, upd.off+blocks*g.many*g.inner)[upd.off:]
		wide, all := g.n*g.inner, g.many*g.inner
		for block := first; block < min(first+group, blocks); block++ {
			at := block / g.mid * g.many
			switch k := do(d[block*wide:][:wide], u[block*all:][:all], ix[at:][:g.many], g.n, g.inner, from, to); {
			case k >= 0:
				least(bad, int64(at+k))
			case k < -1:
				least(over, int64(at-2-k))
			}
		}
	}
	if blocks*g.many*g.inner <= ownedElements {
		j = alone(j)
	}
	rows := b.rowSize(op.Operands[1].Type.Dims, idx.shape)
	return func() *Fault {
		if take != nil {
			take()
		}
		if blocks*g.many == 0 {
			return nil
		}
		bad.Store(-1)
		over.Store(-1)
		pool.run(j)
		if at := bad.Load(); at >= 0 {
			return badIndex(op, elems[int32](fr, idx.slot, idx.off+g.batch*g.many)[idx.off:], at, g.n, rows)
		}
		if at := over.Load(); at >= 0 {
			return &Fault{Span: op.Span, Code: CodeInteger, Element: at, Row: rowOf(at, rows),
				Message: "a sum overflows " + op.Results[0].Type.Kind.String()}
		}
		return nil
	}
}

// isZeros reports whether v is 0 throughout, as a float.
func isZeros(v *ir.Value) bool {
	if v.Def == nil {
		return false
	}
	c, ok := v.Def.Attrs.(ir.ConstAttrs)
	return ok && len(c.F) == 1 && c.F[0] == 0 && !math.Signbit(c.F[0])
}

// alone is a job whose tasks one worker does: they are too small to share.
func alone(j *job) *job {
	return &job{n: 1, do: func(w *worker, _ int) {
		for task := range j.n {
			j.do(w, task)
		}
	}}
}

// firstOf finds first positions line by line; the table is the temporary.
func (b *binder) firstOf(op *ir.Op, temp int) step {
	dst, idx, fr := b.view(op.Results[0]), b.view(op.Operands[0]), b.fr
	n := dst.shape[len(dst.shape)-1]
	lines := product(dst.shape[:len(dst.shape)-1])
	if n*lines == 0 {
		return nil
	}
	return func() *Fault {
		table := elems[int32](fr, temp, kernel.FirstsTable(n))
		to, from := elems[int32](fr, dst.slot, lines*n), elems[int32](fr, idx.slot, idx.off+lines*n)[idx.off:]
		for at := 0; at < lines*n; at += n {
			kernel.FirstOf(to[at:at+n], from[at:at+n], table)
		}
		return nil
	}
}
