package ir

import (
	"fmt"
	"math"
)

// reduceSteps is, over the shape of the operand, the strides of the result
// (0 along the reduced axes).
func reduceSteps(shape, axes []int) []int {
	var kept []int
	rest := otherAxes(len(shape), axes)
	for _, a := range rest {
		kept = append(kept, shape[a])
	}
	out := make([]int, len(shape))
	for i, s := range strides(kept) {
		out[rest[i]] = s
	}
	return out
}

// reduced folds the operand into the result: step gets offsets in both.
func (e *Evaluator) reduced(op *Op, x *Tensor, startF float64, startI int64, step func(out *Tensor, i, j int) error) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	for i := range out.F {
		out.F[i] = startF
	}
	for i := range out.I {
		out.I[i] = startI
	}
	each(x.Shape, func(at []int) {
		if err == nil {
			err = step(out, at[0], at[1])
		}
	}, reduceSteps(x.Shape, op.Attrs.(AxesAttrs).Axes), strides(x.Shape))
	return []*Tensor{out}, err
}

// evalReduceSum adds in order. In full precision it also keeps what each
// addition loses (Neumaier 1974), so that the judge of other orders is not
// further off than they are.
func evalReduceSum(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	if in[0].Type.IsFloat() && !e.Round {
		return e.reducedExactly(op, in[0])
	}
	return e.reduced(op, in[0], 0, 0, func(out *Tensor, i, j int) error {
		return e.accumulate(op, out, i, in[0], j)
	})
}

func (e *Evaluator) reducedExactly(op *Op, x *Tensor) ([]*Tensor, error) {
	var lost []float64
	out, err := e.reduced(op, x, 0, 0, func(out *Tensor, i, j int) error {
		if lost == nil {
			lost = make([]float64, len(out.F))
		}
		s, v := out.F[i], x.F[j]
		t := s + v
		if math.Abs(s) < math.Abs(v) {
			s, v = v, s
		}
		out.F[i] = t
		if !math.IsInf(t, 0) {
			lost[i] += (s - t) + v
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, l := range lost {
		out[0].F[i] += l
	}
	return out, nil
}

func evalReduceProd(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	x := in[0]
	return e.reduced(op, x, 1, 1, func(out *Tensor, i, j int) error {
		if out.F != nil {
			out.F[i] *= x.F[j]
			e.settle(out, i)
			return nil
		}
		p, err := mulInt(op, out.I[i], x.I[j])
		if err != nil {
			return e.fault(op, out.Type, len(out.I), i, "%v", err)
		}
		out.I[i] = p
		return nil
	})
}

func evalReduceMax(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	x, least := in[0], int64(math.MinInt64)
	if x.Type.Kind == Bool {
		least = 0
	}
	out, err := e.reduced(op, x, math.Inf(-1), least, func(out *Tensor, i, j int) error {
		if out.F != nil {
			out.F[i] = maxFloat(out.F[i], x.F[j])
		} else {
			out.I[i] = max(out.I[i], x.I[j])
		}
		return nil
	})
	if err == nil && x.Type.Kind.IsInt() && x.Len() == 0 && out[0].Len() > 0 {
		err = &EvalError{op, -1, "the greatest of no integers"}
	}
	return out, err
}

func evalArgmax(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	x, axis := in[0], op.Attrs.(AxisAttrs).Axis
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	n, step := x.Shape[axis], strides(x.Shape)
	if n == 0 && out.Len() > 0 {
		return nil, &EvalError{op, -1, fmt.Sprintf("the greatest along axis %d of size 0", axis)}
	}
	base := append(append([]int{}, step[:axis]...), step[axis+1:]...)
	each(out.Shape, func(at []int) {
		best := 0
		for k := 1; k < n; k++ {
			if x.above(at[1]+k*step[axis], at[1]+best*step[axis]) {
				best = k
			}
		}
		out.I[at[0]] = int64(best)
	}, strides(out.Shape), base)
	return []*Tensor{out}, nil
}

// above reports whether element i is greater than element j; NaN is above all numbers.
func (t *Tensor) above(i, j int) bool {
	if t.F == nil {
		return t.I[i] > t.I[j]
	}
	return t.F[i] > t.F[j] || math.IsNaN(t.F[i]) && !math.IsNaN(t.F[j])
}

func evalCumsum(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a, x := op.Attrs.(CumAttrs), in[0]
	sums := NewTensor(x.Type, x.Shape...)
	step := strides(x.Shape)
	n, s := x.Shape[a.Axis], step[a.Axis]
	lines := append([]int{}, x.Shape...)
	lines[a.Axis] = min(n, 1)
	var err error
	each(lines, func(at []int) {
		line := NewTensor(x.Type.Elem()) // running sum
		for k := 0; k < n && err == nil; k++ {
			i := at[0] + k*s
			if a.Reverse {
				i = at[0] + (n-1-k)*s
			}
			if a.Exclusive {
				sums.copy(i, line, 0)
				if k == n-1 {
					return // the whole sum is not asked for
				}
			}
			if bad := line.plus(op, 0, x, i); bad != nil {
				err = e.fault(op, x.Type, x.Len(), i, "%v", bad)
			}
			e.settle(line, 0)
			if !a.Exclusive {
				sums.copy(i, line, 0)
			}
		}
	}, step)
	return []*Tensor{sums}, err
}

func evalEinsum(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	labels, outLabels, err := EinsumLabels(op.Attrs.(EinsumAttrs).Spec)
	if err != nil {
		return nil, err
	}
	all, shape := outLabels, append([]int{}, out.Shape...)
	for i, l := range labels {
		for j := range l {
			if !hasLabel(all, l[j]) {
				all, shape = all+l[j:j+1], append(shape, in[i].Shape[j])
			}
		}
	}
	lists := [][]int{labelSteps(all, outLabels, out.Shape)}
	for i, l := range labels {
		lists = append(lists, labelSteps(all, l, in[i].Shape))
	}
	each(shape, func(at []int) {
		p := in[0].F[at[1]]
		if len(in) == 2 {
			p *= in[1].F[at[2]]
		}
		out.F[at[0]] += p
		e.settle(out, at[0])
	}, lists...)
	return []*Tensor{out}, nil
}

func hasLabel(labels string, c byte) bool {
	for i := range labels {
		if labels[i] == c {
			return true
		}
	}
	return false
}

// labelSteps is the strides of a tensor over all labels.
func labelSteps(all, own string, shape []int) []int {
	s, out := strides(shape), make([]int, len(all))
	for i := range all {
		for j := range own {
			if own[j] == all[i] {
				out[i] = s[j]
			}
		}
	}
	return out
}

func evalUniform(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	for k, key := range in[0].I {
		n := len(out.F) / len(in[0].I)
		for i := range out.F[k*n : (k+1)*n] {
			bits := Mix(uint64(key), uint64(i))
			if out.Type.Kind == F32 {
				out.F[k*n+i] = float64(UniformF32(bits))
			} else {
				out.F[k*n+i] = UniformF64(bits)
			}
		}
	}
	return []*Tensor{out}, nil
}

// settle rounds a running sum or product as a machine that computes in f32
// does, so that a rounded run shows what the order of sums may change.
func (e *Evaluator) settle(t *Tensor, i int) {
	if e.Round && t.Type.Kind == F32 {
		t.F[i] = float64(float32(t.F[i]))
	}
}
