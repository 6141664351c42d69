package train

import (
	"context"
	"math"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Tableless is how many steps pass between evaluations without a table.
const Tableless = 100

// loop is a training while it runs.
type loop struct {
	Setup
	train *ir.Train
	state *Training
	feed  *feeder
	calls *stepper
	total int64 // steps in all where that is known, else 0
	per   int64 // batches of a pass
	start []Named
	good  snapshot // the last evaluation, from which a diverged run is traced
	began time.Time
	spent time.Duration // from then to the end of the last step or evaluation

	files   []File // of the logs
	notices source.List
}

// Run trains until its schedule ends it, it stalls, diverges, or ctx is done.
// A training that has come to its end before is not run again. Errors are
// diagnostics, or *Interrupted.
func Run(ctx context.Context, s Setup) (*Result, error) {
	l, err := newLoop(s)
	if err != nil {
		return nil, err
	}
	defer l.feed.close()
	if !l.state.Progress.Done {
		err := l.openLogs()
		if err == nil {
			err = l.run(ctx)
		}
		if e := l.closeLogs(); err == nil {
			err = e
		}
		if err != nil {
			return nil, err
		}
	}
	if l.Keeper != nil {
		l.Keeper.end(l.state)
	}
	return l.result(), nil
}

func newLoop(s Setup) (*loop, error) {
	t := s.Node.Body.(*ir.Train)
	l := &loop{Setup: s, train: t}
	if l.Observer == nil {
		l.Observer = Silent{}
	}
	if err := l.begin(); err != nil {
		return nil, err
	}
	var err error
	if l.calls, err = newStepper(l); err != nil {
		return nil, err
	}
	l.feed = &feeder{feed: s.Feed, seed: t.Seed}
	if s.Feed != nil {
		if err := l.count(s.Feed.Rows()); err != nil {
			return nil, err
		}
	}
	if t.Steps > 0 {
		l.total = t.Steps
	}
	if err := l.passesThrough(&l.state.Progress); err != nil {
		return nil, err
	}
	if l.Keeper != nil {
		l.Keeper.begin(l.state)
	}
	l.good.take(l.state)
	return l, nil
}

// passesThrough checks that a resumed training stands where one of so many
// batches a pass comes by.
func (l *loop) passesThrough(p *Progressed) error {
	if l.Feed == nil && p.Epoch == 0 && p.Batch == 0 || l.Feed != nil && p.Batch < l.per && p.Step == p.Epoch*l.per+p.Batch {
		return nil
	}
	return resumeError(l.Node.Span, "the state of %s is at step %d, batch %d of pass %d, where a pass has %d batches",
		l.Node.Name, p.Step, p.Batch+1, p.Epoch+1, l.per)
}

// count works out how many steps a pass and the training have.
func (l *loop) count(rows int64) error {
	if l.per = BatchesOf(l.train, rows); l.per == 0 {
		d := source.Errorf("D0222", l.Node.Span, "%s has nothing to learn from: %s has %d rows", l.Node.Name, l.train.Table, rows)
		d.Class = source.Data
		if rows > 0 {
			d.Message += ", fewer than a batch"
		}
		return d
	}
	l.total = l.per * l.train.Epochs
	return nil
}

// BatchesOf is how many steps a pass over some rows has.
func BatchesOf(t *ir.Train, rows int64) int64 {
	batch := t.Batch
	if t.All {
		batch = max(1, rows)
	}
	per := rows / batch
	if t.Last != "drop" && rows%batch != 0 {
		per++
	}
	return per
}

func (l *loop) run(ctx context.Context) error {
	p := &l.state.Progress
	l.Observer.Begin(l.describe())
	l.began = time.Now()
	for !p.Done {
		if p.Step > 0 && l.over() {
			if err := l.finish(); err != nil {
				return err
			}
			break
		}
		evaluated, err := l.advance(ctx)
		if err != nil {
			return err
		}
		if evaluated && l.over() {
			continue // the end is saved as such
		}
		if err := l.keep(ctx, evaluated); err != nil {
			return err
		}
	}
	return nil
}

// over says whether the schedule, or the rule for stopping, ends the training.
func (l *loop) over() bool {
	p := &l.state.Progress
	switch {
	case l.train.Stop != nil && p.Watch.Any && p.Watch.Stalled >= l.train.Stop.Patience:
		p.Why = "stalled"
	case l.train.Epochs > 0 && p.Epoch >= l.train.Epochs:
		p.Why = "epochs"
	case l.train.Steps > 0 && p.Step >= l.train.Steps:
		p.Why = "steps"
	default:
		return false
	}
	return true
}

// advance takes one step and, where one is due, an evaluation.
func (l *loop) advance(ctx context.Context) (evaluated bool, err error) {
	b, err := l.feed.next(&l.state.Progress)
	if err != nil {
		return false, err
	}
	loss, err := l.calls.step(b)
	if err != nil {
		return false, l.faulted(err, b)
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return false, l.diverged(b, "D0220")
	}
	p, rows := &l.state.Progress, l.calls.rows(b)
	p.Step++
	p.Loss = Float(loss)
	p.LossSum += Float(loss * float64(rows))
	p.LossRows += rows
	passed := false
	if b != nil {
		if p.Batch++; p.Batch == l.per {
			p.Batch, passed = 0, true
			p.Epoch++
		}
	}
	epoch := l.epoch(passed)
	l.Observer.Step(Progress{Name: l.Node.Name, Step: p.Step, Steps: l.total, Epoch: epoch, Rows: rows,
		Loss: loss, Took: l.lap()})
	if passed || b == nil && p.Step%Tableless == 0 || l.train.Steps > 0 && p.Step >= l.train.Steps {
		if err := l.evaluate(ctx, b); err != nil {
			return true, err
		}
		evaluated = true
		l.lap()
	}
	return evaluated, l.log(ctx, epoch)
}

// lap is the time since the last lap: one look at the clock a step.
func (l *loop) lap() time.Duration {
	now := time.Since(l.began)
	took := now - l.spent
	l.spent = now
	return took
}

// epoch is the number of the pass that the last step belonged to.
func (l *loop) epoch(passed bool) int64 {
	switch e := l.state.Progress.Epoch; {
	case l.Feed == nil:
		return 0
	case passed:
		return e
	default:
		return e + 1
	}
}

// keep saves what is due and ends the run if it was asked to end.
func (l *loop) keep(ctx context.Context, evaluated bool) error {
	k, p := l.Keeper, &l.state.Progress
	saved := false
	if k != nil {
		if save, scheduled := k.due(p.Step, evaluated); save {
			if err := l.save(scheduled); err != nil {
				return err
			}
			saved = true
		}
	}
	if ctx.Err() == nil {
		return nil
	}
	stop := &Interrupted{Name: l.Node.Name, Step: p.Step, Epoch: p.Epoch, Cause: context.Cause(ctx)}
	if k != nil && k.Store != nil {
		stop.Dir = k.Store.Dir()
		if !saved {
			if err := l.save(false); err != nil {
				return err
			}
		}
	}
	return stop
}

// save saves the state, and before it what it says of the logs.
func (l *loop) save(scheduled bool) error {
	if err := l.syncLogs(); err != nil {
		return err
	}
	return l.Keeper.save(l.state, scheduled)
}

// finish puts the parameters to be kept in place and saves the training as
// ended.
func (l *loop) finish() error {
	p := &l.state.Progress
	p.Done, p.Kept = true, p.Step
	switch {
	case !l.keepsBest() || !p.Watch.Any || p.Watch.Step == p.Step:
		l.state.Best = nil
	default:
		l.swapBest()
		p.Kept = p.Watch.Step
	}
	if l.Keeper != nil {
		if err := l.save(true); err != nil {
			return err
		}
	}
	l.Observer.End(l.finished())
	return nil
}

func (l *loop) finished() Finish {
	p := &l.state.Progress
	return Finish{Name: l.Node.Name, Steps: p.Step, Epochs: p.Epoch, Loss: float64(p.Loss), Kept: p.Kept, Why: p.Why}
}

func (l *loop) result() *Result {
	return &Result{State: l.state, Params: l.state.Params, States: l.state.States, Start: l.start, Finish: l.finished(), Notices: l.notices}
}

func (l *loop) describe() Start {
	p := &l.state.Progress
	s := Start{Name: l.Node.Name, Batch: l.train.Batch, Steps: l.total, Epochs: l.train.Epochs,
		Resumed: l.Resumed != nil, Step: p.Step, Epoch: p.Epoch}
	if l.Feed != nil {
		s.Rows = l.Feed.Rows()
	}
	if l.train.All {
		s.Batch = s.Rows
	}
	for _, w := range l.state.Params {
		s.Parameters += int64(w.Value.Len())
	}
	return s
}

// feeder keeps the pass at hand open.
type feeder struct {
	feed Feed
	pass Pass
	seed int64
}

// next is the next batch, nil without a table.
func (f *feeder) next(p *Progressed) (*Batch, error) {
	if f.feed == nil {
		return nil, nil
	}
	if p.Batch == 0 {
		f.close()
	}
	if f.pass == nil {
		var err error
		if f.pass, err = f.feed.Open(p.Epoch+1, p.Batch); err != nil {
			return nil, err
		}
	}
	b, err := f.pass.Next()
	if err == nil && b == nil {
		return nil, source.Bugf(source.Span{}, "a pass ended after %d batches", p.Batch)
	}
	return b, err
}

func (f *feeder) close() {
	if f.pass != nil {
		f.pass.Close()
		f.pass = nil
	}
}

// Copy copies elements between arrays of one type.
func Copy(dst, src *array.Array) {
	copy(dst.F32, src.F32)
	copy(dst.F64, src.F64)
	copy(dst.I32, src.I32)
	copy(dst.I64, src.I64)
	copy(dst.U8, src.U8)
	copy(dst.I8, src.I8)
	copy(dst.U16, src.U16)
	copy(dst.I16, src.I16)
}

func clone(a *array.Array) *array.Array {
	c := array.New(a.Kind, a.Shape...)
	Copy(c, a)
	return c
}

func cloneAll(list []Named) []Named {
	out := make([]Named, len(list))
	for i, n := range list {
		out[i] = Named{n.Name, clone(n.Value)}
	}
	return out
}
