// Package random draws well-typed functions of the IR and compares everything
// that executes or transforms them: interpreter, passes, runtime, forward and
// reverse derivatives. A function is a pure function of its number, so a
// failure is repeated by its number alone.
package random

import (
	"math/rand/v2"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Drawn is a random function with inputs for it.
type Drawn struct {
	Seed   uint64
	Module *ir.Module
	Func   *ir.Func
	Kind   ir.Kind
	Rows   map[string]int // rows of the operation table drawn, nested ones too
	Depth  int            // deepest nesting of regions
	Loops  int            // recurrent loops drawn
}

// maxOps bounds the operations of a function, dims the sizes of its tensors.
const maxOps = 40

var sizes = []int64{2, 3, 4, 7}

// gen is the state of drawing one function.
type gen struct {
	r      *rand.Rand
	m      *ir.Module
	b      *ir.Builder
	kind   ir.Kind
	pool   [][]*ir.Value // a list of usable values for each open region
	left   int           // operations that may still be drawn
	depth  int
	helper []*ir.Func
	poison bool // branches guard domains

	recurrents int // drawn so far
}

// Draw makes function number seed: a function `f` of one to four float
// tensors and perhaps an index, with one scalar result and some others.
func Draw(seed uint64) *Drawn {
	if ir.Mix(0xf32, seed)%3 == 0 {
		return drawKind(seed, ir.F32)
	}
	return drawKind(seed, ir.F64)
}

// drawKind is function number seed over floats of kind k.
func drawKind(seed uint64, k ir.Kind) *Drawn {
	g := &gen{r: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), m: &ir.Module{Name: "random"}, kind: k}
	if g.r.IntN(4) == 0 {
		g.helper = append(g.helper, g.function("g", 6))
	}
	f := g.function("f", 4+g.r.IntN(maxOps-4))
	d := &Drawn{Seed: seed, Module: g.m, Func: f, Kind: g.kind, Rows: map[string]int{}, Loops: g.recurrents}
	countRows(f.Body, d, 0)
	return d
}

func countRows(r *ir.Region, d *Drawn, depth int) {
	d.Depth = max(d.Depth, depth)
	for _, op := range r.Ops {
		d.Rows[op.Row.Name]++
		for _, sub := range op.Regions {
			countRows(sub, d, depth+1)
		}
	}
}

func (g *gen) function(name string, ops int) *ir.Func {
	f := ir.NewFunc(name)
	g.b = ir.NewBuilder(g.m, f)
	g.pool = [][]*ir.Value{nil}
	for i := 0; i < 1+g.r.IntN(4); i++ {
		g.have(f.AddParam("x"+string(rune('0'+i)), ir.TensorOf(g.kind, g.dims(2)...), ir.Input{}))
	}
	if g.r.IntN(3) == 0 {
		g.have(f.AddParam("i", ir.IndexOf(ir.N(g.size())), ir.Input{}))
	}
	g.left = ops
	g.fill()
	total := g.scalar(g.float())
	results := []*ir.Value{total}
	if g.r.IntN(3) == 0 {
		results = append(results, g.float())
	}
	g.b.Return(results...)
	g.m.Add(f)
	return f
}

func (g *gen) size() int64 { return sizes[g.r.IntN(len(sizes))] }

func (g *gen) dims(maxRank int) []ir.Dim {
	var ds []ir.Dim
	for i := g.r.IntN(maxRank + 1); i > 0; i-- {
		ds = append(ds, ir.N(g.size()))
	}
	return ds
}

func (g *gen) have(v *ir.Value) *ir.Value {
	top := len(g.pool) - 1
	g.pool[top] = append(g.pool[top], v)
	return v
}

