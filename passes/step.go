package passes

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// step assembles what training runs: for each ir.Train the step function and
// the initialisation (see Note: the step function, in package ir), as calls
// that ask for transforms; and it batches the row functions that other nodes
// run (see batch_nodes.go).
func step(m *ir.Module, _ ir.Sizes) error {
	for _, n := range m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok && t.StepFn == "" {
			s := &stepper{m: m, n: n, t: t}
			if err := s.build(); err != nil {
				return err
			}
		}
	}
	batchNodes(m)
	return nil
}

// stepper assembles the functions of one training.
type stepper struct {
	m *ir.Module
	n *ir.Node
	t *ir.Train
}

func (s *stepper) build() error {
	loss := s.m.Func(s.t.Loss)
	if loss == nil {
		return source.Bugf(s.n.Span, "no loss function %s", s.t.Loss)
	}
	objective := s.objective(loss)
	s.t.StepFn = s.stepFunc(objective).Name
	s.t.InitFn = s.initFunc().Name
	return nil
}

// assembly is a function under construction whose inputs are found by what
// feeds them.
type assembly struct {
	f    *ir.Func
	b    *ir.Builder
	have map[ir.Input]*ir.Value
}

func (s *stepper) assemble(suffix string) *assembly {
	f := ir.NewFunc(unused(s.m, s.n.Name+suffix))
	f.Span = s.n.Span
	a := &assembly{f, ir.NewBuilder(s.m, f), map[ir.Input]*ir.Value{}}
	a.b.Span = s.n.Span
	return a
}

// unused is name, with a number where the module has it already.
func unused(m *ir.Module, name string) string {
	for base, i := name, 2; m.Func(name) != nil; i++ {
		name = fmt.Sprintf("%s.%d", base, i)
	}
	return name
}

// input is the parameter for what feeds it, appended where it is new.
func (a *assembly) input(in ir.Input, t ir.Type, name string) *ir.Value {
	if v := a.have[in]; v != nil {
		return v
	}
	v := a.f.AddParam(name, t, in)
	v.Span = a.f.Span
	if in.Role != ir.Plain {
		a.have[in] = v
	}
	return v
}

// borrow appends the inputs of f of some roles; batched ones get d in front.
func (a *assembly) borrow(f *ir.Func, d ir.Dim, roles ...ir.Role) {
	if f == nil {
		return
	}
	for _, role := range roles {
		for i, in := range f.Inputs {
			if in.Role != role {
				continue
			}
			p := f.Params()[i]
			t := p.Type
			if perRow(role) && !d.IsZero() {
				t = t.Lead(d)
			}
			a.input(in, t, p.Name)
		}
	}
}

// perRow reports whether inputs of the role differ from row to row.
func perRow(r ir.Role) bool { return r == ir.Col || r == ir.RowNumber }

// apply calls f: Plain inputs are taken in order, others by what feeds them.
func (a *assembly) apply(f *ir.Func, req []ir.Request, plain ...*ir.Value) []*ir.Value {
	var args []*ir.Value
	for i, in := range f.Inputs {
		if in.Role == ir.Plain {
			args, plain = append(args, plain[0]), plain[1:]
			continue
		}
		p := f.Params()[i]
		args = append(args, a.input(in, p.Type, p.Name))
	}
	return a.b.Op("call", ir.CallAttrs{Fn: f.Name, Req: req}, append(args, plain...)...)
}

// objective is the function whose gradient moves the parameters: inputs are
// weights, states and data, results the mean loss of the batch with the
// penalty, then the new states.
func (s *stepper) objective(loss *ir.Func) *ir.Func {
	a := s.assemble(".objective")
	d := ir.Dim{}
	if s.t.Table != "" {
		d = ir.Sym(s.t.Symbol)
	}
	s.weights(a)
	for _, f := range []*ir.Func{loss, s.m.Func(s.t.Penalty)} {
		a.borrow(f, d, ir.Col, ir.RowNumber)
	}
	rs := a.apply(loss, s.batchRequest(loss, d))
	total := rs[0]
	states := append([]*ir.Value{}, rs[1:]...)
	if !d.IsZero() {
		total = mean(a.b, rs[0], d)
		for i, x := range states {
			states[i] = firstRow(a.b, x)
		}
	}
	if p := s.m.Func(s.t.Penalty); p != nil {
		total = a.b.Add(total, a.apply(p, nil)[0])
	}
	total.Name = "loss"
	a.b.Return(append([]*ir.Value{total}, states...)...)
	return s.m.Add(a.f)
}

// weights appends a parameter for each trained parameter and each state.
func (s *stepper) weights(a *assembly) {
	for _, p := range s.t.Params {
		a.input(ir.Input{Role: ir.Weight, Bind: p.Path}, p.Type, p.Path).Span = p.Span
	}
	for _, p := range s.t.States {
		a.input(ir.Input{Role: ir.State, Bind: p.Path}, p.Type, p.Path).Span = p.Span
	}
}

