package runtime

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
	"github.com/dfc-lang/dfc/runtime/kernel/macro"
)

// region grows a random fused region over dims, from parameters with and
// without some of the axes.
type region struct {
	r    *rand.Rand
	b    *ir.Builder
	dims []ir.Dim
	vals map[ir.Kind][]*ir.Value // over all dims
}

func (g *region) pick(k ir.Kind) *ir.Value {
	l := g.vals[k]
	if len(l) == 0 || g.r.Intn(12) == 0 {
		t := ir.TensorOf(k, g.dims...)
		switch k {
		case ir.F32, ir.F64:
			l = append(l, g.b.Float(t, float64(g.r.Intn(9)-4)/2))
		default:
			l = append(l, g.b.Int(t, int64(g.r.Intn(2))))
		}
		g.vals[k] = l
		return l[len(l)-1]
	}
	return l[len(l)-1-g.r.Intn(min(len(l), 10))]
}

func (g *region) add(v *ir.Value) {
	k := v.Type.Kind
	g.vals[k] = append(g.vals[k], v)
}

// spread is a parameter over some axes, over all of them.
func (g *region) spread(v *ir.Value, axes []int) *ir.Value {
	if len(axes) == len(g.dims) {
		return v
	}
	return g.b.Broadcast(v, g.dims, axes...)
}

// The rows by number of operands: those that have a program in package macro.
var unaryRows, binaryRows = func() (one, two []string) {
	one, two = []string{"stop"}, []string{"add", "mul", "sub", "add", "mul"}
	for _, name := range macro.Rows() {
		c, _ := macro.For(name, macro.F64, 2)
		switch c.Args {
		case 1:
			one = append(one, name)
		case 2:
			two = append(two, name)
		}
	}
	slices.Sort(one)
	slices.Sort(two)
	return one, two
}()

func (g *region) grow(k ir.Kind) {
	switch n := g.r.Intn(14); n {
	case 0, 1, 2:
		row := unaryRows[g.r.Intn(len(unaryRows))]
		g.add(g.b.One(row, attrsOf(row), g.pick(k)))
	case 3:
		g.add(g.b.Select(g.pick(ir.Bool), g.pick(k), g.pick(k)))
	case 4, 5:
		g.add(g.b.Cmp([]string{"eq", "ne", "lt", "le", "gt", "ge"}[g.r.Intn(6)], g.pick(k), g.pick(k)))
	case 6:
		row := []string{"and", "or", "not"}[g.r.Intn(3)]
		x := []*ir.Value{g.pick(ir.Bool), g.pick(ir.Bool)}
		if row == "not" {
			x = x[:1]
		}
		g.add(g.b.One(row, nil, x...))
	case 7:
		to := []ir.Kind{ir.F32, ir.F64}[g.r.Intn(2)]
		from := []ir.Kind{ir.F32, ir.F64, ir.Bool, ir.I32, ir.I64, ir.U8}[g.r.Intn(6)]
		if len(g.vals[from]) > 0 && from != to && (to == k || g.r.Intn(4) == 0) {
			g.add(g.b.One("convert", ir.ConvertAttrs{K: to}, g.pick(from)))
		}
	case 8:
		whole := []ir.Kind{ir.I32, ir.I64}[g.r.Intn(2)]
		if len(g.vals[whole]) == 0 {
			break
		}
		g.whole(whole)
	case 9:
		if to := []ir.Kind{ir.I32, ir.I64}[g.r.Intn(2)]; g.r.Intn(3) == 0 {
			g.add(g.b.One("convert", ir.ConvertAttrs{K: to}, g.pick(k)))
		} else if len(g.vals[ir.I32]) > 0 && to == ir.I64 {
			g.add(g.b.One("convert", ir.ConvertAttrs{K: to}, g.pick(ir.I32)))
		}
	default:
		g.add(g.b.One(binaryRows[g.r.Intn(len(binaryRows))], nil, g.pick(k), g.pick(k)))
	}
}

