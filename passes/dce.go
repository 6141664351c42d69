package passes

import "github.com/dfc-lang/dfc/ir"

// dce removes what nobody needs: operations, results and captures of control
// operations, carries that feed only themselves, functions that no node
// reaches, and across calls what is neither used nor needed. Operations with
// an effect stay, with all they need.
func dce(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.dceFunc(f)
	}
	dropFuncs(m)
	for v.trimCalls(m) {
	}
	dropFuncs(m)
	return nil
}

func (v *deriver) dceFunc(f *ir.Func) { v.sweep(f.Body) }

// sweep removes dead operations of r, backwards, so that the users of each
// are known; the regions of those that stay are trimmed on the way.
func (v *deriver) sweep(r *ir.Region) {
	live := v.tally.countUses(nil, r.Results)
	kept := len(r.Ops) // from where on those stand that stay
	for i := len(r.Ops) - 1; i >= 0; i-- {
		op := r.Ops[i]
		used := false
		for _, x := range op.Results {
			used = used || live.has(x)
		}
		if !used && !v.effect(op) {
			continue
		}
		if len(op.Regions) > 0 {
			v.trim(op, live)
		}
		for _, x := range op.Operands {
			live.add(x)
		}
		kept--
		r.Ops[kept] = op
	}
	n := copy(r.Ops, r.Ops[kept:])
	clear(r.Ops[n:])
	r.Ops = r.Ops[:n]
}

// trim removes results of a control operation that are not live, and what
// only they needed.
func (v *deriver) trim(op *ir.Op, live counts) {
	switch a := op.Attrs.(type) {
	case ir.ScanAttrs:
		v.trimScan(op, a, live)
	case ir.CondAttrs, ir.MapAttrs:
		for i := len(op.Results) - 1; i >= 0; i-- {
			if !live.has(op.Results[i]) {
				dropResult(op, i)
			}
		}
		renumber(op.Results)
	}
	for _, r := range op.Regions {
		v.sweep(r)
	}
	if a, ok := op.Attrs.(ir.MapAttrs); ok {
		a.Xs -= dropXs(op, a.Captures)
		op.Attrs = a
	}
	unused := usedParams(op.Regions)
	dropCaptures(op, func(i int) bool { return !unused[i] })
}

// dropResult removes result i of op and of its regions.
func dropResult(op *ir.Op, i int) {
	op.Results = without(op.Results, i)
	for _, r := range op.Regions {
		r.Results = without(r.Results, i)
	}
}

// usedParams says which parameters some region uses.
func usedParams(rs []*ir.Region) []bool {
	on := make([]bool, len(rs[0].Params))
	for _, r := range rs {
		renumber(r.Params)
		for _, op := range r.Ops {
			usesParams(r, op.Operands, on)
		}
		usesParams(r, r.Results, on)
	}
	return on
}

// usesParams sets those of the parameters of r that are among xs.
func usesParams(r *ir.Region, xs []*ir.Value, on []bool) {
	for _, x := range xs {
		if x.Def == nil && x.Index < len(r.Params) && r.Params[x.Index] == x {
			on[x.Index] = true
		}
	}
}

// dropXs removes the xs, which begin at operand from, that the region does not
// use, and says how many. The last one of a comprehension without captures
// stays: nothing else remains of the operation then.
func dropXs(op *ir.Op, from int) int {
	used, n := usedParams(op.Regions), 0
	for i := len(op.Operands) - 1; i >= from; i-- {
		if !used[i] {
			op.Operands = without(op.Operands, i)
			op.Regions[0].Params = without(op.Regions[0].Params, i)
			n++
		}
	}
	renumber(op.Regions[0].Params)
	return n
}

