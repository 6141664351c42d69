package random

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// ErrSkip marks a function whose values are too large, or whose f32 run takes
// other branches than its f64 run: it cannot be compared.
var ErrSkip = errors.New("not comparable")

// Options choose how much of one function is compared.
type Options struct {
	Batches []int // batch sizes that the runtime runs
	Workers []int
	Strips  int64 // rows of strips wherever they can be, 0 for where they pay
	Again   bool  // all is computed again that can be
}

// Chosen gives the options of function number seed: all run at batch 7 on one
// worker; one in sixteen also at 1 and 1024, one in sixteen on 2 and 4
// workers, one in eight in strips of 3 rows, one in eight with all computed again that
// can be. The choice is a hash, so that every cell is hit often and no clock or counter
// decides.
func Chosen(seed uint64) Options {
	o := Options{Batches: []int{7}, Workers: []int{1}}
	h := ir.Mix(0x5eed, seed)
	if h%16 == 0 {
		o.Batches = []int{1, 7, 1024}
	}
	if h>>8%16 == 0 {
		o.Workers = []int{1, 2, 4}
	}
	if h>>16%8 == 0 {
		o.Strips = 3
	}
	o.Again = h>>24%8 == 0
	return o
}

// CheckChosen is Check with the options chosen for the number.
func CheckChosen(seed uint64) (*Drawn, error) { return Check(seed, Chosen(seed)) }

const batchSymbol = "B"

// Check draws function number seed and compares all that runs it.
func Check(seed uint64, o Options) (d *Drawn, err error) {
	d = Draw(seed)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err := ir.Verify(d.Module, ir.StageRaw); err != nil {
		return d, fmt.Errorf("not well typed: %w", err)
	}
	base, err := d.baseline()
	if err != nil {
		return d, err
	}
	for _, step := range []func(*baseline, Options) error{d.optimised, d.batched, d.derivatives} {
		if err := step(base, o); err != nil {
			return d, err
		}
	}
	return d, nil
}

// baseline is what the interpreter makes of the drawn function, row by row.
type baseline struct {
	rows [][]*ir.Tensor // inputs
	f64  [][]*ir.Tensor // results in f64
	f32  [][]*ir.Tensor // results of the same function over f32, rounded after each operation
	peak []float64      // by row: the largest intermediate
}

const maxRows = 1024

