package runtime

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// assert looks for the first element that is false.
func (b *binder) assert(op *ir.Op) step {
	x := b.view(op.Operands[0])
	p := newPairs(x, x)
	n, fr, extent := x.len(), b.fr, x.extent()
	_, ss := p.inner()
	rows := b.rowSize(op.Operands[0].Type.Dims, x.shape)
	return func() *Fault {
		if n == 0 {
			return nil
		}
		e := spanOf[uint8](fr, &x, extent)
		c := p.from(0, n, x.off, x.off)
		element := int64(0)
		for _, s, k := c.next(); k > 0; _, s, k = c.next() {
			for i := 0; i < k; i++ {
				if e[s+i*ss] == 0 {
					at := element + int64(i)
					return &Fault{Span: op.Span, Code: CodeAssert, Message: op.Attrs.(ir.AssertAttrs).Message, Element: at, Row: rowOf(at, rows)}
				}
			}
			element += int64(k)
		}
		return nil
	}
}

// lines is the lines along one axis of a view: where each begins, in order.
type lines struct {
	walk pairs // over the other axes: dst is the result, src the operand
	n    int   // elements of a line
	step int   // their distance
}

func newLines(dst, src view, axis int) lines {
	drop := func(x []int) []int { return append(append([]int{}, x[:axis]...), x[axis+1:]...) }
	to := dst
	if len(dst.shape) == len(src.shape) {
		to.shape, to.stride = drop(dst.shape), drop(dst.stride)
	}
	from := src
	from.shape, from.stride = drop(src.shape), drop(src.stride)
	return lines{newPairs(to, from), src.shape[axis], src.stride[axis]}
}

// each calls f with the offsets of every line.
func (l *lines) each(dst, src int, f func(d, s int)) {
	c := l.walk.from(0, l.walk.n, dst, src)
	ds, ss := l.walk.inner()
	for d, s, n := c.next(); n > 0; d, s, n = c.next() {
		for i := 0; i < n; i++ {
			f(d+i*ds, s+i*ss)
		}
	}
}

func (b *binder) argmax(op *ir.Op) step {
	switch op.Operands[0].Type.Kind {
	case ir.F32:
		return argmaxOf[float32](b, op)
	case ir.F64:
		return argmaxOf[float64](b, op)
	case ir.I32, ir.Index:
		return argmaxOf[int32](b, op)
	case ir.I64:
		return argmaxOf[int64](b, op)
	}
	return argmaxOf[uint8](b, op)
}

func argmaxOf[T kernel.Number](b *binder, op *ir.Op) step {
	dst, src := b.view(op.Results[0]), b.view(op.Operands[0])
	l := newLines(dst, src, op.Attrs.(ir.AxisAttrs).Axis)
	fr, de, se := b.fr, dst.extent(), src.extent()
	if dst.len() == 0 {
		return nil
	}
	if l.n == 0 {
		return func() *Fault {
			return &Fault{Span: op.Span, Code: CodeEmpty, Message: "the greatest of no elements", Element: -1, Row: -1}
		}
	}
	var to []int32
	var from []T
	one := func(d, s int) { to[d] = int32(kernel.ArgMax(from[s:], l.n, l.step)) }
	return func() *Fault {
		to, from = spanOf[int32](fr, &dst, de), spanOf[T](fr, &src, se)
		l.each(dst.off, src.off, one)
		return nil
	}
}

func (b *binder) cumsum(op *ir.Op) step {
	switch op.Results[0].Type.Kind {
	case ir.F32:
		return cumsumOf(b, op, cumFloats[float32])
	case ir.F64:
		return cumsumOf(b, op, cumFloats[float64])
	case ir.I32:
		return cumsumOf(b, op, cumInts[int32])
	}
	return cumsumOf(b, op, cumInts[int64])
}

// line is one line of a running sum: n elements, their distances and starts.
type line struct {
	n, ds, ss, d, s    int
	reverse, exclusive bool
}

func cumFloats[T kernel.Float](dst, src []T, l line) bool {
	var sum T
	for k := 0; k < l.n; k++ {
		i := k
		if l.reverse {
			i = l.n - 1 - k
		}
		v := src[l.s+i*l.ss]
		if l.exclusive {
			dst[l.d+i*l.ds] = sum
		}
		sum += v
		if !l.exclusive {
			dst[l.d+i*l.ds] = sum
		}
	}
	return true
}

func cumInts[T kernel.Int](dst, src []T, l line) bool {
	var sum T
	for k := 0; k < l.n; k++ {
		i := k
		if l.reverse {
			i = l.n - 1 - k
		}
		v := src[l.s+i*l.ss]
		if l.exclusive {
			dst[l.d+i*l.ds] = sum
		}
		s := sum + v
		if (s^sum)&(s^v) < 0 {
			return false
		}
		sum = s
		if !l.exclusive {
			dst[l.d+i*l.ds] = sum
		}
	}
	return true
}

func cumsumOf[T any](b *binder, op *ir.Op, f func(dst, src []T, l line) bool) step {
	a := op.Attrs.(ir.CumAttrs)
	dst, src := b.view(op.Results[0]), b.view(op.Operands[0])
	l := newLines(dst, src, a.Axis)
	fr, de, se := b.fr, dst.extent(), src.extent()
	if dst.len() == 0 {
		return nil
	}
	var to, from []T
	ok := true
	proto := line{n: l.n, ds: dst.stride[a.Axis], ss: l.step, reverse: a.Reverse, exclusive: a.Exclusive}
	one := func(d, s int) {
		ln := proto
		ln.d, ln.s = d, s
		ok = f(to, from, ln) && ok
	}
	return func() *Fault {
		to, from, ok = spanOf[T](fr, &dst, de), spanOf[T](fr, &src, se), true
		l.each(dst.off, src.off, one)
		if !ok {
			return &Fault{Span: op.Span, Code: CodeInteger, Message: "a running sum overflows " + dst.kind.String(), Element: -1, Row: -1}
		}
		return nil
	}
}

// uniform draws: element i of a key from Mix(key, i).
func (b *binder) uniform(op *ir.Op) step {
	dst, keys := b.view(op.Results[0]), b.view(op.Operands[0])
	many, n, fr := keys.len(), 0, b.fr
	if many > 0 {
		n = dst.len() / many
	}
	if n == 0 {
		return nil
	}
	chunk := 1 << 13
	total := many * n
	j := &job{n: (total + chunk - 1) / chunk}
	j.do = func(_ *worker, task int) {
		k := elems[uint64](fr, keys.slot, keys.off+many)[keys.off:]
		to := min(total, (task+1)*chunk)
		for i := task * chunk; i < to; {
			key, from := k[i/n], i%n
			run := min(n-from, to-i)
			if dst.kind == ir.F32 {
				drawF32(elems[float32](fr, dst.slot, dst.off+i+run)[dst.off+i:], key, from)
			} else {
				drawF64(elems[float64](fr, dst.slot, dst.off+i+run)[dst.off+i:], key, from)
			}
			i += run
		}
	}
	pool := b.pool
	return func() *Fault {
		pool.run(j)
		return nil
	}
}

// drawF32 fills dst with numbers of a key from one on; drawF64 too.
func drawF32(dst []float32, key uint64, from int) {
	s := ir.StreamOf(key)
	for i := range dst {
		dst[i] = ir.UniformF32(s.At(uint64(from + i)))
	}
}

func drawF64(dst []float64, key uint64, from int) {
	s := ir.StreamOf(key)
	for i := range dst {
		dst[i] = ir.UniformF64(s.At(uint64(from + i)))
	}
}
