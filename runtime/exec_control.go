package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// cond runs the side that the predicate takes.
func (b *binder) cond(op *ir.Op) step {
	pred, fr := b.view(op.Operands[0]), b.fr
	var sides [2][]step
	for i, r := range op.Regions {
		sides[i] = b.region(r)
		for k, v := range r.Results {
			sides[i] = appendStep(sides[i], b.resultCopy(op.Results[k], v))
		}
	}
	return func() *Fault {
		side := 1
		if *(*uint8)(unsafe.Add(fr.base[pred.slot], pred.off)) != 0 {
			side = 0
		}
		return run(sides[side])
	}
}

// loop is a scan bound to sizes.
type loop struct {
	fr      *frame
	n       int
	reverse bool
	start   []step // brings the carries to where the first step reads them
	body    []step
	carries []boundCarry
	slices  []boundSlice
}

// boundCarry is two buffers that the steps read and write in turn; the last
// step writes the first of them.
type boundCarry struct{ result, other, param, next int }

// boundSlice is a slot that points to element i of another one.
type boundSlice struct{ slot, whole, off, bytes int }

func (b *binder) scan(op *ir.Op, o *opInfo) (step, string) {
	s := o.scan
	body := op.Regions[0]
	l := &loop{fr: b.fr, n: b.size(s.count), reverse: s.reverse}
	for j, c := range s.carry {
		init := b.view(op.Operands[s.captures+j])
		t := op.Results[j].Type
		at := c.result
		if !c.inPlace {
			l.carries = append(l.carries, boundCarry{c.result, c.other, c.param, c.next})
			if l.n%2 == 1 {
				at = c.other
			}
		}
		l.start = appendStep(l.start, b.copyStep(b.dense(at, t), init))
	}
	for j, slot := range s.x {
		x := b.view(op.Operands[s.captures+s.carries+j])
		l.slices = append(l.slices, slice(slot, x))
	}
	for j, y := range s.y {
		l.slices = append(l.slices, slice(y.slot, b.view(op.Results[s.carries+j])))
	}
	outer := b.loops
	b.loops *= max(1, l.n)
	l.body = b.region(body)
	b.loops = outer
	for j, c := range s.carry {
		if c.copyNext {
			l.body = appendStep(l.body, b.copyStep(b.dense(c.next, op.Results[j].Type), b.view(body.Results[j])))
		}
	}
	for j, y := range s.y {
		if v := body.Results[s.carries+j]; y.copy {
			l.body = appendStep(l.body, b.copyStep(b.dense(y.slot, v.Type), b.view(v)))
		}
	}
	if r := b.recurrence(op, o, l); r != nil {
		return r.run, "loop of numbers"
	}
	return l.run, "loop"
}

func slice(slot int, whole view) boundSlice {
	return boundSlice{slot, whole.slot, whole.off * bytesOf(whole.kind), whole.stride[0] * bytesOf(whole.kind)}
}

func (l *loop) run() *Fault {
	if f := run(l.start); f != nil {
		return f
	}
	base := l.fr.base
	for k := 0; k < l.n; k++ {
		i := k
		if l.reverse {
			i = l.n - 1 - k
		}
		for _, s := range l.slices {
			base[s.slot] = unsafe.Add(base[s.whole], s.off+i*s.bytes)
		}
		for _, c := range l.carries {
			base[c.param], base[c.next] = base[c.other], base[c.result]
			if (l.n-k)%2 == 0 {
				base[c.param], base[c.next] = base[c.result], base[c.other]
			}
		}
		if f := run(l.body); f != nil {
			return f
		}
	}
	return nil
}

// call runs another plan in its own frame, its arena inside ours.
func (b *binder) call(op *ir.Op, o *opInfo) step {
	p := o.callee
	if b.frames[p] == nil {
		b.frames[p] = newFrame(p)
	}
	inner := b.frames[p]
	c := b.called[p]
	if c == nil {
		var err error
		if c, err = bind(b.prog, p, inner, b.look, b.frames, b.called); err != nil {
			b.fail("%v", err)
			return nil
		}
		b.called[p] = c
		b.once = append(b.once, c.once...)
	}
	for _, r := range c.rows {
		r.Times *= int64(b.loops)
		*b.rows = append(*b.rows, r)
	}
	in, out, fr := b.viewsOf(op.Operands), b.viewsOf(op.Results), b.fr
	temp := -1
	if len(o.temps) > 0 {
		temp = o.temps[0]
	}
	return func() *Fault {
		if temp >= 0 {
			inner.attach(p, fr.base[temp])
		}
		for i := range in {
			inner.base[p.ins[i]] = unsafe.Add(fr.base[in[i].slot], in[i].off*bytesOf(in[i].kind))
		}
		for k := range out {
			inner.base[p.outs[k].slot] = fr.base[out[k].slot]
		}
		return run(c.steps)
	}
}
