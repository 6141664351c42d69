package data

import (
	"container/heap"
	"io"
	"math"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Note: the split. Row r of a source table (for `by`, the hash of its key)
// falls at u = UniformF64(Mix(Mix(seed, splitStream), r)), and into the first
// part whose sum of fractions is above u; it is part of the format. The hash
// of a key folds its parts from left to right, h = Mix(h, x), from h = 0:
// numbers by their 64 bits (floats as f64), texts by the fold of their UTF-8,
// 8 bytes at a time with the first one lowest, and then their length in bytes,
// again from 0. Members of categories and rows of keyed tables count as their
// texts, so that a key keeps its part when values are added.

const (
	splitStream  = 0x73706c6974   // "split"
	sampleStream = 0x73616d706c65 // "sample"
)

// deriveReady derives the tables for which everything needed is there.
func (ds *Dataset) deriveReady() error {
	for _, n := range ds.m.Nodes {
		d, ok := n.Body.(*ir.Derive)
		if !ok || ds.views[n.Name] != nil || ds.views[d.Of] == nil {
			continue
		}
		if d.Fn != "" && (ds.opt.Run == nil || ds.asksGiven(d.Fn)) {
			continue
		}
		if err := ds.Derive(n.Name, ds.opt.Run); err != nil {
			return err
		}
	}
	return nil
}

// asksGiven reports whether a function needs what only the run knows.
func (ds *Dataset) asksGiven(fn string) bool {
	f := ds.m.Func(fn)
	if f == nil {
		return true
	}
	for _, in := range f.Inputs {
		if in.Role != ir.Col && in.Role != ir.RowNumber && in.Role != ir.Column {
			return true
		}
	}
	return false
}

// Pending are the derived tables that wait for Derive, in order.
func (ds *Dataset) Pending() []string {
	var out []string
	for _, n := range ds.m.Nodes {
		if _, ok := n.Body.(*ir.Derive); ok && ds.views[n.Name] == nil {
			out = append(out, n.Name)
		}
	}
	return out
}

// Derive makes a derived table; run runs its function, if it has one.
func (ds *Dataset) Derive(name string, run RunFunc) error {
	n := ds.m.Node(name)
	d, ok := n.Body.(*ir.Derive)
	if !ok || ds.views[d.Of] == nil {
		return source.Bugf(n.Span, "%s cannot be derived", name)
	}
	if d.Fn != "" && run == nil {
		return source.Bugf(n.Span, "%s needs a function to be run", name)
	}
	v := &view{name: name}
	parent := ds.views[d.Of]
	v.src = parent.src
	var err error
	switch d.Op {
	case "split":
		v.rows, err = ds.split(parent, d, run)
	case "where":
		v.rows, err = ds.where(parent, d, run)
	case "slice":
		v.rows, err = slice(parent, d, n)
	case "sort":
		v.rows, err = ds.sort(parent, d, run)
	case "sample":
		v.rows, err = sample(parent, d, n)
	case "batch":
		v.rows, err = ds.batchOf(d)
	case "map":
		v.src, err = ds.mapped(n, parent, d, run)
		if err == nil {
			v.rows = allRows(v.src.rows())
		}
	default:
		err = source.Bugf(n.Span, "no way to derive by %s", d.Op)
	}
	if err != nil {
		return source.AsList(err)[0].At(n.Span)
	}
	ds.views[name] = v
	ds.sizes[name] = v.rows.len()
	return nil
}

// runRows runs a row function over a table in file order.
func (ds *Dataset) runRows(v *view, fn string, run RunFunc, each func(rows []int64, results []*array.Array) error) error {
	f := ds.m.Func(fn)
	if f == nil {
		return source.Bugf(source.Span{}, "no function %s", fn)
	}
	var reqs []ColumnReq
	at := make([]int, len(f.Inputs))
	for i, in := range f.Inputs {
		at[i] = -1
		switch in.Role {
		case ir.Col:
			at[i] = len(reqs)
			reqs = append(reqs, ColumnReq{in.Bind, f.Params()[i].Type})
		case ir.RowNumber:
			at[i] = len(reqs)
			reqs = append(reqs, ColumnReq{"#", ir.ScalarOf(ir.I64)})
		}
	}
	s, err := ds.newScan(v, reqs, FileOrder(v.rows.len()), ChunkRows)
	if err != nil {
		return err
	}
	b, cols := s.newBatch(), make([]*array.Array, len(at))
	for {
		err := s.next(b)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ds.stopped()
		}
		if err != nil {
			return err
		}
		for i, k := range at {
			if k >= 0 {
				cols[i] = b.Cols[k]
			}
		}
		results, err := run(f, cols, b.N)
		if err != nil {
			return err
		}
		if err := each(b.Rows(), results); err != nil {
			return err
		}
	}
}

