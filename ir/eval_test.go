package ir

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

// floatsOn, intsOn make tensors for the tests.
func floatsOn(xs ...float64) *Tensor {
	return &Tensor{Type: TensorOf(F64, N(int64(len(xs)))), Shape: []int{len(xs)}, F: xs}
}

func intsOn(k Kind, xs ...int64) *Tensor {
	return &Tensor{Type: TensorOf(k, N(int64(len(xs)))), Shape: []int{len(xs)}, I: xs}
}

// apply runs one operation on tensors.
func apply(row string, attrs Attrs, in ...*Tensor) (*Tensor, error) {
	f := NewFunc(row)
	var ps []*Value
	for _, x := range in {
		ps = append(ps, f.AddParam("", x.Type, Input{}))
	}
	b := NewBuilder(nil, f)
	b.Return(b.Op(row, attrs, ps...)...)
	out, err := NewEvaluator(nil, nil).Call(f, in...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out[0], nil
}

// TestMeaning pins values that are a matter of definition.
func TestMeaning(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := []struct {
		row   string
		attrs Attrs
		in    []*Tensor
		want  []float64
	}{
		{"max", nil, []*Tensor{floatsOn(nan, 1, inf, nan), floatsOn(1, nan, 1, inf)}, []float64{nan, nan, inf, nan}},
		{"reduce_max", AxesAttrs{[]int{0}}, []*Tensor{floatsOn(1, nan, inf)}, []float64{nan}},
		{"reduce_max", AxesAttrs{[]int{0}}, []*Tensor{floatsOn()}, []float64{-inf}},
		{"reduce_sum", AxesAttrs{[]int{0}}, []*Tensor{floatsOn()}, []float64{0}},
		{"reduce_prod", AxesAttrs{[]int{0}}, []*Tensor{floatsOn()}, []float64{1}},
		{"sign", nil, []*Tensor{floatsOn(-3, 0, 2, nan)}, []float64{-1, 0, 1, nan}},
		{"round", nil, []*Tensor{floatsOn(0.5, 1.5, -2.5, 2.6)}, []float64{0, 2, -2, 3}},
		{"rem", nil, []*Tensor{floatsOn(7, -7, 7, -7), floatsOn(3, 3, -3, -3)}, []float64{1, 2, -2, -1}},
		{"div", nil, []*Tensor{intsOn(I32, 7, -7, 7, -7), intsOn(I32, 2, 2, -2, -2)}, []float64{3, -4, -4, 3}},
		{"rem", nil, []*Tensor{intsOn(I32, 7, -7, 7, -7), intsOn(I32, 3, 3, -3, -3)}, []float64{1, 2, -2, -1}},
		{"pow", nil, []*Tensor{floatsOn(0, -2, -2, 2), floatsOn(0, 3, 0.5, -1)}, []float64{1, -8, nan, 0.5}},
		{"powi", NAttrs{-2}, []*Tensor{floatsOn(2, -4)}, []float64{0.25, 0.0625}},
		{"powi", NAttrs{0}, []*Tensor{floatsOn(0, nan)}, []float64{1, 1}},
		{"powi", NAttrs{3}, []*Tensor{intsOn(I64, -3, -1, 0)}, []float64{-27, -1, 0}},
		{"logistic", nil, []*Tensor{floatsOn(-1000, 0, 1000)}, []float64{0, 0.5, 1}},
		{"convert", ConvertAttrs{K: I32}, []*Tensor{floatsOn(-1.9, 1.9)}, []float64{-1, 1}},
		{"convert", ConvertAttrs{K: Bool}, []*Tensor{floatsOn(0, -0.1, nan)}, []float64{0, 1, 1}},
		{"argmax", AxisAttrs{0}, []*Tensor{floatsOn(1, 3, 3)}, []float64{1}},
		{"argmax", AxisAttrs{0}, []*Tensor{floatsOn(1, nan, inf)}, []float64{1}},
		{"cumsum", CumAttrs{0, true, true}, []*Tensor{floatsOn(1, 2, 3)}, []float64{5, 3, 0}},
		{"cmp", CmpAttrs{"ne"}, []*Tensor{floatsOn(nan, 1), floatsOn(nan, 1)}, []float64{1, 0}},
		{"cmp", CmpAttrs{"le"}, []*Tensor{floatsOn(nan, 1), floatsOn(nan, 1)}, []float64{0, 1}},
		{"reduce_max", AxesAttrs{[]int{0}}, []*Tensor{intsOn(Bool, 0, 1, 0)}, []float64{1}},
	}
	for _, c := range cases {
		got, err := apply(c.row, c.attrs, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.row, err)
			continue
		}
		xs := got.F
		for _, n := range got.I {
			xs = append(xs, float64(n))
		}
		near(t, fmt.Sprint(c.row, c.attrs), xs, c.want, 0)
	}
}