func (d *Drawn) baseline() (*baseline, error) {
	b := &baseline{}
	for n := 0; n < 7; n++ {
		if err := b.add(d, uint64(n)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *baseline) add(d *Drawn, n uint64) error {
	row := d.Row(n)
	exact := ir.NewEvaluator(d.Module, nil)
	peak := 0.0
	exact.Trace = func(_ *ir.Op, out []*ir.Tensor) {
		for _, t := range out {
			for _, x := range t.F {
				peak = math.Max(peak, math.Abs(x))
			}
		}
	}
	want, err := exact.Call(d.Func, row...)
	if err != nil {
		return err
	}
	low := d
	if d.Kind != ir.F32 {
		low = drawKind(d.Seed, ir.F32)
	}
	round := ir.NewEvaluator(low.Module, nil)
	round.Round = true
	rounded, err := round.Call(low.Func, retyped(row, low.Func)...)
	if err != nil {
		return err
	}
	if !finite(want) || !finite(rounded) || peak > 1e8 || apart(want, rounded) {
		return ErrSkip
	}
	b.rows, b.f64, b.f32 = append(b.rows, row), append(b.f64, want), append(b.f32, rounded)
	b.peak = append(b.peak, peak)
	return nil
}

// retyped gives tensors the types of the parameters of f; their floats are
// exact in either kind.
func retyped(row []*ir.Tensor, f *ir.Func) []*ir.Tensor {
	out := make([]*ir.Tensor, len(row))
	for i, x := range row {
		y := *x
		y.Type = f.Params()[i].Type
		out[i] = &y
	}
	return out
}

// apart reports that rounding has changed more than rounding can: a branch
// taken differently.
func apart(a, b []*ir.Tensor) bool {
	for i := range a {
		for j, x := range a[i].F {
			if math.Abs(x-b[i].F[j]) > 1e-3*(1+math.Abs(x)) {
				return true
			}
		}
	}
	return false
}

// tolerance is how far a computation of kind k may lie from the interpreter in
// f64: eight times what rounding to the kind changes there (for f64 what
// rounding to f32 changes, scaled by the ratio of their precisions) and sixteen
// units in the last place of the largest intermediate.
func (b *baseline) tolerance(row int, k ir.Kind) func(float64, int, int) float64 {
	scale, ulp := 0x1p-29, 0x1p-52
	if k == ir.F32 {
		scale, ulp = 1, 0x1p-23
	}
	return func(want float64, i, j int) float64 {
		return 8*scale*math.Abs(want-b.f32[row][i].F[j]) + 16*ulp*(b.peak[row]+1)
	}
}

// keep adds nodes that feed and run a function, so that no pass removes it.
func keep(m *ir.Module, fn string) {
	f := m.Func(fn)
	read, compute := &ir.Read{Reader: ir.Reader{Name: "npy"}}, &ir.Compute{Fn: fn}
	for i, p := range f.Params() {
		name := fmt.Sprintf("in/%d", i)
		f.Inputs[i] = ir.Input{Role: ir.Given, Bind: name}
		read.Outputs = append(read.Outputs, ir.Output{Name: name, Type: p.Type})
	}
	for i, v := range f.Results() {
		compute.Outputs = append(compute.Outputs, ir.Output{Name: fmt.Sprintf("out/%d", i), Type: v.Type})
	}
	m.Nodes = append(m.Nodes, &ir.Node{Name: "given", Body: read}, &ir.Node{Name: "kept", Body: compute})
}

// optimised compares the function after all passes.
func (d *Drawn) optimised(b *baseline, _ Options) error {
	e := Draw(d.Seed)
	keep(e.Module, "f")
	if err := passes.Run(e.Module, append(append([]passes.Pass{}, passes.SizeFree...), passes.Sized...), nil, nil); err != nil {
		return fmt.Errorf("passes: %w", err)
	}
	f := e.Module.Func("f")
	for n, row := range b.rows {
		got, err := ir.NewEvaluator(e.Module, nil).Call(f, row...)
		if err != nil {
			return fmt.Errorf("after passes: %w", err)
		}
		if err := near("after passes", got, b.f64[n], b.tolerance(n, d.Kind)); err != nil {
			return err
		}
	}
	return nil
}

// batched compares the batched function, interpreted and run.
func (d *Drawn) batched(b *baseline, o Options) error {
	e := Draw(d.Seed)
	e.Module.Symbols = append(e.Module.Symbols, &ir.Symbol{Name: batchSymbol, Class: ir.Batch, Size: maxRows})
	in := make([]bool, len(e.Func.Params()))
	for i := range in {
		in[i] = true
	}
	f, err := passes.Batch(e.Module, "f", in, ir.Sym(batchSymbol), true)
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	keep(e.Module, f.Name)
	args := Stack(b.rows, ir.Sym(batchSymbol))
	got, err := ir.NewEvaluator(e.Module, map[string]int64{batchSymbol: int64(len(b.rows))}).Call(f, args...)
	if err != nil {
		return fmt.Errorf("batched: %w", err)
	}
	for n := range b.rows {
		if err := near("batched", pick(got, n), b.f64[n], b.tolerance(n, d.Kind)); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	sizes := ir.Sizes{batchSymbol: {Actual: maxRows, Capacity: maxRows}}
	list := append(append([]passes.Pass{}, passes.SizeFree...), passes.Sized...)
	if o.Strips > 0 || o.Again {
		list = forced(o.Strips, o.Again)
	}
	if err := passes.Run(e.Module, list, sizes, nil); err != nil {
		return fmt.Errorf("passes on the batched function: %w", err)
	}
	return d.executed(e.Module, f.Name, sizes, b, o)
}

// pick takes row n of batched results.
func pick(ts []*ir.Tensor, n int) []*ir.Tensor {
	out := make([]*ir.Tensor, len(ts))
	for i, t := range ts {
		inner := 1
		for _, s := range t.Shape[1:] {
			inner *= s
		}
		x := &ir.Tensor{Type: t.Type.Inner(), Shape: t.Shape[1:]}
		if t.F != nil {
			x.F = t.F[n*inner : (n+1)*inner]
		}
		if t.I != nil {
			x.I = t.I[n*inner : (n+1)*inner]
		}
		out[i] = x
	}
	return out
}

// executed runs the planned function at the chosen batch sizes and workers;
// rows repeat where there are more than were drawn, and all workers must give
// the same bits.
func (d *Drawn) executed(m *ir.Module, name string, sizes ir.Sizes, b *baseline, o Options) error {
	var first map[int][]*array.Array
	for _, w := range o.Workers {
		results, err := d.execute(m, name, sizes, b, o.Batches, w)
		if err != nil {
			return fmt.Errorf("runtime, %d workers: %w", w, err)
		}
		if first == nil {
			first = results
			continue
		}
		for n, got := range results {
			for i := range got {
				if !sameBits(got[i], first[n][i]) {
					return fmt.Errorf("runtime, batch %d: result %d differs between 1 and %d workers", n, i, w)
				}
			}
		}
	}
	return nil
}

func (d *Drawn) execute(m *ir.Module, name string, sizes ir.Sizes, b *baseline, batches []int, workers int) (map[int][]*array.Array, error) {
	p, err := runtime.Load(m, sizes, runtime.Options{Workers: workers})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	f, err := p.Function(name, nil)
	if err != nil {
		return nil, err
	}
	results := map[int][]*array.Array{}
	for _, n := range batches {
		rows := make([][]*ir.Tensor, n)
		for i := range rows {
			rows[i] = b.rows[i%len(b.rows)]
		}
		var in []*array.Array
		for _, t := range Stack(rows, ir.Sym(batchSymbol)) {
			in = append(in, array.FromTensor(t))
		}
		out := make([]*array.Array, len(m.Func(name).Results()))
		if err := f.Run(in, out, map[string]int64{batchSymbol: int64(n)}); err != nil {
			return nil, fmt.Errorf("batch %d: %w", n, err)
		}
		var got []*ir.Tensor
		for i, v := range m.Func(name).Results() {
			got = append(got, out[i].ToTensor(v.Type))
		}
		for i := 0; i < n; i++ {
			k := i % len(b.rows)
			if err := near("runtime", pick(got, i), b.f64[k], b.tolerance(k, d.Kind)); err != nil {
				return nil, fmt.Errorf("batch %d, row %d: %w", n, i, err)
			}
		}
		results[n] = out
	}
	return results, nil
}

func sameBits(a, b *array.Array) bool {
	for i := 0; i < a.Len(); i++ {
		x, y := a.Float(i), b.Float(i)
		if math.Float64bits(x) != math.Float64bits(y) {
			return false
		}
	}
	return true
}

// derivatives compares forward with reverse mode: for any tangent t and
// cotangent c, c·J t = Jᵀc·t up to 1e-12 times the sizes of the terms of the
// two sums and of the largest intermediate: terms that have cancelled inside of
// a function leave an error of the size that they had.
func (d *Drawn) derivatives(b *baseline, _ Options) error {
	e := Draw(d.Seed)
	in := make([]bool, len(e.Func.Params()))
	for i, p := range e.Func.Params() {
		in[i] = p.Type.IsFloat()
	}
	fwd, err := passes.JVP(e.Module, "f", in)
	if err != nil {
		return fmt.Errorf("jvp: %w", err)
	}
	rev, err := passes.VJP(e.Module, "f", in, nil)
	if err != nil {
		return fmt.Errorf("vjp: %w", err)
	}
	r := rand.New(rand.NewPCG(d.Seed, 77))
	var tangents, cotangents []*ir.Tensor
	for _, p := range e.Func.Params() {
		if p.Type.IsFloat() {
			tangents = append(tangents, randomTensor(r, p.Type))
		}
	}
	for _, v := range e.Func.Results() {
		if v.Type.IsFloat() {
			cotangents = append(cotangents, randomTensor(r, v.Type))
		}
	}
	for n, row := range b.rows {
		if err := forwardIsReverse(e.Module, fwd, rev, row, tangents, cotangents, b.f64[n], b.tolerance(n, d.Kind)); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	return nil
}

func forwardIsReverse(m *ir.Module, fwd, rev *ir.Func, row, t, c, primal []*ir.Tensor, tol func(float64, int, int) float64) error {
	var peak float64
	ev := ir.NewEvaluator(m, nil)
	ev.Trace = func(_ *ir.Op, out []*ir.Tensor) {
		for _, x := range out {
			for _, v := range x.F {
				peak = math.Max(peak, math.Abs(v))
			}
		}
	}
	jt, err := ev.Call(fwd, append(append([]*ir.Tensor{}, row...), t...)...)
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	jc, err := ev.Call(rev, append(append([]*ir.Tensor{}, row...), c...)...)
	if err != nil {
		return fmt.Errorf("reverse: %w", err)
	}
	if peak > 1e12 || math.IsNaN(peak) {
		return ErrSkip // derivatives too steep to compare; counted
	}
	if err := near("primal of reverse", jc[:len(primal)], primal, tol); err != nil {
		return err
	}
	a, sizeA := dot(c, jt[len(primal):])
	z, sizeZ := dot(t, jc[len(primal):])
	if !(math.Abs(a-z) <= 1e-12*(sizeA+sizeZ+peak)) {
		return fmt.Errorf("forward %.17g, reverse %.17g", a, z)
	}
	return nil
}

func dot(a, b []*ir.Tensor) (sum, size float64) {
	for i := range a {
		for j, x := range a[i].F {
			sum += x * b[i].F[j]
			size += math.Abs(x * b[i].F[j])
		}
	}
	return sum, size
}
