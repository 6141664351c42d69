package random

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Stripped counts what CheckStrips has seen.
type Stripped struct {
	Groups int // `strips` operations
	Sums   int // sums over rows that end one
}

// forced is the passes with strips of so many rows wherever they can be, 0 for none
// at all, and with all that can be computed again, or nothing.
func forced(rows int64, again bool) (list []passes.Pass) {
	for _, p := range append(slices.Clone(passes.SizeFree), passes.Sized...) {
		switch {
		case p.Name == "strips" && rows > 0:
			list = append(list, passes.ForcedStrips(rows))
		case p.Name == "recompute" && again:
			list = append(list, passes.ForcedRecompute())
		case p.Name != "strips" && p.Name != "recompute":
			list = append(list, p)
		}
	}
	return list
}

// CheckStrips takes the gradient of drawn function or network number seed over a
// batch, some of its parameters the same for all rows: in strips of a few rows the
// interpreter and the runtime, on one worker and on three, must make the bits that
// they make without.
func CheckStrips(seed uint64, network bool) (seen Stripped, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	h := ir.Mix(0x57a1, seed)
	rows, most := []int64{1, 3, 16, 64, 100}[h%5], int64(maxRows)
	batches := []int{int(1 + h>>8%9), 300}
	if network {
		most, batches = 4096, []int{int(1 + h>>8%9), int(200 + h>>16%400)}
		if h>>32%4 == 0 {
			batches = append(batches, 2500) // sums in parts
		}
	}
	plain, f, err := shared(seed, network, most, forced(0, false))
	if err != nil {
		return seen, err
	}
	cut, _, err := shared(seed, network, most, forced(rows, false))
	if err != nil {
		return seen, err
	}
	if seen = strippedIn(cut.Func(f)); seen.Groups == 0 {
		return seen, nil
	}
	for _, n := range batches {
		if err := compareForced(plain, cut, f, batchOf(plain.Func(f), n, seed), n, most); err != nil {
			return seen, fmt.Errorf("strips of %d rows of %d: %w", rows, n, err)
		}
	}
	return seen, nil
}

func strippedIn(f *ir.Func) (seen Stripped) {
	ir.Walk(f.Body, func(op *ir.Op) {
		a, ok := op.Attrs.(ir.StripsAttrs)
		if !ok {
			return
		}
		seen.Groups++
		for _, x := range op.Regions[0].Results {
			if x.Type.Rank() == 0 || x.Type.Dims[0] != a.Rows {
				seen.Sums++
			}
		}
	})
	return seen
}

// compareForced runs a function with nothing forced and with, also in the interpreter
// where there are few rows.
func compareForced(plain, cut *ir.Module, f string, in []*ir.Tensor, n int, most int64) error {
	if n < 10 {
		if err := interpretForced(plain, cut, f, in, n); err != nil {
			return err
		}
	}
	whole, err := runOn(plain, f, in, n, most, 1)
	if err != nil {
		return err
	}
	for _, workers := range []int{1, 3} {
		out, err := runOn(cut, f, in, n, most, workers)
		if err != nil {
			return fmt.Errorf("%d workers: %w", workers, err)
		}
		for i := range whole {
			if err := same(out[i], whole[i]); err != nil {
				return fmt.Errorf("%d workers: result %d %w", workers, i, err)
			}
		}
	}
	return nil
}

func interpretForced(plain, cut *ir.Module, f string, in []*ir.Tensor, n int) error {
	sizes := map[string]int64{batchSymbol: int64(n)}
	want, err := ir.NewEvaluator(plain, sizes).Call(plain.Func(f), in...)
	if err != nil {
		return err
	}
	got, err := ir.NewEvaluator(cut, sizes).Call(cut.Func(f), in...)
	if err != nil {
		return fmt.Errorf("interpreted: %w", err)
	}
	for i := range want {
		if err := same(array.FromTensor(got[i]), array.FromTensor(want[i])); err != nil {
			return fmt.Errorf("interpreted: result %d %w", i, err)
		}
	}
	return nil
}

