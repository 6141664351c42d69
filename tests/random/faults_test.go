package random

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
)

// faultCases are functions of a row whose branches guard what may fail: a
// division by zero, an overflow, an index, a conversion, an assertion.
var faultCases = []struct{ name, text string }{
	{"division, index and assertion, one inside the other", `
func @f(%0: i64, %1: i64, %2: f64[4]) -> f64 {
  %3 = const {t i64, i [0]} : i64
  %4 = cmp %1, %3 {pred "ne"} : bool
  %5 = cond %4, %0, %1, %2 (%6: i64, %7: i64, %8: f64[4]) {
    %9 = div %6, %7 : i64
    %10 = const {t i64, i [0]} : i64
    %11 = cmp %9, %10 {pred "ge"} : bool
    %12 = cond %11, %9, %8 (%13: i64, %14: f64[4]) {
      %15 = convert %13 {k index, bound 4} : index<4>
      %16 = gather %14, %15 {axis 0, batch_dims 0} : f64
      yield %16
    } (%17: i64, %18: f64[4]) {
      %19 = const {t i64, i [-3]} : i64
      %20 = cmp %17, %19 {pred "gt"} : bool
      assert %20 {message "too small"}
      %21 = convert %17 {k f64} : f64
      yield %21
    } : f64
    yield %12
  } (%22: i64, %23: i64, %24: f64[4]) {
    %25 = const {t i64, i [4611686018427387904]} : i64
    %26 = mul %22, %25 : i64
    %27 = convert %26 {k f64} : f64
    yield %27
  } : f64
  return %5
}`},
	{"conversions of numbers in a comprehension", `
func @f(%0: i64, %1: i64, %2: f64[4]) -> f64 {
  %3 = map %0, %1, %2 {count 4, captures 2, xs 1} (%4: i64, %5: i64, %6: f64) {
    %7 = const {t i64, i [1]} : i64
    %8 = cmp %5, %7 {pred "gt"} : bool
    %9 = cond %8, %4, %5, %6 (%10: i64, %11: i64, %12: f64) {
      %13 = const {t f64, f [0]} : f64
      %14 = cmp %12, %13 {pred "gt"} : bool
      %15 = cond %14, %10, %11, %12 (%16: i64, %17: i64, %18: f64) {
        %19 = const {t f64, f [1e18]} : f64
        %20 = mul %18, %19 : f64
        %21 = convert %20 {k i64} : i64
        %22 = add %21, %16 : i64
        %23 = rem %22, %17 : i64
        %24 = convert %23 {k f64} : f64
        yield %24
      } (%25: i64, %26: i64, %27: f64) {
        %28 = neg %25 : i64
        %29 = convert %28 {k i32} : i32
        %30 = convert %29 {k f64} : f64
        yield %30
      } : f64
      yield %15
    } (%31: i64, %32: i64, %33: f64) {
      yield %33
    } : f64
    yield %9
  } : f64[4]
  %34 = reduce_sum %3 {axes [0]} : f64
  return %34
}`},
	{"in a loop of a function", `
func @g(%0: i64, %1: i64) -> i64 {
  %2 = const {t i64, i [2]} : i64
  %3 = cmp %1, %2 {pred "lt"} : bool
  %4 = cond %3, %0, %1 (%5: i64, %6: i64) {
    %7 = abs %5 : i64
    %8 = div %7, %6 : i64
    yield %8
  } (%9: i64, %10: i64) {
    %11 = mul %9, %9 : i64
    yield %11
  } : i64
  return %4
}
func @f(%0: i64, %1: i64, %2: f64[4]) -> i64 {
  %3 = const {t i64, i [0]} : i64
  %4 = cmp %0, %3 {pred "gt"} : bool
  %5 = cond %4, %0, %1 (%6: i64, %7: i64) {
    %8 = scan %7, %6 {count 3, captures 1, carries 1, xs 0} (%9: i64, %10: i64) {
      %11 = call @g %10, %9 : i64
      %12 = sub %11, %9 : i64
      yield %12
    } : i64
    yield %8
  } (%13: i64, %14: i64) {
    %15 = powi %14 {n 3} : i64
    yield %15
  } : i64
  return %5
}`},
}

