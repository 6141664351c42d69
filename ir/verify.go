package ir

import (
	"fmt"
	"slices"
	"sort"

	"github.com/dfc-lang/dfc/lang/source"
)

// The rules of a well-formed module. At every stage:
//
//	 1 A value is defined once, before it is used; order is by position.
//	 2 Regions are closed: an operand belongs to the region of its operation.
//	 3 A value knows its place (Def, Index, In); IDs are unique in a function
//	   and below NumValues. (Renumber makes them dense.)
//	 4 The types of results are those that the row computes; attributes are of
//	   the row's struct. For rows with regions this covers parameters and
//	   yields, for calls the function called.
//	 5 Types are complete: a kind, a bound exactly on an index, dimensions.
//	 6 Every symbol in a type or attribute is declared, once, under a name that
//	   can be read back.
//	 7 Functions have one input description a parameter, one name each, and do
//	   not call themselves, directly or through others.
//	 8 In a function that is linear in some parameters, what depends on them
//	   stands only where rows are linear, and all its results depend on them
//	   linearly (or are zero); see verify_linear.go.
//	 9 Nodes name tables, outputs and functions that exist, earlier in the
//	   list, and whatever feeds a parameter exists; see verify_nodes.go.
//
//	10 What a row_write writes over is neither read behind it nor a result.
//
// From StageDerived on:
//
//	11 No call asks for a transform, and there is no map.
//
// From StageFlat on:
//
//	12 No branch has a predicate with dimensions.
//
// From StageSized on:
//
//	13 Where the sizes of its symbols are known, a dimension of a value is a
//	   whole number and not negative.

// Stage says how far a module has come.
type Stage uint8

// The stages in order; each demands what the ones before it do.
const (
	StageRaw     Stage = iota // as lowered
	StageDerived              // transforms realised
	StageFlat                 // branches by lane are selects
	StageSized                // sizes bound
)

// maxFaults is how many faults Verify reports at most.
const maxFaults = 20

// Verify checks the rules above. The error is a source.List of what is wrong,
// with the function and operation named in each message.
func Verify(m *Module, stage Stage) error {
	v := newVerifier(m, stage)
	v.symbols()
	names := map[string]bool{}
	for _, f := range m.Funcs {
		if names[f.Name] {
			v.fault(f.Span, "%s: there are two functions of this name", fnName(f.Name))
		}
		names[f.Name] = true
		v.fn(f)
	}
	v.recursion()
	if len(v.list) == 0 { // what follows relies on the functions being sound
		for _, f := range m.Funcs {
			v.linear(f)
		}
		v.nodes()
	}
	return v.list.Err()
}

// VerifyFunc checks a function of m that may not have been added yet, without
// the rules about the module.
func VerifyFunc(m *Module, f *Func, stage Stage) error {
	v := newVerifier(m, stage)
	for _, s := range m.Symbols {
		v.declared[s.Name] = true
	}
	v.fn(f)
	if len(v.list) == 0 {
		v.linear(f)
	}
	return v.list.Err()
}

type verifier struct {
	m        *Module
	stage    Stage
	list     source.List
	declared map[string]bool // names of symbols
	f        *Func
	ids      []*Value        // every value defined so far in f, by number
	odd      map[*Value]bool // those whose number is not theirs alone
}

func newVerifier(m *Module, stage Stage) *verifier {
	return &verifier{m: m, stage: stage, declared: make(map[string]bool, len(m.Symbols))}
}

func (v *verifier) fault(at source.Span, format string, args ...any) {
	if len(v.list) < maxFaults {
		v.list = append(v.list, source.Errorf(codeVerify, at, format, args...))
	}
}

// opFault names the function and the operation.
func (v *verifier) opFault(op *Op, format string, args ...any) {
	v.fault(op.Span, "%s: `%s`: %s", fnName(v.f.Name), op, fmt.Sprintf(format, args...))
}

func (v *verifier) fnFault(format string, args ...any) {
	v.fault(v.f.Span, "%s: %s", fnName(v.f.Name), fmt.Sprintf(format, args...))
}

