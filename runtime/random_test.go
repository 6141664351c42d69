package runtime

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// grower builds a random well-typed function over a handful of shapes, as the
// runtime gets it: with loops over points, batches and updates, and no pass behind
// it. (Those of tests/random are of one row, and their package imports this one.)
type grower struct {
	r    *rand.Rand
	m    *ir.Module
	b    *ir.Builder
	k    ir.Kind
	vals []*ir.Value
	deep int
}

var three, batchDim = ir.N(3), ir.Sym("B")

func (g *grower) pick(ok func(*ir.Value) bool) *ir.Value {
	for try := 0; try < 40; try++ {
		v := g.vals[g.r.Intn(len(g.vals))]
		if ok(v) {
			return v
		}
	}
	return nil
}

func (g *grower) float() *ir.Value {
	return g.pick(func(v *ir.Value) bool { return v.Type.IsFloat() })
}

func (g *grower) like(t ir.Type) *ir.Value {
	v := g.pick(func(v *ir.Value) bool { return v.Type.Equal(t) })
	if v == nil {
		return g.b.Float(t, g.r.Float64())
	}
	return v
}

func (g *grower) add(vs ...*ir.Value) { g.vals = append(g.vals, vs...) }

// grow appends one operation.
func (g *grower) grow() {
	b, x := g.b, g.float()
	t := x.Type
	switch n := g.r.Intn(22); n {
	case 0, 1:
		g.add(b.Add(x, g.like(t)))
	case 2:
		g.add(b.One("tanh", nil, b.Mul(x, g.like(t))))
	case 3:
		g.add(b.One([]string{"sin", "logistic", "neg", "abs"}[g.r.Intn(4)], nil, x))
	case 4:
		g.add(b.Select(b.Cmp("lt", x, g.like(t)), x, g.like(t)))
	case 5:
		if t.Rank() > 0 {
			g.add(b.One("tanh", nil, b.Sum(x, g.r.Intn(t.Rank()))))
		}
	case 6:
		if t.Rank() > 0 {
			g.add(b.One("reduce_max", ir.AxesAttrs{Axes: []int{g.r.Intn(t.Rank())}}, x))
		}
	case 7:
		if t.Rank() == 2 {
			g.add(b.One("transpose", ir.TransposeAttrs{Perm: []int{1, 0}}, x))
		}
	case 8:
		if t.Rank() == 1 {
			g.add(b.Spread(x, three))
		}
	case 9:
		if t.Rank() == 1 {
			g.add(b.Broadcast(x, []ir.Dim{t.Dims[0], three}, 0))
		}
	case 10, 11:
		g.contract(x)
	case 12:
		g.cond(x)
	case 13, 14:
		g.scan()
	case 15:
		g.cut(x)
	case 16:
		g.index(x)
	case 17:
		if t.Rank() > 0 {
			g.add(b.One("reverse", ir.AxisAttrs{Axis: 0}, x), b.One("stop", ir.StopAttrs{}, x))
		}
	case 18:
		if t.Rank() == 2 && t.Dims[1] == three {
			g.add(b.One("reshape", ir.ReshapeAttrs{Dims: []ir.Dim{t.Dims[0].Mul(three)}}, x))
		}
	case 19:
		g.fused(x)
	case 20:
		g.call(x)
	default:
		g.add(b.Float(t, g.r.Float64()))
	}
}

func (g *grower) contract(x *ir.Value) {
	t := x.Type
	switch t.Rank() {
	case 2:
		y := g.pick(func(v *ir.Value) bool { return v.Type.IsFloat() && v.Type.Rank() == 2 && v.Type.Dims[0] == t.Dims[1] })
		if y != nil {
			g.add(g.b.One("tanh", nil, g.b.Einsum([]string{"ij,jk->ik", "ij,jk->ki", "ij,jk->i"}[g.r.Intn(3)], x, y)))
		}
		g.add(g.b.One("tanh", nil, g.b.Einsum("ij,ij->j", x, g.like(t))))
	case 1:
		g.add(g.b.One("tanh", nil, g.b.Einsum("i,i->", x, g.like(t))), g.b.Einsum("i->", x))
		if y := g.pick(func(v *ir.Value) bool { return v.Type.IsFloat() && v.Type.Rank() == 1 }); y != nil && len(g.vals) < 40 {
			if y.Type.Dims[0] == three || t.Dims[0] == three {
				g.add(g.b.Einsum("i,j->ij", x, y))
			}
		}
	}
}

