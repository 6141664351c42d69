package passes

import (
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// rowwise reports whether row i of the result of op, along its first axis of
// size rows, depends on row i alone of some operands (those in the mask) and
// on the whole of the others. Sums by key are looked at by touch itself.
func rowwise(op *ir.Op, rows ir.Dim) (in []bool, ok bool) {
	if len(op.Results) != 1 || len(op.Regions) > 0 || !leads(op.Results[0], rows) {
		return nil, false
	}
	in = make([]bool, len(op.Operands))
	if op.Row.Has(ir.Elementwise) {
		for i := range in {
			in[i] = true
		}
		return in, true
	}
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		_, ok = splat(op.Results[0])
		return in, ok
	case ir.BroadcastAttrs:
		in[0] = len(a.Axes) > 0 && a.Axes[0] == 0 && leads(op.Operands[0], rows)
		return in, in[0] || len(a.Axes) == 0 || a.Axes[0] > 0
	case ir.ReshapeAttrs:
		in[0] = leads(op.Operands[0], rows)
	case ir.TransposeAttrs:
		in[0] = a.Perm[0] == 0
	case ir.AxesAttrs:
		in[0] = len(a.Axes) == 0 || a.Axes[0] > 0
	case ir.SliceAttrs:
		in[0] = leads(op.Operands[0], rows) && a.Starts[0] == ir.N(0) && a.Sizes[0] == rows && a.Steps[0] == 1
	case ir.EinsumAttrs:
		return einsumRows(op)
	default:
		return nil, false
	}
	return in, in[0]
}

// einsumRows is rowwise of a contraction: rows are the first label of the
// result and, where it occurs, of the operands.
func einsumRows(op *ir.Op) (in []bool, ok bool) {
	from, to := labels(op)
	for _, s := range from {
		at := strings.IndexByte(s, to[0])
		if at > 0 {
			return nil, false
		}
		in = append(in, at == 0)
	}
	return in, true
}

// contracted reports whether op is a contraction that adds over rows: one label,
// first in some operands (those in the mask) and in nothing else.
func contracted(op *ir.Op, rows ir.Dim) (in []bool, ok bool) {
	from, to := labels(op)
	row := byte(0)
	for i, s := range from {
		if leads(op.Operands[i], rows) && strings.IndexByte(to, s[0]) < 0 {
			row = s[0]
		}
	}
	if row == 0 {
		return nil, false
	}
	for _, s := range from {
		at := strings.IndexByte(s, row)
		if at > 0 {
			return nil, false
		}
		in = append(in, at == 0)
	}
	return in, true
}

// leads reports whether the first dimension of x is rows.
func leads(x *ir.Value, rows ir.Dim) bool {
	return x.Type.Rank() > 0 && x.Type.Dims[0] == rows
}

// resized is the attributes of a rowwise op for n rows.
func resized(op *ir.Op, n ir.Dim) ir.Attrs {
	lead := func(dims []ir.Dim) []ir.Dim { return append([]ir.Dim{n}, dims[1:]...) }
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		a.T = a.T.WithDims(lead(a.T.Dims)...)
		return a
	case ir.BroadcastAttrs:
		a.Dims = lead(a.Dims)
		return a
	case ir.ReshapeAttrs:
		a.Dims = lead(a.Dims)
		return a
	case ir.SliceAttrs:
		a.Sizes = lead(a.Sizes)
		return a
	}
	return op.Attrs
}
