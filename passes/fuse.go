package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// fuse groups elementwise operations over the same points into one `fused`
// operation, a single loop: first what makes a value with what reads it, then
// what reads the same value, then everything over so few points that a loop of
// its own would cost more than its work. Dimensions of size 1 make no
// difference. Constants that are one number, broadcasts and such dimensions
// cost nothing inside and are copied into every group that reads them; nothing
// else is ever computed twice. Operations that can fail keep their order, within
// groups and among them, so that the fault that is told does not depend on what
// is fused.
func fuse(m *ir.Module, sizes ir.Sizes) error {
	fails := newFailing(m)
	for _, f := range m.Funcs {
		fuseRegion(m, f, f.Body, fails, sizes)
		ir.Renumber(f)
	}
	return nil
}

// Limits of a group: operations, arrays that a loop over many points walks
// along at once, and what counts as few points.
const (
	maxFused   = 256
	maxScalars = 2048 // operations over one point
	maxStreams = 24
	fewPoints  = 1024
)

// fusing is the state for one region.
type fusing struct {
	r     *ir.Region
	ops   []*ir.Op // of the region as it was
	sizes ir.Sizes
	at    map[*ir.Value]int // operation that defines it
	needs [][]int           // by operation: those whose points it reads
	waits [][]int           // by operation: these, and the one before it that may fail where it may
	users [][]int           // by operation: those that wait for it
	fails []bool            // by operation: it may fail
	group []int             // by operation: the group, by its first member; -1 for none
	parts map[int][]int     // by group: members in order
	// latest is, by node (a group, or an operation of none), the number of the
	// last operation that the node waits for, however indirectly.
	latest []int
	// readers of each value, by operation; -1 is the result of the region
	readers map[*ir.Value][]int
}

// fuseRegion goes into the regions of other control operations first.
func fuseRegion(m *ir.Module, f *ir.Func, r *ir.Region, fails *failing, sizes ir.Sizes) {
	for _, op := range r.Ops {
		for _, s := range op.Regions {
			if op.Row.Name != "fused" {
				fuseRegion(m, f, s, fails, sizes)
			}
		}
	}
	z := newFusing(r, fails, sizes)
	z.chains(false)
	z.siblings()
	z.chains(true)
	z.few()
	z.write(m, f)
}

func newFusing(r *ir.Region, fails *failing, sizes ir.Sizes) *fusing {
	z := &fusing{r: r, ops: r.Ops, sizes: sizes, at: map[*ir.Value]int{}, parts: map[int][]int{}, readers: map[*ir.Value][]int{},
		needs: make([][]int, len(r.Ops)), waits: make([][]int, len(r.Ops)), users: make([][]int, len(r.Ops))}
	last := -1 // operation that may fail
	for i, op := range r.Ops {
		for _, x := range op.Results {
			z.at[x] = i
		}
		for _, x := range op.Operands {
			z.readers[x] = append(z.readers[x], i)
			if p, ok := z.at[pointsOf(x)]; ok {
				z.needs[i] = append(z.needs[i], p)
			}
		}
		z.waits[i] = slices.Clone(z.needs[i])
		z.fails = append(z.fails, fails.may(op))
		if z.fails[i] {
			if last >= 0 {
				z.waits[i] = append(z.waits[i], last)
			}
			last = i
		}
		for _, p := range z.waits[i] {
			z.users[p] = append(z.users[p], i)
		}
		z.group, z.latest = append(z.group, -1), append(z.latest, i)
		if fusable(op) {
			z.group[i], z.parts[i] = i, []int{i}
		}
	}
	for _, x := range r.Results {
		z.readers[x] = append(z.readers[x], -1)
	}
	return z
}

// fusable reports whether op can be part of a loop. A checked conversion to a kind
// that is only stored stays alone.
func fusable(op *ir.Op) bool {
	if !op.Row.Has(ir.Elementwise) || len(op.Results) != 1 {
		return false
	}
	switch op.Results[0].Type.Kind {
	case ir.U8, ir.I8, ir.U16, ir.I16:
		return len(op.SafeOperands()) == 0
	}
	return true
}

// pointsOf is the value that x is under other dimensions of size 1.
func pointsOf(x *ir.Value) *ir.Value {
	for x.Def != nil && ir.SamePoints(x.Def) {
		x = x.Def.Operands[0]
	}
	return x
}

// free reports whether op costs nothing inside a loop: a number, or a
// repetition.
func free(op *ir.Op) bool {
	if op == nil {
		return false
	}
	if _, ok := op.Attrs.(ir.BroadcastAttrs); ok {
		return !ir.SamePoints(op)
	}
	c, ok := op.Attrs.(ir.ConstAttrs)
	return ok && len(c.F)+len(c.I) == 1
}

// chains joins each operation with those whose values it reads, over one point
// or over more. Loops over more come first: numbers that a loop in between
// waits for could otherwise hold two such loops apart.
func (z *fusing) chains(onePoint bool) {
	for i := range z.ops {
		for _, p := range z.needs[i] {
			if z.group[i] >= 0 && z.group[p] >= 0 && onePoint == (len(z.dims(i)) == 0) {
				z.merge(z.group[p], z.group[i])
			}
		}
	}
}

// siblings joins groups that read the same value point by point, which is then
// read once.
func (z *fusing) siblings() {
	last := map[*ir.Value]int{} // operation that read it last
	for i, op := range z.ops {
		if z.group[i] < 0 {
			continue
		}
		for _, x := range op.Operands {
			x = pointsOf(x)
			if free(x.Def) || x.Type.Rank() == 0 || !ir.EqualDims(ir.Significant(x.Type.Dims), z.dims(i)) {
				continue
			}
			if j, ok := last[x]; ok && z.streams(z.group[i], z.group[j]) <= maxStreams {
				z.merge(z.group[j], z.group[i])
			}
			last[x] = i
		}
	}
}

