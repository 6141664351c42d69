package runtime

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Blame is the first operation that made a number that is not finite out of
// finite operands, on the way to a result that is not finite.
type Blame struct {
	Span     source.Span
	Op       string    // "" for what comes in
	Name     string    // what the program calls the value, where it has a name
	Primal   string    // for derived values: the value of the program it belongs to
	Result   float64   // the first element that is not finite
	Operands []float64 // the elements that it came from, where they are one to one
	Element  int64
	Row      int64 // row of the step, -1 where there is none
	Output   int   // the result of the function that it reaches
	Input    int   // the parameter that was not finite already, -1 where an operation is to blame
}

// Message says it in a sentence.
func (b *Blame) Message() string {
	result := sixDigits(b.Result)
	if b.Op == "" {
		return fmt.Sprintf("`%s` is %s before anything is computed", b.Name, result)
	}
	var x []string
	for _, v := range b.Operands {
		x = append(x, sixDigits(v))
	}
	what := words[b.Op]
	if what == "" {
		what = b.Op
	}
	if sign, ok := signs[b.Op]; ok && len(x) == 2 {
		what = x[0] + sign + x[1]
	} else if len(x) > 0 {
		what += " of " + strings.Join(x, " and ")
	}
	if b.Name != "" {
		what = b.Name + ": " + what
	}
	return what + " is " + result
}

