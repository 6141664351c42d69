package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "broadcast", Family: "structure", Traits: Structural, Attrs: BroadcastAttrs{},
			Doc:  "Repeats along new axes.",
			Type: broadcastType, Eval: evalBroadcast,
			Tangent: linearMap, Linear: linearIn(true), Transpose: broadcastTranspose,
			Batch: batchShift(func(op *Op, d Dim) Attrs {
				a := attrsOf[BroadcastAttrs](op)
				return BroadcastAttrs{dimsWith(d, a.Dims), append([]int{0}, shiftAxes(a.Axes)...)}
			}),
			Flops: flopsNone, Samples: broadcastSamples,
		},
		Row{
			Name: "reshape", Family: "structure", Traits: Structural, Attrs: ReshapeAttrs{},
			Doc:  "The same elements in the same order under other dimensions.",
			Type: reshapeType, Eval: evalReshape,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				acc.Add(0, reshape(b, ct[0], op.typeOf(0).Dims))
			},
			Batch: batchShift(func(op *Op, d Dim) Attrs {
				return ReshapeAttrs{dimsWith(d, attrsOf[ReshapeAttrs](op).Dims)}
			}),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{vec(2, 6)}, Attrs: ReshapeAttrs{dimsOf(3, 4)}},
					{Operands: []Type{vec(1)}, Attrs: ReshapeAttrs{}},
				}
			},
		},
		Row{
			Name: "transpose", Family: "structure", Traits: Structural, Attrs: TransposeAttrs{},
			Doc:  "Reorders axes: result axis i is operand axis perm[i].",
			Type: transposeType, Eval: evalTranspose,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				p := attrsOf[TransposeAttrs](op).Perm
				back := make([]int, len(p))
				for i, a := range p {
					back[a] = i
				}
				acc.Add(0, permute(b, ct[0], back))
			},
			Batch: batchShift(func(op *Op, _ Dim) Attrs {
				return TransposeAttrs{append([]int{0}, shiftAxes(attrsOf[TransposeAttrs](op).Perm)...)}
			}),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{vec(2, 3)}, Attrs: TransposeAttrs{[]int{1, 0}}},
					{Operands: []Type{vec(2, 3, 4)}, Attrs: TransposeAttrs{[]int{2, 0, 1}}},
				}
			},
		},
		Row{
			Name: "slice", Family: "structure", Traits: Structural, Attrs: SliceAttrs{},
			Doc:  "A box of elements, every step-th along each axis.",
			Type: sliceType, Eval: evalSlice,
			Tangent: linearMap, Linear: linearIn(true), Transpose: sliceTranspose,
			Batch: batchShift(func(op *Op, d Dim) Attrs {
				a := attrsOf[SliceAttrs](op)
				return SliceAttrs{dimsWith(N(0), a.Starts), dimsWith(d, a.Sizes), append([]int64{1}, a.Steps...)}
			}),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{vec(4, 3)}, Attrs: SliceAttrs{dimsOf(1, 0), dimsOf(2, 3), ones(2)}},
					{Operands: []Type{vec(7, 5)}, Attrs: SliceAttrs{dimsOf(1, 0), dimsOf(3, 2), []int64{2, 3}}},
				}
			},
		},
		Row{
			Name: "pad", Family: "structure", Traits: Structural, Attrs: PadAttrs{},
			Doc:  "Zeros before and after along each axis.",
			Type: padType, Eval: evalPad,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				dims := op.typeOf(0).Dims
				acc.Add(0, b.One("slice", SliceAttrs{attrsOf[PadAttrs](op).Before, dims, ones(len(dims))}, ct[0]))
			},
			Batch: batchShift(func(op *Op, _ Dim) Attrs {
				a := attrsOf[PadAttrs](op)
				return PadAttrs{dimsWith(N(0), a.Before), dimsWith(N(0), a.After)}
			}),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{{Operands: []Type{vec(2, 3)}, Attrs: PadAttrs{dimsOf(1, 0), dimsOf(2, 1)}}}
			},
		},
		Row{
			Name: "concat", Family: "structure", Traits: Structural, Attrs: AxisAttrs{},
			Doc:  "One behind the other along an axis.",
			Type: concatType, Eval: evalConcat,
			Tangent: concatTangent, Transpose: concatTranspose,
			Linear: func(op *Op) []bool { return allOn(len(op.Operands)) },
			Batch:  batchShift(shiftAxis),
			Flops:  flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{vec(2, 2), vec(2, 1), vec(2, 3)}, Attrs: AxisAttrs{1}},
					{Operands: []Type{vec(2)}, Attrs: AxisAttrs{0}},
					{Operands: []Type{TensorOf(I64, N(2)), TensorOf(I64, N(1))}, Attrs: AxisAttrs{0}},
				}
			},
		},
		Row{
			Name: "reverse", Family: "structure", Traits: Structural, Attrs: AxisAttrs{},
			Doc:  "From last to first along an axis.",
			Type: axisType, Eval: evalReverse,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				acc.Add(0, b.One("reverse", op.Attrs, ct[0]))
			},
			Batch: batchShift(shiftAxis),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{{Operands: []Type{vec(2, 3)}, Attrs: AxisAttrs{1}}}
			},
		},
	)
}

