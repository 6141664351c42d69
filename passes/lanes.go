package passes

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Note: lanes. A predicate with dimensions P chooses for each element of P, a
// lane. Every result of such a branch begins with P. What a capture carries is
// said by its type: it carries lanes where it begins with as many dimensions
// as P has, each the one of P or 1, and those that are 1 it does not carry.
// Where a capture without lanes would begin so by chance (a square weight
// matrix in a comprehension of the same length), `batch` passes it with
// dimensions 1 in front. This file follows the lanes from the captures on, by
// what each operation does with the axes of its operands. A value may carry
// some lanes and not others: in a comprehension over n elements inside a
// batch of rows, what depends on the row alone is computed once a row.

// lanes says by dimension of a predicate at which axis it stands in a value,
// -1 where it does not; nil where none does.
type lanes []int

// any reports whether some lane is carried.
func (l lanes) any() bool { return l.carried() > 0 }

// carried is the number of lanes carried.
func (l lanes) carried() int {
	n := 0
	for _, a := range l {
		if a >= 0 {
			n++
		}
	}
	return n
}

// full reports whether all n lanes are carried.
func (l lanes) full(n int) bool { return l.carried() == n }

// of is the axis of lane k.
func (l lanes) of(k int) int {
	if l == nil {
		return -1
	}
	return l[k]
}

// mask says which of n lanes are carried.
func (l lanes) mask(n int) []bool {
	on := make([]bool, n)
	for k := range on {
		on[k] = l.of(k) >= 0
	}
	return on
}

// merge is l with what m carries and l does not.
func (l lanes) merge(m lanes) lanes {
	if l == nil {
		return m
	}
	out := append(lanes{}, l...)
	for k := range out {
		if out[k] < 0 {
			out[k] = m.of(k)
		}
	}
	return out
}

// lanesOfType is what a capture of type t carries where the predicate has dims.
func lanesOfType(t ir.Type, dims []ir.Dim) lanes {
	if t.Rank() < len(dims) {
		return nil
	}
	l := make(lanes, len(dims))
	for k, d := range dims {
		switch t.Dims[k] {
		case d:
			l[k] = k
		case ir.N(1):
			l[k] = -1
		default:
			return nil
		}
	}
	if !l.any() {
		return nil
	}
	return l
}

// tracker follows the lanes of one predicate.
type tracker struct {
	dims []ir.Dim
	at   map[*ir.Value]lanes // values that carry none are absent
}

// lanesIn follows the lanes through the side of a branch whose predicate has dims.
func lanesIn(r *ir.Region, dims []ir.Dim) map[*ir.Value]lanes {
	t := tracker{dims, map[*ir.Value]lanes{}}
	params := make([]lanes, len(r.Params))
	for i, p := range r.Params {
		params[i] = lanesOfType(p.Type, dims)
	}
	t.region(r, params)
	return t.at
}

// region records what the values of r carry, given its parameters, and
// returns what its results do.
func (t tracker) region(r *ir.Region, params []lanes) []lanes {
	for i, p := range r.Params {
		t.set(p, params[i])
	}
	for _, op := range r.Ops {
		for i, l := range t.op(op, t.list(op.Operands)) {
			t.set(op.Results[i], l)
		}
	}
	return t.list(r.Results)
}

func (t tracker) set(x *ir.Value, l lanes) {
	if l.any() {
		t.at[x] = l
	}
}

func (t tracker) list(vs []*ir.Value) []lanes {
	out := make([]lanes, len(vs))
	for i, x := range vs {
		out[i] = t.at[x]
	}
	return out
}

// inside is region for the regions of operations, whose values are not asked for.
func (t tracker) inside(r *ir.Region, params []lanes) []lanes {
	return tracker{t.dims, map[*ir.Value]lanes{}}.region(r, params)
}

// op is what the results of op carry.
func (t tracker) op(op *ir.Op, in []lanes) []lanes {
	switch a := op.Attrs.(type) {
	case ir.ScanAttrs:
		_, out := t.scan(op, loopOf(a), in)
		return out
	case ir.CondAttrs:
		x, y := t.inside(op.Regions[0], in[1:]), t.inside(op.Regions[1], in[1:])
		for i := range x {
			x[i] = x[i].merge(y[i]).merge(in[0])
		}
		return x
	}
	out := make([]lanes, len(op.Results))
	for i, l := range in {
		for k, axis := range l {
			if axis < 0 {
				continue
			}
			for j, x := range op.Results {
				to := axisIn(op, i, axis)
				if to < 0 || to >= x.Type.Rank() || x.Type.Dims[to] != t.dims[k] || out[j].of(k) >= 0 {
					continue
				}
				if out[j] == nil {
					out[j] = noLanes(len(t.dims))
				}
				out[j][k] = to
			}
		}
	}
	return out
}

