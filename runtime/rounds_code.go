package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// Bounds of what is one piece of code: elements of a row in a value, nodes of the
// program, and rows. From so many rows on products are summed in parts.
const (
	roundWidth = 64
	roundNodes = 2000
	roundRows  = 2048
)

// roundsCoder writes the operations over the rows of a batch as a program that
// runs in rounds. A value with rows is so many lanes as a row has elements, in
// their order.
type roundsCoder struct {
	coder
	b       *binder
	r       *rounds
	batch   ir.Dim
	first   int             // number of the first operation that is computed
	at      map[*ir.Op]int  // numbers of operations
	earlier map[*ir.Op]bool // those between that run before
	reads   map[*ir.Value]bool
	values  map[*ir.Value][]lanes
	shared  map[roundPlace]lanes
	memory  map[roundPlace]int // streams
	mails   map[*ir.Value]*roundMail
	sums    map[*ir.Op]*roundSum

	set     jit.Set
	lanes   int // of a vector
	vector  int // of the round that is written
	stage   jit.Stage
	loaded  [3]map[*ir.Value][]lanes // by stage, what lies in memory
	hands   map[*ir.Op][]int         // streams from the first stage to the next
	carries []jit.Value
	nodes   map[*ir.Op]int // that operations have in the program
}

// roundPlace is where something in memory begins, and how it is read.
type roundPlace struct {
	slot, off int
	access    jit.Access
	kind      ir.Kind
}

// rowAxis is the axis of the rows of v, -1 where it has none.
func (c *roundsCoder) rowAxis(v *ir.Value) int { return slices.Index(v.Type.Dims, c.batch) }

// width is the elements of a row of v.
func (c *roundsCoder) width(v *ir.Value) int {
	n := 1
	for _, d := range v.Type.Dims {
		if d != c.batch {
			n *= c.b.size(d)
		}
	}
	return n
}

// touches reports whether op is about rows.
func (c *roundsCoder) touches(op *ir.Op) bool {
	has := func(v *ir.Value) bool { return c.rowAxis(v) >= 0 }
	return slices.ContainsFunc(op.Operands, has) || slices.ContainsFunc(op.Results, has)
}

// op writes an operation; false where it has no code.
func (c *roundsCoder) op(op *ir.Op) bool {
	o := c.b.plan.ops[op]
	for _, v := range append(slices.Clone(op.Operands), op.Results...) {
		if n := slices.Index(v.Type.Dims, c.batch); n >= 0 && (slices.Contains(v.Type.Dims[n+1:], c.batch) || c.width(v) > roundWidth) {
			return false
		}
	}
	if c.out.Len() > roundNodes {
		return false
	}
	switch {
	case isIdentity(op.Row.Name):
		return true
	case o.tile != nil:
		return o.writes == nil && c.tile(op, o.tile)
	}
	switch op.Row.Name {
	case "const", "broadcast", "reshape", "transpose":
		return true // found when something reads it
	case "concat":
		return c.concat(op)
	case "einsum":
		return c.einsum(op)
	case "reduce_sum":
		return c.reduceSum(op)
	case "reduce_max":
		return c.reduceMax(op)
	case "gather":
		return c.pick(op)
	case "scatter_add":
		return c.addPicked(op)
	}
	return false
}

// elements are the lanes of a value with rows; nil where they have no code, or it
// has no rows.
func (c *roundsCoder) elements(v *ir.Value) []lanes {
	values := c.values
	if c.rowAxis(v) < 0 {
		return nil
	}
	if c.inMemory(v) {
		values = c.loaded[c.stage]
	}
	if x, ok := values[v]; ok {
		return x
	}
	x := c.newElements(v)
	values[v] = x
	return x
}

// inMemory reports whether v, which has rows, lies in memory before the rounds.
func (c *roundsCoder) inMemory(v *ir.Value) bool {
	return v.Def == nil || c.b.plan.ops[v.Def] != nil && c.b.plan.ops[v.Def].once
}

