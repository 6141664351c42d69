package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// layout decides about the results of one operation.
func (p *plan) layout(op *ir.Op) {
	if len(op.Results) == 0 {
		return
	}
	v := op.Results[0]
	i := p.info[v]
	if isIdentity(op.Row.Name) {
		p.pass(v, op.Operands[0])
		return
	}
	strided, ok := p.viewOf(op)
	if !ok {
		return
	}
	i.strided = strided
	if strided && p.needsDense(v, p.lies(op)) {
		i.strided, i.copied = false, true
		return
	}
	if op.Row.Name != "const" {
		i.root = p.info[op.Operands[0]].root
	}
}

// viewOf reports whether the result of op can be a view of its operand (or of
// one element, for a constant), and whether that view is strided.
func (p *plan) viewOf(op *ir.Op) (strided, ok bool) {
	from := false
	if len(op.Operands) > 0 {
		from = p.info[op.Operands[0]].strided
	}
	t := op.Results[0].Type
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		return len(a.F)+len(a.I) == 1 && !onesOnly(t.Dims), true
	case ir.ReshapeAttrs:
		return from, !from || ir.SamePoints(op)
	case ir.BroadcastAttrs:
		return from || len(ir.Significant(t.Dims)) != len(ir.Significant(op.Operands[0].Type.Dims)), true
	case ir.TransposeAttrs:
		return from || !keepsOrder(a.Perm, op.Operands[0].Type.Dims), true
	case ir.SliceAttrs:
		return from || !leading(a, op.Operands[0].Type.Dims), true
	case ir.GatherAttrs:
		return true, p.windows(op)
	}
	return false, false
}

func onesOnly(dims []ir.Dim) bool { return len(ir.Significant(dims)) == 0 }

func keepsOrder(perm []int, dims []ir.Dim) bool {
	last := -1
	for _, a := range perm {
		if dims[a] == ir.N(1) {
			continue
		}
		if a < last {
			return false
		}
		last = a
	}
	return true
}

// leading reports whether a slice cuts nothing but its first axis.
func leading(a ir.SliceAttrs, dims []ir.Dim) bool {
	for i, d := range dims {
		if a.Steps[i] != 1 && a.Sizes[i] != ir.N(1) || i > 0 && a.Sizes[i] != d {
			return false
		}
	}
	return true
}

// needsDense reports whether some use of v, a view with these axes or what it is
// passed on as, wants its elements in order.
func (p *plan) needsDense(v *ir.Value, x axes) bool {
	for _, u := range p.uses[v] {
		if u.op != nil && p.wantsDense(u.op, u.i, x) {
			return true
		}
	}
	return false
}

func (p *plan) wantsDense(op *ir.Op, i int, x axes) bool {
	switch op.Row.Name {
	case "einsum":
		return len(op.Operands) == 2 && p.torn(op, i, x)
	case "gather":
		return i > 0 || !p.windows(op)
	case "first_of":
		return true
	case "scatter_add", "scatter_max", "row_write":
		return i > 0
	case "call", "uniform", "strips":
		return true
	case "reduce_sum":
		return p.closes(op)
	case "scan":
		a := op.Attrs.(ir.ScanAttrs)
		if i >= a.Captures+a.Carries {
			return op.Operands[i].Type.Rank() > 1 // numbers are stepped over
		}
		return i < a.Captures && p.needsDense(op.Regions[0].Params[i], x)
	case "map":
		a := op.Attrs.(ir.MapAttrs)
		return i >= a.Captures || p.needsDense(op.Regions[0].Params[i], x)
	case "cond":
		return i > 0 && !p.ops[op].fallback &&
			(p.needsDense(op.Regions[0].Params[i-1], x) || p.needsDense(op.Regions[1].Params[i-1], x))
	}
	if isIdentity(op.Row.Name) {
		return p.needsDense(op.Results[0], x)
	}
	if p.ops[op].inline {
		return p.needsDense(op.Regions[0].Params[i], x)
	}
	return false
}

// stepsOf is how far the elements of v lie apart along each axis, 0 where it
// repeats.
func (p *plan) stepsOf(v *ir.Value) []ir.Dim {
	if i := p.info[v]; i.passed != nil {
		return p.stepsOf(i.passed)
	} else if i.strided {
		return p.viewSteps(v.Def)
	}
	steps, n := make([]ir.Dim, v.Type.Rank()), ir.N(1)
	for k := len(steps) - 1; k >= 0; k-- {
		steps[k] = n
		n = n.Mul(v.Type.Dims[k])
	}
	return steps
}

// axes is how a view lies.
type axes struct {
	steps   []ir.Dim
	windows bool // it shows windows, transposed perhaps
}

// lies is how the result of op lies as a view of its operand.
func (p *plan) lies(op *ir.Op) axes {
	of := op
	for of.Row.Name == "transpose" && of.Operands[0].Def != nil {
		of = of.Operands[0].Def
	}
	_, windows := of.Attrs.(ir.GatherAttrs)
	return axes{p.viewSteps(op), windows}
}

// viewSteps is stepsOf for the result of op as a view of its operand.
func (p *plan) viewSteps(op *ir.Op) []ir.Dim {
	out := make([]ir.Dim, op.Results[0].Type.Rank())
	for k := range out {
		out[k] = ir.N(0)
	}
	if len(op.Operands) == 0 {
		return out // a constant
	}
	x := p.stepsOf(op.Operands[0])
	switch a := op.Attrs.(type) {
	case ir.BroadcastAttrs:
		for k, axis := range a.Axes {
			out[axis] = x[k]
		}
	case ir.TransposeAttrs:
		for k, axis := range a.Perm {
			out[k] = x[axis]
		}
	case ir.SliceAttrs:
		for k, s := range a.Steps {
			out[k] = x[k].Mul(ir.N(s))
		}
	case ir.GatherAttrs:
		e, _ := window(op)
		between := make([]ir.Dim, len(e.step))
		for k, s := range e.step {
			between[k] = x[a.Axis].Mul(ir.N(s))
		}
		return slices.Concat(x[:a.Axis], between, x[a.Axis+1:])
	case ir.ReshapeAttrs:
		var steps []ir.Dim
		for k, n := range axesOf(op.Operands[0].Type.Dims) {
			if n >= 0 {
				steps = append(steps, x[k])
			}
		}
		for k, n := range axesOf(a.Dims) {
			if n >= 0 {
				out[k] = steps[n]
			}
		}
	}
	return out
}
