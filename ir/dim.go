// Package ir is what a program is after the text: functions in SSA over
// tensors, a thin outer graph of nodes, and one table of operations. It knows
// neither the language above it nor the machine below it.
package ir

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Dim is a dimension: a polynomial with rational coefficients over symbols
// and two kinds of quotient atoms, kept in one normal form. Two dimensions are
// the same exactly when they are == ; the zero Dim is "no dimension".
type Dim struct{ p *poly }

type poly struct {
	terms []term // by monomial, the constant last
	text  string // canonical text, the key of the intern table
}

type term struct {
	num, den int64 // den > 0, lowest terms, num != 0
	atoms    []atom
}

// atom is a symbol or a quotient: div rounds down, quo must be exact when the
// sizes are bound.
type atom struct {
	op   string // "" symbol, "div", "quo"
	sym  string
	a, b Dim
	text string
}

var interned sync.Map // text -> *poly

func makeDim(terms []term) Dim {
	if len(terms) > 1 {
		terms = normal(terms)
	} else if len(terms) == 1 {
		if t := &terms[0]; t.num == 0 {
			terms = nil
		} else {
			t.num, t.den = reduce(t.num, t.den)
			sortAtoms(t.atoms)
		}
	}
	text := polyText(terms)
	if p, ok := interned.Load(text); ok {
		return Dim{p.(*poly)}
	}
	p, _ := interned.LoadOrStore(text, &poly{terms, text})
	return Dim{p.(*poly)}
}

// small holds the constants that programs are full of.
var small = func() (out [257]Dim) {
	for n := range out {
		out[n] = makeDim([]term{{int64(n), 1, nil}})
	}
	return out
}()

// N is the constant dimension n.
func N(n int64) Dim {
	if n >= 0 && n < int64(len(small)) {
		return small[n]
	}
	return makeDim([]term{{n, 1, nil}})
}

// Sym is the dimension that is the symbol of that name.
func Sym(name string) Dim {
	return makeDim([]term{{1, 1, []atom{{sym: name, text: name}}}})
}

func sortAtoms(as []atom) {
	if len(as) > 1 {
		sort.Slice(as, func(i, j int) bool { return as[i].text < as[j].text })
	}
}

func normal(ts []term) []term {
	byKey := map[string]*term{}
	var keys []string
	for _, t := range ts {
		sortAtoms(t.atoms)
		k := monomial(t.atoms)
		if o, ok := byKey[k]; ok {
			o.num, o.den = reduce(o.num*t.den+t.num*o.den, o.den*t.den)
			continue
		}
		c := t
		c.num, c.den = reduce(t.num, t.den)
		byKey[k] = &c
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if (a == "") != (b == "") {
			return a != ""
		}
		return a < b
	})
	out := make([]term, 0, len(keys))
	for _, k := range keys {
		if byKey[k].num != 0 {
			out = append(out, *byKey[k])
		}
	}
	return out
}

func reduce(n, d int64) (int64, int64) {
	if d < 0 {
		n, d = -n, -d
	}
	a, b := n, d
	if a < 0 {
		a = -a
	}
	for b != 0 {
		a, b = b, a%b
	}
	if a > 1 {
		return n / a, d / a
	}
	return n, d
}

func monomial(as []atom) string {
	parts := make([]string, len(as))
	for i, a := range as {
		parts[i] = a.text
	}
	return strings.Join(parts, "*")
}

func polyText(ts []term) string {
	if len(ts) == 0 {
		return "0"
	}
	var b strings.Builder
	for i, t := range ts {
		num := t.num
		switch {
		case num < 0:
			b.WriteByte('-')
			num = -num
		case i > 0:
			b.WriteByte('+')
		}
		m := monomial(t.atoms)
		if num != 1 || m == "" {
			b.WriteString(strconv.FormatInt(num, 10))
			if m != "" {
				b.WriteByte('*')
			}
		}
		b.WriteString(m)
		if t.den != 1 {
			fmt.Fprintf(&b, "/%d", t.den)
		}
	}
	return b.String()
}

