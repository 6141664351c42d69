package runtime

import (
	"fmt"
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// dividedBy is a function of a region that divides integers, as floats, by y.
func dividedBy(from, to ir.Kind, y float64) *ir.Module {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	b := ir.NewBuilder(m, f)
	t := ir.TensorOf(from, ir.Sym("B"))
	x := f.AddParam("", t, ir.Input{})
	in := b.Open(t)
	z := b.One("convert", ir.ConvertAttrs{K: to}, in[0])
	c := b.Close(b.Div(z, b.Float(z.Type, y)))
	b.Return(b.OpWith("fused", nil, []*ir.Region{c.Region}, x)...)
	m.Add(f)
	return m
}

// TestCodeOfQuotients compares all quotients of small integers by constants with
// those of the divider.
func TestCodeOfQuotients(t *testing.T) {
	needCode(t)
	ways := map[string]int{}
	for _, from := range []ir.Kind{ir.U8, ir.I8, ir.U16, ir.I16} {
		lo, hi := wholeOf(from)
		in := array.New(from, int(hi-lo)+1)
		for x := lo; x <= hi; x++ {
			in.SetInt(int(x-lo), int64(x))
		}
		for _, to := range []ir.Kind{ir.F32, ir.F64} {
			for _, y := range []float64{255, 256, 127.5, -3, 0.1, 49, 1 << 23, 1<<24 - 1, math.Pi, 0x1p59, 0x1p-61, 1e300, 0, math.Inf(-1), math.NaN()} {
				m := dividedBy(from, to, y)
				tryBoth(t, m, []*array.Array{in})
				if to == ir.F32 {
					y = float64(float32(y))
				}
				ways[fmt.Sprint(y, " ", quotientBy(to, lo, hi, y))]++
			}
		}
	}
	for y, want := range map[float64]byProduct{255: corrected, 256: multiplied, -3: corrected, 0: divided} {
		if n := ways[fmt.Sprint(y, " ", want)]; n == 0 || n < 8 && want != corrected {
			t.Errorf("quotients by %v: %d of 8 kinds go way %d", y, n, want)
		}
	}
}
