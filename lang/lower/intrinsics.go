package lower

import (
	"math/big"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/check"
	"github.com/dfc-lang/dfc/lang/source"
)

// Intr is a function that the compiler knows. Everything else of the prelude
// is written in the language.
type Intr struct {
	Name  string
	Sig   string // its signature, as users would write it
	Doc   string // one sentence
	lower func(c *cx, call *callArgs, want check.Type) Value
}

func (f *Intr) name() string { return f.Name }

func (f *Intr) apply(c *cx, call *callArgs, want check.Type) Value {
	return f.lower(c, call, want)
}

// intrinsics is the table by name; it is filled in init, because what it
// refers to refers back to it.
var intrinsics = map[string]*Intr{}

// Intrinsics lists the functions that the compiler knows, by name.
func Intrinsics() []Intr {
	var out []Intr
	for _, f := range intrinsics {
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func intrinsic(name, sig, doc string, f func(c *cx, call *callArgs, want check.Type) Value) {
	intrinsics[name] = &Intr{name, sig, doc, f}
}

func init() {
	elementwise()
	reductions()
	shapes()
	tables()
	for name, doc := range map[string]string{
		"grad":           "The gradient of a function whose result is one number.",
		"value_and_grad": "The value and the gradient, computed together.",
		"vjp":            "The value and the gradient weighed by a cotangent of the result.",
		"jvp":            "The value and its change along a tangent of the argument.",
		"jacobian":       "All derivatives: the dimensions of the result, then of the argument.",
		"hessian":        "All second derivatives of a function whose result is one number.",
		"hvp":            "The second derivatives times a vector.",
	} {
		sig := name + "(f, mode: forward | reverse)(x)"
		if name == "vjp" || name == "jvp" || name == "hvp" {
			sig = name + "(f)(x, v)"
		}
		intrinsic(name, sig, doc, derivOp(name))
	}
	intrinsic("fold", "fold(f, s0, xs) -> s", "The last state of a loop over xs: f takes the state and an element.", foldOp("fold"))
	intrinsic("scan", "scan(f, s0, xs, out: (s, x) => y) -> [s]", "The states after each step of a loop over xs; with `out`, { last, out }, where out has what is made of each element and the state after it.", foldOp("scan"))
	intrinsic("random.uniform", "random.uniform() -> real", "A number between 0 and 1, both excluded.", randomOp("uniform"))
	intrinsic("random.normal", "random.normal() -> real", "A number with the normal distribution of mean 0 and deviation 1.", randomOp("normal"))
	intrinsic("random.bernoulli", "random.bernoulli(p: real) -> bool", "true with probability p.", randomOp("bernoulli"))
	for _, op := range []string{"sum", "mean", "max"} {
		intrinsic("batch."+op, "batch."+op+"(x)", "The "+op+" of x over the rows of a step, element by element.", batchOp(op))
	}
}

// fixed evaluates the arguments of a function with lo to hi positional ones and
// no named ones.
func (c *cx) fixed(name string, call *callArgs, lo, hi int) ([]operand, bool) {
	if len(call.named) > 0 {
		c.errf("E0226", call.named[0].at, "`%s` has no argument `%s`", name, call.named[0].name)
		return nil, false
	}
	if len(call.args) < lo || hi >= 0 && len(call.args) > hi {
		r := c.errf("E0225", call.at, "`%s` is called with %d arguments", name, len(call.args))
		if in := intrinsics[name]; in != nil {
			r.hint("%s", in.Sig)
		}
		return nil, false
	}
	var out []operand
	for _, a := range call.args {
		out = append(out, operand{a.val(call.cx, nil), a.at})
	}
	for _, o := range out {
		if isPoison(o.v) {
			return nil, false
		}
	}
	return out, true
}

// batchOp brings the rows of a step together.
func batchOp(op string) func(c *cx, call *callArgs, want check.Type) Value {
	return func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("batch."+op, call, 1, 1)
		if !ok {
			return poison
		}
		if c.tr == nil || !c.tr.training || !c.tr.batch {
			if c.above != nil {
				panic(notHere{})
			}
			if !c.fn.rigid {
				c.errf("E0760", call.at, "`batch.%s` brings the rows of a step together, and there is no step here", op).hint("use it in what a `loss` reaches, or under `if training`")
				return poison
			}
		}
		v := c.force(args[0].v, args[0].at)
		if hasPoison(v) {
			return poison
		}
		return mapLeaves(v, func(t *Ten) Value {
			if !t.T.IsFloat() {
				c.errf("E0386", args[0].at, "`batch.%s` has no meaning for %s", op, c.describe(t))
				return t
			}
			b := c.fn.b
			x := c.use(t)
			if op == "max" {
				return c.ten(b.One("cross_max", nil, x))
			}
			s := b.One("cross_sum", nil, x)
			if op == "mean" {
				s = b.Div(s, c.spread(b.One("cross_count", ir.KindAttrs{K: t.T.Kind}), t.T.Dims))
			}
			return c.ten(s)
		})
	}
}

// unary applies a row to numbers, element by element, records leaf by leaf.
func (c *cx) unary(name string, x operand, ints bool, emit func(v *ir.Value) *ir.Value) Value {
	switch v := x.v.(type) {
	case *Num:
		if v.untyped() {
			n := &Num{Dims: v.Dims, Float: true, Wide: v.Wide, fn: v.fn}
			n.mk = func(c *cx, k ir.Kind) *ir.Value { return rowOn(c, name, v.raw(c, k)) }
			return n
		}
	case *Rec, *Tup:
		ps, _ := parts(v)
		out := make([]Value, len(ps))
		for i, p := range ps {
			out[i] = c.unary(name, operand{p, x.at}, ints, emit)
		}
		return withParts(v, out)
	}
	if isPoison(x.v) {
		return poison
	}
	if !c.isNumberFor(name, x) {
		return poison
	}
	t := c.number(x, kindIn(x.v))
	if t == nil {
		return poison
	}
	if !t.T.IsFloat() && !ints {
		c.errf("E0395", x.at, "`%s` is of numbers with fractions, and this is %s", name, c.describe(x.v)).hint("convert it first: `%s(x)`", c.defaultKind())
		return poison
	}
	return c.ten(emit(c.use(t)))
}

// isNumberFor is isNumber for functions.
func (c *cx) isNumberFor(name string, x operand) bool {
	switch v := x.v.(type) {
	case *Opt:
		c.errf("E0330", x.at, "this value may be missing (%s), and `%s` needs it", c.typeOf(v), name).
			hint("say what stands in for it: `x ?? 0`, or ask first: `if present(x) then … else …`")
		return false
	case *Arr, *List, *Txt, *Str, *Namespace, *Seq, *Range:
		if c.lacksEach(v, "`"+name+"`", x.at) {
			return false
		}
		c.errf("E0396", x.at, "`%s` has no meaning for %s", name, c.describe(v))
		return false
	case Fun:
		c.errf("E0337", x.at, "`%s` of a function; is a call missing?", name)
		return false
	}
	return c.isNumber("", x)
}

// rowOf names the row of an elementwise function.
var rowNames = map[string]string{"sigmoid": "logistic", "digamma": "polygamma"}

func rowOn(c *cx, name string, v *ir.Value) *ir.Value {
	row := name
	if r, ok := rowNames[name]; ok {
		row = r
	}
	if row == "polygamma" {
		return c.fn.b.One(row, ir.NAttrs{}, v)
	}
	return c.fn.b.One(row, nil, v)
}

func elementwise() {
	for _, f := range []struct{ name, doc string }{
		{"exp", "e to the power x."}, {"log", "The natural logarithm."}, {"log1p", "log(1 + x), exact near 0."},
		{"expm1", "exp(x) - 1, exact near 0."}, {"sqrt", "The square root; its derivative at 0 is infinite."},
		{"sin", "The sine of radians."}, {"cos", "The cosine of radians."}, {"tanh", "The hyperbolic tangent."},
		{"sigmoid", "1 / (1 + e^-x)."}, {"erf", "The error function."}, {"lgamma", "The logarithm of |Gamma(x)|."},
		{"digamma", "The derivative of lgamma."},
	} {
		f := f
		intrinsic(f.name, f.name+"(x: real) -> real", f.doc, func(c *cx, call *callArgs, want check.Type) Value {
			args, ok := c.fixed(f.name, call, 1, 1)
			if !ok {
				return poison
			}
			return c.unary(f.name, args[0], false, func(v *ir.Value) *ir.Value { return rowOn(c, f.name, v) })
		})
	}
	for _, f := range []struct{ name, doc string }{
		{"abs", "|x|; its derivative at 0 is 0."}, {"floor", "The greatest whole number not above x."},
		{"round", "The nearest whole number, the even one of two."}, {"sign", "-1, 0 or 1."},
	} {
		f := f
		intrinsic(f.name, f.name+"(x: real) -> real", f.doc, func(c *cx, call *callArgs, want check.Type) Value {
			args, ok := c.fixed(f.name, call, 1, 1)
			if !ok {
				return poison
			}
			return c.unary(f.name, args[0], f.name == "abs" || f.name == "sign", func(v *ir.Value) *ir.Value { return rowOn(c, f.name, v) })
		})
	}
	binaries()
}

func binaries() {
	intrinsic("pow", "pow(x: real, y: real) -> real", "x to the power y, as x^y.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("pow", call, 2, 2)
		if !ok {
			return poison
		}
		return c.arith("^", args[0], args[1], call.at)
	})
	intrinsic("atan2", "atan2(y: real, x: real) -> real", "The angle of the point (x, y), in radians.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("atan2", call, 2, 2)
		if !ok {
			return poison
		}
		return c.binaryRow("atan2", args, call.at, true)
	})
	intrinsic("div", "div(a, b)", "a / b rounded down, of integers or sizes.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("div", call, 2, 2)
		if !ok {
			return poison
		}
		return c.intDiv(args, call.at)
	})
	intrinsic("mod", "mod(a, b)", "a - b*floor(a / b), with the sign of b; with a size b it is an index below b.", func(c *cx, call *callArgs, want check.Type) Value {
		args, ok := c.fixed("mod", call, 2, 2)
		if !ok {
			return poison
		}
		return c.modulo(args, call.at)
	})
}

