package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dfc-lang/dfc"
)

// view shows a run: the report of the data, progress, the final table. It is
// an observer of training with three faces: a line that is redrawn on a
// terminal, plain lines in a pipe, JSON lines for scripts.
type view interface {
	dfc.Observer
	data(r dfc.DataReport)
	prints() io.Writer // where the program's print statements go
	clear()            // removes an unfinished line
	result(r *dfc.Result, took time.Duration)
	profile(p *dfc.Profile)
	failed(err error, resume string)
}

func newView(t *terminal, quiet, asJSON bool) view {
	switch {
	case asJSON:
		return &jsonView{out: t.Out}
	case quiet:
		return &textView{t: t, quiet: true}
	}
	return &textView{t: t, live: isTerminal(t.Err)}
}

// textView is the view for people.
type textView struct {
	t        *terminal
	live     bool // redraw one line
	quiet    bool
	began    time.Time
	start    dfc.Start
	last     time.Time
	quietly  time.Duration // that steps took since a line was shown
	done     int64         // steps of this run
	rows     int64
	loss     float64 // running mean
	metrics  string
	width    int
	losses   map[string][]float64
	order    []string
	evals    evaluations
	finishes map[string]time.Duration
}

func (v *textView) data(r dfc.DataReport) {
	if !v.quiet {
		writeReport(v.t.Err, r)
	}
}

func (v *textView) prints() io.Writer { return clearing{v} }

// clearing removes the progress line before the program prints.
type clearing struct{ v *textView }

func (c clearing) Write(p []byte) (int, error) {
	c.v.clear()
	return c.v.t.Out.Write(p)
}

func (v *textView) Begin(s dfc.Start) {
	v.start, v.began, v.done, v.rows, v.loss, v.metrics = s, time.Now(), 0, 0, 0, ""
	v.quietly = livePause // the first step shows
	if v.losses == nil {
		v.losses, v.finishes = map[string][]float64{}, map[string]time.Duration{}
	}
	v.order = append(v.order, s.Name)
	if v.quiet {
		return
	}
	what := fmt.Sprintf("%s: %s parameters", s.Name, thousands(s.Parameters))
	if s.Rows > 0 {
		what += fmt.Sprintf(", %s rows, %s a step", thousands(s.Rows), thousands(min(s.Batch, s.Rows)))
	}
	if s.Resumed {
		what += fmt.Sprintf(", resumed at step %s", thousands(s.Step))
	}
	fmt.Fprintln(v.t.Err, bold(v.t.Err, what))
}

func (v *textView) Step(p dfc.Progress) {
	v.done++
	v.rows += p.Rows
	if v.done == 1 {
		v.loss = p.Loss
	}
	v.loss += (p.Loss - v.loss) / float64(min(v.done, 50))
	v.quietly += p.Took // not the clock: steps may take less than a look at it
	if v.live && v.quietly > livePause {
		v.quietly = 0
		v.draw(v.fitting(p.Step, p.Steps, p.Epoch))
	} else if !v.live && !v.quiet && v.quietly > plainPause {
		v.quietly, v.last = 0, time.Now()
		fmt.Fprintln(v.t.Err, v.line(p.Step, p.Steps, p.Epoch, v.metrics, true)) // an epoch may take long
	}
}

// fitting is line within the width of the terminal, as far as leaving out the
// rate, and then metrics, the last ones first, makes it so: how long it will
// take stays.
func (v *textView) fitting(step, steps, epoch int64) string {
	fits := func(s string) bool { return len([]rune(s)) < columns(v.t.Err) }
	s := v.line(step, steps, epoch, v.metrics, true)
	for metrics := v.metrics; !fits(s); metrics = metrics[:strings.LastIndex(metrics, "  ")] {
		s = v.line(step, steps, epoch, metrics, false)
		if metrics == "" {
			break
		}
	}
	return s
}

