package runtime

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// simple runs operations one by one on tensors of the interpreter.
type simple struct {
	eval *ir.Evaluator
	vals map[*ir.Value]*ir.Tensor
}

func (f *Function) runSimple(in, out []*array.Array, actual map[string]int64) (err error) {
	sizes := map[string]int64{}
	for n, s := range f.prog.sizes {
		sizes[n] = s.Actual
	}
	for n, s := range actual {
		sizes[n] = s
	}
	e := &simple{eval: &ir.Evaluator{Module: f.prog.module, Sizes: sizes, Round: true}}
	ts := make([]*ir.Tensor, len(in))
	for i, p := range f.fn.Params() {
		ts[i] = in[i].ToTensor(p.Type)
	}
	rs, err := e.region(f.fn.Body, ts)
	if err != nil {
		return err
	}
	for i, r := range rs {
		a := array.FromTensor(r)
		if out[i] == nil {
			out[i] = a
		} else {
			*out[i] = *a
		}
	}
	return nil
}

func (e *simple) region(r *ir.Region, in []*ir.Tensor) ([]*ir.Tensor, error) {
	keep := e.vals
	defer func() { e.vals = keep }()
	e.vals = map[*ir.Value]*ir.Tensor{}
	for i, p := range r.Params {
		e.vals[p] = in[i]
	}
	for _, op := range r.Ops {
		args := make([]*ir.Tensor, len(op.Operands))
		for i, v := range op.Operands {
			args[i] = e.vals[v]
		}
		rs, err := e.op(op, args)
		if err != nil {
			return nil, err
		}
		for i, v := range op.Results {
			e.vals[v] = rs[i]
		}
	}
	var out []*ir.Tensor
	for _, v := range r.Results {
		out = append(out, e.vals[v])
	}
	return out, nil
}

func (e *simple) op(op *ir.Op, in []*ir.Tensor) ([]*ir.Tensor, error) {
	switch op.Row.Name {
	case "call":
		a := op.Attrs.(ir.CallAttrs)
		return e.region(e.eval.Module.Func(a.Fn).Body, in)
	case "cond":
		side := op.Regions[1]
		if in[0].I[0] != 0 {
			side = op.Regions[0]
		}
		return e.region(side, in[1:])
	case "scan":
		return e.scan(op, in)
	case "fused":
		return e.region(op.Regions[0], in)
	}
	if op.Row.Eval != nil {
		return op.Row.Eval(e.eval, op, in)
	}
	if op.Row.Has(ir.Elementwise) {
		return e.elementwise(op, in)
	}
	return nil, fmt.Errorf("no way to run %s", op.Row.Name)
}

func (e *simple) elementwise(op *ir.Op, in []*ir.Tensor) ([]*ir.Tensor, error) {
	out := ir.NewTensor(op.Results[0].Type, in[0].Shape...)
	fs, is := make([]float64, len(in)), make([]int64, len(in))
	for i := 0; i < out.Len(); i++ {
		for j, x := range in {
			if x.F != nil {
				fs[j] = x.F[i]
			} else {
				is[j] = x.I[i]
			}
		}
		if in[len(in)-1].F != nil && out.F != nil && op.Row.Scalar != nil && op.Row.Name != "select" {
			x := op.Row.Scalar(op, fs)
			if out.Type.Kind == ir.F32 {
				x = float64(float32(x))
			}
			out.F[i] = x
			continue
		}
		if op.Row.Name == "select" && out.F != nil {
			out.F[i] = fs[2]
			if is[0] != 0 {
				out.F[i] = fs[1]
			}
			continue
		}
		n, err := op.Row.ScalarInt(op, is)
		if err != nil {
			return nil, &Fault{Span: op.Span, Message: err.Error(), Element: int64(i), Row: -1}
		}
		out.I[i] = n
	}
	return []*ir.Tensor{out}, nil
}

func (e *simple) scan(op *ir.Op, in []*ir.Tensor) ([]*ir.Tensor, error) {
	a := op.Attrs.(ir.ScanAttrs)
	n, err := a.Count.Eval(func(s string) (int64, bool) { v, ok := e.eval.Sizes[s]; return v, ok })
	if err != nil {
		return nil, err
	}
	carry := append([]*ir.Tensor{}, in[a.Captures:a.Captures+a.Carries]...)
	xs := in[a.Captures+a.Carries:]
	ys := make([]*ir.Tensor, len(op.Results)-a.Carries)
	body := op.Regions[0]
	for j := range ys {
		t := body.Results[a.Carries+j].Type
		shape := []int{int(n)}
		for _, d := range t.Dims {
			v, _ := d.Eval(func(s string) (int64, bool) { v, ok := e.eval.Sizes[s]; return v, ok })
			shape = append(shape, int(v))
		}
		ys[j] = ir.NewTensor(op.Results[a.Carries+j].Type, shape...)
	}
	for s := 0; s < int(n); s++ {
		at := s
		if a.Reverse {
			at = int(n) - 1 - s
		}
		args := append(append([]*ir.Tensor{}, in[:a.Captures]...), carry...)
		for j, x := range xs {
			args = append(args, row(x, body.Params[a.Captures+a.Carries+j].Type, at))
		}
		rs, err := e.region(body, args)
		if err != nil {
			return nil, err
		}
		copy(carry, rs[:a.Carries])
		for j, y := range ys {
			r := rs[a.Carries+j]
			copy(row(y, r.Type, at).F, r.F)
			copy(row(y, r.Type, at).I, r.I)
		}
	}
	return append(carry, ys...), nil
}

// row is element i of the leading dimension; it shares memory.
func row(x *ir.Tensor, t ir.Type, i int) *ir.Tensor {
	r := &ir.Tensor{Type: t, Shape: x.Shape[1:]}
	n := r.Len()
	if x.F != nil {
		r.F = x.F[i*n : (i+1)*n]
	}
	if x.I != nil {
		r.I = x.I[i*n : (i+1)*n]
	}
	return r
}