// partOf is the part that u in (0, 1) falls into.
func partOf(u float64, fractions []float64) int {
	sum := 0.0
	for i, f := range fractions {
		if sum += f; u < sum {
			return i
		}
	}
	if math.Abs(sum-1) < 1e-9 {
		return len(fractions) - 1 // the last ends at 1, however its sum was rounded
	}
	return len(fractions)
}

func (ds *Dataset) split(parent *view, d *ir.Derive, run RunFunc) (rowSet, error) {
	key, out := ir.Mix(uint64(d.Seed), splitStream), newPicker(parent)
	if d.Fn == "" {
		err := eachRow(parent.rows, func(rows []int32) error {
			for _, r := range rows {
				if partOf(ir.UniformF64(ir.Mix(key, uint64(r))), d.Fractions) == d.Part {
					out.add(r)
				}
			}
			return nil
		})
		return out.set(), err
	}
	hash := ds.keyHash(d.Fn)
	err := ds.runRows(parent, d.Fn, run, func(rows []int64, results []*array.Array) error {
		for i, r := range rows {
			if partOf(ir.UniformF64(ir.Mix(key, hash(results, i))), d.Fractions) == d.Part {
				out.add(int32(r))
			}
		}
		return nil
	})
	return out.set(), err
}

// keyHash is the hash of row i of the results of a function.
func (ds *Dataset) keyHash(fn string) func(results []*array.Array, i int) uint64 {
	f := ds.m.Func(fn)
	dims := make([]string, len(f.Results()))
	for k, r := range f.Results() {
		if name, ok := r.Type.Bound.Symbol(); ok && r.Type.Kind == ir.Index {
			if _, isText := ds.TextOf(name, 0); isText {
				dims[k] = name
			}
		}
	}
	return func(results []*array.Array, i int) uint64 {
		h := uint64(0)
		for k, a := range results {
			if dims[k] != "" {
				s, _ := ds.TextOf(dims[k], a.Int(i))
				h = ir.Mix(h, hashText(0, s))
				continue
			}
			inner := a.Len() / max(1, a.Shape[0])
			for e := i * inner; e < (i+1)*inner; e++ {
				if a.Kind.IsFloat() {
					h = ir.Mix(h, math.Float64bits(a.Float(e)+0))
				} else {
					h = ir.Mix(h, uint64(a.Int(e)))
				}
			}
		}
		return h
	}
}

func hashText(h uint64, s string) uint64 {
	for i := 0; i < len(s); i += 8 {
		x := uint64(0)
		for j := i; j < min(i+8, len(s)); j++ {
			x |= uint64(s[j]) << (8 * (j - i))
		}
		h = ir.Mix(h, x)
	}
	return ir.Mix(h, uint64(len(s)))
}

func (ds *Dataset) where(parent *view, d *ir.Derive, run RunFunc) (rowSet, error) {
	out := newPicker(parent)
	err := ds.runRows(parent, d.Fn, run, func(rows []int64, results []*array.Array) error {
		for i, r := range rows {
			if results[0].U8[i] != 0 {
				out.add(int32(r))
			}
		}
		return nil
	})
	return out.set(), err
}

func slice(parent *view, d *ir.Derive, n *ir.Node) (rowSet, error) {
	from, to, size := d.From, d.To, parent.rows.len()
	if to < 0 {
		to = size
	}
	if from < 0 || from > to || to > size {
		return nil, source.Dataf("D0135", source.Place{File: parent.src.paths()[0]},
			"`%s` takes rows %d to %d of `%s`, which has %d", n.Name, from, to, d.Of, size)
	}
	switch r := parent.rows.(type) {
	case allRows:
		return rangeRows{from, to - from}, nil
	case rangeRows:
		return rangeRows{r.from + from, to - from}, nil
	case listRows:
		return r[from:to], nil
	}
	out, at := newPicker(parent), int64(0)
	err := eachRow(parent.rows, func(rows []int32) error {
		for _, r := range rows {
			if at >= from && at < to {
				out.add(r)
			}
			at++
		}
		return nil
	})
	return out.set(), err
}

