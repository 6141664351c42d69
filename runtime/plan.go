package runtime

import (
	"fmt"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// slotClass says who owns the memory of a slot.
type slotClass uint8

const (
	inArena slotClass = iota
	outside           // parameters, results, slices of a loop: a pointer set while running
	fixed             // constants, made once
	kept              // made again when the sizes change
)

// slot is a piece of storage. Several values in turn may live in it.
type slot struct {
	class    slotClass
	bytes    int64 // at the capacities
	from, to int   // positions between which it is in use
	off      int64 // in the arena
	name     string
	value    *ir.Value // the first that lives in it, nil for room to work in
}

// valueInfo is what the planner knows of a value.
type valueInfo struct {
	region *ir.Region
	pos    int       // where it is made
	last   int       // last position where its storage is read
	root   *ir.Value // whose storage it reads; itself where it has its own
	// strided values do not lie one element behind the other.
	strided bool
	// copied: a view that somebody needs dense, so that it has storage.
	copied bool
	// passed: the value is another one under a new name (capture, stop).
	passed *ir.Value
	slot   int
	local  bool // is only ever in the scratch of a worker
	taken  bool // storage chosen by the surrounding operation; not to be taken over
}

// opInfo is what the planner decided about an operation.
type opInfo struct {
	start, end int
	tile       *tileProg
	inline     bool     // a fused region that runs operation by operation
	then       *ir.Op   // what follows a product elementwise, on each block of rows
	sums       *ir.Op   // what sums a result of a tile program line by line
	writes     []*ir.Op // what writes results of a tile program, row by row
	within     bool     // is one of these for the operation before it
	folds      bool     // is a sum by first positions, in place
	plusZero   bool     // is a product of nothing that adds 0
	fallback   bool     // runs in the interpreter
	once       bool     // runs when the sizes change, not at every run
	temps      []int
	scan       *scanPlan
	callee     *plan
	strips     *stripsPlan
}

// scanPlan is the storage of a loop.
type scanPlan struct {
	captures, carries, xs int
	count                 ir.Dim
	reverse               bool
	carry                 []carryPlan
	x                     []int // slots of the slices of the xs
	y                     []yPlan
}

// carryPlan: in place, result, parameter and next value share one slot;
// otherwise the next value is written to one of two buffers in turn.
type carryPlan struct {
	inPlace       bool
	result, other int // slots of the two buffers
	param, next   int // outside slots that point to them in turn
	copyNext      bool
}

type yPlan struct {
	slot int // outside slot that points to the slice
	copy bool
}

// plan is a function with storage for everything at the capacities.
type plan struct {
	prog   *Program
	fn     *ir.Func
	names  []string // of the symbols that sizes in it depend on
	slots  []slot
	info   map[*ir.Value]*valueInfo
	ops    map[*ir.Op]*opInfo
	ins    []int // slots of parameters
	outs   []outPlan
	consts map[*ir.Op]*constant
	donate map[int]int
	peak   int64 // bytes of the arena
	lower  int64 // the most that is alive at once
	calls  map[string]*plan
	strip  *stripRows // of which it is the body, nil for none

	uses map[*ir.Value][]use
	next int
	err  error
}

// outPlan is a result of the function: written in place, or copied at the end,
// by way of temp (not -1) where it reads a parameter and storage is donated.
type outPlan struct {
	slot int
	copy bool
	temp int
}

// use is operand number i of op; op is nil for a result of a region.
type use struct {
	op *ir.Op
	i  int
}

// newPlan plans a function and those it calls.
func newPlan(prog *Program, fn *ir.Func, donate map[int]int, calls map[string]*plan) (*plan, error) {
	return emptyPlan(prog, fn, donate, calls).planned()
}

func emptyPlan(prog *Program, fn *ir.Func, donate map[int]int, calls map[string]*plan) *plan {
	return &plan{prog: prog, fn: fn, info: map[*ir.Value]*valueInfo{}, ops: map[*ir.Op]*opInfo{},
		consts: map[*ir.Op]*constant{}, donate: donate, calls: calls, uses: map[*ir.Value][]use{}, names: ir.FreeSymbols(fn)}
}

// planned fills in a plan that is empty.
func (p *plan) planned() (*plan, error) {
	fn := p.fn
	for _, s := range p.names {
		if _, ok := p.capacity(s); !ok {
			return nil, fmt.Errorf("runtime: @%s: the size of %s is not known", fn.Name, s)
		}
	}
	p.number(fn.Body)
	p.layouts(fn.Body)
	p.storage()
	p.outTemps()
	if p.err != nil {
		return nil, p.err
	}
	p.place()
	return p, nil
}

// allSymbols are the symbols that sizes in the plan, or in what it calls, depend
// on, in order.
func (p *plan) allSymbols() []string {
	out := slices.Clone(p.names)
	for _, c := range p.calls {
		out = append(out, c.names...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// size is a dimension at the capacities.
func (p *plan) size(d ir.Dim) int64 {
	n, err := d.Eval(p.capacity)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("runtime: @%s: %w", p.fn.Name, err)
	}
	return max(n, 0)
}

func (p *plan) bytes(t ir.Type) int64 {
	n := int64(bytesOf(t.Kind))
	for _, d := range t.Dims {
		n *= p.size(d)
	}
	return n
}

func (p *plan) newSlot(class slotClass, bytes int64, from, to int, name string) int {
	p.slots = append(p.slots, slot{class: class, bytes: bytes, from: from, to: to, name: name})
	return len(p.slots) - 1
}

// hasBody reports whether the planner goes into the regions of op.
func (p *plan) hasBody(op *ir.Op) bool {
	o := p.ops[op]
	return len(op.Regions) > 0 && o.tile == nil && !o.fallback && o.strips == nil
}

// number gives positions, finds uses and chooses how each operation runs.
func (p *plan) number(r *ir.Region) {
	for _, v := range r.Params {
		p.info[v] = &valueInfo{region: r, pos: p.next, last: p.next, root: v, slot: -1}
	}
	p.next++
	for _, op := range r.Ops {
		o := &opInfo{start: p.next}
		p.ops[op] = o
		p.next++
		p.choose(op, o)
		for i, v := range op.Operands {
			p.uses[v] = append(p.uses[v], use{op, i})
		}
		if p.hasBody(op) {
			for _, in := range op.Regions {
				p.number(in)
			}
		}
		o.end = p.next
		for _, v := range op.Results {
			pos := o.start
			p.info[v] = &valueInfo{region: r, pos: pos, last: o.end, root: v, slot: -1}
		}
		if p.hasBody(op) {
			p.next++
		} else {
			o.end = o.start
			for _, v := range op.Results {
				p.info[v].last = o.start
			}
		}
	}
	for _, v := range r.Results {
		p.uses[v] = append(p.uses[v], use{nil, 0})
	}
	p.next++
}

// choose says how an operation runs.
func (p *plan) choose(op *ir.Op, o *opInfo) {
	name := op.Row.Name
	switch {
	case name == "fused":
		if o.tile = compileTile(op); o.tile == nil || !tileable(o.tile) {
			o.tile, o.inline = nil, true
		}
	case isIdentity(name):
	case op.Row.Has(ir.Elementwise):
		if o.tile = compileTile(op); !tileable(o.tile) {
			o.tile, o.fallback = nil, true
		}
	case name == "cond":
		o.fallback = op.Operands[0].Type.Rank() > 0
	case name == "call":
		p.planCall(op, o)
	case name == "strips":
		p.planStrips(op, o)
	case name == "scan" || name == "map":
	case !bindable[name]:
		o.fallback = true
	}
}

// bindable are the rows beside the elementwise ones and control that have a
// step of their own.
var bindable = map[string]bool{"const": true, "iota": true, "size": true, "cross_count": true, "broadcast": true,
	"reshape": true, "transpose": true, "slice": true, "pad": true, "concat": true, "reverse": true, "gather": true,
	"scatter_add": true, "scatter_max": true, "first_of": true, "row_write": true, "slice_add": true, "einsum": true, "reduce_sum": true, "reduce_max": true, "reduce_prod": true,
	"argmax": true, "cumsum": true, "uniform": true, "assert": true}

func isIdentity(name string) bool {
	switch name {
	case "stop", "opaque", "cross_sum", "cross_max":
		return true
	}
	return false
}

// tileable reports whether every instruction has a kernel.
func tileable(t *tileProg) bool {
	for _, in := range t.instrs {
		if tileKernel(in.op, in.dst, in.src, 1) == nil {
			return false
		}
	}
	return true
}

func (p *plan) planCall(op *ir.Op, o *opInfo) {
	a := op.Attrs.(ir.CallAttrs)
	f := p.prog.module.Func(a.Fn)
	if f == nil || len(a.Req) > 0 {
		p.err = fmt.Errorf("runtime: the call of @%s cannot run; the pass derive comes first", a.Fn)
		return
	}
	if p.calls[a.Fn] == nil {
		c, err := newPlan(p.prog, f, nil, p.calls)
		if err != nil {
			if p.err == nil {
				p.err = err
			}
			return
		}
		p.calls[a.Fn] = c
	}
	o.callee = p.calls[a.Fn]
}

// layouts decides, in program order, which values are views of others, and
// carries the last uses of views to the values that they read.
func (p *plan) layouts(r *ir.Region) {
	var product *ir.Op // that the operation at hand may follow
	for i, op := range r.Ops {
		o := p.ops[op]
		p.layout(op)
		if p.hasBody(op) {
			p.bodyLayouts(op)
		}
		for _, v := range op.Operands {
			p.read(v, o.end)
		}
		summed := i+1 < len(r.Ops) && p.sumsLines(op, r.Ops[i+1])
		switch {
		case summed && (len(op.Results) == 1 || product == nil || !p.follows(op, product)):
			p.joinSum(op, r.Ops[i+1])
			product = nil
		case product != nil && p.follows(op, product):
			p.join(product, op)
			product = nil
		case isProduct(op):
			product = op
		case !p.runsNothing(op):
			product = nil
		}
		if p.folds(op) {
			p.joinFold(op)
		}
		if w := p.writesRows(op, r.Ops[i+1:]); w != nil {
			p.joinRows(op, w)
		}
	}
	for _, v := range r.Results {
		p.read(v, p.endOf(r))
	}
}

// Note: what runs within an operation. An elementwise program over the points of a
// product, right behind it, runs on each block of rows as soon as the block is
// there, by the same task: a bias, an activation and its mask cost no pass over
// memory. Other blocks of the product are still to be computed then, so its
// operands are kept to the end of the program and cannot be overwritten by it.
// In the same way a sum over lines runs as soon as a program has made them; the
// lanes and trees of the sum are those that it has alone.

// isProduct reports whether op is a contraction of two operands that sums.
func isProduct(op *ir.Op) bool {
	a, ok := op.Attrs.(ir.EinsumAttrs)
	if !ok || len(op.Operands) != 2 {
		return false
	}
	in, out, err := ir.EinsumLabels(a.Spec)
	return err == nil && summed(in, out)
}

// follows reports whether op is a program over the points of a product that
// reads it point by point and cannot fail.
func (p *plan) follows(op, product *ir.Op) bool {
	o, x := p.ops[op], product.Results[0]
	if o.tile == nil || o.tile.canFail() || !ir.EqualDims(o.tile.dims, ir.Significant(x.Type.Dims)) {
		return false
	}
	reads := false
	for i, v := range op.Operands {
		if p.info[v].root != x {
			continue
		}
		reads = true
		if p.info[v].strided || !o.tile.identity(i) {
			return false
		}
	}
	return reads
}

// join lets op run within a product.
func (p *plan) join(product, op *ir.Op) {
	p.ops[product].then, p.ops[op].within = op, true
	if p.onlyFor(product, op) {
		p.info[product.Results[0]].local = true
	}
	for _, v := range product.Operands {
		p.read(v, p.ops[op].end+1)
	}
}

// sumsLines reports whether next sums a result of the tile program op over its
// last axes, line by line, and nobody else reads that result.
func (p *plan) sumsLines(op, next *ir.Op) bool {
	o := p.ops[op]
	if o.tile == nil || next.Row.Name != "reduce_sum" || len(op.SafeOperands()) > 0 {
		return false
	}
	x := next.Operands[0]
	if x.Def != op || !x.Type.IsFloat() || len(p.uses[x]) != 1 {
		return false
	}
	axes, kept := next.Attrs.(ir.AxesAttrs).Axes, next.Results[0].Type.Rank()
	if axes[0] != kept {
		return false
	}
	n, lines := int64(1), int64(1)
	for i, d := range x.Type.Dims {
		if i < kept {
			lines *= p.size(d)
		} else {
			n *= p.size(d)
		}
	}
	return n <= lineElems && (n <= lineElems/4 || lines >= 8)
}

// joinSum lets next run within op: what it sums is never stored, and its result
// is written from when op begins.
func (p *plan) joinSum(op, next *ir.Op) {
	p.ops[op].sums, p.ops[next].within = next, true
	p.ops[next].start = p.ops[op].start
	p.info[next.Results[0]].pos = p.ops[op].start
	p.info[next.Operands[0]].local = true
}

// runsNothing reports whether op is a view or a name: no step stands for it.
func (p *plan) runsNothing(op *ir.Op) bool {
	if len(op.Results) != 1 || op.Row.Has(ir.Effect) {
		return false
	}
	i := p.info[op.Results[0]]
	return i.root != op.Results[0] || op.Row.Name == "const" && !i.copied
}

// endOf is the position behind the operations of a region.
func (p *plan) endOf(r *ir.Region) int {
	if n := len(r.Ops); n > 0 {
		return p.ops[r.Ops[n-1]].end + 1
	}
	if len(r.Params) > 0 {
		return p.info[r.Params[0]].pos + 1
	}
	return 0
}

// read notes a use of the storage of v at a position.
func (p *plan) read(v *ir.Value, at int) {
	i := p.info[v]
	i.last = max(i.last, at)
	if i.root != v {
		p.read(i.root, at)
	}
}

func (p *plan) bodyLayouts(op *ir.Op) {
	skip := 0
	captures := len(op.Operands)
	switch a := op.Attrs.(type) {
	case ir.CondAttrs:
		skip, captures = 1, captures-1
	case ir.ScanAttrs:
		captures = a.Captures
	case ir.MapAttrs:
		captures = a.Captures
	}
	for _, r := range op.Regions {
		for i, v := range r.Params[:captures] {
			p.pass(v, op.Operands[skip+i])
		}
		p.layouts(r)
	}
}

// pass makes v another name of u.
func (p *plan) pass(v, u *ir.Value) {
	i, j := p.info[v], p.info[u]
	i.passed, i.root, i.strided = u, j.root, j.strided
}
