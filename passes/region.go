package passes

import (
	"strconv"

	"github.com/dfc-lang/dfc/ir"
)

// This file holds what all passes share about regions: builders that write
// into a given region, copies, substitution, and where the captures of a
// control operation stand.

// at is a builder that appends to region r of f. Regions are closed, so the
// builder never needs to know what surrounds r.
func at(m *ir.Module, f *ir.Func, r *ir.Region) *ir.Builder {
	body := f.Body
	f.Body = r
	b := ir.NewBuilder(m, f)
	f.Body = body
	return b
}

// addParam appends a parameter of type t to r, named like v where v is not nil.
func addParam(f *ir.Func, r *ir.Region, t ir.Type, v *ir.Value) *ir.Value {
	p := f.NewValue(t)
	p.Index, p.In = len(r.Params), r
	if v != nil {
		p.Name, p.Span, p.Primal = v.Name, v.Span, v.Primal
	}
	r.Params = append(r.Params, p)
	return p
}

// derivedParam appends a parameter that is the tangent or cotangent of v.
func derivedParam(f *ir.Func, r *ir.Region, v *ir.Value) *ir.Value {
	p := addParam(f, r, v.Type, nil)
	p.Span, p.Primal = v.Span, label(v)
	return p
}

// label is the name or number by which derived values refer to v.
func label(v *ir.Value) string {
	switch {
	case v.Primal != "":
		return v.Primal
	case v.Name != "":
		return v.Name
	}
	return strconv.Itoa(v.ID)
}

// env says what stands for a value in the code being written.
type env map[*ir.Value]*ir.Value

func (e env) of(v *ir.Value) *ir.Value {
	if w, ok := e[v]; ok {
		return w
	}
	return v
}

func (e env) list(vs []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(vs))
	for i, v := range vs {
		out[i] = e.of(v)
	}
	return out
}

// rewire looks up the operands of op in place.
func (e env) rewire(op *ir.Op) {
	if len(e) == 0 {
		return
	}
	for i, v := range op.Operands {
		op.Operands[i] = e.of(v)
	}
}

func (e env) bind(from, to []*ir.Value) {
	for i, v := range from {
		e[v] = to[i]
	}
}

// copyOp writes op again with operands looked up in e, binds its results
// there, and returns them.
func copyOp(b *ir.Builder, op *ir.Op, e env) []*ir.Value {
	ir.CopyOps(b, []*ir.Op{op}, e)
	return e.list(op.Results)
}

// dress gives a value the name, span and primal of the one it stands for.
func dress(v, like *ir.Value) {
	v.Name, v.Span, v.Primal = like.Name, like.Span, like.Primal
}

// substitute replaces uses of values in r. Nested regions are closed, so only
// operands and results change.
func substitute(r *ir.Region, e env) {
	if len(e) == 0 {
		return
	}
	for _, op := range r.Ops {
		for i, v := range op.Operands {
			op.Operands[i] = e.of(v)
		}
	}
	for i, v := range r.Results {
		r.Results[i] = e.of(v)
	}
}

// renumber sets the index of parameters and results after some were removed.
func renumber(vs []*ir.Value) {
	for i, v := range vs {
		v.Index = i
	}
}

// captures says which operands of a control operation are captures, that is,
// leading parameters of each of its regions: n of them beginning at from.
func captures(op *ir.Op) (from, n int) {
	switch a := op.Attrs.(type) {
	case ir.CondAttrs:
		return 1, len(op.Operands) - 1
	case ir.ScanAttrs:
		return 0, a.Captures
	case ir.MapAttrs:
		return 0, a.Captures
	}
	return 0, 0
}

// setCaptures records the number of captures after some came or went.
func setCaptures(op *ir.Op, n int) {
	switch a := op.Attrs.(type) {
	case ir.ScanAttrs:
		a.Captures = n
		op.Attrs = a
	case ir.MapAttrs:
		a.Captures = n
		op.Attrs = a
	}
}

// dropCaptures removes the captures for which drop holds (counted from 0)
// from the operands and from every region.
func dropCaptures(op *ir.Op, drop func(i int) bool) {
	from, n := captures(op)
	left := n
	for i := n - 1; i >= 0; i-- {
		if !drop(i) {
			continue
		}
		op.Operands = without(op.Operands, from+i)
		for _, r := range op.Regions {
			r.Params = without(r.Params, i)
		}
		left--
	}
	if left == n {
		return
	}
	setCaptures(op, left)
	for _, r := range op.Regions {
		renumber(r.Params)
	}
}

// without is vs without element i, in a new list.
func without(vs []*ir.Value, i int) []*ir.Value {
	out := make([]*ir.Value, 0, len(vs))
	out = append(out, vs[:i]...)
	return append(out, vs[i+1:]...)
}

// join is a new list of the values of all vs.
func join(vs ...[]*ir.Value) []*ir.Value {
	var out []*ir.Value
	for _, v := range vs {
		out = append(out, v...)
	}
	return out
}

// pick is the values for which on holds.
func pick(vs []*ir.Value, on []bool) []*ir.Value {
	var out []*ir.Value
	for i, v := range vs {
		if on[i] {
			out = append(out, v)
		}
	}
	return out
}

// present is the values that are not nil.
func present(vs []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for _, v := range vs {
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

// isOn says of each value whether it is not nil.
func isOn(vs []*ir.Value) []bool {
	on := make([]bool, len(vs))
	for i, v := range vs {
		on[i] = v != nil
	}
	return on
}

// either is a or b, by element; nil stands for all false.
func either(a, b []bool) []bool {
	out := make([]bool, max(len(a), len(b)))
	for i := range out {
		out[i] = i < len(a) && a[i] || i < len(b) && b[i]
	}
	return out
}

func count(on []bool) int {
	n := 0
	for _, x := range on {
		if x {
			n++
		}
	}
	return n
}

func anyOn(on []bool) bool { return count(on) > 0 }

// bits writes a mask as it stands in the names of derived functions.
func bits(on []bool) string {
	s := make([]byte, len(on))
	for i, x := range on {
		s[i] = '0'
		if x {
			s[i] = '1'
		}
	}
	return string(s)
}

// floats says which of the values are floats: only those have tangents.
func floats(vs []*ir.Value) []bool {
	on := make([]bool, len(vs))
	for i, v := range vs {
		on[i] = v.Type.IsFloat()
	}
	return on
}
