package passes

import (
	"fmt"
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Note: touched rows. The gradient of a parameter that is read by key is a sum
// by key: zero but in the rows that the batch names. Where a row without a
// gradient stays as it is, state of the optimiser included, all that matters
// happens at the keys of the batch, and the step need not go over the whole
// parameter. `touch` proves it: (1) between gradient, parameter, states and
// their new values every operation works row by row; (2) with zero for the
// gradient the laws of zero make each new value the old one. Those hold
// wherever the new value is not NaN, up to the sign of zero; so does what is
// promised: wherever the dense update is not NaN, the touched one equals it,
// up to the sign of zero. Scalar states may change: they are updated once.
//
// What is written then has a row for each key of the batch, in its order, as
// often as it occurs. Gradients of one row meet at its first occurrence, added
// in the same order as before; the other occurrences have none. The new rows
// are written over the old ones, the first occurrence of each. Sums over all
// rows of something that is zero where the gradient is (the norm of a clip)
// become sums over the keys: the same terms in another tree.

// Touched is what became of a parameter that a training reads by key.
type Touched struct {
	Train, Param string
	Keys, Rows   int64       // keys of a step, rows of the parameter, at the capacities
	Why          string      // why all its rows move; "" where those of the batch do
	Span         source.Span // what Why speaks of, if anything
}

// touch rewrites the steps of trainings to the rows that they touch.
func touch(m *ir.Module, sizes ir.Sizes) error {
	Touch(m, sizes)
	return nil
}

// Touch does so and tells what became of each parameter read by key.
func Touch(m *ir.Module, sizes ir.Sizes) []Touched {
	var out []Touched
	for _, n := range m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok {
			if f := m.Func(t.StepFn); f != nil && len(t.Params) > 0 {
				out = append(out, touchStep(m, n, f, sizes)...)
			}
		}
	}
	return out
}

func touchStep(m *ir.Module, n *ir.Node, f *ir.Func, sizes ir.Sizes) []Touched {
	var out []Touched
	v, t := newDeriver(m), n.Body.(*ir.Train)
	changed := v.openRows(f, t)
	for i, moved := range movedBy(t, f) {
		k := &touching{v: v, f: f, moved: moved, rows: moved[0].old.Type, uses: map[*ir.Value]bool{}}
		if !k.keyed() {
			continue
		}
		d := Touched{Train: n.Name, Param: t.Params[i].Path}
		if no := k.prove(sizes); no == nil {
			k.write()
			changed = true
		} else {
			d.Why, d.Span = no.why, no.at
		}
		d.Keys, d.Rows = capacity(k.keys, sizes), capacity(k.row(), sizes)
		out = append(out, d)
	}
	if changed {
		v.tidy(f)
		writesLast(f.Body)
	}
	ir.Renumber(f)
	return out
}

// openRows puts callees into the step where they take or give all rows of a
// parameter over a table; it reports whether there were any.
func (v *deriver) openRows(f *ir.Func, t *ir.Train) bool {
	rows := map[ir.Dim]bool{}
	for _, p := range t.Params {
		if p.Type.Rank() > 0 {
			if _, ok := p.Type.Dims[0].Symbol(); ok {
				rows[p.Type.Dims[0]] = true
			}
		}
	}
	opened := false
	if len(rows) == 0 {
		return false
	}
	v.expand(f, f.Body, func(g *ir.Func) bool {
		for _, x := range append(append([]*ir.Value{}, g.Params()...), g.Results()...) {
			if x.Type.Rank() > 0 && rows[x.Type.Dims[0]] {
				opened = true
				return true
			}
		}
		return false
	})
	if opened {
		v.tidy(f)
	}
	return opened
}

// movement is a tensor that a step moves: its old value and which result is
// the new one.
type movement struct {
	old    *ir.Value
	result int
	name   string // of a state of the optimiser, "" for the parameter
}

// movedBy is, for each parameter, what moves with it, itself first (see Note:
// the step function, in package ir).
func movedBy(t *ir.Train, f *ir.Func) [][]movement {
	weights, slots := map[string]*ir.Value{}, []*ir.Value{}
	for i, in := range f.Inputs {
		switch in.Role {
		case ir.Weight:
			weights[in.Bind] = f.Params()[i]
		case ir.Plain:
			slots = append(slots, f.Params()[i])
		}
	}
	var out [][]movement
	at := len(t.Params) + len(t.States)
	for i, p := range t.Params {
		ms := []movement{{weights[p.Path], i, ""}}
		for _, s := range p.Slots {
			ms = append(ms, movement{slots[0], at, s.Name})
			slots = slots[1:]
			at++
		}
		out = append(out, ms)
	}
	return out
}

