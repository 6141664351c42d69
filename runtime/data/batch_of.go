package data

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// batchOf is the rows of one step of a training, as the training takes them.
func (ds *Dataset) batchOf(d *ir.Derive) (rowSet, error) {
	n := ds.m.Node(d.Batch)
	if n == nil {
		return nil, source.Bugf(source.Span{}, "no training %s", d.Batch)
	}
	t, ok := n.Body.(*ir.Train)
	if !ok {
		return nil, source.Bugf(n.Span, "%s is no training", d.Batch)
	}
	size := t.Batch
	if t.All {
		size = max(1, ds.views[d.Of].rows.len())
	}
	spec := OrderSpec{Shuffle: t.Order != "file", Seed: t.Seed, Epoch: 1, DropLast: t.Last == "drop"}
	b, err := ds.Batches(d.Of, ds.columnsOf(t), spec, int(size))
	if err != nil {
		return nil, err
	}
	defer b.Close()
	per := b.PerEpoch()
	if per == 0 {
		return listRows{}, nil
	}
	b.Restart(1+(d.N-1)/per, (d.N-1)%per)
	batch, err := b.Next()
	if err != nil {
		return nil, err
	}
	out := make(listRows, batch.N)
	for i, r := range batch.Rows() {
		out[i] = int32(r)
	}
	return out, nil
}

// columnsOf are the columns that a step reads, on whose width the order of a
// large table depends.
func (ds *Dataset) columnsOf(t *ir.Train) []ColumnReq {
	f, rows := ds.m.Func(t.StepFn), true
	if f == nil {
		f, rows = ds.m.Func(t.Loss), false
	}
	var out []ColumnReq
	for i, in := range f.Inputs {
		if in.Role != ir.Col {
			continue
		}
		typ := f.Params()[i].Type
		if rows {
			typ = typ.Inner()
		}
		out = append(out, ColumnReq{Path: in.Bind, Type: typ})
	}
	return out
}
