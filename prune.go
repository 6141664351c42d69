package dfc

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// slice is what one result of a function is computed from.
type slice struct {
	fields  map[string]bool // first parts of the paths of its columns
	trained bool            // it depends on something that training moves
}

// slices are those of all results of a row function. trained says which given
// values depend on a training.
func sliceResults(fn *ir.Func, trained func(string) bool) []slice {
	deps := make([]map[int]bool, fn.NumValues()) // inputs by value
	for i, p := range fn.Params() {
		deps[p.ID] = map[int]bool{i: true}
	}
	for _, op := range fn.Body.Ops {
		all := map[int]bool{}
		for _, v := range op.Operands {
			for i := range deps[v.ID] {
				all[i] = true
			}
		}
		for _, v := range op.Results {
			deps[v.ID] = all
		}
	}
	var out []slice
	for _, v := range fn.Results() {
		s := slice{fields: map[string]bool{}}
		for i := range deps[v.ID] {
			switch in := fn.Inputs[i]; in.Role {
			case ir.Col:
				s.fields[fieldOf(in.Bind)] = true
			case ir.Given:
				s.trained = s.trained || trained(in.Bind)
			case ir.Weight, ir.State:
				s.trained = true
			}
		}
		out = append(out, s)
	}
	return out
}

// fieldOf is the field of the row at hand that a path begins with.
func fieldOf(path string) string {
	head, _, _ := strings.Cut(strings.TrimSuffix(path, "?"), ".")
	return head
}

// leaveOut takes the columns out of a write node that need any of the fields,
// and out of a copy of its function what only they need. It reports whether
// any column stays.
func leaveOut(m *ir.Module, w *ir.Write, fields map[string]bool) bool {
	fn := m.Func(w.Fn)
	of := sliceResults(fn, func(string) bool { return false })
	needs := func(result int) bool {
		for f := range of[result].fields {
			if fields[f] {
				return true
			}
		}
		return false
	}
	var stay []ir.WriteColumn
	var results []int
	place := func(result int) int {
		if i := slices.Index(results, result); i >= 0 {
			return i
		}
		results = append(results, result)
		return len(results) - 1
	}
	for _, c := range w.Columns {
		gone := false
		c.EachPart(func(c *ir.WriteColumn) {
			gone = gone || c.IsField() && fields[fieldOf(c.Text)] || c.Result >= 0 && needs(c.Result) || c.Present >= 0 && needs(c.Present)
		})
		if gone {
			continue
		}
		c = moved(c, place)
		stay = append(stay, c)
	}
	w.Columns = stay
	g := keepResults(fn, results, fields)
	m.SetFuncs(slices.DeleteFunc(slices.Clone(m.Funcs), func(f *ir.Func) bool { return f.Name == g.Name }))
	m.Add(g)
	return len(stay) > 0
}

// moved is a column whose results have other numbers.
func moved(c ir.WriteColumn, place func(int) int) ir.WriteColumn {
	if c.Result >= 0 {
		c.Result = place(c.Result)
	}
	if c.Present >= 0 {
		c.Present = place(c.Present)
	}
	c.First = slices.Clone(c.First)
	for i := range c.First {
		c.First[i] = moved(c.First[i], place)
	}
	return c
}

// keepResults is a function with some of its results and what they need.
// Checks stay, but for those that look at the fields left out.
func keepResults(fn *ir.Func, results []int, without map[string]bool) *ir.Func {
	g := ir.Clone(fn, fn.Name)
	used, gone := make([]bool, g.NumValues()), make([]bool, g.NumValues())
	for i, in := range g.Inputs {
		gone[g.Params()[i].ID] = in.Role == ir.Col && without[fieldOf(in.Bind)]
	}
	for _, op := range g.Body.Ops {
		for _, v := range op.Operands {
			if gone[v.ID] {
				for _, r := range op.Results {
					gone[r.ID] = true
				}
			}
		}
	}
	var keep []*ir.Value
	for _, r := range results {
		keep = append(keep, g.Results()[r])
		used[g.Results()[r].ID] = true
	}
	g.Body.Results = keep
	var ops []*ir.Op
	for _, op := range slices.Backward(g.Body.Ops) {
		if !needed(op, used, gone) {
			continue
		}
		for _, v := range op.Operands {
			used[v.ID] = true
		}
		ops = append(ops, op)
	}
	slices.Reverse(ops)
	g.Body.Ops = ops
	var params []*ir.Value
	var inputs []ir.Input
	for i, p := range g.Body.Params {
		if used[p.ID] {
			p.Index = len(params)
			params, inputs = append(params, p), append(inputs, g.Inputs[i])
		}
	}
	g.Body.Params, g.Inputs, g.Linear = params, inputs, nil
	return g
}

func needed(op *ir.Op, used, gone []bool) bool {
	for _, v := range op.Results {
		if used[v.ID] {
			return true
		}
	}
	if !op.Row.Has(ir.Effect) {
		return false
	}
	for _, v := range op.Operands {
		if gone[v.ID] {
			return false
		}
	}
	return true
}