// IsZero reports whether d is no dimension at all.
func (d Dim) IsZero() bool { return d.p == nil }

// String is the canonical text, which ParseDim reads back.
func (d Dim) String() string {
	if d.p == nil {
		return "?"
	}
	return d.p.text
}

// Const is the value of a dimension that is a whole number.
func (d Dim) Const() (int64, bool) {
	if d.p == nil {
		return 0, false
	}
	switch ts := d.p.terms; {
	case len(ts) == 0:
		return 0, true
	case len(ts) == 1 && len(ts[0].atoms) == 0 && ts[0].den == 1:
		return ts[0].num, true
	}
	return 0, false
}

// Symbol is the name of a dimension that is a bare symbol.
func (d Dim) Symbol() (string, bool) {
	if d.p == nil || len(d.p.terms) != 1 {
		return "", false
	}
	t := d.p.terms[0]
	if t.num == 1 && t.den == 1 && len(t.atoms) == 1 && t.atoms[0].op == "" {
		return t.atoms[0].sym, true
	}
	return "", false
}

func (d Dim) Add(e Dim) Dim {
	a, okA := d.Const()
	b, okB := e.Const()
	switch {
	case okA && okB:
		return N(a + b)
	case okA && a == 0:
		return e
	case okB && b == 0:
		return d
	}
	return makeDim(append(append([]term{}, copyTerms(d)...), copyTerms(e)...))
}

func (d Dim) Sub(e Dim) Dim { return d.Add(N(-1).Mul(e)) }

func (d Dim) Mul(e Dim) Dim {
	a, okA := d.Const()
	b, okB := e.Const()
	switch {
	case okA && okB:
		return N(a * b)
	case okA && a == 1:
		return e
	case okB && b == 1:
		return d
	}
	var out []term
	for _, a := range d.p.terms {
		for _, b := range e.p.terms {
			atoms := append(append([]atom{}, a.atoms...), b.atoms...)
			out = append(out, term{a.num * b.num, a.den * b.den, atoms})
		}
	}
	return makeDim(out)
}

// Quo is the exact quotient d/e: a coefficient where e is a number, an atom
// otherwise (1 where both are the same).
func (d Dim) Quo(e Dim) Dim {
	if n, ok := e.Const(); ok && n != 0 {
		out := copyTerms(d)
		for i := range out {
			out[i].den *= n
		}
		return makeDim(out)
	}
	if d == e {
		return N(1)
	}
	if q, ok := cancel(d, e); ok {
		return q
	}
	return quotient("quo", d, e)
}

// cancel divides by a single symbol that stands in every term of d.
func cancel(d, e Dim) (Dim, bool) {
	s, ok := e.Symbol()
	if !ok {
		return Dim{}, false
	}
	out := copyTerms(d)
	for i, t := range out {
		at := -1
		for j, a := range t.atoms {
			if a.op == "" && a.sym == s {
				at = j
			}
		}
		if at < 0 {
			return Dim{}, false
		}
		out[i].atoms = append(append([]atom{}, t.atoms[:at]...), t.atoms[at+1:]...)
	}
	return makeDim(out), true
}

// Div is the quotient rounded down, with ⌊(c·e + r)/c⌋ = e for 0 ≤ r < c.
func (d Dim) Div(e Dim) Dim {
	c, ok := e.Const()
	if !ok || c <= 0 {
		if d == e {
			return N(1)
		}
		return quotient("div", d, e)
	}
	whole := true
	var rest int64
	var out []term
	for _, t := range copyTerms(d) {
		switch {
		case len(t.atoms) == 0 && t.den == 1:
			rest = t.num
		case t.den == 1 && t.num%c == 0:
			out = append(out, term{t.num / c, 1, t.atoms})
		default:
			whole = false
		}
	}
	if !whole {
		return quotient("div", d, e)
	}
	q := rest / c
	if rest%c < 0 {
		q--
	}
	return makeDim(append(out, term{q, 1, nil}))
}

