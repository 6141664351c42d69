package passes

import (
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// TestStableAtBorders: a law that changes numbers never makes a NaN, and what
// was finite stays what it was; an infinity may become the number that it
// stands for. So for the values, and for first and second derivatives.
func TestStableAtBorders(t *testing.T) {
	inf := math.Inf(1)
	vectors := [][]float64{{0, 0, 0}, {-inf, -inf, -inf}, {-inf, 0, 1}, {-inf, -inf, 2}, {800, 0, -800}, {800, 800, 800},
		{-800, -800, -800}, {1e300, 1, -1e300}, {math.Copysign(0, -1), 0, 1}, {5e-324, -5e-324, 1}, {1e-9, -1e-9, 1e-300}}
	for _, l := range stableLaws {
		text := lawExamples[l.Name]
		full := "func @f(%0: f64[3], %1: f64[3], %2: bool[3]) -> " + resultTypes(text) + " {\n" + text + "\n}"
		for order, transform := range []func(m *ir.Module) *ir.Func{same0, gradient, hessian} {
			m, c := parse(t, full), parse(t, full)
			newDeriver(c).rewrite(c.Func("f"), Approximate, false)
			f, g := transform(m), transform(c)
			for _, xs := range vectors {
				args := draw(t, f, nil, map[int][]float64{0: xs, 1: {0.5, -1, 2}, 2: {1, 0, 1}}, 1)
				want, got := run(t, m, nil, f, args), run(t, c, nil, g, args)
				for i := range want {
					for j := range want[i].F {
						a, b := got[i].F[j], want[i].F[j]
						if l.Name == "norm-square" && order == 2 {
							continue // right at 0 by the law alone: the branch of the norm is flat there
						}
						bad := math.IsNaN(a) && !math.IsNaN(b) || !math.IsInf(b, 0) && !math.IsNaN(b) && !close(a, b, 1e-7)
						if bad {
							t.Errorf("%s, derivative %d at %v: result %d element %d is %v, was %v\n%s", l.Name, order, xs, i, j, a, b, g)
						}
					}
				}
			}
		}
	}
}

func same0(m *ir.Module) *ir.Func { return m.Func("f") }

// gradient is the reverse of f with respect to its first parameter.
func gradient(m *ir.Module) *ir.Func {
	g, err := VJP(m, "f", []bool{true, false, false}, nil)
	if err != nil {
		panic(err)
	}
	return g
}

// hessian is the derivative of gradient along a direction.
func hessian(m *ir.Module) *ir.Func {
	g := gradient(m)
	in := make([]bool, len(g.Params()))
	in[0] = true
	h, err := JVP(m, g.Name, in)
	if err != nil {
		panic(err)
	}
	return h
}

// TestSecondAtZero: derivatives at kinks and where naive forms cancel, through
// all passes, of a batch of rows of which others lie elsewhere.
func TestSecondAtZero(t *testing.T) {
	cases := []struct {
		name, body    string     // of @f(%0: f64) -> f64
		first, second [3]float64 // at 0, 2 and -2
	}{
		{"log(1 + exp x)", "%1 = const {t f64, f [1]} : f64\n%2 = exp %0 : f64\n%3 = add %1, %2 : f64\n%4 = log %3 : f64\nreturn %4",
			[3]float64{0.5, 0.8807970779778823, 0.11920292202211755}, [3]float64{0.25, 0.10499358540350652, 0.10499358540350652}},
		{"-log(logistic x)", "%1 = logistic %0 : f64\n%2 = log %1 : f64\n%3 = neg %2 : f64\nreturn %3",
			[3]float64{-0.5, -0.11920292202211755, -0.8807970779778823}, [3]float64{0.25, 0.10499358540350652, 0.10499358540350652}},
		{"relu", "%1 = const {t f64, f [0]} : f64\n%2 = cmp %0, %1 {pred \"gt\"} : bool\n%3 = cond %2, %0, %1 (%4: f64, %5: f64) {\nyield %4\n} (%6: f64, %7: f64) {\nyield %7\n} : f64\nreturn %3",
			[3]float64{0, 1, 0}, [3]float64{}},
		{"abs", "%1 = abs %0 : f64\nreturn %1", [3]float64{0, 1, -1}, [3]float64{}},
		{"x·|x|", "%1 = abs %0 : f64\n%2 = mul %0, %1 : f64\nreturn %2", [3]float64{0, 4, 4}, [3]float64{0, 2, -2}},
		{"pow(x, 2)", "%1 = const {t f64, f [2]} : f64\n%2 = pow %0, %1 : f64\nreturn %2", [3]float64{0, 4, -4}, [3]float64{2, 2, 2}},
		{"x^3", "%1 = powi %0 {n 3} : f64\nreturn %1", [3]float64{0, 12, 12}, [3]float64{0, 12, -12}},
	}
	for _, c := range cases {
		m := parse(t, "dim B batch = 3\nfunc @f(%0: f64) -> f64 {\n"+c.body+`
}
func @d(%0: f64) -> f64 {
  %1 = const {t f64, f [1]} : f64
  %2, %3 = call @f !vjp{in 0b1, out 0b1} %0, %1 : f64, f64
  return %3
}
func @dd(%0: f64[B]) -> f64[B], f64[B] {
  %1 = const {t f64[B], f [1]} : f64[B]
  %2, %3 = call @d !batch{in 0b1, d B, rows true} !vjp{in 0b1, out 0b1} %0, %1 : f64[B], f64[B]
  return %2, %3
}`)
		if err := Run(m, SizeFree, nil, nil); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		x := ir.NewTensor(m.Func("dd").Params()[0].Type, 3)
		x.F = []float64{0, 2, -2}
		out := run(t, m, map[string]int64{"B": 3}, m.Func("dd"), []*ir.Tensor{x})
		for i := range 3 {
			if !close(out[0].F[i], c.first[i], 1e-14) || !close(out[1].F[i], c.second[i], 1e-14) {
				t.Errorf("%s at %v: %v and %v, want %v and %v", c.name, x.F[i], out[0].F[i], out[1].F[i], c.first[i], c.second[i])
			}
		}
	}
}
