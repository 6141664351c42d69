package dfc

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/ir"
)

// writeAdjoint prints the functions that derivatives have become, with the
// text of the program that each line comes from beside it.
func (p *Program) writeAdjoint(w io.Writer) error {
	m := cloneModule(p.lowered)
	err := runPasses(m, sizeFreePasses, nil, p.options, func(name string, _ *ir.Module) bool { return name != adjointPass })
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range m.Funcs {
		if says := adjointRole(f); says != "" {
			fmt.Fprintf(&b, "\n// %s\n%s", says, beside(f.Text(ir.PrintOptions{Source: true})))
		}
	}
	if b.Len() == 0 {
		b.WriteString("// The program takes no derivative.\n")
	} else {
		b.WriteString("\n// `of x`: the derivative that belongs to the value x of the function before.\n")
	}
	_, err = io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

var (
	derived = regexp.MustCompile(`^(.*)\.(fwd|lin|tr|vjp|jvp)_[01_]+(\.\d+)?$`)
	ofWhat  = regexp.MustCompile(`\.(lin_[01]+|batch_.*)(\.\d+)?$`)
)

// adjointRole says in a sentence what a function that a transform made is for,
// "" of any other. A linear half stands only for the ones made from it.
func adjointRole(f *ir.Func) string {
	m := derived.FindStringSubmatch(f.Name)
	if m == nil {
		return ""
	}
	of := ofWhat.ReplaceAllString(ofWhat.ReplaceAllString(m[1], ""), "")
	switch m[2] {
	case "fwd":
		return "Forwards: " + of + ", and what its derivative needs of it."
	case "tr":
		return "Backwards through " + of + ": from the derivative by its results to those by its inputs."
	case "vjp":
		return of + " forwards, then backwards."
	case "jvp":
		return of + " and its change along a tangent."
	}
	return ""
}

var sourceNote = regexp.MustCompile(`^(.*?)  // (.*):(\d+):\d+(?:  (.*))?$`)

// beside moves the notes on the source into a column of its own.
func beside(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	width := 0
	for _, l := range lines {
		if m := sourceNote.FindStringSubmatch(l); m != nil {
			width = max(width, min(96, utf8.RuneCountInString(m[1])))
		}
	}
	for i, l := range lines {
		if m := sourceNote.FindStringSubmatch(l); m != nil {
			pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(m[1])))
			lines[i] = fmt.Sprintf("%s%s  // %s:%s  %s", m[1], pad, filepath.Base(m[2]), m[3], m[4])
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
