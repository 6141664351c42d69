package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: values computed again. A loop over elements stores what later loops read,
// and where much is read and written in between, that costs three passes over
// memory: a line is fetched to be written, written, and read again. Much of it is a
// few operations away from what is stored anyway, such as 1 - t² beside t, or all
// that the derivative of an activation needs, beside its argument. So a loop may
// compute again what it reads, from values that are stored anyway or that are worth
// storing instead of several others; a least cut says which (recompute_cut.go). The
// pass stands behind all that makes loops and strips. Only then is it known what is
// stored: what lies within a loop or between the operations of a strip costs no
// memory. And products are contracted by then, so that what is computed twice has the
// same bits.

// recompute does so for the loops of each region.
func recompute(m *ir.Module, sizes ir.Sizes) error { return recomputeWith(m, sizes, false) }

// ForcedRecompute is the pass where memory costs so much that all is computed again
// that can be, also of the smallest arrays, so that tests see many.
func ForcedRecompute() Pass {
	return Pass{"recompute", func(m *ir.Module, sizes ir.Sizes) error { return recomputeWith(m, sizes, true) }, "for tests"}
}

func recomputeWith(m *ir.Module, sizes ir.Sizes, forced bool) error {
	v, fails := newDeriver(m), newFailing(m)
	for _, f := range m.Funcs {
		recomputeRegion(v, f, f.Body, fails, sizes, forced)
	}
	return nil
}

// recomputeRegion goes into the regions of other control operations first.
func recomputeRegion(v *deriver, f *ir.Func, r *ir.Region, fails *failing, sizes ir.Sizes, forced bool) {
	large := forced
	for _, op := range r.Ops {
		if op.Row.Name != "fused" && op.Row.Name != "strips" {
			for _, s := range op.Regions {
				recomputeRegion(v, f, s, fails, sizes, forced)
			}
		}
		large = large || isLoop(op) && slices.ContainsFunc(op.Results, func(x *ir.Value) bool { return bytesOf(x.Type, sizes) > fewBytes })
	}
	if !large {
		return
	}
	z := newRecomputing(v, f, r, fails, sizes, forced)
	if z.choose() {
		z.write()
	}
}

// The rule of costs, beside that of strips: values of fewer bytes are left alone; a
// value that is written costs two passes more; an operation takes so many nanoseconds
// for each byte of a number, which is what kernels with AVX-512 take and half of what
// those with AVX2 do; one that waits for the divider counts as six.
const (
	fewBytes    = 64 << 10
	writePasses = 2.0
	flopTime    = 0.012
	dividerWork = 6
	longestLine = 1024 // of a sum that runs within a loop
)

// recomputing is the state for one region. A value means itself wherever it is known
// under another name: as a parameter of a loop, or as the result of one.
type recomputing struct {
	v      *deriver
	f      *ir.Func
	r      *ir.Region
	fails  *failing
	sizes  ir.Sizes
	forced bool
	arg    map[*ir.Value]*ir.Value // what stands outside for a parameter of a loop
	outer  map[*ir.Value]*ir.Value // what stands outside for a value within a loop
	at     map[*ir.Value]int       // operation of the region in which a value is made
	order  map[*ir.Value]int       // in which values are made
	moved  []int64                 // bytes that the operations before one move
	loops  []*elementLoop          // by operation, nil where it is no loop
	kept   map[*ir.Value]bool      // read by something else than loops
	last   map[*ir.Value]int       // the last such operation
	sums   map[*ir.Value]int       // sums that run within the loop whose value they read
	gone   map[*ir.Value]int       // the operation that writes over a value
	loads  map[*ir.Value][]int     // loops that read a value from memory
}

// elementLoop is an operation over elements, or several fused ones.
type elementLoop struct {
	i       int
	op      *ir.Op
	dims    []ir.Dim
	points  float64     // at capacity
	needs   []*ir.Value // what its operations read from outside
	loads   []*ir.Value // what it reads from memory
	works   int         // operations
	more    int         // values that it has to store besides
	changed bool        // reads other values than before
	others  bool        // might read what other loops read
}

func newRecomputing(v *deriver, f *ir.Func, r *ir.Region, fails *failing, sizes ir.Sizes, forced bool) *recomputing {
	z := &recomputing{v: v, f: f, r: r, fails: fails, sizes: sizes, forced: forced,
		arg: map[*ir.Value]*ir.Value{}, outer: map[*ir.Value]*ir.Value{}, at: map[*ir.Value]int{}, order: map[*ir.Value]int{},
		moved: make([]int64, len(r.Ops)+1), loops: make([]*elementLoop, len(r.Ops)),
		kept: map[*ir.Value]bool{}, last: map[*ir.Value]int{}, sums: map[*ir.Value]int{}, gone: map[*ir.Value]int{}, loads: map[*ir.Value][]int{}}
	for i, op := range r.Ops {
		z.moved[i+1] = z.moved[i] + z.traffic(op)
		if op.Row.Name == "fused" {
			for k, p := range op.Regions[0].Params {
				z.arg[p] = op.Operands[k]
			}
			for _, o := range op.Regions[0].Ops {
				z.made(o, i)
			}
		}
		z.made(op, i)
		for _, x := range op.Results {
			if y := z.source(x); y != x && z.outer[y] == nil {
				z.outer[y] = x
			}
		}
	}
	z.readers()
	return z
}