// row draws arguments, of which some fail in each branch.
func faultRow(r *rand.Rand) []*ir.Tensor {
	odd := []int64{0, 0, 1, 2, 3, -1, -2, -9, 7, 12, math.MaxInt64, math.MinInt64}
	var out []*ir.Tensor
	for range 2 {
		x := ir.NewTensor(ir.ScalarOf(ir.I64))
		x.I[0] = odd[r.IntN(len(odd)-4*r.IntN(2))]
		out = append(out, x)
	}
	v := ir.NewTensor(ir.TensorOf(ir.F64, ir.N(4)), 4)
	for i := range v.F {
		v.F[i] = []float64{-1, 0, 0.5, 2, math.NaN(), 1e30}[r.IntN(4+2*r.IntN(2))]
	}
	return append(out, v)
}

func faultModule(t *testing.T, text string) *ir.Module {
	m, err := ir.Parse("t.ir", []byte("module \"t\" numerics 1\ndim B batch = 1024\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFaults: a lane that is off never fails, one that is on always does, and
// its row is named: interpreted, after all passes and run.
func TestFaults(t *testing.T) {
	for _, c := range faultCases {
		for seed := range uint64(100) {
			t.Run(fmt.Sprintf("%s %d", c.name, seed), func(t *testing.T) { checkFaults(t, c.text, seed) })
		}
	}
}

func checkFaults(t *testing.T, text string, seed uint64) {
	m, r := faultModule(t, text), rand.New(rand.NewPCG(seed, 4))
	var rows, want [][]*ir.Tensor
	fails := map[int64]bool{}
	single, err := passes.Batch(m, "f", make([]bool, 3), ir.N(1), false) // realises comprehensions
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1 + int(seed%6) {
		row := faultRow(r)
		out, err := ir.NewEvaluator(m, nil).Call(single, row...)
		if err != nil {
			fails[int64(n)] = true
		}
		rows, want = append(rows, row), append(want, out)
	}
	m = faultModule(t, text)
	f, err := passes.Batch(m, "f", []bool{true, true, true}, ir.Sym(batchSymbol), true)
	if err != nil {
		t.Fatal(err)
	}
	keep(m, f.Name)
	args, name := Stack(rows, ir.Sym(batchSymbol)), f.Name
	judge := func(what string, got []*ir.Tensor, row int64, err error) {
		t.Helper()
		switch {
		case (err != nil) != (len(fails) > 0):
			t.Fatalf("%s: %v; rows that fail alone: %v\n%s", what, err, fails, m.Func(name))
		case err != nil && !fails[row]:
			t.Fatalf("%s: %v blames row %d; rows that fail alone: %v\n%s", what, err, row, fails, m.Func(name))
		case err == nil:
			for n := range rows {
				if err := sameBut(pick(got, n), want[n]); err != nil {
					t.Fatalf("%s: row %d: %v", what, n, err)
				}
			}
		}
	}
	interpret := func(what string) {
		out, err := ir.NewEvaluator(m, map[string]int64{batchSymbol: int64(len(rows))}).Call(m.Func(name), args...)
		judge(what, out, blamed(err, len(rows)), err)
	}
	interpret("batched")
	limits := ir.Sizes{batchSymbol: {Actual: int64(len(rows)), Capacity: maxRows}}
	if err := passes.Run(m, append(append([]passes.Pass{}, passes.SizeFree...), passes.Sized...), limits, nil); err != nil {
		t.Fatal(err)
	}
	interpret("after passes")
	out, err := execute(m, m.Func(name), limits, args)
	var fault *runtime.Fault
	row := int64(-1)
	if errors.As(err, &fault) {
		row = fault.Row
	} else if err != nil {
		t.Fatal(err)
	}
	judge("runtime", out, row, err)
}

// blamed is the row of an error of the interpreter.
func blamed(err error, rows int) int64 {
	var e *ir.EvalError
	if !errors.As(err, &e) || e.Element < 0 || len(e.Op.Results) == 0 && len(e.Op.Operands) == 0 {
		return -1
	}
	t := e.Op.Operands[0].Type
	if len(e.Op.Results) > 0 {
		t = e.Op.Results[0].Type
	}
	size := 1
	for _, d := range t.Dims {
		if n, ok := d.Const(); ok {
			size *= int(n)
		}
	}
	return int64(e.Element / size)
}

// sameBut compares results of one row; where one of them carries a dimension 1
// of the function that realised it, that is left out.
func sameBut(got, want []*ir.Tensor) error {
	for i := range got {
		for j, x := range got[i].F {
			if y := want[i].F[j]; x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
				return fmt.Errorf("%v, not %v", x, y)
			}
		}
		for j, x := range got[i].I {
			if x != want[i].I[j] {
				return fmt.Errorf("%v, not %v", x, want[i].I[j])
			}
		}
	}
	return nil
}
