package passes

import "github.com/dfc-lang/dfc/ir"

// Laws about branches and loops.

var controlLaws = []Law{
	{Name: "capture-constant", Says: "a capture that needs no operands is written inside", On: []string{"cond", "scan", "map"}, Apply: captureConstant},
	{Name: "cond-known", Says: "a branch whose predicate is known is that side", On: []string{"cond"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if p, ok := splat(op.Operands[0]); ok {
			return ir.Inline(w.b, op.Regions[1-int(p)], op.Operands[1:])
		}
		return nil
	}},
	{Name: "cond-same", Says: "a branch whose sides do the same is either", On: []string{"cond"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if ir.RegionKey(op.Regions[0]) == ir.RegionKey(op.Regions[1]) {
			return ir.Inline(w.b, op.Regions[0], op.Operands[1:])
		}
		return nil
	}},
	{Name: "cond-capture", Says: "a result that is the same capture on both sides is that capture", On: []string{"cond"}, Apply: condCapture},
	{Name: "scan-carry", Says: "a carry that a loop hands on unchanged is a capture", On: []string{"scan"}, Apply: scanCarry},
}

// captureConstant changes op in place, so it never yields results itself; the
// capture is then unused and goes with dce.
func captureConstant(w *rewriter, op *ir.Op) []*ir.Value {
	from, n := captures(op)
	for i := range n {
		x := op.Operands[from+i]
		if x.Def == nil || len(x.Def.Operands) > 0 || len(x.Def.Results) != 1 || len(x.Def.Regions) > 0 {
			continue
		}
		for _, r := range op.Regions {
			if !used(r, r.Params[i]) {
				continue
			}
			ops := r.Ops
			r.Ops = nil
			e := env{}
			copyOp(at(w.v.m, w.f, r), x.Def, e)
			r.Ops = append(r.Ops, ops...)
			substitute(r, env{r.Params[i]: e[x]})
			w.fired["capture-constant"]++
		}
	}
	return nil
}

// used reports whether r reads x.
func used(r *ir.Region, x *ir.Value) bool {
	for _, op := range r.Ops {
		for _, y := range op.Operands {
			if x == y {
				return true
			}
		}
	}
	for _, y := range r.Results {
		if x == y {
			return true
		}
	}
	return false
}

// condCapture replaces what it can and leaves the rest of the branch alone.
func condCapture(w *rewriter, op *ir.Op) []*ir.Value {
	var rs []*ir.Value
	some := false
	for i, x := range op.Results {
		p, q := op.Regions[0].Results[i], op.Regions[1].Results[i]
		if p.Def == nil && q.Def == nil && p.Index == q.Index && w.uses(x) > 0 {
			rs, some = append(rs, op.Operands[1+p.Index]), true
		} else {
			rs = append(rs, x)
		}
	}
	if !some {
		return nil
	}
	keep(w, op)
	return rs
}

// keep leaves op where it is although some of its results were replaced.
func keep(w *rewriter, op *ir.Op) {
	w.r.Ops = append(w.r.Ops, op)
}

func scanCarry(w *rewriter, op *ir.Op) []*ir.Value {
	a := op.Attrs.(ir.ScanAttrs)
	r := op.Regions[0]
	for i := range a.Carries {
		p := r.Params[a.Captures+i]
		if r.Results[i] != p {
			continue
		}
		init := op.Operands[a.Captures+i]
		operands := join(op.Operands[:a.Captures], one(init), without(op.Operands[a.Captures:], i))
		r = ir.CopyRegion(w.f, r)
		p = r.Params[a.Captures+i]
		r.Params = join(r.Params[:a.Captures], one(p), without(r.Params[a.Captures:], i))
		r.Results = without(r.Results, i)
		renumber(r.Params)
		a.Captures, a.Carries = a.Captures+1, a.Carries-1
		rs := w.b.OpWith("scan", a, []*ir.Region{r}, operands...)
		return join(rs[:i], one(init), rs[i:])
	}
	return nil
}
