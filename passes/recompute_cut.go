package passes

import (
	"cmp"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: what a loop computes again. Each value that it needs, and each that these
// are made of, is either read from memory or computed again from its operands. Reading
// costs what the bytes take, with those of storing them where nobody else has them
// stored, and of keeping them where everybody else is done with them. In the graph a
// value is two nodes, in and out, with the cost of reading it between them. The source
// leads to each `in` with the cost of the operation, without bound where that cannot be
// computed again; operands lead to what is made of them, and needed values to the
// sink, without bound. Values of which both nodes are on the side of the sink are
// computed again, those that the least cut passes through are read. What one loop does
// changes what is stored for others: so those that might read what others read are
// looked at twice, the last one first, and the first time as if those that read a
// value shared the cost of storing it.

// choose decides for all loops and reports whether any changes.
func (z *recomputing) choose() (changed bool) {
	for _, shared := range []bool{true, false} {
		for _, l := range slices.Backward(z.loops) {
			if l != nil && (shared || l.others) && slices.ContainsFunc(l.needs, func(y *ir.Value) bool { return z.candidate(y, l) }) {
				changed = z.cut(l, shared) || changed
			}
		}
		if !changed {
			break
		}
	}
	return changed
}

// candidate reports whether l might rather compute y than read it.
func (z *recomputing) candidate(y *ir.Value, l *elementLoop) bool {
	return z.loopOf(y) != nil && !z.costless(y) && z.again(y, l.dims) &&
		(z.forced || bytesOf(y.Type, z.sizes) > fewBytes && z.far(y, l))
}

// far reports whether y has left the cache when l reads it.
func (z *recomputing) far(y *ir.Value, l *elementLoop) bool {
	return z.moved[l.i]-z.moved[z.behind(y)] > nearBytes
}

// behind is the first operation after the one that makes y.
func (z *recomputing) behind(y *ir.Value) int {
	if i, ok := z.at[y]; ok {
		return i + 1
	}
	return 0
}

// Limits of a cut: the values that are looked at, and nanoseconds that it must gain.
const (
	cutValues = maxFused
	cutGain   = 1000
)

// picoseconds is how costs stand in a cut, so that they are whole numbers.
func picoseconds(ns float64) int64 { return int64(ns * 1000) }

// loopCut is the graph for one loop.
type loopCut struct {
	*recomputing
	l      *elementLoop
	shared bool
	g      network
	node   map[*ir.Value]int   // its `in`; its `out` is the next one
	path   map[*ir.Value]int64 // by value: the least that computing it costs with what is made of it
	values []*ir.Value         // those in the graph
	ready  []*ir.Value         // of these: what has yet to be expanded, the latest last
}

// cut chooses what l reads from memory.
func (z *recomputing) cut(l *elementLoop, shared bool) bool {
	c := &loopCut{recomputing: z, l: l, shared: shared, g: newNetwork(), node: map[*ir.Value]int{}, path: map[*ir.Value]int64{}}
	now := int64(0)
	for _, y := range l.loads {
		now += c.read(y)
	}
	for _, y := range l.needs {
		c.g.edge(c.reach(y, 0)+1, flowSink, unbounded)
	}
	for len(c.ready) > 0 {
		y := c.ready[len(c.ready)-1]
		c.ready = c.ready[:len(c.ready)-1]
		c.expand(y, now)
	}
	if least := c.g.run(); least >= now || now-least < picoseconds(cutGain) && !z.forced {
		return false
	}
	return c.take(c.g.before())
}

// reach is the node of y, of which something is made for which path is paid.
func (c *loopCut) reach(y *ir.Value, path int64) int {
	n, ok := c.node[y]
	if !ok {
		n = c.g.nodes(2)
		c.node[y], c.path[y] = n, path
		c.values = append(c.values, y)
		at, _ := slices.BinarySearchFunc(c.ready, y, c.compare)
		c.ready = slices.Insert(c.ready, at, y)
	}
	c.path[y] = min(c.path[y], path)
	return n
}

// compare is the order in which values are made; inputs come first.
func (z *recomputing) compare(x, y *ir.Value) int {
	if c := cmp.Compare(z.order[x], z.order[y]); c != 0 {
		return c
	}
	return cmp.Compare(x.ID, y.ID)
}

// expand adds the edges that lead to y. All that is made of it stands in the graph. What
// costs more than all that the loop reads now is not computed again.
func (c *loopCut) expand(y *ir.Value, now int64) {
	n, work := c.node[y], c.work(y)
	c.g.edge(n, n+1, c.read(y))
	path := c.path[y] + work
	if !c.again(y, c.l.dims) || !c.costless(y) && (path > now || len(c.values) > cutValues) {
		c.g.edge(flowSource, n, unbounded)
		return
	}
	c.g.edge(flowSource, n, work)
	for _, x := range distinct(y.Def.Operands) {
		c.g.edge(c.reach(c.source(x), path)+1, n, unbounded)
	}
}

// work is what computing y again costs.
func (c *loopCut) work(y *ir.Value) int64 {
	if y.Def == nil || c.costless(y) {
		return 0
	}
	if c.forced {
		return 1
	}
	op := y.Def
	n := op.Row.Flops(op, func(ir.Dim) int64 { return 1 })
	if op.Row.Has(ir.Domain) {
		n = max(n, dividerWork)
	}
	one := int64(0) // bytes of a number
	for _, x := range append(op.Operands[:len(op.Operands):len(op.Operands)], y) {
		one = max(one, bytesOf(x.Type.WithDims(), c.sizes))
	}
	return picoseconds(flopTime * float64(n*one) * c.l.points)
}

// read is what reading y costs.
func (c *loopCut) read(y *ir.Value) int64 {
	if i, ok := c.gone[y]; c.costless(y) || ok && i < c.l.i {
		return unbounded
	}
	passes, readers := 1.0, c.loads[y]
	c.l.others = c.l.others || len(readers) > 1 && !c.kept[y]
	switch {
	case c.shared && len(readers) > 1 && !c.kept[y] && c.loopOf(y) != nil && slices.Contains(readers, c.l.i):
		passes += writePasses / float64(len(readers))
	case !c.inMemory(y, c.l):
		passes += writePasses
	default:
		passes += c.longer(y, c.l)
	}
	rate := cacheTime
	if c.far(y, c.l) || c.forced {
		rate = memoryTime
	}
	return picoseconds(passes * rate * float64(bytesOf(y.Type, c.sizes)))
}

// inMemory reports whether y is stored whatever l does. A product that only the
// loop behind it reads is used up by that.
func (z *recomputing) inMemory(y *ir.Value, l *elementLoop) bool {
	readers := z.loads[y]
	switch {
	case z.kept[y] || y.Def == nil:
		return true
	case z.loopOf(y) != nil:
		return slices.ContainsFunc(readers, func(i int) bool { return i != l.i })
	case len(readers) != 1 || readers[0] == l.i || y.Def.Row.Name != "einsum":
		return true
	}
	return !ir.EqualDims(z.loops[readers[0]].dims, ir.Significant(y.Type.Dims))
}

// longer is the part of its life by which y lives longer where l reads it.
func (z *recomputing) longer(y *ir.Value, l *elementLoop) float64 {
	if _, ok := z.at[y]; !ok {
		return 0 // an input
	}
	end := z.behind(y)
	if i, ok := z.last[y]; ok {
		end = max(end, i+1)
	}
	for _, i := range z.loads[y] {
		if i != l.i {
			end = max(end, i+1)
		}
	}
	if end > l.i {
		return 0
	}
	return float64(z.moved[l.i]-z.moved[end]) / float64(max(1, z.moved[l.i]-z.moved[z.behind(y)]))
}

// take notes what the loop reads now, unless that is as it was or too much for a loop.
func (c *loopCut) take(before []bool) bool {
	var loads []*ir.Value
	works := c.l.works
	for _, y := range c.values {
		switch n := c.node[y]; {
		case before[n+1]:
		case before[n]:
			loads = append(loads, y)
		case !c.costless(y):
			works++
		}
	}
	slices.SortFunc(loads, c.compare)
	if works > maxFused || len(loads)+len(c.l.op.Results) > max(maxStreams, len(c.l.loads)) || c.crowded(loads) {
		return false
	}
	for _, y := range c.l.loads {
		c.loads[y] = slices.DeleteFunc(c.loads[y], func(i int) bool { return i == c.l.i })
	}
	for _, y := range loads {
		if c.isNew(y) {
			c.loopOf(y).more++
		}
		c.loads[y] = append(c.loads[y], c.l.i)
	}
	slices.SortFunc(c.l.loads, c.compare)
	changed := !slices.Equal(loads, c.l.loads)
	c.l.loads, c.l.changed = loads, c.l.changed || changed
	return changed
}

// crowded reports whether a loop that would have to store more has no room for it.
func (c *loopCut) crowded(loads []*ir.Value) bool {
	more := map[*elementLoop]int{}
	for _, y := range loads {
		if l := c.loopOf(y); c.isNew(y) {
			if more[l]++; l.more+more[l]+len(l.op.Operands)+len(l.op.Results) > maxStreams {
				return true
			}
		}
	}
	return false
}

// isNew reports whether y is a value within a loop that nobody reads outside yet.
func (z *recomputing) isNew(y *ir.Value) bool {
	l := z.loopOf(y)
	return l != nil && y.Def != l.op && z.outer[y] == nil && len(z.loads[y]) == 0
}
