package passes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// nestCase is a function of one row: parameter 0 differs by row, all others
// are shared by the rows. Some rows would be bad in sides that they do not take.
type nestCase struct {
	name   string
	params []ir.Type // behind parameter 0, which is a number
	shared [][]float64
	xs     []float64
	body   func(b *ir.Builder, p []*ir.Value) *ir.Value
}

// above is a branch on x > c.
func above(b *ir.Builder, x *ir.Value, c float64, then, els func() *ir.Value) *ir.Value {
	side := func(f func() *ir.Value) func() []*ir.Value { return func() []*ir.Value { return []*ir.Value{f()} } }
	return b.Cond(b.Cmp("gt", x, b.Float(x.Type, c)), side(then), side(els))[0]
}

func f64s(dims ...int64) ir.Type {
	t := ir.Type{Kind: ir.F64}
	for _, d := range dims {
		t.Dims = append(t.Dims, ir.N(d))
	}
	return t
}

// minus is x - c.
func minus(b *ir.Builder, x *ir.Value, c float64) *ir.Value { return b.Sub(x, b.Float(x.Type, c)) }

func unaryOp(b *ir.Builder, row string, x *ir.Value) *ir.Value { return b.One(row, nil, x) }

// ramp is n numbers around 0, some of them 0.
func ramp(n int) []float64 {
	var out []float64
	for i := range n {
		out = append(out, float64(i%5-2))
	}
	return out
}

var nestCases = []nestCase{
	{"each side guards", nil, nil, []float64{-2, 0, 1, 3, 700}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x := p[0]
		return above(b, x, 0, func() *ir.Value {
			return above(b, x, 2, func() *ir.Value {
				return above(b, x, 100, func() *ir.Value { return unaryOp(b, "sqrt", x) }, func() *ir.Value {
					return b.Mul(unaryOp(b, "exp", x), unaryOp(b, "log", minus(b, x, 2)))
				})
			}, func() *ir.Value { return b.Div(unaryOp(b, "log", x), x) })
		}, func() *ir.Value { return unaryOp(b, "sqrt", b.Sub(b.Float(x.Type, 1), x)) })
	}},
	{"a weight that no row may use", []ir.Type{f64s()}, [][]float64{{0}}, []float64{-1, 1, 0.5}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x, w := p[0], p[1]
		return above(b, x, 0, func() *ir.Value {
			return above(b, x, 2, func() *ir.Value { return b.Mul(x, unaryOp(b, "log", w)) }, func() *ir.Value { return b.Mul(x, w) })
		}, func() *ir.Value {
			return above(b, x, -2, func() *ir.Value { return b.Mul(x, x) }, func() *ir.Value { return b.Div(x, w) })
		})
	}},
	{"large weights that no row may use", []ir.Type{f64s(100)}, [][]float64{ramp(100)}, []float64{-1, 1, 0.5}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x, w := p[0], p[1]
		return above(b, x, 0, func() *ir.Value {
			return above(b, x, 2, func() *ir.Value {
				return b.Mul(x, b.Sum(b.Mul(unaryOp(b, "sqrt", w), b.Div(w, b.Mul(w, w))), 0))
			}, func() *ir.Value { return b.Mul(x, b.Sum(w, 0)) })
		}, func() *ir.Value { return x })
	}},
	{"in a comprehension over weights", []ir.Type{f64s(100)}, [][]float64{ramp(100)}, []float64{-1, 0.5, 3}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x := p[0]
		return above(b, x, 0, func() *ir.Value {
			ys := b.Map(ir.N(100), []*ir.Value{p[1]}, func(e []*ir.Value) []*ir.Value {
				w := e[0]
				return []*ir.Value{above(b, w, 0, func() *ir.Value {
					return above(b, x, 2, func() *ir.Value { return b.Mul(unaryOp(b, "log", w), unaryOp(b, "sqrt", minus(b, x, 2))) },
						func() *ir.Value { return b.Div(x, w) })
				}, func() *ir.Value { return b.Mul(w, unaryOp(b, "log", x)) })}
			})
			return b.Sum(ys[0], 0)
		}, func() *ir.Value { return unaryOp(b, "exp", x) })
	}},
	{"of a square matrix in a comprehension", []ir.Type{f64s(3, 3)}, [][]float64{ramp(9)}, []float64{-1, 0.5, 3}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x := p[0]
		ys := b.Map(ir.N(3), []*ir.Value{p[1]}, func(e []*ir.Value) []*ir.Value {
			s := b.Mul(b.Sum(e[0], 0), x)
			return []*ir.Value{above(b, s, 0, func() *ir.Value {
				return above(b, x, 0, func() *ir.Value {
					return b.Mul(unaryOp(b, "log", s), b.Sum(b.Einsum("ij,j->i", unaryOp(b, "exp", p[1]), e[0]), 0))
				}, func() *ir.Value { return unaryOp(b, "sqrt", b.Neg(x)) })
			}, func() *ir.Value { return s })}
		})
		return b.Sum(ys[0], 0)
	}},
	{"in a loop that carries", []ir.Type{f64s(), f64s(4)}, [][]float64{{0}, {1, 0, -1, 2}}, []float64{-1, 0.5, 3}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		x, w := p[0], p[1]
		return above(b, x, 0, func() *ir.Value {
			last, _ := b.Scan(ir.N(4), []*ir.Value{x}, []*ir.Value{p[2]}, false, func(c, e []*ir.Value) ([]*ir.Value, []*ir.Value) {
				y := above(b, e[0], 0, func() *ir.Value {
					return above(b, c[0], 50, func() *ir.Value { return b.Div(unaryOp(b, "log", w), w) },
						func() *ir.Value { return b.Div(c[0], e[0]) })
				}, func() *ir.Value {
					return above(b, c[0], 1, func() *ir.Value { return unaryOp(b, "log", minus(b, c[0], 1)) },
						func() *ir.Value { return b.Mul(c[0], unaryOp(b, "exp", e[0])) })
				})
				return []*ir.Value{unaryOp(b, "tanh", y)}, nil
			})
			return last[0]
		}, func() *ir.Value { return b.One("powi", ir.NAttrs{N: 5}, x) })
	}},
	{"in a function that a branch calls", []ir.Type{f64s()}, [][]float64{{0}}, []float64{-1, 0.5, 3, 800}, func(b *ir.Builder, p []*ir.Value) *ir.Value {
		g := ir.NewFunc("g")
		u, v := g.AddParam("u", f64s(), ir.Input{}), g.AddParam("v", f64s(), ir.Input{})
		c := ir.NewBuilder(b.Module, g)
		c.Return(above(c, u, 2, func() *ir.Value {
			return above(c, u, 1000, func() *ir.Value { return c.Div(u, v) }, func() *ir.Value { return unaryOp(c, "log", minus(c, u, 2)) })
		}, func() *ir.Value { return c.Mul(unaryOp(c, "exp", c.Mul(u, u)), v) }))
		b.Module.Add(g)
		return above(b, p[0], 0, func() *ir.Value { return b.Op("call", ir.CallAttrs{Fn: "g"}, p[0], p[1])[0] },
			func() *ir.Value { return b.Mul(p[0], p[1]) })
	}},
}

