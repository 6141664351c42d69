package runtime

import (
	"fmt"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// viewed are contractions of y with a view of x, whose sums run over axes that do
// not lie in the view as in a copy.
var viewed = []struct {
	name, spec string
	x, y       []int64
	show       func(b *ir.Builder, x *ir.Value) *ir.Value
}{
	{"repeated", "p,aij->aj", nil, []int64{4, 3, 4}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return b.Broadcast(x, []ir.Dim{ir.N(4)})
	}},
	{"rows repeated", "aij,ij->a", []int64{5, 40}, []int64{30, 40}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return b.Broadcast(x, []ir.Dim{ir.N(5), ir.N(30), ir.N(40)}, 0, 2)
	}},
	{"turned", "ij,ijo->o", []int64{50, 40}, []int64{40, 50, 3}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return b.One("transpose", ir.TransposeAttrs{Perm: []int{1, 0}}, x)
	}},
	{"turned, in parts", "ij,ij->", []int64{70, 40}, []int64{40, 70}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return b.One("transpose", ir.TransposeAttrs{Perm: []int{1, 0}}, x)
	}},
	{"rows of parts cut", "aij,jo->aio", []int64{5, 4, 3000}, []int64{2100, 3}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return box(b, x, []int64{1, 0, 7}, []int64{4, 3, 2100}, 1)
	}},
	{"cut", "aij,ijo->ao", []int64{9, 30, 50}, []int64{20, 20, 3}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return box(b, x, []int64{0, 3, 2}, []int64{9, 20, 20}, 1)
	}},
	{"every other", "ija,ijo->ao", []int64{6, 50, 4}, []int64{6, 25, 3}, func(b *ir.Builder, x *ir.Value) *ir.Value {
		return box(b, x, []int64{0, 0, 0}, []int64{6, 25, 4}, 2)
	}},
	{"windows", "auw,uwo->ao", []int64{9, 40}, []int64{3, 3, 5}, windows(3, 2, 3)},
	{"long windows", "auw,uwo->ao", []int64{3, 3000}, []int64{60, 40, 2}, windows(60, 2, 40)},
}

// box is the elements of x from starts on, every step-th of the second axis.
func box(b *ir.Builder, x *ir.Value, starts, sizes []int64, step int64) *ir.Value {
	a := ir.SliceAttrs{Steps: []int64{1, step, 1}}
	for i := range starts {
		a.Starts, a.Sizes = append(a.Starts, ir.N(starts[i])), append(a.Sizes, ir.N(sizes[i]))
	}
	return b.One("slice", a, x)
}

// windows are of the last axis of a matrix, so many of w elements, step apart.
func windows(n, step, w int64) func(b *ir.Builder, x *ir.Value) *ir.Value {
	return func(b *ir.Builder, x *ir.Value) *ir.Value {
		both := []ir.Dim{ir.N(n), ir.N(w)}
		number := func(d ir.Dim) *ir.Value {
			return b.One("convert", ir.ConvertAttrs{K: ir.I64}, b.One("iota", ir.IotaAttrs{N: d}))
		}
		first := b.Mul(number(both[0]), b.Int(ir.TensorOf(ir.I64, both[0]), step))
		at := b.Add(b.Broadcast(first, both, 0), b.Broadcast(number(both[1]), both, 1))
		index := b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: x.Type.Dims[1]}, at)
		return b.One("gather", ir.GatherAttrs{Axis: 1}, x, index)
	}
}

// TestChainsOfViews: products of views have the bits of products of copies, in
// whichever order the operands come.
func TestChainsOfViews(t *testing.T) {
	for _, c := range viewed {
		for _, kind := range []ir.Kind{ir.F32, ir.F64} {
			m := &ir.Module{}
			f := ir.NewFunc("f")
			tensor := func(dims []int64) ir.Type {
				var ds []ir.Dim
				for _, n := range dims {
					ds = append(ds, ir.N(n))
				}
				return ir.TensorOf(kind, ds...)
			}
			x, y := f.AddParam("x", tensor(c.x), ir.Input{}), f.AddParam("y", tensor(c.y), ir.Input{})
			b := ir.NewBuilder(m, f)
			turn := func(v *ir.Value) *ir.Value { return b.One("reverse", ir.AxisAttrs{Axis: 0}, v) }
			v := c.show(b, x)
			same := turn(turn(v))
			b.Return(b.Einsum(c.spec, v, y), b.Einsum(c.spec, same, y))
			m.Add(f)
			for _, tier := range kernel.Tiers() {
				old := kernel.Use(tier)
				out := runOnce(t, m, f, 1)
				kernel.Use(old)
				if err := differ(out[0], out[1]); err != nil {
					t.Errorf("%s, %s, %s: of a view %v", c.name, kind, tier, err)
				}
			}
		}
	}
}

func differ(a, b *array.Array) error {
	for i := range b.Len() {
		if x, y := a.Float(i), b.Float(i); x != y {
			return fmt.Errorf("element %d is %v, of a copy %v", i, x, y)
		}
	}
	return nil
}

// summedRows are contractions over the rows of a strip.
var summedRows = []string{"bij,bk->ijk", "bij,bk->ikj", "bk,bij->ikj", "bj,bj->j", "bij,bkj->jik", "bij,b->ij"}

// TestChainsInStrips: sums over rows have the same chains and parts in strips as
// over all rows at once, in whatever order the labels of their results are.
func TestChainsInStrips(t *testing.T) {
	const text = `module "strips" numerics 1
dim B batch

func @f(%%x: f64[B%[1]s], %%y: f64[B%[2]s]) -> f64[%[3]s], f64[%[3]s] {
  %%z = tanh %%x : f64[B%[1]s]
  %%whole = einsum %%z, %%y {spec "%[4]s"} : f64[%[3]s]
  %%cut = strips %%x, %%y {count B, rows r, size %[5]d} (%%x: f64[r%[1]s], %%y: f64[r%[2]s]) {
    %%z = tanh %%x : f64[r%[1]s]
    %%cut = einsum %%z, %%y {spec "%[4]s"} : f64[%[3]s]
    yield %%cut
  } : f64[%[3]s]
  return %%whole, %%cut
}
`
	size := map[rune]string{'i': "3", 'j': "5", 'k': "2"}
	for _, spec := range summedRows {
		in, out, err := ir.EinsumLabels(spec)
		if err != nil {
			t.Fatal(err)
		}
		dims := func(labels string) (text string) {
			for _, l := range labels {
				text += "," + size[l]
			}
			return text
		}
		for _, strip := range []int{1, 64} {
			m, err := ir.Parse("strips.ir", fmt.Appendf(nil, text, dims(in[0][1:]), dims(in[1][1:]), dims(out)[1:], spec, strip))
			if err != nil {
				t.Fatal(err)
			}
			for _, rows := range []int64{1, 20, 300, 2100, 5000} {
				for _, tier := range kernel.Tiers() {
					old := kernel.Use(tier)
					res := runOnce(t, m, m.Func("f"), rows)
					kernel.Use(old)
					if err := differ(res[1], res[0]); err != nil {
						t.Errorf("%s, %d rows in strips of %d, %s: %v", spec, rows, strip, tier, err)
					}
				}
			}
		}
	}
}
