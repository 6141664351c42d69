package passes

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Note: transforms are functions from functions to functions. A call may ask
// for transforms of what it calls. `derive` realises them innermost first: a
// function is ready when all requests inside it are realised, comprehensions
// are gone and it has been simplified; only a ready function is transformed.
// Results are memoised by function, transform and masks, calls stay calls, so
// code does not grow with the depth of calls, and each further derivative
// costs a factor of about three.

// deriver holds the memo tables of one run.
type deriver struct {
	m       *ir.Module
	state   map[string]int // by function: 0 untouched, 1 being made ready, 2 ready
	batches map[string]batchResult
	active  map[string][]bool
	jvps    map[string]batchResult
	lins    map[string]*linearizedFunc
	trs     map[string]batchResult
	vjps    map[string]string
	effects map[string]bool
	crosses map[string]bool // by function: has cross-row operations
	made    []string        // functions made, in order
	tally   tally
}

func newDeriver(m *ir.Module) *deriver {
	return &deriver{m: m, state: map[string]int{}, batches: map[string]batchResult{}, active: map[string][]bool{},
		jvps: map[string]batchResult{}, lins: map[string]*linearizedFunc{}, trs: map[string]batchResult{},
		vjps: map[string]string{}, effects: map[string]bool{}, crosses: map[string]bool{}}
}

// derive realises all requests of the module.
func derive(m *ir.Module, _ ir.Sizes) (err error) {
	defer asDiagnostic(&err)
	v := newDeriver(m)
	for _, f := range append([]*ir.Func{}, m.Funcs...) {
		v.ready(f.Name)
	}
	return nil
}

// asDiagnostic turns the panic of a rule that met user code it cannot derive
// into the error it carries.
func asDiagnostic(err *error) {
	switch p := recover().(type) {
	case nil:
	case *source.Diagnostic:
		*err = p
	default:
		panic(p)
	}
}

// ready makes fn fit to be transformed and returns it.
func (v *deriver) ready(fn string) *ir.Func {
	f := v.m.Func(fn)
	if f == nil {
		panic("passes: no function " + fn)
	}
	switch v.state[fn] {
	case 1:
		panic(source.Bugf(f.Span, "function %s calls itself", fn))
	case 2:
		return f
	}
	v.state[fn] = 1
	ir.Walk(f.Body, func(op *ir.Op) {
		if a, ok := op.Attrs.(ir.CallAttrs); ok {
			op.Attrs = ir.CallAttrs{Fn: v.realise(a)}
		}
	})
	v.unmap(f, f.Body)
	v.clean(f)
	v.state[fn] = 2
	return f
}

// realise is the function that a call with requests comes to mean.
func (v *deriver) realise(a ir.CallAttrs) string {
	fn := v.ready(a.Fn).Name
	for _, q := range a.Req {
		switch q.Kind {
		case "batch":
			fn, _ = v.batched(fn, q.In, q.D, q.Rows, true)
		case "jvp":
			fn, _ = v.jvp(fn, q.In, floats(v.ready(fn).Results()))
		case "vjp":
			fn = v.vjp(fn, q.In, q.Out)
		default:
			panic(fmt.Sprintf("passes: no transform %q", q.Kind))
		}
	}
	return fn
}

// newFunc begins a function derived from f; its name is made unique.
func (v *deriver) newFunc(f *ir.Func, name string) *ir.Func {
	g := ir.NewFunc(unused(v.m, name))
	g.Span = f.Span
	return v.m.Add(g)
}

// finish cleans a function that was just made; it is ready by construction.
func (v *deriver) finish(g *ir.Func) {
	v.clean(g)
	v.state[g.Name] = 2
	v.made = append(v.made, g.Name)
}

// clean is what runs between levels.
func (v *deriver) clean(f *ir.Func) {
	ir.Renumber(f)
	v.tidy(f)
}

// jvp is fn in forward mode; results beyond those of fn are the tangents in
// the mask returned, which has at least those in force.
func (v *deriver) jvp(fn string, on, force []bool) (string, []bool) {
	key := fn + " " + bits(on) + " " + bits(force)
	if r, ok := v.jvps[key]; ok {
		return r.name, r.on
	}
	f := v.ready(fn)
	g := v.newFunc(f, fn+".jvp_"+bits(on))
	var out []bool
	g.Body, out = v.forward(g, f.Body, on, force)
	g.Inputs = derivedInputs(f, count(on))
	v.finish(g)
	v.jvps[key] = batchResult{g.Name, out}
	return g.Name, out
}

// derivedInputs is the inputs of f and n plain ones.
func derivedInputs(f *ir.Func, n int) []ir.Input {
	return append(append([]ir.Input{}, f.Inputs...), make([]ir.Input, n)...)
}

// linearizedFunc is a function split in two.
type linearizedFunc struct {
	linearized
	fwdName, linName string
}