// pick draws a usable value that fits, recent ones more often; nil if none.
func (g *gen) pick(fits func(ir.Type) bool) *ir.Value {
	var all []*ir.Value
	for _, p := range g.pool {
		for _, v := range p {
			if fits(v.Type) {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	if n := len(all); n > 4 && g.r.IntN(2) == 0 {
		return all[n-1-g.r.IntN(4)]
	}
	return all[g.r.IntN(len(all))]
}

// float is a float value, made if there is none.
func (g *gen) float() *ir.Value {
	if v := g.pick(func(t ir.Type) bool { return t.IsFloat() }); v != nil {
		return v
	}
	return g.have(g.b.Float(ir.ScalarOf(g.kind), g.r.Float64()))
}

// like is a float value of dims ds.
func (g *gen) like(ds []ir.Dim) *ir.Value {
	if v := g.pick(func(t ir.Type) bool { return t.IsFloat() && ir.EqualDims(t.Dims, ds) }); v != nil && g.r.IntN(5) > 0 {
		return v
	}
	if s := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() == 0 }); s != nil && len(ds) > 0 && g.r.IntN(2) == 0 {
		return g.b.Broadcast(s, ds)
	}
	return g.b.Float(ir.TensorOf(g.kind, ds...), float64(g.r.IntN(9)-4)/4)
}

func (g *gen) scalar(v *ir.Value) *ir.Value {
	axes := make([]int, v.Type.Rank())
	for i := range axes {
		axes[i] = i
	}
	return g.b.Sum(v, axes...)
}

// fill draws operations until the budget is used up.
func (g *gen) fill() {
	for g.left > 0 {
		g.left--
		if g.poison && g.r.IntN(3) == 0 {
			g.guarded()
			continue
		}
		k := g.r.IntN(len(draws))
		draws[k](g)
	}
}

// draws are the kinds of operations, each as often as it stands here; filled
// by init because nested regions draw from it again.
var draws []func(*gen)

func init() {
	draws = []func(*gen){
		(*gen).unary, (*gen).unary, (*gen).unary,
		(*gen).binary, (*gen).binary, (*gen).binary, (*gen).binary,
		(*gen).choose, (*gen).cond, (*gen).cond, (*gen).scan, (*gen).recurrent, (*gen).mapOver, (*gen).mapOver,
		(*gen).reduce, (*gen).reduce, (*gen).einsum, (*gen).einsum,
		(*gen).structure, (*gen).structure, (*gen).slice, (*gen).concat,
		(*gen).gather, (*gen).gather, (*gen).scatter, (*gen).cum, (*gen).call, (*gen).cut,
	}
}

// unary applies a function where it is defined and smooth enough to compare.
func (g *gen) unary() {
	x := g.float()
	b := g.b
	names := []string{"neg", "abs", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "logistic", "erf", "lgamma"}
	switch name := names[g.r.IntN(len(names))]; name {
	case "exp", "expm1":
		g.have(b.One(name, nil, b.One("tanh", nil, x)))
	case "log", "log1p", "sqrt", "lgamma":
		one := b.Float(x.Type, 1.25)
		g.have(b.One(name, nil, b.Add(b.Mul(b.One("tanh", nil, x), b.One("tanh", nil, x)), one)))
	default:
		g.have(b.One(name, nil, x))
	}
}

func (g *gen) binary() {
	x := g.float()
	y := g.like(x.Type.Dims)
	b := g.b
	switch g.r.IntN(8) {
	case 0, 1:
		g.have(b.Add(x, y))
	case 2:
		g.have(b.Sub(x, y))
	case 3, 4:
		g.have(b.Mul(b.One("tanh", nil, x), y))
	case 5:
		one := b.Float(x.Type, 1)
		g.have(b.Div(x, b.Add(one, b.Mul(y, y))))
	case 6:
		g.have(b.One("max", nil, x, y))
	default:
		g.have(b.One("powi", ir.NAttrs{N: int64(g.r.IntN(4))}, b.One("tanh", nil, x)))
	}
}

// predicate is a bool of dims ds.
func (g *gen) predicate(ds []ir.Dim) *ir.Value {
	x := g.like(ds)
	preds := []string{"lt", "le", "gt", "ge"}
	return g.b.Cmp(preds[g.r.IntN(len(preds))], x, g.b.Float(x.Type, g.r.Float64()-0.5))
}

func (g *gen) choose() {
	x := g.float()
	g.have(g.b.Select(g.predicate(x.Type.Dims), x, g.like(x.Type.Dims)))
}

// nest draws inside a region and comes back with a float of dims ds.
func (g *gen) nest(params []*ir.Value, ops int, ds []ir.Dim) *ir.Value {
	return g.nestWith(nil, ops, ds, params...)
}

// nestWith is nest with a value that is made inside, and drawn from.
func (g *gen) nestWith(first func() *ir.Value, ops int, ds []ir.Dim, params ...*ir.Value) *ir.Value {
	left := g.left
	g.left = min(ops, left)
	g.depth++
	g.pool = append(g.pool, append([]*ir.Value{}, params...))
	if first != nil {
		g.have(first())
	}
	g.fill()
	v := g.pick(func(t ir.Type) bool { return t.IsFloat() && ir.EqualDims(t.Dims, ds) })
	if v == nil {
		v = g.b.Broadcast(g.b.One("tanh", nil, g.scalar(g.float())), ds)
	}
	g.pool = g.pool[:len(g.pool)-1]
	g.depth--
	g.left = left
	return v
}

const maxDepth = 3

func (g *gen) cond() {
	if g.depth >= maxDepth {
		return
	}
	p := g.predicate(nil)
	ds := g.dims(2)
	side := func() []*ir.Value { return []*ir.Value{g.nest(nil, 1+g.r.IntN(4), ds)} }
	g.have(g.b.Cond(p, side, side)[0])
}

func (g *gen) scan() {
	if g.depth >= maxDepth {
		return
	}
	n := ir.N(g.size())
	init := g.float()
	var xs []*ir.Value
	if x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 }); x != nil && g.r.IntN(2) == 0 {
		n, xs = x.Type.Dims[0], []*ir.Value{x}
	}
	last, ys := g.b.Scan(n, []*ir.Value{init}, xs, g.r.IntN(3) == 0, func(c, x []*ir.Value) ([]*ir.Value, []*ir.Value) {
		v := g.nest(append(append([]*ir.Value{}, c...), x...), 1+g.r.IntN(4), init.Type.Dims)
		next := g.b.One("tanh", nil, v)
		if g.r.IntN(2) == 0 {
			return []*ir.Value{next}, []*ir.Value{v}
		}
		return []*ir.Value{next}, nil
	})
	for _, v := range append(append([]*ir.Value{}, last...), ys...) {
		g.have(v)
	}
}