func (z *recomputing) made(op *ir.Op, i int) {
	for _, x := range op.Results {
		z.at[x], z.order[x] = i, len(z.order)
	}
}

// traffic is the bytes that an operation moves; what only shows its operand in
// another way moves none.
func (z *recomputing) traffic(op *ir.Op) (n int64) {
	if isView(op) {
		return 0
	}
	for _, x := range distinct(op.Operands) {
		n += bytesOf(x.Type, z.sizes)
	}
	for _, x := range op.Results {
		n += bytesOf(x.Type, z.sizes)
	}
	return n
}

// source is x under its first name.
func (z *recomputing) source(x *ir.Value) *ir.Value {
	for {
		switch y := z.arg[x]; {
		case y != nil:
			x = y
		case x.Def != nil && x.Def.Row.Name == "fused":
			x = x.Def.Regions[0].Results[x.Index]
		default:
			return x
		}
	}
}

// readers finds the loops, and what they and others read.
func (z *recomputing) readers() {
	for i, op := range z.r.Ops {
		if isLoop(op) && len(op.Results) > 0 && fusableLoop(op) {
			z.addLoop(i, op)
			continue
		}
		if op.Row.Name == "row_write" {
			z.gone[z.source(ir.Viewed(op.Operands[0]))] = i
		}
		for _, x := range distinct(op.Operands) {
			y := z.source(x)
			z.last[z.source(ir.Viewed(x))] = i
			if z.last[y] = i; z.loopOf(y) != nil && z.sumsWithin(op) {
				z.sums[y]++
				continue
			}
			z.kept[y] = true
		}
	}
	for _, x := range z.r.Results {
		z.kept[z.source(x)] = true
		z.last[z.source(x)], z.last[z.source(ir.Viewed(x))] = len(z.r.Ops), len(z.r.Ops)
	}
	for y, n := range z.sums {
		z.kept[y] = z.kept[y] || n > 1
	}
}

// sumsWithin reports whether op sums what a loop has made along lines that are so
// short that it runs within the loop: what it sums is not stored for it.
func (z *recomputing) sumsWithin(op *ir.Op) bool {
	a, ok := op.Attrs.(ir.AxesAttrs)
	return ok && op.Row.Name == "reduce_sum" && a.Axes[0] == op.Results[0].Type.Rank() &&
		z.points(op.Operands[0]) <= longestLine*z.points(op.Results[0])
}

// fusableLoop reports whether op, a loop, can be written as a fused one.
func fusableLoop(op *ir.Op) bool { return op.Row.Name == "fused" || fusable(op) }

func (z *recomputing) addLoop(i int, op *ir.Op) {
	l := &elementLoop{i: i, op: op, dims: ir.Significant(op.Results[0].Type.Dims), points: z.points(op.Results[0]), works: 1}
	z.loops[i] = l
	if op.Row.Name == "fused" {
		l.works = len(op.Regions[0].Ops)
	}
	for _, x := range op.Operands {
		y := z.source(x)
		if !slices.Contains(l.needs, y) {
			l.needs = append(l.needs, y)
		}
		if y = z.stored(y); !slices.Contains(l.loads, y) {
			l.loads = append(l.loads, y)
			z.loads[y] = append(z.loads[y], i)
		}
	}
}

// points is the number of elements of x at capacity.
func (z *recomputing) points(x *ir.Value) float64 {
	t := x.Type
	t.Kind = ir.Bool
	return float64(bytesOf(t, z.sizes))
}

// stored is the value of which a loop that reads y reads the storage.
func (z *recomputing) stored(y *ir.Value) *ir.Value {
	for y.Def != nil && ir.SamePoints(y.Def) {
		y = z.source(y.Def.Operands[0])
	}
	return y
}

// loopOf is the loop that makes y, nil where something else does.
func (z *recomputing) loopOf(y *ir.Value) *elementLoop {
	if i, ok := z.at[y]; ok {
		return z.loops[i]
	}
	return nil
}

// costless reports whether y is a number, a repetition or has the points of another
// value: it is made where it is read and is never stored.
func (z *recomputing) costless(y *ir.Value) bool {
	return y.Def != nil && z.outer[y] == nil && (free(y.Def) || ir.SamePoints(y.Def))
}

// again reports whether a loop over dims can compute y: it cannot fail, and is
// over the same points.
func (z *recomputing) again(y *ir.Value, dims []ir.Dim) bool {
	op := y.Def
	switch {
	case op == nil:
		return false
	case z.costless(y):
		return true
	}
	return z.loopOf(y) != nil && fusable(op) && z.v.pure(op) && len(op.SafeOperands()) == 0 &&
		ir.EqualDims(ir.Significant(y.Type.Dims), dims)
}
