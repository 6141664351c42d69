package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"time"

	"github.com/dfc-lang/dfc"
)

// sample is the times of one round, and what the program says of its work.
type sample struct {
	times []float64 // seconds of a unit
	base  []float64 // of the objective
	loss  float64   // the first
	work  dfc.Work  // of a unit, zero where not known
	peak  int64     // bytes of memory of the process, of whole processes
}

// ours measures one round of a workload by dfc.
func ours(o options, w workload, workers int) (sample, error) {
	if w.kind == whole {
		return process(o, w, workers)
	}
	b, err := bind(o, w, workers)
	if err != nil {
		return sample{}, err
	}
	defer b.Close()
	if w.kind == steps {
		return stepTimes(b)
	}
	return valueTimes(b, w)
}

func bind(o options, w workload, workers int) (*dfc.Bound, error) {
	opt := dfc.Options{}
	if w.data != nil {
		abs, err := filepath.Abs(o.data)
		if err != nil {
			return nil, err
		}
		opt.Settings = map[string]string{"data": abs}
	}
	p, err := dfc.Compile(filepath.Join(o.dir, w.file), opt)
	if err != nil {
		return nil, err
	}
	return p.Bind(dfc.DataOptions{Workers: workers})
}

// window is the number of steps that are timed together, so that asking for
// the time is not what is measured.
const window = 50

// clock times windows of steps; a window in which a pass ends counts too.
type clock struct {
	dfc.Silent
	times []float64
	last  time.Time
	first float64
}

func (c *clock) Step(p dfc.Progress) {
	if p.Step == 1 {
		c.first = p.Loss
	}
	if p.Step%window != 0 {
		return
	}
	now := time.Now()
	if !c.last.IsZero() {
		c.times = append(c.times, now.Sub(c.last).Seconds()/window)
	}
	c.last = now
}

func stepTimes(b *dfc.Bound) (sample, error) {
	c := &clock{}
	out, err := os.MkdirTemp("", "dfc-bench-")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(out)
	if _, err := b.Run(context.Background(), dfc.RunOptions{Out: out, Observer: c, Stdout: io.Discard}); err != nil {
		return sample{}, err
	}
	s := sample{times: c.times, loss: c.first}
	s.work, err = b.Work("fit.step")
	return s, err
}

func valueTimes(b *dfc.Bound, w workload) (sample, error) {
	var s sample
	var err error
	if s.times, err = repeat(b, w.value); err != nil {
		return s, err
	}
	if w.base != "" {
		if s.base, err = repeat(b, w.base); err != nil {
			return s, err
		}
	}
	s.work, err = b.Work(w.value)
	return s, err
}

// repeat computes a value for about half a second.
func repeat(b *dfc.Bound, name string) ([]float64, error) {
	trial, err := b.Repeat(context.Background(), name, 3)
	if err != nil {
		return nil, err
	}
	n := int(0.5/min(trial[1], trial[2]).Seconds()) + 5
	took, err := b.Repeat(context.Background(), name, min(n, 20_000))
	out := make([]float64, len(took))
	for i, d := range took {
		out[i] = d.Seconds()
	}
	return out, err
}

// process times the command from its start to its end.
func process(o options, w workload, workers int) (sample, error) {
	bin := filepath.Join(o.data, "dfc")
	if _, err := os.Stat(bin); err != nil {
		if out, err := exec.Command("go", "build", "-o", bin, "./cmd/dfc").CombinedOutput(); err != nil {
			return sample{}, fmt.Errorf("go build: %v\n%s", err, out)
		}
	}
	abs, err := filepath.Abs(o.data)
	if err != nil {
		return sample{}, err
	}
	cmd := exec.Command(bin, "run", "-q", filepath.Join(o.dir, w.file), "--set", "data="+abs,
		"--workers", strconv.Itoa(workers), "--out", filepath.Join(o.data, "out"))
	began := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		return sample{}, fmt.Errorf("%v\n%s", err, text)
	}
	return sample{times: []float64{time.Since(began).Seconds()}, peak: peakOf(cmd.ProcessState)}, nil
}

// quantile is the q-th quantile of x, 0 where x is empty.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := append([]float64(nil), x...)
	sort.Float64s(s)
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
