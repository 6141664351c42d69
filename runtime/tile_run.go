package runtime

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// tileStep is a tile program bound to sizes and storage.
type tileStep struct {
	fr     *frame
	prog   *tileProg
	rows   int // elements for each row of the step, 0 where there are none
	n      int // points
	tile   int // points of a tile
	chunk  int // points of a task
	loads  []boundLoad
	fills  []boundFill
	kernel []tileOp
	stores []boundStore
	regs   [][]unsafe.Pointer // by worker
	code   *tileCode          // nil where the kernels are interpreted
	flat   *flatCode          // nil where the code is not one piece
	sums   *lineSums          // nil where no result is summed

	job   job
	least atomic.Int64 // the place of the fault met so far that is told
	mu    sync.Mutex
	fault *Fault
}

// boundLoad brings a tile of an operand into its register: a pointer where the
// elements lie in order, one element spread, or a copy along the strides.
type boundLoad struct {
	reg    int
	view   view
	extent int
	how    loadKind
	shape  []int
	stride []int
}

type loadKind uint8

const (
	direct loadKind = iota
	splat
	gathered
)

type boundFill struct {
	reg  int
	kind ir.Kind
	f    float64
	i    int64
}

// boundStore is a result: written in place, or copied from its register when
// all instructions have run.
type boundStore struct {
	reg   int
	view  view
	copy  bool
	bytes int
}

// bindTile makes the step of a program, nil where there are no points. in and
// out are the views of operands and results; alias says whether a result may
// share storage with an operand.
func (b *binder) bindTile(p *tileProg, in, out []view, alias func(r, i int) bool) *tileStep {
	s := &tileStep{fr: b.fr, prog: p, n: 1}
	shape := b.shape(p.dims)
	s.n = product(shape)
	s.rows = b.rowSize(p.dims, shape)
	if s.n == 0 {
		return nil
	}
	b.bindLoads(s, shape, in)
	for _, c := range p.consts {
		s.fills = append(s.fills, boundFill{c.reg, p.kinds[c.reg], c.f, c.i})
	}
	s.bindStores(out, alias)
	bounds := b.bounds(p)
	for i, in := range p.instrs {
		s.kernel = append(s.kernel, tileKernel(in.op, in.dst, in.src, bounds[i]))
	}
	s.place(b.prog.pool.workers)
	s.code = b.code(s, bounds, alias)
	s.job.n = (s.n + s.chunk - 1) / s.chunk
	s.job.do = s.task
	s.least.Store(math.MaxInt64)
	return s
}

// bounds is, by instruction, the bound of the index that it makes.
func (b *binder) bounds(p *tileProg) []int64 {
	out := make([]int64, len(p.instrs))
	for i, in := range p.instrs {
		out[i] = math.MaxInt64
		if t := in.op.Results[0].Type; t.Kind == ir.Index {
			out[i] = int64(b.size(t.Bound))
		}
	}
	return out
}

// name is what the report calls the step.
func (s *tileStep) name() string {
	if s.code != nil {
		return fmt.Sprintf("machine code of %d", len(s.prog.instrs))
	}
	return fmt.Sprintf("tile program of %d", len(s.prog.instrs))
}

// step runs the program over all points.
func (s *tileStep) step(pool *pool) step {
	if s.flatten(pool.workers[0]); s.flat != nil {
		return s.flat.step
	}
	return func() *Fault {
		pool.run(&s.job)
		return s.failed()
	}
}

// failed is the fault of the run that has ended.
func (s *tileStep) failed() *Fault {
	if s.least.Load() == math.MaxInt64 {
		return nil
	}
	s.least.Store(math.MaxInt64)
	return s.fault
}

func (b *binder) bindLoads(s *tileStep, shape []int, in []view) {
	lists := make([][]int, len(s.prog.loads))
	views := make([]view, len(lists))
	for i, l := range s.prog.loads {
		if l.fixed != nil {
			views[i] = b.constView(l.fixed)
		} else {
			views[i] = in[l.operand]
		}
		lists[i] = make([]int, len(shape))
		for j, a := range l.axes {
			if a >= 0 {
				lists[i][a] = views[i].stride[j]
			}
		}
	}
	folded, strides := collapse(shape, lists...)
	for i, l := range s.prog.loads {
		ld := boundLoad{reg: l.reg, view: views[i], extent: views[i].extent(), shape: folded, stride: strides[i], how: gathered}
		same, zero := stridesOf(folded), true
		isDirect := true
		for j, st := range strides[i] {
			isDirect = isDirect && st == same[j]
			zero = zero && st == 0
		}
		switch {
		case isDirect:
			ld.how = direct
		case zero:
			ld.how = splat
		}
		s.loads = append(s.loads, ld)
	}
}

