package source

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Style chooses how a diagnostic looks. The zero Style is plain text.
type Style struct{ Color bool }

const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[34m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (s Style) paint(color, text string) string {
	if !s.Color {
		return text
	}
	return color + text + reset
}

// Render gives the text of a diagnostic, without a final newline:
//
//	housing.df:12:7: error E0301: what is wrong
//	   12 | let x = a + b
//	      |         ^^^^^
//	  note: why (housing.df:3:5)
//	  try: what to do
func Render(d *Diagnostic, style Style) string {
	var b strings.Builder
	word, color := "error", red
	if d.Severity == Warning {
		word, color = "warning", yellow
	}
	if d.Class == Bug {
		word = "internal error"
	}
	if d.Code != "" {
		word += " " + d.Code
	}
	switch {
	case !d.Span.IsZero():
		line, col := d.Span.File.Position(d.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: ", d.Span.File.Path, line, col)
	case d.Place.File != "":
		fmt.Fprintf(&b, "%s: ", d.Place)
	}
	b.WriteString(style.paint(color, word+":") + " " + style.paint(bold, d.Message))
	if !d.Span.IsZero() {
		b.WriteString(excerpt(d.Span, style, color))
		if d.Place.File != "" {
			fmt.Fprintf(&b, "\n  data: %s", d.Place)
		}
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "\n  note: %s", n.Message)
		if !n.Span.IsZero() {
			line, col := n.Span.File.Position(n.Span.Start)
			fmt.Fprintf(&b, " (%s:%d:%d)", n.Span.File.Path, line, col)
			b.WriteString(excerpt(n.Span, style, blue))
		}
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "\n  try: %s", d.Hint)
	}
	if d.Class == Bug {
		b.WriteString("\n  this is a fault in dfc, not in your program; please report it with the program and `dfc version`")
	}
	return b.String()
}

const maxExcerpt = 160 // runes of a line that are shown at most

// excerpt shows the first line of the span with carets under it.
func excerpt(s Span, style Style, color string) string {
	n, col := s.File.Position(s.Start)
	text := strings.ReplaceAll(s.File.Line(n), "\t", " ")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	lineEnd := s.File.LineStart(n) + len(s.File.Line(n))
	width := max(1, utf8.RuneCount(s.File.Text[min(s.Start, lineEnd):max(min(s.End, lineEnd), min(s.Start, lineEnd))]))
	runes, at := []rune(text), col-1
	if len(runes) > maxExcerpt {
		from := max(0, at-maxExcerpt/2)
		to := min(len(runes), from+maxExcerpt)
		runes, at = runes[from:to], at-from
		width = min(width, maxExcerpt-at)
	}
	gutter := fmt.Sprintf("%5d | ", n)
	blank := strings.Repeat(" ", 5) + " | "
	return "\n" + style.paint(blue, gutter) + string(runes) +
		"\n" + style.paint(blue, blank) + strings.Repeat(" ", at) + style.paint(color, strings.Repeat("^", max(1, width)))
}

// Nearest returns the candidate closest to name by edit distance, or "" when
// none is close enough to be worth a "did you mean".
func Nearest(name string, candidates []string) string {
	best, dist := "", max(1, len(name)/3)+1
	for _, c := range candidates {
		if len(name) == 1 && !strings.EqualFold(name, c) {
			continue // every name of one letter is near every other one
		}
		if d := editDistance(name, c, dist); d < dist && c != name {
			best, dist = c, d
		}
	}
	return best
}

// editDistance is Levenshtein's, cut off at limit; two neighbours that have
// changed places count once.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	older, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], older[j-2]+1)
			}
		}
		older, prev, cur = prev, cur, older
	}
	return min(prev[len(b)], limit)
}
