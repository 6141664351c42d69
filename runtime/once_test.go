package runtime

import (
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// onceFunc is y/B + (2B)², by way of a function that is called; a number that is
// known with the sizes is a result as well.
func onceFunc(m *ir.Module) *ir.Func {
	inner := ir.NewFunc("share")
	x := inner.AddParam("x", ir.TensorOf(ir.F64, batchDim), ir.Input{})
	b := ir.NewBuilder(m, inner)
	rows := b.One("size", ir.SizeAttrs{N: batchDim, K: ir.F64})
	share := b.Div(b.Float(rows.Type, 1), rows)
	b.Return(b.Mul(x, b.Broadcast(share, x.Type.Dims)), share)
	m.Add(inner)

	f := ir.NewFunc("main")
	y := f.AddParam("y", ir.TensorOf(ir.F64, batchDim), ir.Input{})
	b = ir.NewBuilder(m, f)
	n := b.One("size", ir.SizeAttrs{N: batchDim, K: ir.F64})
	twice := b.Add(n, n)
	parts := callOf(b, inner, y)
	more := b.Add(parts[0], b.Broadcast(b.Mul(twice, twice), y.Type.Dims))
	b.Return(more, parts[1])
	return m.Add(f)
}

// TestOnce lets sizes change to and fro: what depends on them alone must follow,
// and is not computed again while they stay.
func TestOnce(t *testing.T) {
	m := batchModule()
	f := onceFunc(m)
	compare(t, m, f, ir.Sample{}, 9, 7, 1)
	prog, err := Load(m, ir.Sizes{"B": {Actual: 9, Capacity: 9}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("main", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{9, 9, 4, 9, 4, 4, 1} {
		in := randomArgs(f, n, n)
		out := make([]*array.Array, 2)
		if err := fn.Run(in, out, map[string]int64{"B": n}); err != nil {
			t.Fatal(err)
		}
		args := []*ir.Tensor{in[0].ToTensor(f.Params()[0].Type)}
		want, err := ir.NewEvaluator(m, map[string]int64{"B": n}).Call(f, args...)
		if err != nil {
			t.Fatal(err)
		}
		for k := range out {
			check(t, f, k, out[k], want[k], want[k], 1, 1)
		}
	}
	once := 0
	for _, k := range fn.Plan().Kernels {
		if strings.HasPrefix(k.What, "once, ") {
			once++
		}
	}
	if once != 4 { // all of one element but the result
		t.Errorf("%d operations run once\n%s", once, fn.Plan())
	}
}
