package ir

import "fmt"

// strides is how far apart neighbours along each axis lie, row by row.
func strides(shape []int) []int {
	out := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = n
		n *= shape[i]
	}
	return out
}

// each visits the points of shape in order, with the offset that each list of
// strides gives there.
func each(shape []int, visit func(at []int), lists ...[]int) {
	for _, n := range shape {
		if n == 0 {
			return
		}
	}
	at, point := make([]int, len(lists)), make([]int, len(shape))
	for {
		visit(at)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			point[axis]++
			for i, s := range lists {
				at[i] += s[axis]
			}
			if point[axis] < shape[axis] {
				break
			}
			for i, s := range lists {
				at[i] -= s[axis] * shape[axis]
			}
			point[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// moved copies the points of a box from x to the result of op: from and to are
// the offsets of its first point, fromStep and toStep the strides. The box and
// toStep are those of the result where nil.
func moved(e *Evaluator, op *Op, x *Tensor, box []int, from, to int, fromStep, toStep []int) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	if box == nil {
		box = out.Shape
	}
	if toStep == nil {
		toStep = strides(out.Shape)
	}
	each(box, func(at []int) { out.copy(to+at[0], x, from+at[1]) }, toStep, fromStep)
	return []*Tensor{out}, nil
}

func evalBroadcast(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(BroadcastAttrs)
	step := make([]int, len(a.Dims))
	for i, s := range strides(in[0].Shape) {
		step[a.Axes[i]] = s
	}
	return moved(e, op, in[0], nil, 0, 0, step, nil)
}

func evalReshape(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	shape, err := e.shape(op.Results[0].Type)
	if err != nil {
		return nil, err
	}
	return []*Tensor{{Type: op.Results[0].Type, Shape: shape, F: in[0].F, I: in[0].I}}, nil
}

func evalTranspose(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	s := strides(in[0].Shape)
	step := make([]int, len(s))
	for i, p := range op.Attrs.(TransposeAttrs).Perm {
		step[i] = s[p]
	}
	return moved(e, op, in[0], nil, 0, 0, step, nil)
}

func evalSlice(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(SliceAttrs)
	starts, err := e.sizes(a.Starts)
	if err != nil {
		return nil, err
	}
	sizes, err := e.sizes(a.Sizes)
	if err != nil {
		return nil, err
	}
	step, from := strides(in[0].Shape), 0
	for i, n := range in[0].Shape {
		if end := starts[i] + (sizes[i]-1)*int(a.Steps[i]) + 1; sizes[i] > 0 && end > n {
			return nil, &EvalError{op, -1, fmt.Sprintf("%d..%d is outside axis %d of size %d", starts[i], end, i, n)}
		}
		from += starts[i] * step[i]
		step[i] *= int(a.Steps[i])
	}
	return moved(e, op, in[0], nil, from, 0, step, nil)
}

func evalPad(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	before, err := e.sizes(op.Attrs.(PadAttrs).Before)
	if err != nil {
		return nil, err
	}
	shape, err := e.shape(op.Results[0].Type)
	if err != nil {
		return nil, err
	}
	step, to := strides(shape), 0
	for i, n := range before {
		to += n * step[i]
	}
	return moved(e, op, in[0], in[0].Shape, 0, to, strides(in[0].Shape), step)
}

func evalConcat(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	axis := op.Attrs.(AxisAttrs).Axis
	step, to := strides(out.Shape), 0
	for _, x := range in {
		each(x.Shape, func(at []int) { out.copy(to+at[0], x, at[1]) }, step, strides(x.Shape))
		to += x.Shape[axis] * step[axis]
	}
	return []*Tensor{out}, nil
}

func evalReverse(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	axis, step := op.Attrs.(AxisAttrs).Axis, strides(in[0].Shape)
	last := (in[0].Shape[axis] - 1) * step[axis]
	step[axis] = -step[axis]
	return moved(e, op, in[0], nil, last, 0, step, nil)
}

// slice is element i along the leading axis, of type t.
func (t *Tensor) slice(i int, of Type) *Tensor {
	out := &Tensor{Type: of, Shape: t.Shape[1:]}
	n := out.Len()
	if t.F != nil {
		out.F = t.F[i*n : (i+1)*n : (i+1)*n]
	} else {
		out.I = t.I[i*n : (i+1)*n : (i+1)*n]
	}
	return out
}

// setSlice copies x to element i along the leading axis.
func (t *Tensor) setSlice(i int, x *Tensor) {
	n := x.Len()
	if t.F != nil {
		copy(t.F[i*n:], x.F)
	} else {
		copy(t.I[i*n:], x.I)
	}
}