// TestFaults: what the data can do wrong, and at which element it is said.
func TestFaults(t *testing.T) {
	index := func(bound int64, xs ...int64) *Tensor {
		x := intsOn(Index, xs...)
		x.Type.Bound = N(bound)
		return x
	}
	cases := []struct {
		row   string
		attrs Attrs
		in    []*Tensor
		want  string
	}{
		{"add", nil, []*Tensor{intsOn(I32, 1, math.MaxInt32), intsOn(I32, 1, 1)}, "add: element 1: 2147483647 + 1 overflows i32"},
		{"add", nil, []*Tensor{intsOn(I64, math.MinInt64), intsOn(I64, -1)}, "overflows i64"},
		{"sub", nil, []*Tensor{intsOn(I64, math.MinInt64), intsOn(I64, 1)}, "overflows i64"},
		{"sub", nil, []*Tensor{intsOn(I64, 0), intsOn(I64, math.MinInt64)}, "overflows i64"},
		{"mul", nil, []*Tensor{intsOn(I64, -1), intsOn(I64, math.MinInt64)}, "overflows i64"},
		{"mul", nil, []*Tensor{intsOn(I32, 1<<20), intsOn(I32, 1<<20)}, "1048576 * 1048576 overflows i32"},
		{"neg", nil, []*Tensor{intsOn(I32, math.MinInt32)}, "overflows i32"},
		{"abs", nil, []*Tensor{intsOn(I64, math.MinInt64)}, "overflows i64"},
		{"div", nil, []*Tensor{intsOn(I32, 6, 7), intsOn(I32, 2, 0)}, "div: element 1: 7 divided by 0"},
		{"div", nil, []*Tensor{intsOn(I64, math.MinInt64), intsOn(I64, -1)}, "overflows i64"},
		{"rem", nil, []*Tensor{intsOn(I32, 7), intsOn(I32, 0)}, "7 divided by 0"},
		{"powi", NAttrs{40}, []*Tensor{intsOn(I32, 2)}, "overflows i32"},
		{"reduce_sum", AxesAttrs{[]int{0}}, []*Tensor{intsOn(I32, math.MaxInt32, 1)}, "reduce_sum: element 0:"},
		{"cumsum", CumAttrs{}, []*Tensor{intsOn(I32, 1, math.MaxInt32)}, "cumsum: element 1:"},
		{"reduce_max", AxesAttrs{[]int{0}}, []*Tensor{intsOn(I32)}, "the greatest of no integers"},
		{"convert", ConvertAttrs{K: I32}, []*Tensor{floatsOn(1, math.NaN())}, "convert: element 1: NaN does not fit in i32"},
		{"convert", ConvertAttrs{K: I64}, []*Tensor{floatsOn(0x1p63)}, "does not fit in i64"},
		{"convert", ConvertAttrs{K: U8}, []*Tensor{intsOn(I32, 256)}, "256 does not fit in u8"},
		{"convert", ConvertAttrs{K: Index, Bound: N(3)}, []*Tensor{intsOn(I64, 2, 3)}, "element 1: 3 is outside 0..3"},
		{"gather", GatherAttrs{0, 0}, []*Tensor{floatsOn(1, 2), index(2, 0, 2)}, "gather: element 1: index 2 is outside 0..2"},
		{"assert", AssertAttrs{"x is too large"}, []*Tensor{intsOn(Bool, 1, 0)}, "assert: element 1: x is too large"},
	}
	for _, c := range cases {
		_, err := apply(c.row, c.attrs, c.in...)
		var fault *EvalError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, expected %q", c.row, err, c.want)
		}
	}
}

