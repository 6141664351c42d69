package runtime

import (
	"fmt"
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
	least  map[*ir.Op]float64 // cycles that machine code needs at least, for the report
	strip  *stripBody         // whose steps these are, nil for none
	once   []step             // run when the sizes change
	at     source.Span        // of the operation that is bound
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
	steps := b.whole(p.fn.Body)
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
