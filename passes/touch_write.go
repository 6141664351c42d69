package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// write puts the rows at the keys in the place of all rows.
func (k *touching) write() {
	r := k.f.Body
	ops := r.Ops
	r.Ops = make([]*ir.Op, 0, len(ops))
	k.b, k.small, k.to = at(k.v.m, k.f, r), env{}, env{}
	for _, op := range ops {
		op.Operands = k.to.list(op.Operands)
		if slices.Contains(k.sums, op) {
			k.b.Span = op.Span
			x := k.sum(op)
			dress(x, op.Results[0])
			k.to[op.Results[0]] = x
			continue
		}
		r.Ops = append(r.Ops, op)
	}
	fresh := map[int]*ir.Value{}
	for _, m := range k.moved {
		if x := r.Results[m.result]; k.byRow(m) && x != m.old {
			fresh[m.result] = k.rowsOf(x)
		}
	}
	for _, m := range k.moved {
		if rows := fresh[m.result]; rows != nil {
			k.b.Span, k.b.Primal = rows.Span, ""
			fresh[m.result] = k.b.One("row_write", ir.GatherAttrs{}, m.old, k.idx, rows)
		}
	}
	for i, x := range r.Results {
		if y := fresh[i]; y != nil {
			r.Results[i] = y
		} else {
			r.Results[i] = k.to.of(x)
		}
	}
}

// sum is a sum over all rows as one over the keys.
func (k *touching) sum(op *ir.Op) *ir.Value {
	in := make([]*ir.Value, len(op.Operands))
	terms := k.terms(op)
	for i, x := range op.Operands {
		if slices.Contains(terms, x) {
			x = k.rowsOf(x)
		}
		in[i] = x
	}
	return k.b.One(op.Row.Name, op.Attrs, in...)
}

// index makes the keys of the batch one after the other, and the first
// occurrence of each, when they are first asked for.
func (k *touching) index() {
	if k.idx != nil {
		return
	}
	var all []*ir.Value
	for _, s := range k.sources {
		k.b.Span, k.b.Primal = s.Span, ""
		all = append(all, k.line(s.Operands[1], nil))
	}
	k.idx = all[0]
	if len(all) > 1 {
		k.idx = k.b.One("concat", ir.AxisAttrs{Axis: 0}, all...)
	}
	k.first = k.b.One("first_of", nil, k.idx)
}

// line is x with the dimensions in front of rest made one.
func (k *touching) line(x *ir.Value, rest []ir.Dim) *ir.Value {
	lead := x.Type.Dims[:x.Type.Rank()-len(rest)]
	if len(lead) == 1 {
		return x
	}
	return k.b.One("reshape", ir.ReshapeAttrs{Dims: append([]ir.Dim{productOf(lead)}, rest...)}, x)
}

// rowsOf is the rows of x at the keys.
func (k *touching) rowsOf(x *ir.Value) *ir.Value {
	if y := k.small[x]; y != nil {
		return y
	}
	k.index()
	y := k.smaller(x)
	if y != k.idx {
		dress(y, x)
	}
	k.small[x] = y
	return y
}

func (k *touching) smaller(x *ir.Value) *ir.Value {
	op := x.Def
	switch {
	case op == nil:
		k.b.Span = x.Span
		return k.b.One("gather", ir.GatherAttrs{}, x, k.idx)
	case is(x, "iota"):
		return k.idx
	case slices.Contains(k.sources, op):
		return k.source1(op)
	}
	mask, _ := rowwise(op, k.row())
	in := make([]*ir.Value, len(op.Operands))
	for i, y := range op.Operands {
		if in[i] = k.to.of(y); mask[i] {
			in[i] = k.rowsOf(y)
		}
	}
	k.b.Span, k.b.Primal = op.Span, ""
	return k.b.One(op.Row.Name, resized(op, k.keys), in...)
}

// source1 adds the gradients of each key at its first occurrence.
func (k *touching) source1(op *ir.Op) *ir.Value {
	acc := k.rowsOf(op.Operands[0])
	k.b.Span, k.b.Primal = op.Span, ""
	start, to := ir.N(0), k.first
	for _, s := range k.sources {
		n := productOf(s.Operands[1].Type.Dims)
		if s == op && len(k.sources) > 1 {
			to = k.b.One("slice", ir.SliceAttrs{Starts: []ir.Dim{start}, Sizes: []ir.Dim{n}, Steps: []int64{1}}, k.first)
		}
		start = start.Add(n)
	}
	return k.b.One("scatter_add", ir.GatherAttrs{}, acc, to, k.line(op.Operands[2], k.rows.Dims[1:]))
}

// writesLast moves what writes over parameters behind all that reads them.
func writesLast(r *ir.Region) {
	slices.SortStableFunc(r.Ops, func(a, b *ir.Op) int { return rank(a) - rank(b) })
}

func rank(op *ir.Op) int {
	if op.Row.Name == "row_write" {
		return 1
	}
	return 0
}
