package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "gather", Family: "indexed", Attrs: GatherAttrs{},
			Doc:  "The slices of the first operand that the second, an index along one axis, names.",
			Type: gatherType, Eval: evalGather,
			Tangent: linearMap, Linear: linearIn(true, false),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				acc.Into(0, func(sum *Value) *Value {
					return b.One("scatter_add", op.Attrs, sum, op.Operands[1], ct[0])
				})
			},
			Batch: gatherBatch,
			Safe:  map[int]float64{1: 0},
			Flops: flopsNone, Samples: gatherSamples,
		},
		Row{
			Name: "scatter_add", Family: "indexed", Attrs: GatherAttrs{},
			Doc: "The first operand with the slices of the third added where the second, an index along one axis, " +
				"says; equal indices add up in order of position.",
			Type: scatterType, Eval: evalScatterAdd,
			Tangent: scatterTangent, Linear: linearIn(true, false, true),
			Transpose: func(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
				if lin[0] {
					acc.Add(0, ct[0])
				}
				if lin[2] {
					acc.Add(2, b.One("gather", op.Attrs, ct[0], op.Operands[1]))
				}
			},
			Batch: scatterBatch,
			Safe:  map[int]float64{1: 0, 2: 0}, Total: counts,
			Flops: flopsIn(2, 1), Samples: scatterSamples,
		},
		Row{
			Name: "scatter_max", Family: "indexed", Attrs: GatherAttrs{},
			Doc: "The greatest of an element of the first operand and of those of the third that the second, an index along one " +
				"axis, brings there; NaN if one is. Ties share the derivative equally.",
			Type: scatterMaxType, Eval: evalScatterMax,
			Tangent: scatterMaxTangent,
			Batch:   scatterBatch,
			Flops:   flopsIn(2, 1), Samples: scatterMaxSamples,
		},
		Row{
			Name: "slice_add", Family: "indexed", Attrs: SliceAddAttrs{},
			Doc:  "The first operand with the second added to the box that begins at the starts.",
			Type: sliceAddType, Eval: evalSliceAdd,
			Tangent: sliceAddTangent, Linear: linearIn(true, true),
			Transpose: func(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
				if lin[0] {
					acc.Add(0, ct[0])
				}
				if lin[1] {
					dims := op.typeOf(1).Dims
					acc.Add(1, b.One("slice", SliceAttrs{attrsOf[SliceAddAttrs](op).Starts, dims, ones(len(dims))}, ct[0]))
				}
			},
			Batch: batchShift(func(op *Op, _ Dim) Attrs {
				return SliceAddAttrs{dimsWith(N(0), attrsOf[SliceAddAttrs](op).Starts)}
			}),
			Safe:  map[int]float64{1: 0},
			Flops: flopsIn(1, 1),
			Samples: func() []Sample {
				return []Sample{{Operands: []Type{vec(4, 3), vec(2, 2)}, Attrs: SliceAddAttrs{dimsOf(1, 1)}}}
			},
		},
	)
}

// gatherDims is the dims of src[:axis] ++ idx[batch:] ++ src[axis+1:].
func gatherDims(a GatherAttrs, src, idx Type) ([]Dim, error) {
	if err := wantAxis(a.Axis, src); err != nil {
		return nil, err
	}
	n := a.BatchDims
	switch {
	case n < 0 || n > a.Axis || n > idx.Rank():
		return nil, fmt.Errorf("%d batch dimensions with axis %d and index %s", n, a.Axis, idx)
	case !EqualDims(src.Dims[:n], idx.Dims[:n]):
		return nil, fmt.Errorf("the first %d dimensions of %s and %s run together but differ", n, src, idx)
	case idx.Kind != Index || idx.Bound != src.Dims[a.Axis]:
		return nil, fmt.Errorf("operand 1 is %s; along axis %d of %s it must be index<%s>", idx, a.Axis, src, src.Dims[a.Axis])
	}
	dims := append([]Dim{}, src.Dims[:a.Axis]...)
	dims = append(dims, idx.Dims[n:]...)
	return append(dims, src.Dims[a.Axis+1:]...), nil
}

func gatherType(op *Op) ([]Type, error) {
	if err := wantCount(op, 2); err != nil {
		return nil, err
	}
	dims, err := gatherDims(attrsOf[GatherAttrs](op), op.typeOf(0), op.typeOf(1))
	return []Type{op.typeOf(0).WithDims(dims...)}, err
}