func noLanes(n int) lanes {
	l := make(lanes, n)
	for k := range l {
		l[k] = -1
	}
	return l
}

// scan follows lanes through a loop: an x loses its leading axis, a y gains
// one, and a carry has what its new value has. params is what the parameters
// of the body carry, out what the results of the operation do.
func (t tracker) scan(op *ir.Op, g loop, in []lanes) (params, out []lanes) {
	params = append([]lanes{}, in...)
	for i := g.caps + g.carries; i < len(params); i++ {
		params[i] = params[i].shift(-1)
	}
	for grown := true; grown; {
		grown = false
		out = t.inside(op.Regions[0], params)
		for i := range g.carries {
			p := &params[g.caps+i]
			if more := p.merge(out[i]); more.carried() > p.carried() {
				*p, grown = more, true
			}
		}
	}
	for i := range out {
		if i < g.carries {
			out[i] = params[g.caps+i]
		} else {
			out[i] = out[i].shift(1)
		}
	}
	return params, out
}

// shift moves all axes by n; those that fall out are carried no more.
func (l lanes) shift(n int) lanes {
	var out lanes
	for k, a := range l {
		if a >= 0 && a+n >= 0 {
			if out == nil {
				out = noLanes(len(l))
			}
			out[k] = a + n
		}
	}
	return out
}

// axisIn is where an axis of operand i of op goes in the results; -1 where it
// ends. What is not named here keeps its axes.
func axisIn(op *ir.Op, i, axis int) int {
	switch a := op.Attrs.(type) {
	case ir.TransposeAttrs:
		return slices.Index(a.Perm, axis)
	case ir.BroadcastAttrs:
		return a.Axes[axis]
	case ir.ReshapeAttrs:
		return reshapedAxis(op.Operands[0].Type.Dims, a.Dims, axis)
	case ir.AxesAttrs:
		return axisWithout(a.Axes, axis)
	case ir.AxisAttrs:
		if op.Results[0].Type.Rank() < op.Operands[0].Type.Rank() {
			return axisWithout([]int{a.Axis}, axis)
		}
	case ir.EinsumAttrs:
		in, out := labels(op)
		return strings.IndexByte(out, in[i][axis])
	case ir.GatherAttrs:
		if op.Row.Name == "gather" {
			return gatheredAxis(a, op.Operands[1].Type.Rank(), i, axis)
		}
		return scatteredAxis(a, op.Operands[1].Type.Rank(), i, axis)
	}
	return axis
}

// axisWithout is an axis once those in gone are removed.
func axisWithout(gone []int, axis int) int {
	n := axis
	for _, g := range gone {
		switch {
		case g == axis:
			return -1
		case g < axis:
			n--
		}
	}
	return n
}

// reshapedAxis is the axis of the same size with as many elements before it.
func reshapedAxis(from, to []ir.Dim, axis int) int {
	want, n := product(from[:axis]), ir.N(1)
	for i, d := range to {
		if d == from[axis] && n == want {
			return i
		}
		n = n.Mul(d)
	}
	return -1
}

func product(ds []ir.Dim) ir.Dim {
	n := ir.N(1)
	for _, d := range ds {
		n = n.Mul(d)
	}
	return n
}

// gatheredAxis: a result is src[:axis] ++ idx[batch:] ++ src[axis+1:].
func gatheredAxis(a ir.GatherAttrs, rank, operand, axis int) int {
	switch more := rank - a.BatchDims; {
	case operand == 1 && axis < a.BatchDims:
		return axis
	case operand == 1:
		return a.Axis + axis - a.BatchDims
	case axis == a.Axis:
		return -1
	case axis > a.Axis:
		return axis + more - 1
	}
	return axis
}

// scatteredAxis: a result is like operand 0; operand 2 is as gather yields it.
func scatteredAxis(a ir.GatherAttrs, rank, operand, axis int) int {
	more := rank - a.BatchDims
	switch {
	case operand == 0:
		return axis
	case operand == 1 && axis < a.BatchDims:
		return axis
	case operand == 1:
		return -1
	case axis < a.Axis:
		return axis
	case axis < a.Axis+more:
		return -1
	}
	return axis - more + 1
}
