package ir

import (
	"fmt"

	"github.com/dfc-lang/dfc/lang/source"
)

// Builder is the only way to create operations. It types each one by its row,
// puts it at the end of the region that is open, and turns values used across
// the border of a region into captures of it.
type Builder struct {
	Module *Module
	Func   *Func
	Span   source.Span // given to the operations built
	Primal string      // given to the values built

	top *block // region being filled
	// lin, when not nil, is a second region that receives every operation
	// with a tangent among its operands (see Note: two builders, one rule, in
	// passes); what it reads from the first is a residual.
	lin *block
	// allLinear: every operation goes to lin.
	allLinear bool
}

// block is an open region.
type block struct {
	region  *Region
	parent  *block
	capture []*Value          // outer values used, in order of first use
	inner   map[*Value]*Value // outer value -> parameter that stands for it
}

// NewBuilder starts filling the body of f, which may have parameters already.
func NewBuilder(m *Module, f *Func) *Builder {
	return &Builder{Module: m, Func: f, top: &block{region: f.Body}}
}

// TypeError is what Op and its kin panic with: a fault of the caller.
type TypeError struct {
	Row  string
	Span source.Span
	Err  error
}

func (e *TypeError) Error() string { return fmt.Sprintf("ir: %s: %v", e.Row, e.Err) }

// Op appends an operation and returns its results. It panics with *TypeError
// where the row does not allow these operands.
func (b *Builder) Op(name string, attrs Attrs, operands ...*Value) []*Value {
	return b.OpWith(name, attrs, nil, operands...)
}

// One is Op for rows with one result.
func (b *Builder) One(name string, attrs Attrs, operands ...*Value) *Value {
	return b.Op(name, attrs, operands...)[0]
}

// OpWith is Op with regions.
func (b *Builder) OpWith(name string, attrs Attrs, regions []*Region, operands ...*Value) []*Value {
	row := RowOf(name)
	if row == nil {
		panic(&TypeError{name, b.Span, fmt.Errorf("no such row")})
	}
	return b.opAt(b.place(operands), row, attrs, regions, operands)
}

// opAt appends an operation to an open region.
func (b *Builder) opAt(at *block, row *Row, attrs Attrs, regions []*Region, operands []*Value) []*Value {
	op, one := newOp(row, attrs, b.Span, len(operands), 1)
	op.Regions = regions
	for i, v := range operands {
		op.Operands[i] = b.local(at, v)
	}
	results := op.Results
	op.Results = nil // are what the rule is asked for
	types, err := row.Types(b.Module, op)
	if err != nil {
		panic(&TypeError{row.Name, b.Span, err})
	}
	if op.Results = results; len(types) != len(results) || one == nil {
		op.Results, one = make([]*Value, len(types)), nil
	}
	for i, t := range types {
		v := one
		if v == nil {
			v = &Value{}
		}
		b.Func.number(v, t)
		v.Def, v.Index, v.In, v.Span, v.Primal = op, i, at.region, b.Span, b.Primal
		op.Results[i] = v
	}
	at.region.Ops = append(at.region.Ops, op)
	return op.Results
}

// place chooses the linear region for operations on tangents.
func (b *Builder) place(operands []*Value) *block {
	if b.lin != nil {
		if b.allLinear {
			return b.lin
		}
		for _, v := range operands {
			if v.In == b.lin.region {
				return b.lin
			}
		}
	}
	return b.top
}

// local is v as seen from inside block at: itself, or the parameter that
// captures it.
func (b *Builder) local(at *block, v *Value) *Value {
	if v == nil {
		panic(&TypeError{"operand", b.Span, fmt.Errorf("nil value")})
	}
	if v.In == at.region || (at.parent == nil && at != b.lin) {
		return v
	}
	if p, ok := at.inner[v]; ok {
		return p
	}
	if at != b.lin {
		b.local(at.parent, v) // so that the parent captures it too
	}
	p := b.Func.NewValue(v.Type)
	p.Name, p.Span, p.Primal, p.In = v.Name, v.Span, v.Primal, at.region
	if at.inner == nil {
		at.inner = map[*Value]*Value{}
	}
	at.inner[v] = p
	at.capture = append(at.capture, v)
	return p
}

