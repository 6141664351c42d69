package jit

import (
	"testing"

	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// TestBound holds bounds to what the tables of instructions say of lines that one
// thing bounds: the divider, and the ports for arithmetic. Of the 72
// sums six are equal to others.
func TestBound(t *testing.T) {
	cases := []struct {
		chain  string
		lane   macro.Lane
		set    Set
		cycles float64 // of a vector
	}{
		{"divs", macro.F32, AVX2, 4 * 5},
		{"divs", macro.F32, AVX512, 4 * 10},
		{"divs", macro.F64, AVX2, 4 * 8},
		{"divs", macro.F64, AVX512, 4 * 16},
		{"roots", macro.F32, AVX512, 4 * 12},
		{"roots", macro.F64, AVX2, 4 * 12},
		{"adds", macro.F32, AVX2, 66 / 2.},
		{"adds", macro.F64, AVX512, 66 / 2.},
	}
	for _, c := range cases {
		p := New()
		p.Rows(4096)
		chains[c.chain](chain{p, c.lane})
		m := Memory{Set: c.set}
		f, err := m.Add(p)
		if err != nil {
			t.Fatal(err)
		}
		b := f.Bound()
		if vectors := float64(b.Elements / c.set.Lanes(c.lane.Bits() == 64)); b.Cycles != c.cycles*vectors {
			t.Errorf("%s of %v with %v: %v cycles for %v vectors", c.chain, c.lane, c.set, b.Cycles, vectors)
		}
	}
}