func (g *grower) cond(x *ir.Value) {
	p := g.pick(func(v *ir.Value) bool { return v.Type.IsFloat() && v.Type.Rank() == 0 })
	if p == nil || g.deep > 1 {
		return
	}
	y := g.like(x.Type)
	side := func() []*ir.Value {
		outs := g.inside(2, x, y)
		return []*ir.Value{g.sized(outs, x.Type), g.sized(outs, x.Type)}
	}
	g.add(g.b.Cond(g.b.Cmp("gt", p, g.b.Float(p.Type, 0.3)), side, side)...)
}

// inside grows a few operations that start from given values and returns all
// that came of it.
func (g *grower) inside(n int, from ...*ir.Value) []*ir.Value {
	keep := g.vals
	g.vals = append([]*ir.Value{}, from...)
	g.deep++
	for i := 0; i < n; i++ {
		g.grow()
	}
	out := g.vals
	g.vals = keep
	g.deep--
	return out
}

// sized is one of the values of type t.
func (g *grower) sized(vs []*ir.Value, t ir.Type) *ir.Value {
	for _, i := range g.r.Perm(len(vs)) {
		if vs[i].Type.Equal(t) {
			return vs[i]
		}
	}
	return g.b.Float(t, 0.25)
}

func (g *grower) scan() {
	if g.deep > 1 {
		return
	}
	x := g.pick(func(v *ir.Value) bool { return v.Type.IsFloat() && v.Type.Rank() > 0 })
	c1, c2, cap := g.float(), g.float(), g.float()
	if x == nil {
		return
	}
	last, ys := g.b.Scan(x.Type.Dims[0], []*ir.Value{c1, c2}, []*ir.Value{x}, g.r.Intn(2) == 0,
		func(carry, xs []*ir.Value) (next, out []*ir.Value) {
			vs := g.inside(4, carry[0], carry[1], xs[0], cap)
			n1, n2 := g.sized(vs, c1.Type), g.sized(vs, c2.Type)
			if g.r.Intn(2) == 0 { // an accumulator
				n1 = g.b.Add(g.b.Mul(carry[0], g.b.Float(c1.Type, 0.5)), g.b.One("tanh", nil, n1))
			}
			return []*ir.Value{n1, n2}, []*ir.Value{g.sized(vs, xs[0].Type), n2}
		})
	g.add(last...)
	g.add(ys[0])
}

func (g *grower) cut(x *ir.Value) {
	t := x.Type
	if t.Rank() == 0 || t.Dims[t.Rank()-1] != three {
		return
	}
	a := ir.SliceAttrs{}
	for i, d := range t.Dims {
		if i == t.Rank()-1 {
			a.Starts, a.Sizes, a.Steps = append(a.Starts, ir.N(1)), append(a.Sizes, ir.N(2)), append(a.Steps, 1)
		} else {
			a.Starts, a.Sizes, a.Steps = append(a.Starts, ir.N(0)), append(a.Sizes, d), append(a.Steps, 1)
		}
	}
	s := g.b.One("slice", a, x)
	pad := ir.PadAttrs{}
	for range t.Dims {
		pad.Before, pad.After = append(pad.Before, ir.N(0)), append(pad.After, ir.N(0))
	}
	pad.After[t.Rank()-1] = ir.N(1)
	g.add(g.b.One("pad", pad, s), g.b.One("slice_add", ir.SliceAddAttrs{Starts: a.Starts}, x, s))
	one := a
	one.Sizes = append([]ir.Dim{}, a.Sizes...)
	one.Sizes[t.Rank()-1] = ir.N(1)
	g.add(g.b.One("concat", ir.AxisAttrs{Axis: t.Rank() - 1}, s, g.b.One("slice", one, x)))
}

