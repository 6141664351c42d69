package lower

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Num is a number without a kind: a constant, a size, or something made of
// these. It takes the kind that it meets, and is rounded once, there.
//
// Note: what an untyped number is. Rat is its exact value where it is
// rational, Big where pi comes in (256 bits, far beyond any kind). Dim is set
// where it is a size, so that it can stand in types. Everything else (sqrt of
// a size, zeros(3), a list of constants) is a recipe, mk, that emits the number
// in a kind. A Wide number is computed in f64 whatever it meets and rounded at
// the end; step counts and what optimisers make of them are so.
type Num struct {
	Rat    *big.Rat
	Big    *big.Float
	Dim    ir.Dim
	Dims   []ir.Dim
	Items  []*Num // of a list of constants
	Kind   ir.Kind
	Wide   bool
	Float  bool    // has no meaning as an integer
	Approx bool    // written with a point or an exponent, or a quotient: may be rounded
	Own    ir.Kind // declared of a setting: its kind where it meets nothing
	mk     func(c *cx, k ir.Kind) *ir.Value
	fn     *fnCtx               // whose values mk refers to, nil if none
	cache  map[numKey]*ir.Value // what mk has emitted
}

type numKey struct {
	k      ir.Kind
	region *ir.Region
}

func intNum(n int64) *Num { return &Num{Rat: new(big.Rat).SetInt64(n)} }

// bigPi is pi to 256 bits and some.
var bigPi, _, _ = big.ParseFloat("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651", 10, 256, big.ToNearestEven)

// dimNum is the number that is a size.
func dimNum(d ir.Dim) *Num {
	if n, ok := d.Const(); ok {
		return intNum(n)
	}
	return &Num{Dim: d, mk: func(c *cx, k ir.Kind) *ir.Value {
		return c.fn.b.One("size", ir.SizeAttrs{N: d, K: k})
	}}
}

// parseNum reads a literal exactly.
func parseNum(text string) (*big.Rat, bool) {
	// An exponent beyond any kind would take forever to multiply out.
	if f, err := strconv.ParseFloat(text, 64); err != nil && (math.IsInf(f, 0) || f == 0) {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(text)
	return r, ok
}

// literal is parseNum that reads each text once: bodies of functions are
// evaluated again and again, and nothing changes a Rat.
func (e *el) literal(text string) (*big.Rat, bool) {
	if r := e.literals[text]; r != nil {
		return r, true
	}
	r, ok := parseNum(text)
	if ok {
		e.literals[text] = r
	}
	return r, ok
}

func (n *Num) untyped() bool { return n.Kind == ir.NoKind }
func (n *Num) scalar() bool  { return len(n.Dims) == 0 }

// exact reports whether the value is known.
func (n *Num) exact() bool { return n.Rat != nil || n.Big != nil }

func (n *Num) big() *big.Float {
	if n.Big != nil {
		return n.Big
	}
	return new(big.Float).SetPrec(256).SetRat(n.Rat)
}

// text is the value as users write it.
func (n *Num) text() (string, bool) {
	switch {
	case n.Rat != nil && n.Rat.IsInt():
		return n.Rat.Num().String(), true
	case n.Rat != nil:
		f, _ := n.Rat.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64), true
	case n.Big != nil:
		f, _ := n.Big.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64), true
	}
	return "", false
}

// int is the value of a whole number that fits 64 bits.
func (n *Num) int() (int64, bool) {
	if n.Rat == nil || !n.Rat.IsInt() || !n.Rat.Num().IsInt64() {
		return 0, false
	}
	return n.Rat.Num().Int64(), true
}

// dim is the number as a size.
func (n *Num) dim() (ir.Dim, bool) {
	if n.Kind != ir.NoKind {
		return ir.Dim{}, false
	}
	if i, ok := n.int(); ok {
		return ir.N(i), true
	}
	return n.Dim, !n.Dim.IsZero()
}

// make emits n in a kind that it fits; c.fitNum has seen to that.
func (n *Num) make(c *cx, k ir.Kind) *ir.Value {
	if n.fn != nil && n.fn != c.fn {
		panic(notHere{})
	}
	if n.Wide && k.IsFloat() && k != ir.F64 {
		return c.convert(n.raw(c, ir.F64), ir.ScalarOf(k))
	}
	return n.raw(c, k)
}

func (n *Num) raw(c *cx, k ir.Kind) *ir.Value {
	if n.Items != nil {
		return c.constList(n, k)
	}
	if !n.exact() {
		return n.made(c, k)
	}
	t := ir.ScalarOf(k)
	if k.IsFloat() {
		return c.fn.b.Float(t, n.float(k))
	}
	i, _ := n.int()
	return c.fn.b.Int(t, i)
}

// made is what the recipe emits, once for a kind and region: recipes are made
// of recipes, and one that two others name would be emitted again for each way
// that leads to it.
func (n *Num) made(c *cx, k ir.Kind) *ir.Value {
	key := numKey{k, c.fn.b.Region()}
	if v := n.cache[key]; v != nil {
		return v
	}
	v := n.mk(c, k)
	if n.cache == nil {
		n.cache = map[numKey]*ir.Value{}
	}
	n.cache[key] = v
	return v
}