// touching is the work on one parameter.
type touching struct {
	v       *deriver
	f       *ir.Func
	moved   []movement
	rows    ir.Type            // of the parameter
	sources []*ir.Op           // the sums by key that are the gradient, in order
	wall    *ir.Op             // what is not row by row, found while looking for them
	sums    []*ir.Op           // sums over all rows that become sums over keys
	uses    map[*ir.Value]bool // values by row that depend on the gradient
	keys    ir.Dim             // how many keys a step has

	idx, first *ir.Value // keys of the batch, and where each occurs first
	small      env       // rows at the keys, by the value of all rows
	to         env       // what replaces values of the step
	b          *ir.Builder
}

// refusal is why only some rows cannot be looked at.
type refusal struct {
	why string
	at  source.Span
}

func refuse(at source.Span, format string, args ...any) *refusal {
	return &refusal{fmt.Sprintf(format, args...), at}
}

func (k *touching) row() ir.Dim { return k.rows.Dims[0] }

// keyed reports whether the parameter is read by key, and so by row.
func (k *touching) keyed() bool {
	if k.rows.Rank() == 0 {
		return false
	}
	for _, op := range k.f.Body.Ops {
		if a, ok := op.Attrs.(ir.GatherAttrs); ok && a == (ir.GatherAttrs{}) && op.Operands[0] == k.moved[0].old {
			return true
		}
	}
	return false
}

// prove finds the sums by key that are the gradient and shows that nothing
// else moves a row; nil where that is so.
func (k *touching) prove(sizes ir.Sizes) *refusal {
	seen := map[*ir.Value]bool{}
	for _, m := range k.moved {
		if k.byRow(m) {
			k.find(k.f.Results()[m.result], seen)
		}
	}
	if len(k.sources) == 0 {
		return k.noSource()
	}
	slices.SortFunc(k.sources, func(a, b *ir.Op) int { return k.at(a) - k.at(b) })
	k.keys = ir.N(0)
	for _, s := range k.sources {
		k.keys = k.keys.Add(productOf(s.Operands[1].Type.Dims))
	}
	for _, check := range []func() *refusal{k.separable, k.still, func() *refusal { return k.pays(sizes) }} {
		if no := check(); no != nil {
			return no
		}
	}
	return nil
}

// byRow reports whether a tensor that moves has the rows of the parameter.
func (k *touching) byRow(m movement) bool { return leads(m.old, k.row()) }

func (k *touching) at(op *ir.Op) int { return slices.Index(k.f.Body.Ops, op) }

// find collects the sums by key that v, a value by row, is made of.
func (k *touching) find(v *ir.Value, seen map[*ir.Value]bool) {
	if seen[v] || v.Def == nil {
		return
	}
	seen[v] = true
	if k.source(v.Def) {
		k.sources = append(k.sources, v.Def)
		k.find(v.Def.Operands[0], seen)
		return
	}
	in, ok := rowwise(v.Def, k.row())
	if !ok {
		k.wall = v.Def
	}
	for i, x := range v.Def.Operands {
		if ok && in[i] {
			k.find(x, seen)
		}
	}
}

// noSource is why no sum by key was found.
func (k *touching) noSource() *refusal {
	switch {
	case k.wall == nil:
		return refuse(k.moved[0].old.Span, "its gradient is no sum by key")
	case k.wall.Row.Name == "scan":
		return refuse(k.wall.Span, "its gradient is added up in a loop")
	}
	return refuse(k.wall.Span, "rows are not updated one by one")
}

// source reports whether op adds to rows by key.
func (k *touching) source(op *ir.Op) bool {
	return op.Row.Name == "scatter_add" && op.Attrs == ir.GatherAttrs{} && leads(op.Results[0], k.row())
}

