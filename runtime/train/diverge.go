package train

import (
	"errors"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// diverged reports a loss or parameter that is not finite. The step has
// overwritten the parameters it began with, so the run is repeated from the
// last evaluation, bit for bit, up to the step that made the first number that
// is not finite; that step is then traced operation by operation.
func (l *loop) diverged(b *Batch, code string) error {
	step := l.state.Progress.Step
	if code == "D0220" {
		step++
	}
	d := l.trace(step)
	if d == nil {
		d = &source.Diagnostic{Code: code, Span: l.Node.Span}
	}
	what := "the loss of " + l.Node.Name + " is not finite"
	if code == "D0221" {
		what = "a parameter of " + l.Node.Name + " is not finite"
	}
	d.At(l.Node.Span)
	if d.Message == "" {
		d.Message = what
	} else {
		d.Note(source.Span{}, "therefore %s", what)
	}
	d.Note(source.Span{}, "this was step %d of %s", step, l.Node.Name)
	if k := l.Keeper; k != nil && k.Store != nil && k.Store.Last() >= 0 {
		d.Note(source.Span{}, "the state saved last is intact, in %s", k.Store.Dir())
	}
	if d.Hint == "" {
		d.Hint = "a smaller rate, `clip norm(1.0)`, or a look at the values named above"
	}
	return d
}

// trace repeats the steps since the last evaluation and blames the first one
// whose loss or parameters are not finite; nil where that cannot be told.
func (l *loop) trace(last int64) *source.Diagnostic {
	if l.Blame == nil || l.good.values == nil {
		return nil
	}
	l.good.put(l.state)
	l.feed.close()
	p := &l.state.Progress
	var before snapshot
	for p.Step < last {
		b, err := l.feed.next(p)
		if err != nil {
			return nil
		}
		before.take(l.state)
		loss, err := l.calls.step(b)
		if err != nil {
			return nil
		}
		if loss-loss != 0 || !l.finite() {
			before.put(l.state)
			l.calls.prepare(b)
			d := l.Blame(l.calls.in, l.calls.actual)
			return l.placed(d, b)
		}
		p.Step++
		if b != nil {
			p.Batch++
		}
	}
	return nil
}

// placed turns the row of a step that a report names, counted from 1 in
// Place.Row, into the place that the row was read from.
func (l *loop) placed(d *source.Diagnostic, b *Batch) *source.Diagnostic {
	if d == nil || b == nil || l.Locate == nil || d.Place.Row < 1 || d.Place.File != "" {
		return d
	}
	at := d.Place.Row - 1
	d.Place.Row = 0
	if at < int64(b.Rows) {
		value := d.Place.Value
		d.Place = l.Locate(b.Numbers().I64[at])
		if d.Place.Value == "" {
			d.Place.Value = value
		}
	}
	return d
}

// faulted turns an error of the executor into a diagnostic with the row of the
// data at which a checked operation failed.
func (l *loop) faulted(err error, b *Batch) error {
	var numbers *array.Array
	if b != nil {
		numbers = b.Numbers()
	}
	return FaultAt(err, numbers, l.Locate)
}

// FaultAt is the diagnostic for a checked operation that failed; numbers are
// the rows of the step, nil without a table. Other errors pass unchanged.
func FaultAt(err error, numbers *array.Array, locate func(int64) source.Place) error {
	var f *runtime.Fault
	if !errors.As(err, &f) {
		return err
	}
	d := &source.Diagnostic{Code: f.Code, Span: f.Span, Message: f.Message}
	if f.Value != "" {
		d.Message += ": " + f.Value
	}
	if f.Row >= 0 && numbers != nil && locate != nil && f.Row < int64(numbers.Len()) {
		d.Place = locate(numbers.I64[f.Row])
	}
	return d
}
