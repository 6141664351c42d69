package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "key_fold", Family: "random", Traits: Elementwise | Flat,
			Doc:  "A new key from a key and a number: Mix(key, number).",
			Type: keyFoldType,
			ScalarInt: func(_ *Op, x []int64) (int64, error) {
				return int64(Mix(uint64(x[0]), uint64(x[1]))), nil
			},
			Flops: flopsOut(transcendental),
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{ScalarOf(Key), ScalarOf(I64)}},
					{Operands: []Type{TensorOf(Key, N(3)), IndexOf(N(5), N(3))}},
				}
			},
		},
		Row{
			Name: "uniform", Family: "random", Traits: Flat, Attrs: UniformAttrs{},
			Doc:  "Uniform numbers in (0,1), as many for each key as the dims say: element i of a key is drawn from Mix(key, i).",
			Type: uniformType, Eval: evalUniform,
			// a batch of keys is only more keys
			Batch: func(b *Builder, op *Op, in []*Value, on []bool, _ Dim, _ bool) ([]*Value, []bool) {
				return rebuild(b, op, in), []bool{on[0]}
			},
			Flops: flopsOut(transcendental),
			Samples: func() []Sample {
				return []Sample{
					{Operands: []Type{ScalarOf(Key)}, Attrs: UniformAttrs{F64, dimsOf(4)}},
					{Operands: []Type{TensorOf(Key, N(2))}, Attrs: UniformAttrs{F32, dimsOf(2, 2)}},
				}
			},
		},
	)
}

func keyFoldType(op *Op) ([]Type, error) {
	if err := wantCount(op, 2); err != nil {
		return nil, err
	}
	k, n := op.typeOf(0), op.typeOf(1)
	if err := first(wantKind(op, 0, keyKind), wantKind(op, 1, intKinds|indexKind)); err != nil {
		return nil, err
	}
	if !k.SameDims(n) {
		return nil, fmt.Errorf("operand 1 is %s but the key is %s; the dimensions must be the same", n, k)
	}
	return []Type{k}, nil
}

func uniformType(op *Op) ([]Type, error) {
	a := attrsOf[UniformAttrs](op)
	if err := wantCount(op, 1); err != nil {
		return nil, err
	}
	if !a.K.IsFloat() {
		return nil, fmt.Errorf("uniform numbers of kind %s; it must be %s", a.K, floatKinds)
	}
	dims := append(append([]Dim{}, op.typeOf(0).Dims...), a.Dims...)
	return []Type{TensorOf(a.K, dims...)}, wantKind(op, 0, keyKind)
}