func quotient(op string, a, b Dim) Dim {
	text := op + "(" + a.String() + "," + b.String() + ")"
	return makeDim([]term{{1, 1, []atom{{op: op, a: a, b: b, text: text}}}})
}

func copyTerms(d Dim) []term {
	out := make([]term, len(d.p.terms))
	for i, t := range d.p.terms {
		out[i] = term{t.num, t.den, append([]atom{}, t.atoms...)}
	}
	return out
}

// Subst replaces symbols; look returns false for those that stay.
func (d Dim) Subst(look func(name string) (Dim, bool)) Dim {
	if d.p == nil {
		return d
	}
	out := N(0)
	for _, t := range d.p.terms {
		m := makeDim([]term{{t.num, t.den, nil}})
		for _, a := range t.atoms {
			m = m.Mul(substAtom(a, look))
		}
		out = out.Add(m)
	}
	return out
}

func substAtom(a atom, look func(string) (Dim, bool)) Dim {
	switch a.op {
	case "div":
		return a.a.Subst(look).Div(a.b.Subst(look))
	case "quo":
		return a.a.Subst(look).Quo(a.b.Subst(look))
	}
	if r, ok := look(a.sym); ok {
		return r
	}
	return Sym(a.sym)
}

// Eval computes the size under given sizes of the symbols. It fails where a
// symbol is unknown or an exact quotient is none.
func (d Dim) Eval(size func(name string) (int64, bool)) (int64, error) {
	if d.p == nil {
		return 0, fmt.Errorf("no dimension")
	}
	num, den := int64(0), int64(1)
	for _, t := range d.p.terms {
		n := t.num
		for _, a := range t.atoms {
			v, err := evalAtom(a, size)
			if err != nil {
				return 0, err
			}
			n *= v
		}
		num, den = reduce(num*t.den+n*den, den*t.den)
	}
	if den != 1 {
		return 0, fmt.Errorf("%s is no whole number", d)
	}
	return num, nil
}

func evalAtom(a atom, size func(string) (int64, bool)) (int64, error) {
	if a.op == "" {
		if v, ok := size(a.sym); ok {
			return v, nil
		}
		return 0, fmt.Errorf("the size of %s is not known", a.sym)
	}
	x, err := a.a.Eval(size)
	if err != nil {
		return 0, err
	}
	y, err := a.b.Eval(size)
	if err != nil {
		return 0, err
	}
	if y == 0 {
		return 0, fmt.Errorf("%s divides by 0", a.text)
	}
	q := x / y
	if a.op == "quo" && x%y != 0 {
		return 0, fmt.Errorf("%d is not divisible by %d in %s", x, y, a.text)
	}
	if a.op == "div" && x%y != 0 && (x < 0) != (y < 0) {
		q--
	}
	return q, nil
}

// Symbols adds the names of the symbols in d to set.
func (d Dim) Symbols(set map[string]bool) {
	if d.p == nil {
		return
	}
	for _, t := range d.p.terms {
		for _, a := range t.atoms {
			if a.op == "" {
				set[a.sym] = true
			} else {
				a.a.Symbols(set)
				a.b.Symbols(set)
			}
		}
	}
}

// Linear splits d = coef·sym + rest where sym stands only there, once and
// unmultiplied; ok is false otherwise. It is what solving a size needs.
func (d Dim) Linear(sym string) (num, den int64, rest Dim, ok bool) {
	if d.p == nil {
		return 0, 0, Dim{}, false
	}
	var others []term
	for _, t := range copyTerms(d) {
		if len(t.atoms) == 1 && t.atoms[0].op == "" && t.atoms[0].sym == sym {
			num, den, ok = t.num, t.den, true
			continue
		}
		in := map[string]bool{}
		makeDim([]term{t}).Symbols(in)
		if in[sym] {
			return 0, 0, Dim{}, false
		}
		others = append(others, t)
	}
	return num, den, makeDim(others), ok
}
