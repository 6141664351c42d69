package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dfc-lang/dfc"
)

// writeTable is the last thing that a run shows: a row for each training and
// the files written, on standard output.
func (v *textView) writeTable(r *dfc.Result, took time.Duration) {
	out := v.t.Out
	if len(r.Trainings) > 0 {
		rows := [][]string{{"training", "steps", "epochs", "kept", "loss", "metrics", "time"}}
		for _, f := range r.Trainings {
			var ms []string
			e := v.evals.of(f)
			for i, n := range e.Names {
				ms = append(ms, n+" "+figure(e.Values[i]))
			}
			why := thousands(f.Steps)
			if f.Why == "stalled" {
				why += " (stopped)"
			}
			rows = append(rows, []string{f.Name, why, thousands(f.Epochs), "step " + thousands(f.Kept),
				figure(e.Loss), strings.Join(ms, ", "), clock(v.finishes[f.Name])})
		}
		writeAligned(out, rows)
	}
	for _, f := range r.Files {
		fmt.Fprintf(out, "wrote %s\n", f)
	}
	fmt.Fprintf(out, "finished in %s\n", clock(took))
}

// writeAligned prints rows in columns; the first row is the heading.
func writeAligned(w io.Writer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for n, r := range rows {
		var b strings.Builder
		for i, c := range r {
			if width[i] == 0 {
				continue
			}
			b.WriteString(c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 {
			line = bold(w, line)
		}
		fmt.Fprintln(w, line)
	}
}

// figure is a number in five significant digits.
func figure(x float64) string {
	if x-x != 0 {
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(x)), "+")
	}
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e7) {
		return strconv.FormatFloat(x, 'e', 4, 64)
	}
	return strconv.FormatFloat(x, 'g', 5, 64)
}

// thousands groups the digits of a count.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// clock is a duration as people read it: 0.42 s, 12.3 s, 4:05, 1:02:03.
func clock(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	case s < 60:
		return fmt.Sprintf("%.1f s", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60)
	default:
		return fmt.Sprintf("%d:%02d:%02d", int(s)/3600, int(s)/60%60, int(s)%60)
	}
}

// sparkline draws a curve in one line of block characters, at most as wide as
// said.
func sparkline(ys []float64, wide int) string {
	if len(ys) < 3 {
		return ""
	}
	const levels = "▁▂▃▄▅▆▇█"
	blocks := []rune(levels)
	if wide = max(wide, 3); len(ys) > wide {
		short := make([]float64, wide)
		for i := range short {
			short[i] = ys[i*len(ys)/wide]
		}
		ys = short
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, y := range ys {
		if y-y == 0 {
			lo, hi = math.Min(lo, y), math.Max(hi, y)
		}
	}
	var b strings.Builder
	for _, y := range ys {
		k := 0
		if hi > lo && y-y == 0 {
			k = int((y - lo) / (hi - lo) * float64(len(blocks)-1))
		}
		b.WriteRune(blocks[k])
	}
	return fmt.Sprintf("%s  %s → %s", b.String(), figure(ys[0]), figure(ys[len(ys)-1]))
}