func (s *tileStep) bindStores(out []view, alias func(r, i int) bool) {
	last := s.prog.lastReads()
	def := make([]int, len(s.prog.kinds))
	for i := range def {
		def[i] = -1
	}
	for i, in := range s.prog.instrs {
		def[in.dst] = i
	}
	written := map[int]bool{}
	for k, r := range s.prog.results {
		st := boundStore{reg: r, view: out[k], bytes: bytesOf(out[k].kind)}
		st.copy = def[r] < 0 || written[r]
		for _, l := range s.prog.loads {
			if l.fixed == nil && alias(k, l.operand) && last[l.reg] > def[r] {
				st.copy = true // the old element is still wanted
			}
		}
		written[r] = true
		s.stores = append(s.stores, st)
	}
}

// place gives registers their scratch memory, chooses the tile so that all
// that is alive stays in the first-level cache, and cuts the tasks.
func (s *tileStep) place(workers []*worker) {
	wide := 1
	for _, k := range s.prog.kinds {
		wide = max(wide, bytesOf(k))
	}
	at, count := s.scratch()
	live := count
	for _, l := range s.loads {
		if l.how == direct {
			live++
		}
	}
	for _, st := range s.stores {
		if !st.copy {
			live++
		}
	}
	s.tile = tileElems
	for s.tile > 256 && s.tile*wide*live > tileBudget {
		s.tile /= 2
	}
	for s.tile*wide*count > tileBytes {
		s.tile /= 2
	}
	s.chunk = evenly(s.n, min(16*tileElems, max(s.tile, int(128<<10/s.prog.weight())/s.tile*s.tile)))
	for _, w := range workers {
		regs := make([]unsafe.Pointer, len(s.prog.kinds))
		for r, a := range at {
			if a >= 0 {
				regs[r] = unsafe.Add(unsafe.Pointer(&w.tile[0]), a*s.tile*wide)
			}
		}
		s.regs = append(s.regs, regs)
	}
}

// scratch numbers the pieces of scratch that registers use, -1 for those that
// point into memory. A piece is free again behind the last read; constants
// keep theirs.
func (s *tileStep) scratch() (at []int, count int) {
	last := s.prog.lastReads()
	at = make([]int, len(s.prog.kinds))
	for i := range at {
		at[i] = -1
	}
	take := func(r int) { at[r] = count; count++ }
	for _, l := range s.loads {
		if l.how != direct {
			take(l.reg)
		}
	}
	for _, f := range s.fills {
		take(f.reg)
	}
	memory := map[int]bool{}
	for _, st := range s.stores {
		if !st.copy {
			memory[st.reg] = true
		}
	}
	var free []int
	for i, in := range s.prog.instrs {
		var dst = -1
		if !memory[in.dst] {
			if n := len(free); n > 0 {
				dst, free = free[n-1], free[:n-1]
			} else {
				dst = count
				count++
			}
		}
		at[in.dst] = dst
		seen := map[int]bool{}
		for _, r := range append([]int{in.dst}, in.src...) {
			own := s.isComputed(r)
			if own && !memory[r] && !seen[r] && at[r] >= 0 && max(last[r], defOf(s.prog, r)) == i {
				free = append(free, at[r])
			}
			seen[r] = true
		}
	}
	return at, count
}

func (s *tileStep) isComputed(r int) bool { return defOf(s.prog, r) >= 0 }

func defOf(p *tileProg, r int) int {
	for i, in := range p.instrs {
		if in.dst == r {
			return i
		}
	}
	return -1
}

// evenly is the size of chunks of at most so many of n points, such that none
// is much smaller than the others: whole cache lines each.
func evenly(n, most int) int {
	const line = 64
	chunks := (n + most - 1) / most
	return min(most, ((n+chunks-1)/chunks+line-1)/line*line)
}

// task runs the tiles of one chunk.
func (s *tileStep) task(w *worker, task int) {
	lo := task * s.chunk
	hi := min(s.n, lo+s.chunk)
	switch {
	case s.decided(lo):
	case s.sums != nil:
		s.sumPoints(w, lo, hi)
	default:
		s.points(w, lo, hi)
	}
}

// points runs points lo to hi.
func (s *tileStep) points(w *worker, lo, hi int) {
	if s.code != nil && s.code.fn.Ready() {
		s.codeTask(w, lo, hi)
		return
	}
	s.fill(s.regs[w.id], min(s.tile, hi-lo))
	for t := lo; t < hi && !s.decided(t); t += s.tile {
		s.interpret(w, t, min(s.tile, hi-t))
	}
}

// interpret runs the kernels on a tile of n points from t on, with the numbers
// that stand throughout filled in, up to one that is at fault.
func (s *tileStep) interpret(w *worker, t, n int) {
	r := s.regs[w.id]
	for i := range s.loads {
		l := &s.loads[i]
		switch l.how {
		case direct:
			r[l.reg] = unsafe.Add(s.fr.base[l.view.slot], (l.view.off+t)*bytesOf(l.view.kind))
		case gathered:
			l.gather(s.fr, r[l.reg], t, n)
		}
	}
	for i := range s.stores {
		if st := &s.stores[i]; !st.copy {
			r[st.reg] = st.at(s.fr, w, t)
		}
	}
	for i, k := range s.kernel {
		if at := k(r, n); at >= 0 {
			s.fail(i, r, t, at)
			return
		}
	}
	for i := range s.stores {
		if st := &s.stores[i]; st.copy {
			dst := st.at(s.fr, w, t)
			copy(tile[byte](dst, n*st.bytes), tile[byte](r[st.reg], n*st.bytes))
		}
	}
}

