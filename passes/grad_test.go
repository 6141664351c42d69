package passes

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// gradCase is a function in IR text whose derivatives are checked at every
// order asked for: reverse = forward = Ridders' extrapolated differences.
type gradCase struct {
	name  string
	text  string // of a module; the function is @f
	sizes map[string]int64
	args  map[int][]float64 // values of parameters, by number; the rest is drawn
	order int               // how often the reverse is differentiated again
}

func parse(t *testing.T, text string) *ir.Module {
	t.Helper()
	if !strings.Contains(text, "module \"") {
		text = "module \"t\" numerics 1\n" + text
	}
	m, err := ir.Parse("t.ir", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m, ir.StageRaw); err != nil {
		t.Fatal(err)
	}
	return m
}

// draw makes arguments for f: drawn ones are in [0.3, 1.3].
func draw(t *testing.T, f *ir.Func, sizes map[string]int64, given map[int][]float64, seed int64) []*ir.Tensor {
	t.Helper()
	r := rand.New(rand.NewSource(seed))
	var out []*ir.Tensor
	for i, p := range f.Params() {
		var shape []int
		for _, d := range p.Type.Dims {
			n, err := d.Eval(func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok })
			if err != nil {
				t.Fatal(err)
			}
			shape = append(shape, int(n))
		}
		x := ir.NewTensor(p.Type, shape...)
		for j := range x.F {
			x.F[j] = 0.3 + r.Float64()
			if g := given[i]; g != nil {
				x.F[j] = g[j%len(g)]
			}
		}
		for j := range x.I {
			if g := given[i]; g != nil {
				x.I[j] = int64(g[j%len(g)])
			}
		}
		out = append(out, x)
	}
	return out
}

func run(t *testing.T, m *ir.Module, sizes map[string]int64, f *ir.Func, args []*ir.Tensor) []*ir.Tensor {
	t.Helper()
	out, err := ir.NewEvaluator(m, sizes).Call(f, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, f)
	}
	return out
}

func dot(a, b []*ir.Tensor) float64 {
	s := 0.0
	for i := range a {
		for j := range a[i].F {
			s += a[i].F[j] * b[i].F[j]
		}
	}
	return s
}

func onlyFloats(ts []*ir.Tensor) []*ir.Tensor {
	var out []*ir.Tensor
	for _, x := range ts {
		if x.Type.IsFloat() {
			out = append(out, x)
		}
	}
	return out
}

func noise(like []*ir.Tensor, seed int64) []*ir.Tensor {
	r := rand.New(rand.NewSource(seed))
	var out []*ir.Tensor
	for _, x := range like {
		y := ir.NewTensor(x.Type, x.Shape...)
		for j := range y.F {
			y.F[j] = r.Float64()*2 - 1
		}
		out = append(out, y)
	}
	return out
}

// ridders is the derivative of f at 0 by extrapolated central differences.
func ridders(f func(float64) float64) float64 {
	const con, n = 1.4, 12
	var a [n][n]float64
	h, best, err := 0.02, 0.0, math.Inf(1)
	for i := range n {
		a[0][i] = (f(h) - f(-h)) / (2 * h)
		fac := con * con
		for j := 1; j <= i; j++ {
			a[j][i] = (a[j-1][i]*fac - a[j-1][i-1]) / (fac - 1)
			fac *= con * con
			e := math.Max(math.Abs(a[j][i]-a[j-1][i]), math.Abs(a[j][i]-a[j-1][i-1]))
			if e <= err {
				err, best = e, a[j][i]
			}
		}
		h /= con
	}
	return best
}

func (c gradCase) check(t *testing.T) {
	m := parse(t, c.text)
	f, args := m.Func("f"), []*ir.Tensor(nil)
	for level := 0; level <= c.order; level++ {
		if args == nil {
			args = draw(t, f, c.sizes, c.args, 1)
		} else {
			more := draw(t, f, c.sizes, nil, int64(level)+7)
			args = append(args, more[len(args):]...)
		}
		f = checkLevel(t, fmt.Sprintf("order %d", level+1), m, f, c.sizes, args)
	}
}