// Open begins a nested region with parameters of the given types; operations
// go there until Close.
func (b *Builder) Open(params ...Type) []*Value {
	var ps []*Value
	b.top, ps = b.block(params)
	return ps
}

// Region is the one that is open.
func (b *Builder) Region() *Region { return b.top.region }

// Captured is a region that was closed: Values are what it used from outside,
// in the order of its leading parameters.
type Captured struct {
	Region *Region
	Values []*Value
}

// Close ends the region opened last; its parameters become captures, then
// those given to Open.
func (b *Builder) Close(results ...*Value) Captured {
	c := b.seal(b.top, results)
	b.top = b.top.parent
	return c
}

// seal gives an open block its results and its final parameters.
func (b *Builder) seal(t *block, results []*Value) Captured {
	for _, r := range results {
		t.region.Results = append(t.region.Results, b.local(t, r))
	}
	own := t.region.Params
	t.region.Params = nil
	for _, v := range t.capture {
		t.region.Params = append(t.region.Params, t.inner[v])
	}
	t.region.Params = append(t.region.Params, own...)
	renumber(t.region)
	return Captured{t.region, t.capture}
}

func renumber(r *Region) {
	for i, p := range r.Params {
		p.Index = i
	}
}

// OpenLinear begins the second region of linearization: from now on every
// operation with an operand in it goes there. CloseLinear ends it; the
// captures are the residuals.
func (b *Builder) OpenLinear(params ...Type) []*Value {
	var ps []*Value
	b.lin, ps = b.block(params)
	return ps
}

// CloseLinear ends the linear region.
func (b *Builder) CloseLinear(results ...*Value) Captured {
	c := b.seal(b.lin, results)
	b.lin = nil
	return c
}

// block is a new block inside the one that is open, with parameters of the
// given types.
func (b *Builder) block(params []Type) (*block, []*Value) {
	r := &Region{}
	for i, t := range params {
		v := b.Func.NewValue(t)
		v.Index, v.In, v.Span = i, r, b.Span
		r.Params = append(r.Params, v)
	}
	return &block{region: r, parent: b.top}, append([]*Value{}, r.Params...)
}

// InLinear runs f, during which every operation goes to the linear region,
// whatever its operands are: it computes from residuals instead of being one.
func (b *Builder) InLinear(f func()) {
	was := b.allLinear
	b.allLinear = true
	f()
	b.allLinear = was
}

// Cond builds a branch; both sides yield the same types.
func (b *Builder) Cond(pred *Value, then, els func() []*Value) []*Value {
	b.Open()
	c1 := b.Close(then()...)
	b.Open()
	c2 := b.Close(els()...)
	caps := Unite(b.Func, &c1, &c2)
	return b.OpWith("cond", CondAttrs{}, []*Region{c1.Region, c2.Region}, append([]*Value{pred}, caps...)...)
}

// Unite gives closed regions (with nothing but captures as leading
// parameters) the same list of captures, and returns it.
func Unite(f *Func, cs ...*Captured) []*Value {
	var all []*Value
	at := map[*Value]int{}
	for _, c := range cs {
		for _, v := range c.Values {
			if _, ok := at[v]; !ok {
				at[v] = len(all)
				all = append(all, v)
			}
		}
	}
	for _, c := range cs {
		own := c.Region.Params[len(c.Values):]
		params := make([]*Value, len(all))
		for i, v := range c.Values {
			params[at[v]] = c.Region.Params[i]
		}
		for i, p := range params {
			if p == nil {
				p = f.NewValue(all[i].Type)
				p.Name, p.Span, p.In = all[i].Name, all[i].Span, c.Region
				params[i] = p
			}
		}
		c.Region.Params = append(params, own...)
		c.Values = all
		renumber(c.Region)
	}
	return all
}

