package ir

import "fmt"

// The rows of touched rows: what the pass `touch` makes of a gradient that is
// a sum by key. They come after all derivatives.

func init() {
	addRow(
		Row{
			Name: "first_of", Family: "indexed", Traits: Flat,
			Doc:  "By position along the last axis, the first position with the same index.",
			Type: firstOfType, Eval: evalFirstOf,
			Batch: batchShift(func(*Op, Dim) Attrs { return nil }),
			Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{IndexOf(N(4), N(5))}, Ints: [][]int64{{2, 0, 2, 2, 0}}},
					{Operands: []Type{IndexOf(N(3), N(2), N(4))}},
				}
			},
		},
		Row{
			Name: "row_write", Family: "indexed", Traits: Opaque, Attrs: GatherAttrs{},
			Doc: "The first operand with the slices of the third in the place of those that the second, an index along one axis, " +
				"names; of equal indices the first counts. Whatever else reads the first operand stands before.",
			Type: scatterType, Eval: evalRowWrite,
			Batch: scatterBatch,
			Flops: flopsNone, Samples: scatterSamples,
		},
	)
}

func firstOfType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	t := op.typeOf(0)
	if t.Kind != Index || t.Rank() == 0 {
		return nil, fmt.Errorf("operand 0 is %s; it must be an index with dimensions", t)
	}
	return []Type{IndexOf(t.Dims[t.Rank()-1], t.Dims...)}, nil
}

func evalFirstOf(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	n := in[0].Shape[len(in[0].Shape)-1]
	for at := 0; at < len(out.I); at += n {
		seen := map[int64]int64{}
		for j, k := range in[0].I[at : at+n] {
			if _, ok := seen[k]; !ok {
				seen[k] = int64(j)
			}
			out.I[at+j] = seen[k]
		}
	}
	return []*Tensor{out}, nil
}

func evalRowWrite(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, upd := in[0].clone(), in[2]
	done := make([]bool, max(len(out.F), len(out.I)))
	err := e.indexed(op, in[0], in[1], func(i, j int) {
		if !done[j] {
			done[j] = true
			out.copy(j, upd, i)
		}
	})
	return []*Tensor{out}, err
}