// network is a function of a row and weights: layers of drawn widths, each with a
// drawn function behind it.
func network(seed uint64) (*ir.Module, []bool) {
	r := rand.New(rand.NewPCG(seed, 0x2e7))
	m, f := &ir.Module{}, ir.NewFunc("f")
	kind := []ir.Kind{ir.F32, ir.F64}[r.IntN(2)]
	tensor := func(dims ...int) ir.Type {
		var ds []ir.Dim
		for _, n := range dims {
			ds = append(ds, ir.N(int64(n)))
		}
		return ir.TensorOf(kind, ds...)
	}
	width := func() int { return []int{1, 3, 4, 8, 17, 40, 130}[r.IntN(7)] }
	n := width()
	x := f.AddParam("x", tensor(n), ir.Input{})
	in := []bool{true}
	b := ir.NewBuilder(m, f)
	weight := func(dims ...int) *ir.Value {
		in = append(in, false)
		return f.AddParam(fmt.Sprintf("w%d", len(in)), tensor(dims...), ir.Input{})
	}
	for range 1 + r.IntN(3) {
		switch to := width(); r.IntN(4) {
		case 0: // distances from points
			p := b.Sub(b.Spread(x, ir.N(int64(to))), weight(to, n))
			x, n = b.Sum(b.Mul(p, p), 1), to
		case 1: // weights of a sum
			e := b.One("exp", nil, b.Sub(x, b.Spread(b.One("reduce_max", ir.AxesAttrs{Axes: []int{0}}, x), ir.N(int64(n)))))
			x = b.Div(e, b.Spread(b.Sum(e, 0), ir.N(int64(n))))
		default:
			x, n = b.Add(b.Einsum("ij,j->i", weight(to, n), x), weight(to)), to
		}
		switch r.IntN(4) {
		case 0:
			x = b.Select(b.Cmp("gt", x, b.Float(x.Type, 0)), x, b.Float(x.Type, 0))
		case 1:
			x = b.Mul(b.One("logistic", nil, x), x)
		default:
			x = b.One("tanh", nil, x)
		}
	}
	b.Return(x, b.Sum(x, 0))
	m.Add(f)
	return m, in
}

// shared is the gradient of function number seed over a batch, with about a
// third of its parameters the same for all rows, after the passes of a list.
func shared(seed uint64, net bool, most int64, list []passes.Pass) (m *ir.Module, name string, err error) {
	var in []bool
	if net {
		m, in = network(seed)
	} else {
		m = Draw(seed).Module
		in = make([]bool, len(m.Func("f").Params()))
		for i, p := range m.Func("f").Params() {
			in[i] = i == 0 || ir.Mix(seed, uint64(i))%3 != 0 || !p.Type.IsFloat()
		}
	}
	m.Symbols = append(m.Symbols, &ir.Symbol{Name: batchSymbol, Class: ir.Batch, Size: most})
	f, err := passes.Batch(m, "f", in, ir.Sym(batchSymbol), true)
	if err != nil {
		return nil, "", fmt.Errorf("batch: %w", err)
	}
	if f, err = passes.VJP(m, f.Name, floatParams(f), nil); err != nil {
		return nil, "", fmt.Errorf("vjp: %w", err)
	}
	keep(m, f.Name)
	limits := ir.Sizes{batchSymbol: {Actual: most, Capacity: most}}
	if err := passes.Run(m, list, limits, nil); err != nil {
		return nil, "", fmt.Errorf("passes: %w", err)
	}
	return m, f.Name, nil
}

// batchOf is arguments for n rows.
func batchOf(f *ir.Func, n int, seed uint64) []*ir.Tensor {
	r := rand.New(rand.NewPCG(seed, 0x517))
	var out []*ir.Tensor
	for _, p := range f.Params() {
		t := p.Type
		if t.Rank() > 0 && t.Dims[0] == ir.Sym(batchSymbol) {
			x := randomTensor(r, t.Inner().Lead(ir.N(int64(n))))
			x.Type = t
			out = append(out, x)
			continue
		}
		out = append(out, randomTensor(r, t))
	}
	return out
}

func runOn(m *ir.Module, name string, in []*ir.Tensor, n int, most int64, workers int) ([]*array.Array, error) {
	p, err := runtime.Load(m, ir.Sizes{batchSymbol: {Actual: most, Capacity: most}}, runtime.Options{Workers: workers})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	f, err := p.Function(name, nil)
	if err != nil {
		return nil, err
	}
	var args []*array.Array
	for _, t := range in {
		args = append(args, array.FromTensor(t))
	}
	out := make([]*array.Array, len(m.Func(name).Results()))
	return out, f.Run(args, out, map[string]int64{batchSymbol: int64(n)})
}

// same reports the first element of a that is another than that of b; all NaNs
// are one.
func same(a, b *array.Array) error {
	for i := range b.Len() {
		if x, y := a.Float(i), b.Float(i); x != y && (x == x || y == y) {
			return fmt.Errorf("element %d is %.17g, not %.17g", i, x, y)
		}
	}
	return nil
}