// TestTypeFaults: what a caller of the builder can do wrong.
func TestTypeFaults(t *testing.T) {
	x, y, n := vec(2, 3), vec(3, 2), TensorOf(I32, N(3))
	cases := []struct {
		row   string
		attrs Attrs
		in    []Type
		want  string
	}{
		{"add", nil, []Type{x}, "takes 2 operands, got 1"},
		{"add", nil, []Type{x, y}, "operand 1 is f64[3,2] but operand 0 is f64[2,3]"},
		{"exp", nil, []Type{n}, "operand 0 is i32[3]; its kind must be f32 or f64"},
		{"neg", AxisAttrs{}, []Type{x}, "attributes are ir.AxisAttrs, expected <nil>"},
		{"not", nil, []Type{n}, "its kind must be bool"},
		{"cmp", CmpAttrs{"=="}, []Type{x, x}, `no comparison "=="`},
		{"cmp", CmpAttrs{"eq"}, []Type{ScalarOf(Key), ScalarOf(Key)}, "its kind must be"},
		{"select", nil, []Type{ScalarOf(Bool), x, x}, "operand 0 is bool, expected bool[2,3]"},
		{"powi", NAttrs{-1}, []Type{n}, "power -1 of integers"},
		{"convert", ConvertAttrs{K: Index}, []Type{n}, "a bound belongs to index"},
		{"convert", ConvertAttrs{K: Key}, []Type{n}, "nothing is converted to key"},
		{"const", ConstAttrs{T: vec(3), F: []float64{1, 2}}, nil, "2 elements given for f64[3]"},
		{"const", ConstAttrs{T: IndexOf(N(3)), I: []int64{3}}, nil, "outside index<3>"},
		{"const", ConstAttrs{T: ScalarOf(U8), I: []int64{-1}}, nil, "-1 does not fit in u8"},
		{"broadcast", BroadcastAttrs{dimsOf(4, 5), []int{1}}, []Type{vec(4)}, "axis 0 of f64[4] becomes axis 1 of size 5"},
		{"broadcast", BroadcastAttrs{dimsOf(2, 3), []int{1, 0}}, []Type{y}, "must increase"},
		{"reshape", ReshapeAttrs{dimsOf(7)}, []Type{x}, "f64[2,3] has 6 elements, the result 7"},
		{"transpose", TransposeAttrs{[]int{0, 0}}, []Type{x}, "[0 0] is no order"},
		{"slice", SliceAttrs{dimsOf(1), dimsOf(3), ones(1)}, []Type{vec(3)}, "1..4 is outside axis 0 of size 3"},
		{"slice", SliceAttrs{dimsOf(0), dimsOf(2), []int64{0}}, []Type{vec(3)}, "step 0"},
		{"pad", PadAttrs{dimsOf(-1), dimsOf(0)}, []Type{vec(3)}, "negative padding"},
		{"concat", AxisAttrs{0}, []Type{x, y}, "operand 1 is f64[3,2], expected f64[3,3]"},
		{"gather", GatherAttrs{0, 0}, []Type{x, IndexOf(N(3))}, "it must be index<2>"},
		{"gather", GatherAttrs{0, 1}, []Type{x, IndexOf(N(2))}, "1 batch dimensions with axis 0"},
		{"scatter_add", GatherAttrs{0, 0}, []Type{x, IndexOf(N(2)), x}, "operand 2 is f64[2,3], expected f64[3]"},
		{"slice_add", SliceAddAttrs{dimsOf(2)}, []Type{vec(3), vec(2)}, "2..4 is outside axis 0"},
		{"einsum", EinsumAttrs{"ij,jk"}, []Type{x, y}, "not of the form"},
		{"einsum", EinsumAttrs{"ii->i"}, []Type{vec(2, 2)}, "label i stands twice"},
		{"einsum", EinsumAttrs{"ij->k"}, []Type{x}, "label k of the result stands in no operand"},
		{"einsum", EinsumAttrs{"ij,jk->ik"}, []Type{x, x}, "label j of \"ij,jk->ik\" is 3 and 2"},
		{"einsum", EinsumAttrs{"i->i"}, []Type{n}, "its kind must be f32 or f64"},
		{"reduce_sum", AxesAttrs{[]int{1, 0}}, []Type{x}, "axes [1 0] do not increase"},
		{"reduce_sum", AxesAttrs{}, []Type{x}, "no axis given"},
		{"cumsum", CumAttrs{Axis: 2}, []Type{x}, "axis 2 is none of f64[2,3]"},
		{"key_fold", nil, []Type{ScalarOf(Key), n}, "the dimensions must be the same"},
		{"uniform", UniformAttrs{K: I32}, []Type{ScalarOf(Key)}, "uniform numbers of kind i32"},
		{"size", SizeAttrs{N(3), Bool}, nil, "the kind must be"},
		{"call", CallAttrs{Fn: "f"}, nil, "no function @f"},
		{"cond", CondAttrs{}, []Type{ScalarOf(Bool)}, "takes 2 regions, got 0"},
		{"scan", ScanAttrs{Count: N(3), Xs: 1}, []Type{x}, "its first dimension must be 3"},
	}
	for _, c := range cases {
		func() {
			defer func() {
				if err, ok := recover().(*TypeError); !ok || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v, expected %q", c.row, err, c.want)
				}
			}()
			f := NewFunc("f")
			var ps []*Value
			for _, p := range c.in {
				ps = append(ps, f.AddParam("", p, Input{}))
			}
			NewBuilder(nil, f).Op(c.row, c.attrs, ps...)
		}()
	}
}

