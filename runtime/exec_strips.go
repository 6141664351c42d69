package runtime

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// stripsRun is a `strips` operation bound to sizes; see Note: strips.
type stripsRun struct {
	fr      *frame
	plan    *stripsPlan
	n       int          // rows
	size    int          // of a strip
	unit    int          // rows that one worker does in order
	whole   []*stripBody // by worker: for strips of all their rows
	rest    []*stripBody // for the last one, nil where it has all
	ins     []stripSlot
	outs    []stripSlot
	sums    []stripSum
	clear   []step // the sums of no rows
	pool    *pool
	job     job
	adding  job
	turns   []turn // by strip, where a task is a strip and not a unit; see Note: turns
	round   int64  // what turns begin from, in this run
	profile *Profile
	mu      sync.Mutex
	fault   *Fault
	at      int // first task at fault
}

// stripBody is the steps of one strip for one worker, in storage of its own.
type stripBody struct {
	fr      *frame
	worker  int
	steps   []step
	goOn    bool // sums go on from the strip before
	sums    int  // operations that sum over the rows
	before  *turn
	own     *turn // of the strip at hand; nil where no other worker waits for it
	round   int64
	runs    int // since the profile was told
	kernels []boundKernel
}

// stripSlot is an operand or result: the slot of the body that points to its
// rows, and how many bytes a row has, 0 for a whole.
type stripSlot struct{ slot, whole, off, row int }

// stripSum is a result that sums over the rows.
type stripSum struct {
	slot  int // of the body
	part  int // slot of the sums of units; where there is one unit, of the result
	off   int // bytes from there to the first
	bytes int // of one
	parts int // of the products that are added as a tree
	dst   view
}

// strips binds a `strips` operation.
func (b *binder) strips(op *ir.Op, o *opInfo) (step, string) {
	s := o.strips
	r := &stripsRun{fr: b.fr, plan: s, n: b.size(s.count), size: int(s.rows.size), pool: b.pool, profile: b.prog.opt.Profile}
	r.unit = r.size
	if len(s.rows.sums) > 0 {
		r.unit = unitRows
	}
	b.stripSlots(op, r)
	if r.n == 0 {
		for _, x := range r.sums {
			r.clear = appendStep(r.clear, b.clear(x.dst))
		}
		return func() *Fault { return run(r.clear) }, "no strips"
	}
	strips := (r.n + r.size - 1) / r.size
	for _, w := range b.pool.workers {
		r.whole = append(r.whole, b.stripBody(r, w, min(r.size, r.n), strips))
		var rest *stripBody
		if n := r.n % r.size; n > 0 && n < r.n {
			rest = b.stripBody(r, w, n, 0)
		}
		r.rest = append(r.rest, rest)
	}
	units := (r.n + r.unit - 1) / r.unit
	r.job = job{n: units, do: r.task}
	if workers := len(b.pool.workers); len(r.sums) > 0 && workers > 1 && units < 2*workers {
		r.job = job{n: strips, do: r.inTurn, inOrder: true}
		r.turns = make([]turn, strips)
	}
	if units > 1 {
		r.adding = job{n: len(r.sums), do: r.add}
	}
	return r.run, fmt.Sprintf("%d strips of %d rows, %s each", strips, min(r.size, r.n), SizeText(s.body.peak))
}

// stripSlots finds where operands and results lie.
func (b *binder) stripSlots(op *ir.Op, r *stripsRun) {
	s := r.plan
	slotOf := func(slot int, v view, rows bool) stripSlot {
		bytes := bytesOf(v.kind)
		x := stripSlot{slot: slot, whole: v.slot, off: v.off * bytes}
		if rows {
			x.row = product(v.shape[1:]) * bytes
		}
		return x
	}
	for i, v := range op.Operands {
		r.ins = append(r.ins, slotOf(s.body.ins[i], b.view(v), s.sliced[i]))
	}
	for k, v := range op.Results {
		w := b.view(v)
		if !s.sums[k] {
			r.outs = append(r.outs, slotOf(s.body.outs[k].slot, w, true))
			continue
		}
		x := stripSum{slot: s.body.outs[k].slot, part: s.parts[k], bytes: int(roundUp(int64(w.len() * bytesOf(w.kind)))),
			parts: b.stripParts(op.Regions[0].Results[k].Def, r.n), dst: w}
		if r.n <= unitRows {
			x.part, x.off = w.slot, w.off*bytesOf(w.kind)
		}
		r.sums = append(r.sums, x)
	}
}

