package dfc

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/data"
	"github.com/dfc-lang/dfc/runtime/train"
)

// learn runs a training and enters what it has learned.
func (s *session) learn(n *ir.Node, t *ir.Train) error {
	setup, close, err := s.setup(n, t)
	if err != nil {
		return err
	}
	defer close()
	s.rhythm(t)
	before := int64(-1)
	if setup.Resumed != nil {
		before = setup.Resumed.Progress.Step
	}
	r, err := train.Run(s.ctx, setup)
	if err != nil {
		return err
	}
	if r.State.Progress.Step != before {
		s.moved[n.Name] = true
	}
	s.enter(n.Name+"/", append(slices.Clone(r.Params), r.States...))
	s.enter(n.Name+":init/", r.Start)
	if s.keeper != nil {
		for _, v := range r.Start {
			if name := n.Name + ":init/" + v.Name; s.asked(name) {
				s.note(name, v.Value)
			}
		}
	}
	s.out.Notices = append(s.out.Notices, r.Notices...)
	s.out.Trainings = append(s.out.Trainings, r.Finish)
	return s.record(n, t, &r.State.Progress)
}

// rhythm lets the `save` clause of a training say how often its state is
// saved, unless the options of the run do.
func (s *session) rhythm(t *ir.Train) {
	if s.keeper != nil && s.opt.Every == 0 && s.opt.EverySteps == 0 {
		s.keeper.Every, s.keeper.Steps = time.Duration(t.SaveMillis)*time.Millisecond, t.SaveSteps
	}
}

// stale says whether a training depends on another that has moved since the
// state was saved, because its schedule is longer now: then it begins anew.
func (s *session) stale(n *ir.Node) bool {
	for _, o := range s.web.needs(n) {
		if s.moved[o.Name] || s.stale(o) {
			return true
		}
	}
	return false
}

// enter makes the tensors of a training values of the program.
func (s *session) enter(prefix string, list []train.Named) {
	for _, v := range list {
		s.values[prefix+v.Name] = v.Value
	}
}

// setup puts together what a training needs; close lets go of it.
func (s *session) setup(n *ir.Node, t *ir.Train) (train.Setup, func(), error) {
	close := func() {}
	stepFn, initFn := s.module.Func(t.StepFn), s.module.Func(t.InitFn)
	if stepFn == nil || initFn == nil {
		return train.Setup{}, close, source.Bugf(n.Span, "%s has no step function", n.Name)
	}
	step, err := s.function(t.StepFn, train.Donations(t, stepFn))
	if err != nil {
		return train.Setup{}, close, err
	}
	init, err := s.function(t.InitFn, nil)
	if err != nil {
		return train.Setup{}, close, err
	}
	setup := train.Setup{Node: n, Hash: s.bound.program.hashes()[n.Name],
		Step:     train.Call{Fn: stepFn, Run: step.Run},
		Init:     train.Call{Fn: initFn, Run: init.Run},
		Input:    func(in ir.Input) (*array.Array, error) { return s.input(in, n) },
		Blame:    blamer(step),
		Keeper:   s.keeper,
		FS:       s.opt.FS,
		Observer: s.opt.Observer,
	}
	if setup.Logs, err = s.logs(n, t); err != nil {
		return train.Setup{}, close, err
	}
	if len(t.Metrics) > 0 {
		setup.Evaluate = s.evaluator(n, t)
	}
	if s.keeper != nil {
		setup.Resumed = s.keeper.State.Training(n.Name)
		if s.stale(n) {
			setup.Resumed = nil
		}
	}
	if t.Table != "" {
		f, err := s.newFeed(n, t, stepFn)
		if err != nil {
			return setup, close, err
		}
		setup.Feed, close = f, f.close
		setup.Locate = func(row int64) source.Place { return s.data.Locate(t.Table, row) }
	}
	return setup, close, nil
}

