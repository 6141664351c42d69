package ir

import "fmt"

func init() {
	addRow(
		Row{
			Name: "select", Family: "ternary", Traits: Elementwise,
			Doc:  "The second operand where the first is true, else the third.",
			Type: selectType, Eval: evalSelect,
			Tangent: selectTangent, Linear: linearIn(false, true, true), Transpose: selectTranspose,
			Flops: flopsOut(1),
			Samples: func() []Sample {
				p := TensorOf(Bool, N(3))
				return []Sample{
					{Operands: []Type{p, vec(3), vec(3)}, Ints: [][]int64{{1, 0, 1}}},
					{Operands: []Type{p, TensorOf(I64, N(3)), TensorOf(I64, N(3))}},
					{Operands: []Type{p, IndexOf(N(5), N(3)), IndexOf(N(5), N(3))}},
				}
			},
		},
		Row{
			Name: "fma", Family: "ternary", Traits: Elementwise,
			Doc:     "x*y + z rounded once.",
			Type:    sameType(3, floatKinds),
			Scalar:  func(_ *Op, x []float64) float64 { return fma(x[0], x[1], x[2]) },
			Tangent: fmaTangent,
			Flops:   flopsOut(2),
			Samples: func() []Sample { return []Sample{{Operands: []Type{vec(3), vec(3), vec(3)}}} },
		},
		Row{
			Name: "cmp", Family: "logic", Traits: Elementwise | Flat, Attrs: CmpAttrs{},
			Doc:    "A comparison: eq ne lt le gt ge. With NaN all but ne are false.",
			Type:   cmpType,
			Scalar: func(op *Op, x []float64) float64 { return truth(compare(op, x[0], x[1])) },
			ScalarInt: func(op *Op, x []int64) (int64, error) {
				return int64(truth(compare(op, x[0], x[1]))), nil
			},
			Flops: flopsOut(1), Samples: cmpSamples,
		},
		logicRow("and", "Both.", Commutative, 2, func(x []int64) int64 { return x[0] & x[1] }),
		logicRow("or", "Either or both.", Commutative, 2, func(x []int64) int64 { return x[0] | x[1] }),
		logicRow("not", "The opposite.", 0, 1, func(x []int64) int64 { return 1 - x[0] }),
		Row{
			Name: "convert", Family: "logic", Traits: Elementwise, Attrs: ConvertAttrs{},
			Doc: "Another kind. Floats to integers truncate toward zero; what does not fit, and NaN, is an error. " +
				"To bool: whether it is not 0. Linear between floats, flat otherwise.",
			Type: convertType, Eval: evalConvert,
			Tangent:   convertTangent,
			Linear:    func(op *Op) []bool { return []bool{op.typeOf(0).IsFloat() && attrsOf[ConvertAttrs](op).K.IsFloat()} },
			Transpose: convertTranspose,
			Safe:      map[int]float64{0: 0},
			Total:     convertTotal,
			Flops:     flopsOut(1), Samples: convertSamples,
		},
	)
}

func logicRow(name, doc string, traits Trait, n int, f func([]int64) int64) Row {
	return Row{
		Name: name, Family: "logic", Traits: Elementwise | Flat | traits, Doc: doc,
		Type:      sameType(n, boolKind),
		ScalarInt: func(_ *Op, x []int64) (int64, error) { return f(x), nil },
		Flops:     flopsOut(1),
		Samples: func() []Sample {
			s := Sample{Ints: [][]int64{{0, 0, 1, 1}, {0, 1, 0, 1}}[:n]}
			for range n {
				s.Operands = append(s.Operands, TensorOf(Bool, N(4)))
			}
			return []Sample{s}
		},
	}
}

func selectType(op *Op) ([]Type, error) {
	if err := wantCount(op, 3); err != nil {
		return nil, err
	}
	p := TensorOf(Bool, op.typeOf(1).Dims...)
	return []Type{op.typeOf(1)}, first(wantSame(op, 2, 1), wantType(op, 0, p))
}

func selectTangent(b *Builder, op *Op, t []*Value) []*Value {
	if t[1] == nil && t[2] == nil {
		return []*Value{nil}
	}
	side := func(i int) *Value {
		if t[i] != nil {
			return t[i]
		}
		return b.ZeroTangent(op.typeOf(i))
	}
	return []*Value{b.Select(op.Operands[0], side(1), side(2))}
}

