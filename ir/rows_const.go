package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "const", Family: "constant", Attrs: ConstAttrs{},
			Doc:    "A constant tensor; one element given stands for all.",
			Traits: Flat, Type: constType, Eval: evalConst,
			Batch: batchNone, Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{
					{Attrs: ConstAttrs{T: vec(2, 2), F: []float64{1, 2, 3, 4}}},
					{Attrs: ConstAttrs{T: vec(3), F: []float64{0.5}}},
					{Attrs: ConstAttrs{T: IndexOf(N(3), N(2)), I: []int64{2, 0}}},
					{Attrs: ConstAttrs{T: ScalarOf(Bool), I: []int64{1}}},
				}
			},
		},
		Row{
			Name: "iota", Family: "constant", Attrs: IotaAttrs{},
			Doc:    "The vector 0, 1, … of all values of index<N>.",
			Traits: Flat, Type: iotaType, Eval: evalIota,
			Batch: batchNone, Flops: flopsNone,
			Samples: func() []Sample { return []Sample{{Attrs: IotaAttrs{N(4)}}} },
		},
		Row{
			Name: "size", Family: "constant", Attrs: SizeAttrs{},
			Doc:    "The actual size of a dimension as a scalar number.",
			Traits: Flat, Type: sizeType, Eval: evalSize,
			Batch: batchNone, Flops: flopsNone,
			Samples: func() []Sample {
				return []Sample{{Attrs: SizeAttrs{N(4), F64}}, {Attrs: SizeAttrs{N(4), I64}}}
			},
		},
	)
}

func constType(op *Op) ([]Type, error) {
	a := attrsOf[ConstAttrs](op)
	if err := wantCount(op, 0); err != nil {
		return nil, err
	}
	if a.T.Kind == NoKind {
		return nil, fmt.Errorf("no type given")
	}
	n := len(a.I)
	if a.T.IsFloat() {
		n = len(a.F)
	}
	if len(a.F)+len(a.I) != n {
		return nil, fmt.Errorf("elements of another kind than %s", a.T)
	}
	if n != 1 {
		size, ok := product(a.T.Dims).Const()
		if !ok || size != int64(n) {
			return nil, fmt.Errorf("%s given for %s", counted(n, "element"), a.T)
		}
	}
	return []Type{a.T}, constRange(a)
}

// constRange checks what can be known of values of a narrow kind.
func constRange(a ConstAttrs) error {
	for i, x := range a.I {
		if a.T.Kind == Key {
			continue
		}
		if a.T.Kind == Bool {
			if x != 0 && x != 1 {
				return fmt.Errorf("element %d is %d, not a bool", i, x)
			}
			continue
		}
		if a.T.Kind == Index {
			bound, ok := a.T.Bound.Const()
			if x < 0 || ok && x >= bound {
				return fmt.Errorf("element %d is %d, outside %s", i, x, a.T.Elem())
			}
			continue
		}
		if err := fits(a.T.Kind, x); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func evalConst(e *Evaluator, op *Op, _ []*Tensor) ([]*Tensor, error) {
	a := attrsOf[ConstAttrs](op)
	out, err := e.alloc(a.T)
	if err != nil {
		return nil, err
	}
	for i := range out.F {
		out.F[i] = a.F[min(i, len(a.F)-1)]
	}
	for i := range out.I {
		out.I[i] = a.I[min(i, len(a.I)-1)]
	}
	return []*Tensor{out}, nil
}

func iotaType(op *Op) ([]Type, error) {
	n := attrsOf[IotaAttrs](op).N
	if n.IsZero() {
		return nil, fmt.Errorf("no dimension given")
	}
	return []Type{IndexOf(n, n)}, wantCount(op, 0)
}

func evalIota(e *Evaluator, op *Op, _ []*Tensor) ([]*Tensor, error) {
	n := attrsOf[IotaAttrs](op).N
	out, err := e.alloc(IndexOf(n, n))
	if err != nil {
		return nil, err
	}
	for i := range out.I {
		out.I[i] = int64(i)
	}
	return []*Tensor{out}, nil
}

func sizeType(op *Op) ([]Type, error) {
	a := attrsOf[SizeAttrs](op)
	if a.N.IsZero() || !numberKinds.has(a.K) {
		return nil, fmt.Errorf("size of %s as %s; the kind must be %s", a.N, a.K, numberKinds)
	}
	return []Type{ScalarOf(a.K)}, wantCount(op, 0)
}

func evalSize(e *Evaluator, op *Op, _ []*Tensor) ([]*Tensor, error) {
	a := attrsOf[SizeAttrs](op)
	n, err := e.size(a.N)
	if err != nil {
		return nil, err
	}
	return []*Tensor{scalarTensor(a.K, int64(n))}, nil
}

// scalarTensor is the whole number n as a scalar of kind k.
func scalarTensor(k Kind, n int64) *Tensor {
	out := NewTensor(ScalarOf(k))
	if k.IsFloat() {
		out.F[0] = float64(n)
	} else {
		out.I[0] = n
	}
	return out
}
