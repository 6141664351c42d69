package train

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// begin makes the state that training starts from: initialised, or as resumed.
func (l *loop) begin() error {
	first, err := l.initial()
	if err != nil {
		return err
	}
	l.start = cloneAll(append(append([]Named{}, first.Params...), first.States...))
	if l.Resumed == nil {
		l.state = first
		return nil
	}
	if err := l.fits(first); err != nil {
		return err
	}
	l.state = l.Resumed
	l.reschedule(first.Progress.Metrics)
	return nil
}

// initial runs the initialisers.
func (l *loop) initial() (*Training, error) {
	in := make([]*array.Array, len(l.Init.Fn.Inputs))
	for i, input := range l.Init.Fn.Inputs {
		if input.Role == ir.Seed {
			in[i] = array.New(ir.Key)
			in[i].I64[0] = StreamKey(l.train.Seed, input.Bind, 0)
			continue
		}
		var err error
		if in[i], err = l.Input(input); err != nil {
			return nil, err
		}
	}
	out := make([]*array.Array, len(l.Init.Fn.Results()))
	if err := l.Init.Run(in, out, nil); err != nil {
		return nil, err
	}
	for i, a := range out {
		out[i] = clone(a) // results may be views of the plan's own memory, or of an input
	}
	t := &Training{Name: l.Node.Name, Hash: l.Hash}
	t.Progress.Seed = l.train.Seed
	for _, p := range l.train.Params {
		t.Params, out = append(t.Params, Named{p.Path, out[0]}), out[1:]
	}
	for _, s := range l.train.States {
		t.States, out = append(t.States, Named{s.Path, out[0]}), out[1:]
	}
	for _, p := range l.train.Params {
		for _, s := range p.Slots {
			t.Slots, out = append(t.Slots, Named{p.Path + "/" + s.Name, out[0]}), out[1:]
		}
	}
	t.Progress.Metrics = []string{}
	for _, m := range l.train.Metrics {
		t.Progress.Metrics = append(t.Progress.Metrics, m.Name)
	}
	t.Progress.History = []Measured{}
	return t, nil
}

// fits checks that the resumed state is one of this training, and brings its
// tensors into the order of the program.
func (l *loop) fits(first *Training) error {
	r := l.Resumed
	if r.Hash != l.Hash {
		return resumeError(l.Node.Span, "the state was saved by a training of %s that computes something else", l.Node.Name)
	}
	if r.Progress.Seed != l.train.Seed {
		return resumeError(l.Node.Span, "the state of %s was trained with seed %d, not %d", l.Node.Name, r.Progress.Seed, l.train.Seed)
	}
	for _, group := range []struct {
		what string
		have *[]Named
		want []Named
	}{{"parameter", &r.Params, first.Params}, {"running value", &r.States, first.States}, {"running value", &r.Slots, first.Slots}} {
		list, err := match(l.Node, group.what, *group.have, group.want)
		if err != nil {
			return err
		}
		*group.have = list
	}
	if r.Best != nil {
		list, err := match(l.Node, "parameter", r.Best, append(append([]Named{}, first.Params...), first.States...))
		if err != nil {
			return err
		}
		r.Best = list
	}
	return nil
}

// match orders tensors as wanted and checks their shapes.
func match(n *ir.Node, what string, have, want []Named) ([]Named, error) {
	if len(have) != len(want) {
		return nil, resumeError(n.Span, "the state of %s has %d tensors where the program has %d", n.Name, len(have), len(want))
	}
	out := make([]Named, len(want))
	for i, w := range want {
		a := find(have, w.Name)
		switch {
		case a == nil:
			return nil, resumeError(n.Span, "the state of %s has no %s %s", n.Name, what, w.Name)
		case a.Kind != w.Value.Kind || !slices.Equal(a.Shape, w.Value.Shape):
			return nil, resumeError(n.Span, "the %s %s of %s is %v%v in the state and %v%v in the program",
				what, w.Name, n.Name, a.Kind, a.Shape, w.Value.Kind, w.Value.Shape)
		}
		out[i] = Named{w.Name, a}
	}
	return out, nil
}

