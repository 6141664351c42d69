package passes

import "github.com/dfc-lang/dfc/ir"

// Note: steps at once. What a step of a loop computes from the inputs of that
// step alone does not wait for the step before: it can be computed for all
// steps in front of the loop, with the step as one more dimension, and be an
// input itself. What is computed for the outputs alone can be computed behind
// the loop, from stacks. A product with a matrix that all steps share then
// reads this matrix once and not in every step; but what it reads or makes
// lies in memory for all steps, and not in the cache for one. So it leaves the
// loop where the matrix is larger than what a step would store and read for
// that, which is to say where a step has few rows; what stands around it moves
// along as far as it must, or makes the stack smaller. Nothing else moves.
//
// Every step computes what is moved, so a fault is one of the loop as well; in
// a loop without steps there is nothing to compute. Branches and what has an
// effect stay where they are.

// lift does so for the loops of all functions, innermost first.
func lift(m *ir.Module, sizes ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		if v.liftRegion(f, f.Body, sizes) {
			v.tidy(f)
		}
	}
	return nil
}

// Limits of lift: a matrix that is worth it has more elements than tensors
// that `scalarise` takes apart, and the stacks of a loop grow to no more than
// maxGrown times their size, or a size that does not matter.
const (
	maxGrown   = 4
	smallStack = 1 << 20
)

func (v *deriver) liftRegion(f *ir.Func, r *ir.Region, sizes ir.Sizes) (changed bool) {
	ops := r.Ops
	r.Ops = nil
	e := env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			changed = v.liftRegion(f, s, sizes) || changed
		}
		op.Operands = e.list(op.Operands)
		if _, ok := op.Attrs.(ir.ScanAttrs); !ok {
			r.Ops = append(r.Ops, op)
			continue
		}
		l := newLifting(v, f, r, op, sizes)
		before := l.before()
		r.Ops = append(r.Ops, op)
		l.classes()
		changed = l.after(e) || before || changed
	}
	r.Results = e.list(r.Results)
	return changed
}

// phase says what a value of the body of a loop depends on.
type phase uint8

const (
	once  phase = iota // captures alone
	each               // inputs of the step as well
	state              // what earlier steps left, or what must stay in the loop
)

// lifting is a loop while it is looked at.
type lifting struct {
	v     *deriver
	f     *ir.Func
	r     *ir.Region // around the loop
	b     *ir.Builder
	op    *ir.Op
	body  *ir.Region
	a     ir.ScanAttrs
	sizes ir.Sizes
	phase map[*ir.Value]phase
	room  int64 // bytes that stacks may still take
}

func newLifting(v *deriver, f *ir.Func, r *ir.Region, op *ir.Op, sizes ir.Sizes) *lifting {
	l := &lifting{v: v, f: f, r: r, b: at(v.m, f, r), op: op, body: op.Regions[0], sizes: sizes}
	l.b.Span = op.Span
	l.classes()
	stacks := int64(0)
	for _, x := range join(op.Operands[l.a.Captures+l.a.Carries:], op.Results[l.a.Carries:]) {
		stacks += bytesOf(x.Type, sizes)
	}
	l.room = max((maxGrown-1)*stacks, smallStack)
	return l
}

// classes finds the phase of every value of the body.
func (l *lifting) classes() {
	l.a, l.phase = l.op.Attrs.(ir.ScanAttrs), map[*ir.Value]phase{}
	for i, p := range l.body.Params {
		switch {
		case i < l.a.Captures:
			l.phase[p] = once
		case i < l.a.Captures+l.a.Carries:
			l.phase[p] = state
		default:
			l.phase[p] = each
		}
	}
	for _, op := range l.body.Ops {
		at := once
		for _, x := range op.Operands {
			at = max(at, l.phase[x])
		}
		if !l.movable(op) {
			at = state
		}
		for _, x := range op.Results {
			l.phase[x] = at
		}
	}
}

// movable reports whether op may be computed for all steps at once.
func (l *lifting) movable(op *ir.Op) bool {
	return !op.Row.Has(ir.Control) && !op.Row.Has(ir.CrossRow) && l.v.pure(op)
}

// shared is the operand of a contraction that is the same in every step, and
// the other one; nil where op is no such thing.
func (l *lifting) shared(op *ir.Op) (matrix, other *ir.Value) {
	if op.Row.Name != "einsum" || len(op.Operands) != 2 {
		return nil, nil
	}
	matrix, other = op.Operands[0], op.Operands[1]
	if l.phase[matrix] != once {
		matrix, other = other, matrix
	}
	if l.phase[matrix] != once || l.phase[other] == once || l.points(matrix) <= maxPieces {
		return nil, nil
	}
	return matrix, other
}

