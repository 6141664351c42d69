package ir

import (
	"fmt"
	"math"
)

// A transcendental function counts as this many operations in Flops: about
// what one costs beside an addition in vector code.
const transcendental = 10

func init() {
	addRow(
		Row{
			Name: "neg", Family: "unary", Traits: Elementwise,
			Doc:    "-x. On integers, minus the least value overflows.",
			Type:   sameType(1, numberKinds),
			Scalar: one(func(x float64) float64 { return -x }), ScalarInt: negInt,
			Tangent: linearMap, Linear: linearIn(true),
			Transpose: func(b *Builder, _ *Op, _ []bool, ct []*Value, acc Accumulator) { acc.Add(0, b.Neg(ct[0])) },
			Safe:      map[int]float64{0: 0},
			Flops:     flopsOut(1), Samples: withInts(around(-2, 2)),
		},
		Row{
			Name: "abs", Family: "unary", Traits: Elementwise,
			Doc:    "|x|, with derivative 0 at 0.",
			Type:   sameType(1, numberKinds),
			Scalar: one(math.Abs), ScalarInt: absInt,
			Tangent: slope(func(b *Builder, x, _ *Value) *Value { return b.One("sign", nil, x) }),
			Safe:    map[int]float64{0: 0},
			Flops:   flopsOut(1), Samples: withInts(kink(0.1, 2, 0, 0)),
		},
		Row{
			Name: "sqrt", Family: "unary", Traits: Elementwise | Domain,
			Doc:    "Square root, NaN below 0, with derivative +inf at 0.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Sqrt),
			Tangent: slope(func(b *Builder, _, y *Value) *Value {
				return b.Div(constant(b, y, 0.5), y)
			}),
			Flops: flopsOut(1), Samples: kink(0.1, 4, 0, math.Inf(1)),
		},
		Row{
			Name: "exp", Family: "unary", Traits: Elementwise,
			Doc:     "e to the power x.",
			Type:    sameType(1, floatKinds),
			Scalar:  one(math.Exp),
			Tangent: slope(func(_ *Builder, _, y *Value) *Value { return y }),
			Flops:   flopsOut(transcendental), Samples: around(-2, 2),
		},
		Row{
			Name: "expm1", Family: "unary", Traits: Elementwise,
			Doc:    "exp(x) - 1, exact near 0.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Expm1),
			// not y + 1, which cancels for very negative x
			Tangent: slope(func(b *Builder, x, _ *Value) *Value { return b.One("exp", nil, x) }),
			Flops:   flopsOut(transcendental), Samples: kink(-2, 2, 0, 1),
		},
		Row{
			Name: "log", Family: "unary", Traits: Elementwise | Domain,
			Doc:     "Natural logarithm, -inf at 0, NaN below.",
			Type:    sameType(1, floatKinds),
			Scalar:  one(math.Log),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value { return reciprocal(b, x) }),
			Flops:   flopsOut(transcendental), Samples: kink(0.2, 4, 0, math.Inf(1)),
		},
		Row{
			Name: "log1p", Family: "unary", Traits: Elementwise | Domain,
			Doc:    "log(1 + x), exact near 0.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Log1p),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value {
				return reciprocal(b, b.Add(constant(b, x, 1), x))
			}),
			Flops: flopsOut(transcendental), Samples: kink(-0.7, 4, 0, 1),
		},
		Row{
			Name: "sin", Family: "unary", Traits: Elementwise,
			Doc:     "Sine, of radians.",
			Type:    sameType(1, floatKinds),
			Scalar:  one(math.Sin),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value { return b.One("cos", nil, x) }),
			Flops:   flopsOut(transcendental), Samples: around(-4, 4),
		},
		Row{
			Name: "cos", Family: "unary", Traits: Elementwise,
			Doc:     "Cosine, of radians.",
			Type:    sameType(1, floatKinds),
			Scalar:  one(math.Cos),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value { return b.Neg(b.One("sin", nil, x)) }),
			Flops:   flopsOut(transcendental), Samples: around(-4, 4),
		},
		Row{
			Name: "tanh", Family: "unary", Traits: Elementwise,
			Doc:    "Hyperbolic tangent.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Tanh),
			Tangent: slope(func(b *Builder, _, y *Value) *Value {
				return b.Sub(constant(b, y, 1), b.Mul(y, y))
			}),
			Flops: flopsOut(transcendental), Samples: around(-2, 2),
		},
		Row{
			Name: "logistic", Family: "unary", Traits: Elementwise,
			Doc:    "1 / (1 + exp(-x)), without overflow.",
			Type:   sameType(1, floatKinds),
			Scalar: one(logistic),
			Tangent: slope(func(b *Builder, _, y *Value) *Value {
				return b.Mul(y, b.Sub(constant(b, y, 1), y))
			}),
			Flops: flopsOut(transcendental), Samples: around(-3, 3),
		},
		Row{
			Name: "erf", Family: "unary", Traits: Elementwise,
			Doc:    "The error function.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Erf),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value {
				return b.Mul(constant(b, x, 2/math.Sqrt(math.Pi)), b.One("exp", nil, b.Neg(b.Mul(x, x))))
			}),
			Flops: flopsOut(transcendental), Samples: around(-2, 2),
		},
		Row{
			Name: "lgamma", Family: "unary", Traits: Elementwise | Domain,
			Doc:    "log |Gamma(x)|, +inf at 0, the negative whole numbers and the infinities.",
			Type:   sameType(1, floatKinds),
			Scalar: one(lgamma),
			Tangent: slope(func(b *Builder, x, _ *Value) *Value {
				return b.One("polygamma", NAttrs{0}, x)
			}),
			Flops: flopsOut(2 * transcendental), Samples: around(0.3, 6),
		},
		Row{
			Name: "polygamma", Family: "unary", Traits: Elementwise | Domain, Attrs: NAttrs{},
			Doc:    "Derivative number n + 1 of lgamma; n = 0 is digamma.",
			Type:   polygammaType,
			Scalar: func(op *Op, x []float64) float64 { return polygamma(int(op.Attrs.(NAttrs).N), x[0]) },
			Tangent: func(b *Builder, op *Op, t []*Value) []*Value {
				n := attrsOf[NAttrs](op).N
				return []*Value{b.Mul(t[0], b.One("polygamma", NAttrs{n + 1}, op.Operands[0]))}
			},
			Flops: flopsOut(4 * transcendental), Samples: polygammaSamples,
		},
		Row{
			Name: "floor", Family: "unary", Traits: Elementwise | Flat,
			Doc:    "The greatest whole number not above x.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.Floor),
			Flops:  flopsOut(1), Samples: around(-3, 3),
		},
		Row{
			Name: "round", Family: "unary", Traits: Elementwise | Flat,
			Doc:    "The nearest whole number, the even one of two.",
			Type:   sameType(1, floatKinds),
			Scalar: one(math.RoundToEven),
			Flops:  flopsOut(1), Samples: around(-3, 3),
		},
		Row{
			Name: "sign", Family: "unary", Traits: Elementwise | Flat,
			Doc:    "-1, 0 or 1; NaN stays.",
			Type:   sameType(1, numberKinds),
			Scalar: one(sign),
			ScalarInt: func(_ *Op, x []int64) (int64, error) {
				return int64(sign(float64(x[0]))), nil
			},
			Flops: flopsOut(1), Samples: withInts(around(-3, 3)),
		},
	)
}

