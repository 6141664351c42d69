package runtime

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// smallModel is a step of a random small model: inputs row by row or column by
// column, one layer or two, biases, sums in all directions, and updates in place of
// the weights, which come first and are the first results.
func smallModel(r *rand.Rand) (m *ir.Module, f *ir.Func, weights int) {
	m = batchModule()
	f = m.Add(ir.NewFunc("main"))
	k := []ir.Kind{ir.F32, ir.F64}[r.Intn(2)]
	n, hidden, outs := int64(1+r.Intn(24)), int64(1+r.Intn(6)), int64(1+r.Intn(3))
	deep, down := r.Intn(2) == 0, r.Intn(3) == 0
	if down {
		n = min(n, 10) // whose products with what is computed are number by number
	}
	if !deep {
		hidden = n
	}
	w1 := f.AddParam("w1", ir.TensorOf(k, ir.N(n), ir.N(hidden)), ir.Input{Role: ir.Weight})
	w2 := f.AddParam("w2", ir.TensorOf(k, ir.N(hidden), ir.N(outs)), ir.Input{Role: ir.Weight})
	bias := f.AddParam("bias", ir.TensorOf(k, ir.N(outs)), ir.Input{Role: ir.Weight})
	dims, spec := []ir.Dim{batchDim, ir.N(n)}, "bi"
	if down {
		dims, spec = []ir.Dim{ir.N(n), batchDim}, "ib"
	}
	x := f.AddParam("x", ir.TensorOf(k, dims...), ir.Input{Role: ir.Col})
	y := f.AddParam("y", ir.TensorOf(k, batchDim, ir.N(outs)), ir.Input{Role: ir.Col})
	flags := f.AddParam("flags", ir.TensorOf(ir.Bool, batchDim), ir.Input{Role: ir.Col})
	rate := f.AddParam("rate", ir.TensorOf(k), ir.Input{})
	class := f.AddParam("class", ir.IndexOf(ir.N(outs), batchDim), ir.Input{Role: ir.Col})
	b := ir.NewBuilder(m, f)
	h, in := x, spec
	var z *ir.Value
	if deep {
		z, in = b.Einsum(spec+",ih->bh", x, w1), "bh"
		h = b.One([]string{"tanh", "exp", "neg", "sin"}[r.Intn(4)], nil, z)
	}
	full := ir.TensorOf(k, batchDim, ir.N(outs))
	o := b.Add(b.Einsum(in+","+in[strings.IndexAny(in, "ih"):][:1]+"o->bo", h, w2), b.One("broadcast", ir.BroadcastAttrs{Dims: full.Dims, Axes: []int{1}}, bias))
	d := b.Sub(o, y)
	if r.Intn(2) == 0 {
		some := b.One("broadcast", ir.BroadcastAttrs{Dims: full.Dims, Axes: []int{0}}, flags)
		d = b.One("select", nil, some, d, b.Mul(d, b.Float(full, 0.25)))
	}
	if r.Intn(3) == 0 { // a number that is made between what has rows
		share := b.One("exp", nil, rate)
		d = b.Mul(d, b.One("broadcast", ir.BroadcastAttrs{Dims: full.Dims, Axes: []int{}}, b.Mul(share, share)))
	}
	perRow := b.Sum(b.Mul(d, d), 1)
	if r.Intn(3) == 0 {
		d, perRow = classified(b, o, class)
	}
	loss := b.Sum(perRow, 0)
	step := func(w, g *ir.Value) *ir.Value { return b.Sub(w, b.Mul(g, b.Float(w.Type, 0.001))) }
	links := in[strings.IndexAny(in, "ih"):][:1]
	g2 := b.Einsum([]string{in + ",bo->" + links + "o", in + ",bo->o" + links}[0], h, d)
	gb := b.Sum(d, 0)
	g1 := w1
	if deep {
		dz := b.Mul(b.Einsum("bo,ho->bh", d, w2), h)
		if g1 = b.Einsum(spec+",bh->ih", x, dz); r.Intn(2) == 0 {
			g1 = b.One("transpose", ir.TransposeAttrs{Perm: []int{1, 0}}, b.Einsum("bh,"+spec+"->hi", dz, x))
		}
	}
	b.Return(step(w1, g1), step(w2, g2), step(bias, gb), loss)
	return m, f, 3
}

