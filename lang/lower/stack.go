package lower

import (
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// stackFun is `stack(n, layer)`: n layers one after the other, each with
// parameters of its own, run by a scan.
//
// Note: parameters of a stack. Those of its layers are one tensor with the
// number of the layer as the leading dimension, under the path that one layer
// would have. Inside the scan each layer sees its slice.
type stackFun struct {
	n  ir.Dim
	f  Fun
	at source.Span
	in *inst    // where the layers of a function stand; nil for a layer
	up *stacked // the stack whose layer this stack is
}

// stacked is a stack around a place of layers, while its scan is made.
type stacked struct {
	n      ir.Dim
	up     *stacked
	fr     *frame
	depth  int // how many loops are open in the body of a layer
	writes []stackWrite
}

// stackWrite is the new value of a state in one layer.
type stackWrite struct {
	info *paramInfo
	v    *Ten
}

func (f *stackFun) name() string { return "stack" }

// stackOf makes `stack(n, f)` of the last two arguments of a call.
func (c *cx) stackOf(call *callArgs, n, f *arg) *stackFun {
	d, ok := (&typeCx{cx: c}).dimValue(spanNode(n.at), n.val(c, check.DimT))
	fn, isFun := f.val(c, nil).(Fun)
	if !ok || !isFun {
		return nil
	}
	if k, known := d.Const(); known && k < 1 {
		c.errf("E0719", n.at, "a stack has at least one layer, and this is %d", k)
		return nil
	}
	out := &stackFun{n: d, f: fn, at: call.at}
	if m, isModel := fn.(*ModelRef); isModel && m.n.HasConfig {
		c.errf("E0719", f.at, "`%s` is no layer yet: its configuration is missing", m.d.Name).hint("`stack(%s, %s(…))`", check.DimText(d), m.d.Name)
		return nil
	}
	if _, isLayer := fn.(*Layer); !isLayer && c.inst != nil {
		out.in = c.childNamed("stack", c.layerNames[call.node], call.node)
	}
	return out
}

func (f *stackFun) apply(c *cx, call *callArgs, want check.Type) Value {
	if len(call.args) != 1 || len(call.named) > 0 {
		c.errf("E0719", call.at, "a stack of layers takes one argument, and %d are given", len(call.args)+len(call.named))
		return poison
	}
	x := c.force(call.args[0].val(c, want), call.args[0].at)
	if hasPoison(x) {
		return poison
	}
	st := &stacked{n: f.n, up: f.up}
	failed := false
	next, ys := c.scanLoop(f.n, c.values(x), func(d *cx, fr *frame, carry []*ir.Value) (next, ys []*ir.Value) {
		st.fr, st.depth = fr, len(d.fn.frames)
		v := d.stackStep(f, st, call, d.rebuild(x, carry))
		v = d.coerce(v, d.typeOf(x), place{at: call.at, what: "what a layer of the stack yields", from: call.args[0].at})
		if v = d.force(v, call.at); hasPoison(v) {
			failed = true
			return carry, nil
		}
		for _, w := range st.writes {
			ys = append(ys, d.use(w.v))
		}
		return d.values(v), ys
	})
	if failed {
		return poison
	}
	for i, w := range st.writes {
		c.setState(w.info, c.ten(ys[i]), st.up)
	}
	return c.rebuild(x, next)
}

// stackStep applies the layer at hand.
func (c *cx) stackStep(f *stackFun, st *stacked, call *callArgs, x Value) Value {
	if l, ok := f.f.(*Layer); ok {
		if l.inst == nil {
			return c.invoke(l, call.at, call.node, x)
		}
		of := *l
		of.inst = l.inst.inside(st)
		return c.invoke(&of, call.at, call.node, x)
	}
	if s, ok := f.f.(*stackFun); ok {
		of := *s
		of.up = st
		return c.invoke(&of, call.at, call.node, x)
	}
	if f.in == nil {
		return c.invoke(f.f, call.at, call.node, x)
	}
	d := *c
	d.inst = f.in.inside(st)
	if l, ok := f.f.(*Lambda); ok {
		of := *l
		of.lex.inst, of.lex.site = d.inst, ""
		return d.invoke(&of, call.at, call.node, x)
	}
	return d.invoke(f.f, call.at, call.node, x)
}

// inside is a place of layers in a stack.
func (i *inst) inside(st *stacked) *inst {
	out, top := *i, st
	for top.up != nil && top.up != i.stack {
		top = top.up
	}
	top.up = i.stack
	out.stack = st
	return &out
}

// lead is a type with the dimensions of the stacks around in front.
func (st *stacked) lead(t check.Tensor) check.Tensor {
	for s := st; s != nil; s = s.up {
		t.Dims = append([]ir.Dim{s.n}, t.Dims...)
	}
	return t
}

// slice is what the layer at hand sees of a tensor of a whole stack.
func (c *cx) slice1(st *stacked, v Value) Value {
	t, ok := v.(*Ten)
	if st == nil || !ok {
		return v
	}
	if t, ok = c.slice1(st.up, t).(*Ten); !ok {
		return poison
	}
	return c.gather(t, c.ten(st.fr.iota), 0)
}

// layerLast reports whether the last argument of a call is something to call.
// It takes the name that the program gives the stack.
func (c *cx) layerLast(call *callArgs) bool {
	a := call.args[len(call.args)-1]
	if a.x == nil {
		return isFun(a.v)
	}
	if name := c.layerNames[call.node]; name != "" && c.layerNames[a.x] == "" {
		c.layerNames[a.x] = name
	}
	switch x := a.x.(type) {
	case *syntax.Lambda:
		return true
	case *syntax.Name, *syntax.Select:
		return isFun(c.quietAny(x))
	case *syntax.Call:
		f := c.quietAny(x.Fun)
		m, ok := f.(*ModelRef)
		return ok && m.n.HasConfig || f == Value(intrinsics["stack"])
	}
	return false
}
