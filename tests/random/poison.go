package random

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// This file draws functions with poison: branches that guard a domain, of
// which rows of one batch take different sides, so that some would compute an
// infinity or NaN in the side that they do not take. Derivatives in several
// orders must be finite, and in each row what they are of that row alone.

// guarded draws a branch whose sides hold values that are fine only there.
func (g *gen) guarded() {
	if g.depth >= maxDepth {
		return
	}
	s := g.scalarFloat()
	if g.r.IntN(4) == 0 {
		g.never(s)
		return
	}
	c := float64(g.r.IntN(9)-4) / 4
	p := g.b.Cmp("gt", s, g.b.Float(s.Type, c))
	ds := g.dims(1)
	g.have(g.b.Cond(p,
		func() []*ir.Value { return g.side(ds, func() *ir.Value { return g.venom(s, c, 1) }) },
		func() []*ir.Value { return g.side(ds, func() *ir.Value { return g.venom(s, c+0.5, -1) }) })[0])
}

// never draws a branch that no row takes, over what may be shared by rows.
func (g *gen) never(s *ir.Value) {
	far := g.b.Cmp("gt", g.b.One("tanh", nil, s), g.b.Float(s.Type, 3))
	x := g.float()
	names := []string{"log", "sqrt", "log1p"}
	name := names[g.r.IntN(len(names))]
	g.have(g.b.Cond(far,
		func() []*ir.Value {
			return g.side(x.Type.Dims, func() *ir.Value {
				y := g.b.Sub(x, x)
				if name == "log1p" {
					y = g.b.Sub(y, g.b.Float(y.Type, 1))
				}
				return g.b.Mul(g.b.One(name, nil, y), g.like(x.Type.Dims))
			})
		},
		func() []*ir.Value { return []*ir.Value{g.b.One("tanh", nil, x)} })[0])
}

// side is what a side yields: drawn from a pool that holds the venom.
func (g *gen) side(ds []ir.Dim, venom func() *ir.Value) []*ir.Value {
	return []*ir.Value{g.nestWith(venom, 1+g.r.IntN(4), ds)}
}

// venom is finite where sign·(s - c) > 0 alone.
func (g *gen) venom(s *ir.Value, c, sign float64) *ir.Value {
	b := g.b
	d := b.Sub(s, b.Float(s.Type, c))
	if sign < 0 {
		d = b.Neg(d)
	}
	switch g.r.IntN(6) {
	case 0:
		return b.One("log", nil, d)
	case 1:
		return b.One("sqrt", nil, d)
	case 2:
		return b.Div(g.like(nil), d)
	case 3:
		return b.One("pow", nil, d, b.Float(s.Type, 1.5))
	case 4:
		return b.One("exp", nil, b.Mul(d, b.Float(s.Type, -1000)))
	}
	return b.One("powi", ir.NAttrs{N: 5}, b.Div(b.Float(s.Type, 0.125), d))
}

func (g *gen) scalarFloat() *ir.Value {
	if s := g.pick(func(t ir.Type) bool { return t.IsFloat() && t.Rank() == 0 }); s != nil {
		return s
	}
	return g.scalar(g.float())
}

// DrawPoison makes function number seed of those with poison, in f64.
func DrawPoison(seed uint64) *Drawn {
	g := &gen{r: rand.New(rand.NewPCG(seed, 0xbadcafe)), m: &ir.Module{Name: "poison"}, kind: ir.F64, poison: true}
	if g.r.IntN(3) == 0 {
		g.helper = append(g.helper, g.function("g", 5))
	}
	f := g.function("f", 4+g.r.IntN(16))
	d := &Drawn{Seed: seed, Module: g.m, Func: f, Kind: g.kind, Rows: map[string]int{}}
	countRows(f.Body, d, 0)
	return d
}

// orders are the ways in which a function is batched and differentiated; the
// runtime runs the first three.
var orders = []string{"batch vjp", "batch vjp jvp", "vjp batch", "batch jvp", "jvp batch", "batch vjp vjp", "vjp batch vjp", "batch jvp vjp"}