func shiftAxis(op *Op, _ Dim) Attrs { return AxisAttrs{attrsOf[AxisAttrs](op).Axis + 1} }

func axisType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	return []Type{op.typeOf(0)}, wantAxis(attrsOf[AxisAttrs](op).Axis, op.typeOf(0))
}

func broadcastType(op *Op) ([]Type, error) {
	a := attrsOf[BroadcastAttrs](op)
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	if len(a.Axes) != t.Rank() {
		return nil, fmt.Errorf("%d axes given for %s", len(a.Axes), t)
	}
	for i, ax := range a.Axes {
		switch {
		case ax < 0 || ax >= len(a.Dims) || i > 0 && a.Axes[i-1] >= ax:
			return nil, fmt.Errorf("axes %v must increase and be axes of the result", a.Axes)
		case a.Dims[ax] != t.Dims[i]:
			return nil, fmt.Errorf("axis %d of %s becomes axis %d of size %s", i, t, ax, a.Dims[ax])
		}
	}
	return []Type{t.WithDims(a.Dims...)}, nil
}

func broadcastTranspose(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
	a := attrsOf[BroadcastAttrs](op)
	acc.Add(0, b.Sum(ct[0], otherAxes(len(a.Dims), a.Axes)...))
}

func broadcastSamples() []Sample {
	return []Sample{
		{Operands: []Type{vec()}, Attrs: BroadcastAttrs{dimsOf(2, 3), nil}},
		{Operands: []Type{vec(3)}, Attrs: BroadcastAttrs{dimsOf(2, 3, 4), []int{1}}},
		{Operands: []Type{TensorOf(Bool, N(3))}, Attrs: BroadcastAttrs{dimsOf(3, 2), []int{0}}},
	}
}

func reshapeType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t, dims := op.typeOf(0), attrsOf[ReshapeAttrs](op).Dims
	if from, to := product(t.Dims), product(dims); from != to {
		return nil, fmt.Errorf("%s has %s elements, the result %s", t, from, to)
	}
	return []Type{t.WithDims(dims...)}, nil
}

func transposeType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t, perm := op.typeOf(0), attrsOf[TransposeAttrs](op).Perm
	seen := make([]bool, t.Rank())
	dims := []Dim{}
	for _, p := range perm {
		if p < 0 || p >= t.Rank() || seen[p] {
			return nil, fmt.Errorf("%v is no order of the axes of %s", perm, t)
		}
		seen[p] = true
		dims = append(dims, t.Dims[p])
	}
	if len(perm) != t.Rank() {
		return nil, fmt.Errorf("%v is no order of the axes of %s", perm, t)
	}
	return []Type{t.WithDims(dims...)}, nil
}

func sliceType(op *Op) ([]Type, error) {
	a := attrsOf[SliceAttrs](op)
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	if n := t.Rank(); len(a.Starts) != n || len(a.Sizes) != n || len(a.Steps) != n {
		return nil, fmt.Errorf("%d starts, %d sizes and %d steps given for %s", len(a.Starts), len(a.Sizes), len(a.Steps), t)
	}
	for i, d := range t.Dims {
		if a.Steps[i] < 1 {
			return nil, fmt.Errorf("step %d along axis %d; it must be at least 1", a.Steps[i], i)
		}
		last := a.Starts[i].Add(a.Sizes[i].Sub(N(1)).Mul(N(a.Steps[i])))
		if err := insideDim(i, a.Starts[i], last.Add(N(1)), d); err != nil {
			return nil, err
		}
	}
	return []Type{t.WithDims(a.Sizes...)}, nil
}

// insideDim refuses a range start..end along an axis that is surely outside
// 0..d; what depends on sizes not yet known is checked when it runs.
func insideDim(axis int, start, end, d Dim) error {
	low, ok1 := start.Const()
	room, ok2 := d.Sub(end).Const()
	if ok1 && low < 0 || ok2 && room < 0 {
		return fmt.Errorf("%s..%s is outside axis %d of size %s", start, end, axis, d)
	}
	return nil
}

