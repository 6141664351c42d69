package runtime

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// step is one operation bound to sizes and storage; it allocates nothing
// unless it fails.
type step func() *Fault

// run runs steps in order up to the first fault.
func run(steps []step) *Fault {
	for _, s := range steps {
		if f := s(); f != nil {
			return f
		}
	}
	return nil
}

// binder turns a plan into steps for one set of sizes.
type binder struct {
	prog   *Program
	pool   *pool // who computes
	plan   *plan
	fr     *frame
	look   func(string) (int64, bool)
	dims   map[ir.Dim]int
	views  map[*ir.Value]view
	frames map[*plan]*frame   // of called functions
	called map[*plan]*binding // bound under the same sizes
	loops  int                // how often what is bound runs, for the report
	rows   *[]KernelRow
	strip  *stripBody  // whose steps these are, nil for none
	once   []step      // run when the sizes change
	at     source.Span // of the operation that is bound
	err    error
}

// binding is a plan bound to sizes.
type binding struct {
	sizes []int64
	once  []step // run before the steps when other sizes ran last
	steps []step
	ins   []bound
	outs  []bound
	rows  []KernelRow
	habit habit
}

// bound is what an array of the caller must be.
type bound struct {
	kind  ir.Kind
	shape []int
	n     int
	base  *unsafe.Pointer // of its slot
}

// newFrame is the storage of a plan, without its arena.
func newFrame(p *plan) *frame {
	fr := &frame{base: make([]unsafe.Pointer, len(p.slots))}
	for _, c := range p.consts {
		fr.base[c.slot] = c.data
	}
	for i, s := range p.slots {
		if s.class == kept {
			fr.base[i] = aligned(max(s.bytes, 1))
		}
	}
	return fr
}

// attach places the arena slots of p in memory at arena.
func (fr *frame) attach(p *plan, arena unsafe.Pointer) {
	if fr.arena == arena && arena != nil {
		return
	}
	fr.arena = arena
	for i, s := range p.slots {
		if s.class == inArena && s.bytes > 0 {
			fr.base[i] = unsafe.Add(arena, s.off)
		}
	}
}

// bind makes the steps of p in frame fr.
func bind(prog *Program, p *plan, fr *frame, look func(string) (int64, bool), frames map[*plan]*frame, called map[*plan]*binding) (*binding, error) {
	out := &binding{}
	b := &binder{prog: prog, pool: prog.pool, plan: p, fr: fr, look: look, dims: map[ir.Dim]int{}, views: map[*ir.Value]view{},
		frames: frames, called: called, loops: 1, rows: &out.rows}
	for i, v := range p.fn.Params() {
		out.ins = append(out.ins, b.bound(v.Type, p.ins[i]))
	}
	for k, v := range p.fn.Results() {
		out.outs = append(out.outs, b.bound(v.Type, p.outs[k].slot))
	}
	out.steps = b.body()
	out.once = b.once
	return out, b.err
}

// body binds the operations of the plan, and brings results to their place.
func (b *binder) body() []step {
	p := b.plan
	steps := b.region(p.fn.Body)
	var late []step
	for k, v := range p.fn.Results() {
		o := p.outs[k]
		if !o.copy {
			continue
		}
		src := b.view(v)
		if o.temp >= 0 {
			temp := b.dense(o.temp, v.Type)
			steps = appendStep(steps, b.copyStep(temp, src))
			src = temp
		}
		late = appendStep(late, b.copyStep(b.dense(o.slot, v.Type), src))
	}
	return append(steps, late...)
}

func (b *binder) bound(t ir.Type, slot int) bound {
	s := b.shape(t.Dims)
	return bound{t.Kind, s, product(s), &b.fr.base[slot]}
}

func appendStep(steps []step, s step) []step {
	if s != nil {
		steps = append(steps, s)
	}
	return steps
}

func (b *binder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("runtime: @%s: "+format, append([]any{b.plan.fn.Name}, args...)...)
	}
}

