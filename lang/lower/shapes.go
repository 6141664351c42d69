package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
)

// shapes are the functions that move elements or make tensors.
func shapes() {
	for name, x := range map[string]int64{"zeros": 0, "ones": 1} {
		x := x
		intrinsic(name, name+"(n, m, …)", "A tensor of "+name+" of the given dimensions.", func(c *cx, call *callArgs, want check.Type) Value {
			dims, ok := c.dimArgs(call, 0)
			if !ok {
				return poison
			}
			return lazy(dims, func(c *cx, k ir.Kind) *ir.Value {
				t := ir.TensorOf(k, dims...)
				if k.IsFloat() {
					return c.fn.b.Float(t, float64(x))
				}
				return c.fn.b.Int(t, x)
			})
		})
	}
	intrinsic("full", "full(x, n, m, …)", "A tensor with x everywhere.", fullCall)
	intrinsic("eye", "eye(n)", "The identity matrix.", eyeCall)
	intrinsic("zeros_like", "zeros_like(x)", "Zeros of the type of x.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("zeros_like", call, 1, 1)
		if !ok {
			return poison
		}
		v := c.force(args[0].v, args[0].at)
		if hasPoison(v) {
			return poison
		}
		return mapLeaves(v, func(t *Ten) Value { return c.ten(c.fn.b.Zeros(t.T)) })
	})
	intrinsic("concat", "concat(a, b, …)", "Vectors one behind the other; of tensors, along the first dimension.", concatCall)
	intrinsic("stack", "stack(a, b, …) or stack(n, layer)", "Tensors of one type under a new first dimension; with a layer, n of them one after the other.", stackCall)
	intrinsic("reshape", "reshape(x, n, m, …)", "The same elements in the same order under other dimensions.", reshapeCall)
	intrinsic("flatten", "flatten(x)", "All elements as one vector.", func(c *cx, call *callArgs, want check.Type) Value {
		t := c.oneTensor("flatten", call)
		if t == nil {
			return poison
		}
		return c.ten(c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: []ir.Dim{numel(t.T.Dims)}}, c.use(t)))
	})
	intrinsic("scalar", "scalar(x: real[1]) -> real", "The only element of a tensor with one.", scalarCall)
	intrinsic("transpose", "transpose(a: real[n, m]) -> real[m, n]", "Rows become columns; with more dimensions, the last two change places.", func(c *cx, call *callArgs, want check.Type) Value {
		t := c.oneTensor("transpose", call)
		if t == nil {
			return poison
		}
		r := t.T.Rank()
		if r < 2 {
			c.errf("E0414", call.at, "`transpose` is of a matrix, and this is %s", c.describe(t))
			return poison
		}
		perm := make([]int, r)
		for i := range perm {
			perm[i] = i
		}
		perm[r-1], perm[r-2] = r-2, r-1
		return c.like2(t, c.fn.b.One("transpose", ir.TransposeAttrs{Perm: perm}, c.use(t)))
	})
	intrinsic("rows", "rows(x, f)", "A function applied to every row: `x |> rows(f)`.", rowsCall)
	intrinsic("zip", "zip(a, b, …)", "Several lists at once, in a loop: `for (x, y) in zip(a, b)`.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("zip", call, 2, -1)
		if !ok {
			return poison
		}
		return c.zip(args, call.at)
	})
	intrinsic("enumerate", "enumerate(xs)", "Elements with their numbers, in a loop: `for (i, x) in enumerate(xs)`.", enumerateCall)
	intrinsic("one_hot", "one_hot(i: index[n]) -> real[n]", "1 at the place of an index or member, else 0.", oneHotCall)
	intrinsic("stop", "stop(x)", "x, through which no gradient flows.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("stop", call, 1, 1)
		if !ok {
			return poison
		}
		v := c.force(args[0].v, args[0].at)
		if hasPoison(v) {
			return poison
		}
		return mapLeaves(v, func(t *Ten) Value {
			if !t.T.IsFloat() {
				return t
			}
			return c.ten(c.fn.b.One("stop", ir.StopAttrs{}, c.use(t)))
		})
	})
	intrinsic("present", "present(x: T?) -> bool", "Whether a value is there; under `if present(x)` it is known to be.", presentCall)
	intrinsic("flat", "flat(r) -> real[n]", "All numbers of a record as one vector.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("flat", call, 1, 1)
		if !ok {
			return poison
		}
		v := c.force(args[0].v, args[0].at)
		if hasPoison(v) {
			return poison
		}
		if t := c.flatten(v, args[0].at); t != nil {
			return t
		}
		return poison
	})
	intrinsic("unflat", "unflat(v: real[n], like: r)", "The reverse of `flat`: a vector as a record of the form of r.", unflatCall)
}

