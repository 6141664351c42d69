package passes

import "github.com/dfc-lang/dfc/ir"

// write replaces each group worth it by a fused operation. A group stands
// where its last member stood, or before the first other operation that waits
// for it.
func (z *fusing) write(m *ir.Module, f *ir.Func) {
	w := &fuseWriter{fusing: z, f: f, done: make([]bool, len(z.ops)), to: env{}}
	z.r.Ops = nil
	w.b = at(m, f, z.r)
	for i := range w.ops {
		if g := z.group[i]; g < 0 || z.parts[g][len(z.parts[g])-1] == i {
			w.emit(i)
		}
	}
	z.r.Results = w.to.list(z.r.Results)
}

type fuseWriter struct {
	*fusing
	f    *ir.Func
	b    *ir.Builder
	done []bool
	to   env
}

// emit writes operation i with the rest of its group, behind what they need.
func (w *fuseWriter) emit(i int) {
	if w.done[i] {
		return
	}
	part := []int{i}
	if g := w.group[i]; g >= 0 {
		part = w.parts[g]
	}
	for _, j := range part {
		w.done[j] = true
	}
	if w.copied(i) {
		return
	}
	for _, j := range part {
		for _, p := range w.waits[j] {
			if w.node(p) != w.node(j) {
				w.emit(p)
			}
		}
		for _, x := range w.ops[j].Operands {
			if p, ok := w.at[x]; ok && !w.within(x, j) {
				w.emit(p)
			}
		}
	}
	if w.worth(part) {
		w.fused(part)
		return
	}
	for _, j := range part {
		op := w.ops[j]
		op.Operands = w.to.list(op.Operands)
		w.r.Ops = append(w.r.Ops, op)
	}
}

// within reports whether x is a value of the group of operation i, under any
// dimensions of size 1.
func (w *fuseWriter) within(x *ir.Value, i int) bool {
	p, ok := w.at[pointsOf(x)]
	return ok && w.group[i] >= 0 && w.group[p] == w.group[i]
}

// copied reports whether operation i gives the points of a group other
// dimensions that nobody outside of that group reads.
func (w *fuseWriter) copied(i int) bool {
	op := w.ops[i]
	if !ir.SamePoints(op) {
		return false
	}
	p, ok := w.at[pointsOf(op.Results[0])]
	return ok && w.group[p] >= 0 && !w.outside(op.Results[0], p)
}

// worth reports whether a loop of its own is better than the operation: more
// than one member, or an operand that need not be stored.
func (w *fuseWriter) worth(part []int) bool {
	if w.group[part[0]] < 0 {
		return false
	}
	if len(part) > 1 {
		return true
	}
	for _, x := range w.ops[part[0]].Operands {
		if free(x.Def) {
			return true
		}
	}
	return false
}

// fused writes a group as one operation.
func (w *fuseWriter) fused(part []int) {
	g := &fusedRegion{w: w, body: &ir.Region{}, e: env{}}
	g.b = at(w.b.Module, w.f, g.body)
	for _, j := range part {
		for _, x := range w.ops[j].Operands {
			g.bring(x)
		}
		copyOp(g.b, w.ops[j], g.e)
	}
	var results []*ir.Value
	for _, j := range part {
		if x := w.ops[j].Results[0]; w.outside(x, j) {
			g.body.Results, results = append(g.body.Results, g.e[x]), append(results, x)
		}
	}
	if len(results) == 0 {
		return
	}
	w.b.Span, w.b.Primal = w.ops[part[len(part)-1]].Span, ""
	rs := w.b.OpWith("fused", nil, []*ir.Region{g.body}, g.operands...)
	for i, x := range results {
		dress(rs[i], x)
		w.to[x] = rs[i]
	}
}

// fusedRegion is a group while it is written.
type fusedRegion struct {
	w        *fuseWriter
	body     *ir.Region
	b        *ir.Builder
	e        env
	operands []*ir.Value
}

// bring makes x available inside: what is free, or a change of dimensions, is
// copied, and anything else from outside is a parameter.
func (g *fusedRegion) bring(x *ir.Value) {
	if g.e[x] != nil {
		return
	}
	if op := x.Def; op != nil && (free(op) || ir.SamePoints(op)) {
		for _, y := range op.Operands {
			g.bring(y)
		}
		copyOp(g.b, op, g.e)
		return
	}
	g.e[x] = addParam(g.w.f, g.body, x.Type, x)
	g.operands = append(g.operands, g.w.to.of(x))
}

// outside reports whether x, a value of the group of operation i under any
// dimensions of size 1, is read by anything else than that group.
func (z *fusing) outside(x *ir.Value, i int) bool {
	for _, j := range z.readers[x] {
		switch {
		case j < 0:
			return true
		case ir.SamePoints(z.ops[j]):
			if z.outside(z.ops[j].Results[0], i) {
				return true
			}
		case z.group[j] != z.group[i]:
			return true
		}
	}
	return false
}
