package data

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// ColumnReq asks for a column by its path (see ir, "paths of columns"). Type
// is that of one row; without a kind the column is a text.
type ColumnReq struct {
	Path string
	Type ir.Type
}

// pathReader finds the values of one path for rows of a table.
type pathReader struct {
	req   ColumnReq
	shape []int
	hops  []*fieldData // keys followed, the first at the table itself
	leaf  *fieldData   // nil for "#" and for presence of a key
	row   bool         // the row itself
	has   bool         // presence instead of value
	of    *table       // the table that the leaf is in
	link  int          // of the gatherer: how its rows are reached
	near  [2]int       // places of the packs of value and presence, for texts
}

// text reports whether the path yields texts.
func (r *pathReader) isText() bool { return r.req.Type.Kind == ir.NoKind }

// newPath resolves a path from a table.
func (ds *Dataset) newPath(t *table, req ColumnReq) (*pathReader, error) {
	r := &pathReader{req: req, of: t, shape: []int{}}
	path := req.Path
	if strings.HasSuffix(path, "?") {
		r.has, path = true, strings.TrimSuffix(path, "?")
	}
	parts := strings.Split(path, ".")
	for i, name := range parts {
		if name == "#" {
			r.row = true
			continue
		}
		f := r.of.fields[name]
		if f == nil {
			return nil, source.Bugf(source.Span{}, "no column %s of %s", req.Path, t.name)
		}
		if i == len(parts)-1 {
			r.leaf = f
			break
		}
		target := ds.views[f.field.Table]
		if target == nil {
			return nil, source.Bugf(source.Span{}, "no table behind %s of %s", name, t.name)
		}
		r.hops, r.of = append(r.hops, f), target.src
	}
	if f := r.leaf; f != nil && f.val == nil && !r.isText() && f.field.IsKey {
		r.leaf, r.row = nil, true // a key as a number is its row
	}
	for _, d := range req.Type.Dims {
		n, ok := ds.sizeOf(d)
		if !ok {
			return nil, source.Bugf(source.Span{}, "the size %s of %s is not known", d, req.Path)
		}
		r.shape = append(r.shape, int(n))
	}
	return r, r.check(ds, t)
}

// check sees that what the path needs was decoded and can be reached.
func (r *pathReader) check(ds *Dataset, t *table) error {
	if r.leaf != nil && r.leaf.val == nil && r.leaf.text == nil && !r.of.isKeyField(r.leaf) && r.of.windows == nil {
		return source.Bugf(source.Span{}, "the column %s of %s was not read: it is not among the needs", r.req.Path, t.name)
	}
	for i, h := range r.hops {
		if h.val == nil {
			return source.Bugf(source.Span{}, "the key %s was not read: it is not among the needs", h.field.Name)
		}
		if i > 0 && h.val.pack.offset != nil {
			return ds.tooLarge(r)
		}
	}
	if len(r.hops) > 0 && r.of.store.spill != nil && !r.row && !(r.leaf != nil && r.of.isKeyField(r.leaf)) {
		return ds.tooLarge(r)
	}
	return nil
}

func (ds *Dataset) tooLarge(r *pathReader) error {
	return source.Dataf("D0119", source.Place{File: r.of.paths()[0]},
		"`%s` must be in memory, since `%s` follows a key to it, and needs %s", r.of.name, r.req.Path, byteText(r.of.store.bytes)).At(r.of.span)
}

func (t *table) isKeyField(f *fieldData) bool {
	return t.node != nil && len(t.node.KeyCols) == 1 && t.node.KeyCols[0] == f.field.Name
}

// rowBytes is what a decoded row of the path weighs: a function of the
// schema, since the shuffle depends on it.
func (r *pathReader) rowBytes() int64 {
	n := int64(1)
	for _, s := range r.shape {
		n *= int64(s)
	}
	if r.isText() {
		return 0
	}
	return n * int64(kindSize(r.req.Type.Kind))
}