// oneTensor is the only argument, as a tensor.
func (c *cx) oneTensor(name string, call *callArgs) *Ten {
	args, ok := c.fixed(name, call, 1, 1)
	if !ok {
		return nil
	}
	return c.tensorArg(name, args[0])
}

func (c *cx) tensorArg(name string, x operand) *Ten {
	t := c.tensor(x.v, ir.NoKind, x.at)
	if t == nil {
		if !isPoison(x.v) {
			c.errf("E0396", x.at, "`%s` has no meaning for %s", name, c.describe(x.v))
		}
		return nil
	}
	return t
}

func (c *cx) like2(t *Ten, v *ir.Value) *Ten {
	out := c.ten(v)
	out.Of = t.Of
	return out
}

// dimArgs reads dimensions given as arguments from number from on.
func (c *cx) dimArgs(call *callArgs, from int) ([]ir.Dim, bool) {
	if len(call.named) > 0 {
		c.errf("E0226", call.named[0].at, "there is no argument `%s`", call.named[0].name)
		return nil, false
	}
	var dims []ir.Dim
	for _, a := range call.args[from:] {
		d, ok := (&typeCx{cx: c}).dimValue(spanNode(a.at), a.val(call.cx, check.DimT))
		if !ok {
			return nil, false
		}
		dims = append(dims, d)
	}
	if len(dims) == 0 {
		c.errf("E0427", call.at, "of which dimensions?").hint("`zeros(3)`, `zeros(n, m)`")
		return nil, false
	}
	return dims, true
}

func fullCall(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) < 2 {
		c.errf("E0427", call.at, "`full` takes a number and dimensions: `full(0.5, n)`")
		return poison
	}
	dims, ok := c.dimArgs(call, 1)
	x := call.args[0].val(c, nil)
	if !ok || isPoison(x) {
		return poison
	}
	if n, isNum := x.(*Num); isNum && n.untyped() && n.scalar() {
		out := lazy(dims, func(c *cx, k ir.Kind) *ir.Value { return c.fn.b.Broadcast(n.raw(c, k), dims) })
		out.Float, out.fn = n.Float || n.Rat != nil && !n.Rat.IsInt(), n.fn
		return out
	}
	t := c.tensorArg("full", operand{x, call.args[0].at})
	if t == nil {
		return poison
	}
	return c.like2(t, c.fn.b.Spread(c.use(t), dims...))
}

func eyeCall(c *cx, call *callArgs, want check.Type) Value {
	dims, ok := c.dimArgs(call, 0)
	if !ok {
		return poison
	}
	if len(dims) != 1 {
		c.errf("E0225", call.at, "`eye` takes one dimension")
		return poison
	}
	n := dims[0]
	return lazy([]ir.Dim{n, n}, func(c *cx, k ir.Kind) *ir.Value {
		b := c.fn.b
		i := b.One("iota", ir.IotaAttrs{N: n})
		both := []ir.Dim{n, n}
		hot := b.Cmp("eq", b.Broadcast(i, both, 0), b.Broadcast(i, both, 1))
		return b.One("convert", ir.ConvertAttrs{K: k}, hot)
	})
}

// together brings several tensors to one kind.
func (c *cx) together(name string, args []operand) []*Ten {
	var first *Ten
	for _, a := range args {
		if t, ok := a.v.(*Ten); ok && first == nil {
			first = t
		}
	}
	k := ir.NoKind
	if first != nil {
		k = first.T.Kind
	}
	var out []*Ten
	for _, a := range args {
		if _, opt := a.v.(*Opt); opt {
			c.isNumberFor(name, a)
			return nil
		}
		t := c.tensor(a.v, k, a.at)
		if t == nil {
			if !isPoison(a.v) {
				c.errf("E0396", a.at, "`%s` has no meaning for %s", name, c.describe(a.v))
			}
			return nil
		}
		if len(out) > 0 && (t.T.Kind != out[0].T.Kind || t.T.Bound != out[0].T.Bound) {
			c.errf("E0332", a.at, "`%s` of %s and %s", name, c.describe(out[0]), c.describe(t)).note(args[0].at, "this is %s", c.describe(out[0])).
				hint("precision changes only where it is said: `%s(…)`", out[0].T.Kind)
			return nil
		}
		out = append(out, t)
	}
	return out
}

func concatCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("concat", call, 1, -1)
	if !ok {
		return poison
	}
	if l, isList := args[0].v.(*List); isList && len(args) == 1 {
		args = nil
		for _, x := range l.Items {
			args = append(args, operand{x, call.at})
		}
	}
	ts := c.together("concat", args)
	if ts == nil {
		return poison
	}
	var vs []*ir.Value
	for i, t := range ts {
		v := c.use(t)
		if t.T.Rank() == 0 {
			v = c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: []ir.Dim{ir.N(1)}}, v)
		}
		if i > 0 && (v.Type.Rank() != vs[0].Type.Rank() || !ir.EqualDims(v.Type.Dims[1:], vs[0].Type.Dims[1:])) {
			c.errf("E0428", args[i].at, "what is put together differs behind the first dimension: %s and %s", c.describe(ts[0]), c.describe(t)).note(args[0].at, "this is %s", c.describe(ts[0]))
			return poison
		}
		vs = append(vs, v)
	}
	if len(vs) == 1 {
		return c.like2(ts[0], vs[0])
	}
	return c.like2(ts[0], c.fn.b.One("concat", ir.AxisAttrs{}, vs...))
}

func stackCall(c *cx, call *callArgs, want check.Type) Value {
	if n := len(call.args); n >= 2 && n <= 3 && len(call.named) == 0 && c.layerLast(call) {
		f := c.stackOf(call, call.args[n-2], call.args[n-1])
		switch {
		case f == nil:
			return poison
		case n == 2:
			return f
		}
		return f.apply(c, &callArgs{at: call.at, node: call.node, args: call.args[:1], cx: call.cx}, want)
	}
	args, ok := c.fixed("stack", call, 1, -1)
	if !ok {
		return poison
	}
	return c.listOf(args, nil, call.at)
}

func reshapeCall(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) < 2 {
		c.errf("E0427", call.at, "`reshape` takes a tensor and dimensions: `reshape(x, 4, 3)`")
		return poison
	}
	dims, ok := c.dimArgs(call, 1)
	t := c.tensorArg("reshape", operand{call.args[0].val(c, nil), call.args[0].at})
	if !ok || t == nil {
		return poison
	}
	if numel(dims) != numel(t.T.Dims) {
		c.errf("E0429", call.at, "%s has `%s` elements, and the new dimensions have `%s`", c.describe(t), check.DimText(numel(t.T.Dims)), check.DimText(numel(dims)))
		return poison
	}
	return c.like2(t, c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: dims}, c.use(t)))
}

func scalarCall(c *cx, call *callArgs, want check.Type) Value {
	t := c.oneTensor("scalar", call)
	if t == nil {
		return poison
	}
	if n, ok := numel(t.T.Dims).Const(); !ok || n != 1 {
		c.errf("E0430", call.at, "`scalar` is of a tensor with one element, and this is %s", c.describe(t))
		return poison
	}
	if t.T.Rank() == 0 {
		return t
	}
	return c.like2(t, c.fn.b.One("reshape", ir.ReshapeAttrs{}, c.use(t)))
}

func rowsCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("rows", call, 1, 2)
	if !ok {
		return poison
	}
	if len(args) == 1 { // `rows(f)` is a function
		f, ok := args[0].v.(Fun)
		if !ok {
			c.errf("E0637", args[0].at, "`rows` takes a function: `x |> rows(f)`")
			return poison
		}
		return &native{"rows", func(c *cx, inner *callArgs, want check.Type) Value {
			xs, ok := c.fixed("rows", inner, 1, 1)
			if !ok {
				return poison
			}
			return c.eachRow(xs[0], f, call)
		}}
	}
	f, ok := args[1].v.(Fun)
	if !ok {
		c.errf("E0637", args[1].at, "`rows` takes a function, and this is %s", c.describe(args[1].v))
		return poison
	}
	return c.eachRow(args[0], f, call)
}

// native is a function value of the compiler without a name in the table.
type native struct {
	what string
	f    func(c *cx, call *callArgs, want check.Type) Value
}

func (f *native) name() string { return f.what }
func (f *native) apply(c *cx, call *callArgs, want check.Type) Value {
	return f.f(c, call, want)
}

