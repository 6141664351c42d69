package passes

import (
	"math"
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Note: sums by key. `sum(f(r, u) for r in Ratings if r.user == u)` looks at all
// ratings for each u. Where it adds anything, u is r.user: so f(r, r.user) is
// computed once for each rating and added to the place of its user, and each u
// finds its sum there. That is a pass over the table and one over the users,
// and not their product, in memory too. Sums of f32 are kept in f64 meanwhile,
// as a chain of a million would lose digits that the sum of one u does not.
// The greatest and the least by key are found in the same way.

// group rewrites such sums, counts and means with them, and greatest and least.
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

// keyedSum is a sum over result i of the comprehension, or the greatest; between,
// where not nil, is a conversion, or the sign of the least.
type keyedSum struct {
	i       int
	between *ir.Op
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

// sumsOf lists the sums over all of result i, or where it is greatest or least, if
// an element whose key is another adds nothing to them; nil if it is used in other
// ways too.
func (k *keyed) sumsOf(i int, v *ir.Value, users map[*ir.Value][]*ir.Op) []keyedSum {
	fold, between := "reduce_sum", "convert"
	switch {
	case k.guarded(v, 0):
	case k.guarded(v, math.Inf(-1)):
		fold, between = "reduce_max", ""
	case k.guarded(v, math.Inf(1)):
		fold, between = "reduce_max", "neg"
	default:
		return nil
	}
	var out []keyedSum
	for _, op := range users[k.op.Results[i]] {
		switch {
		case foldsFirst(op, fold) && between != "neg":
			out = append(out, keyedSum{i: i, sum: op})
		case op != nil && op.Row.Name == between:
			for _, s := range users[op.Results[0]] {
				if !foldsFirst(s, fold) {
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

func foldsFirst(op *ir.Op, name string) bool {
	return op != nil && op.Row.Name == name && slices.Equal(op.Attrs.(ir.AxesAttrs).Axes, []int{0})
}

// guarded reports whether v is `other` or false wherever the keys differ.
func (k *keyed) guarded(v *ir.Value, other float64) bool {
	if v.Type.Kind == ir.Bool && v.Type.Rank() == 0 {
		return other == 0 && k.implies(v)
	}
	if !is(v, "cond") || !k.implies(v.Def.Operands[0]) {
		return false
	}
	return isSplat(v.Def.Regions[1].Results[v.Index], other)
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
		if s.between != nil {
			x = b.One(s.between.Row.Name, s.between.Attrs, x)
		}
		found := byKey(b, s.sum, x, keys, u)
		dress(found, s.sum.Results[0])
		e[s.sum.Results[0]] = found
	}
}

// byKey is what fold, a sum or the greatest of a table, makes of the elements of x
// whose key is u.
func byKey(b *ir.Builder, fold *ir.Op, x, keys, u *ir.Value) *ir.Value {
	dims := append([]ir.Dim{u.Type.Bound}, x.Type.Dims[1:]...)
	if fold.Row.Name == "reduce_max" {
		least := b.Float(x.Type.WithDims(dims...), math.Inf(-1))
		return b.One("gather", ir.GatherAttrs{}, b.One("scatter_max", ir.GatherAttrs{}, least, keys, x), u)
	}
	kind := x.Type.Kind
	if kind == ir.F32 {
		x = b.One("convert", ir.ConvertAttrs{K: ir.F64}, x)
	}
	sums := b.One("scatter_add", ir.GatherAttrs{}, b.Zeros(x.Type.WithDims(dims...)), keys, x)
	found := b.One("gather", ir.GatherAttrs{}, sums, u)
	if kind == ir.F32 {
		found = b.One("convert", ir.ConvertAttrs{K: ir.F32}, found)
	}
	return found
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
