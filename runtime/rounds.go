package runtime

import (
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// Note: a small step in rounds. Products of short lines, loops over lanes and
// sums over the rows wait for different things: for chains, for the port of
// shuffles, for that of multiply-adds. One behind the other they wait in turn; as
// one piece of code, which takes the rows of a few vectors at a time through all
// of them, they overlap. Nothing with rows is stored then. The operations between
// that have none keep their steps, and so do those that read the sums.
//
// Where the code is left, all operations run one behind the other, as they do
// where there is no code.

// rounds is a function as one piece of code and what is around it.
type rounds struct {
	fr      *frame
	fn      *jit.Func
	args    *jit.Args
	streams []roundStream
	sums    []*roundSum
	rows    int
	plain   []step // all operations, one behind the other
	before  []step // what stands before the rounds
	from    []step // of plain, what stands behind
	behind  []step // what stands behind, with the sums brought to their places

	profile *Profile
	shares  []roundShare
}

// roundShare is a kernel within the rounds and its part of the code.
type roundShare struct {
	kernel boundKernel
	part   float64
}

// roundStream begins off bytes behind where its slot lies, and moves on by so many
// bytes a row.
type roundStream struct {
	base     *unsafe.Pointer
	off, row int
}

// whole binds the operations of a function, in rounds where they are small.
func (b *binder) whole(r *ir.Region) []step {
	each, row := make([]step, len(r.Ops)), make([]int, len(r.Ops)+1)
	for i, op := range r.Ops {
		row[i] = len(*b.rows)
		each[i] = b.op(op)
	}
	row[len(r.Ops)] = len(*b.rows)
	if s := b.rounds(r, each, row); s != nil {
		return []step{s}
	}
	return some(each)
}

// some is the steps that there are.
func some(steps []step) []step {
	return slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s == nil })
}

// rounds is the operations of a function in rounds; nil where they are none.
func (b *binder) rounds(r *ir.Region, each []step, row []int) step {
	if b.prog.code == nil || b.strip != nil || b.err != nil {
		return nil
	}
	batch, ok := b.batchDim()
	if !ok {
		return nil
	}
	for _, vectors := range []int{2, 1} {
		c := b.roundsCoder(batch, vectors)
		if c == nil || c.r.rows%c.out.Round() != 0 || !c.write(r) || c.out.Round() != vectors*c.lanes {
			continue
		}
		return c.finish(r, each, row)
	}
	return nil
}

// batchDim is the rows of the step.
func (b *binder) batchDim() (ir.Dim, bool) {
	for _, v := range b.plan.fn.Params() {
		for _, d := range v.Type.Dims {
			set := map[string]bool{}
			d.Symbols(set)
			for name := range set {
				if s := b.prog.module.Symbol(name); s != nil && s.Class == ir.Batch {
					return d, true
				}
			}
		}
	}
	return ir.N(0), false
}

func (b *binder) roundsCoder(batch ir.Dim, vectors int) *roundsCoder {
	rows := b.size(batch)
	if rows >= roundRows {
		return nil
	}
	wide := false
	for v := range b.plan.info {
		wide = wide || bytesOf(v.Type.Kind) == 8 && slices.Contains(v.Type.Dims, batch)
	}
	set := b.prog.code.mem.Set
	c := &roundsCoder{coder: coder{out: jit.NewRounds(set, vectors, wide), sound: true}, b: b, batch: batch, set: set, lanes: set.Lanes(wide),
		r: &rounds{fr: b.fr, rows: rows}, at: map[*ir.Op]int{}, earlier: map[*ir.Op]bool{}, reads: map[*ir.Value]bool{}, shared: map[roundPlace]lanes{}, memory: map[roundPlace]int{},
		mails: map[*ir.Value]*roundMail{}, sums: map[*ir.Op]*roundSum{}, hands: map[*ir.Op][]int{}, nodes: map[*ir.Op]int{}}
	if vectors*c.lanes*bytesOfLane(wide)%64 != 0 {
		return nil // sums along lines have more lanes
	}
	return c
}

func bytesOfLane(wide bool) int {
	if wide {
		return 8
	}
	return 4
}