func (c nestCase) module() *ir.Module {
	m := &ir.Module{Name: "t", Symbols: []*ir.Symbol{{Name: "L", Class: ir.Batch, Size: 8}}}
	f := ir.NewFunc("f")
	ps := []*ir.Value{f.AddParam("x", f64s(), ir.Input{})}
	for i, t := range c.params {
		ps = append(ps, f.AddParam(fmt.Sprintf("w%d", i), t, ir.Input{}))
	}
	b := ir.NewBuilder(m, f)
	b.Return(c.body(b, ps))
	m.Add(f)
	return m
}

func TestNestedBranches(t *testing.T) {
	for _, c := range nestCases {
		for _, order := range []string{"batch vjp", "vjp batch", "batch jvp", "batch vjp vjp", "batch vjp jvp", "batch jvp vjp", "vjp batch vjp", "vjp jvp batch"} {
			t.Run(c.name+" "+order, func(t *testing.T) { c.check(t, strings.Fields(order)) })
		}
	}
}

func (c nestCase) check(t *testing.T, order []string) {
	shared := make([]bool, 1+len(c.params))
	for i := range c.params {
		shared[1+i] = true
	}
	l := laneCheck{m: c.module(), order: order, n: len(c.xs), shared: shared, finite: true}
	l.value = func(param, lane, element int) float64 {
		switch {
		case param == 0:
			return c.xs[lane]
		case param <= len(c.params):
			return c.shared[param-1][element]
		}
		return 1 - 0.1*float64(param+element%3)
	}
	l.run(t)
}