func (c *cx) eachRow(x operand, f Fun, call *callArgs) Value {
	seq := c.iter(x.v, x.at)
	if seq == nil {
		return poison
	}
	var shape Value
	vs := c.mapLoop(seq.n, func(d *cx, fr *frame) []*ir.Value {
		v := d.force(d.invoke(f, call.at, call.node, seq.elem(d, fr)), call.at)
		if hasPoison(v) || !d.holdable(v, spanNode(call.at)) {
			return nil
		}
		shape = v
		return d.values(v)
	})
	if shape == nil {
		return poison
	}
	return c.listValue(shape, vs, []ir.Dim{seq.n})
}

func enumerateCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("enumerate", call, 1, 1)
	if !ok {
		return poison
	}
	s := c.iter(args[0].v, args[0].at)
	if s == nil {
		return poison
	}
	return &Seq{s.n, func(c *cx, fr *frame) Value {
		return &Tup{[]Value{c.ten(fr.iota), s.elem(c, fr)}}
	}}
}

func oneHotCall(c *cx, call *callArgs, want check.Type) Value {
	args, ok := c.fixed("one_hot", call, 1, 1)
	if !ok {
		return poison
	}
	if o, isOpt := args[0].v.(*Opt); isOpt {
		c.isNumberFor("one_hot", operand{o, args[0].at})
		return poison
	}
	i := c.asIndex(args[0].v)
	if i == nil {
		c.errf("E0369", args[0].at, "`one_hot` is of an index or a member of a category, and this is %s", c.describe(args[0].v)).hint("an integer below n is an index as `mod(i, n)`, or under `if i < n`")
		return poison
	}
	k := c.defaultKind()
	if t, ok := want.(check.Tensor); ok && t.Kind.IsFloat() {
		k = t.Kind
	}
	b := c.fn.b
	n := i.T.Bound
	dims := append(append([]ir.Dim{}, i.T.Dims...), n)
	axes := make([]int, i.T.Rank())
	for a := range axes {
		axes[a] = a
	}
	all := b.Broadcast(b.One("iota", ir.IotaAttrs{N: n}), dims, len(dims)-1)
	hot := b.Cmp("eq", all, b.Broadcast(c.use(i), dims, axes...))
	return c.ten(b.One("convert", ir.ConvertAttrs{K: k}, hot))
}

func presentCall(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) == 1 && call.args[0].x != nil {
		if k := c.pathKey(call.args[0].x); k != "" && c.fact(k, "present") != nil {
			return &Flag{true}
		}
	}
	args, ok := c.fixed("present", call, 1, 1)
	if !ok {
		return poison
	}
	if a, ok := mayLackEach(args[0].v); ok {
		return c.presentIn(a)
	}
	o, ok := args[0].v.(*Opt)
	if !ok {
		c.warnf("E0353", args[0].at, "this value is always there (%s)", c.describe(args[0].v))
		return &Flag{true}
	}
	return o.Has
}

func unflatCall(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) != 1 || len(call.named) != 1 || call.named[0].name != "like" {
		c.errf("E0225", call.at, "`unflat` takes a vector and the form: `unflat(v, like: p)`")
		return poison
	}
	form := c.force(call.named[0].val(c, nil), call.named[0].at)
	if hasPoison(form) {
		return poison
	}
	x := operand{call.args[0].val(c, nil), call.args[0].at}
	t := c.vector("unflat", x)
	if t == nil {
		return poison
	}
	total := ir.N(0)
	for _, l := range leaves(form) {
		total = total.Add(numel(l.T.Dims))
	}
	if total != t.T.Dims[0] {
		c.errf("E0431", x.at, "the form has `%s` numbers, and the vector `%s`", check.DimText(total), check.DimText(t.T.Dims[0])).note(call.named[0].at, "this is %s", c.describe(form))
		return poison
	}
	at := ir.N(0)
	v := c.use(t)
	return mapLeaves(form, func(l *Ten) Value {
		n := numel(l.T.Dims)
		s := c.fn.b.One("slice", ir.SliceAttrs{Starts: []ir.Dim{at}, Sizes: []ir.Dim{n}, Steps: []int64{1}}, v)
		at = at.Add(n)
		return c.ten(c.fn.b.One("reshape", ir.ReshapeAttrs{Dims: l.T.Dims}, s))
	})
}
