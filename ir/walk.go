package ir

// Walk calls f for every operation of r in program order, each one before the
// operations of its regions.
func Walk(r *Region, f func(*Op)) {
	for _, op := range r.Ops {
		f(op)
		for _, in := range op.Regions {
			Walk(in, f)
		}
	}
}

// WalkRegions calls f for r and every region below it, outer ones first.
func WalkRegions(r *Region, f func(*Region)) {
	f(r)
	for _, op := range r.Ops {
		for _, in := range op.Regions {
			WalkRegions(in, f)
		}
	}
}

// WalkValues calls f for every value that r and the regions below define, in
// the order in which they are printed: parameters, then the results of each
// operation, then what its regions define.
func WalkValues(r *Region, f func(*Value)) {
	for _, p := range r.Params {
		f(p)
	}
	for _, op := range r.Ops {
		for _, v := range op.Results {
			f(v)
		}
		for _, in := range op.Regions {
			WalkValues(in, f)
		}
	}
}

// NumValues is above the ID of every value of f: the length of a side table.
func (f *Func) NumValues() int { return f.next }

// Uses counts, by ID, how often each value is an operand or the result of a
// region or of the function.
func Uses(f *Func) []int {
	n := make([]int, f.next)
	WalkRegions(f.Body, func(r *Region) {
		for _, op := range r.Ops {
			for _, v := range op.Operands {
				n[v.ID]++
			}
		}
		for _, v := range r.Results {
			n[v.ID]++
		}
	})
	return n
}

// Readers lists, by ID, the operations that have a value among their operands,
// in program order and each once. Results of regions are not readers.
func Readers(f *Func) [][]*Op {
	by := make([][]*Op, f.next)
	Walk(f.Body, func(op *Op) {
		for _, v := range op.Operands {
			if l := by[v.ID]; len(l) == 0 || l[len(l)-1] != op {
				by[v.ID] = append(l, op)
			}
		}
	})
	return by
}

// OpCount is the number of operations of f, those in regions included.
func OpCount(f *Func) int {
	n := 0
	Walk(f.Body, func(*Op) { n++ })
	return n
}

// Stats is a histogram of the rows that f uses.
func Stats(f *Func) map[string]int {
	n := map[string]int{}
	Walk(f.Body, func(op *Op) { n[op.Row.Name]++ })
	return n
}

// Renumber gives the values of f dense IDs in the order of WalkValues and sets
// Def, Index and In anew, so that a pass may move operations about freely and
// then call it.
func Renumber(f *Func) {
	f.next = 0
	renumberRegion(f, f.Body)
}

func renumberRegion(f *Func, r *Region) {
	set := func(v *Value, def *Op, i int) {
		v.ID, v.Def, v.Index, v.In = f.next, def, i, r
		f.next++
	}
	for i, p := range r.Params {
		set(p, nil, i)
	}
	for _, op := range r.Ops {
		for i, v := range op.Results {
			set(v, op, i)
		}
		for _, in := range op.Regions {
			renumberRegion(f, in)
		}
	}
}

// ReplaceUses puts the value to[v] wherever v is an operand or result in r and
// the regions below. Chains are followed: where a goes to b and b to c, a
// becomes c. Both values of a pair must belong to the same region.
func ReplaceUses(r *Region, to map[*Value]*Value) {
	if len(to) == 0 {
		return
	}
	last := func(vs []*Value) {
		for i, v := range vs {
			for n, ok := to[v]; ok; n, ok = to[v] {
				v = n
			}
			vs[i] = v
		}
	}
	WalkRegions(r, func(r *Region) {
		for _, op := range r.Ops {
			last(op.Operands)
		}
		last(r.Results)
	})
}

// HasEffect reports whether op must stay though nobody uses its results: its
// row says so or an operation in its regions does. What a call does is not
// looked into; see DeadOps.
func HasEffect(op *Op) bool {
	if op.Row.Has(Effect) {
		return true
	}
	found := false
	for _, r := range op.Regions {
		Walk(r, func(o *Op) { found = found || o.Row.Has(Effect) })
	}
	return found
}

// DeadOps finds the operations of f, at any depth, whose results nobody needs.
// Those that keep says yes to stay with all they need; keep is asked only
// about operations with unused results, and nil stands for HasEffect.
func DeadOps(f *Func, keep func(*Op) bool) map[*Op]bool {
	if keep == nil {
		keep = HasEffect
	}
	dead := map[*Op]bool{}
	deadIn(f.Body, Uses(f), keep, dead)
	return dead
}

// deadIn goes backwards: an operation is judged when all its users have been,
// and a dead one gives its operands back.
func deadIn(r *Region, uses []int, keep func(*Op) bool, dead map[*Op]bool) {
	for i := len(r.Ops) - 1; i >= 0; i-- {
		op := r.Ops[i]
		used := false
		for _, v := range op.Results {
			used = used || uses[v.ID] > 0
		}
		if !used && !keep(op) {
			dead[op] = true
			for _, v := range op.Operands {
				uses[v.ID]--
			}
			for _, in := range op.Regions {
				Walk(in, func(o *Op) { dead[o] = true })
			}
			continue
		}
		for _, in := range op.Regions {
			deadIn(in, uses, keep, dead)
		}
	}
}

// RemoveOps takes the given operations out of r and the regions below.
func RemoveOps(r *Region, dead map[*Op]bool) {
	if len(dead) == 0 {
		return
	}
	WalkRegions(r, func(r *Region) {
		kept := r.Ops[:0]
		for _, op := range r.Ops {
			if !dead[op] {
				kept = append(kept, op)
			}
		}
		clear(r.Ops[len(kept):])
		r.Ops = kept
	})
}
