package random

import (
	goruntime "runtime"
	"sync"
)

// Many checks n functions from number `from` on all cores and calls seen for
// each, one at a time, in no particular order; seen returns false to stop.
func Many(from, n uint64, check func(seed uint64) (*Drawn, error), seen func(seed uint64, d *Drawn, err error) bool) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, stopped := from, false
	for range goruntime.GOMAXPROCS(0) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				mu.Lock()
				seed, done := next, stopped || next >= from+n
				next++
				mu.Unlock()
				if done {
					return
				}
				d, err := check(seed)
				mu.Lock()
				stopped = stopped || !seen(seed, d, err)
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
}