// recurrent is a loop in which products with matrices make the next state and
// an output: of an input of the step, drawn or read by key, and of the state.
func (g *gen) recurrent() {
	if g.depth > 0 || g.recurrents > 0 || g.r.IntN(2) == 0 {
		return // one of them takes as long as ten other operations
	}
	g.recurrents++
	n, m := ir.N(g.size()), ir.N(sizes[len(sizes)-1])
	xs := []*ir.Value{g.like([]ir.Dim{n, m})}
	table := g.matrix(m)
	if g.r.IntN(2) == 0 {
		keys := make([]int64, must(n))
		for i := range keys {
			keys[i] = int64(g.r.IntN(int(must(m))))
		}
		xs = append(xs, g.b.One("const", ir.ConstAttrs{T: ir.IndexOf(m, n), I: keys}))
	}
	matrices := []*ir.Value{g.matrix(m), g.matrix(m), g.matrix(m)}
	product := func(x *ir.Value, k int) *ir.Value {
		return g.b.Einsum("i,io->o", g.b.One("tanh", nil, x), matrices[k])
	}
	last, ys := g.b.Scan(n, []*ir.Value{g.like([]ir.Dim{m})}, xs, g.r.IntN(2) == 0, func(c, x []*ir.Value) ([]*ir.Value, []*ir.Value) {
		in := x[0]
		if len(x) > 1 {
			in = g.b.Add(in, g.b.One("gather", ir.GatherAttrs{}, table, x[1]))
		}
		a := g.b.Add(product(in, 0), product(c[0], 1))
		v := g.nest(append([]*ir.Value{a}, c...), 1, []ir.Dim{m})
		next := g.b.One("tanh", nil, g.b.Add(a, v))
		if g.r.IntN(4) > 0 {
			gate := g.b.One("logistic", nil, a)
			next = g.b.Add(g.b.Mul(gate, next), g.b.Mul(g.b.Sub(g.b.Float(a.Type, 1), gate), c[0]))
		}
		return []*ir.Value{next}, []*ir.Value{g.b.One("sin", nil, product(next, 2))}
	})
	g.have(last[0])
	g.have(ys[0])
}

