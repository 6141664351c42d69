// Package numerics holds the bits of operations: what every operation that rounds
// makes of fixed numbers, as docs/numerics.md says and testdata/bits.txt keeps.
package numerics

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// instance is a function @f whose bits are kept. Its parameters are drawn, floats
// between lo and hi or else between -2 and 2.
type instance struct {
	name   string
	module *ir.Module
	rows   int64 // of the batch
	lo, hi []float64
	wide   bool // floats have many exponents
}

var batch = ir.Sym("B")

// made is an instance whose function build writes.
func made(name string, rows int64, build func(b *ir.Builder, f *ir.Func)) instance {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("f")
	build(ir.NewBuilder(m, f), f)
	m.Add(f)
	return instance{name: name, module: m, rows: rows}
}

func dimsOf(sizes ...int64) []ir.Dim {
	var ds []ir.Dim
	for _, n := range sizes {
		ds = append(ds, ir.N(n))
	}
	return ds
}

// products are contractions of all kinds: operands and results in all orders;
// chains around the length of a block, and so long that they are cut into parts;
// labels that join, and some that do not.
var products = []string{
	"bi,io->bo b=65 i=255 o=33", "bi,io->bo b=65 i=256 o=33", "bi,io->bo b=65 i=257 o=33", "bi,io->bo b=7 i=1300 o=9",
	"bi,oi->bo b=40 i=300 o=20", "ib,io->bo b=40 i=300 o=20", "ib,oi->ob b=40 i=300 o=20", "bi,io->ob b=40 i=31 o=20",
	"bi,bo->io b=600 i=9 o=17", "bi,bo->oi b=600 i=9 o=17", "bi,i->b b=300 i=270", "b,bi->i b=700 i=5", "bi,bi->b b=50 i=300",
	"b,b-> b=100", "b,b-> b=2047", "b,b-> b=2048", "b,b-> b=20000", "bi,bo->io b=9000 i=5 o=3", "bij,bk->ikj b=5000 i=3 j=4 k=2", "bi,bo->io b=3000 i=128 o=129",
	"bqd,bkd->bqk b=6 q=9 k=10 d=300", "bti,bto->io b=9 t=50 i=8 o=7", "tbi,bto->oi b=9 t=5 i=8 o=7", "tbi,bto->oi b=40 t=30 i=8 o=7",
	"oikl,bykzl->boyz b=5 i=4 k=3 l=3 o=6 y=5 z=7", "boyz,bykzl->okl b=9 k=5 l=5 o=8 y=12 z=12", "xyz,zvyx->v x=3 y=4 z=5 v=6", "xyz,zvyx->v x=30 y=2 z=40 v=6",
	"tbi,bto->oi b=9 t=20 i=8 o=7", "tbi,bto->oi b=9 t=31 i=8 o=7", "tbi,bto->oi b=9 t=32 i=8 o=7", "xyz,zvyx->v x=10 y=9 z=8 v=6", "xyz,zvyx->v x=20 y=11 z=9 v=6",
	"bi,bo->io b=3000 i=100 o=120",
}

// product is the contraction of a line of products.
func product(line string, k ir.Kind) instance {
	spec, sizes, _ := strings.Cut(line, " ")
	size := map[rune]ir.Dim{}
	for _, s := range strings.Fields(sizes) {
		var n int64
		fmt.Sscan(s[2:], &n)
		size[rune(s[0])] = ir.N(n)
	}
	in, _, err := ir.EinsumLabels(spec)
	if err != nil {
		panic(err)
	}
	return made("product "+line, 1, func(b *ir.Builder, f *ir.Func) {
		var ops []*ir.Value
		for i, labels := range in {
			var ds []ir.Dim
			for _, l := range labels {
				ds = append(ds, size[l])
			}
			ops = append(ops, f.AddParam(fmt.Sprint("x", i), ir.TensorOf(k, ds...), ir.Input{}))
		}
		b.Return(b.Einsum(spec, ops...))
	})
}

// folds are reductions: short and long lines, long and short columns, and axes that
// are neither.
var folds = []struct {
	row  string
	dims []int64
	axes []int
}{
	{"reduce_sum", []int64{9, 7}, []int{1}}, {"reduce_sum", []int64{9, 16}, []int{1}}, {"reduce_sum", []int64{9, 37}, []int{1}}, {"reduce_sum", []int64{3, 4095}, []int{1}},
	{"reduce_sum", []int64{3, 4096}, []int{1}}, {"reduce_sum", []int64{3, 4097}, []int{1}}, {"reduce_sum", []int64{70000}, []int{0}},
	{"reduce_sum", []int64{255, 40}, []int{0}}, {"reduce_sum", []int64{256, 40}, []int{0}}, {"reduce_sum", []int64{257, 40}, []int{0}}, {"reduce_sum", []int64{5000, 4}, []int{0}},
	{"reduce_sum", []int64{40, 3}, []int{0}}, {"reduce_sum", []int64{48, 3}, []int{0}}, {"reduce_sum", []int64{49, 3}, []int{0}}, {"reduce_sum", []int64{5000, 3}, []int{0}}, {"reduce_sum", []int64{5000, 1}, []int{0}}, {"reduce_sum", []int64{300, 1100}, []int{0}},
	{"reduce_sum", []int64{6, 300, 5}, []int{1}}, {"reduce_sum", []int64{60, 5, 70}, []int{0, 2}}, {"reduce_prod", []int64{9, 37}, []int{1}}, {"reduce_prod", []int64{37, 9}, []int{0}},
}