const poisonRows = 5

// CheckPoison draws function number seed with poison and compares each of its
// derivatives, batched, with those of its rows.
func CheckPoison(seed uint64) (d *Drawn, err error) {
	d = DrawPoison(seed)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return d, CheckRows(seed, func() *ir.Module { return DrawPoison(seed).Module })
}

// CheckRows compares some derivatives of function f of a module, which made
// makes anew, with those of its rows; the seed draws the rows and the choice.
func CheckRows(seed uint64, made func() *ir.Module) error {
	chosen := []string{orders[0], orders[1], orders[2+ir.Mix(3, seed)%uint64(len(orders)-2)]}
	for i, o := range chosen {
		if err := checkOrder(seed, o, made, i < 2 || ir.Mix(5, seed)%4 == 0); err != nil {
			return err
		}
	}
	return nil
}

// CheckAll is CheckRows for every order, run as well.
func CheckAll(seed uint64, made func() *ir.Module) error {
	for _, o := range orders {
		if err := checkOrder(seed, o, made, true); err != nil {
			return err
		}
	}
	return nil
}

func checkOrder(seed uint64, order string, made func() *ir.Module, runs bool) error {
	p := &poison{made: made, order: strings.Fields(order), seed: seed, runs: runs}
	if err := p.check(); err != nil {
		return fmt.Errorf("%s: %w", order, err)
	}
	return nil
}

// poison is one order of one function.
type poison struct {
	made   func() *ir.Module
	order  []string
	seed   uint64
	runs   bool   // on the runtime too
	shared []bool // by parameter of the function drawn: one value for all rows
}

