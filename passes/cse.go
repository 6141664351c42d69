package passes

import "github.com/dfc-lang/dfc/ir"

// cse computes equal things once, region by region: what stands inside a
// branch is not merged with what stands outside, since before derivatives
// are taken that would undo the branch (see Note: masks at the border).
func cse(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.cseFunc(f)
	}
	return nil
}

func (v *deriver) cseFunc(f *ir.Func) { v.cseRegion(f.Body) }

func (v *deriver) cseRegion(r *ir.Region) {
	to, seen := env{}, make(map[uint64]*ir.Op, len(r.Ops))
	kept := r.Ops[:0]
	for _, op := range r.Ops {
		to.rewire(op)
		for _, s := range op.Regions {
			v.cseRegion(s)
		}
		mergeCaptures(op)
		if len(op.Results) > 0 && v.pure(op) {
			key := ir.OpHash(op)
			first := seen[key]
			for ; first != nil && !ir.SameOp(first, op); first = seen[key] {
				key++
			}
			if first != nil {
				to.bind(op.Results, first.Results)
				nameFrom(first, op)
				continue
			}
			seen[key] = op
		}
		kept = append(kept, op)
	}
	clear(r.Ops[len(kept):])
	r.Ops = kept
	r.Results = to.list(r.Results)
}

// nameFrom keeps the name that only the merged operation had.
func nameFrom(first, op *ir.Op) {
	for i, x := range first.Results {
		if x.Name == "" {
			x.Name = op.Results[i].Name
		}
	}
}

// mergeCaptures makes a capture that stands twice among the operands one.
func mergeCaptures(op *ir.Op) {
	from, n := captures(op)
	first := map[*ir.Value]int{}
	twin := map[int]int{}
	for i := range n {
		x := op.Operands[from+i]
		if j, ok := first[x]; ok {
			twin[i] = j
		} else {
			first[x] = i
		}
	}
	if len(twin) == 0 {
		return
	}
	for _, r := range op.Regions {
		to := env{}
		for i, j := range twin {
			to[r.Params[i]] = r.Params[j]
		}
		substitute(r, to)
	}
	dropCaptures(op, func(i int) bool { _, dup := twin[i]; return dup })
}