// float is the value rounded once to the kind.
func (n *Num) float(k ir.Kind) float64 {
	if n.Rat != nil {
		if f, ok := quotient(n.Rat, k); ok {
			return f
		}
		if k == ir.F32 {
			f, _ := n.Rat.Float32()
			return float64(f)
		}
		f, _ := n.Rat.Float64()
		return f
	}
	if k == ir.F32 {
		f, _ := n.Big.Float32()
		return float64(f)
	}
	f, _ := n.Big.Float64()
	return f
}

// quotient is x rounded once where both of its parts are numbers of the kind,
// as those of most literals are: division rounds once.
func quotient(x *big.Rat, k ir.Kind) (float64, bool) {
	num, den := x.Num(), int64(1)
	if !num.IsInt64() {
		return 0, false
	}
	if !x.IsInt() {
		d := x.Denom()
		if !d.IsInt64() {
			return 0, false
		}
		den = d.Int64()
	}
	bits := 53
	if k == ir.F32 {
		bits = 24
	}
	if n := num.Int64(); max(n, -n, den) > 1<<bits || n == math.MinInt64 {
		return 0, false
	}
	if k == ir.F32 {
		return float64(float32(num.Int64()) / float32(den)), true
	}
	return float64(num.Int64()) / float64(den), true
}

// intRange is what the integer kinds hold.
func intRange(k ir.Kind) (lo, hi int64, ok bool) {
	switch k {
	case ir.I64:
		return math.MinInt64, math.MaxInt64, true
	case ir.I32:
		return math.MinInt32, math.MaxInt32, true
	case ir.I16:
		return math.MinInt16, math.MaxInt16, true
	case ir.I8:
		return math.MinInt8, math.MaxInt8, true
	case ir.U8:
		return 0, math.MaxUint8, true
	case ir.U16:
		return 0, math.MaxUint16, true
	}
	return 0, 0, false
}

// fitNum reports a constant that its kind cannot hold.
func (c *cx) fitNum(n *Num, k ir.Kind, at source.Span) bool {
	for _, x := range n.Items {
		if !c.fitNum(x, k, at) {
			return false
		}
	}
	if n.Items != nil {
		return true
	}
	known := n.exact()
	if lo, hi, ok := intRange(k); ok {
		switch i, whole := n.int(); {
		case n.Float || known && n.Rat == nil || n.Rat != nil && !n.Rat.IsInt():
			text, ok := n.text()
			if !ok {
				text = "this"
			}
			c.errf("E0303", at, "%s is no whole number, and %s is needed here", text, k).hint("round it first, or use a type with fractions")
			return false
		case known && (!whole || i < lo || i > hi):
			c.errf("E0304", at, "%s does not fit %s, which goes from %d to %d", n.Rat.RatString(), k, lo, hi)
			return false
		}
		return true
	}
	if !k.IsFloat() || !n.exact() {
		if k == ir.Bool {
			c.errf("E0305", at, "a number is no bool").hint("compare it: `x != 0`")
			return false
		}
		return true
	}
	if n.Rat != nil {
		if _, ok := quotient(n.Rat, k); ok {
			return true // neither too large nor too small, and exact if whole
		}
	}
	f := n.float(k)
	text, _ := n.text()
	if math.IsInf(f, 0) {
		c.errf("E0306", at, "%s overflows %s", numberText(text, at), k).hint("%s", kindLimits[k])
		return false
	}
	if f == 0 && n.big().Sign() != 0 {
		c.errf("E0307", at, "%s underflows to 0 in %s", numberText(text, at), k).hint("%s", kindLimits[k])
		return false
	}
	if n.Rat != nil && n.Rat.IsInt() && n.Rat.Denom().IsInt64() {
		if back, _ := new(big.Float).SetPrec(2000).SetFloat64(f).Rat(nil); back != nil && back.Cmp(n.Rat) != 0 && n.Rat.Num().BitLen() < 200 && !n.Approx {
			c.errf("E0308", at, "the integer %s has no exact %s", n.Rat.Num(), k).hint("write it with a decimal point or an exponent if rounding is meant: `%se0`", n.Rat.Num())
			return false
		}
	}
	return true
}

// numOp computes with two untyped numbers; ok is false where the result is an
// error already reported.
func (c *cx) numOp(op string, a, b *Num, at source.Span) Value {
	v := c.numOpOf(op, a, b, at)
	if n, ok := v.(*Num); ok {
		for _, x := range []*Num{a, b} {
			whole := n.Rat != nil && n.Rat.IsInt() && n.Own == ir.NoKind
			if x.Own.IsFloat() || x.Own.IsInt() && whole {
				n.Own = x.Own
			}
		}
	}
	return v
}