// stripBody binds the region for strips of so many rows, for one worker. times
// is how often it runs, for the report; 0 where it is in there already.
func (b *binder) stripBody(r *stripsRun, w *worker, rows, times int) *stripBody {
	p := r.plan.body
	body := &stripBody{fr: newFrame(p), worker: w.id}
	look := func(name string) (int64, bool) {
		if name == r.plan.rows.name {
			return int64(rows), true
		}
		return b.look(name)
	}
	var none []KernelRow
	in := &binder{prog: b.prog, pool: poolOf(w), plan: p, fr: body.fr, look: look, dims: map[ir.Dim]int{}, views: map[*ir.Value]view{},
		frames: b.frames, called: b.called, loops: b.loops * max(1, times), rows: &none, strip: body}
	if times > 0 && w.id == 0 {
		in.rows = b.rows
	}
	body.steps = in.body()
	b.once = append(b.once, in.once...)
	if in.err != nil && b.err == nil {
		b.err = in.err
	}
	return body
}

// poolOf is a pool of one worker, for what runs inside a task of it.
func poolOf(w *worker) *pool {
	own := *w
	own.id = 0
	return &pool{workers: []*worker{&own}}
}

// timed measures the runs of a step. In a strip only the worker whose time is
// measured does so; what the others did is told by told.
func (b *binder) timed(k boundKernel, s step) step {
	if b.strip == nil {
		return k.timed(s)
	}
	if b.strip.kernels = append(b.strip.kernels, k); b.strip.worker > 0 {
		return s
	}
	return k.timed(s)
}

func (r *stripsRun) run() *Fault {
	r.fault = nil
	if s := r.plan.arenas; s >= 0 {
		size := roundUp(r.plan.body.peak)
		for i := range r.whole {
			at := unsafe.Add(r.fr.base[s], int64(i)*size)
			r.whole[i].fr.attach(r.plan.body, at)
			if r.rest[i] != nil {
				r.rest[i].fr.attach(r.plan.body, at)
			}
		}
	}
	r.round += int64(r.whole[0].sums)
	r.pool.run(&r.job)
	if r.profile != nil {
		r.told(r.whole)
		r.told(r.rest)
	}
	if r.fault == nil && r.adding.n > 0 {
		r.pool.run(&r.adding)
	}
	return r.fault
}

// told counts what helpers did for the kernels that they helped.
func (r *stripsRun) told(bodies []*stripBody) {
	for _, b := range bodies {
		if b == nil || b.worker == 0 {
			continue
		}
		for _, k := range b.kernels {
			k.all.AllFlops += k.flops * int64(b.runs)
			k.all.AllMoved += k.moved * int64(b.runs)
		}
		b.runs = 0
	}
}

// task runs the strips of a unit.
func (r *stripsRun) task(w *worker, unit int) {
	for lo, end := unit*r.unit, min((unit+1)*r.unit, r.n); lo < end; lo += r.size {
		if f := r.strip(r.bodyOf(w, lo), lo, unit); f != nil {
			r.fail(f, unit)
			return
		}
	}
}

// inTurn runs one strip, whose sums wait for those of the strip before.
func (r *stripsRun) inTurn(w *worker, strip int) {
	lo := strip * r.size
	body := r.bodyOf(w, lo)
	body.own, body.before, body.round = &r.turns[strip], nil, r.round
	if lo%r.unit > 0 {
		body.before = &r.turns[strip-1]
	}
	if f := r.strip(body, lo, lo/r.unit); f != nil {
		r.fail(f, strip)
		body.own.at.Store(r.round) // nobody waits any more
	}
}

