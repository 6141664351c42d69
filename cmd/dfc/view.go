package main

import (
	"encoding/json"
	"fmt"
	"io"
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
	done     int64 // steps of this run
	rows     int64
	loss     float64 // running mean
	metrics  string
	width    int
	losses   map[string][]float64
	order    []string
	evals    map[string]dfc.Evaluation
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
	if v.losses == nil {
		v.losses, v.evals, v.finishes = map[string][]float64{}, map[string]dfc.Evaluation{}, map[string]time.Duration{}
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
	if v.live && time.Since(v.last) > 100*time.Millisecond {
		v.last = time.Now()
		v.draw(v.line(p.Step, p.Steps, p.Epoch))
	}
}

// line is the state of a training in one line.
func (v *textView) line(step, steps, epoch int64) string {
	var b strings.Builder
	b.WriteString("  ")
	if v.start.Epochs > 0 && epoch > 0 {
		fmt.Fprintf(&b, "epoch %d/%d  ", epoch, v.start.Epochs)
	}
	fmt.Fprintf(&b, "step %s  loss %s%s", thousands(step), figure(v.loss), v.metrics)
	took := time.Since(v.began).Seconds()
	if took > 0 && v.rows > 0 {
		fmt.Fprintf(&b, "  %s rows/s", thousands(int64(float64(v.rows)/took)))
	} else if took > 0 {
		fmt.Fprintf(&b, "  %s steps/s", thousands(int64(float64(v.done)/took)))
	}
	if steps > step && v.done > 0 {
		left := time.Duration(took / float64(v.done) * float64(steps-step) * float64(time.Second))
		fmt.Fprintf(&b, "  %s left", clock(left))
	}
	return b.String()
}

func (v *textView) draw(s string) {
	pad := max(0, v.width-len(s))
	fmt.Fprintf(v.t.Err, "\r%s%s", s, strings.Repeat(" ", pad))
	v.width = len(s)
}

func (v *textView) clear() {
	if v.width > 0 {
		fmt.Fprintf(v.t.Err, "\r%s\r", strings.Repeat(" ", v.width))
		v.width = 0
	}
}

func (v *textView) Epoch(e dfc.Evaluation) {
	v.losses[e.Name] = append(v.losses[e.Name], e.Loss)
	e.Names, e.Values = append([]string{}, e.Names...), append([]float64{}, e.Values...)
	v.evals[e.Name] = e
	v.metrics = ""
	for i, n := range e.Names {
		v.metrics += fmt.Sprintf("  %s %s", n, figure(e.Values[i]))
	}
	if v.quiet || v.live {
		return
	}
	fmt.Fprintln(v.t.Err, v.line(e.Step, v.start.Steps, e.Epoch))
}

func (v *textView) Saved(s dfc.Saved) {}

func (v *textView) End(f dfc.Finish) {
	v.clear()
	v.finishes[f.Name] = time.Since(v.began)
	if v.live && !v.quiet {
		if c := sparkline(v.losses[f.Name]); c != "" {
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

// jsonView writes one JSON object a line; "v" is the version of this form.
type jsonView struct{ out io.Writer }

const jsonVersion = 1

func (v *jsonView) emit(event string, fields map[string]any) {
	fields["v"], fields["event"] = jsonVersion, event
	line, err := json.Marshal(fields)
	if err != nil { // not a number: JSON has no word for it
		for k, x := range fields {
			if f, ok := x.(float64); ok {
				fields[k] = figure(f)
			}
		}
		line, _ = json.Marshal(fields)
	}
	fmt.Fprintf(v.out, "%s\n", line)
}

func (v *jsonView) data(r dfc.DataReport) { v.emit("data", map[string]any{"report": r}) }
func (v *jsonView) prints() io.Writer     { return jsonPrints{v} }
func (v *jsonView) clear()                {}

type jsonPrints struct{ v *jsonView }

func (j jsonPrints) Write(p []byte) (int, error) {
	j.v.emit("print", map[string]any{"text": strings.TrimSuffix(string(p), "\n")})
	return len(p), nil
}

func (v *jsonView) Begin(s dfc.Start) {
	v.emit("begin", map[string]any{"train": s.Name, "rows": s.Rows, "batch": s.Batch, "steps": s.Steps,
		"epochs": s.Epochs, "parameters": s.Parameters, "resumed": s.Resumed, "step": s.Step, "epoch": s.Epoch})
}

func (v *jsonView) Step(p dfc.Progress) {
	v.emit("step", map[string]any{"train": p.Name, "step": p.Step, "epoch": p.Epoch, "rows": p.Rows, "loss": p.Loss})
}

func (v *jsonView) Epoch(e dfc.Evaluation) {
	m := map[string]any{}
	for i, n := range e.Names {
		m[n] = jsonNumber(e.Values[i])
	}
	v.emit("epoch", map[string]any{"train": e.Name, "step": e.Step, "epoch": e.Epoch, "loss": e.Loss, "metrics": m, "best": e.Best})
}

func jsonNumber(x float64) any {
	if x-x != 0 {
		return figure(x)
	}
	return x
}

func (v *jsonView) Saved(s dfc.Saved) {
	v.emit("saved", map[string]any{"train": s.Name, "dir": s.Dir, "step": s.Step, "epoch": s.Epoch})
}

func (v *jsonView) End(f dfc.Finish) {
	v.emit("end", map[string]any{"train": f.Name, "steps": f.Steps, "epochs": f.Epochs, "loss": f.Loss, "kept": f.Kept, "why": f.Why})
}

func (v *jsonView) result(r *dfc.Result, took time.Duration) {
	v.emit("done", map[string]any{"files": r.Files, "seconds": took.Seconds()})
}