func (c *cx) numOpOf(op string, a, b *Num, at source.Span) Value {
	if a.exact() && b.exact() && a.scalar() && b.scalar() {
		if v, done := c.exactOp(op, a, b, at); done {
			return v
		}
	}
	dims, ok := c.meetDims(at, at, at, a.Dims, b.Dims, a, b)
	if !ok {
		return poison
	}
	n := &Num{Dims: dims, Wide: a.Wide || b.Wide, Float: a.Float || b.Float}
	n.fn = a.fn
	if n.fn == nil {
		n.fn = b.fn
	}
	x, okx := a.dim()
	y, oky := b.dim()
	if okx && oky && len(dims) == 0 && !a.Float && !b.Float {
		switch op {
		case "add":
			return dimNum(x.Add(y))
		case "sub":
			return dimNum(x.Sub(y))
		case "mul":
			return dimNum(x.Mul(y))
		case "div":
			n.Dim = x.Quo(y)
		}
	}
	row := op
	n.mk = func(c *cx, k ir.Kind) *ir.Value {
		p, q := a.raw(c, k), b.raw(c, k)
		return c.fn.b.One(row, nil, c.spread(p, dims), c.spread(q, dims))
	}
	if op == "div" || op == "pow" {
		n.Float = n.Dim.IsZero()
	}
	return n
}

// exactOp computes exactly; done is false where the operation has no exact
// result.
func (c *cx) exactOp(op string, a, b *Num, at source.Span) (Value, bool) {
	if op == "div" && b.big().Sign() == 0 {
		c.errf("E0309", at, "a constant is divided by 0")
		return poison, true
	}
	if a.Rat == nil || b.Rat == nil {
		z := new(big.Float).SetPrec(256)
		switch op {
		case "add":
			z.Add(a.big(), b.big())
		case "sub":
			z.Sub(a.big(), b.big())
		case "mul":
			z.Mul(a.big(), b.big())
		case "div":
			z.Quo(a.big(), b.big())
		default:
			return nil, false
		}
		return &Num{Big: z, Float: true, Approx: true}, true
	}
	z := new(big.Rat)
	switch op {
	case "add":
		z.Add(a.Rat, b.Rat)
	case "sub":
		z.Sub(a.Rat, b.Rat)
	case "mul":
		z.Mul(a.Rat, b.Rat)
	case "div":
		z.Quo(a.Rat, b.Rat)
	case "pow":
		return powExact(a.Rat, b)
	default:
		return nil, false
	}
	return &Num{Rat: z, Approx: a.Approx || b.Approx || op == "div"}, true
}

func powExact(x *big.Rat, b *Num) (Value, bool) {
	n, ok := b.int()
	if !ok || n > 4096 || n < -4096 || x.Sign() == 0 && n < 0 {
		return nil, false
	}
	z, base := big.NewRat(1, 1), new(big.Rat).Set(x)
	neg := n < 0
	if neg {
		n = -n
	}
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			z.Mul(z, base)
		}
		base.Mul(base, base)
		if base.Num().BitLen() > 1<<16 {
			return nil, false
		}
	}
	if neg {
		z.Inv(z)
	}
	return &Num{Rat: z}, true
}

// constList emits a list of constants, one literal where all are exact.
func (c *cx) constList(n *Num, k ir.Kind) *ir.Value {
	if flat, ok := n.flat(nil); ok {
		t := ir.TensorOf(k, n.Dims...)
		a := ir.ConstAttrs{T: t}
		for _, x := range flat {
			if k.IsFloat() {
				a.F = append(a.F, x.float(k))
			} else {
				i, _ := x.int()
				a.I = append(a.I, i)
			}
		}
		return c.fn.b.One("const", a)
	}
	var parts []*ir.Value
	for _, x := range n.Items {
		parts = append(parts, x.raw(c, k))
	}
	return c.stackValues(parts)
}

func (n *Num) flat(out []*Num) ([]*Num, bool) {
	if n.Items == nil {
		return append(out, n), n.exact() && n.scalar()
	}
	for _, x := range n.Items {
		var ok bool
		if out, ok = x.flat(out); !ok {
			return nil, false
		}
	}
	return out, true
}

// lazy is an untyped tensor that a recipe emits.
func lazy(dims []ir.Dim, mk func(c *cx, k ir.Kind) *ir.Value) *Num {
	return &Num{Dims: dims, mk: mk}
}

func (n *Num) String() string {
	if s, ok := n.text(); ok {
		return s
	}
	return fmt.Sprintf("a constant%v", n.Dims)
}

// kindLimits says how far the kinds of numbers with fractions reach.
var kindLimits = map[ir.Kind]string{
	ir.F32: "f32 reaches from about 1e-45 to 3.4e38, f64 from 5e-324 to 1.8e308",
	ir.F64: "f64 reaches from about 5e-324 to 1.8e308",
}

// numberText is a long number as it stands in the program.
func numberText(text string, at source.Span) string {
	if s := at.Text(); len(text) > 20 && len(s) < len(text) {
		return "`" + s + "`"
	}
	return text
}