// whole grows the integers of a kind.
func (g *region) whole(k ir.Kind) {
	switch row := []string{"eq", "lt", "ge", "add", "sub", "mul", "mul", "max", "neg", "abs", "sign", "div", "rem"}[g.r.Intn(13)]; row {
	case "eq", "lt", "ge":
		g.add(g.b.Cmp(row, g.pick(k), g.pick(k)))
	case "neg", "abs", "sign":
		g.add(g.b.One(row, nil, g.pick(k)))
	case "div", "rem":
		y := g.pick(k)
		if g.r.Intn(8) > 0 {
			y = g.b.One("max", nil, y, g.b.Int(ir.TensorOf(k, g.dims...), 1))
		}
		if g.r.Intn(3) == 0 {
			y = g.b.Neg(y)
		}
		g.add(g.b.One(row, nil, g.pick(k), y))
	default:
		g.add(g.b.One(row, nil, g.pick(k), g.pick(k)))
	}
}

func attrsOf(row string) ir.Attrs {
	switch row {
	case "stop":
		return ir.StopAttrs{}
	case "powi":
		return ir.NAttrs{N: 2}
	}
	return nil
}

// randomRegion is a function of one fused operation.
func randomRegion(r *rand.Rand) (*ir.Module, *ir.Func) {
	m := &ir.Module{Symbols: []*ir.Symbol{{Name: "A", Class: ir.Bound}, {Name: "B", Class: ir.Batch}}}
	f := ir.NewFunc("main")
	g := &region{r: r, b: ir.NewBuilder(m, f), vals: map[ir.Kind][]*ir.Value{}}
	g.dims = [][]ir.Dim{{}, {ir.Sym("B")}, {ir.Sym("B"), ir.Sym("A")}, {ir.N(3), ir.Sym("B"), ir.N(5)},
		{ir.Sym("A"), ir.Sym("B"), ir.N(16)}, {ir.N(2), ir.Sym("A"), ir.N(9), ir.N(40)}}[r.Intn(6)]
	k := []ir.Kind{ir.F32, ir.F64}[r.Intn(2)]
	kinds := []ir.Kind{k, k, k, ir.Bool}
	if r.Intn(3) == 0 {
		kinds = append(kinds, ir.F32, ir.F64, ir.I32, ir.I64, ir.U8)
	}
	var params []*ir.Value
	var axes [][]int
	var types []ir.Type
	for range 1 + r.Intn(6) {
		t := ir.Type{Kind: kinds[r.Intn(len(kinds))]}
		var along []int
		for i, d := range g.dims {
			if r.Intn(4) > 0 {
				t.Dims, along = append(t.Dims, d), append(along, i)
			}
		}
		params, axes, types = append(params, f.AddParam("", t, ir.Input{})), append(axes, along), append(types, t)
	}
	in := g.b.Open(types...)
	for i, p := range in {
		g.add(g.spread(p, axes[i]))
	}
	for range 1 + r.Intn(30) {
		g.grow(k)
	}
	var out []*ir.Value
	for range 1 + r.Intn(3) {
		v := g.pick(k)
		if r.Intn(6) == 0 {
			v = g.pick(ir.Bool)
		}
		out = append(out, v)
	}
	c := g.b.Close(out...)
	g.b.Return(g.b.OpWith("fused", nil, []*ir.Region{c.Region}, params...)...)
	m.Add(f)
	return m, f
}

// special fills an array with numbers of all sizes.
func special(r *rand.Rand, a *array.Array) {
	for i := range a.Len() {
		switch {
		case a.Kind == ir.F32 || a.Kind == ir.F64:
			x := r.NormFloat64() * math.Pow(2, float64(r.Intn(10)-5))
			if r.Intn(20) == 0 {
				x = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e30, -700, 1e-310}[r.Intn(8)]
			}
			a.SetFloat(i, x)
		case a.Kind == ir.Bool:
			a.SetInt(i, int64(r.Intn(2)))
		case a.Kind == ir.I64 && r.Intn(9) == 0:
			a.SetInt(i, int64(r.Uint64()>>r.Intn(64)))
		default:
			a.SetInt(i, int64(r.Intn(7)))
		}
	}
}

