package ir

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
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

func TestTangents(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if !c.hasTangent() {
			return
		}
		for _, on := range c.subsets() {
			f, dirs := c.tangentFunc(on), c.directions(on)
			if err := VerifyFunc(&Module{}, f, StageRaw); err != nil {
				t.Errorf("tangent of %v is not linear: %v", on, err)
			}
			got := run(t, f, append(append([]*Tensor{}, c.args...), dirs...)...)
			want := ridders(func(h float64) []float64 { return floats(run(t, c.f, along(c.args, on, dirs, h)...)) })
			near(t, fmt.Sprint("tangent of ", on), floats(got), want, 1e-9)
		}
	})
}

// TestSecondTangents differentiates the tangent function by the rules again,
// and by numbers.
func TestSecondTangents(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if !c.hasTangent() || len(c.subsets()) == 0 {
			return
		}
		on := c.subsets()[len(c.subsets())-1]
		f, dirs := c.tangentFunc(on), c.directions(on)
		again, ok := jvp(f, on)
		if !ok { // loops are differentiated in passes
			return
		}
		args := append(append([]*Tensor{}, c.args...), dirs...)
		second := c.directions(on)
		got := run(t, again, append(append([]*Tensor{}, args...), second...)...)
		want := ridders(func(h float64) []float64 { return floats(run(t, f, along(args, on, second, h)...)) })
		near(t, "tangent of tangent", floats(got), want, 1e-8)
	})
}

// jvp is the forward derivative of a function without regions, with respect
// to the parameters in on; tangents come behind the parameters.
func jvp(f *Func, on []bool) (*Func, bool) {
	g := NewFunc(f.Name)
	at, tan := map[*Value]*Value{}, map[*Value]*Value{}
	for _, p := range f.Params() {
		at[p] = g.AddParam(p.Name, p.Type, Input{})
	}
	for i, o := range on {
		if o {
			p := f.Params()[i]
			tan[p] = g.AddParam("d"+p.Name, p.Type, Input{})
		}
	}
	b := NewBuilder(nil, g)
	for _, op := range f.Body.Ops {
		if op.Row.Has(Control) {
			return nil, false
		}
		var in []*Value
		t, some := make([]*Value, len(op.Operands)), false
		for i, v := range op.Operands {
			in = append(in, at[v])
			t[i] = tan[v]
			some = some || t[i] != nil
		}
		out := b.Op(op.Row.Name, op.Attrs, in...)
		for i, r := range op.Results {
			at[r] = out[i]
		}
		if !some || op.Flat() {
			continue
		}
		for i, ti := range op.Row.Tangent(b, out[0].Def, t) {
			tan[op.Results[i]] = ti
		}
	}
	var rs []*Value
	for _, r := range f.Results() {
		if tan[r] == nil {
			tan[r] = b.Zeros(r.Type)
		}
		rs = append(rs, tan[r])
	}
	return b.Return(rs...), true
}

// TestTransposes: <ct, T t> = <T' ct, t> for every choice of operands that a
// row is linear in together.
func TestTransposes(t *testing.T) {
	eachSample(t, func(t *testing.T, _ Sample, c *sampleCase) {
		if c.row.Linear == nil || !c.op.Results[0].Type.IsFloat() {
			return
		}
		for _, on := range c.subsets() {
			if !c.linearIn(on) {
				continue
			}
			dirs := c.directions(on)
			args := append([]*Tensor{}, c.args...)
			y := run(t, c.tangentFunc(on), append(args, dirs...)...)
			ct := drawTensor(c.rng, y[0].Type, -1, 1)
			back := run(t, c.transposeFunc(on), append(args, ct)...)
			left, scale1 := dot([]*Tensor{ct}, y)
			right, scale2 := dot(back, dirs)
			if d := math.Abs(left - right); !(d <= 1e-12*(scale1+scale2)) {
				t.Errorf("transpose of %v: %.17g, by the tangent %.17g", on, right, left)
			}
		}
	})
}

func (c *sampleCase) linearIn(on []bool) bool {
	n := 0
	for i, l := range c.row.Linear(c.op) {
		if on[i] {
			if n++; !l {
				return false
			}
		}
	}
	return n == 1 || !c.row.Has(Bilinear)
}

// transposeFunc is a function of the operands and a cotangent; results are
// the cotangents of the operands in on.
func (c *sampleCase) transposeFunc(on []bool) *Func {
	_, f, op := build(c.row, c.s)
	ct := f.AddParam("ct", op.Results[0].Type, Input{})
	f.Body.Ops = nil // a rule must not read the values of results or linear operands
	b := NewBuilder(nil, f)
	acc := &sums{b: b, at: map[int]*Value{}, op: op}
	lone := &Op{Row: op.Row, Attrs: op.Attrs, Results: op.Results}
	for i, v := range op.Operands {
		if on[i] {
			v = &Value{Type: v.Type}
		}
		lone.Operands = append(lone.Operands, v)
	}
	op.Row.Transpose(b, lone, on, []*Value{ct}, acc)
	var out []*Value
	for i, o := range on {
		if o {
			out = append(out, acc.at[i])
		}
	}
	return b.Return(out...)
}

// sums is the plainest Accumulator.
type sums struct {
	b  *Builder
	op *Op
	at map[int]*Value
}

func (s *sums) Add(i int, v *Value) { s.at[i] = addTangents(s.b, s.at[i], v) }

func (s *sums) Into(i int, f func(*Value) *Value) {
	if s.at[i] == nil {
		s.at[i] = s.b.Zeros(s.op.typeOf(i))
	}
	s.at[i] = f(s.at[i])
}

func dot(xs, ys []*Tensor) (sum, scale float64) {
	x, y := floats(xs), floats(ys)
	for i := range x {
		sum += x[i] * y[i]
		scale += math.Abs(x[i] * y[i])
	}
	return sum, scale
}

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

func TestSingularPoints(t *testing.T) {
	eachSample(t, func(t *testing.T, s Sample, c *sampleCase) {
		for _, p := range s.Singular {
			for i := range s.Operands {
				on := make([]bool, len(s.Operands))
				on[i] = true
				f := c.tangentFunc(on)
				var args []*Tensor
				for j, o := range s.Operands {
					x := drawTensor(c.rng, o, 0, 1)
					copy(x.F, p.At[j])
					args = append(args, x)
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
		"broadcast reshape transpose slice pad concat reverse gather scatter_add slice_add einsum " +
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
	want := map[string]int{"doc": 68, "tangent": 43, "transpose": 20, "batch": 62, "samples": 62}
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