// evaluator computes the metrics of a training by running its nodes in order.
func (s *session) evaluator(n *ir.Node, t *ir.Train) func(context.Context, []train.Named) ([]float64, error) {
	values := make([]float64, len(t.Metrics))
	return func(ctx context.Context, live []train.Named) ([]float64, error) {
		s.enter(n.Name+"/", live)
		if err := s.bound.profile.In(partMetrics, func() error { return s.within(ctx, n.Name) }); err != nil {
			return nil, err
		}
		for i, m := range t.Metrics {
			a, err := s.given(m.Output, n)
			if err != nil {
				return nil, err
			}
			values[i] = a.Float(0)
		}
		return values, nil
	}
}

// feed gives the batches of a table to a training.
type feed struct {
	s       *session
	t       *ir.Train
	reqs    []data.ColumnReq
	size    int
	total   int64
	batcher *data.Batcher
	// epoch and batch are what the batcher yields next.
	epoch, batch int64
	out          train.Batch
	at           *data.Batch // the one at hand
	number       array.Array // the numbers of its rows, when they are asked for
}

func (s *session) newFeed(n *ir.Node, t *ir.Train, step *ir.Func) (*feed, error) {
	rows, ok := s.data.Sizes()[t.Table]
	if !ok {
		return nil, source.Bugf(n.Span, "the table %s of %s is not there", t.Table, n.Name)
	}
	f := &feed{s: s, t: t, size: int(t.Batch), total: rows}
	if t.All {
		f.size = int(max(1, rows))
	}
	for i, in := range step.Inputs {
		if in.Role == ir.Col {
			f.reqs = append(f.reqs, data.ColumnReq{Path: in.Bind, Type: step.Params()[i].Type.Inner()})
		}
	}
	f.number = array.Array{Kind: ir.I64, Shape: []int{0}}
	f.out.Numbers = f.numbers
	return f, nil
}

// Rows is the number of rows of the table.
func (f *feed) Rows() int64 { return f.total }

// Open goes to a batch of a pass. Passes follow each other without a pause:
// the batches of the next are decoded while the last of this one are used.
func (f *feed) Open(pass, batch int64) (train.Pass, error) {
	switch {
	case f.batcher == nil:
		b, err := f.s.data.Batches(f.t.Table, f.reqs, data.OrderSpec{Shuffle: f.t.Order != "file", Seed: f.t.Seed,
			Epoch: pass, Batch: batch, Repeat: true, DropLast: f.t.Last == "drop"}, f.size)
		if err != nil {
			return nil, err
		}
		f.batcher = b
	case f.epoch != pass || f.batch != batch:
		f.batcher.Restart(pass, batch)
	}
	f.epoch, f.batch = pass, batch
	return f, nil
}

// Next is the next batch of the pass.
func (f *feed) Next() (*train.Batch, error) {
	var b *data.Batch
	err := f.s.bound.profile.In(partData, func() (err error) {
		b, err = f.batcher.Next()
		return err
	})
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.batch++
	if b.Last {
		f.epoch, f.batch = f.epoch+1, 0
	}
	f.at, f.out.Columns, f.out.Rows = b, b.Cols, b.N
	return &f.out, nil
}

// numbers are those of the rows of the batch at hand.
func (f *feed) numbers() *array.Array {
	f.number.I64, f.number.Shape[0] = f.at.Rows(), f.at.N
	return &f.number
}

// Close is of a pass; the batches of the next may be under way.
func (f *feed) Close() error { return nil }

func (f *feed) close() {
	if f.batcher != nil {
		f.batcher.Close()
	}
}

// within runs the nodes that the metrics or a log of a training own.
func (s *session) within(ctx context.Context, owner string) error {
	keep := s.ctx
	s.ctx = ctx
	defer func() { s.ctx = keep }()
	for _, m := range s.module.Nodes {
		if everyOf(m) != owner {
			continue
		}
		var err error
		switch b := m.Body.(type) {
		case *ir.Reduce:
			err = s.reduce(m, b)
		case *ir.Compute:
			err = s.compute(m, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
