package ir

import "strings"

// RowKind says what an operation does with rows: the slices of values along
// their first dimension.
type RowKind uint8

const (
	RowsMixed RowKind = iota // rows of results depend on other rows
	RowsWhole                // it has nothing to do with rows
	RowsApart                // each row of the results is made of the same row of the operands
	RowsSum                  // its result is a sum over rows
)

// RowsOf says what op does with the rows of the operands that lead says have
// them, d many; other operands are wholes that every row may read. Without such
// operands it looks at the result: what repeats a whole in each row has rows.
func RowsOf(op *Op, d Dim, lead map[*Value]bool) RowKind {
	n := 0
	for _, x := range op.Operands {
		if lead[x] {
			n++
		}
	}
	switch {
	case op.Row.Name == "fused":
		_, kind := RowsWithin(op, d, lead)
		return kind
	case n == 0:
		return repeated(op, d)
	case op.Row.Has(Elementwise) && n == len(op.Operands), op.Row.Name != "einsum" && len(op.Regions) == 0 && rowByRow(op, lead):
		return RowsApart
	case op.Row.Name == "einsum":
		return contractedRows(op, lead)
	case op.Row.Name == "reduce_sum" && op.Results[0].Type.IsFloat() && op.typeOf(0).Rank() > 1:
		if a := attrsOf[AxesAttrs](op).Axes; len(a) == 1 && a[0] == 0 {
			return RowsSum
		}
	}
	return RowsMixed
}

// repeated is RowsOf where no operand has rows.
func repeated(op *Op, d Dim) RowKind {
	for _, x := range op.Results {
		if !leads(x.Type, d) {
			continue
		}
		switch a := op.Attrs.(type) {
		case ConstAttrs:
			if len(a.F)+len(a.I) == 1 {
				return RowsApart
			}
		case BroadcastAttrs:
			if len(a.Axes) == 0 || a.Axes[0] != 0 {
				return RowsApart
			}
		}
		return RowsMixed
	}
	return RowsWhole
}

// RowsWithin is RowsOf for a loop, with the values inside that have rows.
func RowsWithin(op *Op, d Dim, lead map[*Value]bool) (map[*Value]bool, RowKind) {
	body, within := op.Regions[0], map[*Value]bool{}
	for i, p := range body.Params {
		within[p] = lead[op.Operands[i]]
	}
	for _, o := range body.Ops {
		switch RowsOf(o, d, within) {
		case RowsApart:
			within[o.Results[0]] = true
		case RowsWhole:
		default:
			return nil, RowsMixed
		}
	}
	n := 0
	for _, x := range body.Results {
		if within[x] {
			n++
		}
	}
	switch n {
	case len(body.Results):
		return within, RowsApart
	case 0:
		return within, RowsWhole
	}
	return nil, RowsMixed
}

// rowByRow reports whether op, of which some operands have rows, leaves the
// first dimension as it is.
func rowByRow(op *Op, lead map[*Value]bool) bool {
	first := lead[op.Operands[0]]
	switch a := op.Attrs.(type) {
	case BroadcastAttrs:
		return a.Axes[0] == 0
	case ReshapeAttrs:
		return leads(op.Results[0].Type, op.typeOf(0).Dims[0])
	case TransposeAttrs:
		return a.Perm[0] == 0
	case SliceAttrs:
		return a.Starts[0] == N(0) && a.Sizes[0] == op.typeOf(0).Dims[0] && a.Steps[0] == 1
	case PadAttrs:
		return a.Before[0] == N(0) && a.After[0] == N(0)
	case AxesAttrs:
		return len(a.Axes) > 0 && a.Axes[0] != 0
	case CumAttrs:
		return a.Axis != 0
	case UniformAttrs:
		return true
	case AxisAttrs:
		for _, x := range op.Operands {
			if !lead[x] {
				return false
			}
		}
		return a.Axis != 0
	case GatherAttrs:
		switch op.Row.Name {
		case "gather":
		case "scatter_add":
			return a.BatchDims > 0 && first && lead[op.Operands[1]] && lead[op.Operands[2]]
		default:
			return false
		}
		second := lead[op.Operands[1]]
		if a.BatchDims == 0 {
			return !first && second && a.Axis == 0 || first && !second && a.Axis > 0
		}
		return first && second
	}
	return false
}

// contractedRows is RowsOf for a contraction some operands of which have rows.
func contractedRows(op *Op, lead map[*Value]bool) RowKind {
	in, out, err := EinsumLabels(attrsOf[EinsumAttrs](op).Spec)
	if err != nil || len(in) != 2 || len(op.Operands) != 2 {
		return RowsMixed
	}
	row := ""
	for i, x := range op.Operands {
		if !lead[x] {
			continue
		}
		if row != "" && !strings.HasPrefix(in[i], row) {
			return RowsMixed
		}
		row = in[i][:1]
	}
	for i, x := range op.Operands {
		if !lead[x] && strings.Contains(in[i], row) {
			return RowsMixed
		}
	}
	switch strings.Index(out, row) {
	case 0:
		return RowsApart
	case -1:
		if lead[op.Operands[0]] && lead[op.Operands[1]] && onlySummed(in, out) {
			return RowsSum
		}
	}
	return RowsMixed
}

// onlySummed reports whether the first label of the operands is all that a
// contraction sums over.
func onlySummed(in []string, out string) bool {
	return !strings.ContainsFunc(in[0][1:]+in[1][1:], func(c rune) bool { return !strings.ContainsRune(out, c) })
}
