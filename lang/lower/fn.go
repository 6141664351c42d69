package lower

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
)

// fnCtx is a function under construction. Inputs are added when something
// first asks for them.
type fnCtx struct {
	b      *ir.Builder
	f      *ir.Func
	in     map[ir.Input]*ir.Value
	graph  bool // evaluated once, at the level of the outer graph
	shared bool // becomes a function that is called: inputs are handed on by the caller
	rigid  bool // thrown away: a function checked at its most general arguments
	test   bool
	row    *check.Table
	frames []*frame
	made   map[*ir.Value]string // values exported already
	seed   string               // stream of randomness, "" where there is none
	places int                  // random places handed out
	init   bool                 // an initialiser: keyed by what is initialised
}

// notHere is the panic of a value that belongs to another function and cannot
// be handed over; see stage.
type notHere struct{}

func (e *el) newFn(name string) *fnCtx {
	f := ir.NewFunc(e.fresh(name))
	return &fnCtx{f: f, b: ir.NewBuilder(e.m, f), in: map[ir.Input]*ir.Value{}, made: map[*ir.Value]string{}}
}

// fresh is a name for a function that no other has.
func (e *el) fresh(name string) string {
	name = clean(name)
	e.used[name]++
	if n := e.used[name]; n > 1 {
		return e.fresh(fmt.Sprintf("%s.%d", name, n))
	}
	return name
}

// clean keeps the bytes that names of the IR may have.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r >= 0x80 || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, s)
}

// input is the parameter of the function that is fed by role and bind.
func (c *cx) input(role ir.Role, bind string, t ir.Type) *ir.Value {
	key := ir.Input{Role: role, Bind: bind}
	if v := c.fn.in[key]; v != nil {
		return v
	}
	v := c.fn.f.AddParam(clean(bind), t, key)
	v.Span = c.fn.b.Span
	c.fn.in[key] = v
	return v
}

// use is the value of t in the function under construction.
func (c *cx) use(t *Ten) *ir.Value {
	if t.Glob != "" {
		return c.input(ir.Given, t.Glob, t.T)
	}
	if t.fn == c.fn {
		return t.V
	}
	if t.fn.graph && !t.fn.rigid {
		if name := t.fn.made[t.V]; name != "" {
			return c.input(ir.Given, name, t.T)
		}
		if out, ok := c.export(t); ok {
			return c.input(ir.Given, out, t.T)
		}
	}
	panic(notHere{})
}

// ten wraps a value of the function under construction.
func (c *cx) ten(v *ir.Value) *Ten { return &Ten{V: v, T: v.Type, Of: c.tableOf(v.Type), fn: c.fn} }

// tableOf is the table whose rows an index counts.
func (e *el) tableOf(t ir.Type) *check.Table {
	if t.Kind != ir.Index {
		return nil
	}
	if s, ok := t.Bound.Symbol(); ok {
		return e.byDim[s]
	}
	return nil
}

// export makes an output of the graph from a value at the top of a function
// of graph level: what the value needs becomes a node of its own.
func (c *cx) export(t *Ten) (string, bool) {
	f := t.fn
	if t.V.In != f.f.Body {
		return "", false
	}
	for in, v := range f.in {
		if v == t.V && in.Role == ir.Given {
			return in.Bind, true
		}
	}
	need := map[*ir.Value]bool{}
	var mark func(v *ir.Value)
	mark = func(v *ir.Value) {
		if need[v] {
			return
		}
		need[v] = true
		if v.Def != nil {
			for _, o := range v.Def.Operands {
				mark(o)
			}
		}
	}
	mark(t.V)
	g := c.el.newFn("part")
	m := map[*ir.Value]*ir.Value{}
	for i, p := range f.f.Body.Params {
		if need[p] {
			m[p] = g.f.AddParam(p.Name, p.Type, f.f.Inputs[i])
		}
	}
	var ops []*ir.Op
	for _, op := range f.f.Body.Ops {
		for _, r := range op.Results {
			if need[r] {
				ops = append(ops, op)
				break
			}
		}
	}
	ir.CopyOps(g.b, ops, m)
	v := m[t.V]
	if v == nil {
		return "", false
	}
	g.b.Return(v)
	c.el.addFunc(g.f)
	out := c.el.output(g.f.Name)
	c.node(g.f.Name, &ir.Compute{Fn: g.f.Name, Outputs: []ir.Output{{Name: out, Type: t.T}}, Every: c.every})
	f.made[t.V] = out
	return out, true
}

// output reserves a name for an output of a node.
func (e *el) output(name string) string {
	name = clean(name)
	e.outs[name]++
	if n := e.outs[name]; n > 1 {
		return e.output(fmt.Sprintf("%s.%d", name, n))
	}
	return name
}

// node appends a node to the graph.
func (c *cx) node(name string, body ir.NodeBody) {
	e := c.el
	base := name
	for i := 2; e.m.Node(name) != nil; i++ {
		name = fmt.Sprintf("%s.%d", base, i)
	}
	at := c.fn.span()
	if !c.nodeAt.IsZero() {
		at = c.nodeAt
	}
	e.m.Nodes = append(e.m.Nodes, &ir.Node{Name: name, Span: at, Body: body})
}

// addFunc adds a finished function to the module.
func (e *el) addFunc(f *ir.Func) {
	ir.Renumber(f)
	e.m.Add(f)
}

// frame is an open loop over count elements.
type frame struct {
	count  ir.Dim
	iota   *ir.Value
	region *ir.Region
	xs     []*ir.Value
	slices map[*ir.Value]*ir.Value
	row    *Row // the element, in a loop over a table
}

