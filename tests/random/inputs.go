package random

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/dfc-lang/dfc/ir"
)

// Row is inputs for one call: float tensors from [-2, 2], indices inside
// their bounds. Every float is exact in the kind of the function.
func (d *Drawn) Row(n uint64) []*ir.Tensor {
	r := rand.New(rand.NewPCG(d.Seed, 0xabcdef+n))
	var out []*ir.Tensor
	for _, p := range d.Func.Params() {
		out = append(out, randomTensor(r, p.Type))
	}
	return out
}

func randomTensor(r *rand.Rand, t ir.Type) *ir.Tensor {
	shape := make([]int, t.Rank())
	for i, d := range t.Dims {
		n, _ := d.Const()
		shape[i] = int(n)
	}
	x := ir.NewTensor(t, shape...)
	for i := range x.F {
		x.F[i] = float64(float32(r.Float64()*4 - 2))
	}
	bound, _ := t.Bound.Const()
	for i := range x.I {
		x.I[i] = r.Int64N(max(1, bound))
	}
	return x
}

// Stack puts rows on top of each other: one tensor a parameter, with the
// batch dimension d in front.
func Stack(rows [][]*ir.Tensor, d ir.Dim) []*ir.Tensor {
	var out []*ir.Tensor
	for i := range rows[0] {
		first := rows[0][i]
		x := ir.NewTensor(first.Type.Lead(d), append([]int{len(rows)}, first.Shape...)...)
		x.F, x.I = nil, nil
		for _, r := range rows {
			x.F = append(x.F, r[i].F...)
			x.I = append(x.I, r[i].I...)
		}
		out = append(out, x)
	}
	return out
}

// finite reports whether all floats are numbers of moderate size; larger ones
// compare badly and say little.
func finite(ts []*ir.Tensor) bool {
	for _, t := range ts {
		for _, x := range t.F {
			if math.IsNaN(x) || math.Abs(x) > 1e6 {
				return false
			}
		}
	}
	return true
}

// near compares two lists of tensors within abs + rel·size, element by element.
func near(what string, got, want []*ir.Tensor, tol func(want float64, i, j int) float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d results, not %d", what, len(got), len(want))
	}
	for i := range want {
		if fmt.Sprint(got[i].Shape) != fmt.Sprint(want[i].Shape) {
			return fmt.Errorf("%s: result %d has shape %v, not %v", what, i, got[i].Shape, want[i].Shape)
		}
		for j, w := range want[i].F {
			if g := got[i].F[j]; !(math.Abs(g-w) <= tol(w, i, j)) {
				return fmt.Errorf("%s: result %d element %d is %.17g, not %.17g", what, i, j, g, w)
			}
		}
		for j, w := range want[i].I {
			if got[i].I[j] != w {
				return fmt.Errorf("%s: result %d element %d is %d, not %d", what, i, j, got[i].I[j], w)
			}
		}
	}
	return nil
}