// gatherBatch: ir.md section 12. A batched index is one more dimension of it,
// behind those that run together; it comes out at the axis and moves in front.
func gatherBatch(b *Builder, op *Op, in []*Value, on []bool, d Dim, _ bool) ([]*Value, []bool) {
	a := attrsOf[GatherAttrs](op)
	src, idx := in[0], in[1]
	switch {
	case on[0] && (on[1] || a.BatchDims > 0):
		a = GatherAttrs{a.Axis + 1, a.BatchDims + 1}
		return []*Value{b.One("gather", a, src, lead(b, idx, on[1], d))}, allOn(1)
	case on[0]:
		return []*Value{b.One("gather", GatherAttrs{a.Axis + 1, 0}, src, idx)}, allOn(1)
	case on[1]:
		idx = moveAxis(b, idx, 0, a.BatchDims)
		return []*Value{moveAxis(b, b.One("gather", a, src, idx), a.Axis, 0)}, allOn(1)
	}
	return batchNone(b, op, in, on, d, false)
}

func gatherSamples() []Sample {
	return []Sample{
		{Operands: []Type{vec(4), IndexOf(N(4))}, Attrs: GatherAttrs{0, 0}},
		{Operands: []Type{vec(4, 2), IndexOf(N(4), N(3))}, Attrs: GatherAttrs{0, 0}},
		{Operands: []Type{vec(2, 4, 3), IndexOf(N(4), N(5))}, Attrs: GatherAttrs{1, 0}},
		{Operands: []Type{vec(2, 4, 3), IndexOf(N(4), N(2), N(5))}, Attrs: GatherAttrs{1, 1}},
		{Operands: []Type{vec(2, 3, 4), IndexOf(N(4), N(2))}, Attrs: GatherAttrs{2, 1}},
		{Operands: []Type{TensorOf(I64, N(4)), IndexOf(N(4), N(2))}, Attrs: GatherAttrs{0, 0}},
	}
}

func scatterType(op *Op) ([]Type, error) {
	if err := wantCount(op, 3); err != nil {
		return nil, err
	}
	if err := wantKind(op, 0, numberKinds); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	dims, err := gatherDims(attrsOf[GatherAttrs](op), t, op.typeOf(1))
	if err != nil {
		return nil, err
	}
	return []Type{t}, wantType(op, 2, t.WithDims(dims...))
}

func scatterTangent(b *Builder, op *Op, t []*Value) []*Value {
	if t[2] == nil {
		return []*Value{t[0]}
	}
	sum := t[0]
	if sum == nil {
		sum = b.ZeroTangent(op.typeOf(0))
	}
	return []*Value{b.One("scatter_add", op.Attrs, sum, op.Operands[1], t[2])}
}

// counts holds for bools that are added to zeros as i64: there are never so many.
func counts(op *Op) bool {
	return op.typeOf(0).Kind == I64 && isAll(op.Operands[0], 0) && (isAll(op.Operands[2], 0) || isAll(op.Operands[2], 1) || isFlag(op.Operands[2]))
}

// isAll reports whether v is a constant of one integer.
func isAll(v *Value, n int64) bool {
	if v.Def == nil {
		return false
	}
	a, ok := v.Def.Attrs.(ConstAttrs)
	return ok && len(a.I) == 1 && a.I[0] == n
}

// isFlag reports whether v is a bool as a number.
func isFlag(v *Value) bool {
	return v.Def != nil && v.Def.Row.Name == "convert" && v.Def.typeOf(0).Kind == Bool
}

func scatterMaxType(op *Op) ([]Type, error) {
	if err := wantCount(op, 3); err != nil {
		return nil, err
	}
	if err := wantKind(op, 0, floatKinds); err != nil {
		return nil, err
	}
	return scatterType(op)
}

