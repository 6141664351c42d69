package train

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/dfc-lang/dfc/lang/source"
)

// Log is a file that grows as a training runs: a row after each so many steps.
type Log struct {
	Name string // as the program has it; the state knows it by this name
	Path string // on the disk
	Each int64  // steps
	Span source.Span
	// Row is the text of the row of the step just taken, behind a header where
	// it is the first. It is valid until the next call.
	Row func(ctx context.Context, at Taken, live []Named, first bool) ([]byte, error)
}

// Taken is a step that has been taken, as logs see it.
type Taken struct {
	Step, Epoch int64     // counted from 1; 0 where there are no passes
	Loss        float64   // of the batch
	Measured    *Measured // the last evaluation, nil before the first
}

// Logged is how long a log was when a state was saved: what stands behind is
// written again by the run that goes on.
type Logged struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// openLogs opens the logs where the state has them end. One that is shorter
// than that begins anew, with a notice: there is nothing to go on from.
func (l *loop) openLogs() error {
	p := &l.state.Progress
	if p.Done {
		return nil
	}
	if l.FS == nil {
		l.FS = Disk
	}
	was := p.Logs
	p.Logs = nil
	for _, g := range l.Logs {
		size := int64(0)
		for _, w := range was {
			if w.Name == g.Name {
				size = w.Size
			}
		}
		f, have, err := l.openLog(g, size)
		if err != nil {
			return logFault(g, err)
		}
		if have < size {
			d := source.Dataf("D0213", source.Place{File: g.Path}, "the log `%s` has %d bytes, not the %d that it had when the state was saved, so it begins anew", g.Name, have, size).At(g.Span)
			d.Severity = source.Warning
			l.notices = append(l.notices, d)
			size = 0
		}
		l.files = append(l.files, f)
		p.Logs = append(p.Logs, Logged{g.Name, size})
	}
	return nil
}

// openLog opens a log to be written from size on, or from its beginning where
// it has only so many bytes.
func (l *loop) openLog(g Log, size int64) (f File, have int64, err error) {
	if err := l.FS.Mkdir(filepath.Dir(g.Path)); err != nil {
		return nil, 0, err
	}
	if f, have, err = l.FS.Append(g.Path, size); err == nil && have < size {
		if err = f.Close(); err == nil {
			f, _, err = l.FS.Append(g.Path, 0)
		}
	}
	return f, have, err
}

// log writes the rows that are due after a step.
func (l *loop) log(ctx context.Context, epoch int64) error {
	p := &l.state.Progress
	for i, g := range l.Logs {
		if p.Step%g.Each != 0 {
			continue
		}
		at := Taken{Step: p.Step, Epoch: epoch, Loss: float64(p.Loss)}
		if n := len(p.History); n > 0 {
			at.Measured = &p.History[n-1]
		}
		row, err := g.Row(context.WithoutCancel(ctx), at, l.live(), p.Logs[i].Size == 0)
		if err != nil {
			return err
		}
		n, err := l.files[i].Write(row)
		if err == nil && n < len(row) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return logFault(g, err)
		}
		p.Logs[i].Size += int64(n)
	}
	return nil
}

// syncLogs makes durable what the state that is saved next has of the logs.
func (l *loop) syncLogs() error {
	if l.Keeper == nil || l.Keeper.Store == nil {
		return nil
	}
	for i, f := range l.files {
		if err := f.Sync(); err != nil {
			return logFault(l.Logs[i], err)
		}
	}
	return nil
}

// closeLogs closes the logs; a run that failed before keeps its own error.
func (l *loop) closeLogs() error {
	var first error
	for i, f := range l.files {
		if err := f.Close(); err != nil && first == nil {
			first = logFault(l.Logs[i], err)
		}
	}
	l.files = nil
	return first
}

func logFault(g Log, err error) error {
	var d *source.Diagnostic
	if errors.As(err, &d) {
		return d
	}
	return source.Dataf("D0212", source.Place{File: g.Path}, "the log `%s` cannot be written: %s", g.Name, plain(err)).At(g.Span).
		WithHint("make room or mend the disk; a run with --save goes on with --resume")
}
