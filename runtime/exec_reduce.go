package runtime

import (
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// partials is the bytes that partial sums of an operation may need: one number
// for each block of each line, where lines are longer than a block.
func partials(p *plan, op *ir.Op) int64 {
	t, out := op.Operands[0].Type, op.Results[0].Type
	n, outs := p.bytes(t), p.bytes(out)
	if outs == 0 || n/outs <= kernel.Block {
		return 0
	}
	return outs * int64(kernel.Blocks(int(n/outs))+1)
}

// reduction is a fold of the axes behind the first ones of a view into a
// dense result over the first ones.
type reduction struct {
	op       *ir.Op
	dst, src view
	outs, n  int
	kept     pairs // over the kept axes
	rest     pairs // over the reduced axes; both offsets are those of src
	partial  int   // slot of partial sums, -1 without
	rows     int
	row      string // reduce_sum, reduce_max, reduce_prod
}

func (b *binder) reduce(op *ir.Op) (step, string) {
	axes := op.Attrs.(ir.AxesAttrs).Axes
	src := b.view(op.Operands[0])
	reduced := map[int]bool{}
	for _, a := range axes {
		reduced[a] = true
	}
	var perm []int
	for i := range src.shape {
		if !reduced[i] {
			perm = append(perm, i)
		}
	}
	kept := len(perm)
	return b.fold(op, op.Row.Name, src.permute(append(perm, axes...)), kept)
}

// fold binds a reduction of all but the first axes of src.
func (b *binder) fold(op *ir.Op, row string, src view, kept int) (step, string) {
	dst := b.view(op.Results[0])
	front, back := src, src
	front.shape, front.stride = src.shape[:kept], src.stride[:kept]
	back.shape, back.stride = src.shape[kept:], src.stride[kept:]
	if row == "reduce_max" {
		back = back.once()
	}
	r := &reduction{op: op, dst: dst, src: src, outs: dst.len(), n: back.len(), row: row, partial: -1,
		kept: newPairs(view{shape: front.shape, stride: stridesOf(front.shape)}, front), rest: newPairs(back, back),
		rows: b.rowSize(op.Results[0].Type.Dims, dst.shape)}
	if t := b.plan.ops[op].temps; len(t) > 0 {
		r.partial = t[0]
	}
	if r.outs == 0 {
		return nil, ""
	}
	switch dst.kind {
	case ir.F32:
		return foldFloats[float32](b, r)
	case ir.F64:
		return foldFloats[float64](b, r)
	case ir.I32:
		return foldInts[int32](b, r), "chain"
	case ir.I64:
		return foldInts[int64](b, r), "chain"
	}
	return foldBools(b, r), "chain"
}

func foldFloats[T kernel.Float](b *binder, r *reduction) (step, string) {
	if r.n == 0 {
		start := map[string]float64{"reduce_max": math.Inf(-1), "reduce_prod": 1}[r.row]
		return b.fillStep(r.dst, ir.ConstAttrs{T: r.op.Results[0].Type.Elem(), F: []float64{start}}), "fill"
	}
	if b.plan.closes(r.op) {
		return columnChains[T](b, r), "columns, going on"
	}
	if s := columnsOf[T](b, r); s != nil {
		return s, "columns, chains of 256"
	}
	if r.row == "reduce_sum" {
		return sumLines[T](b, r), "lines, lanes and blocks"
	}
	if r.row == "reduce_prod" {
		return linesStep(b, r, func(x []T, v T) (T, bool) { return kernel.FoldProd(v, x), true }, 1, nil), "chain"
	}
	greatest := func(x []T, v T) (T, bool) { return kernel.FoldMax(v, x), true }
	return linesStep(b, r, greatest, T(math.Inf(-1)), kernel.MaxLines[T]), "chain"
}

// columnsOf folds rows of neighbouring elements into one another where the
// reduced axes are one that steps over them; nil where it does not apply.
func columnsOf[T kernel.Float](b *binder, r *reduction) step {
	last := len(r.kept.shape) - 1
	if last < 0 || len(r.rest.shape) != 1 || r.kept.src[last] != 1 {
		return nil
	}
	cols, rows, stride := r.kept.shape[last], r.rest.shape[0], r.rest.src[0]
	if cols < 4 && rows > 16*cols {
		return nil
	}
	const most = 1024
	cuts := (cols + most - 1) / most
	combine := kernel.FloatBinary[T](map[string]string{"reduce_max": "max", "reduce_prod": "mul"}[r.row])
	outer := pairs{r.kept.shape[:last], r.kept.dst[:last], r.kept.src[:last], r.outs / cols}
	fr, de, se := b.fr, r.dst.extent(), r.src.extent()
	j := &job{n: outer.n * cuts}
	j.do = func(w *worker, task int) {
		c := outer.from(task/cuts, 1, r.dst.off, r.src.off)
		from := task % cuts * most
		n := min(most, cols-from)
		to := spanOf[T](fr, &r.dst, de)[c.dst+from:][:n]
		x := spanOf[T](fr, &r.src, se)[c.src+from:]
		if combine == nil {
			kernel.SumColumns(to, x, tileScratch[T](w)[:n], rows, stride)
			return
		}
		copy(to, x)
		for i := 1; i < rows; i++ {
			combine(to, to, x[i*stride:])
		}
	}
	if r.outs*rows < 8*tileElems { // too little to share
		return b.serial(j)
	}
	return b.parallel(j)
}

func (b *binder) parallel(j *job) step {
	pool := b.pool
	if j.n == 1 {
		w := pool.workers[0]
		return func() *Fault {
			j.tasks(w, 0, 1)
			return nil
		}
	}
	return func() *Fault {
		pool.run(j)
		return nil
	}
}

func (b *binder) serial(j *job) step {
	w := b.pool.workers[0]
	return func() *Fault {
		for i := 0; i < j.n; i++ {
			j.do(w, i)
		}
		return nil
	}
}

func tileScratch[T any](w *worker) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(&w.tile[0])), tileBytes/int(unsafe.Sizeof(zero)))
}