// transform applies the transforms of the order; without batch, to one row.
func (p *poison) transform(m *ir.Module, batch bool) (f *ir.Func, err error) {
	f = m.Func("f")
	var on []bool // parameters that differ by row
	for _, shared := range p.shared {
		on = append(on, !shared)
	}
	for _, o := range p.order {
		in := floatParams(f)
		switch {
		case o == "batch" && batch:
			f, err = passes.Batch(m, f.Name, on, ir.Sym(batchSymbol), true)
		case o == "jvp":
			f, err = passes.JVP(m, f.Name, in)
		case o == "vjp":
			f, err = passes.VJP(m, f.Name, in, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
		for len(on) < len(f.Params()) {
			on = append(on, true)
		}
	}
	return f, nil
}

func leads(t ir.Type) bool { return t.Rank() > 0 && t.Dims[0] == ir.Sym(batchSymbol) }

func floatParams(f *ir.Func) []bool {
	in := make([]bool, len(f.Params()))
	for i, p := range f.Params() {
		in[i] = p.Type.IsFloat()
	}
	return in
}

func (p *poison) check() error {
	alone, whole := p.made(), p.made()
	r := rand.New(rand.NewPCG(p.seed, 9))
	for range alone.Func("f").Params() {
		p.shared = append(p.shared, r.IntN(3) == 0)
	}
	p.shared[0] = false
	single, err := p.transform(alone, false)
	if err != nil {
		return err
	}
	whole.Symbols = append(whole.Symbols, &ir.Symbol{Name: batchSymbol, Class: ir.Batch, Size: maxRows})
	all, err := p.transform(whole, true)
	if err != nil {
		return err
	}
	if err := ir.Verify(whole, ir.StageRaw); err != nil {
		return err
	}
	rows := p.rows(single, all)
	want, size, err := p.alone(alone, single, all, rows)
	if err != nil {
		return err
	}
	return p.whole(whole, all, rows, want, size)
}

// rows draws arguments; what the batched function does not take by row is the
// same in all of them.
func (p *poison) rows(single, all *ir.Func) [][]*ir.Tensor {
	var rows [][]*ir.Tensor
	for n := range poisonRows {
		r := rand.New(rand.NewPCG(p.seed, 1000+uint64(n)))
		var row []*ir.Tensor
		for i, q := range single.Params() {
			x := randomTensor(r, q.Type)
			for j := range x.F {
				x.F[j] = math.Round(x.F[j]*4) / 4
			}
			if n > 0 && !leads(all.Params()[i].Type) {
				x = rows[0][i]
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows
}

// alone is the results of each row; where the batched function yields one for
// all rows, their sum.
func (p *poison) alone(m *ir.Module, single, all *ir.Func, rows [][]*ir.Tensor) (want [][]*ir.Tensor, size float64, err error) {
	for n, row := range rows {
		out, err := ir.NewEvaluator(m, nil).Call(single, row...)
		if err != nil {
			return nil, 0, err
		}
		for i, x := range out {
			y := *x // results may be one tensor, or an argument
			y.F = append([]float64{}, x.F...)
			for j, v := range x.F {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, 0, fmt.Errorf("row %d alone: result %d element %d is %v", n, i, j, v)
				}
				size = math.Max(size, math.Abs(v))
				if n > 0 && !leads(all.Results()[i].Type) {
					want[0][i].F[j] += v
				}
			}
			out[i] = &y
		}
		want = append(want, out)
	}
	if size > 1e8 {
		return nil, 0, ErrSkip
	}
	return want, size, nil
}

// whole compares the batched function, before and after all passes and run.
func (p *poison) whole(m *ir.Module, f *ir.Func, rows, want [][]*ir.Tensor, size float64) error {
	sizes := map[string]int64{batchSymbol: poisonRows}
	args := arguments(f, rows)
	got, err := ir.NewEvaluator(m, sizes).Call(f, args...)
	if err != nil {
		return err
	}
	if err := sameRows("batched", f, got, want, size); err != nil {
		return err
	}
	name := f.Name
	keep(m, name)
	limits := ir.Sizes{batchSymbol: {Actual: poisonRows, Capacity: maxRows}}
	if err := passes.Run(m, append(append([]passes.Pass{}, passes.SizeFree...), passes.Sized...), limits, nil); err != nil {
		return err
	}
	f = m.Func(name)
	if got, err = ir.NewEvaluator(m, sizes).Call(f, args...); err != nil {
		return err
	}
	if err := sameRows("after passes", f, got, want, size); err != nil || !p.runs {
		return err
	}
	if got, err = execute(m, f, limits, args); err != nil {
		return err
	}
	return sameRows("runtime", f, got, want, size)
}

func arguments(f *ir.Func, rows [][]*ir.Tensor) []*ir.Tensor {
	stacked := Stack(rows, ir.Sym(batchSymbol))
	for i, q := range f.Params() {
		if !leads(q.Type) {
			stacked[i] = rows[0][i]
		}
	}
	return stacked
}

// execute runs f as the runtime plans it.
func execute(m *ir.Module, f *ir.Func, limits ir.Sizes, args []*ir.Tensor) ([]*ir.Tensor, error) {
	p, err := runtime.Load(m, limits, runtime.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	g, err := p.Function(f.Name, nil)
	if err != nil {
		return nil, err
	}
	var in []*array.Array
	for _, x := range args {
		in = append(in, array.FromTensor(x))
	}
	out := make([]*array.Array, len(f.Results()))
	if err := g.Run(in, out, map[string]int64{batchSymbol: limits[batchSymbol].Actual}); err != nil {
		return nil, err
	}
	var got []*ir.Tensor
	for i, v := range f.Results() {
		got = append(got, out[i].ToTensor(v.Type))
	}
	return got, nil
}

// sameRows compares batched results with those of the rows.
func sameRows(what string, f *ir.Func, got []*ir.Tensor, want [][]*ir.Tensor, size float64) error {
	tol := func(float64, int, int) float64 { return 1e-10 * (1 + size) }
	for i, v := range f.Results() {
		if !leads(v.Type) {
			if err := near(what, got[i:i+1], want[0][i:i+1], tol); err != nil {
				return fmt.Errorf("result %d: %w", i, err)
			}
			continue
		}
		for n := range want {
			if err := near(what, pick(got[i:i+1], n), want[n][i:i+1], tol); err != nil {
				return fmt.Errorf("row %d result %d: %w", n, i, err)
			}
		}
	}
	return nil
}
