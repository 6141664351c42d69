package dfc

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
)

// reduce streams a table once and aggregates what its row function yields.
// Blocks of rows are accumulated on their own and merged in order, so that
// the sums do not depend on how the rows came. Reductions further on that could
// run now share the pass over the table; what they yield waits for their turn.
func (s *session) reduce(n *ir.Node, b *ir.Reduce) error {
	if out, ok := s.shared[n.Name]; ok {
		delete(s.shared, n.Name)
		return s.yield(n, out)
	}
	c, err := s.newCall(b.Fn, rowsSymbol, n)
	if err != nil {
		return err
	}
	first, err := s.newAggregates(n, b, c)
	if err != nil {
		return err
	}
	all := append([]*aggregates{first}, s.sharing(n, b)...)
	var reqs []data.ColumnReq
	for _, a := range all {
		a.at = len(reqs)
		reqs = append(reqs, a.call.reqs...)
	}
	// The call at hand takes the first of the columns, the others what follows.
	err = s.stream(b.Table, c, reqs[len(c.reqs):], func(batch *data.Batch) error {
		first.add(c.out, batch.N)
		for _, a := range all[1:] {
			if a.failed {
				continue
			}
			if a.failed = a.call.rows(batch.Cols[a.at:a.at+len(a.call.reqs)], batch.Rows()) != nil; !a.failed {
				a.add(a.call.out, batch.N)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range all[1:] {
		if a.failed {
			continue
		}
		if out, err := a.results(); err == nil {
			s.shared[a.node.Name] = out
		}
	}
	out, err := first.results()
	if err != nil {
		return err
	}
	return s.yield(n, out)
}

// sharing are the reductions behind a node, up to the next training or subset,
// that read the same table and whose other inputs are there. One that fails
// is forgotten: it runs on its own when its turn comes, and says why then.
func (s *session) sharing(n *ir.Node, b *ir.Reduce) (out []*aggregates) {
	if b.Every != "" {
		return nil
	}
	held := int64(0)
	at := slices.IndexFunc(s.module.Nodes, func(o *ir.Node) bool { return o.Name == n.Name })
	for _, o := range s.module.Nodes[at+1:] {
		switch x := o.Body.(type) {
		case *ir.Train, *ir.Derive:
			return out
		case *ir.Reduce:
			if x.Table != b.Table || x.Every != "" || !s.isReady(x.Fn) || s.recalled(o) {
				continue
			}
			if c, err := s.newCall(x.Fn, rowsSymbol, o); err == nil {
				if a, err := s.newAggregates(o, x, c); err == nil {
					if held += a.held(s.data.Sizes()[b.Table]); held > sharedMost {
						return out
					}
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// sharedMost is how many bytes of rows reductions that need all of them at once
// (a median) may hold in a pass that they share.
const sharedMost = 64 << 20

func (a *aggregates) held(rows int64) (n int64) {
	for _, t := range a.total {
		n += rows * t.Held()
	}
	return n
}

// isReady reports whether everything a row function needs is computed.
func (s *session) isReady(name string) bool {
	fn := s.module.Func(name)
	return fn != nil && !slices.ContainsFunc(fn.Inputs, func(in ir.Input) bool {
		switch in.Role {
		case ir.Col, ir.RowNumber, ir.Column:
			return false
		case ir.Given:
			return s.values[in.Bind] == nil
		}
		return true
	})
}

// aggregates are those of one reduce node.
type aggregates struct {
	node  *ir.Node
	body  *ir.Reduce
	call  *call
	at    int // of its columns among those of the pass
	total []*data.Accumulator
	block []*data.Accumulator
	rows  int // in the block at hand
	first int // of the results that are aggregated

	failed bool
}

func (s *session) newAggregates(n *ir.Node, b *ir.Reduce, c *call) (*aggregates, error) {
	a, fn := &aggregates{node: n, body: b, call: c}, c.fn
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
