package data

import (
	"io"
	"sync"

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

// Batcher hands out batches that a goroutine decodes ahead. A batch is valid
// until the next call of Next. Once running it allocates nothing.
type Batcher struct {
	s      *scan
	spec   OrderSpec
	ahead  int
	full   chan *Batch
	free   chan *Batch
	stop   chan struct{}
	done   sync.WaitGroup
	held   *Batch
	err    error
	perRow int64
}

// batchesAhead is the number of batches decoded before they are asked for.
const batchesAhead = 2

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
	for _, p := range s.paths {
		perRow += p.rowBytes()
	}
	if n := v.rows.len(); spec.Shuffle {
		s.order = NewOrder(spec.Seed, spec.Epoch, n, perRow)
	} else {
		s.order = FileOrder(n)
		s.order.epoch = spec.Epoch
	}
	b := &Batcher{s: s, spec: spec, perRow: perRow}
	b.free = make(chan *Batch, batchesAhead+1)
	for range batchesAhead + 1 {
		b.free <- s.newBatch()
	}
	b.start(spec.Epoch, spec.Batch)
	return b, nil
}

// Rows is the number of rows of an epoch, and PerEpoch that of its batches.
func (b *Batcher) Rows() int64 { return b.s.order.rows }

func (b *Batcher) PerEpoch() int64 {
	n, size := b.s.order.rows, int64(b.s.size)
	if b.spec.DropLast {
		return n / size
	}
	return (n + size - 1) / size
}

func (b *Batcher) start(epoch, batch int64) {
	b.full, b.stop = make(chan *Batch, batchesAhead), make(chan struct{})
	b.err = nil
	b.done.Go(func() {
		defer close(b.full)
		b.produce(epoch, batch)
	})
}

func (b *Batcher) produce(epoch, batch int64) {
	b.s.order.Reset(epoch)
	b.s.seek(batch)
	for b.PerEpoch() > 0 {
		if b.s.index >= b.PerEpoch() {
			if !b.spec.Repeat {
				return
			}
			b.s.order.Reset(b.s.order.epoch + 1)
			b.s.seek(0)
		}
		var x *Batch
		select {
		case x = <-b.free:
		case <-b.stop:
			return
		}
		if err := b.s.next(x); err != nil {
			b.free <- x
			b.err = err
			return
		}
		x.Last = b.s.index == b.PerEpoch()
		select {
		case b.full <- x:
		case <-b.stop:
			b.free <- x
			return
		}
	}
}

// Next is the next batch, or io.EOF.
func (b *Batcher) Next() (*Batch, error) {
	if b.held != nil {
		b.free <- b.held
		b.held = nil
	}
	x, ok := <-b.full
	if !ok {
		if b.err != nil {
			return nil, b.err
		}
		return nil, io.EOF
	}
	b.held = x
	return x, nil
}

// halt ends the goroutine and takes all batches back.
func (b *Batcher) halt() {
	close(b.stop)
	for x := range b.full {
		b.free <- x
	}
	b.done.Wait()
	if b.held != nil {
		b.free <- b.held
		b.held = nil
	}
}

// Restart goes on with a batch of an epoch: how a stopped run resumes.
func (b *Batcher) Restart(epoch, batch int64) {
	b.halt()
	b.start(epoch, batch)
}

// Close ends reading ahead.
func (b *Batcher) Close() { b.halt() }
