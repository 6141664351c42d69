package train

import (
	"context"
	"math"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// evaluate computes the metrics, moves the machine that stops and keeps, and
// makes the present state the one that a divergence is traced from.
func (l *loop) evaluate(ctx context.Context, b *Batch) error {
	if !l.finite() {
		return l.diverged(b, "D0221")
	}
	p := &l.state.Progress
	var values []float64
	if l.Evaluate != nil {
		var err error
		// A run asked to stop still measures what its last step is due: the state
		// saved then is one that an undisturbed run passes through.
		if values, err = l.Evaluate(context.WithoutCancel(ctx), l.live()); err != nil {
			return err
		}
	}
	mean := float64(p.LossSum) / float64(max(1, p.LossRows))
	p.LossSum, p.LossRows = 0, 0
	m := Measured{Step: p.Step, Epoch: p.Epoch, Loss: Float(mean), Values: make([]Float, len(values))}
	for i, v := range values {
		m.Values[i] = Float(v)
	}
	p.History = append(p.History, m)
	best := l.watch(values)
	l.good.take(l.state)
	l.Observer.Epoch(Evaluation{Name: l.Node.Name, Step: p.Step, Epoch: p.Epoch, Loss: mean,
		Names: p.Metrics, Values: values, Best: best, Stalled: p.Watch.Stalled})
	return nil
}

// watch moves the machine for stopping and keeping, and says whether the
// metric watched is the best so far. What is not a number is never the best.
func (l *loop) watch(values []float64) bool {
	i, greater := l.watched()
	if i < 0 {
		return false
	}
	p := &l.state.Progress
	v, w := values[i], &p.Watch
	w.Metric, w.Max = p.Metrics[i], greater
	better := v < float64(w.Value)
	if greater {
		better = v > float64(w.Value)
	}
	if better = !math.IsNaN(v) && (better || !w.Any); !better {
		w.Stalled++
		return false
	}
	w.Any, w.Value, w.Step, w.Stalled = true, Float(v), p.Step, 0
	if l.keepsBest() {
		l.storeBest()
	}
	return true
}

// watched is the metric that stop and keep look at, -1 for none, and whether
// greater is better.
func (l *loop) watched() (int, bool) {
	name, greater := "", false
	switch {
	case l.train.Stop != nil:
		name, greater = l.train.Stop.Metric, l.train.Stop.Max
	case l.keepsBest():
		name, greater = l.train.Keep, l.train.KeepMax
	}
	for i, m := range l.train.Metrics {
		if m.Name == name && name != "" {
			return i, greater
		}
	}
	return -1, false
}

func (l *loop) keepsBest() bool { return l.train.Keep != "" && l.train.Keep != "last" }

// live are the parameters and states as they are now.
func (l *loop) live() []Named {
	return append(append([]Named{}, l.state.Params...), l.state.States...)
}

func (l *loop) storeBest() {
	if l.state.Best == nil {
		l.state.Best = cloneAll(l.live())
		return
	}
	for i, n := range l.live() {
		Copy(l.state.Best[i].Value, n.Value)
	}
}

// finite says whether every parameter is finite.
func (l *loop) finite() bool {
	for _, n := range l.state.Params {
		if !allFinite(n.Value) {
			return false
		}
	}
	return true
}

func allFinite(a *array.Array) bool { return finiteAll(a.F32) && finiteAll(a.F64) }

// finiteAll adds up x-x, which is not 0 for what is not finite, along several
// chains: half the time of a branch on each.
func finiteAll[T float32 | float64](x []T) bool {
	var a, b, c, d, e, f, g, h T
	for ; len(x) >= 8; x = x[8:] {
		a, b, c, d = a+(x[0]-x[0]), b+(x[1]-x[1]), c+(x[2]-x[2]), d+(x[3]-x[3])
		e, f, g, h = e+(x[4]-x[4]), f+(x[5]-x[5]), g+(x[6]-x[6]), h+(x[7]-x[7])
	}
	for _, v := range x {
		a += v - v
	}
	return a+b+c+d+e+f+g+h == 0
}

// snapshot is a copy of a training in memory.
type snapshot struct {
	values   []Named
	progress Progressed
}

func (s *snapshot) take(t *Training) {
	all := t.moving()
	if s.values == nil {
		s.values = cloneAll(all)
	} else {
		for i, n := range all {
			Copy(s.values[i].Value, n.Value)
		}
	}
	s.progress = t.Progress
}

func (s *snapshot) put(t *Training) {
	for i, n := range t.moving() {
		Copy(n.Value, s.values[i].Value)
	}
	t.Progress = s.progress
}

// moving are the tensors that a step moves, in the order of its results.
func (t *Training) moving() []Named {
	return append(append(append([]Named{}, t.Params...), t.States...), t.Slots...)
}

// resumeError tells that a state does not fit the program.
func resumeError(at source.Span, format string, args ...any) error {
	return source.Errorf("D0207", at, format, args...).
		WithHint("go on with the program that saved the state, or start again with another --save directory")
}
