package runtime

import (
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// chains are regions over parameters of one type: a polynomial of degree 4 as
// eight operations, tanh(ax+b), gelu by tanh, and a step of Adam.
var chains = map[string]func(b *ir.Builder, k func(float64) *ir.Value, x []*ir.Value) []*ir.Value{
	"poly": func(b *ir.Builder, k func(float64) *ir.Value, x []*ir.Value) []*ir.Value {
		y := k(1.1)
		for _, c := range []float64{1.2, 1.3, 1.4, 1.5} {
			y = b.Add(b.Mul(y, x[0]), k(c))
		}
		return []*ir.Value{y}
	},
	"tanh": func(b *ir.Builder, k func(float64) *ir.Value, x []*ir.Value) []*ir.Value {
		return []*ir.Value{b.One("tanh", nil, b.Add(b.Mul(x[0], k(1.5)), k(0.25)))}
	},
	"gelu": func(b *ir.Builder, k func(float64) *ir.Value, x []*ir.Value) []*ir.Value {
		cube := b.Mul(b.Mul(x[0], x[0]), x[0])
		t := b.One("tanh", nil, b.Mul(b.Add(x[0], b.Mul(cube, k(0.044715))), k(0.7978845608)))
		return []*ir.Value{b.Mul(b.Mul(x[0], k(0.5)), b.Add(t, k(1)))}
	},
	"adam": func(b *ir.Builder, k func(float64) *ir.Value, x []*ir.Value) []*ir.Value {
		p, m, v, g := x[0], x[1], x[2], x[3]
		m = b.Add(b.Mul(m, k(0.9)), b.Mul(g, k(0.1)))
		v = b.Add(b.Mul(v, k(0.999)), b.Mul(b.Mul(g, g), k(0.001)))
		d := b.Div(b.Mul(m, k(1e-3)), b.Add(b.One("sqrt", nil, v), k(1e-8)))
		return []*ir.Value{b.Sub(p, d), m, v}
	},
}

// BenchmarkChains times regions in machine code beside the interpreter of
// tiles, in turns; the best of each counts.
func BenchmarkChains(b *testing.B) {
	needCode(b)
	for _, kind := range []ir.Kind{ir.F32, ir.F64} {
		for _, name := range []string{"poly", "tanh", "gelu", "adam"} {
			b.Run(name+"/"+kind.String(), func(b *testing.B) { benchChain(b, name, kind) })
		}
	}
}

func benchChain(b *testing.B, name string, kind ir.Kind) {
	const n = 4096
	m := &ir.Module{}
	f := ir.NewFunc("main")
	build := ir.NewBuilder(m, f)
	t := ir.TensorOf(kind, ir.N(n))
	var params []*ir.Value
	for range 4 {
		params = append(params, f.AddParam("", t, ir.Input{}))
	}
	inner := build.Open(t, t, t, t)
	c := build.Close(chains[name](build, func(x float64) *ir.Value { return build.Float(t, x) }, inner)...)
	build.Return(build.OpWith("fused", nil, []*ir.Region{c.Region}, params...)...)
	m.Add(f)
	var in []*array.Array
	for range params {
		a := array.New(kind, n)
		for i := range n {
			a.SetFloat(i, float64(i%2048)*0.003)
		}
		in = append(in, a)
	}
	best := [2]time.Duration{time.Hour, time.Hour}
	var fns [2]*Function
	var outs [2][]*array.Array
	for i, no := range []bool{true, false} {
		prog, err := Load(m, ir.Sizes{}, Options{NoJIT: no})
		if err != nil {
			b.Fatal(err)
		}
		defer prog.Close()
		if fns[i], err = prog.Function("main", nil); err != nil {
			b.Fatal(err)
		}
		outs[i] = make([]*array.Array, len(f.Results()))
	}
	for b.Loop() {
		for i, fn := range fns {
			began := time.Now()
			if err := fn.Run(in, outs[i], nil); err != nil {
				b.Fatal(err)
			}
			best[i] = min(best[i], time.Since(began))
		}
	}
	b.ReportMetric(float64(best[0])/n, "interpreted-ns/element")
	b.ReportMetric(float64(best[1])/n, "code-ns/element")
	b.ReportMetric(float64(best[0])/float64(best[1]), "times")
}