// TestSpecial compares with known values (Abramowitz and Stegun, tables 6.1
// and 6.2; Riemann's zeta; reflection at -1/2).
func TestSpecial(t *testing.T) {
	const euler, zeta3 = 0.57721566490153286061, 1.20205690315959428540
	cases := []struct {
		n       int
		x, want float64
	}{
		{0, 1, -euler}, {0, 0.5, -euler - 2*math.Ln2}, {0, 100, 4.600161852738087400},
		{0, -0.5, 2 - euler - 2*math.Ln2}, {1, 1, math.Pi * math.Pi / 6}, {1, 0.5, math.Pi * math.Pi / 2},
		{1, -0.5, math.Pi*math.Pi/2 + 4}, {2, 1, -2 * zeta3}, {2, -0.5, -14*zeta3 + 16}, {3, 1, math.Pow(math.Pi, 4) / 15},
	}
	for _, c := range cases {
		near(t, fmt.Sprintf("polygamma(%d, %v)", c.n, c.x), []float64{polygamma(c.n, c.x)}, []float64{c.want}, 1e-14)
	}
	if y := polygamma(0, -3); !math.IsNaN(y) {
		t.Errorf("digamma(-3) = %v", y)
	}
	if y := polygamma(0, 0); !math.IsInf(y, -1) {
		t.Errorf("digamma(0) = %v", y)
	}
}