// one makes Scalar of a function of one number.
func one(f func(float64) float64) func(*Op, []float64) float64 {
	return func(_ *Op, x []float64) float64 { return f(x[0]) }
}

// slope makes the tangent rule t * f'(x) from f', built of operand and result.
func slope(f func(b *Builder, x, y *Value) *Value) func(*Builder, *Op, []*Value) []*Value {
	return func(b *Builder, op *Op, t []*Value) []*Value {
		return []*Value{b.Mul(t[0], f(b, op.Operands[0], op.Results[0]))}
	}
}

// reciprocal is 1/x.
func reciprocal(b *Builder, x *Value) *Value { return b.Div(constant(b, x, 1), x) }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0, -0 and NaN
}

// logistic avoids exp of a large number.
func logistic(x float64) float64 {
	if x < 0 {
		y := math.Exp(x)
		return y / (1 + y)
	}
	return 1 / (1 + math.Exp(-x))
}

func negInt(op *Op, x []int64) (int64, error) {
	if x[0] == math.MinInt64 {
		return 0, overflow(op, "-(%d)", x[0])
	}
	return checked(op, -x[0], "-(%d)", x[0])
}

func absInt(op *Op, x []int64) (int64, error) {
	if x[0] < 0 {
		return negInt(op, x)
	}
	return x[0], nil
}

func polygammaType(op *Op) ([]Type, error) {
	if n := attrsOf[NAttrs](op).N; n < 0 || n > 100 {
		return nil, fmt.Errorf("order %d; it must be 0 to 100", n)
	}
	return sameType(1, floatKinds)(op)
}

// around makes the sample of a function of one float.
func around(lo, hi float64) func() []Sample {
	return func() []Sample {
		return []Sample{{Operands: []Type{vec(2, 3)}, Lo: []float64{lo}, Hi: []float64{hi}}}
	}
}

// kink is around with the derivative documented for one singular point.
func kink(lo, hi, at, want float64) func() []Sample {
	return func() []Sample {
		s := around(lo, hi)()
		return append(s, Sample{Operands: []Type{vec()}, Lo: []float64{lo}, Hi: []float64{hi},
			Singular: []Singular{{At: [][]float64{{at}}, Want: [][]float64{{want}}}}})
	}
}

// withInts adds a sample on each integer kind, with as many operands.
func withInts(f func() []Sample) func() []Sample {
	return func() []Sample {
		s := f()
		for _, k := range []Kind{I32, I64} {
			var ts []Type
			for range s[0].Operands {
				ts = append(ts, TensorOf(k, N(4)))
			}
			s = append(s, Sample{Operands: ts})
		}
		return s
	}
}

func polygammaSamples() []Sample {
	var out []Sample
	for n := int64(0); n < 4; n++ {
		out = append(out,
			Sample{Operands: []Type{vec(3)}, Attrs: NAttrs{n}, Lo: []float64{0.5}, Hi: []float64{5}},
			Sample{Operands: []Type{vec()}, Attrs: NAttrs{n}, Lo: []float64{-1.7}, Hi: []float64{-1.3}})
	}
	return out
}
