package passes

import "github.com/dfc-lang/dfc/ir"

// fuse groups connected elementwise operations over the same dimensions into
// one `fused` operation, a single loop. Constants that are one number and
// broadcasts cost nothing inside and are copied into every group that reads
// them; nothing else is ever computed twice. Operations that can fail on an
// element (ir.Op.SafeOperands) stay alone, so that they can be blamed.
func fuse(m *ir.Module, _ ir.Sizes) error {
	for _, f := range m.Funcs {
		fuseRegion(m, f, f.Body)
		ir.Renumber(f)
	}
	return nil
}

// fusing is the state for one region.
type fusing struct {
	r     *ir.Region
	at    map[*ir.Value]int // operation that defines it
	group []int             // by operation: the group, by its first member; -1 for none
	parts map[int][]int     // by group: members in order
	// readers of each value, by operation; -1 is the result of the region
	readers map[*ir.Value][]int
}

// fuseRegion goes into the regions of other control operations first.
func fuseRegion(m *ir.Module, f *ir.Func, r *ir.Region) {
	for _, op := range r.Ops {
		for _, s := range op.Regions {
			if op.Row.Name != "fused" {
				fuseRegion(m, f, s)
			}
		}
	}
	z := &fusing{r: r, at: map[*ir.Value]int{}, parts: map[int][]int{}, readers: map[*ir.Value][]int{}}
	for i, op := range r.Ops {
		for _, x := range op.Results {
			z.at[x] = i
		}
		for _, x := range op.Operands {
			z.readers[x] = append(z.readers[x], i)
		}
		z.group = append(z.group, -1)
		if fusable(op) {
			z.group[i], z.parts[i] = i, []int{i}
		}
	}
	for _, x := range r.Results {
		z.readers[x] = append(z.readers[x], -1)
	}
	for i, op := range r.Ops {
		if z.group[i] < 0 {
			continue
		}
		for _, x := range op.Operands {
			if p, ok := z.at[x]; ok && z.group[p] >= 0 {
				z.merge(z.group[p], z.group[i])
			}
		}
	}
	z.write(m, f)
}

// fusable reports whether op can be part of a loop.
func fusable(op *ir.Op) bool {
	return op.Row.Has(ir.Elementwise) && (op.Row.Scalar != nil || op.Row.ScalarInt != nil) &&
		len(op.Results) == 1 && len(op.SafeOperands()) == 0
}

// free reports whether op costs nothing inside a loop: a number, or a
// repetition.
func free(op *ir.Op) bool {
	if op == nil {
		return false
	}
	if _, ok := op.Attrs.(ir.BroadcastAttrs); ok {
		return true
	}
	c, ok := op.Attrs.(ir.ConstAttrs)
	return ok && len(c.F)+len(c.I) == 1
}

// merge joins two groups over the same dimensions unless a path from one to
// the other leads outside of both: the loop would wait for itself.
func (z *fusing) merge(g, h int) {
	if g == h || !ir.EqualDims(z.dims(g), z.dims(h)) {
		return
	}
	first := min(z.parts[g][0], z.parts[h][0])
	seen := map[int]bool{}
	for _, part := range [][]int{z.parts[g], z.parts[h]} {
		for _, i := range part {
			for _, x := range z.r.Ops[i].Operands {
				if p, ok := z.at[x]; ok && z.group[p] != g && z.group[p] != h && z.reaches(p, g, h, first, seen) {
					return
				}
			}
		}
	}
	if g > h {
		g, h = h, g
	}
	for _, i := range z.parts[h] {
		z.group[i] = g
	}
	z.parts[g] = mergeSorted(z.parts[g], z.parts[h])
	delete(z.parts, h)
}