func (c *roundsCoder) newElements(v *ir.Value) []lanes {
	op := v.Def
	if c.inMemory(v) {
		return c.fromMemory(v)
	}
	if isIdentity(op.Row.Name) {
		return c.elements(op.Operands[0])
	}
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		if len(a.F)+len(a.I) == 1 {
			return repeated(c.fixed(a), c.width(v))
		}
	case ir.BroadcastAttrs:
		return c.mapped(v, op.Operands[0], a.Axes)
	case ir.TransposeAttrs:
		return c.mapped(v, op.Operands[0], a.Perm)
	case ir.ReshapeAttrs:
		if ir.SamePoints(op) && c.rowAxis(op.Operands[0]) >= 0 {
			return c.elements(op.Operands[0])
		}
	}
	return nil
}

func repeated(x lanes, n int) []lanes {
	out := make([]lanes, n)
	for i := range out {
		out[i] = x
	}
	return out
}

// mapped are the elements of a broadcast, whose axis axes[i] is axis i of the
// operand, or of a transpose, whose axis i is axis axes[i] of it.
func (c *roundsCoder) mapped(v, from *ir.Value, axes []int) []lanes {
	if v.Def.Row.Name == "transpose" {
		to := make([]int, len(axes))
		for i, a := range axes {
			to[a] = i
		}
		axes = to
	}
	var out []lanes
	for _, at := range c.points(v.Type.Dims) {
		x, ok := c.element(from, axes, at)
		if !ok {
			return nil
		}
		out = append(out, x)
	}
	return out
}

// points are the elements of a row as indices, in order; the one of the rows is 0.
func (c *roundsCoder) points(dims []ir.Dim) [][]int {
	out := [][]int{make([]int, len(dims))}
	for i, d := range dims {
		if d == c.batch {
			continue
		}
		n := c.b.size(d)
		var next [][]int
		for _, at := range out {
			for x := range n {
				to := slices.Clone(at)
				to[i] = x
				next = append(next, to)
			}
		}
		out = next
	}
	return out
}

// element is the element of v at a point, along whose axes[i] axis i of v runs,
// or -1.
func (c *roundsCoder) element(v *ir.Value, axes []int, at []int) (lanes, bool) {
	if c.rowAxis(v) < 0 {
		return c.sharedAt(v, axes, at)
	}
	flat := 0
	for i, d := range v.Type.Dims {
		if d == c.batch {
			continue
		}
		flat *= c.b.size(d)
		if axes[i] >= 0 {
			flat += at[axes[i]]
		}
	}
	x := c.elements(v)
	if flat >= len(x) {
		return lanes{}, false
	}
	return x[flat], true
}

// sharedAt is an element of a value that rows share, which must be there before
// the rounds begin.
func (c *roundsCoder) sharedAt(v *ir.Value, axes []int, at []int) (lanes, bool) {
	if v.Def != nil {
		if a, ok := v.Def.Attrs.(ir.ConstAttrs); ok && len(a.F)+len(a.I) == 1 {
			return c.fixed(a), true
		}
	}
	if !c.there(v) {
		return lanes{}, false
	}
	c.reads[c.b.plan.info[v].root] = true
	return c.load(c.b.view(v), axes, at, jit.Once)
}

// there reports whether the storage of v is filled before the rounds.
func (c *roundsCoder) there(v *ir.Value) bool {
	root := c.b.plan.info[v].root
	if root.Def == nil || root.Def.Row.Name == "const" {
		return true
	}
	at, ok := c.at[root.Def]
	return ok && (c.b.plan.ops[root.Def].once || at < c.first || c.earlier[root.Def])
}

// load reads an element of a view.
func (c *roundsCoder) load(v view, axes []int, at []int, access jit.Access) (lanes, bool) {
	if v.slot == noSlot {
		return lanes{}, false
	}
	off := v.off
	for i, a := range axes {
		if a >= 0 {
			off += at[a] * v.stride[i]
		}
	}
	kind, w := streamOf(v.kind)
	off *= bytesOf(v.kind)
	key := roundPlace{v.slot, off, access, v.kind}
	if x, ok := c.shared[key]; ok && access == jit.Once {
		return x, true
	}
	s := c.stream(roundPlace{v.slot, 0, access, v.kind}, func() int { return c.out.Stream(kind, access) }, bytesOf(v.kind))
	x := number(c.out.LoadAt(s, w, off), w)
	if access == jit.Once {
		c.shared[key] = x
	}
	return x, true
}