func selectTranspose(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
	p, zero := op.Operands[0], b.Zeros(ct[0].Type)
	if lin[1] {
		acc.Add(1, b.Select(p, ct[0], zero))
	}
	if lin[2] {
		acc.Add(2, b.Select(p, zero, ct[0]))
	}
}

func fmaTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, y := op.Operands[0], op.Operands[1]
	xy := addTangents(b,
		scale(b, t[0], func() *Value { return y }),
		scale(b, t[1], func() *Value { return x }))
	return []*Value{addTangents(b, xy, t[2])}
}

func cmpType(op *Op) ([]Type, error) {
	switch p := attrsOf[CmpAttrs](op).Pred; p {
	case "eq", "ne", "lt", "le", "gt", "ge":
	default:
		return nil, fmt.Errorf("no comparison %q; there are eq ne lt le gt ge", p)
	}
	ts, err := sameType(2, dataKinds)(op)
	if err != nil {
		return nil, err
	}
	return []Type{ts[0].WithKind(Bool)}, nil
}

func compare[T int64 | float64](op *Op, x, y T) bool {
	switch op.Attrs.(CmpAttrs).Pred {
	case "eq":
		return x == y
	case "ne":
		return x != y
	case "lt":
		return x < y
	case "le":
		return x <= y
	case "gt":
		return x > y
	}
	return x >= y
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func cmpSamples() []Sample {
	var out []Sample
	for _, p := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
		i := TensorOf(I32, N(3))
		out = append(out,
			Sample{Operands: []Type{vec(3), vec(3)}, Attrs: CmpAttrs{p}},
			Sample{Operands: []Type{i, i}, Attrs: CmpAttrs{p}, Ints: [][]int64{{1, 2, 3}, {2, 2, 2}}})
	}
	x := IndexOf(N(4), N(3))
	return append(out, Sample{Operands: []Type{x, x}, Attrs: CmpAttrs{"eq"}})
}

func convertType(op *Op) ([]Type, error) {
	a := attrsOf[ConvertAttrs](op)
	if err := first(wantCount(op, 1), wantKind(op, 0, dataKinds)); err != nil {
		return nil, err
	}
	if !dataKinds.has(a.K) {
		return nil, fmt.Errorf("nothing is converted to %s", a.K)
	}
	if (a.K == Index) == a.Bound.IsZero() {
		return nil, fmt.Errorf("a bound belongs to index, and to no other kind; got %s with bound %s", a.K, a.Bound)
	}
	return []Type{{Kind: a.K, Bound: a.Bound, Dims: op.typeOf(0).Dims}}, nil
}

// convertTotal holds for floats and bools, which take every number: a float
// rounds it, a bool asks whether it is 0. A bool is a number of any kind.
func convertTotal(op *Op) bool {
	k := attrsOf[ConvertAttrs](op).K
	return k.IsFloat() || k == Bool || op.typeOf(0).Kind == Bool && k != Index
}

func convertTangent(b *Builder, op *Op, t []*Value) []*Value {
	if !op.Results[0].Type.IsFloat() {
		return []*Value{nil}
	}
	return linearMap(b, op, t)
}

func convertTranspose(b *Builder, op *Op, _ []bool, ct []*Value, acc Accumulator) {
	acc.Add(0, b.One("convert", ConvertAttrs{K: op.typeOf(0).Kind}, ct[0]))
}

func convertSamples() []Sample {
	var out []Sample
	for _, from := range []Kind{F64, F32, I32, I64, U8, Bool} {
		for _, to := range []Kind{F64, F32, I32, I64, U8, Bool} {
			s := Sample{Operands: []Type{TensorOf(from, N(3))}, Attrs: ConvertAttrs{K: to}}
			s.Lo, s.Hi = []float64{0.1}, []float64{9.9}
			if from != Bool && !from.IsFloat() {
				s.Ints = [][]int64{{0, 7, 100}}
			}
			out = append(out, s)
		}
	}
	return append(out,
		Sample{Operands: []Type{IndexOf(N(4), N(3))}, Attrs: ConvertAttrs{K: F64}},
		Sample{Operands: []Type{TensorOf(I64, N(3))}, Attrs: ConvertAttrs{K: Index, Bound: N(4)}, Ints: [][]int64{{0, 3, 1}}})
}
