package runtime

import (
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// job is work cut into tasks by its size alone. It is made once, when a plan
// is bound, and run many times; n and do never change.
type job struct {
	n  int
	do func(w *worker, task int)

	// next is the number of the run (upper half) and of the next task (lower
	// half): a helper that slept through the end of a run cannot claim with
	// what it read before.
	next atomic.Uint64
	done atomic.Int64
}

// claim gets a task, -1 where none is left.
func (j *job) claim() int {
	for {
		v := j.next.Load()
		i := int(uint32(v))
		if i >= j.n {
			return -1
		}
		if j.next.CompareAndSwap(v, v+1) {
			return i
		}
	}
}

// help runs tasks until none is left to claim.
func (j *job) help(w *worker) {
	for i := j.claim(); i >= 0; i = j.claim() {
		j.do(w, i)
		j.done.Add(1)
	}
}

// tileBytes is the room of one worker for tile registers.
const tileBytes = 64 << 10

// worker is the scratch memory of one goroutine.
type worker struct {
	id   int
	tile []uint64 // registers of tile programs
	gemm []float64
}

func newWorker(id int) *worker {
	return &worker{
		id:   id,
		tile: make([]uint64, tileBytes/8),
		gemm: make([]float64, kernel.GemmScratch),
	}
}

// gemmScratch is the scratch of GEMM tasks as elements of T.
func gemmScratch[T kernel.Float](w *worker) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(&w.gemm[0])), len(w.gemm))
}

// Spins of a helper before it parks, and of the caller before it yields.
const spins = 20000

// pool is helper goroutines that claim tasks beside the caller. One job runs
// at a time.
type pool struct {
	workers []*worker // the caller's first
	cur     atomic.Pointer[job]
	parked  atomic.Int32
	wake    chan struct{}
	stop    chan struct{}
	ended   sync.WaitGroup
}

func newPool(workers int) *pool {
	p := &pool{wake: make(chan struct{}, workers), stop: make(chan struct{})}
	for i := 0; i < workers; i++ {
		p.workers = append(p.workers, newWorker(i))
	}
	for _, w := range p.workers[1:] {
		p.ended.Add(1)
		go p.serve(w)
	}
	return p
}

// close ends the helpers; no job may be running.
func (p *pool) close() {
	close(p.stop)
	p.ended.Wait()
}

// run does all tasks of j and returns when they are done. The caller takes
// part, and waits for nobody who has not claimed a task.
func (p *pool) run(j *job) {
	if j.n == 1 || len(p.workers) == 1 {
		for i := 0; i < j.n; i++ {
			j.do(p.workers[0], i)
		}
		return
	}
	j.done.Store(0)
	j.next.Store((j.next.Load()>>32 + 1) << 32)
	p.cur.Store(j)
	for n := min(int(p.parked.Load()), j.n-1); n > 0; n-- {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	j.help(p.workers[0])
	p.cur.Store(nil)
	for i := 0; j.done.Load() < int64(j.n); i++ {
		if i > spins {
			goruntime.Gosched()
		}
	}
}

func (p *pool) serve(w *worker) {
	defer p.ended.Done()
	idle := 0
	for {
		if j := p.cur.Load(); j != nil {
			j.help(w)
			idle = 0
		}
		if idle++; idle < spins {
			continue
		}
		p.parked.Add(1)
		select {
		case <-p.wake:
			p.parked.Add(-1)
			idle = 0
		case <-p.stop:
			return
		}
	}
}