// sumLines sums each line block by block; long ones share out their blocks.
func sumLines[T kernel.Float](b *binder, r *reduction) step {
	blocks := kernel.Blocks(r.n)
	fr, de, se := b.fr, r.dst.extent(), r.src.extent()
	if blocks == 1 && r.outs == 1 && len(r.rest.shape) == 1 && r.rest.src[0] == 1 {
		return func() *Fault { // a short line
			src := spanOf[T](fr, &r.src, se)[r.src.off:]
			spanOf[T](fr, &r.dst, de)[r.dst.off] = kernel.SumBlock(src[:r.n])
			return nil
		}
	}
	if blocks == 1 || r.partial < 0 {
		per := max(1, moveChunk/r.n)
		j := &job{n: (r.outs + per - 1) / per}
		j.do = func(w *worker, task int) {
			dst, src := spanOf[T](fr, &r.dst, de), spanOf[T](fr, &r.src, se)
			at := task * per
			c := r.kept.from(at, min(per, r.outs-at), r.dst.off, r.src.off)
			ds, ss := r.kept.inner()
			for d, s, n := c.next(); n > 0; d, s, n = c.next() {
				if r.behind(ds, ss) {
					kernel.SumLines(dst[d:d+n], src[s:], r.n)
					continue
				}
				for i := 0; i < n; i++ {
					dst[d+i*ds] = sumBlock(w, r, src, s+i*ss, 0)
				}
			}
		}
		return b.parallel(j)
	}
	j := &job{n: r.outs * blocks}
	j.do = func(w *worker, task int) {
		c := r.kept.from(task/blocks, 1, r.dst.off, r.src.off)
		part := elems[T](fr, r.partial, r.outs*blocks)
		part[task] = sumBlock(w, r, spanOf[T](fr, &r.src, se), c.src, task%blocks)
	}
	pool := b.pool
	return func() *Fault {
		pool.run(j)
		dst, part := spanOf[T](fr, &r.dst, de), elems[T](fr, r.partial, r.outs*blocks)
		for i := range r.outs {
			dst[r.dst.off+i] = kernel.SumTree(part[i*blocks : (i+1)*blocks])
		}
		return nil
	}
}

// behind reports whether lines that lie ss elements apart, with results ds
// apart, lie one behind the other and are short enough for a block.
func (r *reduction) behind(ds, ss int) bool {
	return len(r.rest.shape) == 1 && r.rest.src[0] == 1 && r.n <= kernel.Block && ss == r.n && ds == 1
}