// fill sets the registers that hold one number throughout.
func (s *tileStep) fill(r []unsafe.Pointer, n int) {
	for i := range s.fills {
		f := &s.fills[i]
		fillNumber(r[f.reg], n, f.kind, f.f, f.i)
	}
	for i := range s.loads {
		l := &s.loads[i]
		if l.how != splat {
			continue
		}
		switch p := unsafe.Add(s.fr.base[l.view.slot], l.view.off*bytesOf(l.view.kind)); bytesOf(l.view.kind) {
		case 8:
			spread[uint64](r[l.reg], p, n)
		case 4:
			spread[uint32](r[l.reg], p, n)
		case 2:
			spread[uint16](r[l.reg], p, n)
		default:
			spread[uint8](r[l.reg], p, n)
		}
	}
}

func spread[T any](dst, src unsafe.Pointer, n int) {
	kernel.Fill(tile[T](dst, n), *(*T)(src))
}

// fillNumber writes a number in its kind n times.
func fillNumber(dst unsafe.Pointer, n int, k ir.Kind, f float64, i int64) {
	switch k {
	case ir.F32:
		x := float32(f)
		spread[float32](dst, unsafe.Pointer(&x), n)
	case ir.F64:
		spread[float64](dst, unsafe.Pointer(&f), n)
	case ir.I64, ir.Key:
		spread[int64](dst, unsafe.Pointer(&i), n)
	case ir.I32, ir.Index:
		x := int32(i)
		spread[int32](dst, unsafe.Pointer(&x), n)
	case ir.I16, ir.U16:
		x := uint16(i)
		spread[uint16](dst, unsafe.Pointer(&x), n)
	default:
		x := uint8(i)
		spread[uint8](dst, unsafe.Pointer(&x), n)
	}
}

func (l *boundLoad) gather(fr *frame, dst unsafe.Pointer, from, n int) {
	switch bytesOf(l.view.kind) {
	case 8:
		gatherRun[uint64](fr, l, dst, from, n)
	case 4:
		gatherRun[uint32](fr, l, dst, from, n)
	case 2:
		gatherRun[uint16](fr, l, dst, from, n)
	default:
		gatherRun[uint8](fr, l, dst, from, n)
	}
}

// gatherRun copies points from … from+n, in order, along the strides.
func gatherRun[T any](fr *frame, l *boundLoad, to unsafe.Pointer, from, n int) {
	src, dst := spanOf[T](fr, &l.view, l.extent), tile[T](to, n)
	var point [maxRank]int
	rank := len(l.shape)
	at, rest := l.view.off, from
	for i := rank - 1; i >= 0; i-- {
		point[i] = rest % l.shape[i]
		rest /= l.shape[i]
		at += point[i] * l.stride[i]
	}
	inner, step := l.shape[rank-1], l.stride[rank-1]
	for len(dst) > 0 {
		run := min(inner-point[rank-1], len(dst))
		switch step {
		case 1:
			copy(dst[:run], src[at:])
		case 0:
			kernel.Fill(dst[:run], src[at])
		default:
			for i, a := 0, at; i < run; i, a = i+1, a+step {
				dst[i] = src[a]
			}
		}
		dst = dst[run:]
		at -= point[rank-1] * step
		point[rank-1] = 0
		for i := rank - 2; i >= 0; i-- {
			point[i]++
			at += l.stride[i]
			if point[i] < l.shape[i] {
				break
			}
			at -= point[i] * l.stride[i]
			point[i] = 0
		}
	}
}

// maxRank bounds the axes of what runs along strides, after joining.
const maxRank = 16

// The place of a fault orders faults as the interpreter meets them, which runs
// an operation at a time: by instruction, then by point. Tiles meet them in
// another order, so that one that has met a fault does not end the step; the
// others go on while they may meet one before it.
func (s *tileStep) placeOf(instr, point int) int64 { return int64(instr)*int64(s.n) + int64(point) }

// decided reports whether no fault that is told instead of the one met so far
// can be met from a point on.
func (s *tileStep) decided(point int) bool {
	least := s.least.Load()
	return least != math.MaxInt64 && least <= s.placeOf(s.prog.mayFail, point)
}

// fail notes a fault of an instruction at a point of the tile that begins at t.
func (s *tileStep) fail(instr int, r []unsafe.Pointer, t, at int) {
	place := s.placeOf(instr, t+at)
	s.mu.Lock()
	defer s.mu.Unlock()
	if place >= s.least.Load() {
		return
	}
	in := s.prog.instrs[instr]
	x := make([]operandValue, len(in.src))
	for i, src := range in.src {
		x[i] = readValue(r[src], s.prog.kinds[src], at)
	}
	s.fault = faultOf(in.op, x, int64(t+at), s.rows)
	s.least.Store(place)
}
