package passes

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
)

// This file holds `batch`: a region applied once for each element of a new
// leading dimension. Control operations are in batch_control.go. A value is
// "on" when it carries the new dimension; what does not depend on anything
// that is on is computed once.

// batcher batches one region.
type batcher struct {
	v    *deriver
	b    *ir.Builder
	d    ir.Dim
	rows bool
	env  env
	on   map[*ir.Value]bool // by value of the region being read
	// taken: which lanes are on, inside the side of a branch whose lanes differ.
	taken *ir.Value
}

// newBatcher begins a region with the parameters of r, those in on carrying d.
func (v *deriver) newBatcher(f *ir.Func, r *ir.Region, on []bool, d ir.Dim, rows bool) (*batcher, *ir.Region) {
	out := &ir.Region{}
	t := &batcher{v: v, b: at(v.m, f, out), d: d, rows: rows, env: env{}, on: map[*ir.Value]bool{}}
	for i, p := range r.Params {
		typ := p.Type
		if on[i] {
			typ = typ.Lead(d)
		}
		t.env[p], t.on[p] = addParam(f, out, typ, p), on[i]
	}
	return t, out
}

// batchRegion is r with parameters in on and results in force (nil: none)
// carrying d in front; outOn says which results do.
func (v *deriver) batchRegion(f *ir.Func, r *ir.Region, on, force []bool, d ir.Dim, rows bool) (out *ir.Region, outOn []bool) {
	t, out := v.newBatcher(f, r, on, d, rows)
	return out, t.fill(out, r, force)
}

// within is batchRegion for the region of an operation at hand; inside a
// branch whose lanes differ the mask is one more parameter of it, the last.
func (t *batcher) within(r *ir.Region, on, force []bool) (*ir.Region, []bool) {
	u, out := t.v.newBatcher(t.b.Func, r, on, t.d, t.rows)
	if t.taken != nil {
		u.taken = addParam(t.b.Func, out, t.taken.Type, nil)
	}
	return out, u.fill(out, r, force)
}

// fill writes the operations and results of r, and says which results carry
// the dimension.
func (t *batcher) fill(out, r *ir.Region, force []bool) []bool {
	t.ops(r.Ops)
	outOn := make([]bool, len(r.Results))
	for i, x := range r.Results {
		y := t.env[x]
		outOn[i] = t.on[x]
		if force != nil && force[i] && !outOn[i] {
			y, outOn[i] = t.b.Spread(y, t.d), true
		}
		out.Results = append(out.Results, y)
	}
	return outOn
}

func (t *batcher) ops(ops []*ir.Op) {
	for _, op := range ops {
		t.op(op)
	}
}

func (t *batcher) op(op *ir.Op) {
	in, on := t.env.list(op.Operands), t.mask(op.Operands)
	if t.taken != nil && !anyOn(on) && computes(op) {
		in, on = t.spread(in, on), every(len(on))
	}
	switch {
	case !anyOn(on) && !(t.rows && t.v.crossRow(op)):
		copyOp(t.b, op, t.env)
	case op.Row.Has(ir.Control):
		t.control(op, in, on)
	default:
		t.plain(op, in, on)
	}
}

// computes reports whether op is to be done lane by lane inside a branch
// though it does not depend on the lane: it may fail, and then the fault
// should name its row. Large operands are not copied for that.
func computes(op *ir.Op) bool {
	if len(op.Operands) == 0 || !op.Row.Has(ir.Effect) && len(op.SafeOperands()) == 0 {
		return false
	}
	for _, x := range op.Operands {
		if n, ok := elements(x.Type); !ok || n > 64 {
			return false
		}
	}
	return true
}

// elements is the number of elements of a type with known sizes.
func elements(t ir.Type) (int64, bool) {
	n := int64(1)
	for _, d := range t.Dims {
		c, ok := d.Const()
		if !ok {
			return 0, false
		}
		n *= c
	}
	return n, true
}

// crossRow reports whether op sees the other rows of a batch, so that it must
// be batched whatever its operands are.
func (v *deriver) crossRow(op *ir.Op) bool {
	if a, ok := op.Attrs.(ir.CallAttrs); ok {
		return v.crossRows(a.Fn)
	}
	found := op.Row.Has(ir.CrossRow)
	for _, r := range op.Regions {
		for _, o := range r.Ops {
			found = found || v.crossRow(o)
		}
	}
	return found
}

// crossRows is crossRow for any operation of a function, memoised.
func (v *deriver) crossRows(fn string) bool {
	if yes, ok := v.crosses[fn]; ok {
		return yes
	}
	v.crosses[fn] = false
	found := false
	for _, op := range v.ready(fn).Body.Ops {
		found = found || v.crossRow(op)
	}
	v.crosses[fn] = found
	return found
}

// plain applies the rule of the row, or spreads what is not on where the row
// is elementwise and has none.
func (t *batcher) plain(op *ir.Op, in []*ir.Value, on []bool) {
	t.b.Span, t.b.Primal = op.Span, ""
	if op.Row.Batch != nil {
		out, outOn := op.Row.Batch(t.b, op, in, on, t.d, t.rows)
		t.bind(op, out, outOn)
		return
	}
	if !op.Row.Has(ir.Elementwise) {
		panic(fmt.Sprintf("passes: row %s has no batch rule", op.Row.Name))
	}
	t.bind(op, t.b.Op(op.Row.Name, op.Attrs, t.spread(in, on)...), nil)
}

// spread gives the leading dimension to what does not have it.
func (t *batcher) spread(in []*ir.Value, on []bool) []*ir.Value {
	out := make([]*ir.Value, len(in))
	for i, x := range in {
		if out[i] = x; !on[i] {
			out[i] = t.b.Spread(x, t.d)
		}
	}
	return out
}

func (t *batcher) mask(vs []*ir.Value) []bool {
	on := make([]bool, len(vs))
	for i, x := range vs {
		on[i] = t.on[x]
	}
	return on
}

// bind records the results of op; a nil mask says that all are on.
func (t *batcher) bind(op *ir.Op, out []*ir.Value, on []bool) {
	for i, r := range op.Results {
		dress(out[i], r)
		t.env[r], t.on[r] = out[i], on == nil || on[i]
	}
}

// batched is function fn batched by the mask; with force every result carries
// d. It returns the name of the new function and which results carry d.
func (v *deriver) batched(fn string, on []bool, d ir.Dim, rows, force bool) (string, []bool) {
	kind := "batch"
	if !rows {
		kind = "map"
	}
	key := fmt.Sprintf("%s %s %s %s %v", fn, kind, d, bits(on), force)
	if r, ok := v.batches[key]; ok {
		return r.name, r.on
	}
	f := v.ready(fn)
	g := v.newFunc(f, fmt.Sprintf("%s.%s_%s_%s", fn, kind, word(d), bits(on)))
	var want []bool
	if force {
		want = every(len(f.Results()))
	}
	body, outOn := v.batchRegion(g, f.Body, on, want, d, rows)
	g.Body, g.Inputs = body, append([]ir.Input{}, f.Inputs...)
	v.finish(g)
	v.batches[key] = batchResult{g.Name, outOn}
	return g.Name, outOn
}

// batchResult is a memoised batched function.
type batchResult struct {
	name string
	on   []bool
}

func every(n int) []bool {
	on := make([]bool, n)
	for i := range on {
		on[i] = true
	}
	return on
}
