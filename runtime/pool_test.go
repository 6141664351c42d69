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
