package ir

import "fmt"

// Rows that see the other rows of a batch. In a function of one row they are
// identities (cross_count is 1). A batch over rows turns them into reductions
// whose result is one for all rows, even where their operand does not depend
// on the row: the sum of a number over n rows is n times it, and cross_count
// has no operand at all. So `batch` must call their rule in any case
// (CrossRow). Any other batch goes past them: they stay, over more elements.

func init() {
	addRow(
		Row{
			Name: "cross_sum", Family: "cross-row", Traits: CrossRow,
			Doc:  "Sum over the rows of the batch; by itself, of one row, the operand.",
			Type: sameType(1, numberKinds), Eval: evalIdentity,
			Tangent: linearMap, Linear: linearIn(true),
			// every row's sum holds every row's operand, so the transpose is the same
			Transpose: func(b *Builder, _ *Op, _ []bool, ct []*Value, acc Accumulator) {
				acc.Add(0, b.One("cross_sum", nil, ct[0]))
			},
			Batch: crossSumBatch,
			Safe:  map[int]float64{0: 0},
			Flops: flopsIn(0, 1), Samples: crossSamples,
		},
		Row{
			Name: "cross_max", Family: "cross-row", Traits: CrossRow,
			Doc:  "Greatest over the rows of the batch; ties share the derivative equally; by itself, of one row, the operand.",
			Type: sameType(1, numberKinds), Eval: evalIdentity,
			Tangent: crossMaxTangent,
			Batch:   crossMaxBatch,
			Flops:   flopsIn(0, 1), Samples: crossSamples,
		},
		Row{
			Name: "cross_count", Family: "cross-row", Traits: CrossRow | Flat, Attrs: KindAttrs{},
			Doc:  "The number of rows of the batch; by itself, of one row, 1.",
			Type: crossCountType,
			Eval: func(_ *Evaluator, op *Op, _ []*Tensor) ([]*Tensor, error) {
				return []*Tensor{scalarTensor(attrsOf[KindAttrs](op).K, 1)}, nil
			},
			Batch: func(b *Builder, op *Op, in []*Value, on []bool, d Dim, rows bool) ([]*Value, []bool) {
				if !rows {
					return batchNone(b, op, in, on, d, rows)
				}
				return b.Op("size", SizeAttrs{d, attrsOf[KindAttrs](op).K}), make([]bool, 1)
			},
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{{Attrs: KindAttrs{F64}}, {Attrs: KindAttrs{I64}}}
			},
		},
	)
}

func crossCountType(op *Op) ([]Type, error) {
	k := attrsOf[KindAttrs](op).K
	if !numberKinds.has(k) {
		return nil, fmt.Errorf("a count of kind %s; it must be %s", k, numberKinds)
	}
	return []Type{ScalarOf(k)}, wantCount(op, 0)
}

func crossSumBatch(b *Builder, op *Op, in []*Value, on []bool, d Dim, rows bool) ([]*Value, []bool) {
	x := in[0]
	switch {
	case !rows:
		return rebuild(b, op, in), []bool{on[0]}
	case on[0]:
		return []*Value{b.Sum(x, 0)}, []bool{false}
	}
	n := b.One("size", SizeAttrs{d, x.Type.Kind})
	return []*Value{b.Mul(x, b.Spread(n, x.Type.Dims...))}, []bool{false}
}

func crossMaxBatch(b *Builder, op *Op, in []*Value, on []bool, _ Dim, rows bool) ([]*Value, []bool) {
	switch {
	case !rows:
		return rebuild(b, op, in), []bool{on[0]}
	case on[0]:
		return b.Op("reduce_max", AxesAttrs{[]int{0}}, in[0]), []bool{false}
	}
	return []*Value{in[0]}, []bool{false}
}

// crossMaxTangent is that of reduce_max with the sum over rows for the sum
// along axes.
func crossMaxTangent(b *Builder, op *Op, t []*Value) []*Value {
	x := op.Operands[0]
	hit := floatOf(b, b.Cmp("eq", x, op.Results[0]), x.Type.Kind)
	w := b.Mul(hit, reciprocal(b, b.One("cross_sum", nil, hit)))
	return []*Value{b.One("cross_sum", nil, b.Mul(t[0], w))}
}

func crossSamples() []Sample {
	return []Sample{{Operands: []Type{vec()}}, {Operands: []Type{vec(3)}}, {Operands: []Type{TensorOf(I64, N(2))}}}
}