// points is the number of elements of x at the capacities.
func (l *lifting) points(x *ir.Value) int64 {
	t := x.Type
	t.Kind = ir.U8
	return bytesOf(t, l.sizes)
}

// stacked is the bytes of the values of x for all steps.
func (l *lifting) stacked(x *ir.Value) int64 { return bytesOf(x.Type.Lead(l.a.Count), l.sizes) }

// take makes room for stacks, if there is enough.
func (l *lifting) take(bytes int64) bool {
	if bytes > l.room {
		return false
	}
	l.room -= bytes
	return true
}

// light reports whether op may be computed twice rather than be stored.
func light(op *ir.Op) bool {
	return len(op.Operands) == 0 || op.Row.Has(ir.Elementwise) || op.Row.Has(ir.Structural)
}

// before moves what depends on inputs alone in front of the loop.
func (l *lifting) before() bool {
	moved, stays := l.movedBefore()
	if len(moved) == 0 {
		return false
	}
	inside, frontier := l.split(moved, stays)
	fed := join(l.body.Params[:l.a.Captures], l.body.Params[l.a.Captures+l.a.Carries:])
	rs := l.batch(moved, fed, join(l.op.Operands[:l.a.Captures], l.op.Operands[l.a.Captures+l.a.Carries:]), frontier)
	to := env{}
	for i, x := range frontier {
		to[x] = addParam(l.f, l.body, x.Type, x)
		l.op.Operands = append(l.op.Operands, rs[i])
	}
	l.a.Xs += len(frontier)
	l.op.Attrs = l.a
	l.body.Ops = inside
	substitute(l.body, to)
	return true
}

// movedBefore is what is computed before the loop, and which of it is stored:
// products, and what makes of them something no larger.
func (l *lifting) movedBefore() (moved, stored map[*ir.Op]bool) {
	moved, stored = map[*ir.Op]bool{}, map[*ir.Op]bool{}
	uses := (&tally{}).countUses(l.body.Ops, l.body.Results)
	for _, op := range l.body.Ops {
		if len(op.Results) != 1 || l.phase[op.Results[0]] != each {
			continue
		}
		y := op.Results[0]
		matrix, _ := l.shared(op)
		switch {
		case matrix != nil && l.points(matrix) >= 2*l.points(y) && l.take(l.stacked(y)):
			l.with(op, moved)
			stored[op] = true
		case op.Row.Has(ir.Elementwise):
			gone := int64(0)
			for _, x := range distinct(op.Operands) {
				if stored[x.Def] && uses.of(x) == 1 {
					gone += l.stacked(x)
				}
			}
			if gone > 0 && gone >= l.stacked(y) {
				l.with(op, moved)
				stored[op] = true
			}
		}
	}
	return moved, stored
}

// with marks op and all of the body that it is computed from.
func (l *lifting) with(op *ir.Op, moved map[*ir.Op]bool) {
	if op == nil || moved[op] {
		return
	}
	moved[op] = true
	for _, x := range op.Operands {
		l.with(x.Def, moved)
	}
}

// split is the operations that stay in the body, and the values that it now
// gets from outside. What is cheap and needed inside too is computed there
// again.
func (l *lifting) split(moved, stored map[*ir.Op]bool) (inside []*ir.Op, frontier []*ir.Value) {
	needed := map[*ir.Value]bool{}
	for _, x := range l.body.Results {
		needed[x] = true
	}
	for i := len(l.body.Ops) - 1; i >= 0; i-- {
		op := l.body.Ops[i]
		used := !moved[op]
		for _, x := range op.Results {
			used = used || needed[x]
		}
		switch {
		case !used:
		case moved[op] && (stored[op] || !light(op)) && l.phase[op.Results[0]] == each:
			for _, x := range op.Results {
				if needed[x] {
					frontier = append(frontier, x)
				}
			}
		default:
			inside = append(inside, op)
			for _, x := range op.Operands {
				needed[x] = true
			}
		}
	}
	for i, j := 0, len(inside)-1; i < j; i, j = i+1, j-1 {
		inside[i], inside[j] = inside[j], inside[i]
	}
	return inside, frontier
}

