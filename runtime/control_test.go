package runtime

import (
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// TestWide runs one of everything at sizes that are shared among workers.
func TestWide(t *testing.T) {
	m := batchModule()
	f := ir.NewFunc("wide")
	k := ir.F32
	n := ir.N(33)
	x := f.AddParam("x", ir.TensorOf(k, batchDim, n), ir.Input{})
	w := f.AddParam("w", ir.TensorOf(k, n, n), ir.Input{})
	i := f.AddParam("i", ir.IndexOf(n, batchDim), ir.Input{})
	key := f.AddParam("key", ir.TensorOf(ir.Key, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	top := b.One("reduce_max", ir.AxesAttrs{Axes: []int{1}}, x)
	e := b.One("exp", nil, b.Sub(x, b.Broadcast(top, x.Type.Dims, 0)))
	soft := b.Div(e, b.Broadcast(b.Sum(e, 1), x.Type.Dims, 0))
	h := b.Einsum("bi,ij->bj", soft, w)
	rows := b.One("gather", ir.GatherAttrs{}, w, i)
	table := b.One("scatter_add", ir.GatherAttrs{}, b.Zeros(w.Type), i, rows)
	noise := b.One("uniform", ir.UniformAttrs{K: k, Dims: []ir.Dim{n}}, key)
	xt := b.One("transpose", ir.TransposeAttrs{Perm: []int{1, 0}}, x)
	b.Return(b.Sum(h, 0), b.Sum(x, 0, 1), b.Sum(xt, 1), rows, table, b.Add(noise, b.Einsum("ib,ij->bj", xt, w)),
		b.One("argmax", ir.AxisAttrs{Axis: 1}, h), b.Einsum("bi,bi->b", x, h), b.Einsum("bi,bj->bij", x, h),
		b.One("cumsum", ir.CumAttrs{Axis: 0, Reverse: true}, x), b.Einsum("bi->", x),
		b.One("reduce_prod", ir.AxesAttrs{Axes: []int{0}}, b.One("cos", nil, b.Mul(x, b.Float(x.Type, 0.01)))))
	m.Add(f)
	compare(t, m, f, ir.Sample{}, 1500, 1300, 1)
}

// TestMapAndLanes runs what the passes normally remove: comprehensions, and
// branches that differ by lane, where a fault in a lane that is off is none.
func TestMapAndLanes(t *testing.T) {
	m := batchModule()
	f := ir.NewFunc("f")
	x := f.AddParam("x", ir.TensorOf(ir.F64, batchDim, three), ir.Input{})
	n := f.AddParam("n", ir.TensorOf(ir.I32, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	ys := b.Map(batchDim, []*ir.Value{x}, func(r []*ir.Value) []*ir.Value {
		return []*ir.Value{b.Sum(r[0], 0), b.One("reverse", ir.AxisAttrs{Axis: 0}, r[0]), r[0]}
	})
	zero := b.Zeros(n.Type)
	lanes := b.Cond(b.Cmp("ne", n, zero),
		func() []*ir.Value { return []*ir.Value{b.Div(b.Int(n.Type, 12), n)} },
		func() []*ir.Value { return []*ir.Value{n} })
	b.Return(append(ys, lanes...)...)
	m.Add(f)
	for _, actual := range []int64{0, 1, 5} {
		compare(t, m, f, ir.Sample{}, 6, actual, 2)
	}
}

// TestEmpty runs a batch of no rows.
func TestEmpty(t *testing.T) {
	m := batchModule()
	compare(t, m, mlp(m, ir.F64, 4, 3, 2), ir.Sample{}, 8, 0, 1)
	m = batchModule()
	compare(t, m, scanFunc(m), ir.Sample{}, 8, 0, 1)
}

// TestManyOperations fuses more than registers hold, and plans long programs.
func TestManyOperations(t *testing.T) {
	m := batchModule()
	f := ir.NewFunc("long")
	x := f.AddParam("x", ir.TensorOf(ir.F64, batchDim), ir.Input{})
	b := ir.NewBuilder(m, f)
	ps := b.Open(x.Type)
	var all []*ir.Value
	for i := 0; i < 300; i++ {
		all = append(all, b.One("sin", nil, b.Add(ps[0], b.Float(x.Type, float64(i)))))
	}
	s := all[0]
	for _, v := range all[1:] {
		s = b.Add(b.Mul(s, b.Float(x.Type, 0.5)), v)
	}
	c := b.Close(s)
	b.Return(b.OpWith("fused", nil, []*ir.Region{c.Region}, x)...)
	m.Add(f)
	compare(t, m, f, ir.Sample{}, 100, 70, 1)
}
