package passes

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
)

// transposer turns a linear region around: from cotangents of its results to
// cotangents of its linear parameters.
type transposer struct {
	v   *deriver
	b   *ir.Builder
	env env                     // nonlinear value of the original -> value written
	lin map[*ir.Value]bool      // values that depend on a linear parameter
	ct  map[*ir.Value]*ir.Value // linear value -> its cotangent so far; none is zero
	// kept: linear values whose cotangent is an accumulator handed in by a
	// loop; control operations pass it through instead of adding to it.
	kept map[*ir.Value]bool
}

// transpose turns r around. Parameters of the result: the nonlinear ones of
// r, an accumulator for each linear one in acc, a cotangent for each result
// in on. Results: a cotangent for each linear parameter in outOn, which has
// at least those in acc and force.
func (v *deriver) transpose(f *ir.Func, r *ir.Region, lin, on, acc, force []bool) (out *ir.Region, outOn []bool) {
	out = &ir.Region{}
	t := &transposer{v: v, b: at(v.m, f, out), env: env{}, lin: map[*ir.Value]bool{},
		ct: map[*ir.Value]*ir.Value{}, kept: map[*ir.Value]bool{}}
	for i, p := range r.Params {
		if t.lin[p] = lin[i]; !lin[i] {
			t.env[p] = addParam(f, out, p.Type, p)
		}
	}
	for i, p := range r.Params {
		if acc != nil && acc[i] {
			t.ct[p], t.kept[p] = derivedParam(f, out, p), true
		}
	}
	cts := make([]*ir.Value, len(r.Results))
	for i, x := range r.Results {
		if on[i] {
			cts[i] = derivedParam(f, out, x)
		}
	}
	back := t.forward(r.Ops)
	for i, x := range r.Results {
		if cts[i] != nil && t.lin[x] {
			t.add(x, cts[i])
		}
	}
	for i := len(back) - 1; i >= 0; i-- {
		t.op(back[i])
	}
	return out, t.finish(out, r.Params, lin, force)
}

// forward writes what does not depend on linear parameters and returns the
// operations that do.
func (t *transposer) forward(ops []*ir.Op) (back []*ir.Op) {
	for _, op := range ops {
		linear := false
		for _, x := range op.Operands {
			linear = linear || t.lin[x]
		}
		if !linear {
			copyOp(t.b, op, t.env)
			continue
		}
		for _, x := range op.Results {
			t.lin[x] = true
		}
		back = append(back, op)
	}
	return back
}

func (t *transposer) finish(out *ir.Region, params []*ir.Value, lin, force []bool) []bool {
	outOn := make([]bool, len(params))
	for i, p := range params {
		if !lin[i] {
			continue
		}
		c := t.ct[p]
		if c == nil && force != nil && force[i] {
			t.b.Primal = label(p)
			c = t.b.Zeros(p.Type)
		}
		if c != nil {
			outOn[i] = true
			out.Results = append(out.Results, c)
		}
	}
	return outOn
}

// op pushes the cotangents of the results of op to its linear operands.
func (t *transposer) op(op *ir.Op) {
	cts := make([]*ir.Value, len(op.Results))
	for i, x := range op.Results {
		cts[i] = t.ct[x]
	}
	if !anyOn(isOn(cts)) {
		return
	}
	lin := make([]bool, len(op.Operands))
	for i, x := range op.Operands {
		lin[i] = t.lin[x]
	}
	t.b.Span, t.b.Primal = op.Span, ""
	if op.Row.Has(ir.Control) {
		t.control(op, lin, cts)
		return
	}
	if op.Row.Transpose == nil {
		panic(fmt.Sprintf("passes: row %s is not linear and has a tangent among its operands", op.Row.Name))
	}
	mapped := &ir.Op{Row: op.Row, Attrs: op.Attrs, Results: op.Results, Span: op.Span, Operands: t.env.list(op.Operands)}
	op.Row.Transpose(t.b, mapped, lin, cts, receiver{t, op})
}

// receiver hands the cotangents that a rule yields to the operands of op.
type receiver struct {
	t  *transposer
	op *ir.Op
}

func (s receiver) Add(i int, v *ir.Value) { s.t.add(s.op.Operands[i], v) }

func (s receiver) Into(i int, f func(*ir.Value) *ir.Value) {
	x := s.op.Operands[i]
	s.t.ct[x] = f(s.t.take(x))
}

// add adds c to the cotangent of x.
func (t *transposer) add(x, c *ir.Value) {
	if c == nil {
		return
	}
	if !c.Type.SameDims(x.Type) {
		panic(fmt.Sprintf("passes: cotangent %s of a value %s", c.Type, x.Type))
	}
	if c.Primal == "" {
		c.Primal = label(x)
	}
	if old := t.ct[x]; old != nil {
		t.b.Primal = label(x)
		c = t.b.Add(old, c)
	}
	t.ct[x] = c
}

// take is the cotangent of x so far, zeros where there is none.
func (t *transposer) take(x *ir.Value) *ir.Value {
	if c := t.ct[x]; c != nil {
		return c
	}
	t.b.Primal = label(x)
	return t.b.Zeros(x.Type)
}

// Note: accumulators. The cotangent of a capture of a loop is a carry of the
// reversed loop that starts as what has been added so far and is only ever
// changed by adding to it: add, scatter_add or slice_add. The planner keeps it
// in one buffer. Control operations inside the loop take it as an operand and
// yield it, so that a gather from a large array, however deep in branches,
// loops and calls, costs what it reads and not the size of the array.