// matrix is m numbers by m that no two rows or columns share. Its norm is
// about 1 at most: a state that each step made several times larger would make
// as much of what is rounded differently, and say nothing of passes.
func (g *gen) matrix(m ir.Dim) *ir.Value {
	a := ir.ConstAttrs{T: ir.TensorOf(g.kind, m, m), F: make([]float64, must(m)*must(m))}
	for i := range a.F {
		a.F[i] = float64(g.r.IntN(17)-8) / 16
	}
	sum := g.b.Add(g.b.One("const", a), g.b.One("tanh", nil, g.like(a.T.Dims)))
	return g.b.Mul(sum, g.b.Float(a.T, 0.125))
}

func must(d ir.Dim) int64 {
	n, _ := d.Const()
	return n
}

func (g *gen) mapOver() {
	if g.depth >= maxDepth {
		return
	}
	n := ir.N(g.size())
	var xs []*ir.Value
	if x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 }); x != nil {
		n, xs = x.Type.Dims[0], append(xs, x)
	}
	xs = append(xs, g.b.One("iota", ir.IotaAttrs{N: n}))
	ds := g.dims(1)
	g.have(g.b.Map(n, xs, func(x []*ir.Value) []*ir.Value {
		return []*ir.Value{g.nest(x, 1+g.r.IntN(4), ds)}
	})[0])
}

func (g *gen) reduce() {
	x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if x == nil {
		return
	}
	axis := g.r.IntN(x.Type.Rank())
	switch g.r.IntN(5) {
	case 0:
		g.have(g.b.One("reduce_max", ir.AxesAttrs{Axes: []int{axis}}, x))
	case 1:
		g.have(g.b.One("reduce_prod", ir.AxesAttrs{Axes: []int{axis}}, g.b.One("tanh", nil, x)))
	default:
		g.have(g.b.Sum(x, axis))
	}
}

func (g *gen) cum() {
	x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if x != nil {
		g.have(g.b.One("cumsum", ir.CumAttrs{Axis: g.r.IntN(x.Type.Rank()), Reverse: g.r.IntN(2) == 0, Exclusive: g.r.IntN(2) == 0}, x))
	}
}

// einsum draws labels for two operands; equal labels get equal sizes because
// the second operand is made to fit.
func (g *gen) einsum() {
	x := g.float()
	const letters = "ijklmn"
	lx := letters[:x.Type.Rank()]
	var ly strings.Builder
	var ds []ir.Dim
	for i := 0; i < x.Type.Rank(); i++ {
		if g.r.IntN(2) == 0 {
			ly.WriteByte(lx[i])
			ds = append(ds, x.Type.Dims[i])
		}
	}
	if g.r.IntN(2) == 0 && len(ds) < 3 {
		ly.WriteByte('p')
		ds = append(ds, ir.N(g.size()))
	}
	var out strings.Builder
	for _, l := range lx + ly.String() {
		if !strings.ContainsRune(out.String(), l) && g.r.IntN(3) > 0 && out.Len() < 3 {
			out.WriteRune(l)
		}
	}
	g.have(g.b.Einsum(lx+","+ly.String()+"->"+out.String(), g.b.One("tanh", nil, x), g.like(ds)))
}