// refuse is a fault of the program that only the sizes of the data show.
func (b *binder) refuse(at source.Span, format string, args ...any) {
	if b.err == nil {
		b.err = source.Errorf(CodeIndex, at, format, args...)
	}
}

// size is the actual size of a dimension.
func (b *binder) size(d ir.Dim) int {
	if n, ok := b.dims[d]; ok {
		return n
	}
	n, err := d.Eval(b.look)
	if err == nil && n < 0 {
		err = fmt.Errorf("%s is %d", d, n)
	}
	if err != nil {
		b.refuse(b.at, "a size is no whole number from 0: %v", err)
		n = 0
	}
	b.dims[d] = int(n)
	return int(n)
}

func (b *binder) shape(dims []ir.Dim) []int {
	out := make([]int, len(dims))
	for i, d := range dims {
		out[i] = b.size(d)
	}
	return out
}

// rowSize is the number of elements of a row of the step in a tensor of these
// dims, 0 where it has no rows.
func (b *binder) rowSize(dims []ir.Dim, shape []int) int {
	if len(dims) == 0 || shape[0] == 0 {
		return 0
	}
	set := map[string]bool{}
	dims[0].Symbols(set)
	for name := range set {
		if s := b.prog.module.Symbol(name); s != nil && s.Class == ir.Batch {
			return product(shape) / shape[0]
		}
	}
	return 0
}

// dense is a slot as a tensor row by row.
func (b *binder) dense(slot int, t ir.Type) view {
	s := b.shape(t.Dims)
	return view{slot: slot, kind: t.Kind, shape: s, stride: stridesOf(s)}
}

// view is where the elements of v lie.
func (b *binder) view(v *ir.Value) view {
	if w, ok := b.views[v]; ok {
		return w
	}
	w := b.makeView(v)
	b.views[v] = w
	return w
}

func (b *binder) makeView(v *ir.Value) view {
	i := b.plan.info[v]
	if i.passed != nil {
		w := b.view(i.passed)
		w.kind = v.Type.Kind
		return w
	}
	if i.local {
		w := b.dense(0, v.Type)
		w.slot = noSlot
		return w
	}
	op := v.Def
	if op != nil && !i.copied {
		switch op.Attrs.(type) {
		case ir.ConstAttrs:
			return b.constView(op)
		case ir.ReshapeAttrs, ir.BroadcastAttrs, ir.TransposeAttrs, ir.SliceAttrs, ir.GatherAttrs:
			if i.root != v {
				return b.operandView(op)
			}
		}
	}
	if i.slot < 0 {
		b.fail("a value has no storage")
		return view{shape: b.shape(v.Type.Dims), stride: make([]int, v.Type.Rank()), kind: v.Type.Kind}
	}
	return b.dense(i.slot, v.Type)
}

// operandView is the operand of a structural operation under its result's
// shape; a reshape of what is not dense adds or drops axes of size 1 alone.
func (b *binder) operandView(op *ir.Op) view {
	x := b.view(op.Operands[0])
	switch a := op.Attrs.(type) {
	case ir.ReshapeAttrs:
		if ir.SamePoints(op) {
			return x.along(b.shape(a.Dims), axesOf(op.Operands[0].Type.Dims), axesOf(a.Dims))
		}
		x.shape = b.shape(a.Dims)
		x.stride = stridesOf(x.shape)
	case ir.BroadcastAttrs:
		return x.broadcast(b.shape(a.Dims), a.Axes)
	case ir.TransposeAttrs:
		return x.permute(a.Perm)
	case ir.SliceAttrs:
		starts, sizes := b.shape(a.Starts), b.shape(a.Sizes)
		steps := make([]int, len(sizes))
		for i, s := range a.Steps {
			steps[i] = int(s)
			if end := starts[i] + (sizes[i]-1)*int(s) + 1; sizes[i] > 0 && end > x.shape[i] {
				b.refuse(op.Span, "a slice goes from %d to %d, and there are %d elements", starts[i], end, x.shape[i])
			}
		}
		return x.box(starts, sizes, steps)
	case ir.GatherAttrs:
		e, _ := window(op)
		return x.windowed(a.Axis, e, b.shape(op.Operands[1].Type.Dims))
	}
	return x
}