// checkLevel compares the three derivatives of f, and its optimised forms,
// and returns its reverse.
func checkLevel(t *testing.T, what string, m *ir.Module, f *ir.Func, sizes map[string]int64, args []*ir.Tensor) *ir.Func {
	t.Helper()
	in := floats(f.Params())
	jvp, err := JVP(m, f.Name, in)
	if err != nil {
		t.Fatal(err)
	}
	vjp, err := VJP(m, f.Name, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m, ir.StageDerived); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, m)
	}
	u := noise(onlyFloats(args), 3)
	y := run(t, m, sizes, f, args)
	w := noise(onlyFloats(y), 5)
	shift := func(h float64) float64 {
		var moved []*ir.Tensor
		k := 0
		for _, x := range args {
			if x.Type.IsFloat() {
				z := ir.NewTensor(x.Type, x.Shape...)
				for j := range z.F {
					z.F[j] = x.F[j] + h*u[k].F[j]
				}
				x, k = z, k+1
			}
			moved = append(moved, x)
		}
		return dot(w, onlyFloats(run(t, m, sizes, f, moved)))
	}
	diff := ridders(shift)
	forward := dot(w, run(t, m, sizes, jvp, append(append([]*ir.Tensor{}, args...), u...))[len(y):])
	back := run(t, m, sizes, vjp, append(append([]*ir.Tensor{}, args...), w...))
	reverse := dot(u, back[len(y):])
	if !close(forward, diff, 1e-7) || !close(reverse, forward, 1e-11) {
		t.Errorf("%s: forward %.15g reverse %.15g differences %.15g\n%s", what, forward, reverse, diff, m)
	}
	optimised(t, what, m, sizes, vjp.Name, append(append([]*ir.Tensor{}, args...), w...), back)
	return vjp
}

func close(a, b, tol float64) bool {
	return a == b || math.Abs(a-b) <= tol*(1+math.Abs(a)+math.Abs(b))
}

// optimised runs all further passes on a copy of m and compares results.
func optimised(t *testing.T, what string, m *ir.Module, sizes map[string]int64, fn string, args, want []*ir.Tensor) {
	t.Helper()
	c := clone(m)
	s := ir.Sizes{}
	for n, x := range sizes {
		s[n] = ir.Size{Actual: x, Capacity: x}
	}
	for _, list := range [][]Pass{SizeFree, Sized} {
		err := Run(c, list, s, func(name string, m *ir.Module) {
			same(t, what+" after "+name, run(t, m, sizes, m.Func(fn), args), want)
		})
		if err != nil {
			t.Fatalf("%s: %v\n%s", what, err, c.Func(fn))
		}
	}
}

func clone(m *ir.Module) *ir.Module {
	c := *m
	c.SetFuncs(nil)
	c.Symbols = append([]*ir.Symbol{}, m.Symbols...)
	for _, f := range m.Funcs {
		c.Add(ir.Clone(f, f.Name))
	}
	return &c
}

func same(t *testing.T, what string, got, want []*ir.Tensor) {
	t.Helper()
	for i := range want {
		for j := range want[i].F {
			a, b := got[i].F[j], want[i].F[j]
			if !close(a, b, 1e-11) && !(math.IsNaN(a) && math.IsNaN(b)) {
				t.Fatalf("%s: result %d element %d is %v, was %v", what, i, j, a, b)
			}
		}
		for j := range want[i].I {
			if got[i].I[j] != want[i].I[j] {
				t.Fatalf("%s: result %d element %d is %v, was %v", what, i, j, got[i].I[j], want[i].I[j])
			}
		}
	}
}