// symbols checks rule 6 for the declarations.
func (v *verifier) symbols() {
	for _, s := range v.m.Symbols {
		if v.declared[s.Name] {
			v.fault(s.Span, "dimension %s is declared twice", s.Name)
		}
		v.declared[s.Name] = true
		if d, rest, err := ParseDim(s.Name); err != nil || rest != "" || d != Sym(s.Name) {
			v.fault(s.Span, "%q cannot be the name of a dimension", s.Name)
		}
		if s.Size < 0 {
			v.fault(s.Span, "dimension %s has size %d", s.Name, s.Size)
		}
	}
}

func (v *verifier) fn(f *Func) {
	v.f, v.odd = f, nil
	v.ids = slices.Grow(v.ids[:0], max(0, f.next))[:max(0, f.next)]
	clear(v.ids)
	if len(f.Inputs) != len(f.Params()) {
		v.fnFault("%d inputs are described for %s", len(f.Inputs), counted(len(f.Params()), "parameter"))
	}
	v.region(f.Body, nil)
	for _, name := range FreeSymbols(f) {
		if !v.declared[name] {
			v.fnFault("dimension %s is not declared", name)
		}
	}
}

// region checks rules 1 to 3 and the operations inside.
func (v *verifier) region(r *Region, owner *Op) {
	for i, p := range r.Params {
		v.define(p, nil, i, r, owner)
	}
	for _, op := range r.Ops {
		if op.Row == nil {
			v.fnFault("an operation without a row")
			continue
		}
		sound := true
		for _, x := range op.Operands {
			sound = v.use(x, r, op) && sound
		}
		for _, in := range op.Regions {
			v.region(in, op)
		}
		for i, x := range op.Results {
			v.define(x, op, i, r, op)
		}
		if sound {
			v.typed(op)
			v.staged(op)
		}
	}
	for _, x := range r.Results {
		v.use(x, r, owner)
	}
	v.overwritten(r)
}

// overwritten is rule 10.
func (v *verifier) overwritten(r *Region) {
	var gone map[*Value]*Op // what has been written over, and by what
	for _, op := range r.Ops {
		if len(gone) > 0 {
			for _, x := range op.Operands {
				if w := gone[Viewed(x)]; w != nil {
					v.opFault(op, "reads %s, which `%s` has written over", x, w)
				}
			}
		}
		if op.Row != nil && op.Row.Name == "row_write" && len(op.Operands) > 0 {
			if gone == nil {
				gone = map[*Value]*Op{}
			}
			gone[Viewed(op.Operands[0])] = op
		}
	}
	if len(gone) == 0 {
		return
	}
	for _, x := range r.Results {
		if w := gone[Viewed(x)]; w != nil {
			v.opFault(w, "writes over %s, which is a result", x)
		}
	}
}

// Viewed is what x may be a view of, itself if of nothing.
func Viewed(x *Value) *Value {
	for x != nil && x.Def != nil && x.Def.Row != nil && x.Def.Row.Has(Structural) && len(x.Def.Operands) == 1 {
		x = x.Def.Operands[0]
	}
	return x
}

// say reports a fault at an operation, or at the function where there is none.
func (v *verifier) say(op *Op, format string, args ...any) {
	if op == nil {
		v.fnFault(format, args...)
		return
	}
	v.opFault(op, format, args...)
}

func (v *verifier) define(x *Value, def *Op, i int, r *Region, owner *Op) {
	if x == nil {
		v.say(owner, "value %d is missing", i)
		return
	}
	if v.seen(x) {
		v.say(owner, "%s is defined twice", x)
	}
	v.number(x, owner)
	if x.Def != def || x.Index != i || x.In != r {
		v.say(owner, "%s does not know its place", x)
	}
	if err := x.Type.check(); err != nil {
		v.say(owner, "the type of %s: %v", x, err)
	} else if v.stage >= StageSized {
		v.sized(x, owner)
	}
}

// number enters a value under its number.
func (v *verifier) number(x *Value, owner *Op) {
	if x.ID >= 0 && x.ID < len(v.ids) {
		o := v.ids[x.ID]
		if o == nil || o == x {
			v.ids[x.ID] = x
			return
		}
		v.say(owner, "%s and %s have the same number", o, x)
	} else {
		v.say(owner, "the number of %s is not below %d, the number of values", x, v.f.next)
	}
	if v.odd == nil {
		v.odd = map[*Value]bool{}
	}
	v.odd[x] = true
}