// fold is the reduction of one of folds.
func fold(i int, k ir.Kind) instance {
	c := folds[i]
	return made(fmt.Sprint(c.row, " ", c.dims, " over ", c.axes), 1, func(b *ir.Builder, f *ir.Func) {
		x := f.AddParam("x", ir.TensorOf(k, dimsOf(c.dims...)...), ir.Input{})
		b.Return(b.One(c.row, ir.AxesAttrs{Axes: c.axes}, x))
	})
}

// others are operations that add in an order of their own, with kind for the kind
// of floats.
var others = []struct {
	name string
	rows int64
	text string
}{
	{"running sums", 1, `func @f(%x: kind[5,700], %y: kind[700,5]) -> kind[5,700], kind[700,5] {
  %a = cumsum %x {axis 1} : kind[5,700]
  %b = cumsum %y {axis 0} : kind[700,5]
  return %a, %b
}`},
	{"sums by key", 3000, `func @f(%k: index<50>[B], %x: kind[B], %y: kind[B,5], %z: kind[B,40]) -> kind[50], kind[50,5], kind[50,40] {
  %k0 = const {t kind[50], f [0]} : kind[50]
  %k1 = const {t kind[50,5], f [0]} : kind[50,5]
  %k2 = const {t kind[50,40], f [0]} : kind[50,40]
  %a = scatter_add %k0, %k, %x {axis 0, batch_dims 0} : kind[50]
  %b = scatter_add %k1, %k, %y {axis 0, batch_dims 0} : kind[50,5]
  %c = scatter_add %k2, %k, %z {axis 0, batch_dims 0} : kind[50,40]
  return %a, %b, %c
}`},
	{"sums by first position", 300, `func @f(%k: index<50>[B], %x: kind[B,16], %y: kind[B,16]) -> kind[B,16] {
  %first = first_of %k : index<B>[B]
  %zero = const {t kind[B,16], f [0]} : kind[B,16]
  %z = mul %x, %y : kind[B,16]
  %a = scatter_add %zero, %first, %z {axis 0, batch_dims 0} : kind[B,16]
  return %a
}`},
	{"sums of strips", 2900, `func @f(%x: kind[B,9], %w: kind[8,9]) -> kind[8,9], kind[8] {
  %dw, %db = strips %x, %w {count B, rows r, size 64} (%x: kind[r,9], %w: kind[8,9]) {
    %z = einsum %x, %w {spec "bi,oi->bo"} : kind[r,8]
    %y = mul %z, %z : kind[r,8]
    %dw = einsum %y, %x {spec "bo,bi->oi"} : kind[8,9]
    %db = reduce_sum %y {axes [0]} : kind[8]
    yield %dw, %db
  } : kind[8,9], kind[8]
  return %dw, %db
}`},
	{"sums where lines are made", 300, `func @f(%x: kind[B,37], %y: kind[B,37]) -> kind[B] {
  %z = fused %x, %y (%x: kind[B,37], %y: kind[B,37]) {
    %s = sub %x, %y : kind[B,37]
    %q = fma %s, %s, %x : kind[B,37]
    yield %q
  } : kind[B,37]
  %sum = reduce_sum %z {axes [1]} : kind[B]
  return %sum
}`},
	{"drawn numbers", 1, `func @f(%k: key) -> kind[1000] {
  %u = uniform %k {k kind, dims [1000]} : kind[1000]
  return %u
}`},
}

// other is the instance of a text.
func other(i int, k ir.Kind) (instance, error) {
	c := others[i]
	text := strings.ReplaceAll(c.text, "kind", k.String())
	m, err := ir.Parse(c.name, []byte("module \"numerics\" numerics 1\ndim B batch\n\n"+text+"\n"))
	return instance{name: c.name, module: m, rows: c.rows}, err
}

// points is how many numbers an elementwise operation is kept for.
const points = 5003

// elementwise is a row of the table of operations on many numbers; of no use for
// rows that do not round.
func elementwise(row *ir.Row, s ir.Sample, k ir.Kind) (x instance, ok bool) {
	if !row.Has(ir.Elementwise) || s.Regions != nil || len(s.Operands) == 0 || !s.Operands[0].IsFloat() {
		return x, false
	}
	defer func() {
		if recover() != nil { // not for floats of this kind
			ok = false
		}
	}()
	x = made(row.Name, 1, func(b *ir.Builder, f *ir.Func) {
		var in []*ir.Value
		for i, t := range s.Operands {
			if t.IsFloat() {
				t.Kind = k
			}
			in = append(in, f.AddParam(fmt.Sprint("x", i), t.WithDims(ir.N(points)), ir.Input{}))
		}
		out := b.Op(row.Name, s.Attrs, in...)
		ok = out[0].Type.IsFloat()
		b.Return(out...)
	})
	if s.Attrs != nil {
		x.name += fmt.Sprintf(" %+v", s.Attrs)
	}
	x.lo, x.hi, x.wide = s.Lo, s.Hi, true
	return x, ok
}