// bodyOf is what runs the strip from row lo on.
func (r *stripsRun) bodyOf(w *worker, lo int) *stripBody {
	if lo+r.size > r.n && r.rest[w.id] != nil {
		return r.rest[w.id]
	}
	return r.whole[w.id]
}

// strip runs the strip from row lo on.
func (r *stripsRun) strip(body *stripBody, lo, unit int) *Fault {
	base := body.fr.base
	for _, x := range r.ins {
		base[x.slot] = unsafe.Add(r.fr.base[x.whole], x.off+lo*x.row)
	}
	for _, x := range r.outs {
		base[x.slot] = unsafe.Add(r.fr.base[x.whole], x.off+lo*x.row)
	}
	for i := range r.sums {
		x := &r.sums[i]
		base[x.slot] = unsafe.Add(r.fr.base[x.part], x.off+unit*x.bytes)
	}
	body.goOn = lo > unit*r.unit
	body.runs++
	return run(body.steps)
}

// fail notes a fault; of several tasks the first counts.
func (r *stripsRun) fail(f *Fault, task int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil || task < r.at {
		r.fault, r.at = f, task
	}
}

// add adds the sums of the units.
func (r *stripsRun) add(_ *worker, i int) {
	x := &r.sums[i]
	if x.dst.kind == ir.F32 {
		addUnits[float32](r, x)
	} else {
		addUnits[float64](r, x)
	}
}

// addUnits adds the units of each part from left to right and the parts as a
// tree, neighbours first.
func addUnits[T kernel.Float](r *stripsRun, x *stripSum) {
	n, units := x.dst.len(), (r.n+r.unit-1)/r.unit
	unit := func(u int) []T {
		return unsafe.Slice((*T)(unsafe.Add(r.fr.base[x.part], u*x.bytes)), n)
	}
	first := func(p int) int { return (kernel.PartStart(r.n, x.parts, p) + unitRows - 1) / unitRows }
	for p := range x.parts {
		for u := first(p) + 1; u < min(first(p+1), units); u++ {
			kernel.Add(unit(first(p)), unit(first(p)), unit(u))
		}
	}
	for h := 1; h < x.parts; h *= 2 {
		for p := 0; p+h < x.parts; p += 2 * h {
			kernel.Add(unit(first(p)), unit(first(p)), unit(first(p+h)))
		}
	}
	copy(elems[T](r.fr, x.dst.slot, x.dst.off+n)[x.dst.off:], unit(0))
}

// chains is a contraction that sums over the rows of a strip.
func (c *contraction[T]) chains(b *binder) step {
	body, w := b.strip, b.pool.workers[0]
	return func() *Fault {
		x, y := spanOf[T](c.fr, &c.a, c.extents[0]), spanOf[T](c.fr, &c.b, c.extents[1])
		out, scratch := spanOf[T](c.fr, &c.c, c.extents[2]), gemmScratch[T](w)
		for o := range c.nOuter {
			ia, ib, ic := offsets(c.outer, o)
			x, y, out := x[c.a.off+ia:], y[c.b.off+ib:], out[c.c.off+ic:]
			if body.goOn {
				c.g.GoOn(x, y, out, scratch)
			} else {
				c.g.Block(0, c.g.M, 0, c.g.N, false, x, y, out, scratch)
			}
		}
		return nil
	}
}

// columnChains is a sum down the columns of a strip.
func columnChains[T kernel.Float](b *binder, r *reduction) step {
	fr, body, n, rows := b.fr, b.strip, r.outs, r.n
	return func() *Fault {
		dst, x := elems[T](fr, r.dst.slot, r.dst.off+n)[r.dst.off:], elems[T](fr, r.src.slot, r.src.off+n*rows)[r.src.off:]
		if body.goOn {
			kernel.GoOnColumns(dst, x, rows, n)
		} else {
			kernel.SumColumns(dst, x, nil, rows, n)
		}
		return nil
	}
}