// binaryRow applies a row to two numbers.
func (c *cx) binaryRow(row string, args []operand, at source.Span, float bool) Value {
	x, y := args[0], args[1]
	if xn, ok := x.v.(*Num); ok && xn.untyped() {
		if yn, ok := y.v.(*Num); ok && yn.untyped() {
			return c.numOp(row, xn, yn, at)
		}
	}
	if !c.isNumberFor(row, x) || !c.isNumberFor(row, y) {
		return poison
	}
	a, b, dims, ok := c.meet(row, x, y, at)
	if !ok {
		return poison
	}
	if float && !a.Type.IsFloat() {
		c.errf("E0395", at, "`%s` is of numbers with fractions, and this is %s", row, a.Type.Kind).hint("convert first: `%s(x)`", c.defaultKind())
		return poison
	}
	return c.ten(c.fn.b.One(row, nil, c.spread(a, dims), c.spread(b, dims)))
}

func (c *cx) intDiv(args []operand, at source.Span) Value {
	a, ok1 := args[0].v.(*Num)
	b, ok2 := args[1].v.(*Num)
	if ok1 && ok2 {
		x, okx := a.dim()
		y, oky := b.dim()
		if okx && oky {
			if n, known := y.Const(); known && n == 0 {
				c.errf("E0309", at, "a constant is divided by 0")
				return poison
			}
			if _, neg := x.Const(); !neg || b.Rat == nil || b.Rat.Sign() > 0 {
				return dimNum(x.Div(y))
			}
		}
	}
	if ok1 && ok2 && a.untyped() && b.untyped() && a.Rat != nil && b.Rat != nil && b.Rat.Sign() != 0 {
		q := new(big.Rat).Quo(a.Rat, b.Rat)
		return &Num{Rat: new(big.Rat).SetInt(new(big.Int).Div(q.Num(), q.Denom()))} // Div rounds down: the denominator is positive
	}
	v := c.binaryRow("div", args, at, false)
	if t, ok := v.(*Ten); ok && t.T.IsFloat() {
		return c.ten(c.fn.b.One("floor", nil, t.V))
	}
	if n, ok := v.(*Num); ok && !n.exact() {
		return c.unary("floor", operand{n, at}, false, nil)
	}
	return v
}

// modulo of an integer and a size is an index below the size.
func (c *cx) modulo(args []operand, at source.Span) Value {
	n, isNum := args[1].v.(*Num)
	_, constant := args[0].v.(*Num)
	if isNum && !constant && kindIn(args[0].v).IsInt() && n.untyped() {
		if d, ok := n.dim(); ok {
			if k, known := d.Const(); !known || k > 0 {
				t := c.number(args[0], kindIn(args[0].v))
				if t == nil {
					return poison
				}
				x := c.convert(c.use(t), ir.ScalarOf(ir.I64))
				m := c.fn.b.One("rem", nil, x, c.spread(n.make(c, ir.I64), x.Type.Dims))
				return c.ten(c.fn.b.One("convert", ir.ConvertAttrs{K: ir.Index, Bound: d}, m))
			}
		}
	}
	if a, ok := args[0].v.(*Num); ok && isNum && a.Rat != nil && n.Rat != nil {
		x, okx := a.int()
		y, oky := n.int()
		if okx && oky && y > 0 {
			return intNum(((x % y) + y) % y)
		}
	}
	return c.binaryRow("rem", args, at, false)
}