const controlText = `module "control" numerics 1
dim B batch

func @twice(%x.0: f64[B]) -> f64[B] {
  %y.1 = add %x.0, %x.0 : f64[B]
  return %y.1
}

func @main(%p.0: bool[B], %x.1: f64[B], %n.2: i32[B], %s.3: bool) -> f64[B], i32[B], f64, f64[3], f64[3], f64[B] {
  %4 = call @twice %x.1 : f64[B]
  %5, %6 = cond %p.0, %4, %n.2 (%7: f64[B], %8: i32[B]) {
    %9 = const {t i32[B], i [60]} : i32[B]
    %10 = div %9, %8 : i32[B]
    yield %7, %10
  } (%11: f64[B], %12: i32[B]) {
    %13 = neg %11 : f64[B]
    yield %13, %12
  } : f64[B], i32[B]
  %14 = const {t f64, f [1]} : f64
  %15 = const {t f64[3], f [2, 3, 4]} : f64[3]
  %16, %17 = scan %14, %15 {count 3, captures 0, carries 1, xs 1, reverse true} (%18: f64, %19: f64) {
    %20 = mul %18, %19 : f64
    yield %20, %18
  } : f64, f64[3]
  %21 = map %14, %17 {count 3, captures 1, xs 1} (%22: f64, %23: f64) {
    %24 = sub %23, %22 : f64
    yield %24
  } : f64[3]
  %25 = fused %x.1 (%26: f64[B]) {
    %27 = mul %26, %26 : f64[B]
    yield %27
  } : f64[B]
  %28 = cond %s.3, %25 (%29: f64[B]) {
    yield %29
  } (%30: f64[B]) {
    %31 = neg %30 : f64[B]
    yield %31
  } : f64[B]
  return %5, %6, %16, %17, %21, %28
}
`

// TestControl runs every control row; lanes that are off do not divide by 0.
func TestControl(t *testing.T) {
	m, err := Parse("control.ir", []byte(controlText))
	if err != nil {
		t.Fatal(err)
	}
	e := NewEvaluator(m, map[string]int64{"B": 3})
	seen := map[string]int{}
	e.Trace = func(op *Op, _ []*Tensor) { seen[op.Row.Name]++ }
	no := &Tensor{Type: ScalarOf(Bool), I: []int64{0}}
	args := func(p, n *Tensor) []*Tensor { return []*Tensor{p, floatsOn(1, 2, 3), n, no} }
	got, err := e.Call(m.Func("main"), args(intsOn(Bool, 1, 0, 1), intsOn(I32, 7, 0, 2))...)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{2, -4, 6}, nil, {24}, {12, 4, 1}, {11, 3, 0}, {-1, -4, -9}}
	for i, w := range want {
		near(t, fmt.Sprint("result ", i), got[i].F, w, 0)
	}
	if n := got[1].I; n[0] != 8 || n[1] != 0 || n[2] != 30 {
		t.Errorf("integers are %v", n)
	}
	if seen["mul"] != 4 || seen["scan"] != 1 || seen["add"] != 1 {
		t.Errorf("traced %v", seen)
	}
	_, err = e.Call(m.Func("main"), args(intsOn(Bool, 1, 0, 1), intsOn(I32, 7, 0, 0))...)
	var fault *EvalError
	if !errors.As(err, &fault) || fault.Element != 2 || fault.Op.Row.Name != "div" {
		t.Errorf("error is %v", err)
	}
	if _, err := e.Call(m.Func("main"), args(intsOn(Bool, 1), intsOn(I32, 7, 0, 0))...); err == nil ||
		!strings.Contains(err.Error(), "argument 0 of @main: of shape [1], but bool[B] is [3] here") {
		t.Errorf("error is %v", err)
	}
}

