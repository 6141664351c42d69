package passes

import "github.com/dfc-lang/dfc/ir"

// inlineCalls replaces every call in r and below by what it calls, which must
// be ready, all the way down.
func (v *deriver) inlineCalls(f *ir.Func, r *ir.Region) {
	v.expand(f, r, func(*ir.Func) bool { return true })
}

// expand replaces the calls in r and below whose callee is wanted, and again
// in what comes of them.
func (v *deriver) expand(f *ir.Func, r *ir.Region, want func(*ir.Func) bool) {
	ops := r.Ops
	r.Ops = nil
	e := env{}
	for _, op := range ops {
		e.rewire(op)
		for _, s := range op.Regions {
			v.expand(f, s, want)
		}
		a, ok := op.Attrs.(ir.CallAttrs)
		if !ok || len(a.Req) > 0 || !want(v.m.Func(a.Fn)) {
			r.Ops = append(r.Ops, op)
			continue
		}
		body := ir.CopyRegion(f, v.m.Func(a.Fn).Body)
		v.expand(f, body, want)
		e.bind(op.Results, splice(r, body, op.Operands))
	}
	r.Results = e.list(r.Results)
}

// splice moves the operations of a region of the same function, which is then
// no more, to the end of r, with args for its parameters, and returns what its
// results have become.
func splice(r, body *ir.Region, args []*ir.Value) []*ir.Value {
	e := env{}
	e.bind(body.Params, args)
	substitute(body, e)
	for _, op := range body.Ops {
		for _, x := range op.Results {
			x.In = r
		}
	}
	r.Ops = append(r.Ops, body.Ops...)
	return body.Results
}

// Limits of `inline`.
const (
	inlineOps    = 48 // callees smaller than this always go in, the update of adam among them
	inlineBudget = 8  // times the operations that the module began with
)

// inline puts callees into their callers where they are small or called from
// one place, callees first, as long as the module stays within its budget.
func inline(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	sites, budget := map[string]int{}, 0
	for _, f := range m.Funcs {
		ir.Walk(f.Body, func(op *ir.Op) {
			if a, ok := op.Attrs.(ir.CallAttrs); ok {
				sites[a.Fn]++
			}
		})
		budget += ir.OpCount(f)
	}
	for _, n := range m.Nodes {
		for _, fn := range nodeFuncs(n) {
			sites[fn]++
		}
	}
	budget *= inlineBudget
	for _, f := range calleesFirst(m) {
		v.expand(f, f.Body, func(g *ir.Func) bool {
			n := ir.OpCount(g)
			if n >= inlineOps && (sites[g.Name] != 1 || n > budget) {
				return false
			}
			budget -= n
			return true
		})
		ir.Renumber(f)
	}
	return nil
}

// calleesFirst is the functions of the module, each behind those that it calls.
func calleesFirst(m *ir.Module) []*ir.Func {
	var out []*ir.Func
	seen := map[string]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if f == nil || seen[f.Name] {
			return
		}
		seen[f.Name] = true
		ir.Walk(f.Body, func(op *ir.Op) {
			if a, ok := op.Attrs.(ir.CallAttrs); ok {
				visit(m.Func(a.Fn))
			}
		})
		out = append(out, f)
	}
	for _, f := range m.Funcs {
		visit(f)
	}
	return out
}
