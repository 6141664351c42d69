package runtime

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// contractions are ways in which axes meet: matrices and vectors in all
// orders, batches of them, and chains long enough to be cut into parts.
var contractions = []struct {
	spec  string
	sizes string // a size for each label in order of the alphabet, b is the batch
}{
	{"bi,io->bo", "b=70 i=33 o=20"}, {"bi,bo->io", "b=70 i=33 o=20"}, {"bi,bo->oi", "b=300 i=9 o=17"}, {"bo,io->bi", "b=70 i=33 o=20"},
	{"bi,i->b", "b=70 i=20"}, {"bi,b->i", "b=256 i=20"}, {"bi,bi->b", "b=70 i=20"}, {"b,b->", "b=70"}, {"i,ib->b", "b=70 i=300"},
	{"bqd,bkd->bqk", "b=6 d=8 k=10 q=9"}, {"bij,bjk->bik", "b=5 i=3 j=4 k=2"}, {"bti,io->bto", "b=9 i=8 o=7 t=5"},
	{"bti,bto->io", "b=9 i=8 o=7 t=5"}, {"tbi,bto->oi", "b=9 i=8 o=7 t=5"}, {"bi,ji->jb", "b=40 i=12 j=30"}, {"hbi,hib->hb", "b=7 h=3 i=20"},
	{"bi,io->bo", "b=150 i=310 o=170"}, {"bi,bo->io", "b=9000 i=5 o=3"}, {"bi,b->i", "b=5000 i=4"}, {"b,b->", "b=20000"}, {"bi,bo->oi", "b=2100 i=11 o=2"},
}

// einsumFunc is a function of one contraction.
func einsumFunc(m *ir.Module, spec, sizes string, k ir.Kind) (*ir.Func, int64) {
	dims, rows := map[byte]ir.Dim{}, int64(0)
	for _, s := range strings.Fields(sizes) {
		var n int64
		fmt.Sscan(s[2:], &n)
		if dims[s[0]] = ir.N(n); s[0] == 'b' {
			dims['b'], rows = batchDim, n
		}
	}
	typeOf := func(labels string) ir.Type {
		var ds []ir.Dim
		for i := range labels {
			ds = append(ds, dims[labels[i]])
		}
		return ir.TensorOf(k, ds...)
	}
	f := ir.NewFunc("product")
	in, _, _ := strings.Cut(spec, "->")
	x, y, _ := strings.Cut(in, ",")
	p, q := f.AddParam("x", typeOf(x), ir.Input{}), f.AddParam("y", typeOf(y), ir.Input{})
	b := ir.NewBuilder(m, f)
	b.Return(b.Einsum(spec, p, q))
	return m.Add(f), rows
}

func eachContraction(t *testing.T, f func(t *testing.T, m *ir.Module, fn *ir.Func, rows int64)) {
	for _, tier := range kernel.Tiers() {
		for _, c := range contractions {
			for _, k := range []ir.Kind{ir.F32, ir.F64} {
				t.Run(fmt.Sprintf("%s/%s/%s/%s", tier, c.spec, c.sizes, k), func(t *testing.T) {
					defer kernel.Use(kernel.Use(tier))
					m := batchModule()
					fn, rows := einsumFunc(m, c.spec, c.sizes, k)
					f(t, m, fn, rows)
				})
			}
		}
	}
}

// TestContractions compares with the interpreter, and the bits between numbers
// of workers.
func TestContractions(t *testing.T) {
	eachContraction(t, func(t *testing.T, m *ir.Module, fn *ir.Func, rows int64) {
		compare(t, m, fn, ir.Sample{}, rows, rows, 3)
		compare(t, m, fn, ir.Sample{}, rows, rows/2+1, 4)
	})
}

// TestAfter holds the hook behind a contraction: it sees every element once,
// and finds it computed.
func TestAfter(t *testing.T) {
	eachContraction(t, func(t *testing.T, m *ir.Module, fn *ir.Func, rows int64) {
		prog, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer prog.Close()
		f, err := prog.Function(fn.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		in, out := randomArgs(fn, rows, 5), make([]*array.Array, 1)
		if err := f.Run(in, out, nil); err != nil {
			t.Fatal(err)
		}
		want := make([]float64, out[0].Len())
		for i := range want {
			want[i] = out[0].Float(i)
			out[0].SetFloat(i, 1e30)
		}
		op := fn.Body.Ops[0]
		labels, to, _ := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
		look := func(string) (int64, bool) { return rows, true }
		b := &binder{prog: prog, pool: prog.pool, plan: f.plan, fr: f.fr, look: look, dims: map[ir.Dim]int{}, views: map[*ir.Value]view{}, loops: 1, rows: &[]KernelRow{}}
		var mu sync.Mutex
		seen := make([]int, len(want))
		run, _ := b.product(op, labels, to, func(_ *worker, lo, hi int) {
			mu.Lock()
			defer mu.Unlock()
			for i := lo; i < hi; i++ {
				if seen[i]++; out[0].Float(i) != want[i] {
					t.Errorf("element %d is %v behind its task, want %v", i, out[0].Float(i), want[i])
				}
			}
		})
		if fault := run(); fault != nil {
			t.Fatal(fault)
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("the hook saw element %d %d times", i, n)
			}
		}
	})
}