// separable is the first part of the proof: what depends on the gradient does
// so row by row, and comes out in the new rows or in a sum.
func (k *touching) separable() *refusal {
	for _, op := range k.f.Body.Ops {
		if slices.Contains(k.sources, op) {
			for _, x := range op.Operands[1:] {
				if k.uses[x] {
					return refuse(op.Span, "the gradient of all rows is read")
				}
			}
			k.uses[op.Results[0]] = true
			continue
		}
		if !slices.ContainsFunc(op.Operands, func(x *ir.Value) bool { return k.uses[x] }) {
			continue
		}
		if k.alongRows(op) {
			k.uses[op.Results[0]] = true
		} else if k.sumsRows(op) {
			k.sums = append(k.sums, op)
		} else {
			return refuse(op.Span, "rows are not updated one by one")
		}
	}
	for i, x := range k.f.Results() {
		if k.uses[x] && !slices.ContainsFunc(k.moved, func(m movement) bool { return m.result == i && k.byRow(m) }) {
			return refuse(x.Span, "the gradient of all rows is a result")
		}
	}
	last := k.at(k.sources[len(k.sources)-1])
	for _, s := range k.sums {
		if k.at(s) < last {
			return refuse(s.Span, "the gradient of all rows is read")
		}
	}
	seen := map[*ir.Value]bool{}
	for _, x := range k.wanted() {
		if no := k.smallable(x, seen); no != nil {
			return no
		}
	}
	return nil
}

// alongRows reports whether op takes values by row that depend on the gradient
// row by row.
func (k *touching) alongRows(op *ir.Op) bool {
	in, ok := rowwise(op, k.row())
	if !ok {
		return false
	}
	for i, x := range op.Operands {
		if k.uses[x] && !in[i] {
			return false
		}
	}
	return true
}

// sumsRows reports whether op adds over all rows of its operands.
func (k *touching) sumsRows(op *ir.Op) bool {
	switch a := op.Attrs.(type) {
	case ir.AxesAttrs:
		return op.Row.Name == "reduce_sum" && a.Axes[0] == 0
	case ir.EinsumAttrs:
		_, ok := contracted(op, k.row())
		return ok
	}
	return false
}

// wanted is the values by row of which the rows at the keys are needed.
func (k *touching) wanted() []*ir.Value {
	var out []*ir.Value
	for _, m := range k.moved {
		if x := k.f.Results()[m.result]; k.byRow(m) && x != m.old {
			out = append(out, x)
		}
	}
	for _, s := range k.sums {
		out = append(out, k.terms(s)...)
	}
	return out
}

// terms is the operands of a sum over rows that have the rows.
func (k *touching) terms(sum *ir.Op) []*ir.Value {
	if _, ok := sum.Attrs.(ir.EinsumAttrs); !ok {
		return sum.Operands
	}
	in, _ := contracted(sum, k.row())
	var out []*ir.Value
	for i, x := range sum.Operands {
		if in[i] {
			out = append(out, x)
		}
	}
	return out
}

// smallable checks that the rows of x at the keys can be computed from those
// of what the step is given.
func (k *touching) smallable(x *ir.Value, seen map[*ir.Value]bool) *refusal {
	if seen[x] || x.Def == nil || is(x, "iota") {
		return nil
	}
	seen[x] = true
	if slices.Contains(k.sources, x.Def) {
		return k.smallable(x.Def.Operands[0], seen)
	}
	in, ok := rowwise(x.Def, k.row())
	if !ok {
		return refuse(x.Def.Span, "rows are not updated one by one")
	}
	for i, y := range x.Def.Operands {
		if in[i] {
			if no := k.smallable(y, seen); no != nil {
				return no
			}
		}
	}
	return nil
}

// pays sees that the keys of a step are few beside the rows: gathering, adding
// by key and writing back cost about as much again as the update.
func (k *touching) pays(sizes ir.Sizes) *refusal {
	keys, rows := capacity(k.keys, sizes), capacity(k.row(), sizes)
	switch {
	case keys < 0 || rows < 0:
		return refuse(source.Span{}, "how many rows there are is not known")
	case 2*keys > rows:
		return refuse(source.Span{}, "a step has %d keys for its %d rows", keys, rows)
	}
	return nil
}

// capacity is the size of a dimension at the capacities, -1 where it is not known.
func capacity(d ir.Dim, sizes ir.Sizes) int64 {
	if d.IsZero() {
		return -1
	}
	n, err := d.Eval(func(name string) (int64, bool) {
		z, ok := sizes[name]
		return z.Capacity, ok
	})
	if err != nil {
		return -1
	}
	return n
}

func productOf(dims []ir.Dim) ir.Dim {
	n := ir.N(1)
	for _, d := range dims {
		n = n.Mul(d)
	}
	return n
}
