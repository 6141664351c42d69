package runtime

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// pairs walks over the points that two views share, in order: of from, to and
// along what strides.
type pairs struct {
	shape    []int
	dst, src []int
	n        int
}

func newPairs(dst, src view) pairs {
	shape, strides := collapse(dst.shape, dst.stride, src.stride)
	return pairs{shape, strides[0], strides[1], product(dst.shape)}
}

// cursor stands at a point of pairs and has some points left to visit. It
// lives on the stack, so that walking allocates nothing.
type cursor struct {
	p        *pairs
	point    [maxRank]int
	dst, src int
	left     int
}

// from is a cursor at point number at with n points to visit.
func (p *pairs) from(at, n, dst, src int) cursor {
	c := cursor{p: p, dst: dst, src: src, left: n}
	if n == 0 {
		return c
	}
	for i := len(p.shape) - 1; i >= 0; i-- {
		c.point[i] = at % p.shape[i]
		at /= p.shape[i]
		c.dst += c.point[i] * p.dst[i]
		c.src += c.point[i] * p.src[i]
	}
	return c
}

// next is the next run: where it begins in both, and its length, 0 at the end.
func (c *cursor) next() (dst, src, n int) {
	if c.left == 0 {
		return 0, 0, 0
	}
	last := len(c.p.shape) - 1
	if last < 0 {
		c.left = 0
		return c.dst, c.src, 1
	}
	dst, src = c.dst, c.src
	n = min(c.p.shape[last]-c.point[last], c.left)
	c.left -= n
	c.dst -= c.point[last] * c.p.dst[last]
	c.src -= c.point[last] * c.p.src[last]
	c.point[last] = 0
	for i := last - 1; i >= 0; i-- {
		c.point[i]++
		c.dst += c.p.dst[i]
		c.src += c.p.src[i]
		if c.point[i] < c.p.shape[i] {
			break
		}
		c.dst -= c.point[i] * c.p.dst[i]
		c.src -= c.point[i] * c.p.src[i]
		c.point[i] = 0
	}
	return dst, src, n
}

func (p *pairs) inner() (dst, src int) {
	if n := len(p.shape); n > 0 {
		return p.dst[n-1], p.src[n-1]
	}
	return 1, 1
}

// moveChunk is the number of elements of one task that copies or adds.
const moveChunk = 1 << 15

// copyStep copies src to dst, which have one shape; nil where there is nothing
// to copy.
func (b *binder) copyStep(dst, src view) step {
	switch bytesOf(dst.kind) {
	case 8:
		return copyOf[uint64](b, dst, src)
	case 4:
		return copyOf[uint32](b, dst, src)
	case 2:
		return copyOf[uint16](b, dst, src)
	}
	return copyOf[uint8](b, dst, src)
}

func copyOf[T any](b *binder, dst, src view) step {
	p := newPairs(dst, src)
	if p.n == 0 {
		return nil
	}
	same := dst.off == src.off && slices.Equal(p.dst, p.src)
	de, se, fr, pool := dst.extent(), src.extent(), b.fr, b.pool
	ds, ss := p.inner()
	j := &job{n: (p.n + moveChunk - 1) / moveChunk}
	j.do = func(_ *worker, task int) {
		to, from := spanOf[T](fr, &dst, de), spanOf[T](fr, &src, se)
		at := task * moveChunk
		c := p.from(at, min(moveChunk, p.n-at), dst.off, src.off)
		for d, s, n := c.next(); n > 0; d, s, n = c.next() {
			if ds == 1 {
				kernel.CopyRun(to[d:d+n], from, s, ss)
				continue
			}
			for i := 0; i < n; i++ {
				to[d+i*ds] = from[s+i*ss]
			}
		}
	}
	return func() *Fault {
		if same && fr.base[dst.slot] == fr.base[src.slot] {
			return nil // a result in the storage that it was made in
		}
		pool.run(j)
		return nil
	}
}

// pad fills with zeros and copies the operand into the middle.
func (b *binder) pad(op *ir.Op) step {
	a := op.Attrs.(ir.PadAttrs)
	dst, src := b.view(op.Results[0]), b.view(op.Operands[0])
	steps := make([]int, len(src.shape))
	for i := range steps {
		steps[i] = 1
	}
	zero := b.clear(dst)
	into := b.copyStep(dst.box(b.shape(a.Before), src.shape, steps), src)
	return func() *Fault {
		zero()
		if into != nil {
			return into()
		}
		return nil
	}
}

func (b *binder) clear(dst view) step {
	fr, n := b.fr, dst.len()*bytesOf(dst.kind)
	return func() *Fault {
		clear(elems[byte](fr, dst.slot, n))
		return nil
	}
}

