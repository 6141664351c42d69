package ir

import (
	"fmt"
	"math"
)

func init() {
	addRow(
		Row{
			Name: "add", Family: "binary", Traits: Elementwise | Commutative,
			Doc:       "x + y; on integers overflow is an error.",
			Type:      sameType(2, numberKinds),
			Scalar:    func(_ *Op, x []float64) float64 { return x[0] + x[1] },
			ScalarInt: func(op *Op, x []int64) (int64, error) { return addInt(op, x[0], x[1]) },
			Tangent: func(b *Builder, _ *Op, t []*Value) []*Value {
				return []*Value{addTangents(b, t[0], t[1])}
			},
			Linear: linearIn(true, true),
			Transpose: func(_ *Builder, _ *Op, lin []bool, ct []*Value, acc Accumulator) {
				for i, l := range lin {
					if l {
						acc.Add(i, ct[0])
					}
				}
			},
			Safe:  map[int]float64{0: 0, 1: 0},
			Flops: flopsOut(1), Samples: withInts(pair(-2, 2, -2, 2)),
		},
		Row{
			Name: "sub", Family: "binary", Traits: Elementwise,
			Doc:       "x - y; on integers overflow is an error.",
			Type:      sameType(2, numberKinds),
			Scalar:    func(_ *Op, x []float64) float64 { return x[0] - x[1] },
			ScalarInt: func(op *Op, x []int64) (int64, error) { return subInt(op, x[0], x[1]) },
			Tangent: func(b *Builder, _ *Op, t []*Value) []*Value {
				switch {
				case t[1] == nil:
					return []*Value{t[0]}
				case t[0] == nil:
					return []*Value{b.Neg(t[1])}
				}
				return []*Value{b.Sub(t[0], t[1])}
			},
			Linear: linearIn(true, true),
			Transpose: func(b *Builder, _ *Op, lin []bool, ct []*Value, acc Accumulator) {
				if lin[0] {
					acc.Add(0, ct[0])
				}
				if lin[1] {
					acc.Add(1, b.Neg(ct[0]))
				}
			},
			Safe:  map[int]float64{0: 0, 1: 0},
			Flops: flopsOut(1), Samples: withInts(pair(-2, 2, -2, 2)),
		},
		Row{
			Name: "mul", Family: "binary", Traits: Elementwise | Commutative | Bilinear,
			Doc:       "x * y; on integers overflow is an error.",
			Type:      sameType(2, numberKinds),
			Scalar:    func(_ *Op, x []float64) float64 { return x[0] * x[1] },
			ScalarInt: func(op *Op, x []int64) (int64, error) { return mulInt(op, x[0], x[1]) },
			Tangent: func(b *Builder, op *Op, t []*Value) []*Value {
				x, y := op.Operands[0], op.Operands[1]
				return []*Value{addTangents(b,
					scale(b, t[0], func() *Value { return y }),
					scale(b, t[1], func() *Value { return x }))}
			},
			Linear: linearIn(true, true),
			Transpose: func(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
				if lin[0] {
					acc.Add(0, b.Mul(ct[0], op.Operands[1]))
				} else {
					acc.Add(1, b.Mul(ct[0], op.Operands[0]))
				}
			},
			Safe:  map[int]float64{0: 0, 1: 0},
			Flops: flopsOut(1), Samples: withInts(pair(-2, 2, -2, 2)),
		},
		Row{
			Name: "div", Family: "binary", Traits: Elementwise | Domain,
			Doc:    "x / y; on integers rounded down, and division by 0 is an error.",
			Type:   sameType(2, numberKinds),
			Scalar: func(_ *Op, x []float64) float64 { return x[0] / x[1] },
			ScalarInt: func(op *Op, x []int64) (int64, error) {
				q, _, err := divInt(op, x[0], x[1])
				return q, err
			},
			Tangent: divTangent,
			Safe:    map[int]float64{0: 0, 1: 1},
			Flops:   flopsOut(1), Samples: divisors(pair(-2, 2, 0.5, 2)),
		},
		Row{
			Name: "rem", Family: "binary", Traits: Elementwise | Domain,
			Doc:    "x - y*floor(x/y), which has the sign of y; the derivative in y is -floor(x/y).",
			Type:   sameType(2, numberKinds),
			Scalar: func(_ *Op, x []float64) float64 { return floorMod(x[0], x[1]) },
			ScalarInt: func(op *Op, x []int64) (int64, error) {
				_, r, err := divInt(op, x[0], x[1])
				return r, err
			},
			Tangent: remTangent,
			Safe:    map[int]float64{0: 0, 1: 1},
			Flops:   flopsOut(4),
			Samples: divisors(func() []Sample {
				// x/y stays within (2, 3), where the floor does not jump
				return []Sample{
					{Operands: []Type{vec(3), vec(3)}, Lo: []float64{4.2, 1.9}, Hi: []float64{5.6, 2}},
					{Operands: []Type{vec(3), vec(3)}, Lo: []float64{4.2, -2}, Hi: []float64{5.6, -1.9}},
				}
			}),
		},
		Row{
			Name: "pow", Family: "binary", Traits: Elementwise | Domain,
			Doc: "x to the power y: 1 where y is 0, NaN for x < 0 unless y is whole. The derivative in x is 0 " +
				"at x = y = 0, the derivative in y is 0 wherever x is 0.",
			Type:    sameType(2, floatKinds),
			Scalar:  func(_ *Op, x []float64) float64 { return math.Pow(x[0], x[1]) },
			Tangent: powTangent,
			Flops:   flopsOut(2 * transcendental), Samples: powSamples,
		},
		Row{
			Name: "powi", Family: "binary", Traits: Elementwise | Domain, Attrs: NAttrs{},
			Doc:       "x to a constant whole power n, by multiplication; on integers n >= 0 and overflow is an error.",
			Type:      powiType,
			Scalar:    func(op *Op, x []float64) float64 { return powi(x[0], op.Attrs.(NAttrs).N) },
			ScalarInt: powiInt,
			Tangent:   powiTangent,
			Safe:      map[int]float64{0: 0},
			Flops:     flopsOut(4), Samples: powiSamples,
		},
		Row{
			Name: "max", Family: "binary", Traits: Elementwise | Commutative,
			Doc:       "The greater; NaN if either is; ties share the derivative equally.",
			Type:      sameType(2, numberKinds),
			Scalar:    func(_ *Op, x []float64) float64 { return maxFloat(x[0], x[1]) },
			ScalarInt: func(_ *Op, x []int64) (int64, error) { return max(x[0], x[1]), nil },
			Tangent:   maxTangent,
			Flops:     flopsOut(1),
			Samples: withInts(func() []Sample {
				s := pair(-2, 2, -2, 2)()
				tie := Singular{At: [][]float64{{1.5}, {1.5}}, Want: [][]float64{{0.5}, {0.5}}}
				return append(s, Sample{Operands: []Type{vec(), vec()}, Singular: []Singular{tie}})
			}),
		},
		Row{
			Name: "atan2", Family: "binary", Traits: Elementwise,
			Doc:     "The angle of the point with ordinate the first and abscissa the second operand; derivative 0 at the origin.",
			Type:    sameType(2, floatKinds),
			Scalar:  func(_ *Op, x []float64) float64 { return math.Atan2(x[0], x[1]) },
			Tangent: atan2Tangent,
			Flops:   flopsOut(2 * transcendental),
			Samples: func() []Sample {
				s := pair(0.2, 2, -2, 2)()
				origin := Singular{At: [][]float64{{0}, {0}}, Want: [][]float64{{0}, {0}}}
				return append(s, Sample{Operands: []Type{vec(), vec()}, Lo: []float64{0.2, 0.2}, Singular: []Singular{origin}})
			},
		},
	)
}

