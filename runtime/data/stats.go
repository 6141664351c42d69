package data

import (
	"math"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Accumulator computes one aggregate over the rows of a table, element by
// element of what a row yields. Rows come in blocks of ChunkRows; a block is
// added to a Fork, anywhere and at any time, and the forks are merged in the
// order of the blocks. Floats accumulate in f64, row after row inside a block
// and block after block; so the result is the same for any number of workers.
type Accumulator struct {
	agg   ir.Agg
	kind  ir.Kind
	shape []int
	n     int64
	f     []float64 // sum, min, max, or mean
	m2    []float64 // std, var: sum of squared differences from the mean
	i     []int64   // sum, min, max of integers; any, all
	all   *array.Array
	over  bool // a sum of integers left 64 bits
}

// NewAccumulator aggregates rows of a kind and shape.
func NewAccumulator(agg ir.Agg, kind ir.Kind, shape []int) *Accumulator {
	a := &Accumulator{agg: agg, kind: kind, shape: append([]int{}, shape...)}
	n := a.inner()
	switch agg.Op {
	case "median", "quantile", "collect":
		a.all = array.New(kind, append([]int{0}, shape...)...)
	case "std", "var":
		a.f, a.m2 = make([]float64, n), make([]float64, n)
	default:
		a.f, a.i = make([]float64, n), make([]int64, n)
		if agg.Op == "all" {
			for k := range a.i {
				a.i[k] = 1
			}
		}
	}
	return a
}

func (a *Accumulator) inner() int {
	n := 1
	for _, s := range a.shape {
		n *= s
	}
	return n
}

// Held is how many bytes of each row stay until the result is known.
func (a *Accumulator) Held() int64 {
	if a.all == nil {
		return 0
	}
	return int64(a.inner() * kindSize(a.kind))
}

// Fork is an empty accumulator of the same kind, for one block.
func (a *Accumulator) Fork() *Accumulator { return NewAccumulator(a.agg, a.kind, a.shape) }

// Add adds the rows of one block; keep, where not nil, has a 1 for each row
// that counts. rows is needed where block is nil, to count.
func (a *Accumulator) Add(block *array.Array, keep []uint8, rows int) {
	inner := a.inner()
	if a.all != nil && keep == nil && block.Shape[0] == rows {
		a.n += int64(rows)
		a.all = concat(a.all, block)
		return
	}
	if keep == nil && a.addFloats(block, rows) {
		return
	}
	for r := range rows {
		if keep != nil && keep[r] == 0 {
			continue
		}
		a.n++
		switch {
		case a.agg.Op == "count":
		case a.all != nil:
			a.all = concat(a.all, block.Rows(r, r+1))
		default:
			a.addRow(block, r*inner)
		}
	}
}

// addFloats does what addRow would for each row, for aggregates that whole
// tables are often asked for; false for others.
func (a *Accumulator) addFloats(b *array.Array, rows int) bool {
	switch a.agg.Op {
	case "sum", "mean":
		switch b.Kind {
		case ir.F32:
			addSums(a.f, b.F32, rows)
		case ir.F64:
			addSums(a.f, b.F64, rows)
		default:
			return false
		}
		a.n += int64(rows)
	case "std", "var":
		switch b.Kind {
		case ir.F32:
			a.n = addSquares(a.f, a.m2, a.n, b.F32, rows)
		case ir.F64:
			a.n = addSquares(a.f, a.m2, a.n, b.F64, rows)
		default:
			return false
		}
	default:
		return false
	}
	return true
}

func addSums[T float32 | float64](sum []float64, b []T, rows int) {
	for range rows {
		row := b[:len(sum)]
		for k, x := range row {
			sum[k] += float64(x)
		}
		b = b[len(sum):]
	}
}

// addSquares is Welford's method (1962).
func addSquares[T float32 | float64](mean, m2 []float64, n int64, b []T, rows int) int64 {
	m2 = m2[:len(mean)]
	for range rows {
		n++
		row, count := b[:len(mean)], float64(n)
		for k, x := range row {
			d := float64(x) - mean[k]
			mean[k] += d / count
			m2[k] += float64(d * (float64(x) - mean[k]))
		}
		b = b[len(mean):]
	}
	return n
}

func (a *Accumulator) addRow(b *array.Array, at int) {
	switch a.agg.Op {
	case "sum", "mean":
		if b.Kind.IsFloat() {
			for k := range a.f {
				a.f[k] += b.Float(at + k)
			}
			return
		}
		for k := range a.i {
			a.addInt(k, b.Int(at+k))
		}
	case "std", "var":
		for k := range a.f {
			x := b.Float(at + k)
			d := x - a.f[k]
			a.f[k] += d / float64(a.n)
			a.m2[k] += float64(d * (x - a.f[k]))
		}
	case "min", "max":
		for k := range a.f {
			if b.Kind.IsFloat() {
				a.f[k] = a.pickFloat(a.f[k], b.Float(at+k), a.n == 1)
			} else {
				a.i[k] = a.pickInt(a.i[k], b.Int(at+k), a.n == 1)
			}
		}
	case "any":
		for k := range a.i {
			a.i[k] |= b.Int(at + k)
		}
	case "all":
		for k := range a.i {
			a.i[k] &= b.Int(at + k)
		}
	}
}

func (a *Accumulator) addInt(k int, x int64) {
	sum := a.i[k] + x
	a.over = a.over || (sum > a.i[k]) != (x > 0) && x != 0
	a.i[k] = sum
}

// pickFloat lets a NaN through, as max and min do.
func (a *Accumulator) pickFloat(old, x float64, first bool) float64 {
	switch {
	case first || x != x:
		return x
	case old != old:
		return old
	case a.agg.Op == "max":
		return math.Max(old, x)
	}
	return math.Min(old, x)
}

func (a *Accumulator) pickInt(old, x int64, first bool) int64 {
	switch {
	case first:
		return x
	case a.agg.Op == "max":
		return max(old, x)
	}
	return min(old, x)
}

// Merge adds the rows of b, which follow those of a. Means and squared
// differences merge as Chan, Golub and LeVeque (1979) do.
func (a *Accumulator) Merge(b *Accumulator) {
	if b.n == 0 {
		return
	}
	first := a.n == 0
	na, nb := float64(a.n), float64(b.n)
	a.n += b.n
	a.over = a.over || b.over
	switch a.agg.Op {
	case "sum", "mean":
		for k := range a.f {
			a.f[k] += b.f[k]
			a.addInt(k, b.i[k])
		}
	case "std", "var":
		for k := range a.f {
			d := b.f[k] - a.f[k]
			a.f[k] += float64(d * (nb / (na + nb)))
			a.m2[k] += b.m2[k] + float64(d*d*(na*nb/(na+nb)))
		}
	case "min", "max":
		for k := range a.f {
			a.f[k] = a.pickFloat(a.f[k], b.f[k], first)
			a.i[k] = a.pickInt(a.i[k], b.i[k], first)
		}
	case "any":
		for k := range a.i {
			a.i[k] |= b.i[k]
		}
	case "all":
		for k := range a.i {
			a.i[k] &= b.i[k]
		}
	case "median", "quantile", "collect":
		a.all = concat(a.all, b.all)
	}
}

// Count is the number of rows that counted.
func (a *Accumulator) Count() int64 { return a.n }

// Result is the aggregate as an array of kind want. Aggregates that nothing
// has, such as the mean of no rows, are an error that names what.
func (a *Accumulator) Result(want ir.Kind, what string) (*array.Array, error) {
	if a.agg.Op == "collect" {
		return a.all, nil
	}
	if a.n == 0 && needsRows(a.agg.Op) {
		return nil, source.Dataf("D0133", source.Place{}, "the %s over no rows of %s has no value", a.agg.Op, what).
			WithHint("look at the file, at the condition, or at how the table was made")
	}
	if a.over {
		return nil, source.Dataf("D0112", source.Place{}, "the sum over the rows of %s does not fit into 64 bits", what)
	}
	out := array.New(want, a.shape...)
	for k := range out.Len() {
		if err := a.set(out, k, what); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func needsRows(op string) bool {
	switch op {
	case "sum", "count", "any", "all":
		return false
	}
	return true
}

func (a *Accumulator) set(out *array.Array, k int, what string) error {
	switch a.agg.Op {
	case "count":
		out.SetInt(k, a.n)
	case "sum", "min", "max":
		if a.kind.IsFloat() {
			out.SetFloat(k, a.f[k])
			return nil
		}
		if lo, hi := intRangeOf(out.Kind); !out.Kind.IsFloat() && (a.i[k] < lo || a.i[k] > hi) {
			return source.Dataf("D0112", source.Place{Value: itoa(a.i[k])}, "the %s over the rows of %s does not fit into %s", a.agg.Op, what, out.Kind)
		}
		out.SetInt(k, a.i[k])
	case "mean":
		sum := a.f[k]
		if !a.kind.IsFloat() {
			sum = float64(a.i[k])
		}
		out.SetFloat(k, sum/float64(a.n))
	case "any", "all":
		out.SetInt(k, a.i[k])
	case "std", "var":
		n := float64(a.n)
		if a.agg.Sample {
			n--
		}
		if n == 0 {
			return source.Dataf("D0133", source.Place{}, "the %s of one row with `sample: true` has no value: %s has just one that counts", a.agg.Op, what)
		}
		x := a.m2[k] / n
		if a.agg.Op == "std" {
			x = math.Sqrt(x)
		}
		out.SetFloat(k, x)
	case "median":
		out.SetFloat(k, a.quantile(k, 0.5))
	case "quantile":
		out.SetFloat(k, a.quantile(k, a.agg.P))
	}
	return nil
}

// quantile interpolates linearly between the two nearest values.
func (a *Accumulator) quantile(k int, p float64) float64 {
	inner := a.inner()
	xs := make([]float64, a.n)
	for r := range xs {
		if xs[r] = a.all.Float(r*inner + k); xs[r] != xs[r] {
			return math.NaN()
		}
	}
	sort.Float64s(xs)
	at := p * float64(len(xs)-1)
	lo := int(math.Floor(at))
	lo = max(0, min(lo, len(xs)-1))
	hi := min(lo+1, len(xs)-1)
	w := at - float64(lo)
	if w == 0 || xs[lo] == xs[hi] {
		return xs[lo]
	}
	return float64(xs[lo]*(1-w)) + float64(xs[hi]*w)
}
