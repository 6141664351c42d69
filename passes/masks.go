package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// This file writes masks of lanes, and brings lanes where a branch wants them.

// maskAt brings a mask to dims, where its lanes stand at l: what carries only
// some of them is on where any of the others is.
func maskAt(b *ir.Builder, m *ir.Value, l lanes, dims []ir.Dim) *ir.Value {
	var gone, axes []int
	for k := range m.Type.Dims {
		if a := l.of(k); a < 0 {
			gone = append(gone, k)
		} else {
			axes = append(axes, a)
		}
	}
	if len(gone) > 0 {
		m = b.One("reduce_max", ir.AxesAttrs{Axes: gone}, m)
	}
	perm, sorted := sortedAxes(axes)
	return b.Broadcast(permute(b, m, perm), dims, sorted...)
}

// sortedAxes is axes in order, and where each of them stood.
func sortedAxes(axes []int) (perm, sorted []int) {
	for i := range axes {
		perm = append(perm, i)
	}
	slices.SortFunc(perm, func(i, j int) int { return axes[i] - axes[j] })
	for _, i := range perm {
		sorted = append(sorted, axes[i])
	}
	return perm, sorted
}

// permute is a transpose; v itself where nothing moves.
func permute(b *ir.Builder, v *ir.Value, perm []int) *ir.Value {
	if slices.IsSorted(perm) {
		return v
	}
	return b.One("transpose", ir.TransposeAttrs{Perm: perm}, v)
}

// front is the order of the axes of a value with those of l first.
func (l lanes) front(rank int) []int {
	var perm []int
	for _, a := range l {
		if a >= 0 {
			perm = append(perm, a)
		}
	}
	for i := range rank {
		if !slices.Contains(perm, i) {
			perm = append(perm, i)
		}
	}
	return perm
}

// fronted is v with its lanes, which stand at l, in front: 1 for each that it
// does not carry.
func fronted(b *ir.Builder, v *ir.Value, l lanes) *ir.Value {
	v = permute(b, v, l.front(v.Type.Rank()))
	if l.carried() == len(l) {
		return v
	}
	rest, dims := v.Type.Dims, []ir.Dim{}
	for _, a := range l {
		if a < 0 {
			dims = append(dims, ir.N(1))
		} else {
			dims, rest = append(dims, rest[0]), rest[1:]
		}
	}
	return b.One("reshape", ir.ReshapeAttrs{Dims: append(dims, rest...)}, v)
}

// unfronted undoes fronted for a value of type t.
func unfronted(b *ir.Builder, v *ir.Value, t ir.Type, l lanes) *ir.Value {
	perm := l.front(t.Rank())
	if l.carried() < len(l) {
		var dims []ir.Dim
		for _, a := range perm {
			dims = append(dims, t.Dims[a])
		}
		v = b.One("reshape", ir.ReshapeAttrs{Dims: dims}, v)
	}
	back := make([]int, len(perm))
	for i, a := range perm {
		back[a] = i
	}
	return permute(b, v, back)
}

// withOnes is v with n dimensions 1 more at an axis.
func withOnes(b *ir.Builder, v *ir.Value, axis, n int) *ir.Value {
	dims := append([]ir.Dim{}, v.Type.Dims[:axis]...)
	for range n {
		dims = append(dims, ir.N(1))
	}
	return b.One("reshape", ir.ReshapeAttrs{Dims: append(dims, v.Type.Dims[axis:]...)}, v)
}

// onlyWhere is v, whose lanes stand at l, where some lane of it takes the
// side, zero elsewhere.
func (s *border) onlyWhere(v *ir.Value, l lanes) *ir.Value {
	return s.b.Select(maskAt(s.b, s.mask, l, v.Type.Dims), v, s.b.Zeros(v.Type))
}
