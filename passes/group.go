package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: sums by key. `sum(f(r, u) for r in Ratings if r.user == u)` looks at all
// ratings for each u. Where it adds anything, u is r.user: so f(r, r.user) is
// computed once for each rating and added to the place of its user, and each u
// finds its sum there. That is a pass over the table and one over the users,
// and not their product, in memory too. Sums of f32 are kept in f64 meanwhile,
// as a chain of a million would lose digits that the sum of one u does not.

// group rewrites such sums, and counts and means with them.
func group(m *ir.Module, _ ir.Sizes) error {
	for _, f := range m.Funcs {
		groupRegion(m, f, f.Body)
	}
	return nil
}

func groupRegion(m *ir.Module, f *ir.Func, r *ir.Region) {
	ops := r.Ops
	users := usersOf(r)
	r.Ops = nil
	b, e := at(m, f, r), env{}
	for _, op := range ops {
		for _, s := range op.Regions {
			groupRegion(m, f, s)
		}
		if len(op.Results) == 1 && e[op.Results[0]] != nil {
			continue // a sum that is found by its key
		}
		e.rewire(op)
		if k := keyedBy(f, op, users); k != nil {
			k.rewrite(b, e)
		}
		r.Ops = append(r.Ops, op)
	}
	r.Results = e.list(r.Results)
}

// usersOf lists the operations of r that use a value; nil among them is the
// end of r.
func usersOf(r *ir.Region) map[*ir.Value][]*ir.Op {
	users := map[*ir.Value][]*ir.Op{}
	for _, op := range r.Ops {
		for _, x := range op.Operands {
			users[x] = append(users[x], op)
		}
	}
	for _, x := range r.Results {
		users[x] = append(users[x], nil)
	}
	return users
}

// keyed is a comprehension over a table whose elements count only where their
// key is the value of a capture.
type keyed struct {
	op      *ir.Op
	capture int       // which capture
	cmp     int       // the operation of the body that compares
	key     *ir.Value // of an element
	sums    []keyedSum
}

// keyedSum is a sum over result i of the comprehension; convert, where not nil,
// comes between them.
type keyedSum struct {
	i       int
	convert *ir.Op
	sum     *ir.Op
}

// keyedBy recognises such a comprehension with at least one sum; else nil.
func keyedBy(f *ir.Func, op *ir.Op, users map[*ir.Value][]*ir.Op) *keyed {
	a, ok := op.Attrs.(ir.MapAttrs)
	if !ok {
		return nil
	}
	body := op.Regions[0]
	for i, c := range body.Ops {
		k := &keyed{op: op, cmp: i}
		if !k.compares(c, body, a) || !varies(f, op.Operands[k.capture]) || !k.keyComesFirst(body) {
			continue
		}
		for i, v := range body.Results {
			k.sums = append(k.sums, k.sumsOf(i, v, users)...)
		}
		if len(k.sums) > 0 {
			return k
		}
	}
	return nil
}

// compares reports whether c asks whether a key of the element is a capture,
// and notes both.
func (k *keyed) compares(c *ir.Op, body *ir.Region, a ir.MapAttrs) bool {
	if c.Row.Name != "cmp" || c.Attrs.(ir.CmpAttrs).Pred != "eq" {
		return false
	}
	for i, x := range c.Operands {
		y := c.Operands[1-i]
		captured := func(v *ir.Value) bool { return v.Def == nil && v.Index < a.Captures }
		if captured(x) && !captured(y) && x.Type.Kind == ir.Index && x.Type.Rank() == 0 && x.Type.Bound == y.Type.Bound {
			k.capture, k.key = x.Index, y
			return true
		}
	}
	return false
}

// varies reports whether v is one of many: an element of a loop or of a row, or
// computed from one. What is given once needs no sums of all the others.
func varies(f *ir.Func, v *ir.Value) bool {
	if v.Def != nil {
		return v.Def.Row.Name != "const"
	}
	return v.In != f.Body || f.Inputs[v.Index].Role == ir.Col
}

// keyComesFirst reports whether nothing before the key of an element uses the
// capture that the key will stand for.
func (k *keyed) keyComesFirst(body *ir.Region) bool {
	if k.key.Def == nil {
		return true
	}
	u := body.Params[k.capture]
	for i, op := range body.Ops {
		if op == k.key.Def {
			return !slices.Contains(op.Operands, u)
		}
		if i != k.cmp && slices.Contains(op.Operands, u) {
			return false
		}
	}
	return false
}

