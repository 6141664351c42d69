package ir

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestSingularPoints(t *testing.T) {
	eachSample(t, func(t *testing.T, s Sample, c *sampleCase) {
		for _, p := range s.Singular {
			for i, o := range s.Operands {
				if !o.IsFloat() {
					continue
				}
				on := make([]bool, len(s.Operands))
				on[i] = true
				f := c.tangentFunc(on)
				args := c.draw()
				for j, x := range args {
					copy(x.F, p.At[j])
				}
				for k := range p.At[i] { // one unit direction at a time
					dir := &Tensor{Type: s.Operands[i], Shape: args[i].Shape, F: make([]float64, args[i].Len())}
					dir.F[k] = 1
					sum := 0.0
					for _, x := range floats(run(t, f, append(append([]*Tensor{}, args...), dir)...)) {
						sum += x
					}
					near(t, fmt.Sprintf("derivative %d,%d at %v", i, k, p.At), []float64{sum}, p.Want[i][k:k+1], 1e-12)
				}
			}
		}
	})
}

// TestRounding runs each sample in f32, rounded and not.
func TestRounding(t *testing.T) {
	for _, row := range Rows() {
		if row.Samples == nil || row.Name == "const" {
			continue
		}
		for i, s := range row.Samples() {
			for j, o := range s.Operands {
				if o.Kind == F64 {
					s.Operands[j].Kind = F32
				}
			}
			c := newCase(t, row, s, int64(i))
			exact := run(t, c.f, c.args...)
			e := NewEvaluator(nil, nil)
			e.Round = true
			got, err := e.Call(c.f, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			for k, g := range got {
				near(t, row.Name, g.F, exact[k].F, 1e-6)
				for _, x := range g.F {
					if g.Type.Kind == F32 && !math.IsNaN(x) && x != float64(float32(x)) {
						t.Errorf("%s: %v is no f32", row.Name, x)
					}
				}
			}
		}
	}
}

// TestCrossRows: in a batch over rows, with the operand batched and not.
func TestCrossRows(t *testing.T) {
	for _, name := range []string{"cross_sum", "cross_max"} {
		for i, s := range RowOf(name).Samples() {
			for _, on := range []bool{true, false} {
				c := newCase(t, RowOf(name), s, int64(i))
				f, outOn := c.batchFunc([]bool{on}, true)
				if outOn[0] {
					t.Errorf("%s: the result depends on the row", name)
				}
				rows, stacked := c.rowsOf([]bool{on})
				got := run(t, f, stacked...)[0]
				want := rows[0][0].clone()
				for _, r := range rows[1:] {
					for j, x := range r[0].F {
						want.F[j] = combine(name, want.F[j], x)
					}
					for j, x := range r[0].I {
						want.I[j] = int64(combine(name, float64(want.I[j]), float64(x)))
					}
				}
				same(t, name, got, want)
			}
		}
	}
	for _, s := range RowOf("cross_count").Samples() {
		c := newCase(t, RowOf("cross_count"), s, 0)
		f, _ := c.batchFunc(nil, true)
		same(t, "cross_count", run(t, f)[0], scalarTensor(s.Attrs.(KindAttrs).K, batchRows))
	}
}

func combine(name string, x, y float64) float64 {
	if name == "cross_sum" {
		return x + y
	}
	return math.Max(x, y)
}

// TestTable asserts that the table is complete: which rows there are, and
// that each cell is filled that must be.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	cells := map[string]int{}
	for _, r := range Rows() {
		names[r.Name] = true
		count := func(cell string, filled, must bool) {
			if filled {
				cells[cell]++
			}
			if must && !filled {
				t.Errorf("%s has no %s", r.Name, cell)
			}
		}
		ruled := !r.Has(Control)
		count("doc", strings.HasSuffix(r.Doc, "."), true)
		count("family", r.Family != "", true)
		count("type", r.Type != nil, true)
		count("meaning", r.Scalar != nil || r.ScalarInt != nil || r.Eval != nil, true)
		count("batch", r.Batch != nil, ruled)
		count("flops", r.Flops != nil, true)
		count("samples", r.Samples != nil && len(r.Samples()) > 0, ruled)
		count("tangent", r.Tangent != nil, ruled && !r.Has(Flat) && !r.Has(Opaque))
		count("transpose", r.Transpose != nil, r.Linear != nil)
		if r.Tangent != nil && (r.Has(Flat) || r.Has(Opaque)) {
			t.Errorf("%s is flat or opaque and has a tangent", r.Name)
		}
		if (r.Linear == nil) != (r.Transpose == nil) || r.Has(Bilinear) && r.Linear == nil {
			t.Errorf("%s: Linear, Transpose and Bilinear do not agree", r.Name)
		}
	}
	const all = "const iota size " +
		"neg abs sqrt exp expm1 log log1p sin cos tanh logistic erf lgamma polygamma floor round sign " +
		"add sub mul div rem pow powi max atan2 select fma cmp and or not convert " +
		"broadcast reshape transpose slice pad concat reverse gather scatter_add scatter_max slice_add einsum " +
		"reduce_sum reduce_max reduce_prod argmax cumsum key_fold uniform cross_sum cross_max cross_count " +
		"stop opaque assert call cond scan map fused strips first_of row_write"
	for _, n := range strings.Fields(all) {
		if !names[n] {
			t.Errorf("no row %s", n)
		}
		delete(names, n)
	}
	for n := range names {
		t.Errorf("row %s is not listed in this test", n)
	}
	want := map[string]int{"doc": 69, "tangent": 44, "transpose": 20, "batch": 63, "samples": 63}
	for cell, n := range want {
		if cells[cell] != n {
			t.Errorf("%d rows have a cell %s, expected %d", cells[cell], cell, n)
		}
	}
}

// TestFlops: every row counts, and moving elements is free.
func TestFlops(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		n := c.row.Flops(c.op, func(d Dim) int64 { k, _ := d.Const(); return k })
		if n < 0 || c.row.Has(Structural) && n != 0 {
			t.Errorf("%d operations", n)
		}
	})
}

// TestSampleText: every sample prints and reads back the same.
func TestSampleText(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		m := &Module{Name: "sample"}
		m.Add(c.f)
		if err := Verify(m, StageRaw); err != nil {
			t.Error(err)
		}
		text := m.String()
		back, err := Parse("sample.ir", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again := back.String(); again != text {
			t.Errorf("read back as\n%s\nnot\n%s", again, text)
		}
	})
}