// few joins groups over the same few points, related or not: each with the
// latest of those before it that neither waits for it nor keeps it waiting.
func (z *fusing) few() {
	var kinds [][]ir.Dim
	var met [][]int // by kind: a member of each group, the latest last
next:
	for i := range z.ops {
		if z.group[i] != i || !z.fewAt(i) {
			continue
		}
		for k, dims := range kinds {
			if ir.EqualDims(dims, z.dims(i)) {
				met[k] = z.joinFew(met[k], i)
				continue next
			}
		}
		kinds, met = append(kinds, z.dims(i)), append(met, []int{i})
	}
}

// fewTries is with how many groups before it one of few points is tried.
const fewTries = 8

// joinFew joins the group of i with one of those met, which it returns as they
// are then.
func (z *fusing) joinFew(met []int, i int) []int {
	for _, j := range slices.Backward(met[max(0, len(met)-fewTries):]) {
		g := z.group[j]
		if len(z.dims(i)) == 0 || z.streams(g, i) <= maxStreams {
			z.merge(g, i)
		}
		if z.group[i] == z.group[j] {
			return met
		}
	}
	return append(met, i)
}

// fewAt reports whether operation i has few points; none is meant where their
// number is not known.
func (z *fusing) fewAt(i int) bool {
	n := int64(1)
	for _, d := range z.dims(i) {
		k, err := d.Eval(func(name string) (int64, bool) {
			s, ok := z.sizes[name]
			return s.Capacity, ok
		})
		if n *= k; err != nil || n > fewPoints {
			return false
		}
	}
	return true
}

// streams is how many arrays a loop of both groups would walk along.
func (z *fusing) streams(g, h int) int {
	seen := map[*ir.Value]bool{}
	n := 0
	for _, k := range []int{g, h} {
		for _, i := range z.parts[k] {
			for _, x := range z.ops[i].Operands {
				x = pointsOf(x)
				p, inside := z.at[x]
				if inside = inside && (z.group[p] == g || z.group[p] == h); !inside && !seen[x] && !free(x.Def) && x.Type.Rank() > 0 {
					seen[x] = true
					n++
				}
			}
			if z.outside(z.ops[i].Results[0], i) {
				n++
			}
		}
	}
	return n
}

// merge joins two groups over the same points unless a path from one to the
// other leads outside of both: the loop would wait for itself.
func (z *fusing) merge(g, h int) {
	if g == h || !ir.EqualDims(z.dims(g), z.dims(h)) || z.apart(g, h) {
		return
	}
	most := maxFused
	if len(z.dims(g)) == 0 {
		most = maxScalars
	}
	if len(z.parts[g])+len(z.parts[h]) > most {
		return
	}
	first := min(z.parts[g][0], z.parts[h][0])
	seen := map[int]bool{}
	for _, part := range [][]int{z.parts[g], z.parts[h]} {
		for _, i := range part {
			for _, p := range z.waits[i] {
				if z.group[p] != g && z.group[p] != h && z.reaches(z.node(p), g, h, first, seen) {
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
	z.latest[g] = max(z.latest[g], z.latest[h])
	z.delay(g)
}

// apart reports whether one of two groups may fail and the other goes over the
// points of a contraction that it reads: it runs within that, and what can fail
// does not.
func (z *fusing) apart(g, h int) bool {
	fails := func(k int) bool { return slices.ContainsFunc(z.parts[k], func(i int) bool { return z.fails[i] }) }
	return fails(g) != fails(h) && (z.overProduct(g) || z.overProduct(h))
}

// overProduct reports whether group g reads a contraction over the same points.
func (z *fusing) overProduct(g int) bool {
	for _, i := range z.parts[g] {
		for _, p := range z.needs[i] {
			if z.ops[p].Row.Name == "einsum" && ir.EqualDims(z.dims(p), z.dims(g)) {
				return true
			}
		}
	}
	return false
}

// node is what operation i runs with: its group, or itself.
func (z *fusing) node(i int) int {
	if g := z.group[i]; g >= 0 {
		return g
	}
	return i
}

// members is the operations of a node.
func (z *fusing) members(node int) []int {
	if z.group[node] >= 0 {
		return z.parts[node]
	}
	return []int{node}
}

// reaches reports whether a node needs, however indirectly, something of group
// g or h; what waits for nothing from first on does not.
func (z *fusing) reaches(node, g, h, first int, seen map[int]bool) bool {
	if node == g || node == h {
		return true
	}
	if seen[node] || z.latest[node] < first {
		return false
	}
	seen[node] = true
	for _, j := range z.members(node) {
		for _, p := range z.waits[j] {
			if k := z.node(p); k != node && z.reaches(k, g, h, first, seen) {
				return true
			}
		}
	}
	return false
}

// delay tells those that wait for a node how long they wait.
func (z *fusing) delay(node int) {
	for _, j := range z.members(node) {
		for _, u := range z.users[j] {
			if k := z.node(u); z.latest[k] < z.latest[node] {
				z.latest[k] = z.latest[node]
				z.delay(k)
			}
		}
	}
}

// dims is the dimensions of the points of operation i.
func (z *fusing) dims(i int) []ir.Dim { return ir.Significant(z.ops[i].Results[0].Type.Dims) }

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
