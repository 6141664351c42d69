package passes

import (
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// keyedCase is a sum over the rows of T, for each u of U.
type keyedCase struct {
	name    string
	fires   bool
	element func(b *ir.Builder, key, u, x *ir.Value) *ir.Value // of a row with a key and a number
}

var keyedCases = []keyedCase{
	{"key first", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("eq", key, u), x) }},
	{"key second", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("eq", u, key), x) }},
	{"and", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.One("and", nil, b.Cmp("gt", x, b.Float(x.Type, 0)), b.Cmp("eq", u, key)), x)
	}},
	{"of the key", true, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.Cmp("eq", u, key), b.Mul(x, b.One("convert", ir.ConvertAttrs{K: ir.F32}, u)))
	}},
	{"or", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return guard(b, b.One("or", nil, b.Cmp("gt", x, b.Float(x.Type, 0)), b.Cmp("eq", u, key)), x)
	}},
	{"not equal", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value { return guard(b, b.Cmp("ne", key, u), x) }},
	{"else", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return b.Cond(b.Cmp("eq", key, u), func() []*ir.Value { return []*ir.Value{x} },
			func() []*ir.Value { return []*ir.Value{b.Float(x.Type, 1)} })[0]
	}},
	{"outside", false, func(b *ir.Builder, key, u, x *ir.Value) *ir.Value {
		return b.Add(x, guard(b, b.Cmp("eq", key, u), x))
	}},
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
		ir.Walk(f.Body, func(op *ir.Op) { fires = fires || op.Row.Name == "scatter_add" })
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
