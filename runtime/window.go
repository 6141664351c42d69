package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: windows. A gather at places that step evenly, `x[2 * y + a]`, needs no
// copy: element (y, a) lies 2 steps further for each y and one for each a. Its
// result is a view of x in which elements appear more than once. Contractions
// read it where it lies, which is how the windows of a convolution reach its
// products, in chains as over a copy (see Note: chains).

// places is an integer tensor whose elements are off + step[0]*i + step[1]*j….
type places struct {
	off  int64
	step []int64
}

// evenSteps recognises the places of a gather.
func evenSteps(v *ir.Value) (places, bool) { return stepping{}.steps(v) }

// stepping says what feeds the parameters of the loops that are looked into.
type stepping map[*ir.Value]*ir.Value

func (s stepping) steps(v *ir.Value) (places, bool) {
	if x := s[v]; x != nil {
		return s.steps(x)
	}
	op := v.Def
	if op == nil || op.Row.Name != "fused" && len(op.Results) != 1 {
		return places{}, false
	}
	e := places{step: make([]int64, v.Type.Rank())}
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		if len(a.I) != 1 || len(a.F) > 0 {
			return e, false
		}
		e.off = a.I[0]
		return e, true
	case ir.IotaAttrs:
		e.step[0] = 1
		return e, true
	case ir.ConvertAttrs:
		if k := op.Operands[0].Type.Kind; !k.IsInt() && k != ir.Index {
			return e, false
		}
		return s.steps(op.Operands[0])
	case ir.BroadcastAttrs:
		x, ok := s.steps(op.Operands[0])
		if !ok {
			return e, false
		}
		e.off = x.off
		for i, axis := range a.Axes {
			e.step[axis] = x.step[i]
		}
		return e, true
	}
	if op.Row.Name == "fused" {
		for i, p := range op.Regions[0].Params {
			s[p] = op.Operands[i]
		}
		return s.steps(op.Regions[0].Results[v.Index])
	}
	return s.sum(op)
}

// sum is that of a sum, or of a product of which one side is the same everywhere.
func (s stepping) sum(op *ir.Op) (places, bool) {
	name := op.Row.Name
	if name != "add" && name != "sub" && name != "mul" {
		return places{}, false
	}
	x, ok1 := s.steps(op.Operands[0])
	y, ok2 := s.steps(op.Operands[1])
	if !ok1 || !ok2 {
		return places{}, false
	}
	if name == "mul" {
		if !y.same() {
			x, y = y, x
		}
		return x.plus(places{step: make([]int64, len(x.step))}, y.off, 0), y.same()
	}
	sign := int64(1)
	if name == "sub" {
		sign = -1
	}
	return x.plus(y, 1, sign), true
}

func (e places) same() bool {
	return !slices.ContainsFunc(e.step, func(s int64) bool { return s != 0 })
}

// plus is p*e + q*y.
func (e places) plus(y places, p, q int64) places {
	out := places{off: p*e.off + q*y.off, step: make([]int64, len(e.step))}
	for i := range e.step {
		out.step[i] = p*e.step[i] + q*y.step[i]
	}
	return out
}

// within reports whether all places are from 0 to bound, and none before another
// that comes first.
func (e places) within(dims []ir.Dim, bound int64) bool {
	high := e.off
	for i, d := range dims {
		n, ok := d.Const()
		if !ok || n < 1 || e.step[i] < 0 {
			return false
		}
		high += e.step[i] * (n - 1)
	}
	return e.off >= 0 && high < bound
}

// window is the places of a gather that can be a view: they step evenly over an
// axis of known size and stay inside.
func window(op *ir.Op) (places, bool) {
	a, ok := op.Attrs.(ir.GatherAttrs)
	if !ok || op.Row.Name != "gather" || a.BatchDims > 0 {
		return places{}, false
	}
	bound, ok := op.Operands[0].Type.Dims[a.Axis].Const()
	if !ok {
		return places{}, false
	}
	e, ok := evenSteps(op.Operands[1])
	return e, ok && e.within(op.Operands[1].Type.Dims, bound)
}

// windows reports whether op is a gather that is left to contractions.
func (p *plan) windows(op *ir.Op) bool {
	if _, ok := window(op); !ok {
		return false
	}
	return p.contracted(op.Results[0])
}

// contracted reports whether nothing but contractions of two operands reads v.
func (p *plan) contracted(v *ir.Value) bool {
	for _, u := range p.uses[v] {
		switch {
		case u.op == nil:
			return false
		case u.op.Row.Name == "einsum" && len(u.op.Operands) == 2:
		case u.op.Row.Name == "transpose":
			if !p.contracted(u.op.Results[0]) {
				return false
			}
		case u.op.Row.Name == "gather" && u.i == 0 && p.windows(u.op):
		default:
			return false
		}
	}
	return true
}

// windowed is v with its axis at places that step evenly.
func (v view) windowed(axis int, e places, shape []int) view {
	step := v.stride[axis]
	v.off += int(e.off) * step
	steps := make([]int, len(shape))
	for i, s := range e.step {
		steps[i] = int(s) * step
	}
	v.shape = slices.Concat(v.shape[:axis], shape, v.shape[axis+1:])
	v.stride = slices.Concat(v.stride[:axis], steps, v.stride[axis+1:])
	return v
}
