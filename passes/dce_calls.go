package passes

import "github.com/dfc-lang/dfc/ir"

// This file removes, across calls, results that no call uses and parameters
// that the function does not. What a node runs keeps its signature, and so
// does what a call asks a transform of.

// trimCalls does so for the whole module, and reports whether it found any. A
// module without nodes is a library: its functions stay as they are.
func (v *deriver) trimCalls(m *ir.Module) bool {
	if len(m.Nodes) == 0 {
		return false
	}
	fixed := fixedFuncs(m)
	order := calleesFirst(m)
	trimmed := false
	live := map[string][]bool{}
	for i := len(order) - 1; i >= 0; i-- { // callers first
		f := order[i]
		if on, called := live[f.Name]; called && !fixed[f.Name] && count(on) < len(on) {
			f.Body.Results = pick(f.Body.Results, on)
			v.dceFunc(f)
			trimmed = true
		}
		v.usedResults(m, f, live)
	}
	kept := map[string][]bool{}
	for _, f := range order {
		eachCall(f, func(op *ir.Op, callee string) {
			if on := live[callee]; !fixed[callee] {
				op.Results = pick(op.Results, on)
				renumber(op.Results)
			}
			if on := kept[callee]; on != nil {
				op.Operands = pick(op.Operands, on)
			}
		})
		v.dceFunc(f)
		on := usedParams([]*ir.Region{f.Body})
		if _, called := live[f.Name]; called && !fixed[f.Name] && count(on) < len(on) {
			dropParams(f, on)
			kept[f.Name], trimmed = on, true
		}
	}
	return trimmed
}

// fixedFuncs is the functions whose signature others rely on.
func fixedFuncs(m *ir.Module) map[string]bool {
	fixed := map[string]bool{}
	for _, n := range m.Nodes {
		for _, fn := range nodeFuncs(n) {
			fixed[fn] = true
		}
	}
	for _, f := range m.Funcs {
		ir.Walk(f.Body, func(op *ir.Op) {
			if a, ok := op.Attrs.(ir.CallAttrs); ok && len(a.Req) > 0 {
				fixed[a.Fn] = true
			}
		})
	}
	return fixed
}

// eachCall visits the calls of f, in regions too.
func eachCall(f *ir.Func, visit func(op *ir.Op, callee string)) {
	ir.Walk(f.Body, func(op *ir.Op) {
		if a, ok := op.Attrs.(ir.CallAttrs); ok {
			visit(op, a.Fn)
		}
	})
}

// usedResults adds to live which results of each function f uses.
func (v *deriver) usedResults(m *ir.Module, f *ir.Func, live map[string][]bool) {
	ir.WalkRegions(f.Body, func(r *ir.Region) {
		uses := v.tally.countUses(r.Ops, r.Results)
		for _, op := range r.Ops {
			a, ok := op.Attrs.(ir.CallAttrs)
			if !ok || m.Func(a.Fn) == nil {
				continue
			}
			on := make([]bool, len(op.Results))
			for i, x := range op.Results {
				on[i] = uses.has(x)
			}
			live[a.Fn] = either(live[a.Fn], on)
		}
	})
}

// dropParams removes the parameters of f that are not in on.
func dropParams(f *ir.Func, on []bool) {
	f.Body.Params = pick(f.Body.Params, on)
	renumber(f.Body.Params)
	var inputs []ir.Input
	var linear []bool
	for i, yes := range on {
		if yes && i < len(f.Inputs) {
			inputs = append(inputs, f.Inputs[i])
		}
		if yes && i < len(f.Linear) {
			linear = append(linear, f.Linear[i])
		}
	}
	f.Inputs, f.Linear = inputs, linear
}
