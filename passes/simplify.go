package passes

import (
	"math"
	"slices"
	"sync"

	"github.com/dfc-lang/dfc/ir"
)

// Class says how far the two sides of a law agree.
type Class uint8

const (
	Exact       Class = iota // the same bits, for NaN, infinities and -0 too
	Reorder                  // the same terms in another order: up to rounding and the sign of a zero sum
	Approximate              // mathematically equal, numerically better; only in `stabilise`
	Vanish                   // the same up to NaN and the sign of zero; only in the proof of `touch`
)

// allows reports whether a rewriting that goes up to a class uses a law of
// another one: a proof is made of exact laws and those of zero alone.
func (c Class) allows(law Class) bool {
	if c == Vanish {
		return law == Exact || law == Vanish
	}
	return law <= c
}

// Law is one rewriting of `simplify`: a name for tests and dumps, what it
// says, and how far it holds. Outside of proofs there is no law x*0 -> 0: it
// does not hold where x is NaN or infinite, and zeros that are known to be zero
// are no values.
type Law struct {
	Name  string
	Says  string
	Class Class
	// On lists the rows that the law looks at; none stands for every row.
	On []string
	// Apply yields what stands for the results of op, nil where the law does
	// not match. It may write operations through the rewriter.
	Apply func(w *rewriter, op *ir.Op) []*ir.Value

	late bool // only in layout
}

// Laws is the table, in the order in which laws are tried.
func Laws() []Law {
	var all []Law
	for _, ls := range [][]Law{constantLaws, scalarLaws, structureLaws, einsumLaws, controlLaws, stableLaws, vanishLaws, layoutLaws} {
		all = append(all, ls...)
	}
	return all
}

// simplify applies the exact and the reordering laws until none matches.
func simplify(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.rewrite(f, Reorder, false)
	}
	return nil
}

// stabilise applies, beside those, the laws that change numbers for the
// better: the stable forms of log(1+exp x), log(exp x / s) and the like. A
// run to be compared with the interpreter bit by bit leaves this pass out.
func stabilise(m *ir.Module, _ ir.Sizes) error {
	v := newDeriver(m)
	for _, f := range m.Funcs {
		v.rewrite(f, Approximate, false)
	}
	return nil
}

// tidy is simplify, cse and dce of one function.
func (v *deriver) tidy(f *ir.Func) {
	v.dceFunc(f)
	v.rewrite(f, Reorder, false)
	v.cseFunc(f)
	v.dceFunc(f)
}

// maxRounds bounds the rounds over a function; each one but the last applied
// a law, and all laws make programs smaller in some measure.
const maxRounds = 12

// rewrite applies laws up to a class to f, with those of `layout` where late;
// it counts by name how often each one matched.
func (v *deriver) rewrite(f *ir.Func, upTo Class, late bool) map[string]int {
	fired := map[string]int{}
	for range maxRounds {
		before := total(fired)
		w := &rewriter{v: v, f: f, upTo: upTo, late: late, fired: fired}
		w.region(f.Body)
		if total(fired) == before {
			break
		}
		v.sweep(f.Body)
	}
	return fired
}

func total(fired map[string]int) int {
	n := 0
	for _, k := range fired {
		n += k
	}
	return n
}

// rewriter is one round over a function.
type rewriter struct {
	v     *deriver
	f     *ir.Func
	upTo  Class
	late  bool // laws of layout too
	fired map[string]int
	r     *ir.Region  // being rewritten
	b     *ir.Builder // writes behind what has been read so far
	reads counts      // readers within the region at hand; none until asked for
	old   []*ir.Op    // the operations of the region as they were
}

// uses is the number of readers of x within the region at hand, before the
// round began.
func (w *rewriter) uses(x *ir.Value) int {
	if w.reads.t == nil {
		w.reads = w.v.tally.countUses(w.old, w.r.Results)
	}
	return w.reads.of(x)
}

// region reads r once; every operation sees operands already rewritten.
func (w *rewriter) region(r *ir.Region) {
	outer := *w
	w.r, w.reads = r, counts{}
	ops := r.Ops
	w.old = ops
	r.Ops = make([]*ir.Op, 0, len(ops))
	w.b = at(w.v.m, w.f, r)
	e := env{}
	for _, op := range ops {
		e.rewire(op)
		for _, s := range op.Regions {
			w.region(s)
		}
		rs := w.apply(op)
		if rs == nil {
			r.Ops = append(r.Ops, op)
			continue
		}
		for i, x := range op.Results {
			e[x] = rs[i]
			if y := rs[i]; y.Name == "" && y.Def != nil {
				y.Name = x.Name
			}
		}
	}
	r.Results = e.list(r.Results)
	*w = outer
}

// apply tries the laws on op.
func (w *rewriter) apply(op *ir.Op) []*ir.Value {
	if len(op.Results) == 0 {
		return nil
	}
	w.b.Span, w.b.Primal = op.Span, op.Results[0].Primal
	for _, l := range lawsFor(op.Row.Name) {
		if !w.upTo.allows(l.Class) || l.late && !w.late {
			continue
		}
		if rs := l.Apply(w, op); rs != nil {
			w.fired[l.Name]++
			return rs
		}
	}
	return nil
}

// lawsFor is the laws that look at a row.
func lawsFor(row string) []*Law { return lawsByRow()[row] }

var lawsByRow = sync.OnceValue(func() map[string][]*Law {
	by := map[string][]*Law{}
	for _, l := range Laws() {
		for _, r := range ir.Rows() {
			if len(l.On) == 0 || slices.Contains(l.On, r.Name) {
				by[r.Name] = append(by[r.Name], &l)
			}
		}
	}
	return by
})

// is reports whether x is the result of a row of that name.
func is(x *ir.Value, row string) bool { return x.Def != nil && x.Def.Row.Name == row }

// splat is the one number that all elements of x are known to be.
func splat(x *ir.Value) (f float64, ok bool) {
	if !is(x, "const") {
		return 0, false
	}
	c := x.Def.Attrs.(ir.ConstAttrs)
	switch {
	case len(c.F) == 1:
		return c.F[0], true
	case len(c.I) == 1:
		return float64(c.I[0]), true
	}
	return 0, false
}

// isSplat reports whether all elements of x are known to be n; -0 is not 0.
func isSplat(x *ir.Value, n float64) bool {
	f, ok := splat(x)
	return ok && f == n && (f != 0 || math.Signbit(f) == math.Signbit(n))
}

// one is a list of one value.
func one(x *ir.Value) []*ir.Value { return []*ir.Value{x} }

// constant writes c.
func (w *rewriter) constant(c ir.ConstAttrs) []*ir.Value { return w.b.Op("const", c) }