// sliceTranspose adds the cotangent into its place; along axes with a step it
// first puts the zeros between: [m] -> [m,1] -> [m,step] -> [m*step] -> all
// but the last step-1.
func sliceTranspose(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
	a, v := attrsOf[SliceAttrs](op), ct[0]
	for i, step := range a.Steps {
		if step > 1 {
			v = dilate(b, v, i, step)
		}
	}
	acc.Into(0, func(sum *Value) *Value {
		return b.One("slice_add", SliceAddAttrs{a.Starts}, sum, v)
	})
}

// dilate puts step-1 zeros between neighbours along an axis.
func dilate(b *Builder, v *Value, axis int, step int64) *Value {
	dims := v.Type.Dims
	m, n := dims[axis], len(dims)
	split := append(append(append([]Dim{}, dims[:axis+1]...), N(1)), dims[axis+1:]...)
	after := zeroDims(n + 1)
	after[axis+1] = N(step - 1)
	v = b.One("pad", PadAttrs{zeroDims(n + 1), after}, reshape(b, v, split))
	flat := append([]Dim{}, dims...)
	flat[axis] = m.Mul(N(step))
	v = reshape(b, v, flat)
	sizes := append([]Dim{}, flat...)
	sizes[axis] = flat[axis].Sub(N(step - 1))
	return b.One("slice", SliceAttrs{zeroDims(n), sizes, ones(n)}, v)
}

func padType(op *Op) ([]Type, error) {
	a := attrsOf[PadAttrs](op)
	if err := first(wantCount(op, 1), wantKind(op, 0, dataKinds)); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	if len(a.Before) != t.Rank() || len(a.After) != t.Rank() {
		return nil, fmt.Errorf("%d and %d paddings given for %s", len(a.Before), len(a.After), t)
	}
	dims := []Dim{}
	for i, d := range t.Dims {
		x, ok1 := a.Before[i].Const()
		y, ok2 := a.After[i].Const()
		if ok1 && x < 0 || ok2 && y < 0 {
			return nil, fmt.Errorf("negative padding along axis %d", i)
		}
		dims = append(dims, a.Before[i].Add(d).Add(a.After[i]))
	}
	return []Type{t.WithDims(dims...)}, nil
}

func concatType(op *Op) ([]Type, error) {
	axis := attrsOf[AxisAttrs](op).Axis
	if len(op.Operands) == 0 {
		return nil, fmt.Errorf("takes at least 1 operand")
	}
	t := op.typeOf(0)
	if err := wantAxis(axis, t); err != nil {
		return nil, err
	}
	sum := N(0)
	for i, v := range op.Operands {
		if v.Type.Rank() != t.Rank() {
			return nil, fmt.Errorf("operand %d is %s but operand 0 is %s", i, v.Type, t)
		}
		dims := append([]Dim{}, t.Dims...)
		dims[axis] = v.Type.Dims[axis]
		if err := wantType(op, i, t.WithDims(dims...)); err != nil {
			return nil, err
		}
		sum = sum.Add(dims[axis])
	}
	dims := append([]Dim{}, t.Dims...)
	dims[axis] = sum
	return []Type{t.WithDims(dims...)}, nil
}

// concatTangent pads instead of joining with zeros, so that it stays linear:
// every run of neighbours that have tangents is joined, padded and added.
func concatTangent(b *Builder, op *Op, t []*Value) []*Value {
	axis, n := attrsOf[AxisAttrs](op).Axis, op.typeOf(0).Rank()
	total := op.Results[0].Type.Dims[axis]
	var sum *Value
	at := N(0)
	for i := 0; i < len(t); i++ {
		if t[i] == nil {
			at = at.Add(op.typeOf(i).Dims[axis])
			continue
		}
		j := i
		for j < len(t) && t[j] != nil {
			j++
		}
		run := t[i]
		if j > i+1 {
			run = b.One("concat", op.Attrs, t[i:j]...)
		}
		end := at.Add(run.Type.Dims[axis])
		if j-i < len(t) {
			before, after := zeroDims(n), zeroDims(n)
			before[axis], after[axis] = at, total.Sub(end)
			run = b.One("pad", PadAttrs{before, after}, run)
		}
		sum, at, i = addTangents(b, sum, run), end, j-1
	}
	return []*Value{sum}
}

func concatTranspose(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
	axis := attrsOf[AxisAttrs](op).Axis
	at := N(0)
	for i := range op.Operands {
		dims := op.typeOf(i).Dims
		if lin[i] {
			starts := zeroDims(len(dims))
			starts[axis] = at
			acc.Add(i, b.One("slice", SliceAttrs{starts, dims, ones(len(dims))}, ct[0]))
		}
		at = at.Add(dims[axis])
	}
}
