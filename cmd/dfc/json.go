package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// jsonVersion is that of the lines that --json writes. Fields are added
// without a new one; what goes or changes its meaning gets one.
const jsonVersion = 1

// jsonView writes one JSON object a line; "v" is the version of this form.
type jsonView struct {
	out   io.Writer
	evals evaluations
}

func (v *jsonView) emit(event string, fields map[string]any) {
	fields["v"], fields["event"] = jsonVersion, event
	for k, x := range fields {
		if f, ok := x.(float64); ok {
			fields[k] = jsonNumber(f)
		}
	}
	line, err := json.Marshal(fields)
	if err != nil {
		return // numbers, texts and structs of these cannot fail
	}
	fmt.Fprintf(v.out, "%s\n", line)
}

// jsonNumber is a number, or the text nan, inf or -inf, for which JSON has
// no word.
func jsonNumber(x float64) any {
	if x-x != 0 {
		return figure(x)
	}
	return x
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
	v.evals.add(e)
	v.emit("epoch", map[string]any{"train": e.Name, "step": e.Step, "epoch": e.Epoch, "loss": e.Loss,
		"metrics": jsonMetrics(e), "best": e.Best})
}

func jsonMetrics(e dfc.Evaluation) map[string]any {
	m := map[string]any{}
	for i, n := range e.Names {
		m[n] = jsonNumber(e.Values[i])
	}
	return m
}

func (v *jsonView) Saved(s dfc.Saved) {
	v.emit("saved", map[string]any{"train": s.Name, "dir": s.Dir, "step": s.Step, "epoch": s.Epoch})
}

func (v *jsonView) End(f dfc.Finish) { v.emit("end", v.finished(f)) }

// finished are the values of a training in the final table.
func (v *jsonView) finished(f dfc.Finish) map[string]any {
	e := v.evals.of(f)
	return map[string]any{"train": f.Name, "steps": f.Steps, "epochs": f.Epochs, "kept": f.Kept, "why": f.Why,
		"loss": jsonNumber(e.Loss), "metrics": jsonMetrics(e)}
}

func (v *jsonView) result(r *dfc.Result, took time.Duration) {
	trainings, files := []map[string]any{}, []string{}
	for _, f := range r.Trainings {
		trainings = append(trainings, v.finished(f))
	}
	v.emit("done", map[string]any{"trainings": trainings, "files": append(files, r.Files...), "seconds": took.Seconds()})
}

// failed ends the lines of a run that did not.
func (v *jsonView) failed(err error, resume string) {
	if e, ok := err.(*dfc.Interrupted); ok {
		fields := map[string]any{"train": e.Name, "step": e.Step, "epoch": e.Epoch, "dir": e.Dir}
		if e.Dir != "" {
			fields["resume"] = resume
		}
		v.emit("interrupted", fields)
		return
	}
	v.diagnostics(asDiagnostics(err))
}

func (v *jsonView) diagnostics(l source.List) {
	for _, d := range l {
		v.emit("diagnostic", map[string]any{"diagnostic": diagnosticJSON(d)})
	}
}