// runWith runs a function; ran says whether machine code was made, and fault
// is what the function failed with.
func runWith(t *testing.T, m *ir.Module, sizes ir.Sizes, in []*array.Array, opt Options) (out []*array.Array, ran bool, fault string) {
	t.Helper()
	prog, err := Load(m, sizes, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	fn, err := prog.Function("main", nil)
	if err != nil {
		t.Fatal(err)
	}
	out = make([]*array.Array, len(m.Func("main").Results()))
	if err := fn.Run(in, out, nil); err != nil {
		fault = err.Error()
	}
	return out, prog.code.made() > 0, fault
}

// compareCode runs a random region in both ways; the results have the same
// bits, but for those of NaN.
func compareCode(t *testing.T, seed int64) (ran bool) {
	r := rand.New(rand.NewSource(seed))
	m, f := randomRegion(r)
	for _, n := range [][2]int64{{1, 1}, {37, 8}, {3, 41}, {1100, 3}, {100, 64}} {
		sizes := ir.Sizes{"B": {Actual: n[0], Capacity: n[0]}, "A": {Actual: n[1], Capacity: n[1]}}
		look := func(name string) (int64, bool) { return sizes[name].Actual, true }
		var in []*array.Array
		for _, p := range f.Params() {
			a := array.New(p.Type.Kind, shapeOf(p.Type, look)...)
			special(r, a)
			in = append(in, a)
		}
		want, _, fault := runWith(t, m, sizes, in, Options{NoJIT: true})
		for _, tier := range kernel.Tiers()[kernel.AVX2:] {
			old := kernel.Use(tier)
			got, made, same := runWith(t, m, sizes, in, Options{Workers: 1 + r.Intn(2)})
			kernel.Use(old)
			if ran = made; fault != same {
				t.Fatalf("seed %d, sizes %v, %v: fails with %q, interpreted with %q\n%s", seed, n, tier, same, fault, m)
			}
			if fault == "" {
				sameNumbers(t, fmt.Sprintf("seed %d, sizes %v, %v", seed, n, tier), m, got, want)
			}
		}
	}
	return ran
}

func sameNumbers(t *testing.T, where string, m *ir.Module, got, want []*array.Array) {
	t.Helper()
	for k := range want {
		for i := range want[k].Len() {
			if !sameNumber(got[k], want[k], i) {
				t.Fatalf("%s: element %d of result %d is %s, interpreted %s\n%s", where, i, k, text(got[k], i), text(want[k], i), m)
			}
		}
	}
}

func sameNumber(x, y *array.Array, i int) bool {
	switch x.Kind {
	case ir.F32:
		return math.Float32bits(x.F32[i]) == math.Float32bits(y.F32[i]) || x.F32[i] != x.F32[i] && y.F32[i] != y.F32[i]
	case ir.F64:
		return math.Float64bits(x.F64[i]) == math.Float64bits(y.F64[i]) || x.F64[i] != x.F64[i] && y.F64[i] != y.F64[i]
	}
	return text(x, i) == text(y, i)
}

func text(x *array.Array, i int) string {
	switch x.Kind {
	case ir.F32:
		return fmt.Sprintf("%g %#x", x.F32[i], math.Float32bits(x.F32[i]))
	case ir.F64:
		return fmt.Sprintf("%g %#x", x.F64[i], math.Float64bits(x.F64[i]))
	case ir.I32, ir.Index:
		return fmt.Sprint(x.I32[i])
	case ir.I64:
		return fmt.Sprint(x.I64[i])
	}
	return fmt.Sprint(x.U8[i])
}

func needCode(t testing.TB) {
	if kernel.Active() < kernel.AVX2 || !jit.Available() {
		t.Skip("no machine code is made here")
	}
}

// TestCodeOfRegions compares random regions in machine code with the
// interpreter of tiles.
func TestCodeOfRegions(t *testing.T) {
	needCode(t)
	ran, n := 0, 200
	if testing.Short() {
		n = 60
	}
	for seed := range n {
		if compareCode(t, int64(seed)) {
			ran++
		}
	}
	if ran < n*8/10 {
		t.Errorf("only %d of %d regions ran in machine code", ran, n)
	}
}

func FuzzCodeOfRegions(f *testing.F) {
	needCode(f)
	f.Add(int64(-1))
	f.Fuzz(func(t *testing.T, seed int64) { compareCode(t, seed) })
}

// TestCodeIsLeftOften runs regions most of whose points are not for the code.
func TestCodeIsLeftOften(t *testing.T) {
	needCode(t)
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		r := rand.New(rand.NewSource(5))
		for _, few := range []int{1, 2, 9, 1 << 30} { // of so many points one is too great
			x := make([]float64, 5003)
			for i := range x {
				if x[i] = r.NormFloat64(); r.Intn(few) == 0 {
					x[i] = 1e30
				}
			}
			tryBoth(t, oneOp("sin", nil, k), []*array.Array{floats(k, x)})
		}
	}
}
