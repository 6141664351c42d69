package runtime

import (
	"math"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"
)

// job is work cut into tasks by its size alone. It is made once, when a plan
// is bound, and run many times; n and do never change.
type job struct {
	n  int
	do func(w *worker, task int)

	// many does tasks from … to in one piece, where that spares work that each
	// of them does; nil where it does not.
	many func(w *worker, from, to int)

	// inOrder: tasks wait for tasks before them, and are claimed one by one from
	// the front.
	inOrder bool

	// cost is of all tasks on one core, as measured lately where the caller
	// worked alone, before that as estimated from the first run; 0 before it.
	cost time.Duration
	runs uint32
}

// tasks does tasks from … to.
func (j *job) tasks(w *worker, from, to int) {
	if j.many != nil {
		j.many(w, from, to)
		return
	}
	for i := from; i < to; i++ {
		j.do(w, i)
	}
}

// learn takes a measurement. What disturbs one makes it longer, so the
// shortest lately is believed.
func (j *job) learn(d time.Duration) {
	if most := j.cost + j.cost/4; j.cost > 0 && d > most {
		d = most
	}
	j.cost = max(d, 1)
}

// Limits of sharing. They decide who computes, never what: the cut of a job
// into tasks is a matter of its size.
const (
	worthHot    = 2 * time.Microsecond   // least work to share with a helper that waits awake
	worthParked = 20 * time.Microsecond  // least work to wake one for
	worthWaking = 100 * time.Microsecond // of small jobs in sequence, likewise
	grain       = time.Microsecond       // least work to claim at once
	awake       = 100 * time.Microsecond // how long a helper waits before it parks
	patience    = 20 * time.Microsecond  // how long the caller waits before it lets other threads run
	sampled     = 64                     // one run in so many is measured where nothing is shared
)

// pool is helper goroutines that claim tasks beside the caller. One job runs
// at a time.
type pool struct {
	workers []*worker // the caller's first
	base    time.Time // of the clock

	// What the caller alone touches.
	unmet  time.Duration // work that helpers would have been welcome for since one was awake
	least  time.Duration // jobs that cost less are not shared
	ledger ledger

	_ [64]byte
	// open is the tasks of the job at hand that nobody has claimed, as the
	// first (upper half) and the one behind the last (lower half). The caller
	// claims from the front and helpers from the back, so that in jobs that
	// follow one another each of them finds what it wrote in its own cache.
	// What is claimed with a value that stood in an earlier job as well is a
	// claim on the one at hand.
	open atomic.Uint64
	_    [56]byte
	cur  atomic.Pointer[job]
	step atomic.Int64 // how many tasks are claimed at once, at least
	part atomic.Int64 // and which part of those that are left, where many do better in one piece
	_    [40]byte
	done atomic.Int64 // tasks that helpers have finished
	_    [56]byte

	hot    atomic.Int32 // helpers that are awake
	parked atomic.Int32
	ending atomic.Bool
	wake   chan struct{}
	ended  sync.WaitGroup
}

func newPool(workers int) *pool {
	p := &pool{wake: make(chan struct{}, workers), base: time.Now(), least: worthHot}
	for i := 0; i < workers; i++ {
		p.workers = append(p.workers, newWorker(i))
	}
	for _, w := range p.workers[1:] {
		p.ended.Add(1)
		p.hot.Add(1)
		go p.serve(w)
	}
	return p
}

// close ends the helpers; no job may be running.
func (p *pool) close() {
	p.ending.Store(true)
	for range p.workers {
		p.rouse()
	}
	p.ended.Wait()
}

// rouse wakes a helper that is parked or about to.
func (p *pool) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *pool) now() time.Duration { return time.Since(p.base) }

// run does all tasks of j and returns when they are done. The caller takes
// part, and waits for nobody who has not claimed a task.
func (p *pool) run(j *job) {
	switch {
	case j.n <= 1 || len(p.workers) == 1:
		j.tasks(p.workers[0], 0, j.n)
	case p.shares(j):
		p.together(j)
	default:
		p.alone(j)
	}
}

