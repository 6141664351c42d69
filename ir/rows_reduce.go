package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "reduce_sum", Family: "reduction", Attrs: AxesAttrs{},
			Doc:  "Sum along axes; on integers overflow is an error. Of nothing: 0.",
			Type: reduceType(numberKinds), Eval: evalReduceSum,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				acc.Add(0, spreadAxes(b, ct[0], op.typeOf(0).Dims, attrsOf[AxesAttrs](op).Axes))
			},
			Batch: batchShift(shiftReduced),
			Safe:  map[int]float64{0: 0},
			Flops: flopsIn(0, 1),
			Samples: func() []Sample {
				return append(reduceSamples(-2, 2), Sample{Operands: []Type{TensorOf(I64, N(2), N(3))}, Attrs: AxesAttrs{[]int{1}}})
			},
		},
		Row{
			Name: "reduce_max", Family: "reduction", Attrs: AxesAttrs{},
			Doc: "Greatest along axes; NaN if one is; over bools whether any is true. Ties share the derivative equally. " +
				"Of nothing: -inf or false, and an error on integers.",
			Type: reduceType(numberKinds | boolKind), Eval: evalReduceMax,
			Tangent: reduceMaxTangent,
			Batch:   batchShift(shiftReduced),
			Flops:   flopsIn(0, 1),
			Samples: func() []Sample {
				tie := Singular{At: [][]float64{{1, 3, 3, 2}}, Want: [][]float64{{0, 0.5, 0.5, 0}}}
				return append(reduceSamples(-2, 2),
					Sample{Operands: []Type{vec(4)}, Attrs: AxesAttrs{[]int{0}}, Singular: []Singular{tie}},
					Sample{Operands: []Type{TensorOf(I32, N(2), N(3))}, Attrs: AxesAttrs{[]int{1}}},
					Sample{Operands: []Type{TensorOf(Bool, N(2), N(3))}, Attrs: AxesAttrs{[]int{1}}})
			},
		},
		Row{
			Name: "reduce_prod", Family: "reduction", Attrs: AxesAttrs{},
			Doc:  "Product along axes; on integers overflow is an error. Of nothing: 1. The derivative is right with any number of zeros.",
			Type: reduceType(numberKinds), Eval: evalReduceProd,
			Tangent: prodTangent,
			Batch:   batchShift(shiftReduced),
			Safe:    map[int]float64{0: 0},
			Flops:   flopsIn(0, 1),
			Samples: prodSamples,
		},
		Row{
			Name: "argmax", Family: "reduction", Attrs: AxisAttrs{}, Traits: Flat,
			Doc:  "Index of the first greatest element along an axis; the first NaN is greater than all.",
			Type: argmaxType, Eval: evalArgmax,
			Batch: batchShift(shiftAxis),
			Flops: flopsIn(0, 1),
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{vec(2, 3)}, Attrs: AxisAttrs{1}},
					{Operands: []Type{TensorOf(I64, N(4))}, Attrs: AxisAttrs{0}, Ints: [][]int64{{1, 5, 5, 0}}},
				}
			},
		},
		Row{
			Name: "cumsum", Family: "reduction", Attrs: CumAttrs{},
			Doc:  "Running sum along an axis.",
			Type: cumsumType, Eval: evalCumsum,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
				a := attrsOf[CumAttrs](op)
				a.Reverse = !a.Reverse
				acc.Add(0, b.One("cumsum", a, ct[0]))
			},
			Batch: batchShift(func(op *Op, _ Dim) Attrs {
				a := attrsOf[CumAttrs](op)
				a.Axis++
				return a
			}),
			Safe:  map[int]float64{0: 0},
			Flops: flopsOut(1),
			Samples: func() []Sample {
				var out []Sample
				for i := 0; i < 4; i++ {
					out = append(out, Sample{Operands: []Type{vec(2, 4)}, Attrs: CumAttrs{i % 2, i > 1, i == 1 || i == 3}})
				}
				return append(out, Sample{Operands: []Type{TensorOf(I64, N(3))}, Attrs: CumAttrs{}})
			},
		},
	)
}