// write writes all that is about rows; false where something has no code.
func (c *roundsCoder) write(r *ir.Region) bool {
	c.first = -1
	for i, op := range r.Ops {
		c.at[op] = i
		if c.first < 0 && c.touches(op) && !c.b.plan.runsNothing(op) {
			c.first = i
		}
	}
	if c.first < 0 {
		return false
	}
	c.findEarlier(r)
	for v := range c.out.Round() / c.lanes {
		c.vector, c.values = v, map[*ir.Value][]lanes{}
		c.loaded = [3]map[*ir.Value][]lanes{{}, {}, {}}
		c.in(jit.Main)
		for _, op := range r.Ops {
			before := c.out.Len()
			if c.touches(op) && !c.op(op) {
				return false
			}
			c.nodes[op] += c.out.Len() - before
		}
	}
	for _, v := range r.Results {
		if c.rowAxis(v) >= 0 {
			return false
		}
	}
	c.ends()
	return c.sound && c.apart() && len(c.sums) > 0 && c.out.Len() <= roundNodes
}

// finish makes the code and puts the steps around it.
func (c *roundsCoder) finish(r *ir.Region, each []step, row []int) step {
	x := c.r
	if x.fn = c.b.prog.code.add(c.out); x.fn == nil {
		return nil
	}
	x.args = x.fn.NewArgs()
	x.plain, x.before, x.from = some(each), some(each[:c.first]), some(each[c.first:])
	for i, op := range r.Ops {
		if !c.touches(op) {
			switch {
			case i < c.first || each[i] == nil:
			case c.earlier[op]:
				x.before = append(x.before, each[i])
			default:
				x.behind = append(x.behind, each[i])
			}
			continue
		}
		timed := func(s step) step { return s }
		if row[i] < row[i+1] {
			timed = c.tell(op, &(*c.b.rows)[row[i]])
		}
		if s := c.sums[op]; s != nil {
			x.sums = append(x.sums, s)
			x.behind = append(x.behind, timed(s.bind(c.b, op, x)))
		}
	}
	return x.step
}

// tell says in the report, and in a profile, that op runs in rounds. The time of
// the code is divided by the nodes that it has for each operation; what it returns
// adds that of a step.
func (c *roundsCoder) tell(op *ir.Op, row *KernelRow) func(step) step {
	row.What = fmt.Sprintf("in rounds of %d rows", c.out.Round())
	p := c.b.prog.opt.Profile
	if p == nil {
		return func(s step) step { return s }
	}
	k := p.kernel(c.b.plan.fn, op, *row)
	k.all.What = row.What
	c.r.profile = p
	c.r.shares = append(c.r.shares, roundShare{k, float64(c.nodes[op]) / float64(c.out.Len())})
	return func(s step) step {
		return func() *Fault {
			m := p.begin()
			f := s()
			k.all.Time += p.end(m)
			return f
		}
	}
}

// measured is compute with its time in the profile.
func (r *rounds) measured() bool {
	if r.profile == nil {
		return r.compute()
	}
	m := r.profile.begin()
	done := r.compute()
	took := r.profile.end(m)
	for _, s := range r.shares {
		k := s.kernel.all
		k.Time += time.Duration(float64(took) * s.part)
		if done {
			k.Calls++
			k.AllFlops += s.kernel.flops
			k.AllMoved += s.kernel.moved
		}
	}
	return done
}

// step runs the function.
func (r *rounds) step() *Fault {
	if !r.fn.Ready() {
		return run(r.plain)
	}
	if f := run(r.before); f != nil {
		return f
	}
	if !r.measured() {
		return run(r.from)
	}
	return run(r.behind)
}

// compute runs the rounds, a block of chains at a time; false where the code was
// left.
func (r *rounds) compute() bool {
	for at := 0; at < r.rows; at += kernel.K0 {
		for _, s := range r.sums {
			s.begin(r.args, at == 0)
		}
		for i := range r.streams {
			if t := &r.streams[i]; t.base != nil {
				r.args.Begin(i, unsafe.Add(*t.base, t.off+at*t.row))
			}
		}
		if done, _ := r.fn.Run(r.args, 1, min(kernel.K0, r.rows-at)); done == 0 {
			return false
		}
		if r.rows > kernel.K0 {
			for _, s := range r.sums {
				s.add(r.args, at == 0)
			}
		}
	}
	return true
}
