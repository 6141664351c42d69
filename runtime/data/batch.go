package data

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/dfc-lang/dfc/lang/source"
)

// OrderSpec says in which order and from where batches come.
type OrderSpec struct {
	Shuffle  bool
	Seed     int64
	Epoch    int64 // the first epoch
	Batch    int64 // the first batch of it
	Repeat   bool  // go on with the next epoch; else io.EOF follows the last batch
	DropLast bool  // leave out a batch that is not full
}

// Batcher hands out batches that are made ahead, some at a time: a frame. A
// helper fills frames while there is room; who asks for one that is not begun
// fills it itself, so that it never waits for a helper that does not run.
// Which rows a frame has is decided one frame after the other; their numbers
// are gathered side by side. A batch is valid until the next call of Next.
// Once running it allocates nothing.
type Batcher struct {
	s    *scan
	spec OrderSpec
	per  int64 // batches of an epoch

	ring    []*frame   // frame n stands at n modulo its length
	turn    sync.Mutex // of deciding the rows of the next frame
	begun   atomic.Int64
	used    atomic.Int64 // frames that are done with
	at      int          // the next batch of the frame in use
	current *frame

	stands bool // batches are there without work: one at a time, and no helper
	helper bool // there is one
	stop   atomic.Bool
	asleep atomic.Bool
	wake   chan struct{}
	done   sync.WaitGroup
}

// frame is batches that are filled together.
type frame struct {
	batches []*Batch
	n       int   // those that are filled
	err     error // why there are no more
	ready   chan struct{}
	pieces  []piece   // that remain to be gathered
	rows    [][]int32 // room for the rows of the links of a gatherer
}

func (s *scan) newFrame() *frame {
	return &frame{ready: make(chan struct{}, 1), rows: make([][]int32, len(s.g.links))}
}

const (
	frameBytes = 1 << 18 // of a frame, where it has several batches
	frameMost  = 64      // batches
	frames     = 8       // that are there, fewer where they are large
)

// shape is how many frames of how many batches there are.
func shape(batchBytes int64) (count, batches int) {
	switch {
	case batchBytes > 8*frameBytes:
		return 3, 1
	case batchBytes > frameBytes:
		return frames, 1
	}
	return frames, int(min(frameBytes/max(1, batchBytes), frameMost))
}

// Batches starts to read batches of a table or subset. size is the number of
// rows of a batch; the last of an epoch may have fewer.
func (ds *Dataset) Batches(table string, reqs []ColumnReq, spec OrderSpec, size int) (*Batcher, error) {
	v := ds.views[table]
	if v == nil {
		return nil, source.Bugf(source.Span{}, "no table %s", table)
	}
	size = max(size, 1)
	s, err := ds.newScan(v, reqs, nil, size)
	if err != nil {
		return nil, err
	}
	perRow := int64(0)
	for _, p := range s.g.paths {
		perRow += p.rowBytes()
	}
	if n := v.rows.len(); spec.Shuffle {
		s.order = NewOrder(spec.Seed, spec.Epoch, n, perRow)
	} else {
		s.order = FileOrder(n)
		s.order.epoch = spec.Epoch
	}
	b := &Batcher{s: s, spec: spec, per: s.order.rows / int64(size), wake: make(chan struct{}, 1), stands: s.stands(spec)}
	if !spec.DropLast && s.order.rows%int64(size) != 0 {
		b.per++
	}
	b.helper = workersOf(ds.opt.Workers) > 1 && !b.stands
	count, batches := shape(int64(size) * (perRow + 16))
	if all := max(1, b.per); b.stands {
		count, batches = 1, 1
	} else if all < int64(count*batches) { // of a small table two frames do
		batches = int(min(int64(batches), all))
		count = int(max(2, min(int64(count), all/int64(batches))))
	}
	for range count {
		f := s.newFrame()
		f.pieces = make([]piece, 0, batches+1)
		for range batches {
			f.batches = append(f.batches, s.newBatch())
		}
		b.ring = append(b.ring, f)
	}
	b.start(spec.Epoch, spec.Batch)
	return b, nil
}