// openLoop begins the region of a loop.
func (c *cx) openLoop(count ir.Dim, carries ...ir.Type) (*frame, []*ir.Value) {
	ps := c.fn.b.Open(append(append([]ir.Type{}, carries...), ir.IndexOf(count))...)
	i := ps[len(carries)]
	fr := &frame{count: count, iota: i, region: i.In, slices: map[*ir.Value]*ir.Value{}}
	c.fn.frames = append(c.fn.frames, fr)
	return fr, ps[:len(carries)]
}

// elem is the slice of v, which has the leading dimension of the loop and is
// defined outside of it.
func (c *cx) elem(fr *frame, v *ir.Value) *ir.Value {
	if s := fr.slices[v]; s != nil {
		return s
	}
	p := c.fn.f.NewValue(v.Type.Inner())
	p.Name, p.Span, p.In, p.Index = v.Name, c.fn.b.Span, fr.region, len(fr.region.Params)
	fr.region.Params = append(fr.region.Params, p)
	fr.xs = append(fr.xs, v)
	fr.slices[v] = p
	return p
}

// outside reports whether v is certainly defined outside the loop fr.
func (c *cx) outside(fr *frame, v *ir.Value) bool {
	if v.In == c.fn.f.Body {
		return true
	}
	for _, g := range c.fn.frames {
		if g == fr {
			return false
		}
		if v.In == g.region {
			return true
		}
	}
	return false
}

// closeLoop ends the region; it returns what the region captured and the
// operands that are sliced, the index first where it is used.
func (c *cx) closeLoop(fr *frame, carries int, results ...*ir.Value) (ir.Captured, []*ir.Value) {
	c.fn.frames = c.fn.frames[:len(c.fn.frames)-1]
	used := usedIn(fr.region, fr.iota)
	for _, r := range results {
		used = used || r == fr.iota
	}
	cap := c.fn.b.Close(results...)
	xs := fr.xs
	if used {
		return cap, append([]*ir.Value{c.fn.b.One("iota", ir.IotaAttrs{N: fr.count})}, xs...)
	}
	at := len(cap.Values) + carries
	ps := fr.region.Params
	fr.region.Params = append(append([]*ir.Value{}, ps[:at]...), ps[at+1:]...)
	for i, p := range fr.region.Params {
		p.Index = i
	}
	return cap, xs
}

func usedIn(r *ir.Region, v *ir.Value) bool {
	for _, op := range r.Ops {
		for _, o := range op.Operands {
			if o == v {
				return true
			}
		}
	}
	return false
}

// mapLoop emits a comprehension: body yields the elements, mapLoop their lists.
func (c *cx) mapLoop(count ir.Dim, body func(d *cx, fr *frame) []*ir.Value) []*ir.Value {
	span := c.fn.b.Span
	fr, _ := c.openLoop(count)
	d := *c
	d.loops = append(append([]*ir.Value{}, c.loops...), fr.iota)
	out := body(&d, fr)
	cap, xs := c.closeLoop(fr, 0, out...)
	c.fn.b.Span = span
	if len(out) == 0 {
		return out // nothing came of it, or nothing that needs the loop
	}
	operands := append(append([]*ir.Value{}, cap.Values...), xs...)
	return c.fn.b.OpWith("map", ir.MapAttrs{Count: count, Captures: len(cap.Values), Xs: len(xs)}, []*ir.Region{cap.Region}, operands...)
}

// scanLoop emits an ordered loop.
func (c *cx) scanLoop(count ir.Dim, carries []*ir.Value, body func(d *cx, fr *frame, carry []*ir.Value) (next, ys []*ir.Value)) (last, ys []*ir.Value) {
	span := c.fn.b.Span
	var types []ir.Type
	for _, v := range carries {
		types = append(types, v.Type)
	}
	fr, ps := c.openLoop(count, types...)
	d := *c
	d.loops = append(append([]*ir.Value{}, c.loops...), fr.iota)
	next, out := body(&d, fr, ps)
	cap, xs := c.closeLoop(fr, len(carries), append(append([]*ir.Value{}, next...), out...)...)
	c.fn.b.Span = span
	operands := append(append(append([]*ir.Value{}, cap.Values...), carries...), xs...)
	attrs := ir.ScanAttrs{Count: count, Captures: len(cap.Values), Carries: len(carries), Xs: len(xs)}
	rs := c.fn.b.OpWith("scan", attrs, []*ir.Region{cap.Region}, operands...)
	return rs[:len(carries)], rs[len(carries):]
}

// batchLoop evaluates body for the rows of a table as a step does: the rows see
// each other through `batch.…`.
func (c *cx) batchLoop(count ir.Dim, body func(d *cx, fr *frame) []*ir.Value) []*ir.Value {
	span := c.fn.b.Span
	fr, _ := c.openLoop(count)
	d := *c
	d.loops = append(append([]*ir.Value{}, c.loops...), fr.iota)
	out := body(&d, fr)
	cap, xs := c.closeLoop(fr, 0, out...)
	c.fn.b.Span = span
	if len(out) == 0 {
		return nil
	}
	g := ir.NewFunc(c.fresh(c.fn.f.Name + ".rows"))
	g.Span = span
	g.Body = ir.CopyRegion(g, cap.Region)
	g.Inputs = make([]ir.Input, len(g.Body.Params))
	c.addFunc(g)
	in := make([]bool, len(cap.Values)+len(xs))
	for i := range xs {
		in[len(cap.Values)+i] = true
	}
	operands := append(append([]*ir.Value{}, cap.Values...), xs...)
	return c.fn.b.Op("call", ir.CallAttrs{Fn: g.Name, Req: []ir.Request{{Kind: "batch", In: in, D: count, Rows: true}}}, operands...)
}