// reaches reports whether operation i, with the rest of its group, needs
// something of group g or h; nothing before first does.
func (z *fusing) reaches(i, g, h, first int, seen map[int]bool) bool {
	group := []int{i}
	node := i
	if z.group[i] >= 0 {
		node, group = z.group[i], z.parts[z.group[i]]
	}
	if seen[node] || group[len(group)-1] < first {
		return false
	}
	seen[node] = true
	for _, j := range group {
		for _, x := range z.r.Ops[j].Operands {
			p, ok := z.at[x]
			if !ok {
				continue
			}
			if k := z.group[p]; k >= 0 && (k == g || k == h) {
				return true
			}
			if z.group[p] != z.group[j] || z.group[p] < 0 {
				if z.reaches(p, g, h, first, seen) {
					return true
				}
			}
		}
	}
	return false
}

func (z *fusing) dims(g int) []ir.Dim { return z.r.Ops[g].Results[0].Type.Dims }

func mergeSorted(a, b []int) []int {
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// write replaces each group worth it by a fused operation. A group stands
// where its last member stood; what reads an earlier member moves behind it.
func (z *fusing) write(m *ir.Module, f *ir.Func) {
	old := z.r.Ops
	var last []int
	for i := range old {
		last = append(last, i)
		if g := z.group[i]; g >= 0 {
			last[i] = z.parts[g][len(z.parts[g])-1]
		}
	}
	z.r.Ops = nil
	b := at(m, f, z.r)
	to := env{}
	done := make([]bool, len(old))
	var emit func(i int)
	emit = func(i int) {
		if done[i] {
			return
		}
		part := []int{i}
		if g := z.group[i]; g >= 0 {
			part = z.parts[g]
		}
		for _, j := range part {
			done[j] = true
		}
		for _, j := range part {
			for _, x := range old[j].Operands {
				if p, ok := z.at[x]; ok {
					emit(p)
				}
			}
		}
		if !z.worth(old, part) {
			for _, j := range part {
				op := old[j]
				for k, x := range op.Operands {
					op.Operands[k] = to.of(x)
				}
				z.r.Ops = append(z.r.Ops, op)
			}
			return
		}
		z.fused(b, f, old, part, to)
	}
	for i := range old {
		if last[i] == i {
			emit(i)
		}
	}
	z.r.Results = to.list(z.r.Results)
}

// worth reports whether a loop of its own is better than the operation: more
// than one member, or an operand that need not be stored.
func (z *fusing) worth(old []*ir.Op, part []int) bool {
	if z.group[part[0]] < 0 {
		return false
	}
	if len(part) > 1 {
		return true
	}
	for _, x := range old[part[0]].Operands {
		if free(x.Def) {
			return true
		}
	}
	return false
}

// fused writes a group as one operation.
func (z *fusing) fused(b *ir.Builder, f *ir.Func, old []*ir.Op, part []int, to env) {
	body := &ir.Region{}
	inner := at(b.Module, f, body)
	e := env{}
	var operands []*ir.Value
	bring := func(x *ir.Value) {
		if e[x] == nil {
			e[x] = addParam(f, body, x.Type, x)
			operands = append(operands, to.of(x))
		}
	}
	for _, j := range part {
		for _, x := range old[j].Operands {
			switch {
			case e[x] != nil:
			case free(x.Def):
				for _, y := range x.Def.Operands {
					if isConst := free(y.Def) && len(y.Def.Operands) == 0; isConst && e[y] == nil {
						copyOp(inner, y.Def, e)
					} else {
						bring(y)
					}
				}
				copyOp(inner, x.Def, e)
			default:
				bring(x)
			}
		}
		copyOp(inner, old[j], e)
	}
	var results []*ir.Value
	for _, j := range part {
		if x := old[j].Results[0]; z.outside(x, j) {
			body.Results, results = append(body.Results, e[x]), append(results, x)
		}
	}
	if len(results) == 0 {
		return
	}
	b.Span, b.Primal = old[part[len(part)-1]].Span, ""
	rs := b.OpWith("fused", nil, []*ir.Region{body}, operands...)
	for i, x := range results {
		dress(rs[i], x)
		to[x] = rs[i]
	}
}

// outside reports whether x, a member of the group of operation i, is read by
// anything else than that group.
func (z *fusing) outside(x *ir.Value, i int) bool {
	for _, j := range z.readers[x] {
		if j < 0 || z.group[j] != z.group[i] {
			return true
		}
	}
	return false
}
