package ir

import "fmt"

func evalCall(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(CallAttrs)
	if len(a.Req) > 0 {
		return nil, fmt.Errorf("ir: the call of @%s still asks for %s; the pass derive comes before running", a.Fn, a.Req[0].Kind)
	}
	var f *Func
	if e.Module != nil {
		f = e.Module.Func(a.Fn)
	}
	if f == nil {
		return nil, fmt.Errorf("ir: no function @%s", a.Fn)
	}
	return e.Call(f, in...)
}

func evalFused(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	return e.region(op.Regions[0], in)
}

// evalCond runs one side for a predicate without dimensions; otherwise both,
// each with its lanes marked, and takes from each its lanes.
func evalCond(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	pred, captures := in[0], in[1:]
	if len(pred.Shape) == 0 {
		return e.region(op.Regions[1-pred.I[0]], captures)
	}
	then, err := e.side(op.Regions[0], pred, 1, captures)
	if err != nil {
		return nil, err
	}
	els, err := e.side(op.Regions[1], pred, 0, captures)
	if err != nil {
		return nil, err
	}
	out := make([]*Tensor, len(op.Results))
	for i := range out {
		out[i] = then[i].clone()
		if len(pred.I) == 0 {
			continue
		}
		n := then[i].Len() / len(pred.I)
		for j := 0; j < then[i].Len(); j++ {
			if pred.I[j/n] == 0 {
				out[i].copy(j, els[i], j)
			}
		}
	}
	return out, nil
}

// side runs a region with the lanes where pred is taken marked as on.
func (e *Evaluator) side(r *Region, pred *Tensor, taken int64, args []*Tensor) ([]*Tensor, error) {
	m := laneMask{dims: pred.Type.Dims, shape: pred.Shape, on: make([]int64, len(pred.I))}
	for i, p := range pred.I {
		if p == taken {
			m.on[i] = 1
		}
	}
	if n := len(e.masks); n > 0 {
		m = m.within(e.masks[n-1])
	}
	e.masks = append(e.masks, m)
	out, err := e.region(r, args)
	e.masks = e.masks[:len(e.masks)-1]
	return out, err
}

func evalScan(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(ScanAttrs)
	n, err := e.size(a.Count)
	if err != nil {
		return nil, err
	}
	body := op.Regions[0]
	carry := in[a.Captures : a.Captures+a.Carries]
	ys, err := e.stacks(op, a.Carries)
	if err != nil {
		return nil, err
	}
	for k := 0; k < n; k++ {
		i := k
		if a.Reverse {
			i = n - 1 - k
		}
		args := append(append([]*Tensor{}, in[:a.Captures]...), carry...)
		args = append(args, slicesAt(body, in, a.Captures+a.Carries, i)...)
		out, err := e.region(body, args)
		if err != nil {
			return nil, err
		}
		carry = out[:a.Carries]
		for j, y := range ys {
			y.setSlice(i, out[a.Carries+j])
		}
	}
	return append(append([]*Tensor{}, carry...), ys...), nil
}

func evalMap(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error) {
	a := op.Attrs.(MapAttrs)
	n, err := e.size(a.Count)
	if err != nil {
		return nil, err
	}
	ys, err := e.stacks(op, 0)
	if err != nil {
		return nil, err
	}
	body := op.Regions[0]
	for i := 0; i < n; i++ {
		args := append(append([]*Tensor{}, in[:a.Captures]...), slicesAt(body, in, a.Captures, i)...)
		out, err := e.region(body, args)
		if err != nil {
			return nil, err
		}
		for j, y := range ys {
			y.setSlice(i, out[j])
		}
	}
	return ys, nil
}

// stacks is empty tensors for the results of op behind the first ones.
func (e *Evaluator) stacks(op *Op, behind int) ([]*Tensor, error) {
	var out []*Tensor
	for _, r := range op.Results[behind:] {
		y, err := e.alloc(r.Type)
		if err != nil {
			return nil, err
		}
		out = append(out, y)
	}
	return out, nil
}

// slicesAt is element i of each operand behind the first ones.
func slicesAt(body *Region, in []*Tensor, behind, i int) []*Tensor {
	var out []*Tensor
	for j := behind; j < len(in); j++ {
		out = append(out, in[j].slice(i, body.Params[j].Type))
	}
	return out
}
