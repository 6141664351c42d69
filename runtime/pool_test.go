package runtime

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// TestPool runs jobs of all sizes one after the other; every task of each runs
// exactly once, and is done when run returns.
func TestPool(t *testing.T) {
	for _, workers := range []int{1, 2, 4} {
		p := newPool(workers)
		hits := make([]int, 64) // plain memory: the race detector sees missing order
		var ran atomic.Int64
		jobs := make([]*job, 9)
		for k := range jobs {
			jobs[k] = &job{n: k * k, do: func(_ *worker, task int) {
				hits[task]++
				ran.Add(1)
			}}
		}
		want := 0
		for round := 0; round < 300; round++ {
			k := round % len(jobs)
			p.run(jobs[k])
			want += jobs[k].n
			if int(ran.Load()) != want {
				t.Fatalf("%d workers: %d tasks ran, want %d", workers, ran.Load(), want)
			}
			if round%100 == 50 {
				time.Sleep(time.Millisecond) // so that helpers park
			}
		}
		p.close()
	}
}

// TestConcurrentRuns uses one program from several goroutines.
func TestConcurrentRuns(t *testing.T) {
	m := batchModule()
	f := mlp(m, ir.F32, 8, 8, 2)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 300}}, Options{Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("step", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := randomArgs(f, 300, 1)
	want := make([]*array.Array, 5)
	if err := fn.Run(in, want, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			out := make([]*array.Array, 5)
			for range 5 {
				if err := fn.Run(in, out, nil); err != nil {
					t.Error(err)
				}
			}
			for k := range out {
				for i := range out[k].F32 {
					if out[k].F32[i] != want[k].F32[i] {
						t.Errorf("result %d differs between goroutines", k)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestLedger: who loses by sharing works alone, longer each time, and is quick
// to share again where that has paid.
func TestLedger(t *testing.T) {
	const cost, lost = 50 * time.Microsecond, 3 * time.Millisecond
	restOf := func(l *ledger) (rest time.Duration) {
		for l.alone(cost) {
			rest += cost
		}
		return rest
	}
	var l ledger
	for range 1000 {
		l.enter(cost, cost/2)
	}
	if r := restOf(&l); r != 0 {
		t.Errorf("sharing that halves the time is given up for %v", r)
	}
	l.enter(cost, lost)
	if r := restOf(&l); r != shortPause {
		t.Errorf("after a gain and a loss the caller works alone for %v, not %v", r, shortPause)
	}
	last := shortPause
	for range 20 {
		l.enter(cost, lost)
		r := restOf(&l)
		if r < last || r > longPause {
			t.Errorf("losing again, the caller works alone for %v after %v", r, last)
		}
		last = r
	}
	if last != longPause {
		t.Errorf("the longest time alone is %v, not %v", last, longPause)
	}
	for range 1000 {
		l.enter(cost, cost/2)
	}
	l.enter(cost, lost)
	if r := restOf(&l); r != shortPause {
		t.Errorf("when sharing pays again the caller works alone for %v, not %v", r, shortPause)
	}
}

// TestLedgerReview: who shares works alone for a moment soon, and again after
// times that double up to a limit.
func TestLedgerReview(t *testing.T) {
	const cost = 50 * time.Microsecond
	var l ledger
	after := firstLook
	for range 10 {
		shared := time.Duration(0)
		for ; !l.alone(cost); shared += cost {
			if shared > 2*lastLook {
				t.Fatalf("costs are not looked at after %v of sharing", shared)
			}
			l.review(cost)
		}
		if shared != after {
			t.Errorf("costs are looked at after %v of sharing, not %v", shared, after)
		}
		alone := cost
		for l.alone(cost) {
			alone += cost
		}
		if alone != glance {
			t.Errorf("the caller works alone for %v, not %v", alone, glance)
		}
		after = min(2*after, lastLook)
	}
}

// TestLedgerLong: a job longer than a glance is not done alone to see what it
// costs, and is after a loss.
func TestLedgerLong(t *testing.T) {
	const cost = 20 * glance
	var l ledger
	for range 10 {
		if l.review(cost); l.alone(cost) {
			t.Fatal("a long job is done alone for a glance")
		}
	}
	if l.enter(cost, cost+time.Millisecond); !l.alone(cost) {
		t.Error("a long job is shared behind a loss")
	}
}

// TestEvenly: chunks cover all points, are no larger than allowed, and the
// last is not much smaller than the others.
func TestEvenly(t *testing.T) {
	for _, most := range []int{32, 256, 3840, 16384} {
		for n := 1; n < 5*most; n += 1 + n/7 {
			chunk := evenly(n, most)
			chunks := (n + chunk - 1) / chunk
			if last := n - (chunks-1)*chunk; chunk > most || chunks != (n+most-1)/most || chunk-last > 64*chunks {
				t.Errorf("%d points, at most %d in a chunk: %d chunks of %d, the last of %d", n, most, chunks, chunk, last)
			}
		}
	}
}