func (g *gen) structure() {
	x := g.float()
	n := x.Type.Rank()
	switch k := g.r.IntN(5); {
	case k == 0:
		g.have(g.b.Spread(x, ir.N(g.size())))
	case n == 0 || n > 3:
	case k == 1:
		perm := g.r.Perm(n)
		g.have(g.b.One("transpose", ir.TransposeAttrs{Perm: perm}, x))
	case k == 2:
		g.have(g.b.One("reverse", ir.AxisAttrs{Axis: g.r.IntN(n)}, x))
	case k == 3:
		total := ir.N(1)
		for _, d := range x.Type.Dims {
			total = total.Mul(d)
		}
		g.have(g.b.One("reshape", ir.ReshapeAttrs{Dims: []ir.Dim{total}}, x))
	default:
		before, after := make([]ir.Dim, n), make([]ir.Dim, n)
		for i := range before {
			before[i], after[i] = ir.N(int64(g.r.IntN(2))), ir.N(int64(g.r.IntN(2)))
		}
		g.have(g.b.One("pad", ir.PadAttrs{Before: before, After: after}, x))
	}
}

func (g *gen) slice() {
	x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if x == nil {
		return
	}
	var a ir.SliceAttrs
	for _, d := range x.Type.Dims {
		n, _ := d.Const()
		step := 1 + int64(g.r.IntN(2))
		start := int64(g.r.IntN(int(n)))
		a.Starts, a.Steps = append(a.Starts, ir.N(start)), append(a.Steps, step)
		a.Sizes = append(a.Sizes, ir.N(1+int64(g.r.IntN(int((n-start-1)/step)+1))))
	}
	g.have(g.b.One("slice", a, x))
}

func (g *gen) concat() {
	x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if x == nil {
		return
	}
	if n, ok := x.Type.Dims[0].Const(); ok && n > 14 {
		return
	}
	g.have(g.b.One("concat", ir.AxisAttrs{Axis: g.r.IntN(x.Type.Rank())}, x, g.like(x.Type.Dims)))
}

// index is an index of bound n: a parameter, a constant, or a loop's.
func (g *gen) index(n ir.Dim) *ir.Value {
	if v := g.pick(func(t ir.Type) bool { return t.Kind == ir.Index && t.Bound == n && t.Rank() < 2 }); v != nil && g.r.IntN(4) > 0 {
		return v
	}
	k, _ := n.Const()
	if g.r.IntN(2) == 0 {
		return g.b.Int(ir.IndexOf(n), int64(g.r.IntN(int(k))))
	}
	data := make([]int64, 3)
	for i := range data {
		data[i] = int64(g.r.IntN(int(k)))
	}
	return g.b.One("const", ir.ConstAttrs{T: ir.IndexOf(n, ir.N(3)), I: data})
}

func (g *gen) gather() {
	x := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if x != nil {
		axis := g.r.IntN(x.Type.Rank())
		g.have(g.b.One("gather", ir.GatherAttrs{Axis: axis}, x, g.index(x.Type.Dims[axis])))
	}
}

func (g *gen) scatter() {
	acc := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() > 0 })
	if acc == nil {
		return
	}
	idx := g.index(acc.Type.Dims[0])
	ds := append(append([]ir.Dim{}, idx.Type.Dims...), acc.Type.Dims[1:]...)
	row := "scatter_add"
	if g.r.IntN(4) == 0 {
		row = "scatter_max"
	}
	g.have(g.b.One(row, ir.GatherAttrs{}, acc, idx, g.like(ds)))
}

// call calls the helper function with values made to fit.
func (g *gen) call() {
	if len(g.helper) == 0 {
		return
	}
	h := g.helper[0]
	var args []*ir.Value
	for _, p := range h.Params() {
		if p.Type.IsFloat() {
			args = append(args, g.like(p.Type.Dims))
			continue
		}
		k, _ := p.Type.Bound.Const()
		args = append(args, g.b.Int(p.Type, int64(g.r.IntN(int(k)))))
	}
	for _, v := range g.b.Op("call", ir.CallAttrs{Fn: h.Name}, args...) {
		g.have(v)
	}
}

// cut draws what has no derivative: a rounding added to something that has.
func (g *gen) cut() {
	x := g.float()
	rows := []string{"floor", "sign", "stop"}
	name := rows[g.r.IntN(len(rows))]
	var attrs ir.Attrs
	if name == "stop" {
		attrs = ir.StopAttrs{}
	}
	g.have(g.b.Add(x, g.b.One(name, attrs, x)))
}
