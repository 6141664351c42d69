package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: residuals computed again. The reverse of a loop reads what the loop has
// stacked for it: states, inputs of products, and much that is a few additions
// and products away from those, such as 1 - t² beside t. A stack is written
// once and read once, from memory where it is large; a few operations on
// numbers that are read anyway cost less. So the reverse computes such a
// residual again and the loop does not store it. What is read anyway: other
// stacks of the pair, arrays over the steps that something behind the loop
// reads as well, captures and constants.

// remat does so for all pairs of loops in all functions.
func remat(m *ir.Module, sizes ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		changed := false
		ir.WalkRegions(f.Body, func(r *ir.Region) { changed = v.rematRegion(f, r, sizes) || changed })
		if changed {
			v.tidy(f)
		}
	}
	return nil
}

// Limits of remat: operations for each number that is computed again, and the
// bytes of all stacks of a pair, which below stay in the cache.
const (
	maxAgain  = 8
	fewStacks = 1 << 18
)

func (v *deriver) rematRegion(f *ir.Func, r *ir.Region, sizes ir.Sizes) (changed bool) {
	for i, later := range r.Ops {
		if _, ok := later.Attrs.(ir.ScanAttrs); !ok {
			continue
		}
		for _, first := range r.Ops[:i] {
			if _, ok := first.Attrs.(ir.ScanAttrs); ok {
				p := newPair(v, f, r, first, later)
				changed = p.bytes(sizes) > fewStacks && p.run() || changed
			}
		}
	}
	return changed
}

// pair is a loop and one behind it that runs over what it has stacked.
type pair struct {
	v            *deriver
	f            *ir.Func
	first, later *ir.Op
	a, z         loop
	// stacks: by value of the first body, the array over the steps that the
	// later loop can read; parameters of the first body are among them.
	stacks map[*ir.Value]*ir.Value
	// own: those that the first loop makes and the later one alone reads.
	own map[*ir.Value]bool
}

func newPair(v *deriver, f *ir.Func, r *ir.Region, first, later *ir.Op) *pair {
	a, z := first.Attrs.(ir.ScanAttrs), later.Attrs.(ir.ScanAttrs)
	p := &pair{v: v, f: f, first: first, later: later, a: loopOf(a), z: loopOf(z), stacks: map[*ir.Value]*ir.Value{}, own: map[*ir.Value]bool{}}
	if a.Count != z.Count {
		return p
	}
	read, elsewhere := p.readers(r)
	body := first.Regions[0]
	for i, x := range body.Params[p.a.caps+p.a.carries:] {
		if y := first.Operands[p.a.caps+p.a.carries+i]; read[y] || elsewhere[y] {
			p.stacks[x] = y
		}
	}
	for k, y := range first.Results {
		if x := body.Results[k]; k >= p.a.carries && (read[y] || elsewhere[y]) {
			p.stacks[x] = y
			p.own[x] = read[y] && !elsewhere[y] && x.Def != nil
		}
	}
	return p
}

// readers says which arrays the later loop runs over, and what anything else
// than the first loop reads from there on.
func (p *pair) readers(r *ir.Region) (read, elsewhere map[*ir.Value]bool) {
	read, elsewhere = map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, x := range r.Results {
		elsewhere[x] = true
	}
	for i := len(r.Ops) - 1; i >= 0 && r.Ops[i] != p.first; i-- {
		for k, x := range r.Ops[i].Operands {
			if r.Ops[i] == p.later && k >= p.z.caps+p.z.carries {
				read[x] = true
			} else {
				elsewhere[x] = true
			}
		}
	}
	return read, elsewhere
}

// bytes is the size of the stacks that are theirs alone.
func (p *pair) bytes(sizes ir.Sizes) (n int64) {
	for x, own := range p.own {
		if own {
			n += bytesOf(p.stacks[x].Type, sizes)
		}
	}
	return n
}

