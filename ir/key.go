package ir

import (
	"slices"
	"strconv"
	"strings"
)

// writeKey writes what two operations have in common exactly where they compute
// the same: row, attributes, types of results, the numbers given for their
// operands, and what the regions do.
func writeKey(b *strings.Builder, op *Op, ids []int) {
	b.WriteString(op.Row.Name)
	if op.Row.Has(Commutative) {
		slices.Sort(ids)
	}
	for _, id := range ids {
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(id))
	}
	b.WriteString(AttrsText(op.Attrs))
	for _, r := range op.Regions {
		b.WriteByte('(')
		writeRegionKey(b, r)
		b.WriteByte(')')
	}
	for _, v := range op.Results {
		b.WriteByte(':')
		b.WriteString(v.Type.String())
	}
}

// RegionKey is a text that two closed regions share exactly when they do the
// same with parameters of the same types; it serves for bodies of functions too.
func RegionKey(r *Region) string {
	var b strings.Builder
	writeRegionKey(&b, r)
	return b.String()
}

// writeRegionKey numbers the values of the region from 0 by position.
func writeRegionKey(b *strings.Builder, r *Region) {
	at := map[*Value]int{}
	place := func(v *Value) { at[v] = len(at) }
	where := func(vs []*Value) []int {
		ids := make([]int, len(vs))
		for i, v := range vs {
			ids[i] = -1 // not of this region: a fault that Verify reports
			if n, ok := at[v]; ok {
				ids[i] = n
			}
		}
		return ids
	}
	for _, p := range r.Params {
		place(p)
		b.WriteString(p.Type.String())
		b.WriteByte(',')
	}
	for _, op := range r.Ops {
		writeKey(b, op, where(op.Operands))
		b.WriteByte(';')
		for _, v := range op.Results {
			place(v)
		}
	}
	for _, id := range where(r.Results) {
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(id))
	}
}

// SameFunc reports whether two functions do the same: their keys, linearity
// and inputs agree, whatever they and their values are called.
func SameFunc(f, g *Func) bool {
	return slices.Equal(f.Inputs, g.Inputs) && slices.Equal(f.Linear, g.Linear) &&
		RegionKey(f.Body) == RegionKey(g.Body)
}
