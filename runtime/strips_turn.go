package runtime

import (
	goruntime "runtime"
	"sync/atomic"
	"time"
)

// Note: turns. Where rows are too few for a unit to each worker, the strips of a
// unit are shared: all that is done row by row runs at once, and a sum over the rows
// goes on when the same sum of the strip before is done. Its chains are handed from
// worker to worker, a few lines of the cache, and what lies between operations stays
// where it was made. Strips are claimed in order, so that a worker waits for strips
// alone that somebody has claimed. A sum takes a part of a strip's time, so that the
// second worker falls behind by the longest of them once and then keeps up.

// turn is how far the sums of a strip are, counted on from run to run, so that
// nobody has to set it back.
type turn struct {
	at atomic.Int64
	_  [56]byte
}

// await waits until a turn is as far as to.
func (t *turn) await(to int64) {
	for range 64 {
		if t.at.Load() >= to {
			return
		}
		pause(4)
	}
	for began := time.Now(); t.at.Load() < to; {
		pause(8)
		if time.Since(began) > patience {
			yieldThread()
			goruntime.Gosched()
		}
	}
}

// closing is a step that sums over the rows, which waits for its turn.
func (b *stripBody) closing(s step) step {
	b.sums++
	k := int64(b.sums)
	return func() *Fault {
		if b.own == nil {
			return s()
		}
		// The last sum of a run counts r.round, the one before r.round-1.
		at := b.round - int64(b.sums) + k
		if b.before != nil {
			b.before.await(at)
		}
		f := s()
		b.own.at.Store(at)
		return f
	}
}
