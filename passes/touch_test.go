package passes

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// randomStep is a module whose step moves a parameter and a state by random
// code of the gradient, which is a sum by key.
func randomStep(r *rand.Rand) *ir.Module {
	m := &ir.Module{Name: "random", Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch, Size: 4}, {Name: "V"}}}
	rows, keys := ir.Sym("V"), ir.Sym("B")
	all, some := ir.TensorOf(ir.F64, rows, ir.N(2)), ir.TensorOf(ir.F64, keys, ir.N(2))
	f := ir.NewFunc("step")
	p := f.AddParam("p", all, ir.Input{Role: ir.Weight, Bind: "p"})
	s := f.AddParam("s", all, ir.Input{})
	k := f.AddParam("k", ir.IndexOf(rows, keys), ir.Input{Role: ir.Col, Bind: "k"})
	x := f.AddParam("x", some, ir.Input{Role: ir.Col, Bind: "x"})
	t := f.AddParam("t", ir.ScalarOf(ir.F64), ir.Input{Role: ir.Given, Bind: "t"})
	b := ir.NewBuilder(m, f)
	read := b.One("gather", ir.GatherAttrs{}, p, k)
	g := b.One("scatter_add", ir.GatherAttrs{}, b.Zeros(all), k, b.Mul(x, read))
	pool := []*ir.Value{g, g, g, p, s, b.Broadcast(t, all.Dims), b.Float(all, 0), b.Float(all, 1), b.Float(all, 0.5)}
	pick := func() *ir.Value { return pool[r.IntN(len(pool))] }
	for range 3 + r.IntN(8) {
		var y *ir.Value
		switch r.IntN(9) {
		case 0:
			y = b.Add(pick(), pick())
		case 1:
			y = b.Sub(pick(), pick())
		case 2, 3:
			y = b.Mul(pick(), pick())
		case 4:
			y = b.Div(pick(), pick())
		case 5:
			y = b.One([]string{"abs", "neg", "tanh", "exp", "sqrt"}[r.IntN(5)], nil, pick())
		case 6:
			y = b.One("max", nil, pick(), pick())
		case 7:
			y = b.Select(b.Cmp([]string{"eq", "ne", "lt"}[r.IntN(3)], pick(), pick()), pick(), pick())
		case 8:
			y = b.Broadcast(b.Sum(pick(), 1), all.Dims, 0)
		}
		pool = append(pool, y, y)
	}
	loss := b.Sum(read, 0, 1)
	b.Return(b.Sub(p, b.Mul(pick(), g)), b.Add(s, pick()), loss)
	if r.IntN(2) == 0 {
		f.Body.Results[1] = s
	}
	m.Add(f)
	m.Nodes = []*ir.Node{{Name: "fit", Body: &ir.Train{StepFn: "step", Symbol: "B",
		Params: []ir.TrainParam{{Path: "p", Type: all, Slots: []ir.Slot{{Name: "s", Type: all}}}}}}}
	return m
}

// TestTouchRandom: wherever the update of all rows is not NaN, that of the rows
// of the batch equals it, up to the sign of zero.
func TestTouchRandom(t *testing.T) {
	sizes := ir.Sizes{"B": {Actual: 4, Capacity: 4}, "V": {Actual: 9, Capacity: 9}}
	special := []float64{0, math.Copysign(0, -1), 1, -1.5, math.Inf(1), math.NaN(), 1e308}
	touched := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := randomStep(r)
		after := clone(m)
		if Touch(after, sizes)[0].Why != "" {
			continue
		}
		touched++
		if err := ir.VerifyFunc(after, after.Func("step"), ir.StageFlat); err != nil {
			t.Fatal(err)
		}
		for round := range 4 {
			args := draw(t, m.Func("step"), map[string]int64{"B": 4, "V": 9}, nil, int64(seed)*4+int64(round))
			for j := range args[2].I {
				args[2].I[j] = int64(r.IntN(9))
			}
			if round > 1 {
				for _, a := range args[:2] {
					a.F[r.IntN(len(a.F))] = special[r.IntN(len(special))]
				}
			}
			want := run(t, m, map[string]int64{"B": 4, "V": 9}, m.Func("step"), args)
			got := run(t, after, map[string]int64{"B": 4, "V": 9}, after.Func("step"), args)
			for i := range want {
				for j, w := range want[i].F {
					if g := got[i].F[j]; w == w && g != w {
						t.Fatalf("seed %d: result %d element %d is %v, of all rows %v\n%s\n%s", seed, i, j, g, w, m, after)
					}
				}
			}
		}
	}
	if touched < 40 {
		t.Errorf("only %d steps move in the rows of the batch alone", touched)
	}
	t.Logf("%d of 400", touched)
}
