package runtime

import (
	"fmt"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// update is parameters less a gradient that nobody else reads: a product that
// sums over the rows of a batch, either way round.
func update(k ir.Kind, n, o int64, turned bool) (*ir.Module, *ir.Func) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	x := f.AddParam("x", ir.TensorOf(k, batchDim, ir.N(n)), ir.Input{})
	d := f.AddParam("d", ir.TensorOf(k, batchDim, ir.N(o)), ir.Input{})
	p := f.AddParam("p", ir.TensorOf(k, ir.N(n), ir.N(o)), ir.Input{})
	b := ir.NewBuilder(m, f)
	if turned {
		b.Return(b.Sub(p, b.Einsum("bo,bi->io", d, x)))
	} else {
		b.Return(b.Sub(p, b.Einsum("bi,bo->io", x, d)))
	}
	return m, f
}

// TestNotStored: a product that is only for what follows has no storage, and
// what follows gets the same numbers, in blocks of rows of all sizes, of no
// links and of one, on any number of workers.
func TestNotStored(t *testing.T) {
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, s := range [][2]int64{{260, 128}, {500, 10}, {300, 65}, {31, 200}, {40, 1}, {1, 70}, {100, 341}} {
			for _, turned := range []bool{false, true} {
				m, f := update(k, s[0], s[1], turned)
				for _, actual := range []int64{0, 1, 13, 77} {
					compare(t, m, f, ir.Sample{}, 77, actual, 1)
				}
				if peak := peakOf(t, m, 77); peak != 0 {
					t.Errorf("%v %v: the product takes %d bytes", k, s, peak)
				}
			}
		}
	}
}

// TestInPlace: a product whose place what follows takes is stored.
func TestInPlace(t *testing.T) {
	m := batchModule()
	f := m.Add(ir.NewFunc("f"))
	x := f.AddParam("x", ir.TensorOf(ir.F32, batchDim, ir.N(64)), ir.Input{})
	w := f.AddParam("w", ir.TensorOf(ir.F32, ir.N(64), ir.N(64)), ir.Input{})
	b := ir.NewBuilder(m, f)
	h := b.One("neg", nil, b.Einsum("bi,io->bo", x, w))
	b.Return(b.One("cumsum", ir.CumAttrs{Axis: 0}, h))
	compare(t, m, f, ir.Sample{}, 50, 50, 1)
	if peak := peakOf(t, m, 50); peak != 4*50*64 {
		t.Errorf("the arena is %d bytes, not one tensor", peak)
	}
}

// TestStored: longer chains than one block, and rows that are too long, are
// stored as ever.
func TestStored(t *testing.T) {
	for _, s := range [][3]int64{{100, 20, 257}, {50, 400, 20}} {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			m, f := update(ir.F32, s[0], s[1], false)
			compare(t, m, f, ir.Sample{}, s[2], s[2], 1)
			if peakOf(t, m, s[2]) < 4*s[0]*s[1] {
				t.Error("the product has no room")
			}
		})
	}
}

func peakOf(t *testing.T, m *ir.Module, rows int64) int64 {
	t.Helper()
	p, err := Load(m, ir.Sizes{"B": {Actual: rows, Capacity: rows}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fn, err := p.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	return fn.Plan().Peak
}