// batch computes the results of operations of the body for all steps: fed is
// what they read of the body, captures first, and from where that comes.
func (l *lifting) batch(ops map[*ir.Op]bool, fed, from, results []*ir.Value) []*ir.Value {
	part := &ir.Region{Params: fed, Results: results}
	for _, op := range l.body.Ops {
		if ops[op] {
			part.Ops = append(part.Ops, op)
		}
	}
	on := append(make([]bool, l.a.Captures), every(len(fed)-l.a.Captures)...)
	s, _ := l.v.batchRegion(l.f, part, on, every(len(results)), l.a.Count, false)
	return ir.Inline(l.b, s, from)
}

// after moves what is computed for outputs alone behind the loop, which stands
// in its region by now.
func (l *lifting) after(e env) bool {
	moved := l.movedAfter()
	if len(moved) == 0 {
		return false
	}
	fed, from := append([]*ir.Value{}, l.body.Params[:l.a.Captures]...), append([]*ir.Value{}, l.op.Operands[:l.a.Captures]...)
	for _, x := range l.inputs(moved) {
		fed, from = append(fed, x), append(from, stackOf(l.f, l.op, l.body, l.a, x, l.r))
	}
	var was, made []*ir.Value
	var gone []int
	for k := l.a.Carries; k < len(l.body.Results); k++ {
		if x := l.body.Results[k]; x.Def != nil && moved[x.Def] {
			was, made, gone = append(was, l.op.Results[k]), append(made, x), append(gone, k)
		}
	}
	for i, x := range l.batch(moved, fed, from, made) {
		dress(x, was[i])
		e[was[i]] = x
	}
	for i := len(gone) - 1; i >= 0; i-- {
		dropResult(l.op, gone[i])
	}
	renumber(l.op.Results)
	l.v.sweep(l.body)
	return true
}

// movedAfter is the products that only outputs need, with all that is made of
// them.
func (l *lifting) movedAfter() map[*ir.Op]bool {
	out, users := l.forOutputs()
	moved := map[*ir.Op]bool{}
	for _, op := range l.body.Ops {
		matrix, other := l.shared(op)
		if matrix == nil || !out[op] || moved[op] {
			continue
		}
		all := map[*ir.Op]bool{}
		for o := range moved {
			all[o] = true
		}
		behind(op, users, all)
		points, bytes := l.points(other), int64(0)
		for _, x := range l.inputs(all) {
			if !l.hasStack(x) {
				points, bytes = points+l.points(x), bytes+l.stacked(x)
			}
		}
		if l.points(matrix) >= points && l.take(bytes) {
			moved = all
		}
	}
	// What the moved read of captures alone, numbers above all, goes with them.
	for _, op := range l.body.Ops {
		if moved[op] {
			for _, x := range op.Operands {
				if l.phase[x] == once {
					l.with(x.Def, moved)
				}
			}
		}
	}
	return moved
}

// forOutputs is the operations that only outputs need, and who reads what.
func (l *lifting) forOutputs() (out map[*ir.Op]bool, users map[*ir.Value][]*ir.Op) {
	out, users = map[*ir.Op]bool{}, map[*ir.Value][]*ir.Op{}
	kept := map[*ir.Value]bool{}
	for _, x := range l.body.Results[:l.a.Carries] {
		kept[x] = true
	}
	for i := len(l.body.Ops) - 1; i >= 0; i-- {
		op := l.body.Ops[i]
		out[op] = l.movable(op)
		for _, x := range op.Results {
			out[op] = out[op] && !kept[x]
		}
		for _, x := range op.Operands {
			kept[x] = kept[x] || !out[op]
			users[x] = append(users[x], op)
		}
	}
	return out, users
}

// behind marks op and all that is made of it.
func behind(op *ir.Op, users map[*ir.Value][]*ir.Op, moved map[*ir.Op]bool) {
	if moved[op] {
		return
	}
	moved[op] = true
	for _, x := range op.Results {
		for _, u := range users[x] {
			behind(u, users, moved)
		}
	}
}

// inputs is what moved operations read that changes with the step and is not
// moved itself.
func (l *lifting) inputs(moved map[*ir.Op]bool) []*ir.Value {
	var all []*ir.Value
	for _, op := range l.body.Ops {
		if !moved[op] {
			continue
		}
		for _, x := range op.Operands {
			if l.phase[x] != once && !moved[x.Def] {
				all = append(all, x)
			}
		}
	}
	return distinct(all)
}

// hasStack reports whether x of the body is stored for all steps anyway.
func (l *lifting) hasStack(x *ir.Value) bool {
	if x.Def == nil {
		return l.phase[x] == each
	}
	for _, y := range l.body.Results[l.a.Carries:] {
		if x == y {
			return true
		}
	}
	return false
}