// sumBlock is the sum of one block of the line that begins at an offset.
func sumBlock[T kernel.Float](w *worker, r *reduction, src []T, at, block int) T {
	from := block * kernel.Block
	n := min(kernel.Block, r.n-from)
	if len(r.rest.shape) == 0 {
		return src[at]
	}
	if len(r.rest.shape) == 1 && r.rest.src[0] == 1 {
		return kernel.SumBlock(src[at+from : at+from+n])
	}
	return kernel.SumBlock(collect(w, r, src, at, from, n))
}

// collect copies elements from … from+n of a line into scratch, n ≤ Block.
func collect[T any](w *worker, r *reduction, src []T, at, from, n int) []T {
	buf := tileScratch[T](w)[:n]
	c := r.rest.from(from, n, at, at)
	_, ss := r.rest.inner()
	fill := buf
	for _, s, k := c.next(); k > 0; _, s, k = c.next() {
		kernel.CopyRun(fill[:k], src, s, ss)
		fill = fill[k:]
	}
	return buf
}

// linesStep folds each line in order with f, which says whether it went well.
// short, which may be nil, does the same for lines that lie one behind the other
// and cannot go wrong.
func linesStep[T any](b *binder, r *reduction, f func(x []T, v T) (T, bool), start T, short func(dst, x []T, n int)) step {
	fr, de, se := b.fr, r.dst.extent(), r.src.extent()
	per := max(1, moveChunk/max(1, r.n))
	var mu sync.Mutex
	bad := int64(-1)
	j := &job{n: (r.outs + per - 1) / per}
	j.do = func(w *worker, task int) {
		dst, src := spanOf[T](fr, &r.dst, de), spanOf[T](fr, &r.src, se)
		at := task * per
		c := r.kept.from(at, min(per, r.outs-at), r.dst.off, r.src.off)
		ds, ss := r.kept.inner()
		for d, s, n := c.next(); n > 0; d, s, n = c.next() {
			if short != nil && r.behind(ds, ss) {
				short(dst[d:d+n], src[s:], r.n)
				continue
			}
			for i := 0; i < n; i++ {
				v, ok := foldLine(w, r, src, s+i*ss, f, start)
				dst[d+i*ds] = v
				if !ok {
					mu.Lock()
					if e := int64(d + i*ds - r.dst.off); bad < 0 || e < bad {
						bad = e
					}
					mu.Unlock()
					return
				}
			}
		}
	}
	pool := b.pool
	return func() *Fault {
		bad = -1
		pool.run(j)
		if bad >= 0 {
			return &Fault{Span: r.op.Span, Code: CodeInteger, Element: bad, Row: rowOf(bad, r.rows),
				Message: fmt.Sprintf("%s overflows %s", r.op.Row.Name, r.dst.kind)}
		}
		return nil
	}
}

func foldLine[T any](w *worker, r *reduction, src []T, at int, f func(x []T, v T) (T, bool), v T) (T, bool) {
	if len(r.rest.shape) == 0 {
		return f(src[at:at+1], v)
	}
	for from := 0; from < r.n; from += kernel.Block {
		n := min(kernel.Block, r.n-from)
		x := src
		if len(r.rest.shape) == 1 && r.rest.src[0] == 1 {
			x = src[at+from : at+from+n]
		} else {
			x = collect(w, r, src, at, from, n)
		}
		var ok bool
		if v, ok = f(x, v); !ok {
			return v, false
		}
	}
	return v, true
}

func foldInts[T kernel.Int](b *binder, r *reduction) step {
	switch r.row {
	case "reduce_sum":
		return linesStep(b, r, func(x []T, v T) (T, bool) { return kernel.FoldSumInt(v, x) }, 0, nil)
	case "reduce_prod":
		return linesStep(b, r, func(x []T, v T) (T, bool) { return kernel.FoldProdInt(v, x) }, 1, nil)
	}
	if r.n == 0 {
		return func() *Fault {
			return &Fault{Span: r.op.Span, Code: CodeEmpty, Message: "the greatest of no integers", Element: -1, Row: -1}
		}
	}
	least, _ := rangeOf(r.dst.kind, 0)
	return linesStep(b, r, func(x []T, v T) (T, bool) { return kernel.FoldMax(v, x), true }, T(least), nil)
}

func foldBools(b *binder, r *reduction) step {
	return linesStep(b, r, func(x []uint8, v uint8) (uint8, bool) { return kernel.FoldMax(v, x), true }, 0, nil)
}
