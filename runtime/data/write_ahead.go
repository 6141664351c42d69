package data

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/dfc-lang/dfc/runtime/array"
)

// ahead formats rows beside the one who computes them, several batches at a
// time; one goroutine writes them in the order in which they came.
type ahead struct {
	work  chan *batchText // to be formatted
	queue chan *batchText // the same, in order
	free  chan *batchText
	all   sync.WaitGroup
	bad   atomic.Bool
	err   error // the first in the order of the rows, valid once all is done
}

// batchText is the rows of one batch, and their text once it is ready.
type batchText struct {
	results []*array.Array
	texts   []Texts
	n       int
	first   int64 // row of the table
	buf     []byte
	err     error
	ready   chan struct{}
}

// Ahead lets workers-1 goroutines format what Rows is given, where that is
// text; faults are found by a later call. Finish or Close ends them.
func (t *TableWriter) Ahead(workers int) {
	n := min(workersOf(workers), runtime.GOMAXPROCS(0)) - 1
	if n < 1 || t.held != nil || t.ahead != nil {
		return
	}
	a := &ahead{work: make(chan *batchText, 2*n), queue: make(chan *batchText, 2*n), free: make(chan *batchText, 2*n)}
	for range cap(a.free) {
		a.free <- &batchText{ready: make(chan struct{}, 1)}
	}
	for range n {
		a.all.Go(func() {
			for b := range a.work {
				b.buf, b.err = t.format(b.buf[:0], b.results, b.texts, b.n, b.first)
				b.ready <- struct{}{}
			}
		})
	}
	a.all.Go(func() { a.write(t.out) })
	t.ahead = a
}

// write is done by one goroutine until there is an error; then it lets the
// others go on without writing.
func (a *ahead) write(out *Output) {
	for b := range a.queue {
		<-b.ready
		if a.err == nil {
			if a.err = b.err; a.err == nil {
				_, a.err = out.Write(b.buf)
			}
			a.bad.Store(a.err != nil)
		}
		a.free <- b
	}
}

// rows hands over copies: what the caller has may change as soon as it goes on.
func (a *ahead) rows(results []*array.Array, texts []Texts, n int, first int64) {
	b := <-a.free
	b.n, b.first, b.err = n, first, nil
	for len(b.results) < len(results) {
		b.results = append(b.results, nil)
	}
	for i, r := range results {
		b.results[i] = copyOver(b.results[i], r)
	}
	for len(b.texts) < len(texts) {
		b.texts = append(b.texts, Texts{})
	}
	for i := range texts {
		x, y := &b.texts[i], &texts[i]
		x.data, x.ends, x.has = append(x.data[:0], y.data...), append(x.ends[:0], y.ends...), append(x.has[:0], y.has...)
	}
	a.work <- b
	a.queue <- b
}

// copyOver is a copy of a, in the memory of an older one where there is one.
func copyOver(old, a *array.Array) *array.Array {
	if old == nil || old.Kind != a.Kind {
		old = array.New(a.Kind, 0)
	}
	old.F32, old.F64 = append(old.F32[:0], a.F32...), append(old.F64[:0], a.F64...)
	old.I32, old.I64 = append(old.I32[:0], a.I32...), append(old.I64[:0], a.I64...)
	old.U8, old.I8 = append(old.U8[:0], a.U8...), append(old.I8[:0], a.I8...)
	old.U16, old.I16 = append(old.U16[:0], a.U16...), append(old.I16[:0], a.I16...)
	old.Shape = append(old.Shape[:0], a.Shape...)
	return old
}

// end waits until all is written.
func (a *ahead) end() error {
	close(a.work)
	close(a.queue)
	a.all.Wait()
	return a.err
}

// Close ends the helpers; Finish does it too.
func (t *TableWriter) Close() error {
	if t.ahead == nil {
		return nil
	}
	a := t.ahead
	t.ahead = nil
	return a.end()
}