func TestCallRequests(t *testing.T) {
	m := &Module{}
	f := NewFunc("f")
	f.AddParam("x", vec(3), Input{})
	f.AddParam("i", IndexOf(N(3)), Input{})
	NewBuilder(m, f).Return(f.Params()[0])
	m.Add(f)
	vjp := Request{Kind: "vjp", In: []bool{true, false}}
	batch := Request{Kind: "batch", In: []bool{true, false, true}, D: Sym("B")}
	ps, rs, err := CallTypes(m, CallAttrs{"f", []Request{vjp, batch}})
	if got := fmt.Sprint(ps, rs, err); got != "[f64[B,3] index<3> f64[B,3]] [f64[B,3] f64[B,3]] <nil>" {
		t.Errorf("types are %s", got)
	}
	jvp := Request{Kind: "jvp", In: []bool{false, true}}
	if _, _, err := CallTypes(m, CallAttrs{"f", []Request{jvp}}); err == nil || !strings.Contains(err.Error(), "index<3> has no derivative") {
		t.Errorf("error is %v", err)
	}
	b := NewBuilder(m, NewFunc("g"))
	x, i := b.Zeros(vec(3)), b.Zeros(IndexOf(N(3)))
	b.Return(b.Op("call", CallAttrs{"f", []Request{vjp}}, x, i, x)...)
	if _, err := NewEvaluator(m, nil).Call(b.Func); err == nil || !strings.Contains(err.Error(), "still asks for vjp") {
		t.Errorf("error is %v", err)
	}
}

// TestZeroTangent: zeros among tangents stand in the linear region.
func TestZeroTangent(t *testing.T) {
	f := NewFunc("f")
	p := f.AddParam("p", TensorOf(Bool, N(2)), Input{})
	x := f.AddParam("x", vec(2), Input{})
	b := NewBuilder(nil, f)
	dx := b.OpenLinear(vec(2))[0]
	y := b.Select(p, x, x)
	c := b.CloseLinear(y.Def.Row.Tangent(b, y.Def, []*Value{nil, dx, nil})...)
	if len(c.Values) != 1 || c.Values[0] != p || len(c.Region.Ops) != 2 {
		t.Errorf("residuals %v, %d operations", c.Values, len(c.Region.Ops))
	}
}

func TestFoldConst(t *testing.T) {
	b := NewBuilder(nil, NewFunc("f"))
	f32 := TensorOf(F32, Sym("B"))
	third := b.Div(b.Float(f32, 1), b.Float(f32, 3))
	if c, ok := FoldConst(third.Def); !ok || len(c.F) != 1 || c.F[0] != float64(float32(1)/3) || !c.T.Equal(f32) {
		t.Errorf("1/3 is %v, %v", c, ok)
	}
	list := b.One("const", ConstAttrs{T: vec(2), F: []float64{1, 2}})
	if c, ok := FoldConst(b.Add(list, b.Float(vec(2), 1)).Def); !ok || fmt.Sprint(c.F) != "[2 3]" {
		t.Errorf("sum is %v, %v", c, ok)
	}
	if c, ok := FoldConst(b.Broadcast(list, dimsOf(2, 2), 1).Def); !ok || fmt.Sprint(c.F) != "[1 2 1 2]" {
		t.Errorf("broadcast is %v, %v", c, ok)
	}
	if c, ok := FoldConst(b.One("convert", ConvertAttrs{K: I32}, list).Def); !ok || fmt.Sprint(c.I) != "[1 2]" {
		t.Errorf("converted is %v, %v", c, ok)
	}
	for _, v := range []*Value{
		b.Div(list, b.Zeros(vec(2))),
		b.Div(b.Int(ScalarOf(I32), 1), b.Int(ScalarOf(I32), 0)),
		b.Neg(b.One("size", SizeAttrs{Sym("B"), F64})),
		b.One("opaque", nil, list),
		list,
	} {
		if c, ok := FoldConst(v.Def); ok {
			t.Errorf("%s folds to %v", v.Def.Row.Name, c)
		}
	}
}

// TestErrorPlace: a fault names the operation, which has the place.
func TestErrorPlace(t *testing.T) {
	f := NewFunc("f")
	b := NewBuilder(nil, f)
	b.Span = source.Span{File: source.NewFile("a.df", []byte("1 / 0")), Start: 0, End: 5}
	b.Return(b.Div(b.Int(ScalarOf(I64), 1), b.Int(ScalarOf(I64), 0)))
	_, err := NewEvaluator(nil, nil).Call(f)
	var fault *EvalError
	if !errors.As(err, &fault) || fault.Op.Span.Text() != "1 / 0" {
		t.Errorf("error is %v", err)
	}
}