var gradCases = []gradCase{
	{name: "chain", order: 2, text: `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = mul %0, %1 : f64
  %3 = sin %2 : f64
  %4 = exp %3 : f64
  %5 = div %4, %1 : f64
  return %5
}`},
	{name: "mlp", order: 1, text: `
func @f(%0: f64[3,4], %1: f64[4], %2: f64[3]) -> f64 {
  %3 = einsum %2, %0 {spec "i,io->o"} : f64[4]
  %4 = add %3, %1 : f64[4]
  %5 = tanh %4 : f64[4]
  %6 = mul %5, %5 : f64[4]
  %7 = reduce_sum %6 {axes [0]} : f64
  return %7
}`},
	{name: "call", order: 2, text: `
func @g(%0: f64[3], %1: f64[3], %2: i64) -> f64[3], i64, f64 {
  %3 = mul %0, %1 : f64[3]
  %4 = sin %3 : f64[3]
  %5 = reduce_sum %4 {axes [0]} : f64
  return %4, %2, %5
}
func @f(%0: f64[3], %1: i64) -> f64 {
  %2, %3, %4 = call @g %0, %0, %1 : f64[3], i64, f64
  %5, %6, %7 = call @g %2, %0, %3 : f64[3], i64, f64
  %8 = mul %4, %7 : f64
  return %8
}`},
	{name: "cond", order: 2, text: `
func @f(%0: f64, %1: f64, %2: f64[2]) -> f64, f64[2] {
  %3 = cmp %0, %1 {pred "lt"} : bool
  %4, %5 = cond %3, %0, %1, %2 (%6: f64, %7: f64, %8: f64[2]) {
    %9 = mul %6, %7 : f64
    %10 = exp %9 : f64
    yield %10, %8
  } (%11: f64, %12: f64, %13: f64[2]) {
    %14 = sin %11 : f64
    %15 = mul %13, %13 : f64[2]
    yield %14, %15
  } : f64, f64[2]
  return %4, %5
}`},
	{name: "scan", order: 1, text: `
func @f(%0: f64[3,3], %1: f64[3], %2: f64[5,3]) -> f64[3], f64[5] {
  %3, %4 = scan %0, %1, %2 {count 5, captures 1, carries 1, xs 1} (%5: f64[3,3], %6: f64[3], %7: f64[3]) {
    %8 = einsum %5, %6 {spec "ij,j->i"} : f64[3]
    %9 = exp %5 : f64[3,3]
    %10 = reduce_sum %9 {axes [0]} : f64[3]
    %11 = mul %8, %7 : f64[3]
    %12 = add %11, %10 : f64[3]
    %13 = tanh %12 : f64[3]
    %14 = mul %13, %6 : f64[3]
    %15 = reduce_sum %14 {axes [0]} : f64
    yield %13, %15
  } : f64[3], f64[5]
  return %3, %4
}`},
	{name: "scan reverse, late carry", order: 1, text: `
func @f(%0: f64[4], %1: f64) -> f64, f64[4] {
  %2 = const {t f64, f [1]} : f64
  %3 = const {t i64, i [0]} : i64
  %4, %5, %6 = scan %1, %2, %3, %0 {count 4, captures 1, carries 2, xs 1, reverse true} (%7: f64, %8: f64, %9: i64, %10: f64) {
    %11 = mul %8, %10 : f64
    %12 = sin %7 : f64
    %13 = add %11, %12 : f64
    %14 = const {t i64, i [1]} : i64
    %15 = add %9, %14 : i64
    %16 = convert %15 {k f64} : f64
    %17 = mul %16, %13 : f64
    yield %13, %15, %17
  } : f64, i64, f64[4]
  return %4, %6
}`},
	{name: "nested", order: 1, text: `
func @h(%0: f64, %1: f64) -> f64 {
  %2 = mul %0, %1 : f64
  %3 = sin %2 : f64
  return %3
}
func @f(%0: f64[4], %1: f64[3], %2: f64) -> f64 {
  %3 = scan %1, %2, %0 {count 4, captures 1, carries 1, xs 1} (%4: f64[3], %5: f64, %6: f64) {
    %7 = cmp %6, %5 {pred "lt"} : bool
    %8 = cond %7, %4, %5, %6 (%9: f64[3], %10: f64, %11: f64) {
      %12 = scan %11, %10, %9 {count 3, captures 1, carries 1, xs 1} (%13: f64, %14: f64, %15: f64) {
        %16 = mul %13, %15 : f64
        %17 = call @h %16, %14 : f64
        yield %17
      } : f64
      yield %12
    } (%18: f64[3], %19: f64, %20: f64) {
      %21 = reduce_sum %18 {axes [0]} : f64
      %22 = call @h %21, %20 : f64
      yield %22
    } : f64
    yield %8
  } : f64
  return %3
}`},
	{name: "gather in a loop", order: 1, text: `
func @f(%0: f64[6], %1: f64) -> f64 {
  %2 = const {t index<6>[4], i [0, 2, 2, 5]} : index<6>[4]
  %3 = scan %0, %1, %2 {count 4, captures 1, carries 1, xs 1} (%4: f64[6], %5: f64, %6: index<6>) {
    %7 = gather %4, %6 {axis 0, batch_dims 0} : f64
    %8 = mul %7, %5 : f64
    %9 = sin %8 : f64
    yield %9
  } : f64
  return %3
}`},
	{name: "map", order: 1, text: `
func @f(%0: f64[4], %1: f64[3,3], %2: f64) -> f64[4], f64 {
  %3 = map %1, %2, %0 {count 4, captures 2, xs 1} (%4: f64[3,3], %5: f64, %6: f64) {
    %7 = reduce_sum %4 {axes [0, 1]} : f64
    %8 = mul %6, %5 : f64
    %9 = cmp %6, %5 {pred "lt"} : bool
    %10 = cond %9, %7, %8 (%11: f64, %12: f64) {
      %13 = mul %11, %12 : f64
      yield %13
    } (%14: f64, %15: f64) {
      %16 = sin %15 : f64
      yield %16
    } : f64
    yield %10
  } : f64[4]
  %17 = reduce_sum %3 {axes [0]} : f64
  return %3, %17
}`},
	{name: "square weight in a branch by lane", order: 1, text: `
func @f(%0: f64[3,3], %1: f64[3,3]) -> f64[3,3] {
  %2 = map %0, %1 {count 3, captures 1, xs 1} (%3: f64[3,3], %4: f64[3]) {
    %5 = reduce_sum %4 {axes [0]} : f64
    %6 = const {t f64, f [2.2]} : f64
    %7 = cmp %5, %6 {pred "lt"} : bool
    %8 = cond %7, %3, %4 (%9: f64[3,3], %10: f64[3]) {
      %11 = exp %9 : f64[3,3]
      %12 = einsum %11, %10 {spec "ij,j->i"} : f64[3]
      %13 = sin %12 : f64[3]
      yield %13
    } (%14: f64[3,3], %15: f64[3]) {
      %16 = einsum %14, %15 {spec "ij,i->j"} : f64[3]
      yield %16
    } : f64[3]
    yield %8
  } : f64[3,3]
  return %2
}`},
	{name: "loop in a branch by lane", order: 1, text: `
func @f(%0: f64[4,4], %1: f64[4], %2: f64[4]) -> f64[4] {
  %3 = map %1, %0, %2 {count 4, captures 1, xs 2} (%4: f64[4], %5: f64[4], %6: f64) {
    %7 = const {t f64, f [0.8]} : f64
    %8 = cmp %6, %7 {pred "lt"} : bool
    %9 = cond %8, %4, %5, %6 (%10: f64[4], %11: f64[4], %12: f64) {
      %13 = scan %10, %12, %11 {count 4, captures 1, carries 1, xs 1} (%14: f64[4], %15: f64, %16: f64) {
        %17 = reduce_sum %14 {axes [0]} : f64
        %18 = mul %16, %15 : f64
        %19 = add %18, %17 : f64
        %20 = sin %19 : f64
        yield %20
      } : f64
      yield %13
    } (%21: f64[4], %22: f64[4], %23: f64) {
      %24 = mul %23, %23 : f64
      yield %24
    } : f64
    yield %9
  } : f64[4]
  return %3
}`},
}

func TestGradients(t *testing.T) {
	for _, c := range gradCases {
		t.Run(c.name, c.check)
	}
}