// shares decides whether helpers are asked to take part in j.
func (p *pool) shares(j *job) bool {
	switch {
	case p.least == math.MaxInt64:
		return false
	case j.cost == 0:
		return true // nothing is known of it
	case j.cost < p.least || p.ledger.alone(j.cost):
		return false
	case p.hot.Load() > 0:
		p.unmet = 0
		return true
	case j.cost >= worthParked:
		return true
	}
	if p.unmet += j.cost; p.unmet >= worthWaking {
		p.unmet = 0
		return true
	}
	return false
}

// alone does all tasks and now and then measures how long they take.
func (p *pool) alone(j *job) {
	w := p.workers[0]
	measured := j.runs%sampled == 0 || p.ledger.rest > 0 && j.cost >= worthHot
	j.runs++
	var began time.Duration
	if measured {
		began = p.now()
	}
	j.tasks(w, 0, j.n)
	if measured {
		j.learn(p.now() - began)
	}
}

// together offers the tasks to the helpers and does what they leave.
func (p *pool) together(j *job) {
	step := 1
	if task := j.cost / time.Duration(j.n); j.cost > 0 && task < grain && !j.inOrder {
		step = max(1, min(int(grain/max(task, 1)), j.n/(4*len(p.workers))))
	}
	began := p.now()
	p.done.Store(0)
	p.cur.Store(j)
	p.step.Store(int64(step))
	p.part.Store(math.MaxInt64)
	if j.many != nil {
		p.part.Store(int64(2 * len(p.workers)))
	}
	p.open.Store(uint64(j.n))
	for n := min(int(p.parked.Load()), (j.n-1)/step); n > 0; n-- {
		p.rouse()
	}
	mine := p.help(p.workers[0])
	claimed := p.now()
	ended := claimed
	if int64(mine)+p.done.Load() < int64(j.n) {
		p.await(int64(j.n - mine))
		ended = p.now()
	}
	if mine > 0 && j.cost == 0 {
		j.learn((claimed - began) * time.Duration(j.n) / time.Duration(mine))
	}
	p.ledger.enter(j.cost, ended-began)
	p.ledger.review(ended - began)
}

// help does tasks of the job at hand until none is left to claim, and says how
// many it did.
func (p *pool) help(w *worker) int {
	did := 0
	for {
		v := p.open.Load()
		first, end := int(v>>32), int(uint32(v))
		left := int64(end - first)
		if left == 0 {
			return did
		}
		n := min(max(p.step.Load(), left/p.part.Load()), left)
		rest := v + uint64(n)<<32
		// In a job that was not there when v was read the wrong end may be claimed.
		// The caller claims from the front, so that even then all that is waited for
		// is claimed by somebody who goes on.
		if w.id > 0 && !p.cur.Load().inOrder {
			first, rest = end-int(n), v-uint64(n)
		}
		if !p.open.CompareAndSwap(v, rest) {
			continue
		}
		// The job cannot end while this claim is open, so it is the one of v.
		j := p.cur.Load()
		j.tasks(w, first, first+int(n))
		did += int(n)
		if w.id > 0 {
			p.done.Add(n)
		}
	}
}

// claimed reports whether there is no task to claim.
func (p *pool) claimed() bool {
	v := p.open.Load()
	return v>>32 == v&math.MaxUint32
}

// await waits until helpers have finished so many tasks.
func (p *pool) await(tasks int64) {
	began := p.now()
	for p.done.Load() < tasks {
		pause(4)
		if p.now()-began > patience {
			yieldThread()
			goruntime.Gosched()
		}
	}
}

// serve is the life of a helper: it looks for tasks, for a while without
// sleep, and parks. While it waits it lets other goroutines run, such as one
// that decodes the next batch.
func (p *pool) serve(w *worker) {
	defer p.ended.Done()
	since := p.now()
	for !p.ending.Load() {
		for i := 0; i < 16 && p.claimed(); i++ {
			pause(8)
		}
		if p.help(w) > 0 {
			since = p.now()
			continue
		}
		if p.now()-since < awake {
			goruntime.Gosched()
			continue
		}
		p.park()
		since = p.now()
	}
}

// park sleeps until there is a job.
func (p *pool) park() {
	p.hot.Add(-1)
	p.parked.Add(1)
	if p.claimed() && !p.ending.Load() {
		<-p.wake
	}
	p.parked.Add(-1)
	p.hot.Add(1)
}