func (b *binder) concat(op *ir.Op) step {
	axis := op.Attrs.(ir.AxisAttrs).Axis
	dst := b.view(op.Results[0])
	starts, steps := make([]int, len(dst.shape)), make([]int, len(dst.shape))
	for i := range steps {
		steps[i] = 1
	}
	var parts []copyPart
	for _, v := range op.Operands {
		src := b.view(v)
		parts = append(parts, copyPart{dst.box(starts, src.shape, steps), src})
		starts[axis] += src.shape[axis]
	}
	if s := b.copyBlocks(parts); s != nil {
		return s
	}
	var all []step
	for _, c := range parts {
		all = appendStep(all, b.copyStep(c.dst, c.src))
	}
	return func() *Fault { return run(all) }
}

// copyPart is one copy of several.
type copyPart struct{ dst, src view }

// block is bytes that lie together where they are and where they go.
type block struct{ dst, to, src, from, n int }

// copyBlocks is the step of copies that are each one block, and in all so few
// that sharing them out would cost more; nil for others.
func (b *binder) copyBlocks(parts []copyPart) step {
	var blocks []block
	total := 0
	for _, c := range parts {
		if !c.dst.dense() || !c.src.dense() {
			return nil
		}
		size := bytesOf(c.dst.kind)
		n := c.dst.len() * size
		if total += n; total > 4*moveChunk {
			return nil
		}
		blocks = append(blocks, block{c.dst.slot, c.dst.off * size, c.src.slot, c.src.off * size, n})
	}
	fr := b.fr
	return func() *Fault {
		for i := range blocks {
			k := &blocks[i]
			copy(elems[byte](fr, k.dst, k.to+k.n)[k.to:], elems[byte](fr, k.src, k.from+k.n)[k.from:])
		}
		return nil
	}
}

// sliceAdd adds the second operand into a box of the first, in place where the
// plan gave both one storage.
func (b *binder) sliceAdd(op *ir.Op) step {
	dst, upd := b.view(op.Results[0]), b.view(op.Operands[1])
	take := b.copyStep(dst, b.view(op.Operands[0]))
	starts, steps := b.shape(op.Attrs.(ir.SliceAddAttrs).Starts), make([]int, len(dst.shape))
	for i := range steps {
		steps[i] = 1
		if starts[i]+upd.shape[i] > dst.shape[i] {
			b.fail("slice_add: %d..%d is outside axis %d of size %d", starts[i], starts[i]+upd.shape[i], i, dst.shape[i])
			return nil
		}
	}
	into := dst.box(starts, upd.shape, steps)
	var add step
	switch dst.kind {
	case ir.F32:
		add = addOf[float32](b, into, upd)
	case ir.F64:
		add = addOf[float64](b, into, upd)
	case ir.I32:
		add = addInts[int32](b, op, into, upd)
	default:
		add = addInts[int64](b, op, into, upd)
	}
	return func() *Fault {
		if take != nil {
			take()
		}
		return add()
	}
}

func addOf[T kernel.Float](b *binder, dst, src view) step {
	p := newPairs(dst, src)
	de, se, fr := dst.extent(), src.extent(), b.fr
	ds, ss := p.inner()
	return func() *Fault {
		if p.n == 0 {
			return nil
		}
		to, from := spanOf[T](fr, &dst, de), spanOf[T](fr, &src, se)
		c := p.from(0, p.n, dst.off, src.off)
		for d, s, n := c.next(); n > 0; d, s, n = c.next() {
			if ds == 1 && ss == 1 {
				kernel.Add(to[d:d+n], to[d:], from[s:])
				continue
			}
			for i := 0; i < n; i++ {
				to[d+i*ds] += from[s+i*ss]
			}
		}
		return nil
	}
}

func addInts[T kernel.Int](b *binder, op *ir.Op, dst, src view) step {
	p := newPairs(dst, src)
	de, se, fr := dst.extent(), src.extent(), b.fr
	ds, ss := p.inner()
	return func() *Fault {
		if p.n == 0 {
			return nil
		}
		to, from := spanOf[T](fr, &dst, de), spanOf[T](fr, &src, se)
		c := p.from(0, p.n, dst.off, src.off)
		for d, s, n := c.next(); n > 0; d, s, n = c.next() {
			for i := 0; i < n; i++ {
				x, y := to[d+i*ds], from[s+i*ss]
				r := x + y
				if (r^x)&(r^y) < 0 {
					return overflow(op, int64(x), int64(y), int64(d+i*ds))
				}
				to[d+i*ds] = r
			}
		}
		return nil
	}
}

// overflow is the fault of a sum that does not fit.
func overflow(op *ir.Op, x, y, element int64) *Fault {
	f := &Fault{Span: op.Span, Code: CodeInteger, Element: element, Row: -1}
	f.Message = operandValue{i: x}.String() + " + " + operandValue{i: y}.String() + " overflows " + op.Results[0].Type.Kind.String()
	return f
}
