package ir

import (
	"fmt"
	"testing"
)

// TestBatches compares every choice of batched operands, in both modes, with
// running each row alone.
func TestBatches(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		for _, rows := range []bool{false, true} {
			if rows && c.row.Has(CrossRow) {
				continue // see TestCrossRows
			}
			for m := 0; m < 1<<len(c.s.Operands); m++ {
				on := make([]bool, len(c.s.Operands))
				for i := range on {
					on[i] = m>>i&1 == 1
				}
				c.batch(t, on, rows)
			}
		}
	})
}

const batchRows = 3

// batchFunc is the batched function with the mask of its results.
func (c *sampleCase) batchFunc(on []bool, rows bool) (*Func, []bool) {
	f := NewFunc(c.row.Name)
	var in []*Value
	for i, t := range c.s.Operands {
		if on[i] {
			t = t.Lead(N(batchRows))
		}
		in = append(in, f.AddParam("", t, Input{}))
	}
	b := NewBuilder(nil, f)
	out, outOn := c.row.Batch(b, c.op, in, on, N(batchRows), rows)
	return b.Return(out...), outOn
}

// rowsOf draws arguments for each row, the same where not on, and the stacked
// arguments of the batch.
func (c *sampleCase) rowsOf(on []bool) (rows [][]*Tensor, stacked []*Tensor) {
	for r := 0; r < batchRows; r++ {
		args := c.draw()
		for i := range args {
			if !on[i] && r > 0 {
				args[i] = rows[0][i]
			}
		}
		rows = append(rows, args)
	}
	for i, t := range c.s.Operands {
		if !on[i] {
			stacked = append(stacked, rows[0][i])
			continue
		}
		x := NewTensor(t.Lead(N(batchRows)), append([]int{batchRows}, rows[0][i].Shape...)...)
		for r := range rows {
			x.setSlice(r, rows[r][i])
		}
		stacked = append(stacked, x)
	}
	return rows, stacked
}

func (c *sampleCase) batch(t *testing.T, on []bool, rows bool) {
	t.Helper()
	f, outOn := c.batchFunc(on, rows)
	alone, stacked := c.rowsOf(on)
	got := run(t, f, stacked...)
	if len(outOn) != len(got) || len(got) != len(c.op.Results) {
		t.Fatalf("batch of %v: %d results, marked %v", on, len(got), outOn)
	}
	for r, args := range alone {
		for i, w := range run(t, c.f, args...) {
			g := got[i]
			if outOn[i] {
				g = g.slice(r, w.Type)
			}
			same(t, fmt.Sprintf("batch of %v, rows %v, row %d", on, rows, r), g, w)
		}
	}
}

// same compares two tensors, floats within a few roundings.
func same(t *testing.T, what string, got, want *Tensor) {
	t.Helper()
	if !got.Type.Equal(want.Type) {
		t.Fatalf("%s is %s, expected %s", what, got.Type, want.Type)
	}
	near(t, what, got.F, want.F, 1e-13)
	for i, w := range want.I {
		if got.I[i] != w {
			t.Errorf("%s: element %d is %d, expected %d", what, i, got.I[i], w)
		}
	}
}
