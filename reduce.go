package dfc

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// reduce streams a table once and aggregates what its row function yields.
// Blocks of rows are accumulated on their own and merged in order, so that
// the sums do not depend on how the rows came.
func (s *session) reduce(n *ir.Node, b *ir.Reduce) error {
	c, err := s.newCall(b.Fn, rowsSymbol, n)
	if err != nil {
		return err
	}
	a, err := s.newAggregates(n, b, c.fn)
	if err != nil {
		return err
	}
	err = s.stream(b.Table, c, nil, func(batch *data.Batch) error {
		a.add(c.out, batch.N)
		return nil
	})
	if err != nil {
		return err
	}
	out, err := a.results()
	if err != nil {
		return err
	}
	return s.yield(n, out)
}

// aggregates are those of one reduce node.
type aggregates struct {
	node  *ir.Node
	body  *ir.Reduce
	total []*data.Accumulator
	block []*data.Accumulator
	rows  int // in the block at hand
	first int // of the results that are aggregated
}

func (s *session) newAggregates(n *ir.Node, b *ir.Reduce, fn *ir.Func) (*aggregates, error) {
	a := &aggregates{node: n, body: b}
	if b.Cond {
		a.first = 1
	}
	for i, agg := range b.Aggs {
		at := a.first + i
		if at >= len(fn.Results()) {
			return nil, source.Bugf(n.Span, "%s aggregates result %d of %d", n.Name, at, len(fn.Results()))
		}
		t := fn.Results()[at].Type.Inner()
		shape := make([]int, 0, t.Rank())
		for _, d := range t.Dims {
			size, err := d.Eval(func(name string) (int64, bool) { z, ok := s.bound.sizes[name]; return z.Actual, ok })
			if err != nil {
				return nil, source.Bugf(n.Span, "%s: the size %s is not known", n.Name, d)
			}
			shape = append(shape, int(size))
		}
		a.total = append(a.total, data.NewAccumulator(agg, t.Kind, shape))
	}
	a.fork()
	return a, nil
}

func (a *aggregates) fork() {
	a.rows, a.block = 0, a.block[:0]
	for _, t := range a.total {
		a.block = append(a.block, t.Fork())
	}
}

// add adds the rows of a batch; blocks are whole numbers of batches.
func (a *aggregates) add(results []*array.Array, rows int) {
	var keep []uint8
	if a.body.Cond {
		keep = results[0].U8
	}
	for i, b := range a.block {
		b.Add(results[a.first+i], keep, rows)
	}
	if a.rows += rows; a.rows >= data.ChunkRows {
		a.merge()
	}
}

func (a *aggregates) merge() {
	for i, b := range a.block {
		a.total[i].Merge(b)
	}
	a.fork()
}

func (a *aggregates) results() ([]*array.Array, error) {
	if a.rows > 0 {
		a.merge()
	}
	var out []*array.Array
	for i, t := range a.total {
		x, err := t.Result(a.body.Outputs[i].Type.Kind, a.body.Table)
		if err != nil {
			return nil, source.AsList(err)[0].At(a.node.Span)
		}
		out = append(out, x)
	}
	return out, nil
}