// stream is the number of a stream, which is made when it is first read; it moves
// on by so many bytes a row.
func (c *roundsCoder) stream(p roundPlace, made func() int, row int) int {
	s, ok := c.memory[p]
	if !ok {
		s = made()
		c.memory[p] = s
		if p.access == jit.Once {
			row = 0
		}
		for len(c.r.streams) <= s {
			c.r.streams = append(c.r.streams, roundStream{})
		}
		c.r.streams[s] = roundStream{&c.b.fr.base[p.slot], p.off, row}
	}
	return s
}

// fromMemory are the elements of a value with rows that is not computed here.
func (c *roundsCoder) fromMemory(v *ir.Value) []lanes {
	x, axis := c.b.view(v), c.rowAxis(v)
	c.reads[c.b.plan.info[v].root] = true
	if s, ok := c.matrix(v); ok {
		_, w := streamOf(x.kind)
		var out []lanes
		for _, y := range c.out.Columns(s, c.width(v), w) {
			out = append(out, number(y, w))
		}
		return out
	}
	access := jit.Direct
	switch x.stride[axis] {
	case 1:
	case 0:
		access = jit.Once
	default:
		return nil
	}
	axes := make([]int, len(x.shape))
	for i := range axes {
		axes[i] = i
	}
	var out []lanes
	for _, at := range c.points(v.Type.Dims) {
		y, ok := c.load(x, axes, at, access)
		if !ok {
			return nil
		}
		out = append(out, y)
	}
	return out
}

// matrix is the stream of a value that lies in memory row by row.
func (c *roundsCoder) matrix(v *ir.Value) (s int, ok bool) {
	if !c.inMemory(v) || !v.Type.IsFloat() || len(v.Type.Dims) != 2 || v.Type.Dims[0] != c.batch {
		return 0, false
	}
	x := c.b.view(v)
	if x.slot == noSlot || x.stride[1] != 1 || x.stride[0] < 2 || x.shape[1] < 2 {
		return 0, false
	}
	kind, _ := streamOf(x.kind)
	size := bytesOf(x.kind)
	row := x.stride[0] * size
	return c.stream(roundPlace{x.slot, x.off * size, jit.Rows, x.kind}, func() int { return c.out.Matrix(kind, row) }, row), true
}

// fixed is a single number.
func (c *roundsCoder) fixed(a ir.ConstAttrs) lanes {
	if a.T.IsFloat() {
		return c.constant(a.T.Kind, a.F[0], 0)
	}
	return c.constant(a.T.Kind, 0, a.I[0])
}

// tile writes a tile program once for each element of a row.
func (c *roundsCoder) tile(op *ir.Op, t *tileProg) bool {
	if !slices.Contains(t.dims, c.batch) {
		return false
	}
	results := make([][]lanes, len(op.Results))
	for _, at := range c.points(t.dims) {
		var loads []lanes
		for _, l := range t.loads {
			var x lanes
			var ok bool
			if l.fixed != nil {
				x, ok = c.load(c.b.constView(l.fixed), l.axes, at, jit.Once)
			} else {
				x, ok = c.element(op.Operands[l.operand], l.axes, at)
			}
			if !ok {
				return false
			}
			loads = append(loads, x)
		}
		out := c.program(t, loads, c.b.bounds(t))
		if !c.sound || c.out.Len() > roundNodes {
			return false
		}
		for k, x := range out {
			results[k] = append(results[k], x)
		}
	}
	for k, v := range op.Results {
		c.values[v] = results[k]
	}
	return true
}

// concat puts rows together.
func (c *roundsCoder) concat(op *ir.Op) bool {
	v := op.Results[0]
	axis := op.Attrs.(ir.AxisAttrs).Axis
	if len(v.Type.Dims) != 2 || v.Type.Dims[axis] == c.batch {
		return false
	}
	var out []lanes
	for _, x := range op.Operands {
		l := c.elements(x)
		if l == nil {
			return false
		}
		out = append(out, l...)
	}
	c.values[v] = out
	return true
}