func reduceType(s kindSet) func(op *Op) ([]Type, error) {
	return func(op *Op) ([]Type, error) {
		axes := attrsOf[AxesAttrs](op).Axes
		if err := wantCount(op, 1); err != nil {
			return nil, err
		}
		t := op.typeOf(0)
		if err := first(wantKind(op, 0, s), wantAxes(axes, t)); err != nil {
			return nil, err
		}
		return []Type{t.WithDims(without(t.Dims, axes...)...)}, nil
	}
}

func shiftReduced(op *Op, _ Dim) Attrs { return AxesAttrs{shiftAxes(attrsOf[AxesAttrs](op).Axes)} }

// reduceMaxTangent weighs the k greatest elements of a group with 1/k each.
func reduceMaxTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, axes := op.Operands[0], attrsOf[AxesAttrs](op).Axes
	top := b.Cmp("eq", x, spreadAxes(b, op.Results[0], x.Type.Dims, axes))
	hit := floatOf(b, top, x.Type.Kind)
	share := reciprocal(b, b.Sum(hit, axes...))
	w := b.Mul(hit, spreadAxes(b, share, x.Type.Dims, axes))
	return []*Value{b.Sum(b.Mul(t[0], w), axes...)}
}

// prodTangent multiplies each tangent by the product of the elements before
// and the product of those after, two ordered loops over the reduced axes
// brought to the front as one. Dividing the product by the element would fail
// at zeros.
func prodTangent(b *Builder, op *Op, t []*Value) []*Value {
	axes := attrsOf[AxesAttrs](op).Axes
	dims := op.typeOf(0).Dims
	rest := without(dims, axes...)
	var n Dim
	front := func(v *Value) *Value {
		perm := append(append([]int{}, axes...), otherAxes(len(dims), axes)...)
		v = permute(b, v, perm)
		n = product(v.Type.Dims[:len(axes)])
		return reshape(b, v, dimsWith(n, rest))
	}
	x, dx := front(op.Operands[0]), front(t[0])
	products := func(reverse bool) *Value {
		start := b.Float(TensorOf(x.Type.Kind, rest...), 1)
		_, ys := b.Scan(n, []*Value{start}, []*Value{x}, reverse, func(carry, x []*Value) (next, ys []*Value) {
			return []*Value{b.Mul(carry[0], x[0])}, carry
		})
		return ys[0]
	}
	w := b.Mul(products(false), products(true))
	return []*Value{b.Sum(b.Mul(dx, w), 0)}
}

func reduceSamples(lo, hi float64) []Sample {
	l, h := []float64{lo}, []float64{hi}
	return []Sample{
		{Operands: []Type{vec(3)}, Attrs: AxesAttrs{[]int{0}}, Lo: l, Hi: h},
		{Operands: []Type{vec(2, 3)}, Attrs: AxesAttrs{[]int{0}}, Lo: l, Hi: h},
		{Operands: []Type{vec(2, 3, 2)}, Attrs: AxesAttrs{[]int{0, 2}}, Lo: l, Hi: h},
	}
}

func prodSamples() []Sample {
	zeros := func(at, want []float64) Singular { return Singular{[][]float64{at}, [][]float64{want}} }
	return append(reduceSamples(0.5, 2),
		Sample{Operands: []Type{vec(3)}, Attrs: AxesAttrs{[]int{0}}, Singular: []Singular{
			zeros([]float64{2, 0, 3}, []float64{0, 6, 0}),
			zeros([]float64{0, 0, 3}, []float64{0, 0, 0}),
			zeros([]float64{2, 4, 3}, []float64{12, 6, 8}),
		}},
		Sample{Operands: []Type{TensorOf(I64, N(2), N(3))}, Attrs: AxesAttrs{[]int{1}}})
}

func argmaxType(op *Op) ([]Type, error) {
	axis := attrsOf[AxisAttrs](op).Axis
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	if err := first(wantKind(op, 0, numberKinds), wantAxis(axis, t)); err != nil {
		return nil, err
	}
	if n, ok := t.Dims[axis].Const(); ok && n == 0 {
		return nil, fmt.Errorf("axis %d of %s is empty", axis, t)
	}
	return []Type{IndexOf(t.Dims[axis], without(t.Dims, axis)...)}, nil
}

func cumsumType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	return []Type{t}, first(wantKind(op, 0, numberKinds), wantAxis(attrsOf[CumAttrs](op).Axis, t))
}