// sixDigits is a number in a message, in six digits.
func sixDigits(x float64) string {
	if word := array.Special(x); word != "" {
		return word
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// signs are how the language writes operations of two numbers.
var signs = map[string]string{"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "pow": " ^ "}

// words are for operations that have another name there, or none.
var words = map[string]string{
	"add": "a sum", "sub": "a difference", "mul": "a product", "div": "a quotient", "pow": "a power", "powi": "a power", "rem": "mod",
	"einsum": "a sum of products", "reduce_sum": "a sum", "reduce_max": "a maximum", "reduce_prod": "a product", "cumsum": "a running sum",
	"scatter_add": "a sum by index", "scatter_max": "a maximum by index", "row_write": "a row", "slice_add": "a sum", "logistic": "sigmoid", "fma": "a product and a sum", "fused": "a computation",
	"convert": "the conversion", "cross_sum": "a sum over the batch", "cross_max": "a maximum over the batch", "polygamma": "digamma", "const": "a constant",
}

// Diagnostic is the report of a blame. Place.Row counts the rows of the step
// from 1, for whoever knows where they were read.
func (b *Blame) Diagnostic() *source.Diagnostic {
	d := source.Errorf(CodeNonFinite, b.Span, "%s", b.Message())
	if b.Primal != "" {
		d.Note(source.Span{}, "this is in the derivative of what stands here")
	}
	if b.Row >= 0 {
		d.Place.Row = b.Row + 1
	}
	return d
}

// traced is an operation as it ran in the interpreter.
type traced struct {
	op      *ir.Op
	results []*ir.Tensor
}

// Blame runs the function again in the interpreter, rounding as the kernels
// do, and finds the operation to blame; nil where every result is finite. An
// operation counts only where its value reaches a result that is not finite:
// what a select leaves out is passed over.
func (f *Function) Blame(in []*array.Array, actual map[string]int64) (*Blame, error) {
	return f.blame(in, actual, -1, 0)
}

// mostTraced is how many elements BlameResult computes in the interpreter,
// some seconds, before it gives up.
const mostTraced = 20e6

// BlameResult is Blame for one result; nil also where it would take too long.
func (f *Function) BlameResult(in []*array.Array, actual map[string]int64, result int) (b *Blame, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, long := r.(tooLong); !long {
				panic(r)
			}
		}
	}()
	return f.blame(in, actual, result, mostTraced)
}

// tooLong is the panic that ends a trace beyond its budget.
type tooLong struct{}

// blame looks at one result, or at all where only is -1; budget is in elements
// computed, 0 for any number.
func (f *Function) blame(in []*array.Array, actual map[string]int64, only, budget int) (*Blame, error) {
	sizes := map[string]int64{}
	for n, s := range f.prog.sizes {
		sizes[n] = s.Actual
	}
	for n, s := range actual {
		sizes[n] = s
	}
	t := &tracer{prog: f.prog, sizes: sizes, fn: f.plan.fn, values: map[*ir.Value]*ir.Tensor{}, budget: budget}
	e := ir.NewEvaluator(f.prog.module, sizes)
	e.Round = true
	var args []*ir.Tensor
	for i, p := range f.plan.fn.Params() {
		x := in[i].ToTensor(p.Type)
		args = append(args, x)
		t.values[p] = x
	}
	e.Trace = t.see
	outs, err := e.Call(f.plan.fn, args...)
	if err != nil {
		return nil, err
	}
	for k, o := range outs {
		if only >= 0 && k != only {
			continue
		}
		if at := notFinite(o); at >= 0 {
			if b := t.origin(f.plan.fn.Results()[k], at); b != nil {
				b.Output = k
				return b, nil
			}
		}
	}
	return nil, nil
}

func notFinite(x *ir.Tensor) int {
	for i, v := range x.F {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// tracer keeps what each value was when it was last computed, and the first
// operation inside a region or call that went from finite to not.
type tracer struct {
	prog   *Program
	sizes  map[string]int64
	fn     *ir.Func
	values map[*ir.Value]*ir.Tensor
	inner  *traced // first offender seen since the last operation of fn itself
	within map[*ir.Op]*traced
	own    map[*ir.Op]bool
	strips stripsSeen
	budget int
	done   int
}

// see is called for operations in regions and calls before the one they
// belong to.
func (t *tracer) see(op *ir.Op, results []*ir.Tensor) {
	if t.own == nil {
		t.own, t.within = map[*ir.Op]bool{}, map[*ir.Op]*traced{}
		t.strips = stripsIn(t.fn)
		for _, o := range t.fn.Body.Ops {
			t.own[o] = true
			if o.Row.Name == "strips" {
				for _, in := range o.Regions[0].Ops {
					t.own[in] = true
				}
			}
		}
	}
	for i, v := range op.Results {
		t.values[v] = results[i]
		t.done += results[i].Len()
	}
	if t.budget > 0 && t.done > t.budget {
		panic(tooLong{})
	}
	if t.own[op] {
		t.within[op], t.inner = t.inner, nil
		return
	}
	if t.inner == nil && op.Row.Name != "const" && !op.Row.Has(ir.Control) && t.offends(op, results) {
		t.inner = &traced{op, results}
	}
}

// offends reports whether op made a number that is not finite of finite ones.
func (t *tracer) offends(op *ir.Op, results []*ir.Tensor) bool {
	bad := false
	for _, r := range results {
		bad = bad || notFinite(r) >= 0
	}
	for _, v := range op.Operands {
		if x := t.value(v); x != nil && notFinite(x) >= 0 {
			return false
		}
	}
	return bad
}

// value is what v was.
func (t *tracer) value(v *ir.Value) *ir.Tensor { return t.values[t.strips.real(v)] }

// origin goes back from element at of v, which is not finite, to where that
// began.
func (t *tracer) origin(v *ir.Value, at int) *Blame {
	for {
		v = t.strips.real(v)
		op := v.Def
		if op == nil {
			return t.report(v, nil, nil, at)
		}
		next, element := t.cause(op, v, at)
		if next == nil {
			if in := t.within[op]; in != nil {
				if op.Row.Name == "fused" {
					for i, p := range op.Regions[0].Params {
						t.values[p] = t.value(op.Operands[i])
					}
				}
				return t.report(in.op.Results[0], in.op, in.results[0], notFinite(in.results[0]))
			}
			return t.report(v, op, t.values[v], at)
		}
		v, at = next, element
	}
}

// cause is the operand, and its element, that already was not finite, nil
// where all that element at came from were.
func (t *tracer) cause(op *ir.Op, v *ir.Value, at int) (*ir.Value, int) {
	operands := op.Operands
	if op.Row.Name == "select" {
		side := 2 - int(t.value(operands[0]).I[at])
		operands = operands[side : side+1]
	}
	for _, o := range operands {
		x := t.value(o)
		if x == nil || x.F == nil {
			continue
		}
		if op.Row.Has(ir.Elementwise) {
			if w := x.F[at]; w-w != 0 {
				return o, at
			}
			continue
		}
		if k := notFinite(x); k >= 0 {
			return o, k
		}
	}
	return nil, 0
}

func (t *tracer) report(v *ir.Value, op *ir.Op, x *ir.Tensor, at int) *Blame {
	b := &Blame{Span: v.Span, Name: v.Name, Primal: v.Primal, Element: int64(at), Row: -1, Input: -1, Result: math.NaN()}
	if op == nil {
		b.Input = v.Index
	} else {
		b.Op = op.Row.Name
		if b.Span.IsZero() {
			b.Span = op.Span
		}
	}
	if x == nil {
		x = t.values[v]
	}
	if x == nil || at < 0 {
		return b
	}
	b.Result = x.F[at]
	if op != nil && op.Row.Has(ir.Elementwise) {
		for _, o := range op.Operands {
			if y := t.value(o); y != nil && y.F != nil && at < len(y.F) {
				b.Operands = append(b.Operands, y.F[at])
			}
		}
	}
	b.Row = t.row(v.Type, x, at)
	return b
}

// row is the row of the step that element at belongs to.
func (t *tracer) row(ty ir.Type, x *ir.Tensor, at int) int64 {
	if ty.Rank() == 0 || x.Shape[0] == 0 {
		return -1
	}
	set := map[string]bool{}
	t.strips.whole(ty.Dims[0]).Symbols(set)
	for name := range set {
		if s := t.prog.module.Symbol(name); s != nil && s.Class == ir.Batch {
			return int64(at / (x.Len() / x.Shape[0]))
		}
	}
	return -1
}
