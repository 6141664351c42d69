package dfc

import (
	"context"
	"io"
	"slices"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
	"github.com/dfc-lang/dfc/runtime/train"
)

// session is one run over the nodes of a bound program.
type session struct {
	bound   *Bound
	ctx     context.Context
	opt     RunOptions
	module  *ir.Module
	program *runtime.Program
	data    *data.Dataset
	web     *web
	trained map[*ir.Node]bool // nodes that depend on a training
	origins map[string]string // what computes the values of the program, hashed

	values  map[string]*array.Array
	types   map[string]ir.Type
	columns map[string]*array.Array
	shared  map[string][]*array.Array // of reductions whose turn has not come
	planned map[string]*runtime.Function
	moved   map[string]bool // trainings that took a step
	was     bool            // the state resumed was of a complete run
	results results
	keeper  *train.Keeper
	stdout  io.Writer
	out     Result
}

func newSession(ctx context.Context, b *Bound, o RunOptions) *session {
	s := &session{bound: b, ctx: ctx, opt: o, module: b.module, program: b.runtime, data: b.data,
		values: map[string]*array.Array{}, types: map[string]ir.Type{}, columns: map[string]*array.Array{}, shared: map[string][]*array.Array{},
		planned: map[string]*runtime.Function{}, moved: map[string]bool{}, stdout: o.Stdout}
	if s.opt.Observer == nil {
		s.opt.Observer = Silent{}
	}
	if s.stdout == nil {
		s.stdout = io.Discard
	}
	s.look()
	return s
}

// look learns what there is to know of the module.
func (s *session) look() {
	s.web = newWeb(s.module)
	s.trained = s.web.trained()
	for _, n := range s.module.Nodes {
		for _, o := range ir.OutputsOf(n) {
			s.types[o.Name] = o.Type
		}
	}
}

// stopped is the error of a run that was asked to end between two steps.
func (s *session) stopped() error {
	if s.ctx.Err() == nil {
		return nil
	}
	e := &Interrupted{Cause: context.Cause(s.ctx)}
	if k := s.keeper; k != nil && k.Store != nil && k.Store.Last() >= 0 {
		e.Dir = k.Store.Dir()
	}
	return e
}

// seed is that of the program, for randomness outside trainings.
func (s *session) seed() int64 {
	if p := s.bound.program.options.Seed; p != nil {
		return *p
	}
	return 0
}

// node runs one node; those of metrics run when their training asks.
func (s *session) node(n *ir.Node) error {
	if err := s.stopped(); err != nil {
		return err
	}
	switch b := n.Body.(type) {
	case *ir.Derive:
		return s.derive(n, b)
	case *ir.Reduce:
		return s.reduce(n, b)
	case *ir.Read:
		return s.read(n, b)
	case *ir.Compute:
		return s.compute(n, b)
	case *ir.Train:
		return s.learn(n, b)
	case *ir.Write:
		return s.write(n, b)
	case *ir.Print:
		return s.print(n, b)
	}
	return nil // sources, categories and tests
}

// derive makes a subset that needed values of this run.
func (s *session) derive(n *ir.Node, b *ir.Derive) error {
	if !s.bound.pending[n.Name] {
		return nil
	}
	if err := s.data.Derive(n.Name, s.rowRunner(n)); err != nil {
		return err
	}
	delete(s.bound.pending, n.Name)
	if s.data.Sizes()[n.Name] == s.bound.sizes[n.Name].Actual {
		return nil
	}
	return s.replan() // the plan was made for the size of the whole table
}

// replan makes the plan for sizes that have become known.
func (s *session) replan() error {
	if err := s.bound.plan(); err != nil {
		return err
	}
	s.module, s.program = s.bound.module, s.bound.runtime
	s.planned = map[string]*runtime.Function{}
	s.look()
	return nil
}