func (b *binder) viewsOf(vs []*ir.Value) []view {
	out := make([]view, len(vs))
	for i, v := range vs {
		out[i] = b.view(v)
	}
	return out
}

// region binds the operations of a region in order.
func (b *binder) region(r *ir.Region) []step {
	var steps []step
	for _, op := range r.Ops {
		steps = appendStep(steps, b.op(op))
	}
	return steps
}

func (b *binder) op(op *ir.Op) step {
	o := b.plan.ops[op]
	b.at = op.Span
	if o.within {
		what := "with it, lines"
		switch {
		case o.tile != nil:
			what = fmt.Sprintf("with it, tile program of %d", len(o.tile.instrs))
		case op.Row.Name == "row_write":
			what = "with it, rows"
		}
		*b.rows = append(*b.rows, b.describe(op, what))
		return nil
	}
	s, what := b.opStep(op, o)
	if s == nil {
		return nil
	}
	if o.once {
		what = "once, " + what
	}
	row := b.describe(op, what)
	if !row.container() {
		*b.rows = append(*b.rows, row)
	}
	if p := b.prog.opt.Profile; p != nil {
		s = b.timed(p.kernel(b.plan.fn, op, row), s)
	}
	if o.once {
		b.once = append(b.once, s)
		return nil
	}
	if b.plan.closes(op) {
		return b.strip.closing(s)
	}
	return s
}

// opStep is the step of an operation and what it is called in the report; nil
// where there is nothing to do.
func (b *binder) opStep(op *ir.Op, o *opInfo) (step, string) {
	switch {
	case o.fallback:
		return b.fallback(op), "interpreted"
	case o.tile != nil:
		return b.tileStep(op, o.tile)
	case o.inline:
		return b.inline(op), "region"
	case isIdentity(op.Row.Name):
		return nil, ""
	}
	switch op.Row.Name {
	case "const", "broadcast", "reshape", "transpose", "slice":
		return b.structure(op), "copy"
	case "reverse":
		x := b.view(op.Operands[0]).reversed(op.Attrs.(ir.AxisAttrs).Axis)
		return b.copyStep(b.view(op.Results[0]), x), "copy"
	case "pad":
		return b.pad(op), "copy"
	case "concat":
		return b.concat(op), "copy"
	case "iota", "size", "cross_count":
		return b.number(op), "fill"
	case "gather":
		if b.plan.windows(op) {
			return b.structure(op), "copy"
		}
		return b.gather(op), "gather"
	case "scatter_add":
		if o.folds {
			return b.sumInPlace(op), "in place"
		}
		return b.scatterAdd(op), "scatter"
	case "first_of":
		return b.firstOf(op, o.temps[0]), "keys"
	case "row_write":
		return b.rowWrite(op), "rows"
	case "slice_add":
		return b.sliceAdd(op), "add"
	case "einsum":
		return b.einsum(op)
	case "reduce_sum", "reduce_max", "reduce_prod":
		return b.reduce(op)
	case "argmax":
		return b.argmax(op), "lines"
	case "cumsum":
		return b.cumsum(op), "lines"
	case "uniform":
		return b.uniform(op), "draw"
	case "assert":
		return b.assert(op), "check"
	case "call":
		return b.call(op, o), "call"
	case "cond":
		return b.cond(op), "branch"
	case "scan", "map":
		return b.scan(op, o)
	case "strips":
		return b.strips(op, o)
	}
	b.fail("no way to run %s", op.Row.Name)
	return nil, ""
}

// tileStep is the step of a tile program and what it is called; nil where it
// has nothing to do.
func (b *binder) tileStep(op *ir.Op, t *tileProg) (step, string) {
	s, sums, rows := b.tile(op, t), b.sumsOf(op), b.writesOf(op)
	switch {
	case rows != nil && s == nil:
		return rows.around(nil), "copy" // of rows that stay
	case rows != nil:
		s.writeRows(rows)
		return rows.around(s.step(b.pool)), s.name()
	case s == nil && sums != nil:
		return b.clear(sums.dst), "fill" // of no elements
	case s == nil:
		return nil, ""
	case sums != nil:
		s.sumLines(sums)
	}
	return s.step(b.pool), s.name()
}

