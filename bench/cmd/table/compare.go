package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// row is a workload on a number of workers, of all rounds.
type row struct {
	Name    string             `json:"name"`
	What    string             `json:"what"`
	Workers int                `json:"workers"`
	Median  float64            `json:"median_s"`
	Spread  float64            `json:"spread"` // quartiles apart, as a part of the median
	Factor  float64            `json:"gradient_over_objective,omitempty"`
	Flops   int64              `json:"flops,omitempty"`
	Moved   int64              `json:"bytes,omitempty"`
	OfPeak  float64            `json:"of_peak,omitempty"`
	OfBound float64            `json:"of_instruction_bound,omitempty"`
	OfMem   float64            `json:"of_bandwidth,omitempty"`
	Memory  int64              `json:"memory_bytes,omitempty"`
	Peers   map[string]float64 `json:"peers_s,omitempty"`
	PeerMem int64              `json:"peer_memory_bytes,omitempty"`
	Loss    float64            `json:"loss,omitempty"`
	Agree   string             `json:"losses,omitempty"`

	f64    bool
	cycles float64
}

// answer is what the script of the peers prints.
type answer struct {
	Seconds map[string]float64 `json:"seconds"` // by peer
	Loss    *float64           `json:"loss"`
	Memory  int64              `json:"memory"`
}

// compare takes turns: a round of ours, a round of theirs.
func compare(o options, w workload, workers int) (row, error) {
	r := row{Name: w.name, What: w.what, Workers: workers, f64: w.f64}
	if w.data != nil {
		if err := w.data(o.data); err != nil {
			return r, err
		}
	}
	var times, base []float64
	theirs := map[string][]float64{}
	for i := 0; i < o.rounds; i++ {
		s, err := ours(o, w, workers)
		if err != nil {
			return r, err
		}
		times, base = append(times, s.times...), append(base, s.base...)
		r.Loss, r.Flops, r.Moved, r.Memory = s.loss, s.work.Flops, s.work.Moved, max(r.Memory, s.peak)
		if w.region {
			r.cycles = s.work.Cycles
		}
		if o.peers == "" {
			continue
		}
		a, err := peers(o, w, workers)
		if err != nil {
			return r, err
		}
		for name, t := range a.Seconds {
			theirs[name] = append(theirs[name], t)
		}
		r.PeerMem = max(r.PeerMem, a.Memory)
		if a.Loss != nil {
			r.Agree = agreement(r.Loss, *a.Loss)
		}
	}
	r.Median = quantile(times, 0.5)
	r.Spread = (quantile(times, 0.75) - quantile(times, 0.25)) / r.Median
	if len(base) > 0 {
		r.Factor = r.Median / quantile(base, 0.5)
	}
	for name, t := range theirs {
		if r.Peers == nil {
			r.Peers = map[string]float64{}
		}
		r.Peers[name] = quantile(t, 0.5)
	}
	return r, nil
}

func agreement(a, b float64) string {
	if math.Abs(a-b) <= 1e-4*math.Max(1, math.Abs(b)) {
		return "agree"
	}
	return fmt.Sprintf("differ: %g and %g", a, b)
}

// peers runs the same work in Python.
func peers(o options, w workload, workers int) (answer, error) {
	var a answer
	cmd := exec.Command(o.peers, filepath.Join(o.dir, "peers", "peers.py"), w.name, "--threads", strconv.Itoa(workers), "--data", o.data)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return a, fmt.Errorf("the peers: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &a); err != nil {
		return a, fmt.Errorf("the peers printed %q: %w", text, err)
	}
	return a, nil
}

// limit is the share of what the machine can do.
func (r *row) limit(m machine) {
	if r.Median == 0 || r.Flops == 0 {
		return
	}
	peak := m.peak32
	if r.f64 {
		peak = m.peak64
	}
	r.OfPeak = float64(r.Flops) / r.Median / (peak * float64(r.Workers))
	r.OfMem = float64(r.Moved) / r.Median / m.bandwidth
	if m.clock > 0 {
		r.OfBound = r.cycles / r.Median / (m.clock * float64(r.Workers))
	}
}

// best is the fastest peer.
func (r *row) best() (name string, t float64) {
	for n, s := range r.Peers {
		if name == "" || s < t {
			name, t = n, s
		}
	}
	return name, t
}

func duration(s float64) string {
	switch {
	case s == 0:
		return "-"
	case s < 1e-3:
		return fmt.Sprintf("%.1f µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.2f ms", s*1e3)
	}
	return fmt.Sprintf("%.2f s", s)
}

func (r *row) print(w io.Writer) {
	fmt.Fprintf(w, "%-14s %d  %10s ±%.0f%%", r.Name, r.Workers, duration(r.Median), 100*r.Spread/2)
	if name, t := r.best(); name != "" {
		fmt.Fprintf(w, "  %s %s, ratio %.2f", name, duration(t), t/r.Median)
	}
	fmt.Fprintln(w)
}

func printTable(w io.Writer, rows []row, peers bool) {
	head := "| workload | workers | median | spread | of FMA peak | of instruction bound | gradient / objective |"
	line := "|---|---|---|---|---|---|---|"
	if peers {
		head, line = head+" peers | ratio to the fastest | first losses |", line+"---|---|---|"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, line)
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %d | %s | %.0f %% | %s | %s | %s |", r.What, r.Workers, duration(r.Median), 100*r.Spread,
			percent(r.OfPeak), percent(r.OfBound), times(r.Factor))
		if peers {
			fmt.Fprintf(w, " %s | %s | %s |", r.peerTimes(), r.ratio(), r.Agree)
		}
		fmt.Fprintln(w)
	}
}

func (r *row) peerTimes() string {
	var out []string
	for _, name := range []string{"torch", "torch compiled", "jax", "pandas + torch", "numpy + OpenBLAS"} {
		if t, ok := r.Peers[name]; ok {
			out = append(out, name+" "+duration(t))
		}
	}
	return strings.Join(out, ", ")
}

func (r *row) ratio() string {
	_, t := r.best()
	if t == 0 {
		return "-"
	}
	s := fmt.Sprintf("%.1f", t/r.Median)
	if r.PeerMem > 0 && r.Memory > 0 {
		s += fmt.Sprintf(", memory %.1f", float64(r.PeerMem)/float64(r.Memory))
	}
	return s
}

func percent(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*x)
}

func times(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", x)
}

func printJSON(w io.Writer, rows []row) error {
	e := json.NewEncoder(w)
	for _, r := range rows {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