func (ds *Dataset) sort(parent *view, d *ir.Derive, run RunFunc) (rowSet, error) {
	type item struct {
		row   int32
		whole int64
		float float64
	}
	var items []item
	err := ds.runRows(parent, d.Fn, run, func(rows []int64, results []*array.Array) error {
		for i, r := range rows {
			it := item{row: int32(r)}
			if results[0].Kind.IsFloat() {
				it.float = results[0].Float(i)
			} else {
				it.whole = results[0].Int(i)
			}
			items = append(items, it)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	less := func(a, b item) bool {
		if a.whole != b.whole {
			return a.whole < b.whole
		}
		return a.float < b.float
	}
	sort.SliceStable(items, func(i, j int) bool {
		a, b := items[i], items[j]
		if x, y := math.IsNaN(a.float), math.IsNaN(b.float); x || y {
			return !x && y // those that are no number come last, either way
		}
		if d.Descending {
			a, b = b, a
		}
		return less(a, b)
	})
	out := make(listRows, len(items))
	for i, it := range items {
		out[i] = it.row
	}
	return out, nil
}

// drawn is a heap of the rows drawn, the one with the largest hash on top.
type drawn []draw

type draw struct {
	hash uint64
	pos  int64
}

func (h drawn) Len() int { return len(h) }
func (h drawn) Less(i, j int) bool {
	return h[i].hash > h[j].hash || h[i].hash == h[j].hash && h[i].pos > h[j].pos
}
func (h drawn) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *drawn) Push(x any)   { *h = append(*h, x.(draw)) }
func (h *drawn) Pop() any     { old := *h; x := old[len(old)-1]; *h = old[:len(old)-1]; return x }

// sample keeps the N rows with the smallest hashes, in the order they stand.
func sample(parent *view, d *ir.Derive, n *ir.Node) (rowSet, error) {
	if d.N > parent.rows.len() {
		return nil, source.Dataf("D0135", source.Place{File: parent.src.paths()[0]},
			"`%s` draws %d rows of `%s`, which has %d", n.Name, d.N, d.Of, parent.rows.len())
	}
	key, h, pos := ir.Mix(uint64(d.Seed), sampleStream), drawn{}, int64(0)
	eachRow(parent.rows, func(rows []int32) error {
		for _, r := range rows {
			x := draw{ir.Mix(key, uint64(r)), pos}
			pos++
			if int64(len(h)) < d.N {
				heap.Push(&h, x)
			} else if d.N > 0 && (x.hash < h[0].hash) {
				h[0] = x
				heap.Fix(&h, 0)
			}
		}
		return nil
	})
	sort.Slice(h, func(i, j int) bool { return h[i].pos < h[j].pos })
	out, at, k := newPicker(parent), int64(0), 0
	err := eachRow(parent.rows, func(rows []int32) error {
		for _, r := range rows {
			if k < len(h) && h[k].pos == at {
				out.add(r)
				k++
			}
			at++
		}
		return nil
	})
	return out.set(), err
}

// mapped makes a new table of the results of a function, with a column that
// leads back to the rows they were made from.
func (ds *Dataset) mapped(n *ir.Node, parent *view, d *ir.Derive, run RunFunc) (*table, error) {
	t := &table{ds: ds, name: n.Name, of: parent, span: n.Span, own: -1, fields: map[string]*fieldData{}, reader: parent.src.reader, record: parent.src.record}
	t.store = &store{limit: -1}
	f := ds.m.Func(d.Fn)
	var inputs []*input
	var at []int // results that are values; the next one of an optional field says whether it is there
	for i := range d.Fields {
		k := 0
		if i > 0 {
			k = at[i-1] + 1 + int(oneIf(d.Fields[i-1].Optional))
		}
		at = append(at, k)
		r := f.Results()[k]
		in := &input{name: d.Fields[i].Name, field: &d.Fields[i], kind: r.Type.Kind, width: 1, optional: d.Fields[i].Optional}
		for _, dim := range r.Type.Dims {
			size, _ := ds.sizeOf(dim)
			in.width *= int(size)
		}
		in.col = t.store.add(&col{name: in.name, kind: in.kind, width: in.width})
		if in.optional {
			in.valid = t.store.add(&col{name: in.name + "?", kind: ir.Bool, width: 1, flag: true})
		}
		t.fields[in.name] = &fieldData{field: in.field, val: in.col, valid: in.valid}
		inputs = append(inputs, in)
	}
	back := &input{name: parent.name, field: &ir.Field{Name: parent.name, Table: parent.name, Type: ir.IndexOf(ir.Sym(parent.src.name))}, kind: ir.Index, width: 1}
	back.col = t.store.add(&col{name: parent.name, kind: ir.Index, width: 1})
	t.fields[parent.name] = &fieldData{field: back.field, val: back.col}
	inputs = append(inputs, back)
	vals, ids := make([]values, len(inputs)), make([][]int32, len(inputs))
	vals[len(vals)-1].a.Kind = ir.Index
	err := ds.runRows(parent, d.Fn, run, func(rows []int64, results []*array.Array) error {
		for i, k := range at {
			vals[i].a = *results[k]
			if inputs[i].optional {
				vals[i].valid = results[k+1].U8
			}
		}
		last := &vals[len(vals)-1].a
		last.I32 = last.I32[:0]
		for _, r := range rows {
			last.I32 = append(last.I32, int32(r))
		}
		return t.store.append(inputs, vals, 0, len(rows), ids)
	})
	if err == nil {
		err = t.store.close()
	}
	return t, err
}
