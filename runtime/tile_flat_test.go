package runtime

import (
	"fmt"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

// onePiece is a product with a sine behind it, of which some elements are not for
// the code, the sums of the lines of its square, and a number made of them.
func onePiece(k ir.Kind, n int64) *ir.Module {
	m := batchModule()
	f := m.Add(ir.NewFunc("main"))
	x := f.AddParam("x", ir.TensorOf(k, batchDim, ir.N(n)), ir.Input{Role: ir.Col})
	w := f.AddParam("w", ir.TensorOf(k, ir.N(n), ir.N(n)), ir.Input{})
	b := ir.NewBuilder(m, f)
	p := b.Einsum("bi,ij->bj", x, w)
	behind := b.Open(p.Type)
	c := b.Close(b.One("sin", nil, behind[0]))
	s := b.OpWith("fused", nil, []*ir.Region{c.Region}, p)[0]
	squared := b.Open(x.Type)
	c = b.Close(b.Mul(b.One("cos", nil, squared[0]), squared[0]))
	sum := b.Sum(b.OpWith("fused", nil, []*ir.Region{c.Region}, x)[0], 1)
	all := b.Sum(sum, 0)
	b.Return(s, sum, b.One("exp", nil, b.Mul(all, all)))
	return m
}

// TestOnePiece: steps of one task whose code is left somewhere give what they give
// interpreted.
func TestOnePiece(t *testing.T) {
	needCode(t)
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, n := range []int64{1, 3, 8, 20} {
			m := onePiece(k, n)
			f := m.Func("main")
			for _, rows := range []int64{1, 7, 12} {
				sizes := ir.Sizes{"B": {Actual: rows, Capacity: 12}}
				for seed := int64(1); seed < 4; seed++ {
					in := randomArgs(f, rows, seed)
					for i := int64(0); i < int64(in[0].Len()); i += 1 + seed*5 {
						in[0].SetFloat(int(i), 1e30)
					}
					want, _, _ := runWith(t, m, sizes, in, Options{NoJIT: true})
					for _, tier := range kernel.Tiers()[kernel.AVX2:] {
						old := kernel.Use(tier)
						got, made, _ := runWith(t, m, sizes, in, Options{})
						kernel.Use(old)
						if !made {
							t.Fatal("no code was made")
						}
						sameNumbers(t, fmt.Sprint(k, n, rows, seed, tier), m, got, want)
					}
				}
			}
		}
	}
}
