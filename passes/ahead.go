package passes

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Note: ahead. What a function of rows, or a step of training, makes of whole
// columns and of values that are there before it runs is the same in every batch: sums
// by key above all, a pass over another table. So it is computed once, by a node
// of its own in front, and given to the function. Only what sums, moves or
// loops is worth it: what follows element by element, and views, are of no
// account, or better made where they are read. Nothing that can fail moves, since a
// table without rows would not have run it.

// ahead moves such operations out of functions that run many times.
func ahead(m *ir.Module, _ ir.Sizes) error {
	a := &aheading{m: m, v: newDeriver(m), fails: newFailing(m), made: map[string]*ir.Compute{}, done: map[string]bool{}}
	for _, n := range slices.Clone(m.Nodes) {
		if f := m.Func(oftenRun(n)); f != nil && !a.done[f.Name] {
			a.done[f.Name] = true
			a.from(f)
		}
	}
	return nil
}

// oftenRun is the function of a node that runs more than once, "" for none.
func oftenRun(n *ir.Node) string {
	switch b := n.Body.(type) {
	case *ir.Reduce:
		return b.Fn
	case *ir.Write:
		if b.Table != "" {
			return b.Fn
		}
	case *ir.Compute:
		if b.Every != "" {
			return b.Fn
		}
	case *ir.Train:
		return b.StepFn
	}
	return ""
}

type aheading struct {
	m     *ir.Module
	v     *deriver
	fails *failing
	made  map[string]*ir.Compute // by what they compute
	done  map[string]bool
}

// from takes out of f what is the same whenever it runs, an operation at a time.
func (a *aheading) from(f *ir.Func) {
	for {
		taken := a.taken(f)
		i := slices.IndexFunc(f.Body.Ops, func(op *ir.Op) bool { return taken[op] && a.yields(f.Body, op, taken) })
		if i < 0 || !a.move(f, f.Body.Ops[i]) {
			return
		}
	}
}

// yields reports whether op is one to move, with what it alone is made of: it is
// worth it, and read by others than one that is taken itself.
func (a *aheading) yields(r *ir.Region, op *ir.Op, taken map[*ir.Op]bool) bool {
	if !a.worth(op) {
		return false
	}
	n := 0
	for _, x := range op.Results {
		if usedBeside(r, x, taken) {
			return true
		}
		for _, o := range r.Ops {
			if slices.Contains(o.Operands, x) {
				n++
			}
		}
	}
	return n > 1
}

// move gives f the results of op, and leaves out of it what then nobody reads.
func (a *aheading) move(f *ir.Func, op *ir.Op) bool {
	e := madeOf(op)
	node := a.node(f, e, op)
	if node == nil {
		return false
	}
	to := env{}
	for i, x := range op.Results {
		p := f.AddParam(x.Name, x.Type, ir.Input{Role: ir.Given, Bind: node.Outputs[i].Name})
		dress(p, x)
		to[x] = p
	}
	substitute(f.Body, to)
	for _, o := range slices.Backward(e) {
		if !slices.ContainsFunc(o.Results, func(x *ir.Value) bool { return usedBeside(f.Body, x, nil) }) {
			f.Body.Ops = slices.DeleteFunc(f.Body.Ops, func(p *ir.Op) bool { return p == o })
		}
	}
	return true
}

// madeOf is the operations that op needs, each behind what it needs itself, and op:
// in an order that does not depend on what stands between them.
func madeOf(op *ir.Op) (ops []*ir.Op) {
	seen := map[*ir.Op]bool{}
	var add func(op *ir.Op)
	add = func(op *ir.Op) {
		if op == nil || seen[op] {
			return
		}
		seen[op] = true
		for _, x := range op.Operands {
			add(x.Def)
		}
		ops = append(ops, op)
	}
	add(op)
	return ops
}

// usedBeside reports whether x is a result of r or used by an operation that is not
// taken.
func usedBeside(r *ir.Region, x *ir.Value, taken map[*ir.Op]bool) bool {
	return slices.Contains(r.Results, x) || slices.ContainsFunc(r.Ops, func(op *ir.Op) bool {
		return !taken[op] && slices.Contains(op.Operands, x)
	})
}

// worth reports whether op is more than a view, or a loop over points.
func (a *aheading) worth(op *ir.Op) bool {
	return len(op.Operands) > 0 && !op.Row.Has(ir.Elementwise) && !op.Row.Has(ir.Structural)
}

