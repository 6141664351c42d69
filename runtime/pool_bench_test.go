package runtime

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPool runs jobs of eight tasks one behind the other, on one worker
// and on two, from a microsecond of work in all to a millisecond. With two
// workers the time a job must not be more than with one, and from some ten
// microseconds on it must come near the half where the machine is free.
func BenchmarkPool(b *testing.B) {
	for _, work := range []time.Duration{time.Microsecond, 2 * time.Microsecond, 5 * time.Microsecond, 20 * time.Microsecond,
		100 * time.Microsecond, time.Millisecond} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%v/workers=%d", work, workers), func(b *testing.B) {
				p := newPool(workers)
				defer p.close()
				rounds := int(work / (8 * 2)) // about 2 ns a round
				j := &job{n: 8, do: func(w *worker, task int) {
					x := w.tile[0] + uint64(task)
					for range rounds {
						x = x*6364136223846793005 + 1442695040888963407
					}
					w.tile[0] = x
				}}
				for b.Loop() {
					p.run(j)
				}
			})
		}
	}
}