// sumsOf lists the sums over all of result i, if an element whose key is
// another adds nothing to them; nil if it is used in other ways too.
func (k *keyed) sumsOf(i int, v *ir.Value, users map[*ir.Value][]*ir.Op) []keyedSum {
	if !k.guarded(v) {
		return nil
	}
	var out []keyedSum
	for _, op := range users[k.op.Results[i]] {
		switch {
		case sumsFirst(op):
			out = append(out, keyedSum{i: i, sum: op})
		case op != nil && op.Row.Name == "convert":
			for _, s := range users[op.Results[0]] {
				if !sumsFirst(s) {
					return nil
				}
				out = append(out, keyedSum{i, op, s})
			}
		default:
			return nil
		}
	}
	return out
}

func sumsFirst(op *ir.Op) bool {
	return op != nil && op.Row.Name == "reduce_sum" && slices.Equal(op.Attrs.(ir.AxesAttrs).Axes, []int{0})
}

// guarded reports whether v is 0 or false wherever the keys differ.
func (k *keyed) guarded(v *ir.Value) bool {
	if v.Type.Kind == ir.Bool && v.Type.Rank() == 0 {
		return k.implies(v)
	}
	if !is(v, "cond") || !k.implies(v.Def.Operands[0]) {
		return false
	}
	return isSplat(v.Def.Regions[1].Results[v.Index], 0)
}

// implies reports whether the keys are equal where v is true.
func (k *keyed) implies(v *ir.Value) bool {
	if v.Def == nil {
		return false
	}
	if v.Def == k.op.Regions[0].Ops[k.cmp] {
		return true
	}
	return is(v, "and") && (k.implies(v.Def.Operands[0]) || k.implies(v.Def.Operands[1]))
}

// rewrite writes the comprehension for all keys, and the sums by key; e then
// has what the value of the capture finds there.
func (k *keyed) rewrite(b *ir.Builder, e env) {
	b.Span = k.op.Span
	all := k.forAll(b)
	keys, u := all[len(all)-1], k.op.Operands[k.capture]
	for n, s := range k.sums {
		b.Span, b.Primal = s.sum.Span, s.sum.Results[0].Primal
		x := all[n]
		if s.convert != nil {
			x = b.One("convert", s.convert.Attrs, x)
		}
		kind := x.Type.Kind
		if kind == ir.F32 {
			x = b.One("convert", ir.ConvertAttrs{K: ir.F64}, x)
		}
		zeros := b.Zeros(x.Type.WithDims(append([]ir.Dim{u.Type.Bound}, x.Type.Dims[1:]...)...))
		sums := b.One("scatter_add", ir.GatherAttrs{}, zeros, keys, x)
		found := b.One("gather", ir.GatherAttrs{}, sums, u)
		if kind == ir.F32 {
			found = b.One("convert", ir.ConvertAttrs{K: ir.F32}, found)
		}
		dress(found, s.sum.Results[0])
		e[s.sum.Results[0]] = found
	}
}

// forAll is the comprehension with the key of each element for the capture: a
// result for each of the sums, and the keys.
func (k *keyed) forAll(b *ir.Builder) []*ir.Value {
	a := k.op.Attrs.(ir.MapAttrs)
	body := ir.CopyRegion(b.Func, k.op.Regions[0])
	key := twin(k.key, k.op.Regions[0], body)
	substitute(body, env{body.Params[k.capture]: key})
	same := body.Ops[k.cmp]
	same.Row, same.Attrs, same.Operands = ir.RowOf("const"), ir.ConstAttrs{T: ir.ScalarOf(ir.Bool), I: []int64{1}}, nil
	var results []*ir.Value
	for _, s := range k.sums {
		results = append(results, body.Results[s.i])
	}
	body.Results = append(results, key)
	body.Params = without(body.Params, k.capture)
	renumber(body.Params)
	a.Captures--
	return b.OpWith("map", a, []*ir.Region{body}, without(k.op.Operands, k.capture)...)
}

// twin is what stands for v, a parameter or result of was, in its copy now.
func twin(v *ir.Value, was, now *ir.Region) *ir.Value {
	if v.Def == nil {
		return now.Params[v.Index]
	}
	return now.Ops[slices.Index(was.Ops, v.Def)].Results[v.Index]
}
