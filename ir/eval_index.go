package ir

import "fmt"

// gatherSteps is, over the dims of a gather's result, the strides of src (0
// along those of the index) and of idx (0 along those of src alone).
func gatherSteps(a GatherAttrs, src, idx []int) (shape, inSrc, inIdx []int) {
	s, t := strides(src), strides(idx)
	for i := 0; i < a.Axis; i++ {
		shape, inSrc = append(shape, src[i]), append(inSrc, s[i])
		if i < a.BatchDims {
			inIdx = append(inIdx, t[i])
		} else {
			inIdx = append(inIdx, 0)
		}
	}
	for i := a.BatchDims; i < len(idx); i++ {
		shape, inSrc, inIdx = append(shape, idx[i]), append(inSrc, 0), append(inIdx, t[i])
	}
	for i := a.Axis + 1; i < len(src); i++ {
		shape, inSrc, inIdx = append(shape, src[i]), append(inSrc, s[i]), append(inIdx, 0)
	}
	return shape, inSrc, inIdx
}

// indexed visits the points of a gather: offsets in the result, and in src. A
// bad index is an error, and passed over where its lane is off.
func (e *Evaluator) indexed(op *Op, src, idx *Tensor, visit func(out, src int)) (err error) {
	a := op.Attrs.(GatherAttrs)
	shape, inSrc, inIdx := gatherSteps(a, src.Shape, idx.Shape)
	n, step := int64(src.Shape[a.Axis]), strides(src.Shape)[a.Axis]
	each(shape, func(at []int) {
		if err != nil {
			return
		}
		if k := idx.I[at[2]]; k >= 0 && k < n {
			visit(at[0], at[1]+int(k)*step)
		} else {
			err = e.fault(op, idx.Type, len(idx.I), at[2], "index %d is outside 0..%d", k, n)
		}
	}, strides(shape), inSrc, inIdx)
	return err
}

func evalGather(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, err := e.result(op)
	if err != nil {
		return nil, err
	}
	err = e.indexed(op, in[0], in[1], func(i, j int) { out.copy(i, in[0], j) })
	return []*Tensor{out}, err
}

func evalScatterAdd(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, upd := in[0].clone(), in[2]
	var bad error
	err := e.indexed(op, in[0], in[1], func(i, j int) {
		if bad == nil {
			bad = e.accumulate(op, out, j, upd, i)
		}
	})
	return []*Tensor{out}, first(err, bad)
}

func evalScatterMax(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	out, upd := in[0].clone(), in[2]
	err := e.indexed(op, in[0], in[1], func(i, j int) { out.F[j] = maxFloat(out.F[j], upd.F[i]) })
	return []*Tensor{out}, err
}

func evalSliceAdd(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	starts, err := e.sizes(op.Attrs.(SliceAddAttrs).Starts)
	if err != nil {
		return nil, err
	}
	out, upd := in[0].clone(), in[1]
	step, to := strides(out.Shape), 0
	for i, n := range out.Shape {
		if end := starts[i] + upd.Shape[i]; end > n {
			return nil, &EvalError{op, -1, fmt.Sprintf("%d..%d is outside axis %d of size %d", starts[i], end, i, n)}
		}
		to += starts[i] * step[i]
	}
	each(upd.Shape, func(at []int) {
		if err == nil {
			err = e.accumulate(op, out, to+at[0], upd, at[1])
		}
	}, step, strides(upd.Shape))
	return []*Tensor{out}, err
}

// clone is a copy that may be changed.
func (t *Tensor) clone() *Tensor {
	out := NewTensor(t.Type, t.Shape...)
	copy(out.F, t.F)
	copy(out.I, t.I)
	return out
}

// plus adds element j of x to element i of t; on integers it may overflow.
func (t *Tensor) plus(op *Op, i int, x *Tensor, j int) (err error) {
	if t.F != nil {
		t.F[i] += x.F[j]
		return nil
	}
	t.I[i], err = addInt(op, t.I[i], x.I[j])
	return err
}

// accumulate is plus on the result of op, with the fault at its element i.
func (e *Evaluator) accumulate(op *Op, out *Tensor, i int, x *Tensor, j int) error {
	if err := out.plus(op, i, x, j); err != nil {
		return e.fault(op, out.Type, len(out.I), i, "%v", err)
	}
	e.settle(out, i)
	return nil
}
