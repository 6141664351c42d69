package passes

import (
	"fmt"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
)

// recurrent is a loop with a weight, inputs and a carry.
const recurrent = `
func @f(%%0: f64[3,3], %%1: f64[3], %%2: f64[%[1]s,3]) -> f64 {
  %%3 = scan %%0, %%1, %%2 {count %[1]s, captures 1, carries 1, xs 1} (%%4: f64[3,3], %%5: f64[3], %%6: f64[3]) {
    %%7 = exp %%4 : f64[3,3]
    %%8 = einsum %%7, %%5 {spec "ij,j->i"} : f64[3]
    %%9 = add %%8, %%6 : f64[3]
    %%10 = tanh %%9 : f64[3]
    yield %%10
  } : f64[3]
  %%11 = reduce_sum %%3 {axes [0]} : f64
  return %%11
}`

// derivedLoop is the gradient of recurrent, through all size-free passes.
func derivedLoop(t *testing.T, count string) (*ir.Module, *ir.Func) {
	m := parse(t, fmt.Sprintf(recurrent, count))
	g, err := VJP(m, "f", every(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(m, SizeFree, nil, nil); err != nil {
		t.Fatal(err)
	}
	return m, m.Func(g.Name)
}

// TestLoopResiduals: a loop of the gradient stores per step what depends on
// the step, and once what does not (see Note: residuals of loops).
func TestLoopResiduals(t *testing.T) {
	_, g := derivedLoop(t, "7")
	for _, op := range g.Body.Ops {
		a, ok := op.Attrs.(ir.ScanAttrs)
		if !ok {
			continue
		}
		for _, x := range op.Results[a.Carries:] {
			if x.Type.Rank() > 2 {
				t.Errorf("stacked: %s\n%s", x.Type, g)
			}
		}
		ir.Walk(op.Regions[0], func(o *ir.Op) {
			if o.Row.Name == "exp" {
				t.Errorf("computed again in every step: %s\n%s", o, g)
			}
		})
	}
}

// TestLoopContraction: the cotangent of a recurrent weight is one contraction
// over all steps.
func TestLoopContraction(t *testing.T) {
	m := parse(t, `
func @f(%0: f64[3,3], %1: f64[3], %2: f64[5,3]) -> f64 {
  %3 = scan %0, %1, %2 {count 5, captures 1, carries 1, xs 1} (%4: f64[3,3], %5: f64[3], %6: f64[3]) {
    %7 = einsum %4, %5 {spec "ij,j->i"} : f64[3]
    %8 = add %7, %6 : f64[3]
    %9 = tanh %8 : f64[3]
    yield %9
  } : f64[3]
  %10 = reduce_sum %3 {axes [0]} : f64
  return %10
}`)
	g := checkLevel(t, "loop", m, m.Func("f"), nil, draw(t, m.Func("f"), nil, nil, 1))
	if err := Run(m, SizeFree, nil, nil); err != nil {
		t.Fatal(err)
	}
	g = m.Func(g.Name)
	for _, op := range g.Body.Ops {
		if op.Row.Name == "einsum" && op.Results[0].Type.Rank() == 2 {
			return
		}
	}
	t.Errorf("no contraction over the steps\n%s", g)
}

// TestLoopLength: neither the code nor the time to make it depends on the
// number of steps.
func TestLoopLength(t *testing.T) {
	_, short := derivedLoop(t, "3")
	start := time.Now()
	_, long := derivedLoop(t, "100000")
	if d := time.Since(start); d > time.Second {
		t.Errorf("a loop of 100000 steps took %v to derive", d)
	}
	if a, b := ir.OpCount(short), ir.OpCount(long); a != b {
		t.Errorf("%d operations for 3 steps, %d for 100000", a, b)
	}
}

// TestAccumulator: the cotangent of an array that a loop gathers from is
// added to in place, also through a branch and a call inside the loop.
func TestAccumulator(t *testing.T) {
	m := parse(t, `
func @pick(%0: f64[1000], %1: index<1000>) -> f64 {
  %2 = gather %0, %1 {axis 0, batch_dims 0} : f64
  %3 = sin %2 : f64
  return %3
}
func @f(%0: f64[1000], %1: index<1000>[50], %2: f64) -> f64 {
  %3 = scan %0, %2, %1 {count 50, captures 1, carries 1, xs 1} (%4: f64[1000], %5: f64, %6: index<1000>) {
    %7 = const {t f64, f [3]} : f64
    %8 = cmp %5, %7 {pred "lt"} : bool
    %9 = cond %8, %4, %5, %6 (%10: f64[1000], %11: f64, %12: index<1000>) {
      %13 = call @pick %10, %12 : f64
      %14 = mul %13, %11 : f64
      yield %14
    } (%15: f64[1000], %16: f64, %17: index<1000>) {
      yield %16
    } : f64
    yield %9
  } : f64
  return %3
}`)
	g, err := VJP(m, "f", []bool{true, false, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m, ir.StageDerived); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Funcs {
		if f == g || !reachable(m, g, f) {
			continue
		}
		ir.WalkRegions(f.Body, func(r *ir.Region) {
			for _, op := range r.Ops {
				big := len(op.Results) > 0 && op.Results[0].Type.Rank() == 1 && op.Results[0].Type.Dims[0] == ir.N(1000)
				inLoop := r != f.Body || len(f.Inputs) > 0 && op.Row.Name != "const"
				if big && inLoop && !op.Row.Has(ir.Control) && op.Row.Name != "scatter_add" {
					t.Errorf("%s costs the size of the array in every step\n%s", op, f)
				}
			}
		})
	}
}

func reachable(m *ir.Module, from, f *ir.Func) bool {
	for _, c := range ir.Callees(from) {
		if c == f.Name || reachable(m, m.Func(c), f) {
			return true
		}
	}
	return false
}
