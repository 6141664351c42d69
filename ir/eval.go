package ir

import "fmt"

// Evaluator is the reference interpreter: it runs whole functions an
// operation at a time in f64, slowly and obviously. Tensors are never changed
// once made, and results may share memory with arguments. It is not safe for
// concurrent use.
type Evaluator struct {
	Module *Module
	Sizes  map[string]int64 // sizes of symbols
	Round  bool             // round every f32 value to f32 after each operation
	// Trace, where not nil, sees every operation with its results as it ran,
	// those inside regions and calls before the operation they belong to.
	Trace func(op *Op, results []*Tensor)

	masks []laneMask
}

// NewEvaluator makes an interpreter of m under the given sizes of symbols.
func NewEvaluator(m *Module, sizes map[string]int64) *Evaluator {
	return &Evaluator{Module: m, Sizes: sizes}
}

// EvalError is a fault of the data that an operation met: overflow, division
// by zero, an index outside, an assertion. Element counts the elements of the
// result (of the operand, for assert; of the index, for gather and
// scatter_add) row by row; -1 where the fault is no element's.
type EvalError struct {
	Op      *Op
	Element int
	Msg     string
}

func (e *EvalError) Error() string {
	if e.Element < 0 {
		return fmt.Sprintf("%s: %s", e.Op.Row.Name, e.Msg)
	}
	return fmt.Sprintf("%s: element %d: %s", e.Op.Row.Name, e.Element, e.Msg)
}

// Call runs f. Arguments must have the kinds of its parameters and their
// shapes under the sizes of the symbols; the results have the types of f.
// Faults of the data are *EvalError.
func (e *Evaluator) Call(f *Func, args ...*Tensor) ([]*Tensor, error) {
	if len(args) != len(f.Params()) {
		return nil, fmt.Errorf("@%s takes %s, got %d", f.Name, counted(len(f.Params()), "argument"), len(args))
	}
	typed := make([]*Tensor, len(args))
	for i, p := range f.Params() {
		x := args[i]
		if err := e.check(p.Type, x); err != nil {
			return nil, fmt.Errorf("argument %d of @%s: %w", i, f.Name, err)
		}
		typed[i] = &Tensor{Type: p.Type, Shape: x.Shape, F: x.F, I: x.I}
	}
	return e.region(f.Body, typed)
}

// check compares a tensor with the type it must have.
func (e *Evaluator) check(t Type, x *Tensor) error {
	shape, err := e.shape(t)
	if err != nil {
		return err
	}
	if x == nil || x.Type.Kind != t.Kind {
		return fmt.Errorf("not of type %s", t)
	}
	same := len(shape) == len(x.Shape)
	for i := 0; same && i < len(shape); i++ {
		same = shape[i] == x.Shape[i]
	}
	if !same {
		return fmt.Errorf("of shape %v, but %s is %v here", x.Shape, t, shape)
	}
	if n := max(len(x.F), len(x.I)); n != x.Len() {
		return fmt.Errorf("%d elements for shape %v", n, x.Shape)
	}
	return nil
}

// region runs a region; values are looked up by identity, as moved code may
// repeat numbers.
func (e *Evaluator) region(r *Region, args []*Tensor) ([]*Tensor, error) {
	env := make(map[*Value]*Tensor, len(args)+len(r.Ops))
	for i, p := range r.Params {
		env[p] = args[i]
	}
	get := func(vs []*Value) ([]*Tensor, error) {
		out := make([]*Tensor, len(vs))
		for i, v := range vs {
			if out[i] = env[v]; out[i] == nil {
				return nil, fmt.Errorf("ir: value %d is used where it has none", v.ID)
			}
		}
		return out, nil
	}
	for _, op := range r.Ops {
		in, err := get(op.Operands)
		if err != nil {
			return nil, err
		}
		out, err := e.Apply(op, in)
		if err != nil {
			return nil, err
		}
		for i, v := range op.Results {
			env[v] = out[i]
		}
	}
	return get(r.Results)
}

// Apply runs one operation on given operands.
func (e *Evaluator) Apply(op *Op, in []*Tensor) ([]*Tensor, error) {
	run := op.Row.Eval
	if run == nil {
		run = evalElementwise
	}
	out, err := run(e, op, in)
	if err != nil {
		return nil, err
	}
	if e.Round {
		out = rounded(out)
	}
	if e.Trace != nil {
		e.Trace(op, out)
	}
	return out, nil
}

// rounded is the tensors with the f32 ones rounded.
func rounded(in []*Tensor) []*Tensor {
	out := make([]*Tensor, len(in))
	for i, x := range in {
		out[i] = x
		if x.Type.Kind != F32 {
			continue
		}
		y := &Tensor{Type: x.Type, Shape: x.Shape, F: make([]float64, len(x.F))}
		for j, f := range x.F {
			y.F[j] = float64(float32(f))
		}
		out[i] = y
	}
	return out
}

// size is the size of a dimension.
func (e *Evaluator) size(d Dim) (int, error) {
	n, err := d.Eval(func(name string) (int64, bool) {
		v, ok := e.Sizes[name]
		return v, ok
	})
	if err == nil && n < 0 {
		err = fmt.Errorf("%s is %d", d, n)
	}
	return int(n), err
}

// sizes is the size of each of the dims.
func (e *Evaluator) sizes(dims []Dim) ([]int, error) {
	out := make([]int, len(dims))
	for i, d := range dims {
		n, err := e.size(d)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

func (e *Evaluator) shape(t Type) ([]int, error) { return e.sizes(t.Dims) }

// alloc is a zero tensor of type t at its size.
func (e *Evaluator) alloc(t Type) (*Tensor, error) {
	shape, err := e.shape(t)
	if err != nil {
		return nil, err
	}
	return NewTensor(t, shape...), nil
}

// result is a zero tensor for the first result of op.
func (e *Evaluator) result(op *Op) (*Tensor, error) { return e.alloc(op.Results[0].Type) }

// laneMask is a branch with a predicate of dimensions that is being run: both
// sides run over all lanes, and a fault in a lane that is off is none.
type laneMask struct {
	dims  []Dim
	shape []int
	on    []int64 // 1 where this side is taken, and every one around it
}

// taken reports whether the lane of an element of a tensor of type t with n
// elements is on. Where the tensor does not range over the last lanes, or over
// any, one of them that is on is enough; so it is where no element is named.
func (m laneMask) taken(t Type, n, element int) bool {
	outer, k := 1, 0
	for element >= 0 && k < len(m.dims) && k < len(t.Dims) && t.Dims[k] == m.dims[k] {
		outer *= m.shape[k]
		k++
	}
	on := m.on
	if outer > 1 {
		at, inner := element/(n/outer), len(on)/outer
		on = on[at*inner : (at+1)*inner]
	}
	for _, x := range on {
		if x != 0 {
			return true
		}
	}
	return false
}

// within is m where the lanes of an outer branch are on, as far as they are
// its own too.
func (m laneMask) within(outer laneMask) laneMask {
	if !startsWith(m.dims, outer.dims) || len(outer.on) == 0 {
		return m
	}
	inner := len(m.on) / len(outer.on)
	for i := range m.on {
		m.on[i] &= outer.on[i/inner]
	}
	return m
}

// fault is the error of op at an element of a tensor of type t with n
// elements; nil where that lane is off.
func (e *Evaluator) fault(op *Op, t Type, n, element int, format string, args ...any) error {
	for _, m := range e.masks {
		if !m.taken(t, n, element) {
			return nil
		}
	}
	return &EvalError{op, element, fmt.Sprintf(format, args...)}
}
