package jit

import (
	"math"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// chain is a program of a chain of operations on f32, with its streams.
type chain struct {
	*Program
	lane macro.Lane
}

func (c chain) k(x float64) Value {
	if c.lane == macro.F64 {
		return c.Const(W8, b64(x))
	}
	return c.Const(W4, b32(float32(x)))
}

func (c chain) do(row string, x ...Value) Value {
	m, ok := macro.For(row, c.lane, 2)
	if !ok {
		panic(row)
	}
	return c.Expand(m, x...)
}

func (c chain) load() Value {
	w := Width(c.lane.Bits() / 8)
	return c.Load(c.Stream(kindOf(w), Direct), w)
}

func (c chain) store(v Value, over ...int) { c.Output(c.Stream(kindOf(c.Width(v)), Direct), v, over) }

var chainNames = []string{"adds", "poly", "divs", "roots", "tanh", "gelu", "adam", "call"}

// chains are a polynomial of degree 4 as eight operations, tanh(ax+b), gelu by
// tanh, a step of Adam, and the price of a call option.
var chains = map[string]func(c chain){
	"call": price,
	"adds": func(c chain) {
		x := c.load()
		a, b, d := x, x, x
		for range 24 {
			a, b, d = c.do("add", a, x), c.do("add", b, a), c.do("add", d, b)
		}
		c.store(d)
	},
	"divs": func(c chain) {
		x, y := c.load(), c.k(1.0001)
		for range 4 {
			y = c.do("div", y, x)
		}
		c.store(y)
	},
	"roots": func(c chain) {
		x := c.load()
		for range 4 {
			x = c.do("sqrt", x)
		}
		c.store(x)
	},
	"poly": func(c chain) {
		x := c.load()
		y := c.k(1.1)
		for _, k := range []float64{1.2, 1.3, 1.4, 1.5} {
			y = c.do("add", c.do("mul", y, x), c.k(k))
		}
		c.store(y)
	},
	"tanh": func(c chain) {
		c.store(c.do("tanh", c.do("add", c.do("mul", c.load(), c.k(1.5)), c.k(0.25))))
	},
	"gelu": func(c chain) {
		x := c.load()
		cube := c.do("mul", c.do("mul", x, x), x)
		t := c.do("tanh", c.do("mul", c.do("add", x, c.do("mul", cube, c.k(0.044715))), c.k(0.7978845608)))
		c.store(c.do("mul", c.do("mul", x, c.k(0.5)), c.do("add", t, c.k(1))))
	},
	"adam": func(c chain) {
		p, m, v, g := c.load(), c.load(), c.load(), c.load()
		m = c.do("add", c.do("mul", m, c.k(0.9)), c.do("mul", g, c.k(0.1)))
		v = c.do("add", c.do("mul", v, c.k(0.999)), c.do("mul", c.do("mul", g, g), c.k(0.001)))
		c.store(m)
		c.store(v)
		c.store(c.do("sub", p, c.do("div", c.do("mul", m, c.k(1e-3)), c.do("add", c.do("sqrt", v), c.k(1e-8)))))
	},
}

// price is the formula of Black and Scholes.
func price(c chain) {
	spot, strike, years, rate, sigma := c.load(), c.load(), c.load(), c.load(), c.load()
	cdf := func(x Value) Value {
		return c.do("mul", c.k(0.5), c.do("add", c.k(1), c.do("erf", c.do("div", x, c.k(math.Sqrt2)))))
	}
	root := c.do("mul", sigma, c.do("sqrt", years))
	drift := c.do("mul", c.do("add", rate, c.do("mul", c.k(0.5), c.do("mul", sigma, sigma))), years)
	d := c.do("div", c.do("add", c.do("log", c.do("div", spot, strike)), drift), root)
	far := c.do("mul", c.do("mul", strike, c.do("exp", c.do("mul", c.do("neg", rate), years))), cdf(c.do("sub", d, root)))
	c.store(c.do("sub", c.do("mul", spot, cdf(d)), far))
}

func BenchmarkCompile(b *testing.B) {
	for _, set := range []Set{AVX2, AVX512} {
		for _, name := range chainNames {
			b.Run(name+"/"+set.String(), func(b *testing.B) {
				for range b.N {
					p := New()
					p.Rows(4096)
					chains[name](chain{p, macro.F32})
					m := Memory{Set: set}
					if _, err := m.Add(p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkMap is what making code executable costs beside compiling it.
func BenchmarkMap(b *testing.B) {
	needCode(b)
	p := New()
	chains["tanh"](chain{p, macro.F32})
	for range b.N {
		var m Memory
		if _, err := m.Add(p); err != nil {
			b.Fatal(err)
		}
		if err := m.Seal(); err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

func BenchmarkChains(b *testing.B) {
	needCode(b)
	for _, lane := range []macro.Lane{macro.F32, macro.F64} {
		for _, name := range chainNames {
			for _, set := range sets() {
				b.Run(name+"/"+lane.String()+"/"+set.String(), func(b *testing.B) { benchmarkChain(b, name, lane, set) })
			}
		}
	}
}

func benchmarkChain(b *testing.B, name string, lane macro.Lane, set Set) {
	const n = 4096
	p := New()
	p.Rows(n)
	chains[name](chain{p, lane})
	m := Memory{Set: set}
	defer m.Close()
	f, err := m.Add(p)
	if err == nil {
		err = m.Seal()
	}
	if err != nil {
		b.Fatal(err)
	}
	a := f.NewArgs()
	for i, s := range p.streams {
		buf := newBuffer(s.kind, 1, n)
		for j := range n {
			x := 0.5 + float64(j)*0.003
			v := b64(x)
			if s.kind == B4 {
				v = b32(float32(x))
			}
			buf.set(j, v)
		}
		a.Stream(i, buf.start(), 0)
	}
	best := time.Hour
	for range b.N {
		start := time.Now()
		for range 4 {
			if row, _ := f.Run(a, 1, n); row != 1 {
				b.Fatal("left")
			}
		}
		best = min(best, time.Since(start)/4)
	}
	bound := f.Bound()
	b.ReportMetric(float64(best.Nanoseconds())/n, "best-ns/element")
	b.ReportMetric(bound.Cycles/float64(bound.Elements)*n/float64(best.Nanoseconds()), "bound-GHz")
}
