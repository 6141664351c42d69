package ir

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
)

// The tests of the rows come from the samples of the table alone: a new row
// needs no test code. Derivatives are compared with Ridders' extrapolated
// central differences (Ridders 1982), transposes with tangents by the dot
// product, batches with row by row.

// eachSample runs a test for every sample of every row.
func eachSample(t *testing.T, test func(t *testing.T, s Sample, c *sampleCase)) {
	for _, row := range Rows() {
		if row.Samples == nil {
			continue
		}
		for i, s := range row.Samples() {
			t.Run(fmt.Sprintf("%s/%d", row.Name, i), func(t *testing.T) {
				test(t, s, newCase(t, row, s, int64(i)))
			})
		}
	}
}

// sampleCase is a function of one operation with arguments drawn for it.
type sampleCase struct {
	row  *Row
	f    *Func
	op   *Op
	args []*Tensor
	rng  *rand.Rand
	s    Sample
}

func newCase(t *testing.T, row *Row, s Sample, seed int64) *sampleCase {
	c := &sampleCase{row: row, s: s, rng: rand.New(rand.NewSource(seed + 1))}
	var b *Builder
	b, c.f, c.op = build(row, s)
	b.Return(c.op.Results...)
	c.args = c.draw()
	return c
}

// build makes the function of one operation, without results yet.
func build(row *Row, s Sample) (*Builder, *Func, *Op) {
	f := NewFunc(row.Name)
	var ps []*Value
	for i, t := range s.Operands {
		ps = append(ps, f.AddParam(fmt.Sprint("x", i), t, Input{}))
	}
	b := NewBuilder(nil, f)
	b.Op(row.Name, s.Attrs, ps...)
	return b, f, f.Body.Ops[len(f.Body.Ops)-1]
}

func (c *sampleCase) draw() []*Tensor {
	var out []*Tensor
	for i, t := range c.s.Operands {
		lo, hi := -2.0, 2.0
		if i < len(c.s.Lo) {
			lo = c.s.Lo[i]
		}
		if i < len(c.s.Hi) {
			hi = c.s.Hi[i]
		}
		x := drawTensor(c.rng, t, lo, hi)
		if i < len(c.s.Ints) && c.s.Ints[i] != nil {
			copy(x.I, c.s.Ints[i])
		}
		out = append(out, x)
	}
	return out
}

func drawTensor(rng *rand.Rand, t Type, lo, hi float64) *Tensor {
	var shape []int
	for _, d := range t.Dims {
		n, _ := d.Const()
		shape = append(shape, int(n))
	}
	x := NewTensor(t, shape...)
	for i := range x.F {
		x.F[i] = lo + (hi-lo)*rng.Float64()
		if t.Kind == F32 {
			x.F[i] = float64(float32(x.F[i]))
		}
	}
	for i := range x.I {
		switch t.Kind {
		case Bool:
			x.I[i] = rng.Int63n(2)
		case Index:
			n, _ := t.Bound.Const()
			x.I[i] = rng.Int63n(n)
		case Key:
			x.I[i] = int64(rng.Uint64())
		default:
			x.I[i] = rng.Int63n(9) - 4
		}
	}
	return x
}

func run(t *testing.T, f *Func, args ...*Tensor) []*Tensor {
	t.Helper()
	out, err := NewEvaluator(nil, nil).Call(f, args...)
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return out
}

// subsets is every choice, not empty, of the float operands.
func (c *sampleCase) subsets() [][]bool {
	var out [][]bool
	n := len(c.s.Operands)
	for m := 1; m < 1<<n; m++ {
		on, ok := make([]bool, n), true
		for i := range on {
			on[i] = m>>i&1 == 1
			ok = ok && (!on[i] || c.s.Operands[i].IsFloat())
		}
		if ok {
			out = append(out, on)
		}
	}
	return out
}

// tangentFunc is a function of the operands and a tangent for each operand in
// on: results are the tangents, zeros where the rule gives none.
func (c *sampleCase) tangentFunc(on []bool) *Func {
	b, f, op := build(c.row, c.s)
	t := make([]*Value, len(on))
	for i, o := range on {
		if o {
			t[i] = f.AddParam(fmt.Sprint("t", i), op.typeOf(i), Input{})
		}
	}
	f = b.Return(tangents(b, op, t)...)
	for i := range f.Params() {
		f.Linear = append(f.Linear, i >= len(on))
	}
	return f
}

func tangents(b *Builder, op *Op, t []*Value) []*Value {
	out := make([]*Value, len(op.Results))
	if op.Row.Tangent != nil {
		copy(out, op.Row.Tangent(b, op, t))
	}
	for i, r := range op.Results {
		if out[i] == nil && r.Type.IsFloat() {
			out[i] = b.Zeros(r.Type)
		}
	}
	return out
}

// hasTangent reports whether the derivative of the operation is a matter of
// its tangent rule.
func (c *sampleCase) hasTangent() bool { return c.row.Tangent != nil && !c.op.Flat() }

// directions is a random tangent for each operand in on.
func (c *sampleCase) directions(on []bool) []*Tensor {
	var out []*Tensor
	for i, o := range on {
		if o {
			out = append(out, drawTensor(c.rng, c.s.Operands[i], -1, 1))
		}
	}
	return out
}

// along is args with h times the directions added.
func along(args []*Tensor, on []bool, dirs []*Tensor, h float64) []*Tensor {
	out, k := append([]*Tensor{}, args...), 0
	for i, o := range on {
		if !o {
			continue
		}
		out[i] = args[i].clone()
		for j := range out[i].F {
			out[i].F[j] += h * dirs[k].F[j]
		}
		k++
	}
	return out
}

// ridders differentiates f at 0 for each of its numbers: a Neville table of
// central differences at steps that shrink by 1.4; the entry that agrees best
// with its neighbours is taken.
func ridders(f func(h float64) []float64) []float64 {
	const size, shrink, first = 14, 1.4, 0.04
	var rows [size][]float64
	h := first
	for i := range rows {
		up, down := f(h), f(-h)
		for j := range up {
			rows[i] = append(rows[i], (up[j]-down[j])/(2*h))
		}
		h /= shrink
	}
	out := make([]float64, len(rows[0]))
	for j := range out {
		var col [size]float64
		for i := range rows {
			col[i] = rows[i][j]
		}
		out[j] = neville(col[:], shrink*shrink)
	}
	return out
}

func neville(d []float64, shrink float64) float64 {
	best, least := d[0], math.Inf(1)
	prev := d
	factor := 1.0
	for len(prev) > 1 {
		factor *= shrink
		next := make([]float64, len(prev)-1)
		for i := range next {
			next[i] = (prev[i+1]*factor - prev[i]) / (factor - 1)
			if e := math.Max(math.Abs(next[i]-prev[i]), math.Abs(next[i]-prev[i+1])); e < least {
				best, least = next[i], e
			}
		}
		prev = next
	}
	return best
}

// floats is all elements of the float tensors, one behind the other.
func floats(ts []*Tensor) []float64 {
	var out []float64
	for _, t := range ts {
		if t.Type.IsFloat() {
			out = append(out, t.F...)
		}
	}
	return out
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, expected %d", what, len(got), len(want))
	}
	for i, w := range want {
		if math.IsNaN(got[i]) && math.IsNaN(w) || got[i] == w {
			continue
		}
		if d := math.Abs(got[i] - w); !(d <= tolerance*(1+math.Abs(w))) {
			t.Errorf("%s: number %d is %.17g, expected %.17g (off by %.2g)", what, i, got[i], w, d)
		}
	}
}
