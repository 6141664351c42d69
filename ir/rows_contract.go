package ir

func init() {
	addRow(
		Row{
			Name: "stop", Family: "contract", Traits: Elementwise | Flat, Attrs: StopAttrs{},
			Doc:  "The operand, with derivative 0: a cut that the program asks for.",
			Type: sameType(1, allKinds), Eval: evalIdentity,
			Flops:   flopsNone,
			Samples: func() []Sample { return []Sample{{Operands: []Type{vec(3)}, Attrs: StopAttrs{"test"}}} },
		},
		Row{
			Name: "opaque", Family: "contract", Traits: Elementwise | Opaque,
			Doc:  "The operand; asking for its derivative is an error.",
			Type: sameType(1, allKinds), Eval: evalIdentity,
			Flops:   flopsNone,
			Samples: func() []Sample { return []Sample{{Operands: []Type{vec(3)}}} },
		},
		Row{
			Name: "assert", Family: "contract", Traits: Flat | Effect, Attrs: AssertAttrs{},
			Doc:  "An error with its message unless every element is true.",
			Type: assertType, Eval: evalAssert,
			Batch: func(b *Builder, op *Op, in []*Value, _ []bool, _ Dim, _ bool) ([]*Value, []bool) {
				return rebuild(b, op, in), nil
			},
			Safe:  map[int]float64{0: 1},
			Flops: flopsIn(0, 1),
			Samples: func() []Sample {
				return []Sample{{Operands: []Type{TensorOf(Bool, N(3))}, Attrs: AssertAttrs{"false"}, Ints: [][]int64{{1, 1, 1}}}}
			},
		},
	)
}

func assertType(op *Op) ([]Type, error) {
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	return []Type{}, wantKind(op, 0, boolKind)
}