// run gives up the stacks that it can, those made last first.
func (p *pair) run() bool {
	var gone []*ir.Value
	for _, op := range slices.Backward(p.first.Regions[0].Ops) {
		for _, x := range op.Results {
			if y := p.stacks[x]; p.own[x] {
				delete(p.stacks, x)
				if p.cost(x, map[*ir.Value]bool{}) <= maxAgain {
					gone = append(gone, x)
				} else {
					p.stacks[x] = y
				}
			}
		}
	}
	if len(gone) == 0 {
		return false
	}
	p.again(gone)
	return true
}

// cost is the operations for each number to compute x of the first body from
// what the later loop can read; too many where it cannot.
func (p *pair) cost(x *ir.Value, seen map[*ir.Value]bool) int64 {
	if seen[x] || p.stacks[x] != nil || x.Def == nil && x.Index < p.a.caps {
		return 0
	}
	seen[x] = true
	if x.Def == nil || !p.cheap(x.Def) {
		return maxAgain + 1
	}
	n := x.Def.Row.Flops(x.Def, func(ir.Dim) int64 { return 1 })
	for _, y := range x.Def.Operands {
		if n += p.cost(y, seen); n > maxAgain {
			break
		}
	}
	return n
}

// cheap reports whether op is part of a loop over elements and cannot fail.
func (p *pair) cheap(op *ir.Op) bool {
	if !p.v.pure(op) || len(op.SafeOperands()) > 0 {
		return false
	}
	_, repeats := op.Attrs.(ir.BroadcastAttrs)
	return op.Row.Has(ir.Elementwise) || repeats || free(op)
}

// again makes the later loop compute what is gone.
func (p *pair) again(gone []*ir.Value) {
	body := p.later.Regions[0]
	ops := body.Ops
	body.Ops = nil
	w := &againWriter{pair: p, b: at(p.v.m, p.f, body), e: env{}, body: body}
	for x, y := range p.stacks {
		for i := p.z.caps + p.z.carries; i < len(p.later.Operands); i++ {
			if p.later.Operands[i] == y {
				w.e[x] = body.Params[i]
			}
		}
	}
	to := env{}
	for _, x := range gone {
		y := w.bring(x)
		for k, s := range p.first.Regions[0].Results {
			for i, o := range p.later.Operands {
				if s == x && k >= p.a.carries && o == p.first.Results[k] {
					to[body.Params[i]] = y
				}
			}
		}
	}
	w.finish()
	made := body.Ops
	body.Ops = ops
	substitute(body, to)
	body.Ops = append(made, ops...)
}

// againWriter writes values of the first body at the head of the later one.
type againWriter struct {
	*pair
	b              *ir.Builder
	e              env
	body           *ir.Region
	caps, xs       []*ir.Value // parameters added
	capArgs, xArgs []*ir.Value
}

// bring is x of the first body in the later one.
func (w *againWriter) bring(x *ir.Value) *ir.Value {
	switch {
	case w.e[x] != nil:
	case w.stacks[x] != nil:
		w.e[x] = addParam(w.f, w.body, x.Type, x)
		w.xs, w.xArgs = append(w.xs, w.e[x]), append(w.xArgs, w.stacks[x])
	case x.Def == nil:
		w.e[x] = addParam(w.f, w.body, x.Type, x)
		w.caps, w.capArgs = append(w.caps, w.e[x]), append(w.capArgs, w.first.Operands[x.Index])
	default:
		for _, y := range x.Def.Operands {
			w.bring(y)
		}
		copyOp(w.b, x.Def, w.e)
	}
	return w.e[x]
}

// finish puts what the later loop reads in order: captures, carries, xs.
func (w *againWriter) finish() {
	n := len(w.later.Operands)
	from := w.z.caps
	w.body.Params = join(w.body.Params[:from], w.caps, w.body.Params[from:n], w.xs)
	renumber(w.body.Params)
	w.later.Operands = join(w.later.Operands[:from], w.capArgs, w.later.Operands[from:], w.xArgs)
	a := w.later.Attrs.(ir.ScanAttrs)
	a.Captures += len(w.caps)
	a.Xs += len(w.xs)
	w.later.Attrs = a
}
