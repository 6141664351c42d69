package passes

import (
	"math"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// keyedCase is a sum over the rows of T, for each u of U.
type keyedCase struct {
	name    string
	fires   bool
	element func(b *ir.Builder, key, u, x *ir.Value) *ir.Value // of a row with a key and a number
	fold    func(b *ir.Builder, xs *ir.Value) *ir.Value        // nil for the sum
}

func greatest(b *ir.Builder, xs *ir.Value) *ir.Value {
	return b.One("reduce_max", ir.AxesAttrs{Axes: []int{0}}, xs)
}

func leastOf(b *ir.Builder, xs *ir.Value) *ir.Value { return b.Neg(greatest(b, b.Neg(xs))) }

// instead is x where the key is u, and otherwise what is neither greatest nor least.
func instead(other float64) func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
	return func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return b.Cond(b.Cmp("eq", key, u), func() []*ir.Value { return []*ir.Value{x} },
			func() []*ir.Value { return []*ir.Value{b.Float(x.Type, other)} })[0]
	}
}

var keyedCases = []keyedCase{
	{"greatest", true, instead(math.Inf(-1)), greatest},
	{"least", true, instead(math.Inf(1)), leastOf},
	{"greatest, or 0", false, instead(0), greatest},
	{"least of what is no limit", false, instead(math.Inf(-1)), leastOf},
	{"sum of limits", false, instead(math.Inf(-1)), nil},
	{"key first", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("eq", key, u), x) }, nil},
	{"key second", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("eq", u, key), x) }, nil},
	{"and", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.One("and", nil, b.Cmp("gt", x, b.Float(x.Type, 0)), b.Cmp("eq", u, key)), x)
	}, nil},
	{"of the key", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.Cmp("eq", u, key), b.Mul(x, b.One("convert", ir.ConvertAttrs{K: ir.F32}, u)))
	}, nil},
	{"or", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.One("or", nil, b.Cmp("gt", x, b.Float(x.Type, 0)), b.Cmp("eq", u, key)), x)
	}, nil},
	{"not equal", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("ne", key, u), x) }, nil},
	{"else", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return b.Cond(b.Cmp("eq", key, u), func() []*ir.Value { return []*ir.Value{x} },
			func() []*ir.Value { return []*ir.Value{b.Float(x.Type, 1)} })[0]
	}, nil},
	{"outside", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return b.Add(x, guard(b, b.Cmp("eq", key, u), x))
	}, nil},
}

// guard is x where p, and 0.
func guard(b *ir.Builder, p, x *ir.Value) *ir.Value {
	return b.Cond(p, func() []*ir.Value { return []*ir.Value{x} }, func() []*ir.Value { return []*ir.Value{b.Zeros(x.Type)} })[0]
}

func keyedModule(c keyedCase) (*ir.Module, *ir.Func) {
	users, rows := ir.N(4), ir.N(50)
	m := &ir.Module{Name: "keyed", Numerics: ir.Numerics}
	f := ir.NewFunc("sums")
	keys := f.AddParam("keys", ir.TensorOf(ir.Index, rows), ir.Input{})
	keys.Type.Bound = users
	xs := f.AddParam("xs", ir.TensorOf(ir.F32, rows), ir.Input{})
	b := ir.NewBuilder(m, f)
	all := b.Map(users, []*ir.Value{b.One("iota", ir.IotaAttrs{N: users})}, func(u []*ir.Value) []*ir.Value {
		each := b.Map(rows, []*ir.Value{keys, xs}, func(e []*ir.Value) []*ir.Value {
			return []*ir.Value{c.element(b, e[0], u[0], e[1])}
		})
		if c.fold != nil {
			return []*ir.Value{c.fold(b, each[0])}
		}
		return []*ir.Value{b.Sum(each[0], 0)}
	})
	b.Return(all...)
	return m, m.Add(f)
}

// TestGroup holds which sums are added by key, and that they are the same.
func TestGroup(t *testing.T) {
	keys := ir.NewTensor(ir.TensorOf(ir.Index, ir.N(50)), 50)
	xs := ir.NewTensor(ir.TensorOf(ir.F32, ir.N(50)), 50)
	for i := range 50 {
		keys.I[i] = int64(i*i%7) % 4
		xs.F[i] = float64(i%9) - 3
	}
	for _, c := range keyedCases {
		m, f := keyedModule(c)
		keys.Type = f.Params()[0].Type
		before, err := ir.NewEvaluator(m, nil).Call(f, keys, xs)
		if err != nil {
			t.Fatal(err)
		}
		if err := Run(m, []Pass{{Name: "group", Run: group}}, nil, nil); err != nil {
			t.Fatal(err)
		}
		fires := false
		ir.Walk(f.Body, func(op *ir.Op) { fires = fires || op.Row.Name == "scatter_add" || op.Row.Name == "scatter_max" })
		if fires != c.fires {
			t.Errorf("%s: added by key is %v, want %v", c.name, fires, c.fires)
		}
		after, err := ir.NewEvaluator(m, nil).Call(f, keys, xs)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range before[0].F {
			if got := after[0].F[i]; got != want {
				t.Errorf("%s: sum %d is %v, want %v", c.name, i, got, want)
			}
		}
	}
}

// TestGroupGradient: what is found by key has the gradient that it has as written,
// shared by the rows that are greatest together.
func TestGroupGradient(t *testing.T) {
	keys := ir.NewTensor(ir.TensorOf(ir.Index, ir.N(50)), 50)
	xs, ones := ir.NewTensor(ir.TensorOf(ir.F32, ir.N(50)), 50), ir.NewTensor(ir.TensorOf(ir.F32, ir.N(4)), 4)
	for i := range 50 {
		keys.I[i], xs.F[i] = int64(i%4), float64(i*i%9)
	}
	for i := range ones.F {
		ones.F[i] = float64(i + 1)
	}
	for _, c := range keyedCases {
		if !c.fires {
			continue
		}
		var grads [2][]*ir.Tensor
		for n := range grads {
			m, f := keyedModule(c)
			keys.Type = f.Params()[0].Type
			if n > 0 {
				if err := Run(m, []Pass{{Name: "group", Run: group}}, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			g, err := VJP(m, f.Name, []bool{false, true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if grads[n], err = ir.NewEvaluator(m, nil).Call(g, keys, xs, ones); err != nil {
				t.Fatal(err)
			}
		}
		same(t, c.name, grads[1], grads[0])
	}
}