func (g *grower) index(x *ir.Value) {
	if x.Type.Rank() == 0 {
		return
	}
	i := g.b.One("argmax", ir.AxisAttrs{Axis: 0}, x)
	if i.Type.Rank() == 1 {
		y := g.b.One("gather", ir.GatherAttrs{}, x, i)
		g.add(y, g.b.One("tanh", nil, g.b.One("scatter_add", ir.GatherAttrs{}, x, i, y)))
	}
	g.add(g.b.One("tanh", nil, g.b.One("cumsum", ir.CumAttrs{Axis: 0}, x)))
}

func (g *grower) fused(x *ir.Value) {
	y := g.like(x.Type)
	ops := []*ir.Value{x, y}
	types := []ir.Type{x.Type, y.Type}
	var row *ir.Value
	if x.Type.Rank() == 2 {
		row = g.like(x.Type.Inner())
		ops, types = append(ops, row), append(types, row.Type)
	}
	ps := g.b.Open(types...)
	z := g.b.Add(ps[0], g.b.Mul(ps[1], g.b.Float(x.Type, 0.5)))
	if row != nil {
		z = g.b.Sub(z, g.b.Spread(g.b.One("sin", nil, ps[2]), x.Type.Dims[0]))
	}
	w := g.b.Select(g.b.Cmp("gt", z, ps[0]), ps[0], g.b.One("tanh", nil, z))
	c := g.b.Close(w, z, ps[1])
	g.add(g.b.OpWith("fused", nil, []*ir.Region{c.Region}, ops...)...)
}

func (g *grower) call(x *ir.Value) {
	name := fmt.Sprintf("callee%d", len(g.m.Funcs))
	if g.deep > 0 {
		return
	}
	f := ir.NewFunc(name)
	p, q := f.AddParam("p", x.Type, ir.Input{}), f.AddParam("q", x.Type, ir.Input{})
	in := &grower{r: g.r, m: g.m, b: ir.NewBuilder(g.m, f), k: g.k, vals: []*ir.Value{p, q}, deep: 1}
	for i := 0; i < 4; i++ {
		in.grow()
	}
	in.b.Return(in.sized(in.vals, x.Type), p)
	g.m.Add(f)
	g.add(callOf(g.b, f, x, g.like(x.Type))...)
}

// callOf builds a call, whose types only the module knows.
func callOf(b *ir.Builder, f *ir.Func, args ...*ir.Value) []*ir.Value {
	return b.Op("call", ir.CallAttrs{Fn: f.Name}, args...)
}

func randomFunc(seed int64, k ir.Kind, n int) (*ir.Module, *ir.Func) {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	g := &grower{r: rand.New(rand.NewSource(seed)), m: m, b: ir.NewBuilder(m, f), k: k}
	for _, t := range []ir.Type{ir.TensorOf(k, batchDim, three), ir.TensorOf(k, three), ir.TensorOf(k, batchDim),
		ir.TensorOf(k, three, three), ir.ScalarOf(k)} {
		g.add(f.AddParam("", t, ir.Input{}))
	}
	for i := 0; i < n; i++ {
		g.grow()
	}
	var out []*ir.Value
	for i := 0; i < 6; i++ {
		out = append(out, g.vals[g.r.Intn(len(g.vals))])
	}
	g.b.Return(append(out, g.vals[len(g.vals)-1])...)
	m.Add(f)
	return m, f
}

// TestRandom compares random functions with the interpreter. Comparisons may
// fall on either side in f32, so those run in f64 alone.
func TestRandom(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 60
	}
	for seed := 0; seed < n; seed++ {
		func() {
			defer func() {
				if e := recover(); e != nil {
					t.Errorf("seed %d", seed)
					panic(e)
				}
			}()
			m, f := randomFunc(int64(seed), ir.F64, 5+seed%30)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				for _, size := range [][2]int64{{1, 1}, {9, 7}, {9, 9}} {
					compare(t, m, f, ir.Sample{}, size[0], size[1], int64(seed))
				}
			})
		}()
	}
}
