package ir

import "math"

// evalElementwise runs rows whose meaning is Scalar or ScalarInt.
func evalElementwise(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	if in[0].Type.IsFloat() {
		x := make([]float64, len(in))
		for i := range in[0].F {
			for j, t := range in {
				x[j] = t.F[i]
			}
			y := op.Row.Scalar(op, x)
			if out.Type.IsFloat() {
				out.F[i] = y
			} else {
				out.I[i] = int64(y)
			}
		}
		return []*Tensor{out}, nil
	}
	x := make([]int64, len(in))
	for i := range in[0].I {
		for j, t := range in {
			x[j] = t.I[i]
		}
		y, err := op.Row.ScalarInt(op, x)
		if err != nil {
			if err = e.fault(op, out.Type, len(out.I), i, "%v", err); err != nil {
				return nil, err
			}
		}
		out.I[i] = y
	}
	return []*Tensor{out}, nil
}

func evalIdentity(_ *Evaluator, _ *Op, in []*Tensor) ([]*Tensor, error) { return in[:1], nil }

func evalSelect(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	for i, p := range in[0].I {
		out.copy(i, in[2-p], i)
	}
	return []*Tensor{out}, nil
}

// copy sets element i to element j of x, which has the same kind.
func (t *Tensor) copy(i int, x *Tensor, j int) {
	if t.F != nil {
		t.F[i] = x.F[j]
	} else {
		t.I[i] = x.I[j]
	}
}

func evalConvert(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	bound := int64(math.MaxInt64)
	if out.Type.Kind == Index {
		n, err := e.size(out.Type.Bound)
		if err != nil {
			return nil, err
		}
		bound = int64(n)
	}
	x, n := in[0], in[0].Len()
	for i := 0; i < n; i++ {
		switch {
		case x.Type.IsFloat() && out.Type.IsFloat():
			out.F[i] = x.F[i]
		case out.Type.IsFloat():
			out.F[i] = float64(x.I[i])
		default:
			y, msg := toInt(out.Type.Kind, bound, x, i)
			if msg != "" {
				if err := e.fault(op, out.Type, n, i, "%s", msg); err != nil {
					return nil, err
				}
				y = 0
			}
			out.I[i] = y
		}
	}
	return []*Tensor{out}, nil
}

func evalAssert(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	for i, p := range in[0].I {
		if p == 0 {
			if err := e.fault(op, in[0].Type, len(in[0].I), i, "%s", op.Attrs.(AssertAttrs).Message); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// fma rounds once in f64, which for operands in f32 is one rounding short of
// exact; the tolerance of comparisons covers that.
func fma(x, y, z float64) float64 { return math.FMA(x, y, z) }
