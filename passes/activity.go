package passes

import "github.com/dfc-lang/dfc/ir"

// This file holds the analyses on bits that run before anything is emitted:
// where tangents flow (activity) and what a result depends on.

// activity says which results of r have a tangent when the parameters in on
// have one. It is an upper bound: a rule may still find that one is zero.
func (v *deriver) activity(r *ir.Region, on []bool) []bool {
	act := map[*ir.Value]bool{}
	for i, p := range r.Params {
		act[p] = on[i] && p.Type.IsFloat()
	}
	for _, op := range r.Ops {
		in := make([]bool, len(op.Operands))
		for i, x := range op.Operands {
			in[i] = act[x]
		}
		if !anyOn(in) {
			continue
		}
		for i, yes := range v.opActivity(op, in) {
			act[op.Results[i]] = yes
		}
	}
	out := make([]bool, len(r.Results))
	for i, x := range r.Results {
		out[i] = act[x]
	}
	return out
}

// opActivity is activity for one operation with at least one active operand.
func (v *deriver) opActivity(op *ir.Op, in []bool) []bool {
	switch a := op.Attrs.(type) {
	case ir.CallAttrs:
		return v.funcActivity(a.Fn, in)
	case ir.CondAttrs:
		return either(v.activity(op.Regions[0], in[1:]), v.activity(op.Regions[1], in[1:]))
	case ir.ScanAttrs:
		_, out := v.scanActivity(op, a, in)
		return out
	}
	out := make([]bool, len(op.Results))
	for i, x := range op.Results {
		out[i] = x.Type.IsFloat() && !op.Flat()
	}
	return out
}

// scanActivity is the least fixpoint of the carries: params is the mask of
// the parameters of the body, out that of the results of the operation.
func (v *deriver) scanActivity(op *ir.Op, a ir.ScanAttrs, in []bool) (params, out []bool) {
	params = append([]bool{}, in...)
	for {
		out = v.activity(op.Regions[0], params)
		grown := false
		for i := range a.Carries {
			if at := a.Captures + i; out[i] && !params[at] {
				params[at], grown = true, true
			}
			out[i] = out[i] || params[a.Captures+i]
		}
		if !grown {
			return params, out
		}
	}
}

// funcActivity is activity of a function, memoised.
func (v *deriver) funcActivity(fn string, in []bool) []bool {
	key := fn + " " + bits(in)
	if out, ok := v.active[key]; ok {
		return out
	}
	out := v.activity(v.ready(fn).Body, in)
	v.active[key] = out
	return out
}

// depends says for each result of r which parameters it depends on; regions
// of control operations count as depending on all their operands.
func depends(r *ir.Region) [][]bool {
	n := len(r.Params)
	by := map[*ir.Value][]bool{}
	for i, p := range r.Params {
		by[p] = make([]bool, n)
		by[p][i] = true
	}
	for _, op := range r.Ops {
		all := make([]bool, n)
		for _, x := range op.Operands {
			all = either(all, by[x])
		}
		for _, x := range op.Results {
			by[x] = all
		}
	}
	out := make([][]bool, len(r.Results))
	for i, x := range r.Results {
		out[i] = by[x]
	}
	return out
}