// trimScan keeps the carries that a live result, an effect or another kept
// carry depends on.
func (v *deriver) trimScan(op *ir.Op, a ir.ScanAttrs, live counts) {
	r := op.Regions[0]
	need := make([]bool, len(op.Results))
	for i, x := range op.Results {
		need[i] = live.has(x)
	}
	by := depends(r)
	always := v.effectNeeds(r)
	for i := range a.Carries {
		need[i] = need[i] || always[a.Captures+i]
	}
	for grown := true; grown; {
		grown = false
		for j := range need {
			for i := range a.Carries {
				if need[j] && by[j][a.Captures+i] && !need[i] {
					need[i], grown = true, true
				}
			}
		}
	}
	for i := len(need) - 1; i >= 0; i-- {
		if need[i] {
			continue
		}
		dropResult(op, i)
		if i < a.Carries {
			op.Operands = without(op.Operands, a.Captures+i)
			dead := r.Params[a.Captures+i]
			r.Params = without(r.Params, a.Captures+i)
			forget(r, dead)
			a.Carries--
		}
	}
	renumber(op.Results)
	renumber(r.Params)
	op.Attrs = a
	v.sweep(r)
	a.Xs -= dropXs(op, a.Captures+a.Carries)
	op.Attrs = a
}

// forget removes the operations of r that depend on a parameter which is gone.
func forget(r *ir.Region, p *ir.Value) {
	gone := map[*ir.Value]bool{p: true}
	kept := r.Ops[:0]
	for _, op := range r.Ops {
		dead := false
		for _, x := range op.Operands {
			dead = dead || gone[x]
		}
		if !dead {
			kept = append(kept, op)
			continue
		}
		for _, x := range op.Results {
			gone[x] = true
		}
	}
	r.Ops = kept
}

// effectNeeds says which parameters of r operations with an effect depend on.
func (v *deriver) effectNeeds(r *ir.Region) []bool {
	probe := &ir.Region{Params: r.Params, Ops: r.Ops}
	for _, op := range r.Ops {
		if v.effect(op) {
			probe.Results = append(probe.Results, op.Operands...)
		}
	}
	var on []bool
	for _, d := range depends(probe) {
		on = either(on, d)
	}
	return either(on, make([]bool, len(r.Params)))
}

// dropFuncs removes functions that no node reaches. A module without nodes is
// a library: all its functions stay.
func dropFuncs(m *ir.Module) {
	if len(m.Nodes) == 0 {
		return
	}
	keep := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		f := m.Func(name)
		if f == nil || keep[name] {
			return
		}
		keep[name] = true
		for _, c := range ir.Callees(f) {
			visit(c)
		}
	}
	for _, n := range m.Nodes {
		for _, fn := range nodeFuncs(n) {
			visit(fn)
		}
	}
	var fs []*ir.Func
	for _, f := range m.Funcs {
		if keep[f.Name] {
			fs = append(fs, f)
		}
	}
	m.SetFuncs(fs)
}

// nodeFuncs lists the functions that a node runs: of a training whose step is
// assembled, the assembled ones alone.
func nodeFuncs(n *ir.Node) []string {
	switch b := n.Body.(type) {
	case *ir.Derive:
		return names(b.Fn)
	case *ir.Reduce:
		return names(b.Fn)
	case *ir.Compute:
		return names(b.Fn)
	case *ir.Write:
		return names(b.Fn)
	case *ir.Test:
		return names(b.Fn)
	case *ir.Train:
		return trainFuncs(b)
	}
	return nil
}

func trainFuncs(b *ir.Train) []string {
	var out []string
	if b.StepFn != "" {
		out = append(out, b.StepFn)
	} else {
		out = append(out, names(b.Loss, b.Penalty, b.Gradient)...)
		for _, p := range b.Params {
			out = append(out, names(p.Update)...)
		}
	}
	if b.InitFn != "" {
		return append(out, b.InitFn)
	}
	for _, p := range append(append([]ir.TrainParam{}, b.Params...), b.States...) {
		out = append(out, names(p.Init)...)
		for _, s := range p.Slots {
			out = append(out, names(s.Init)...)
		}
	}
	return out
}

// names is the texts that are not empty.
func names(fns ...string) []string {
	var out []string
	for _, f := range fns {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}