// Rows is the number of rows of an epoch, and PerEpoch that of its batches.
func (b *Batcher) Rows() int64 { return b.s.order.rows }

func (b *Batcher) PerEpoch() int64 { return b.per }

func (b *Batcher) start(epoch, batch int64) {
	b.s.order.Reset(epoch)
	b.s.seek(batch)
	b.begun.Store(0)
	b.used.Store(0)
	b.current, b.at = nil, 0
	b.stop.Store(false)
	if b.helper {
		b.done.Go(b.help)
	}
}

// help fills frames while there is room for them.
func (b *Batcher) help() {
	for !b.stop.Load() {
		n := b.begun.Load()
		if n-b.used.Load() < int64(len(b.ring)) {
			if f := b.begin(n); f != nil && b.fill(f) != nil {
				return
			}
			continue
		}
		b.asleep.Store(true)
		if b.begun.Load()-b.used.Load() < int64(len(b.ring)) || b.stop.Load() {
			b.asleep.Store(false)
			continue
		}
		<-b.wake
	}
}

// rouse wakes the helper.
func (b *Batcher) rouse() {
	if b.asleep.CompareAndSwap(true, false) {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// begin decides the rows of frame n; nil if another has.
func (b *Batcher) begin(n int64) *frame {
	b.turn.Lock()
	defer b.turn.Unlock()
	if b.begun.Load() != n {
		return nil
	}
	f := b.ring[n%int64(len(b.ring))]
	f.n, f.err = 0, nil
	f.pieces = f.pieces[:0]
	for f.n < len(f.batches) && f.err == nil {
		if f.err = b.plan(f, f.batches[f.n]); f.err == nil {
			f.n++
		}
	}
	b.s.using.RLock()
	b.begun.Add(1)
	return f
}

// plan decides the rows of the next batch.
func (b *Batcher) plan(f *frame, x *Batch) error {
	if b.s.index >= b.per {
		if !b.spec.Repeat || b.per == 0 {
			return io.EOF
		}
		b.s.order.Reset(b.s.order.epoch + 1)
		b.s.seek(0)
	}
	if err := b.s.plan(f, x); err != nil {
		return err
	}
	x.Last = b.s.index == b.per
	return nil
}

// fill gathers the rows of a frame and hands it over.
func (b *Batcher) fill(f *frame) error {
	b.s.gather(f)
	b.s.using.RUnlock()
	err := f.err
	f.ready <- struct{}{}
	return err
}

// Next is the next batch, or io.EOF. It is valid until the one after it is
// asked for.
func (b *Batcher) Next() (*Batch, error) {
	if b.stands {
		return b.standing()
	}
	for {
		if f := b.current; f != nil && b.at < f.n {
			b.at++
			return f.batches[b.at-1], nil
		} else if f != nil && f.err != nil {
			return nil, f.err
		}
		b.turnOver()
	}
}

// standing is Next where batches are rows as they stand: what is made of one
// stays in the nearest memory.
func (b *Batcher) standing() (*Batch, error) {
	f := b.ring[0]
	if err := b.plan(f, f.batches[0]); err != nil {
		return nil, err
	}
	b.s.gather(f)
	return f.batches[0], nil
}

// turnOver gives the frame in use back and takes the next.
func (b *Batcher) turnOver() {
	n := b.used.Load()
	if b.current != nil {
		n = b.used.Add(1)
		if b.begun.Load()-n <= int64(len(b.ring)/2) {
			b.rouse()
		}
	}
	if b.begun.Load() == n {
		if f := b.begin(n); f != nil {
			b.fill(f)
		}
	}
	b.current, b.at = b.ring[n%int64(len(b.ring))], 0
	<-b.current.ready
}

// halt ends the helper and takes all frames back.
func (b *Batcher) halt() {
	b.stop.Store(true)
	b.rouse()
	b.done.Wait()
	for _, f := range b.ring {
		select {
		case <-f.ready:
		default:
		}
	}
}

// Restart goes on with a batch of an epoch: how a stopped run resumes.
func (b *Batcher) Restart(epoch, batch int64) {
	b.halt()
	b.start(epoch, batch)
}

// Close ends reading ahead.
func (b *Batcher) Close() { b.halt() }
