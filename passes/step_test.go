package passes

import (
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// training is a small module with every part that `step` assembles.
const training = `
dim B batch = 4
dim T bound
func @loss(%0: f32[3] weight "w", %1: f32 state "avg", %2: f32[3] col "x", %3: f32 col "y") -> f32, f32 {
  %4 = einsum %2, %0 {spec "i,i->"} : f32
  %5 = sub %4, %3 : f32
  %6 = mul %5, %5 : f32
  %7 = cross_sum %4 : f32
  %8 = cross_count {k f32} : f32
  %9 = div %7, %8 : f32
  %10 = add %1, %9 : f32
  return %6, %10
}
func @penalty(%0: f32[3] weight "w", %1: f32 given "rate") -> f32 {
  %2 = mul %0, %0 : f32[3]
  %3 = reduce_sum %2 {axes [0]} : f32
  %4 = mul %3, %1 : f32
  return %4
}
func @clip(%0: f32[3] plain, %1: i64 step) -> f32[3] {
  %2 = convert %1 {k f32} : f32
  %3 = broadcast %2 {dims [3], axes []} : f32[3]
  %4 = mul %0, %3 : f32[3]
  return %4
}
func @update(%0: f32[3] plain, %1: f32[3] plain, %2: f32[3] plain, %3: f32 given "rate") -> f32[3], f32[3] {
  %4 = add %2, %1 : f32[3]
  %5 = broadcast %3 {dims [3], axes []} : f32[3]
  %6 = mul %4, %5 : f32[3]
  %7 = sub %0, %6 : f32[3]
  return %7, %4
}
func @rate() -> f32 {
  %0 = const {t f32, f [0.5]} : f32
  return %0
}
func @zero() -> f32 {
  %0 = const {t f32, f [0]} : f32
  return %0
}
func @ones() -> f32[3] {
  %0 = const {t f32[3], f [1]} : f32[3]
  return %0
}
func @velocity(%0: f32[3] plain) -> f32[3] {
  %1 = sub %0, %0 : f32[3]
  return %1
}
func @big(%0: f32 col "y", %1: i64 row) -> bool {
  %2 = const {t f32, f [1]} : f32
  %3 = cmp %0, %2 {pred "gt"} : bool
  return %3
}
node T source {"Reader":{"Name":"csv","Paths":[{"Name":"","Text":"a.csv"}]},"Fields":[{"Name":"x","Type":"f32[3]"},{"Name":"y","Type":"f32"}],"KeyCols":null}
node big derive {"Op":"where","Of":"T","Fn":"big"}
node rate compute {"Fn":"rate","Outputs":[{"Name":"rate","Type":"f32"}]}
node fit train {"Model":"m","Table":"big","Params":[{"Path":"w","Type":"f32[3]","Init":"ones","Update":"update","Slots":[{"Name":"v","Type":"f32[3]","Init":"velocity"}]}],"States":[{"Path":"avg","Type":"f32","Init":"zero"}],"Loss":"loss","Penalty":"penalty","Gradient":"clip","Symbol":"B","Batch":4,"Order":"file","Last":"short","Keep":"last"}
`

func TestStep(t *testing.T) {
	m := parse(t, training)
	sizes := ir.Sizes{"B": {Actual: 2, Capacity: 4}, "T": {Actual: 9, Capacity: 9}, "$rows": {Actual: 2, Capacity: 1024}}
	var seen []string
	for _, list := range [][]Pass{SizeFree, Sized} {
		if err := Run(m, list, sizes, func(name string, _ *ir.Module) { seen = append(seen, name) }); err != nil {
			t.Fatal(err)
		}
	}
	train := m.Node("fit").Body.(*ir.Train)
	f := m.Func(train.StepFn)
	var roles []string
	for _, in := range f.Inputs {
		roles = append(roles, strings.TrimSpace(in.Role.String()+" "+in.Bind))
	}
	if got := strings.Join(roles, ", "); got != "weight w, state avg, plain, col x, col y, given rate, step" {
		t.Errorf("inputs of the step: %s", got)
	}
	f32 := func(shape []int, xs ...float64) *ir.Tensor {
		x := ir.NewTensor(ir.Type{Kind: ir.F32}, shape...)
		copy(x.F, xs)
		return x
	}
	two := ir.NewTensor(ir.Type{Kind: ir.I64})
	two.I[0] = 2
	out := run(t, m, map[string]int64{"B": 2}, f, []*ir.Tensor{
		f32([]int{3}, 1, 2, 3), f32(nil, 10), f32([]int{3}, 0.5, 0, 0),
		f32([]int{2, 3}, 1, 0, 0, 0, 1, 0), f32([]int{2}, 0, 1), f32(nil, 0.5), two})
	// predictions 1 and 2, errors 1 and 1: mean 1, gradient (1, 1, 0) and of
	// the penalty 0.5·|w|² = 7: w; doubled by the gradient function.
	same(t, "step", out, []*ir.Tensor{
		f32([]int{3}, 1-(0.5+4)/2, 2-6.0/2, 3-6.0/2), f32(nil, 11.5), f32([]int{3}, 4.5, 6, 6), f32(nil, 8)})
	init := run(t, m, nil, m.Func(train.InitFn), nil)
	same(t, "init", init, []*ir.Tensor{f32([]int{3}, 1, 1, 1), f32(nil, 0), f32([]int{3}, 0, 0, 0)})
	g := m.Func(m.Node("big").Body.(*ir.Derive).Fn)
	if g.Name != "big.batch" || g.Results()[0].Type.String() != "bool[$rows]" || g.Params()[1].Type.String() != "i64[$rows]" {
		t.Errorf("row function: %s", g)
	}
	if m.Func("loss") != nil || m.Func("fit.objective") != nil {
		t.Errorf("functions left: %s", m)
	}
	t.Logf("%s", f)
}