// classified is something like the cross entropy of classes and its derivative.
func classified(b *ir.Builder, o, class *ir.Value) (d, perRow *ir.Value) {
	along := func(v *ir.Value) *ir.Value {
		return b.One("broadcast", ir.BroadcastAttrs{Dims: o.Type.Dims, Axes: []int{0}}, v)
	}
	at := ir.GatherAttrs{Axis: 1, BatchDims: 1}
	most := b.One("reduce_max", ir.AxesAttrs{Axes: []int{1}}, o)
	e := b.One("exp", nil, b.Sub(o, along(most)))
	sum := b.Sum(e, 1)
	perRow = b.Sub(sum, b.One("gather", at, o, class))
	return b.One("scatter_add", at, e, class, b.One("neg", nil, sum)), perRow
}

// compareRounds runs a small model in rounds and one operation behind the other;
// ran says whether there were rounds.
func compareRounds(t *testing.T, seed int64) (ran bool) {
	r := rand.New(rand.NewSource(seed))
	m, f, weights := smallModel(r)
	odd := r.Intn(4) == 0
	for _, rows := range []int64{16, 8 << r.Intn(6), int64(16 * (1 + r.Intn(40))), int64(1 + r.Intn(300))} {
		sizes := ir.Sizes{"B": {Actual: rows, Capacity: rows + int64(r.Intn(2))}}
		in := randomArgs(f, rows, seed)
		if odd {
			special(r, in[weights])
		}
		want, _, _ := runWith(t, m, sizes, in, Options{NoJIT: true})
		for _, tier := range kernel.Tiers()[kernel.AVX2:] {
			old := kernel.Use(tier)
			got, rounds := runRounds(t, m, sizes, in, weights, Options{Workers: 1 + r.Intn(2)})
			kernel.Use(old)
			ran = ran || rounds
			sameNumbers(t, fmt.Sprintf("seed %d, %d rows, %v", seed, rows, tier), m, got, want)
		}
	}
	return ran
}

// runRounds runs a step twice whose first results take over the storage of the
// first parameters; both runs have the same results.
func runRounds(t *testing.T, m *ir.Module, sizes ir.Sizes, in []*array.Array, weights int, opt Options) (out []*array.Array, rounds bool) {
	t.Helper()
	prog, err := Load(m, sizes, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	donate := map[int]int{}
	for i := range weights {
		donate[i] = i
	}
	fn, err := prog.Function("main", donate)
	if err != nil {
		t.Fatal(err)
	}
	var first []*array.Array
	for range 2 {
		args, results := append([]*array.Array{}, in...), make([]*array.Array, len(m.Func("main").Results()))
		for i := range weights {
			args[i] = array.New(in[i].Kind, in[i].Shape...)
			for j := range in[i].Len() {
				args[i].SetFloat(j, in[i].Float(j))
			}
			results[i] = args[i]
		}
		if err := fn.Run(args, results, nil); err != nil {
			t.Fatal(err)
		}
		if first != nil {
			sameNumbers(t, "the second run", m, results, first)
		}
		first = results
	}
	for _, row := range fn.bound[0].rows {
		rounds = rounds || strings.HasPrefix(row.What, "in rounds")
	}
	return first, rounds
}

// TestRounds compares steps of random small models in rounds with the same one
// operation behind the other. Most of them are small enough.
func TestRounds(t *testing.T) {
	needCode(t)
	ran := 0
	const models = 60
	for seed := int64(0); seed < models; seed++ {
		if compareRounds(t, seed) {
			ran++
		}
	}
	if ran < models*3/4 {
		t.Errorf("%d of %d models ran in rounds", ran, models)
	}
}

func FuzzRounds(f *testing.F) {
	needCode(f)
	f.Add(int64(1))
	f.Fuzz(func(t *testing.T, seed int64) { compareRounds(t, seed) })
}

// TestRoundsLeft: what is at fault within the rounds is told as it is elsewhere.
func TestRoundsLeft(t *testing.T) {
	needCode(t)
	m := batchModule()
	f := m.Add(ir.NewFunc("main"))
	x := f.AddParam("x", ir.TensorOf(ir.F32, batchDim, ir.N(3)), ir.Input{Role: ir.Col})
	class := f.AddParam("class", ir.IndexOf(ir.N(3), batchDim), ir.Input{Role: ir.Col})
	b := ir.NewBuilder(m, f)
	d, perRow := classified(b, x, class)
	b.Return(b.Sum(d, 0), b.Sum(perRow, 0))
	sizes := ir.Sizes{"B": {Actual: 64, Capacity: 64}}
	in := randomArgs(f, 64, 1)
	if _, rounds := runRounds(t, m, sizes, in, 0, Options{}); !rounds {
		t.Fatal("there are no rounds")
	}
	in[1].SetInt(40, 7)
	_, _, want := runWith(t, m, sizes, in, Options{NoJIT: true})
	_, _, got := runWith(t, m, sizes, in, Options{})
	if got != want || got == "" {
		t.Errorf("fails with %q, interpreted with %q", got, want)
	}
}