// seen reports whether a value has been defined so far.
func (v *verifier) seen(x *Value) bool {
	return x.ID >= 0 && x.ID < len(v.ids) && v.ids[x.ID] == x || v.odd[x]
}

func (v *verifier) use(x *Value, r *Region, user *Op) bool {
	switch {
	case x == nil:
		v.say(user, "a value is missing")
	case v.seen(x) && x.In == r:
		return true
	case v.seen(x):
		v.say(user, "%s belongs to another region", x)
	default:
		v.say(user, "%s is used before it is defined", x)
	}
	return false
}

// check is rule 5.
func (t Type) check() error {
	if t.Kind == NoKind || t.Kind > Key {
		return fmt.Errorf("it has no kind")
	}
	if (t.Kind == Index) == t.Bound.IsZero() {
		return fmt.Errorf("%s: an index, and nothing else, has a bound", t)
	}
	for _, d := range t.Dims {
		if d.IsZero() {
			return fmt.Errorf("%s has an unknown dimension", t)
		}
	}
	return nil
}

// sized is rule 13.
func (v *verifier) sized(x *Value, owner *Op) {
	for _, d := range x.Type.Dims {
		known := true
		n, err := d.Eval(func(name string) (int64, bool) {
			s := v.m.Symbol(name)
			if s == nil || s.Size == 0 {
				known = false
				return 0, false
			}
			return s.Size, true
		})
		switch {
		case err == nil && n < 0:
			v.say(owner, "dimension %s of %s is %d", d, x, n)
		case err != nil && known:
			v.say(owner, "dimension %s of %s: %v", d, x, err)
		}
	}
}

// typed is rule 4. A row's rule may rely on its operands being there, so that
// it can panic on operations that no builder made.
func (v *verifier) typed(op *Op) {
	defer func() {
		if x := recover(); x != nil {
			v.opFault(op, "its operands, attributes or regions are not what the row takes (%v)", x)
		}
	}()
	types, err := op.Row.Types(v.m, op)
	if err != nil {
		v.opFault(op, "%v", err)
		return
	}
	if len(types) != len(op.Results) {
		v.opFault(op, "has %s, the row computes %d", counted(len(op.Results), "result"), len(types))
		return
	}
	for i, t := range types {
		if !t.Equal(op.Results[i].Type) {
			v.opFault(op, "result %d is %s, the row computes %s", i, op.Results[i].Type, t)
		}
	}
}

// staged is rules 11 and 12.
func (v *verifier) staged(op *Op) {
	if v.stage >= StageDerived {
		if c, ok := op.Attrs.(CallAttrs); ok && len(c.Req) > 0 {
			v.opFault(op, "a transform is still asked for")
		}
		if op.Row.Name == "map" {
			v.opFault(op, "a comprehension is left")
		}
	}
	if v.stage >= StageFlat && op.Row.Name == "cond" && op.Operands[0].Type.Rank() > 0 {
		v.opFault(op, "a branch by lane is left")
	}
}

// recursion is the last part of rule 7.
func (v *verifier) recursion() {
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(f *Func)
	visit = func(f *Func) {
		state[f.Name] = open
		for _, name := range Callees(f) {
			g := v.m.Func(name)
			if g == nil {
				continue
			}
			if state[name] == open {
				v.fault(f.Span, "%s: the call of %s is a recursion", fnName(f.Name), fnName(name))
			} else if state[name] != done {
				visit(g)
			}
		}
		state[f.Name] = done
	}
	for _, f := range v.m.Funcs {
		if state[f.Name] == 0 {
			visit(f)
		}
	}
}

// Callees lists the functions that f calls, by name, each once.
func Callees(f *Func) []string {
	var names []string
	Walk(f.Body, func(op *Op) {
		if c, ok := op.Attrs.(CallAttrs); ok {
			names = append(names, c.Fn)
		}
	})
	sort.Strings(names)
	return slices.Compact(names)
}
