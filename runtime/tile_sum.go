package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// lineElems is the most elements of a line that is summed where it was made:
// those of one block of a sum.
const lineElems = kernel.Block

// lineSums is the sums of lines of a result that is not stored.
type lineSums struct {
	n   int // elements of a line
	dst view
}

// sumsOf is what sums a result of op within it, nil for nothing.
func (b *binder) sumsOf(op *ir.Op) *lineSums {
	next := b.plan.ops[op].sums
	if next == nil {
		return nil
	}
	x, dst := b.view(next.Operands[0]), b.view(next.Results[0])
	return &lineSums{n: product(x.shape[len(dst.shape):]), dst: dst}
}

// sumLines makes s add up lines as it goes; tasks have whole lines.
func (s *tileStep) sumLines(sums *lineSums) {
	s.sums = sums
	s.chunk = max(1, s.chunk/sums.n) * sums.n
	s.job.n = (s.n + s.chunk - 1) / s.chunk
}

// sumPoints runs points lo to hi, whole lines, as many at a time as the scratch
// of the worker holds.
func (s *tileStep) sumPoints(w *worker, lo, hi int) {
	n := s.sums.n
	for step := lineElems / n * n; lo < hi; lo += step {
		end := min(lo+step, hi)
		w.lineAt = lo
		s.points(w, lo, end)
		s.sumUp(w, lo, end)
	}
}

// sumUp adds up the lines of points lo to hi, which are in the scratch of w.
func (s *tileStep) sumUp(w *worker, lo, hi int) {
	if n := s.sums.n; s.sums.dst.kind == ir.F32 {
		sumLocal[float32](s, w, lo/n, hi/n)
	} else {
		sumLocal[float64](s, w, lo/n, hi/n)
	}
}

// sumLocal adds up lines from … to.
func sumLocal[T kernel.Float](s *tileStep, w *worker, from, to int) {
	n, d := s.sums.n, &s.sums.dst
	dst := elems[T](s.fr, d.slot, d.off+to)[d.off:]
	x := tile[T](unsafe.Pointer(&w.line[0]), (to-from)*n)
	if n == 1 {
		copy(dst[from:to], x)
		return
	}
	kernel.SumLines(dst[from:to], x, n)
}

// at is where point t of a result goes.
func (st *boundStore) at(fr *frame, w *worker, t int) unsafe.Pointer {
	if st.view.slot == noSlot {
		return unsafe.Add(unsafe.Pointer(&w.line[0]), (t-w.lineAt)*st.bytes)
	}
	return unsafe.Add(fr.base[st.view.slot], (st.view.off+t)*st.bytes)
}