// taken is the operations of f that are the same whenever it runs and worth it, and
// those that they are made of.
func (a *aheading) taken(f *ir.Func) map[*ir.Op]bool {
	fixed, whole := map[*ir.Value]bool{}, map[*ir.Value]bool{} // given before; and of a column
	for i, p := range f.Params() {
		whole[p] = f.Inputs[i].Role == ir.Column && a.origin(f.Inputs[i]) >= 0
		fixed[p] = whole[p] || f.Inputs[i].Role == ir.Given && a.origin(f.Inputs[i]) >= 0
	}
	for _, op := range f.Body.Ops {
		if !a.movable(op) || slices.ContainsFunc(op.Operands, func(x *ir.Value) bool { return !fixed[x] }) {
			continue
		}
		of := slices.ContainsFunc(op.Operands, func(x *ir.Value) bool { return whole[x] })
		for _, x := range op.Results {
			fixed[x], whole[x] = true, of
		}
	}
	taken, needed := map[*ir.Op]bool{}, map[*ir.Value]bool{}
	for _, op := range slices.Backward(f.Body.Ops) {
		if len(op.Results) == 0 || !fixed[op.Results[0]] {
			continue
		}
		need := slices.ContainsFunc(op.Results, func(x *ir.Value) bool { return needed[x] })
		if need || whole[op.Results[0]] && a.worth(op) {
			taken[op] = true
			for _, x := range op.Operands {
				needed[x] = true
			}
		}
	}
	return taken
}

// movable reports whether op may run elsewhere, and says nothing of the rows of a
// batch.
func (a *aheading) movable(op *ir.Op) bool {
	if !a.v.pure(op) || a.fails.may(op) || len(op.Results) == 0 {
		return false
	}
	if _, ok := op.Attrs.(ir.SizeAttrs); ok {
		return false
	}
	symbols := map[string]bool{}
	for _, x := range op.Results {
		x.Type.Symbols(symbols)
	}
	return a.known(symbols)
}

// known reports whether symbols are sizes of the data, and not of batches.
func (a *aheading) known(symbols map[string]bool) bool {
	for name := range symbols {
		if s := a.m.Symbol(name); s != nil && s.Class != ir.Bound {
			return false
		}
	}
	return true
}

// origin is the number of the node that an input waits for, -1 where it is not the
// same for all who ask.
func (a *aheading) origin(in ir.Input) int {
	name := in.Bind
	if in.Role == ir.Column {
		name, _, _ = strings.Cut(in.Bind, ".")
	}
	for i, n := range a.m.Nodes {
		switch b := n.Body.(type) {
		case *ir.SourceTable:
			if in.Role == ir.Column && n.Name == name {
				return i
			}
		case *ir.Derive:
			if in.Role == ir.Column && n.Name == name {
				if b.Op == "batch" || a.origin(ir.Input{Role: ir.Column, Bind: b.Of}) < 0 {
					return -1
				}
				return i
			}
		case *ir.Compute, *ir.Reduce, *ir.Read:
			if in.Role == ir.Given && !ownedBy(n) && slices.ContainsFunc(ir.OutputsOf(n), func(o ir.Output) bool { return o.Name == name }) {
				return i
			}
		}
	}
	return -1
}

// ownedBy reports whether a training runs a node when that is due.
func ownedBy(n *ir.Node) bool {
	switch b := n.Body.(type) {
	case *ir.Compute:
		return b.Every != ""
	case *ir.Reduce:
		return b.Every != ""
	}
	return false
}

// node is one that computes the results of last, an operation of f, by ops, behind
// all that it waits for; nil where it cannot be.
func (a *aheading) node(f *ir.Func, ops []*ir.Op, last *ir.Op) *ir.Compute {
	g := ir.NewFunc(unused(a.m, f.Name+".ahead"))
	g.Span = f.Span
	b, e, at := ir.NewBuilder(a.m, g), env{}, 0
	for _, op := range ops {
		for _, x := range op.Operands {
			if x.Def == nil && e[x] == nil {
				e[x] = g.AddParam(x.Name, x.Type, f.Inputs[x.Index])
				dress(e[x], x)
				at = max(at, a.origin(f.Inputs[x.Index])+1)
			}
		}
	}
	ir.CopyOps(b, ops, e)
	b.Return(e.list(last.Results)...)
	symbols := map[string]bool{}
	for _, s := range ir.FreeSymbols(g) {
		symbols[s] = true
	}
	if !a.known(symbols) {
		return nil
	}
	key := ir.RegionKey(g.Body)
	for _, in := range g.Inputs {
		key += "\n" + in.Bind
	}
	if same := a.made[key]; same != nil {
		return same
	}
	c := &ir.Compute{Fn: g.Name, Ahead: true}
	for i, x := range last.Results {
		c.Outputs = append(c.Outputs, ir.Output{Name: g.Name + "/" + strconv.Itoa(i), Type: x.Type})
	}
	a.m.Add(g)
	a.m.Nodes = slices.Insert(a.m.Nodes, at, &ir.Node{Name: g.Name, Span: f.Span, Body: c})
	a.made[key] = c
	return c
}
