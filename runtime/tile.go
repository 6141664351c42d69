package runtime

import (
	"fmt"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// A tile program is a fused region, or one elementwise operation, as a flat
// list of kernels on registers that hold a tile each. It runs over the points
// of its dims, which all results have but for dimensions of size 1; broadcasts
// are strides of the loads.
type tileProg struct {
	dims    []ir.Dim
	loads   []tileLoad
	consts  []tileConst
	instrs  []tileInstr
	kinds   []ir.Kind // by register
	results []int     // register of each result
	mayFail int       // the first instruction that can be at fault on an element, -1 where none can
}

// tileLoad reads a value: operand number of the operation, or, where fixed is
// not nil, a constant of the region. axes[i] is the axis of the program that
// axis i of the value runs along, -1 for one of size 1.
type tileLoad struct {
	reg      int
	operand  int
	fixed    *ir.Op
	axes     []int
	identity bool // the axes are all axes of the program, in order
}

type tileConst struct {
	reg int
	f   float64
	i   int64
}

type tileInstr struct {
	op  *ir.Op
	dst int
	src []int
}

type tileCompiler struct {
	prog   *tileProg
	params map[*ir.Value]int
	memo   map[string]int
}

// compileTile makes the program of an elementwise or fused operation; nil
// where a fused region has results of different dims or something that is not
// for tiles.
func compileTile(op *ir.Op) *tileProg {
	c := &tileCompiler{prog: &tileProg{}, params: map[*ir.Value]int{}, memo: map[string]int{}}
	if op.Row.Name != "fused" {
		c.prog.dims = ir.Significant(op.Results[0].Type.Dims)
		in := tileInstr{op: op}
		for i, v := range op.Operands {
			in.src = append(in.src, c.load(tileLoad{operand: i, axes: axesOf(v.Type.Dims)}, v.Type.Kind))
		}
		in.dst = c.register(op.Results[0].Type.Kind)
		c.prog.instrs = append(c.prog.instrs, in)
		c.prog.results = []int{in.dst}
		c.prog.inOrder(nil)
		return c.prog
	}
	body := op.Regions[0]
	if len(body.Results) == 0 {
		return nil
	}
	c.prog.dims = ir.Significant(body.Results[0].Type.Dims)
	for i, p := range body.Params {
		c.params[p] = i
	}
	for _, v := range body.Results {
		if !ir.EqualDims(ir.Significant(v.Type.Dims), c.prog.dims) {
			return nil
		}
		r, ok := c.value(v, axesOf(v.Type.Dims))
		if !ok {
			return nil
		}
		c.prog.results = append(c.prog.results, r)
	}
	c.prog.inOrder(body.Ops)
	if len(c.prog.dims) > 0 && c.prog.pressure() > maxRegisters {
		return nil
	}
	return c.prog
}

// inOrder finds the instructions that can fail. Where more than one can, all are
// put into the order of the operations of the region: of several faults that of
// the first is told.
func (p *tileProg) inOrder(ops []*ir.Op) {
	p.mayFail = -1
	number := map[*ir.Op]int{}
	for i, op := range ops {
		number[op] = i
	}
	if n := len(slices.DeleteFunc(slices.Clone(p.instrs), func(in tileInstr) bool { return !in.canFail() })); n > 1 {
		slices.SortStableFunc(p.instrs, func(a, b tileInstr) int { return number[a.op] - number[b.op] })
	}
	p.mayFail = slices.IndexFunc(p.instrs, tileInstr.canFail)
}

// axesOf numbers the axes of a value that has the points of the program: those
// of size 1 are none of its axes.
func axesOf(dims []ir.Dim) []int {
	out, n := make([]int, len(dims)), 0
	for i, d := range dims {
		if out[i] = -1; d != ir.N(1) {
			out[i] = n
			n++
		}
	}
	return out
}

// present is the axes that are not of size 1.
func present(axes []int) []int {
	return slices.DeleteFunc(slices.Clone(axes), func(a int) bool { return a < 0 })
}

// reshaped is the axes of the operand of a reshape that adds or drops
// dimensions of size 1, from those of its result.
func reshaped(axes []int, from []ir.Dim) []int {
	along, out := present(axes), axesOf(from)
	for i, n := range out {
		if n >= 0 {
			out[i] = along[n]
		}
	}
	return out
}

func (c *tileCompiler) register(k ir.Kind) int {
	c.prog.kinds = append(c.prog.kinds, k)
	return len(c.prog.kinds) - 1
}

func (c *tileCompiler) load(l tileLoad, k ir.Kind) int {
	key := fmt.Sprint("load ", l.operand, l.fixed, l.axes)
	if r, ok := c.memo[key]; ok {
		return r
	}
	l.reg = c.register(k)
	l.identity = slices.Equal(present(l.axes), axesOf(c.prog.dims))
	c.prog.loads = append(c.prog.loads, l)
	c.memo[key] = l.reg
	return l.reg
}

// value is the register that holds v with its axes along the given ones of
// the program. What is computed before a broadcast is computed again for every
// point: inside a tile that is cheaper than memory.
func (c *tileCompiler) value(v *ir.Value, axes []int) (int, bool) {
	key := fmt.Sprintf("%p %v", v, axes)
	if r, ok := c.memo[key]; ok {
		return r, true
	}
	r, ok := c.compute(v, axes)
	if ok {
		c.memo[key] = r
	}
	return r, ok
}

func (c *tileCompiler) compute(v *ir.Value, axes []int) (int, bool) {
	if i, ok := c.params[v]; ok {
		return c.load(tileLoad{operand: i, axes: axes}, v.Type.Kind), true
	}
	op := v.Def
	if op == nil {
		return 0, false
	}
	switch a := op.Attrs.(type) {
	case ir.ConstAttrs:
		if len(a.F)+len(a.I) != 1 {
			return c.load(tileLoad{operand: -1, fixed: op, axes: axes}, v.Type.Kind), true
		}
		return c.constant(a), true
	case ir.BroadcastAttrs:
		inner := make([]int, len(a.Axes))
		for i, x := range a.Axes {
			inner[i] = axes[x]
		}
		return c.value(op.Operands[0], inner)
	case ir.ReshapeAttrs:
		return c.value(op.Operands[0], reshaped(axes, op.Operands[0].Type.Dims))
	}
	if isIdentity(op.Row.Name) {
		return c.value(op.Operands[0], axes)
	}
	if !op.Row.Has(ir.Elementwise) {
		return 0, false
	}
	in := tileInstr{op: op}
	for _, o := range op.Operands {
		r, ok := c.value(o, axes)
		if !ok {
			return 0, false
		}
		in.src = append(in.src, r)
	}
	in.dst = c.register(v.Type.Kind)
	c.prog.instrs = append(c.prog.instrs, in)
	return in.dst, true
}

func (c *tileCompiler) constant(a ir.ConstAttrs) int {
	k := tileConst{}
	if a.T.IsFloat() {
		k.f = a.F[0]
	} else {
		k.i = a.I[0]
	}
	key := fmt.Sprint("const ", a.T.Kind, k)
	if r, ok := c.memo[key]; ok {
		return r
	}
	k.reg = c.register(a.T.Kind)
	c.prog.consts = append(c.prog.consts, k)
	c.memo[key] = k.reg
	return k.reg
}

// Limits of registers: bytes of all live ones, and their number.
const (
	tileElems    = 1024
	tileBudget   = 24 << 10
	maxRegisters = 240
)

// lastReads is, by register, the number of the last instruction that reads
// it; results are read behind the last.
func (p *tileProg) lastReads() []int {
	last := make([]int, len(p.kinds))
	for i := range last {
		last[i] = -1
	}
	for i, in := range p.instrs {
		for _, s := range in.src {
			last[s] = i
		}
	}
	for _, r := range p.results {
		last[r] = len(p.instrs)
	}
	return last
}

// pressure is an upper bound of registers alive at once.
func (p *tileProg) pressure() int {
	last := p.lastReads()
	live := len(p.loads) + len(p.consts)
	most, freed := live, make([]int, len(p.instrs)+1)
	for i, in := range p.instrs {
		live++
		most = max(most, live)
		freed[max(last[in.dst], i)]++
		live -= freed[i]
	}
	return most
}

// weight is about how many flops an element costs.
func (p *tileProg) weight() int64 {
	w := int64(1 + len(p.loads))
	for _, in := range p.instrs {
		if f := in.op.Row.Flops; f != nil {
			w += 1 + f(in.op, func(ir.Dim) int64 { return 1 })
		}
	}
	return w
}

// canFail reports whether the instruction can be at fault on an element: integers
// are checked.
func (in tileInstr) canFail() bool { return len(in.op.SafeOperands()) > 0 }

// canFail reports whether some instruction can be at fault.
func (p *tileProg) canFail() bool { return p.mayFail >= 0 }

// identity reports whether every load of operand i is the element itself.
func (p *tileProg) identity(i int) bool {
	for _, l := range p.loads {
		if l.fixed == nil && l.operand == i && !l.identity {
			return false
		}
	}
	return true
}

// readsInPlace reports whether the program may overwrite operand i with a
// result: every load of the operand is the element itself, and none is passed
// through as a result.
func (p *tileProg) readsInPlace(i int) bool {
	for _, l := range p.loads {
		if l.fixed == nil && l.operand == i && (!l.identity || slices.Contains(p.results, l.reg)) {
			return false
		}
	}
	return true
}