// tile binds a tile program to the storage of the operation; nil where there
// are no points.
func (b *binder) tile(op *ir.Op, t *tileProg) *tileStep {
	in, out := b.viewsOf(op.Operands), b.viewsOf(op.Results)
	return b.bindTile(t, in, out, func(r, i int) bool { return b.mayAlias(out[r].slot, in[i].slot) })
}

// then is what follows a product on each range of its elements, nil for none.
func (b *binder) then(op *ir.Op) func(w *worker, lo, hi int) {
	next := b.plan.ops[op].then
	if next == nil {
		return nil
	}
	s := b.tile(next, b.plan.ops[next].tile)
	if s == nil {
		return nil
	}
	s.flatten(b.pool.workers[0])
	return s.within
}

// mayAlias reports whether two slots can be the same memory: the same slot, or
// a result and the parameter whose storage it takes over.
func (b *binder) mayAlias(out, in int) bool {
	if out == in {
		return in != noSlot
	}
	for k, o := range b.plan.outs {
		if j, ok := b.plan.donate[k]; ok && o.slot == out && b.plan.ins[j] == in {
			return true
		}
	}
	return false
}

// inline runs the operations of a fused region that is no tile program.
func (b *binder) inline(op *ir.Op) step {
	body := op.Regions[0]
	steps := b.region(body)
	for k, v := range body.Results {
		steps = appendStep(steps, b.resultCopy(op.Results[k], v))
	}
	return func() *Fault { return run(steps) }
}

// resultCopy brings what a region yields to the result of its operation, nil
// where it was made there.
func (b *binder) resultCopy(to, from *ir.Value) step {
	dst, src := b.view(to), b.view(from)
	if dst.slot == src.slot && src.off == 0 && slices.Equal(dst.stride, src.stride) {
		return nil
	}
	return b.copyStep(dst, src)
}

// structure copies a view that somebody needs dense; nil for mere views.
func (b *binder) structure(op *ir.Op) step {
	v := op.Results[0]
	i := b.plan.info[v]
	if i.root != v || op.Row.Name == "const" && !i.copied {
		return nil
	}
	dst := b.view(v)
	if op.Row.Name == "const" {
		return b.fillStep(dst, op.Attrs.(ir.ConstAttrs))
	}
	src := b.view(op.Operands[0])
	if op.Row.Name == "reshape" {
		dst.shape, dst.stride = src.shape, stridesOf(src.shape)
	} else {
		src = b.operandView(op)
	}
	return b.copyStep(dst, src)
}

func (b *binder) fillStep(dst view, a ir.ConstAttrs) step {
	n, f, i := dst.len(), 0.0, int64(0)
	if a.T.IsFloat() {
		f = a.F[0]
	} else {
		i = a.I[0]
	}
	fr := b.fr
	if n == 0 {
		return nil
	}
	return func() *Fault {
		fillNumber(fr.base[dst.slot], n, dst.kind, f, i)
		return nil
	}
}

// number is iota and size.
func (b *binder) number(op *ir.Op) step {
	dst, fr := b.view(op.Results[0]), b.fr
	switch a := op.Attrs.(type) {
	case ir.IotaAttrs:
		n := b.size(a.N)
		if n > math.MaxInt32 {
			b.fail("an index of %d values", n)
		}
		return func() *Fault {
			for i, d := 0, elems[int32](fr, dst.slot, n); i < len(d); i++ {
				d[i] = int32(i)
			}
			return nil
		}
	case ir.SizeAttrs:
		return b.scalarStep(dst, int64(b.size(a.N)))
	}
	return b.scalarStep(dst, 1)
}

func (b *binder) scalarStep(dst view, n int64) step {
	fr := b.fr
	return func() *Fault {
		fillNumber(fr.base[dst.slot], 1, dst.kind, float64(n), n)
		return nil
	}
}
