package passes

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// Threads about the branch not taken (jax 347, 1052, 5798, 19089, autograd
// 802) and the two that no safe operand saves: in each, some lanes would
// compute an infinity or NaN in the side that they do not take.
var nanThreads = []struct {
	name, text string
	xs         []float64 // some are bad for the side not taken
}{
	{"exp(200)", `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [80]} : f64
  %3 = cmp %0, %2 {pred "lt"} : bool
  %4 = cond %3, %0, %1 (%5: f64, %6: f64) {
    %7 = mul %5, %5 : f64
    %8 = exp %7 : f64
    %9 = mul %8, %6 : f64
    yield %9
  } (%10: f64, %11: f64) {
    %12 = const {t f64, f [0]} : f64
    yield %12
  } : f64
  return %4
}`, []float64{0.5, 200, 1, 90}},
	{"x^5", `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [1e10]} : f64
  %3 = cmp %0, %2 {pred "lt"} : bool
  %4 = cond %3, %0, %1 (%5: f64, %6: f64) {
    %7 = powi %5 {n 5} : f64
    %8 = mul %7, %6 : f64
    yield %8
  } (%9: f64, %10: f64) {
    %11 = sin %10 : f64
    yield %11
  } : f64
  return %4
}`, []float64{0.5, 1e200, 2, 1e90}},
	{"where x > 0, log x", `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [0]} : f64
  %3 = cmp %0, %2 {pred "gt"} : bool
  %4 = cond %3, %0, %1 (%5: f64, %6: f64) {
    %7 = log %5 : f64
    %8 = sqrt %5 : f64
    %9 = mul %7, %6 : f64
    %10 = div %9, %8 : f64
    yield %10
  } (%11: f64, %12: f64) {
    yield %11
  } : f64
  return %4
}`, []float64{0.5, 0, 2, -1}},
	{"the bad value stands before the branch", `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [0]} : f64
  %3 = cmp %0, %2 {pred "gt"} : bool
  %4 = log %0 : f64
  %5 = div %1, %0 : f64
  %6 = cond %3, %4, %5, %1 (%7: f64, %8: f64, %9: f64) {
    %10 = mul %7, %8 : f64
    yield %10
  } (%11: f64, %12: f64, %13: f64) {
    %14 = mul %13, %13 : f64
    yield %14
  } : f64
  return %6
}`, []float64{0.5, 0, 2, -1}},
	{"in two branches, one inside the other, and a loop", `
func @g(%0: f64, %1: f64) -> f64 {
  %2 = sqrt %0 : f64
  %3 = div %1, %2 : f64
  return %3
}
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [0]} : f64
  %3 = cmp %0, %2 {pred "gt"} : bool
  %4 = cond %3, %0, %1 (%5: f64, %6: f64) {
    %7 = const {t f64, f [50]} : f64
    %8 = cmp %5, %7 {pred "lt"} : bool
    %9 = cond %8, %5, %6 (%10: f64, %11: f64) {
      %12 = scan %10, %11 {count 3, captures 1, carries 1, xs 0} (%13: f64, %14: f64) {
        %15 = call @g %13, %14 : f64
        %16 = exp %13 : f64
        %17 = div %15, %16 : f64
        yield %17
      } : f64
      yield %12
    } (%18: f64, %19: f64) {
      %20 = mul %19, %19 : f64
      yield %20
    } : f64
    yield %9
  } (%21: f64, %22: f64) {
    yield %22
  } : f64
  return %4
}`, []float64{0.5, 0, 700, -1, 3}},
}

func TestBranchNotTaken(t *testing.T) {
	for _, c := range nanThreads {
		for _, order := range []string{"vjp batch", "batch vjp", "jvp batch", "batch jvp", "vjp vjp batch", "vjp batch vjp",
			"batch vjp vjp", "vjp jvp batch", "vjp batch jvp", "batch vjp jvp", "jvp batch vjp", "batch jvp vjp", "batch jvp jvp"} {
			t.Run(c.name+" "+order, func(t *testing.T) { checkLanes(t, c.text, c.xs, strings.Fields(order)) })
		}
	}
}

func checkLanes(t *testing.T, text string, xs []float64, order []string) {
	l := laneCheck{m: parse(t, "dim L batch\n"+text), order: order, n: len(xs), shared: make([]bool, 2)}
	l.value = func(param, lane, _ int) float64 {
		switch param {
		case 0:
			return xs[lane]
		case 1:
			return 0.7
		}
		return 1 - 0.1*float64(param)
	}
	l.run(t)
}

// TestSharedWeight: a weight that all rows share gets the sum over rows, of
// which those that do not take the branch give nothing, whatever they hold.
func TestSharedWeight(t *testing.T) {
	m := parse(t, "dim B batch\n"+nanThreads[0].text)
	f, err := Batch(m, "f", []bool{true, false}, ir.Sym("B"), true)
	if err != nil {
		t.Fatal(err)
	}
	g, err := VJP(m, f.Name, []bool{true, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, w, ct := ir.NewTensor(g.Params()[0].Type, 3), ir.NewTensor(g.Params()[1].Type), ir.NewTensor(g.Params()[2].Type, 3)
	x.F, w.F, ct.F = []float64{0.5, 200, 1}, []float64{2}, []float64{1, 1, 1}
	out := run(t, m, map[string]int64{"B": 3}, g, []*ir.Tensor{x, w, ct})
	if got, want := out[2].F[0], math.Exp(0.25)+math.E; !close(got, want, 1e-14) {
		t.Errorf("cotangent of the weight %v, want %v", got, want)
	}
	// A step without rows adds nothing.
	for _, z := range []*ir.Tensor{x, ct} {
		z.F, z.Shape = nil, []int{0}
	}
	if out = run(t, m, map[string]int64{"B": 0}, g, []*ir.Tensor{x, w, ct}); out[2].F[0] != 0 {
		t.Errorf("cotangent without rows %v", out[2].F)
	}
}

// TestGrowth: the gradient of a gradient grows by a factor of about three.
func TestGrowth(t *testing.T) {
	var b strings.Builder
	b.WriteString("func @f(%0: f64) -> f64 {\n")
	rows := []string{"sin", "exp", "tanh", "cos", "exp"}
	for i := 1; i <= 21; i++ {
		if i%3 == 0 {
			fmt.Fprintf(&b, "  %%%d = mul %%%d, %%%d : f64\n", i, i-1, i-2)
		} else {
			fmt.Fprintf(&b, "  %%%d = %s %%%d : f64\n", i, rows[i%5], i-1)
		}
	}
	b.WriteString("  return %21\n}")
	m := parse(t, b.String())
	f, last := m.Func("f"), 21
	for level := 1; level <= 4; level++ {
		in := make([]bool, len(f.Params()))
		in[0] = true
		out := make([]bool, len(f.Results()))
		out[len(out)-1] = true
		v := newDeriver(m)
		g := m.Func(v.vjp(f.Name, in, out))
		v.inlineCalls(g, g.Body)
		// Only the gradient is kept, as `grad` does.
		g.Body.Results = g.Body.Results[len(g.Body.Results)-1:]
		ir.Renumber(g)
		v.tidy(g)
		ir.Renumber(g)
		n := ir.OpCount(g)
		t.Logf("level %d: %d operations", level, n)
		if float64(n) > 3.2*float64(last) {
			t.Errorf("level %d: %d operations from %d", level, n, last)
		}
		f, last = g, n
	}
}