// scatterMaxTangent gives each element that is the greatest of its place an equal
// share of the tangent of that.
func scatterMaxTangent(b *Builder, op *Op, t []*Value) []*Value {
	acc, idx, upd := op.Operands[0], op.Operands[1], op.Operands[2]
	top := op.Results[0]
	is := func(x, most *Value) *Value { return floatOf(b, b.Cmp("eq", x, most), x.Type.Kind) }
	mine, theirs := is(acc, top), is(upd, b.One("gather", op.Attrs, top, idx))
	share := reciprocal(b, b.One("scatter_add", op.Attrs, mine, idx, theirs))
	sum := scale(b, t[0], func() *Value { return b.Mul(mine, share) })
	if t[2] == nil {
		return []*Value{sum}
	}
	if sum == nil {
		sum = b.ZeroTangent(acc.Type)
	}
	w := b.Mul(theirs, b.One("gather", op.Attrs, share, idx))
	return []*Value{b.One("scatter_add", op.Attrs, sum, idx, b.Mul(t[2], w))}
}

func scatterMaxSamples() []Sample {
	tie := Singular{At: [][]float64{{1, 3, 0}, nil, {2, 3, 3, 0}}, Want: [][]float64{{0, 1. / 3, 1}, nil, {1, 1. / 3, 1. / 3, 0}}}
	return []Sample{
		{Operands: []Type{vec(3, 2), IndexOf(N(3), N(4)), vec(4, 2)}, Attrs: GatherAttrs{0, 0}, Ints: [][]int64{nil, {1, 0, 1, 1}}},
		{Operands: []Type{vec(2, 3), IndexOf(N(3)), vec(2)}, Attrs: GatherAttrs{1, 0}},
		{Operands: []Type{vec(2, 3), IndexOf(N(3), N(2), N(4)), vec(2, 4)}, Attrs: GatherAttrs{1, 1}},
		{Operands: []Type{vec(3), IndexOf(N(3), N(4)), vec(4)}, Attrs: GatherAttrs{0, 0}, Ints: [][]int64{nil, {0, 1, 1, 0}}, Singular: []Singular{tie}},
	}
}

// scatterBatch is the rule of scatter_add, scatter_max and row_write.
func scatterBatch(b *Builder, op *Op, in []*Value, on []bool, d Dim, _ bool) ([]*Value, []bool) {
	if !anyOn(on) {
		return batchNone(b, op, in, on, d, false)
	}
	a := attrsOf[GatherAttrs](op)
	together := on[1] || a.BatchDims > 0
	a.Axis++
	idx := in[1]
	if together {
		a.BatchDims++
		idx = lead(b, idx, on[1], d)
	}
	return []*Value{b.One(op.Row.Name, a, lead(b, in[0], on[0], d), idx, lead(b, in[2], on[2], d))}, allOn(1)
}

func scatterSamples() []Sample {
	return []Sample{
		{Operands: []Type{vec(3, 2), IndexOf(N(3), N(4)), vec(4, 2)}, Attrs: GatherAttrs{0, 0}, Ints: [][]int64{nil, {1, 0, 1, 1}}},
		{Operands: []Type{vec(2, 3), IndexOf(N(3)), vec(2)}, Attrs: GatherAttrs{1, 0}},
		{Operands: []Type{vec(2, 3), IndexOf(N(3), N(2), N(4)), vec(2, 4)}, Attrs: GatherAttrs{1, 1}},
		{Operands: []Type{TensorOf(I64, N(3)), IndexOf(N(3), N(4)), TensorOf(I64, N(4))}, Attrs: GatherAttrs{0, 0}},
	}
}

func sliceAddType(op *Op) ([]Type, error) {
	starts := attrsOf[SliceAddAttrs](op).Starts
	if err := wantCount(op, 2); err != nil {
		return nil, err
	}
	if err := wantKind(op, 0, numberKinds); err != nil {
		return nil, err
	}
	t, u := op.typeOf(0), op.typeOf(1)
	if u.Kind != t.Kind || u.Rank() != t.Rank() || len(starts) != t.Rank() {
		return nil, fmt.Errorf("%s is no box of %s with %d starts", u, t, len(starts))
	}
	for i, d := range t.Dims {
		if err := insideDim(i, starts[i], starts[i].Add(u.Dims[i]), d); err != nil {
			return nil, err
		}
	}
	return []Type{t}, nil
}

func sliceAddTangent(b *Builder, op *Op, t []*Value) []*Value {
	if t[1] == nil {
		return []*Value{t[0]}
	}
	sum := t[0]
	if sum == nil {
		sum = b.ZeroTangent(op.typeOf(0))
	}
	return []*Value{b.One("slice_add", op.Attrs, sum, t[1])}
}