// d(x/y) = dx/y - (x/y)/y dy, with 1/y a primal value: a tangent is never
// divided.
func divTangent(b *Builder, op *Op, t []*Value) []*Value {
	inv := reciprocal(b, op.Operands[1])
	return []*Value{addTangents(b,
		scale(b, t[0], func() *Value { return inv }),
		scale(b, t[1], func() *Value { return b.Neg(b.Mul(op.Results[0], inv)) }))}
}

// remTangent takes floor(x/y) as the whole number next to (x - r)/y: the
// quotient itself may round to a whole number that the remainder does not match.
func remTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, y, r := op.Operands[0], op.Operands[1], op.Results[0]
	return []*Value{addTangents(b, t[0], scale(b, t[1], func() *Value {
		return b.Neg(b.One("round", nil, b.Div(b.Sub(x, r), y)))
	}))}
}

// powTangent guards operands, not results: a coefficient that is selected away
// but infinite would still make 0·inf in the transpose.
func powTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, y := op.Operands[0], op.Operands[1]
	zero, unit := constant(b, x, 0), constant(b, x, 1)
	atZero := b.Cmp("eq", x, zero)
	inX := scale(b, t[0], func() *Value {
		both := b.One("and", nil, atZero, b.Cmp("eq", y, zero))
		return b.Mul(y, b.One("pow", nil, b.Select(both, unit, x), b.Sub(y, unit)))
	})
	inY := scale(b, t[1], func() *Value {
		safe := b.Select(atZero, unit, x)
		return b.Mul(b.One("pow", nil, safe, y), b.One("log", nil, safe))
	})
	return []*Value{addTangents(b, inX, inY)}
}

