package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dfc-lang/dfc"
)

// profileTable is the value of --profile without a file.
const profileTable = "table"

// profileRows is how many rows of kernels and lines the table shows.
const profileRows = 20

// showProfile shows where the time of a run went, and writes it for `go tool
// pprof` where a file is given.
func (f *runFlags) showProfile(v view, p *dfc.Profile) error {
	if p == nil {
		return nil
	}
	v.profile(p)
	if f.profile == profileTable {
		return nil
	}
	var buf bytes.Buffer
	if err := p.WritePprof(&buf); err != nil {
		return err
	}
	return writeWhole(f.profile, buf.Bytes())
}

func (v *textView) profile(p *dfc.Profile) { writeProfile(v.t.Err, p) }

func (v *jsonView) profile(p *dfc.Profile) { v.emit("profile", map[string]any{"profile": p}) }

// writeProfile shows parts, lines and kernels, each by time.
func writeProfile(w io.Writer, p *dfc.Profile) {
	share := func(t time.Duration) string { return fmt.Sprintf("%.1f %%", 100*float64(t)/max(1, float64(p.Run))) }
	kernels := time.Duration(0)
	calls := int64(0)
	for _, k := range p.Kernels {
		kernels, calls = kernels+k.Time, calls+k.Calls
	}
	fmt.Fprintf(w, "%s\n", bold(w, fmt.Sprintf("profile of %s, after %s of opening the data", seconds(p.Run), seconds(p.Open))))
	rows := [][]string{{"part", "time", "share", "calls"}, {"kernels", seconds(kernels), share(kernels), thousands(calls)}}
	for _, q := range p.Parts {
		rows = append(rows, []string{q.Name, seconds(q.Time), share(q.Time), thousands(q.Calls)})
	}
	writeAligned(w, rows)
	if len(p.Kernels) == 0 {
		return
	}
	fmt.Fprintln(w)
	rows = [][]string{{"line", "forward", "backward", "share", "arithmetic", "memory", "text"}}
	for _, l := range p.Lines[:min(profileRows, len(p.Lines))] {
		all := l.Forward + l.Backward
		rows = append(rows, []string{place(l.File, l.Line), seconds(l.Forward), seconds(l.Backward), share(all),
			rate(l.Flops, all, "flop/s"), rate(l.Bytes, all, "B/s"), short(strings.TrimSpace(l.Text), 60)})
	}
	writeAligned(w, rows)
	more(w, len(p.Lines), "lines")
	fmt.Fprintln(w)
	rows = [][]string{{"kernel", "time", "share", "calls", "arithmetic", "memory", "line"}}
	for _, k := range p.Kernels[:min(profileRows, len(p.Kernels))] {
		rows = append(rows, []string{short(k.Name, 60), seconds(k.Time), share(k.Time), thousands(k.Calls),
			rate(k.Flops, k.Time, "flop/s"), rate(k.Bytes, k.Time, "B/s"), place(k.File, k.Line) + " in @" + k.Function})
	}
	writeAligned(w, rows)
	more(w, len(p.Kernels), "kernels")
}

func more(w io.Writer, n int, what string) {
	if n > profileRows {
		fmt.Fprintf(w, "… %d of %d %s; --profile=FILE.pb.gz or --json has all\n", profileRows, n, what)
	}
}

func place(file string, line int) string {
	if line == 0 {
		return "–"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}

// seconds is a time of a profile: three digits, with a unit.
func seconds(t time.Duration) string {
	switch {
	case t < time.Millisecond:
		return fmt.Sprintf("%d µs", t.Microseconds())
	case t < time.Second:
		return fmt.Sprintf("%.3g ms", t.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g s", t.Seconds())
}

// rate is an amount a second: 12.3 Gflop/s.
func rate(n int64, t time.Duration, unit string) string {
	if n == 0 || t <= 0 {
		return ""
	}
	x := float64(n) / t.Seconds()
	for _, p := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= p.size {
			return fmt.Sprintf("%.3g %s%s", x/p.size, p.name, unit)
		}
	}
	return fmt.Sprintf("%.3g %s", x, unit)
}

// short is the beginning of a text.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
