package train

import (
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// TestAllFinite: one element that is not finite is found wherever it stands.
func TestAllFinite(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for n := range 30 {
			a := array.New(k, n)
			for i := range n {
				a.SetFloat(i, -math.MaxFloat32)
			}
			if !allFinite(a) {
				t.Fatalf("%d numbers are called not finite", n)
			}
			for i := range n {
				for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					a.SetFloat(i, x)
					if allFinite(a) {
						t.Fatalf("%v at %d of %d is not found", x, i, n)
					}
				}
				a.SetFloat(i, 1)
			}
		}
	}
}