func powiType(op *Op) ([]Type, error) {
	ts, err := sameType(1, numberKinds)(op)
	if n := attrsOf[NAttrs](op).N; err == nil && n < 0 && ts[0].Kind.IsInt() {
		err = fmt.Errorf("power %d of integers; it must not be negative", n)
	}
	return ts, err
}

func powiTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, n := op.Operands[0], attrsOf[NAttrs](op).N
	switch n {
	case 0:
		return []*Value{nil}
	case 1:
		return []*Value{t[0]}
	}
	c := x
	if n != 2 {
		c = b.One("powi", NAttrs{n - 1}, x)
	}
	return []*Value{b.Mul(t[0], b.Mul(constant(b, x, float64(n)), c))}
}

// maxTangent weighs both sides with 0, a half or 1.
func maxTangent(b *Builder, op *Op, t []*Value) []*Value {
	x, y := op.Operands[0], op.Operands[1]
	zero, half, unit := constant(b, x, 0), constant(b, x, 0.5), constant(b, x, 1)
	w := b.Select(b.Cmp("gt", x, y), unit, b.Select(b.Cmp("eq", x, y), half, zero))
	return []*Value{addTangents(b,
		scale(b, t[0], func() *Value { return w }),
		scale(b, t[1], func() *Value { return b.Sub(unit, w) }))}
}

// d atan2(y, x) = (x dy - y dx)/(x² + y²).
func atan2Tangent(b *Builder, op *Op, t []*Value) []*Value {
	y, x := op.Operands[0], op.Operands[1]
	s := b.Add(b.Mul(x, x), b.Mul(y, y))
	inv := reciprocal(b, b.Select(b.Cmp("eq", s, constant(b, s, 0)), constant(b, s, 1), s))
	return []*Value{addTangents(b,
		scale(b, t[0], func() *Value { return b.Mul(x, inv) }),
		scale(b, t[1], func() *Value { return b.Neg(b.Mul(y, inv)) }))}
}

// pair makes the sample of a function of two floats.
func pair(lo0, hi0, lo1, hi1 float64) func() []Sample {
	return func() []Sample {
		return []Sample{{Operands: []Type{vec(2, 3), vec(2, 3)}, Lo: []float64{lo0, lo1}, Hi: []float64{hi0, hi1}}}
	}
}

// divisors adds integer samples without a divisor 0, of all signs.
func divisors(f func() []Sample) func() []Sample {
	return func() []Sample {
		s := f()
		for _, k := range []Kind{I32, I64} {
			v := TensorOf(k, N(4))
			s = append(s, Sample{Operands: []Type{v, v}, Ints: [][]int64{{7, -7, 7, -7}, {2, 2, -2, -2}}})
		}
		return s
	}
}

func powSamples() []Sample {
	at := func(x, y, dx, dy float64) Singular {
		return Singular{At: [][]float64{{x}, {y}}, Want: [][]float64{{dx}, {dy}}}
	}
	s := pair(0.3, 2, -2, 3)()
	return append(s, Sample{
		Operands: []Type{vec(), vec()}, Lo: []float64{0.3, -2}, Hi: []float64{2, 3},
		Singular: []Singular{at(0, 0, 0, 0), at(0, 1, 1, 0), at(0, 2, 0, 0), at(0, 0.5, math.Inf(1), 0), at(2, 0, 0, math.Ln2)},
	})
}

func powiSamples() []Sample {
	var out []Sample
	for _, n := range []int64{0, 1, 2, 3, 7, -1, -2} {
		s := Sample{Operands: []Type{vec(3)}, Attrs: NAttrs{n}, Lo: []float64{0.5}, Hi: []float64{1.5}}
		if n > 1 {
			s.Lo = []float64{-1.5}
			s.Singular = []Singular{{At: [][]float64{{0, 0, 0}}, Want: [][]float64{{0, 0, 0}}}}
		}
		out = append(out, s)
	}
	for _, k := range []Kind{I32, I64} {
		out = append(out, Sample{Operands: []Type{TensorOf(k, N(3))}, Attrs: NAttrs{3}})
	}
	return out
}
