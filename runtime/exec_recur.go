package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// recurrence is a loop over single numbers in machine code: the whole body is
// one straight line, and what a step leaves for the next stays in registers.
type recurrence struct {
	loop    *loop // where the code does not know how to go on
	fn      *jit.Func
	args    *jit.Args
	atOnce  int // steps of a call
	streams []recurStream
	carries []recurCarry
}

// recurStream is where a stream begins, and the bytes from step to step.
type recurStream struct{ slot, off, step int }

type recurCarry struct {
	init   view
	result view
}

// recurCoder writes the body of a scan.
type recurCoder struct {
	coder
	b      *binder
	op     *ir.Op
	r      *recurrence
	values map[*ir.Value]lanes
}

// callTime is the machine operations, of a nanosecond or so each, that a call
// may spend before others of the process must have a turn.
const callTime = 20000

// recurrence makes a loop over single numbers; nil where the body has more
// than that, or something without code.
func (b *binder) recurrence(op *ir.Op, o *opInfo, l *loop) *recurrence {
	s, body := o.scan, op.Regions[0]
	if b.prog.code == nil || l.n == 0 || s.carries == 0 {
		return nil
	}
	c := &recurCoder{coder: coder{out: jit.NewSteps(), sound: true}, b: b, op: op, r: &recurrence{loop: l}, values: map[*ir.Value]lanes{}}
	for j, v := range body.Params[s.captures : s.captures+s.carries] {
		if !isNumber(v) {
			return nil
		}
		_, w := streamOf(v.Type.Kind)
		c.values[v] = number(c.out.Carry(w), w)
		c.r.carries = append(c.r.carries, recurCarry{b.view(op.Operands[s.captures+j]), b.view(op.Results[j])})
	}
	for _, in := range body.Ops {
		if !c.opCode(in) {
			return nil
		}
	}
	for j, v := range body.Results {
		x, ok := c.value(v)
		switch {
		case !ok:
			return nil
		case j < s.carries:
			_, w := streamOf(v.Type.Kind)
			c.out.Next(j, c.lanesOf(x, v.Type.Kind, w))
		case !c.write(x, v.Type.Kind, nil):
			return nil
		default:
			c.r.streams = append(c.r.streams, l.stream(b.view(op.Results[j])))
		}
	}
	if c.r.fn = b.prog.code.add(c.out); c.r.fn == nil {
		return nil
	}
	c.r.args = c.r.fn.NewArgs()
	c.r.atOnce = max(1, callTime/c.out.Len())
	return c.r
}

// isNumber reports whether v is a single number of a kind that code can keep.
func isNumber(v *ir.Value) bool {
	switch v.Type.Kind {
	case ir.F32, ir.F64, ir.I32, ir.I64, ir.Index, ir.Bool:
		return onesOnly(v.Type.Dims)
	}
	return false
}

// lanesOf is a value in lanes of w, which is its own unless it is a mask.
func (c *recurCoder) lanesOf(x lanes, k ir.Kind, w jit.Width) jit.Value {
	if k != ir.Bool {
		return x.value[index(x.width)]
	}
	c.regs = []lanes{x}
	return c.mask(0, w)
}

// stream is the elements of a view, one for each step in the order of the loop.
func (l *loop) stream(v view) recurStream {
	s := recurStream{v.slot, v.off * bytesOf(v.kind), v.stride[0] * bytesOf(v.kind)}
	if l.reverse {
		s.off += (l.n - 1) * s.step
		s.step = -s.step
	}
	return s
}

// value is what a value of the body is in the code; parameters become streams
// when they are first used.
func (c *recurCoder) value(v *ir.Value) (lanes, bool) {
	if x, ok := c.values[v]; ok {
		return x, true
	}
	x, ok := c.newValue(v)
	if ok {
		c.values[v] = x
	}
	return x, ok
}