// Scan builds an ordered loop of count steps: body gets the carries and one
// slice of each x and yields the new carries and the ys of the step.
func (b *Builder) Scan(count Dim, carries, xs []*Value, reverse bool,
	body func(carry, x []*Value) (next, ys []*Value)) (last, ys []*Value) {
	var types []Type
	for _, c := range carries {
		types = append(types, c.Type)
	}
	for _, x := range xs {
		types = append(types, x.Type.Inner())
	}
	ps := b.Open(types...)
	next, out := body(ps[:len(carries)], ps[len(carries):])
	c := b.Close(append(append([]*Value{}, next...), out...)...)
	operands := append(append(append([]*Value{}, c.Values...), carries...), xs...)
	rs := b.OpWith("scan", ScanAttrs{count, len(c.Values), len(carries), len(xs), reverse}, []*Region{c.Region}, operands...)
	return rs[:len(carries)], rs[len(carries):]
}

// Map builds a comprehension over count elements.
func (b *Builder) Map(count Dim, xs []*Value, body func(x []*Value) []*Value) []*Value {
	var types []Type
	for _, x := range xs {
		types = append(types, x.Type.Inner())
	}
	out := body(b.Open(types...))
	c := b.Close(out...)
	operands := append(append([]*Value{}, c.Values...), xs...)
	return b.OpWith("map", MapAttrs{count, len(c.Values), len(xs)}, []*Region{c.Region}, operands...)
}

// Return sets the results of the function; every region must be closed.
func (b *Builder) Return(results ...*Value) *Func {
	if b.top.parent != nil {
		panic("ir: Return inside an open region")
	}
	b.Func.Body.Results = results
	return b.Func
}

// Float is a constant of the given float type, all elements x.
func (b *Builder) Float(t Type, x float64) *Value {
	if t.Kind == F32 {
		x = float64(float32(x))
	}
	return b.One("const", ConstAttrs{T: t, F: []float64{x}})
}

// Int is a constant of the given integer, bool or index type, all elements n.
func (b *Builder) Int(t Type, n int64) *Value {
	return b.One("const", ConstAttrs{T: t, I: []int64{n}})
}

// Zeros is the zero of any type.
func (b *Builder) Zeros(t Type) *Value {
	if t.IsFloat() {
		return b.Float(t, 0)
	}
	return b.Int(t, 0)
}

// ZeroTangent is the zero of float type t among tangents: in linearization it
// stands in the linear region, so that it is no residual.
func (b *Builder) ZeroTangent(t Type) *Value {
	at := b.top
	if b.lin != nil {
		at = b.lin
	}
	return b.opAt(at, RowOf("const"), ConstAttrs{T: t, F: []float64{0}}, nil, nil)[0]
}

// Broadcast brings v to dims, its axis i becoming axes[i]; it is v itself
// where nothing changes.
func (b *Builder) Broadcast(v *Value, dims []Dim, axes ...int) *Value {
	if EqualDims(v.Type.Dims, dims) {
		return v
	}
	return b.One("broadcast", BroadcastAttrs{Dims: dims, Axes: append([]int{}, axes...)}, v)
}

// Spread puts dims in front of those of v.
func (b *Builder) Spread(v *Value, dims ...Dim) *Value {
	if len(dims) == 0 {
		return v
	}
	axes := make([]int, v.Type.Rank())
	for i := range axes {
		axes[i] = len(dims) + i
	}
	return b.Broadcast(v, append(append([]Dim{}, dims...), v.Type.Dims...), axes...)
}

// Short names for the commonest rows.
func (b *Builder) Add(x, y *Value) *Value { return b.One("add", nil, x, y) }
func (b *Builder) Sub(x, y *Value) *Value { return b.One("sub", nil, x, y) }
func (b *Builder) Mul(x, y *Value) *Value { return b.One("mul", nil, x, y) }
func (b *Builder) Div(x, y *Value) *Value { return b.One("div", nil, x, y) }
func (b *Builder) Neg(x *Value) *Value    { return b.One("neg", nil, x) }
func (b *Builder) Cmp(pred string, x, y *Value) *Value {
	return b.One("cmp", CmpAttrs{pred}, x, y)
}
func (b *Builder) Select(p, x, y *Value) *Value { return b.One("select", nil, p, x, y) }
func (b *Builder) Sum(x *Value, axes ...int) *Value {
	if len(axes) == 0 {
		return x
	}
	return b.One("reduce_sum", AxesAttrs{axes}, x)
}
func (b *Builder) Einsum(spec string, xs ...*Value) *Value {
	return b.One("einsum", EinsumAttrs{spec}, xs...)
}
