package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// tileBytes is the room of one worker for tile registers.
const tileBytes = 64 << 10

// worker is the scratch memory of one goroutine.
type worker struct {
	id   int
	tile []uint64 // registers of tile programs
	gemm []float64

	line   []uint64       // points from lineAt on that are only summed, or written by row
	lines  unsafe.Pointer // the first of them
	lineAt int

	block   []uint64 // points from blockAt on of a product that is not stored
	blockAt int
}

func newWorker(id int) *worker {
	w := &worker{
		id:    id,
		tile:  make([]uint64, tileBytes/8),
		gemm:  make([]float64, kernel.GemmScratch),
		line:  make([]uint64, lineElems),
		block: make([]uint64, blockElems),
	}
	w.lines = unsafe.Pointer(&w.line[0])
	return w
}

// local is a byte of the scratch for points that are not stored.
func (w *worker) local(at int) unsafe.Pointer { return unsafe.Add(w.lines, at) }

// gemmScratch is the scratch of GEMM tasks as elements of T.
func gemmScratch[T kernel.Float](w *worker) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(&w.gemm[0])), len(w.gemm))
}