// rowRunner runs the row function of a derived table. The data knows the
// function as it was written, of one row; what runs is the batched one, a
// plan's rows at a time.
func (s *session) rowRunner(n *ir.Node) data.RunFunc {
	var c *call
	return func(fn *ir.Func, cols []*array.Array, rows int) ([]*array.Array, error) {
		if c == nil {
			var err error
			if c, err = s.newCall(n.Body.(*ir.Derive).Fn, rowsSymbol, n); err != nil {
				return nil, err
			}
		}
		var out []*array.Array
		for from := 0; from < rows; from += rowsAtOnce {
			to := min(rows, from+rowsAtOnce)
			if err := c.piece(fn, cols, from, to); err != nil {
				return nil, err
			}
			for i, a := range c.out {
				if from == 0 {
					out = append(out, array.New(a.Kind, append([]int{rows}, a.Shape[1:]...)...))
				}
				train.Copy(out[i].Rows(from, to), a)
			}
		}
		return out, nil
	}
}

// piece runs a batched function over some rows of the columns of fn, the same
// function of one row.
func (c *call) piece(fn *ir.Func, cols []*array.Array, from, to int) error {
	for i, in := range c.fn.Inputs {
		if in.Role != ir.Col && in.Role != ir.RowNumber {
			continue
		}
		at := slices.Index(fn.Inputs, in)
		if at < 0 || cols[at] == nil {
			return source.Bugf(fn.Span, "the batched %s asks for %s, which the one of a row does not", fn.Name, in.Bind)
		}
		c.in[i] = cols[at].Rows(from, to)
	}
	c.actual[c.symbol] = int64(to - from)
	return train.FaultAt(c.planned.Run(c.in, c.out, c.actual), nil, nil)
}

// compute calls a function once.
func (s *session) compute(n *ir.Node, b *ir.Compute) error {
	c, err := s.newCall(b.Fn, "", n)
	if err != nil {
		return err
	}
	if err := c.once(); err != nil {
		return err
	}
	return s.yield(n, c.out)
}

// yield enters the outputs of a node. A metric's may be computed again and
// then stands in the same place.
func (s *session) yield(n *ir.Node, list []*array.Array) error {
	outs := ir.OutputsOf(n)
	if len(outs) != len(list) {
		return source.Bugf(n.Span, "%s yields %d values, not %d", n.Name, len(list), len(outs))
	}
	for i, o := range outs {
		s.values[o.Name] = list[i]
	}
	if everyOf(n) == "" && !isAhead(n) && s.keeper != nil {
		s.remember(n)
	}
	return nil
}

// isAhead reports a node that a pass made, of other functions.
func isAhead(n *ir.Node) bool {
	c, ok := n.Body.(*ir.Compute)
	return ok && c.Ahead
}

// remember puts those outputs of a node into the state that some function
// asks for: they are not computed again when the run goes on, and predictions
// need them.
func (s *session) remember(n *ir.Node) {
	for _, o := range ir.OutputsOf(n) {
		if a, ok := s.values[o.Name]; ok && s.asked(o.Name) {
			s.note(o.Name, a)
		}
	}
}

// note enters a value and what computed it into the state.
func (s *session) note(name string, a *array.Array) {
	st := s.keeper.State
	st.Given = put(st.Given, train.Named{Name: name, Value: a})
	if hash, ok := s.origins[name]; ok {
		st.Origins[name] = hash
	}
}

// asked reports whether a function has a value as an input.
func (s *session) asked(name string) bool {
	for _, f := range s.module.Funcs {
		for _, in := range f.Inputs {
			if in.Role == ir.Given && in.Bind == name {
				return true
			}
		}
	}
	return false
}

// put enters a value into a list ordered by name.
func put(list []train.Named, v train.Named) []train.Named {
	i := sort.Search(len(list), func(i int) bool { return list[i].Name >= v.Name })
	if i < len(list) && list[i].Name == v.Name {
		list[i] = v
		return list
	}
	list = append(list, train.Named{})
	copy(list[i+1:], list[i:])
	list[i] = v
	return list
}