func (s *stepper) batchRequest(f *ir.Func, d ir.Dim) []ir.Request {
	if d.IsZero() {
		return nil
	}
	return []ir.Request{{Kind: "batch", In: rowMask(f), D: d, Rows: true}}
}

// rowMask says which inputs of a row function differ from row to row.
func rowMask(f *ir.Func) []bool {
	on := make([]bool, len(f.Inputs))
	for i, in := range f.Inputs {
		on[i] = perRow(in.Role)
	}
	return on
}

// mean divides the sum by the actual number of rows.
func mean(b *ir.Builder, x *ir.Value, d ir.Dim) *ir.Value {
	return b.Div(b.Sum(x, 0), b.One("size", ir.SizeAttrs{N: d, K: x.Type.Kind}))
}

// firstRow is the value of a state, which is the same in every row.
func firstRow(b *ir.Builder, x *ir.Value) *ir.Value {
	a := ir.SliceAttrs{}
	for i, d := range x.Type.Dims {
		if i == 0 {
			d = ir.N(1)
		}
		a.Starts, a.Sizes, a.Steps = append(a.Starts, ir.N(0)), append(a.Sizes, d), append(a.Steps, 1)
	}
	return b.One("reshape", ir.ReshapeAttrs{Dims: x.Type.Dims[1:]}, b.One("slice", a, x))
}

// stepFunc is one step of training.
func (s *stepper) stepFunc(objective *ir.Func) *ir.Func {
	a := s.assemble(".step")
	s.weights(a)
	slots := make([][]*ir.Value, len(s.t.Params))
	for i, p := range s.t.Params {
		for _, sl := range p.Slots {
			slots[i] = append(slots[i], a.input(ir.Input{}, sl.Type, p.Path+"."+sl.Name))
		}
	}
	used := []*ir.Func{objective, s.m.Func(s.t.Gradient)}
	for _, p := range s.t.Params {
		used = append(used, s.m.Func(p.Update))
	}
	for _, role := range []ir.Role{ir.Col, ir.RowNumber, ir.Column, ir.Given, ir.Seed, ir.Step, ir.Epoch} {
		for _, f := range used {
			a.borrow(f, ir.Dim{}, role)
		}
	}
	gs, loss, states := s.gradients(a, objective)
	var params, kept []*ir.Value
	for i, p := range s.t.Params {
		w := a.have[ir.Input{Role: ir.Weight, Bind: p.Path}]
		rs := append([]*ir.Value{w}, slots[i]...)
		if f := s.m.Func(p.Update); f != nil {
			rs = a.apply(f, nil, append([]*ir.Value{w, gs[i]}, slots[i]...)...)
		}
		params, kept = append(params, rs[0]), append(kept, rs[1:]...)
	}
	a.b.Return(join(params, states, kept, []*ir.Value{loss})...)
	return s.m.Add(a.f)
}

// gradients calls the objective in reverse and the gradient function.
func (s *stepper) gradients(a *assembly, objective *ir.Func) (gs []*ir.Value, loss *ir.Value, states []*ir.Value) {
	in := make([]bool, len(objective.Inputs))
	for i := range s.t.Params {
		in[i] = true
	}
	out := make([]bool, len(objective.Results()))
	out[0] = true
	one := a.b.Float(objective.Results()[0].Type, 1)
	rs := a.apply(objective, []ir.Request{{Kind: "vjp", In: in, Out: out}}, one)
	gs = rs[len(out):]
	if f := s.m.Func(s.t.Gradient); f != nil {
		gs = a.apply(f, nil, gs...)
	}
	return gs, rs[0], rs[1:len(out)]
}

// initFunc initialises parameters, states and slots.
func (s *stepper) initFunc() *ir.Func {
	a := s.assemble(".init")
	all := append(append([]ir.TrainParam{}, s.t.Params...), s.t.States...)
	for _, role := range []ir.Role{ir.Given, ir.Seed} {
		for _, p := range all {
			a.borrow(s.m.Func(p.Init), ir.Dim{}, role)
			for _, sl := range p.Slots {
				a.borrow(s.m.Func(sl.Init), ir.Dim{}, role)
			}
		}
	}
	var values, slots []*ir.Value
	for _, p := range all {
		x := a.apply(s.m.Func(p.Init), nil)[0]
		values = append(values, x)
		for _, sl := range p.Slots {
			slots = append(slots, a.apply(s.m.Func(sl.Init), nil, x)[0])
		}
	}
	a.b.Return(join(values, slots)...)
	return s.m.Add(a.f)
}