// reschedule fits the memory of a resumed training to the schedule, which may
// have changed: other metrics begin a new history, and a training that had
// ended goes on where the schedule is longer now. A best whose parameters were
// not set aside, or by another measure, is not known.
func (l *loop) reschedule(metrics []string) {
	p := &l.state.Progress
	if !slices.Equal(p.Metrics, metrics) {
		p.Metrics, p.History, p.Watch = metrics, []Measured{}, Watch{}
		if !p.Done {
			l.state.Best = nil
		}
	}
	if i, greater := l.watched(); i < 0 || p.Watch.Metric != metrics[i] || p.Watch.Max != greater {
		p.Watch = Watch{}
		if !p.Done {
			l.state.Best = nil
		}
	}
	if p.Done && !l.over() {
		p.Done, p.Why, p.Kept = false, "", 0
		if l.state.Best != nil {
			l.swapBest()
		}
		if !p.Watch.Any {
			l.state.Best = nil
		}
	}
	if l.keepsBest() && !p.Done && p.Watch.Any && l.state.Best == nil {
		if p.Watch.Step == p.Step {
			l.storeBest()
		} else {
			p.Watch = Watch{}
		}
	}
	if !l.keepsBest() && !p.Done {
		l.state.Best = nil
	}
}

// swapBest exchanges the parameters and states with those set aside: while
// training runs the best are aside, when it has ended the last are.
func (l *loop) swapBest() {
	for i, n := range l.live() {
		*n.Value, *l.state.Best[i].Value = *l.state.Best[i].Value, *n.Value
	}
}

// stepper calls the step function with arrays that are made once.
type stepper struct {
	call     Call
	in, out  []*array.Array
	cols     []int // inputs that are columns
	row      int   // input that is the row numbers, -1 for none
	seeds    []int
	steps    []int
	epochs   []int
	loss     *array.Array
	actual   map[string]int64
	now      int64 // rows in it
	symbol   string
	progress *Progressed
	seed     int64
}

func newStepper(l *loop) (*stepper, error) {
	fn := l.Step.Fn
	s := &stepper{call: l.Step, row: -1, symbol: l.train.Symbol, progress: &l.state.Progress, seed: l.train.Seed}
	s.in = make([]*array.Array, len(fn.Inputs))
	s.out = make([]*array.Array, len(fn.Results()))
	for i, input := range fn.Inputs {
		switch input.Role {
		case ir.Col:
			s.cols = append(s.cols, i)
		case ir.RowNumber:
			s.row = i
		case ir.Seed:
			s.in[i], s.seeds = array.New(ir.Key), append(s.seeds, i)
		case ir.Step:
			s.in[i], s.steps = array.New(ir.I64), append(s.steps, i)
		case ir.Epoch:
			s.in[i], s.epochs = array.New(ir.I64), append(s.epochs, i)
		case ir.Given, ir.Column:
			a, err := l.Input(input)
			if err != nil {
				return nil, err
			}
			s.in[i] = a
		}
	}
	for i, at := range livePositions(l.train, fn) {
		a := l.state.moving()[i].Value
		s.in[at], s.out[i] = a, a
	}
	last := len(s.out) - 1
	if last < 0 || last != len(l.state.moving()) {
		return nil, source.Bugf(l.Node.Span, "the step function of %s has %d results for %d tensors", l.Node.Name, len(s.out), len(l.state.moving()))
	}
	s.loss = array.New(fn.Results()[last].Type.Kind)
	s.out[last] = s.loss
	if l.train.Table != "" {
		s.actual = map[string]int64{}
	}
	return s, nil
}

// prepare fills the inputs of the next step.
func (s *stepper) prepare(b *Batch) {
	if b != nil {
		for i, at := range s.cols {
			s.in[at] = b.Columns[i]
		}
		if s.row >= 0 {
			s.in[s.row] = b.Numbers()
		}
		if n := s.rows(b); n != s.now {
			s.now, s.actual[s.symbol] = n, n
		}
	}
	step := s.progress.Step + 1
	for _, at := range s.seeds {
		s.in[at].I64[0] = StreamKey(s.seed, s.call.Fn.Inputs[at].Bind, step)
	}
	for _, at := range s.steps {
		s.in[at].I64[0] = step
	}
	for _, at := range s.epochs {
		s.in[at].I64[0] = s.progress.Epoch + 1
	}
}

// step moves the parameters and returns the loss before the move.
func (s *stepper) step(b *Batch) (float64, error) {
	s.prepare(b)
	if err := s.call.Run(s.in, s.out, s.actual); err != nil {
		return 0, err
	}
	return s.loss.Float(0), nil
}

// rows is the number of rows of a step, 1 without a table.
func (s *stepper) rows(b *Batch) int64 {
	if b == nil {
		return 1
	}
	return int64(b.Rows)
}