// line is the state of a training in one line.
func (v *textView) line(step, steps, epoch int64, metrics string, rate bool) string {
	var b strings.Builder
	b.WriteString("  ")
	if v.start.Epochs > 0 && epoch > 0 {
		fmt.Fprintf(&b, "epoch %d/%d  ", epoch, v.start.Epochs)
	}
	fmt.Fprintf(&b, "step %s  loss %s%s", thousands(step), figure(v.loss), metrics)
	took := time.Since(v.began).Seconds()
	switch {
	case took <= 0 || !rate:
	case v.rows > 0:
		fmt.Fprintf(&b, "  %s rows/s", thousands(int64(float64(v.rows)/took)))
	default:
		fmt.Fprintf(&b, "  %s steps/s", thousands(int64(float64(v.done)/took)))
	}
	if steps > step && v.done > 0 {
		left := time.Duration(took / float64(v.done) * float64(steps-step) * float64(time.Second))
		fmt.Fprintf(&b, "  %s left", clock(left))
	}
	return b.String()
}

// draw writes over the line that stands there. It never fills a line of the
// screen: the next one would begin below.
func (v *textView) draw(s string) {
	runes := []rune(s)
	if most := max(1, columns(v.t.Err)-1); len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	pad := max(0, v.width-len(runes))
	fmt.Fprintf(v.t.Err, "\r%s%s", string(runes), strings.Repeat(" ", pad))
	v.width = len(runes)
}

func (v *textView) clear() {
	if v.width > 0 {
		fmt.Fprintf(v.t.Err, "\r%s\r", strings.Repeat(" ", v.width))
		v.width = 0
	}
}

func (v *textView) Epoch(e dfc.Evaluation) {
	v.losses[e.Name] = append(v.losses[e.Name], e.Loss)
	v.evals.add(e)
	v.metrics = ""
	for i, n := range e.Names {
		v.metrics += fmt.Sprintf("  %s %s", n, figure(e.Values[i]))
	}
	if v.quiet || v.live || !v.due(e) {
		return
	}
	v.last, v.quietly = time.Now(), 0
	fmt.Fprintln(v.t.Err, v.line(e.Step, v.start.Steps, e.Epoch, v.metrics, true))
}

// plainLines is how many lines of progress a pipe gets, if they come often.
const plainLines = 20

// livePause is the time between two lines on a terminal.
const livePause = 100 * time.Millisecond

// plainPause is how long a pipe hears nothing.
const plainPause = 10 * time.Second

// due says whether a pipe gets a line now: for the first and the last
// evaluation, for one in so many, and when nothing was said for a while.
func (v *textView) due(e dfc.Evaluation) bool {
	every, at := v.start.Epochs/plainLines, e.Epoch
	if v.start.Epochs == 0 {
		every, at = v.start.Steps/plainLines, e.Step
		return at+every > v.start.Steps || time.Since(v.last) > time.Second
	}
	return every <= 1 || at == 1 || at%every == 0 || at == v.start.Epochs || time.Since(v.last) > plainPause
}

func (v *textView) Saved(s dfc.Saved) {}

func (v *textView) End(f dfc.Finish) {
	v.clear()
	v.finishes[f.Name] = time.Since(v.began)
	if v.live && !v.quiet {
		if c := sparkline(v.losses[f.Name], min(60, columns(v.t.Err)-32)); c != "" {
			fmt.Fprintf(v.t.Err, "  loss %s\n", c)
		}
	}
}

func (v *textView) result(r *dfc.Result, took time.Duration) {
	if v.quiet {
		return
	}
	v.writeTable(r, took)
}

func (v *textView) failed(error, string) {}

// evaluations are those of all trainings, to find the one whose parameters
// were kept.
type evaluations map[string][]dfc.Evaluation

func (v *evaluations) add(e dfc.Evaluation) {
	if *v == nil {
		*v = evaluations{}
	}
	e.Names, e.Values = slices.Clone(e.Names), slices.Clone(e.Values)
	(*v)[e.Name] = append((*v)[e.Name], e)
}

// of is the evaluation of the parameters that a training kept; where it was
// made by a run before, what is known of the end.
func (v evaluations) of(f dfc.Finish) dfc.Evaluation {
	for _, e := range v[f.Name] {
		if e.Step == f.Kept {
			return e
		}
	}
	return dfc.Evaluation{Name: f.Name, Step: f.Kept, Loss: f.Loss}
}