// linearizedFunc splits fn, memoised.
func (v *deriver) linearizedFunc(fn string, on []bool) *linearizedFunc {
	key := fn + " " + bits(on)
	if l, ok := v.lins[key]; ok {
		return l
	}
	f := v.ready(fn)
	fwd := v.newFunc(f, fn+".fwd_"+bits(on))
	l := &linearizedFunc{linearized: v.linearize(fwd, f.Body, on, nil), fwdName: fwd.Name}
	fwd.Body, fwd.Inputs = l.fwd, append([]ir.Input{}, f.Inputs...)
	lin := v.newFunc(f, fn+".lin_"+bits(on))
	lin.Body = ir.CopyRegion(lin, l.lin)
	l.linName = lin.Name
	lin.Inputs = make([]ir.Input, len(lin.Body.Params))
	lin.Linear = make([]bool, len(lin.Body.Params))
	for i := range lin.Linear {
		lin.Linear[i] = i >= len(l.from)
	}
	v.finish(fwd)
	v.finish(lin)
	v.lins[key] = l
	return l
}

// transposed is the linear function fn turned around, memoised.
func (v *deriver) transposed(fn string, lin, on, acc []bool) (string, []bool) {
	key := strings.Join([]string{fn, bits(lin), bits(on), bits(acc)}, " ")
	if r, ok := v.trs[key]; ok {
		return r.name, r.on
	}
	f := v.ready(fn)
	g := v.newFunc(f, fn+".tr_"+bits(on))
	var out []bool
	g.Body, out = v.transpose(g, f.Body, lin, on, acc, nil)
	g.Inputs = make([]ir.Input, len(g.Body.Params))
	v.finish(g)
	v.trs[key] = batchResult{g.Name, out}
	return g.Name, out
}

// vjp is fn followed by its linear half turned around.
func (v *deriver) vjp(fn string, in, out []bool) string {
	f := v.ready(fn)
	if out == nil {
		out = floats(f.Results())
	}
	key := fn + " " + bits(in) + " " + bits(out)
	if name, ok := v.vjps[key]; ok {
		return name
	}
	l := v.linearizedFunc(fn, in)
	g := v.newFunc(f, fmt.Sprintf("%s.vjp_%s_%s", fn, bits(in), bits(out)))
	g.Body, g.Inputs = v.vjpBody(g, f, l, in, out), derivedInputs(f, count(out))
	v.finish(g)
	v.vjps[key] = g.Name
	return g.Name
}

func (v *deriver) vjpBody(g, f *ir.Func, l *linearizedFunc, in, out []bool) *ir.Region {
	r := &ir.Region{}
	b := at(v.m, g, r)
	b.Span = f.Span
	var cts []*ir.Value
	for _, p := range f.Params() {
		addParam(g, r, p.Type, p)
	}
	args := append([]*ir.Value{}, r.Params...)
	on := make([]bool, 0, len(out))
	for i, x := range f.Results() {
		if out[i] {
			ct := derivedParam(g, r, x)
			if l.out[i] {
				cts = append(cts, ct)
			}
		}
		if l.out[i] {
			on = append(on, out[i])
		}
	}
	rs := b.Op("call", ir.CallAttrs{Fn: l.fwdName}, args...)
	r.Results = append(r.Results, rs[:len(out)]...)
	res := l.values(args, rs)
	lin := append(make([]bool, len(res)), every(count(in))...)
	var back []*ir.Value
	outOn := make([]bool, len(lin))
	if anyOn(on) {
		var name string
		name, outOn = v.transposed(l.linName, lin, on, nil)
		if anyOn(outOn) {
			back = b.Op("call", ir.CallAttrs{Fn: name}, join(res, cts)...)
		}
	}
	k := len(res)
	for i, p := range f.Params() {
		if !in[i] {
			continue
		}
		b.Primal = label(p)
		if outOn[k] {
			back[0].Primal = label(p)
			r.Results, back = append(r.Results, back[0]), back[1:]
		} else {
			r.Results = append(r.Results, b.Zeros(p.Type))
		}
		k++
	}
	return r
}

// effect reports whether op must neither be removed nor moved.
func (v *deriver) effect(op *ir.Op) bool {
	if op.Row.Has(ir.Effect) {
		return true
	}
	if a, ok := op.Attrs.(ir.CallAttrs); ok {
		return v.funcEffect(a.Fn)
	}
	for _, r := range op.Regions {
		for _, o := range r.Ops {
			if v.effect(o) {
				return true
			}
		}
	}
	return false
}

func (v *deriver) funcEffect(fn string) bool {
	if e, ok := v.effects[fn]; ok {
		return e
	}
	v.effects[fn] = true // a call of itself is left alone
	found := false
	if f := v.m.Func(fn); f != nil {
		for _, op := range f.Body.Ops {
			found = found || v.effect(op)
		}
	}
	v.effects[fn] = found
	return found
}

// word writes a dimension with letters of names only.
func word(d ir.Dim) string {
	return strings.Map(func(c rune) rune {
		if c == '*' || c == '+' || c == '-' || c == '/' || c == '(' || c == ')' || c == ',' {
			return '_'
		}
		return c
	}, d.String())
}