func (c *recurCoder) newValue(v *ir.Value) (lanes, bool) {
	if !onesOnly(v.Type.Dims) {
		return lanes{}, false
	}
	if v.Def != nil {
		switch a := v.Def.Attrs.(type) {
		case ir.ConstAttrs:
			return c.fixed(a), true
		case ir.ReshapeAttrs, ir.BroadcastAttrs, ir.StopAttrs:
			return c.value(v.Def.Operands[0])
		}
		return lanes{}, false
	}
	s := c.b.plan.ops[c.op].scan
	x := c.b.view(c.op.Operands[v.Index])
	switch {
	case v.Index < s.captures:
		c.r.streams = append(c.r.streams, recurStream{x.slot, x.off * bytesOf(x.kind), 0})
		return c.read(v.Type.Kind, jit.Once), true
	case v.Index >= s.captures+s.carries:
		c.r.streams = append(c.r.streams, c.r.loop.stream(x))
		return c.read(v.Type.Kind, jit.Direct), true
	}
	return lanes{}, false
}

func (c *recurCoder) fixed(a ir.ConstAttrs) lanes {
	if a.T.IsFloat() {
		return c.constant(a.T.Kind, a.F[0], 0)
	}
	return c.constant(a.T.Kind, 0, a.I[0])
}

// opCode writes an operation of the body; false where it has no code.
func (c *recurCoder) opCode(op *ir.Op) bool {
	t := c.b.plan.ops[op].tile
	if t == nil {
		switch op.Attrs.(type) {
		case ir.ConstAttrs, ir.ReshapeAttrs, ir.BroadcastAttrs, ir.StopAttrs:
			return true // found when something reads it
		}
		return false
	}
	if len(t.dims) > 0 {
		return false
	}
	var loads []lanes
	for _, l := range t.loads {
		if l.fixed != nil {
			loads = append(loads, c.fixed(l.fixed.Attrs.(ir.ConstAttrs)))
			continue
		}
		x, ok := c.value(op.Operands[l.operand])
		if !ok {
			return false
		}
		loads = append(loads, x)
	}
	out := c.program(t, loads, c.b.bounds(t))
	for k, x := range out {
		c.values[op.Results[k]] = x
	}
	return c.sound
}

// run runs all steps; where the code is left, the loop runs from the start.
func (r *recurrence) run() *Fault {
	if !r.fn.Ready() {
		return r.loop.run()
	}
	base := r.loop.fr.base
	for i := range r.carries {
		c := &r.carries[i]
		enter(r.args.Carry(i), unsafe.Add(base[c.init.slot], c.init.off*bytesOf(c.init.kind)), c.init.kind)
	}
	for at := 0; at < r.loop.n; at += r.atOnce {
		for i, s := range r.streams {
			r.args.Stream(i, unsafe.Add(base[s.slot], s.off+at*s.step), s.step)
		}
		n := min(r.atOnce, r.loop.n-at)
		if done, _ := r.fn.Run(r.args, n, 1); done < n {
			return r.loop.run()
		}
	}
	for i := range r.carries {
		c := &r.carries[i]
		leave(unsafe.Add(base[c.result.slot], c.result.off*bytesOf(c.result.kind)), r.args.Carry(i), c.result.kind)
	}
	return nil
}

// enter and leave bring a number from memory to a lane and back.
func enter(lane, p unsafe.Pointer, k ir.Kind) {
	switch {
	case k == ir.Bool:
		*(*uint64)(lane) = -uint64(*(*uint8)(p) & 1)
	case bytesOf(k) == 8:
		*(*uint64)(lane) = *(*uint64)(p)
	default:
		*(*uint32)(lane) = *(*uint32)(p)
	}
}

func leave(p, lane unsafe.Pointer, k ir.Kind) {
	switch {
	case k == ir.Bool:
		*(*uint8)(p) = uint8(*(*uint64)(lane) & 1)
	case bytesOf(k) == 8:
		*(*uint64)(p) = *(*uint64)(lane)
	default:
		*(*uint32)(p) = *(*uint32)(lane)
	}
}
