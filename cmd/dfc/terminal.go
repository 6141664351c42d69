package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// terminal is where a command reads and writes.
type terminal struct {
	In       io.Reader
	Out, Err io.Writer
	resume   string // command that goes on from an interrupted run
}

// isTerminal reports whether w is a screen that a line can be redrawn on.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// columns is how wide the screen is; 80 where that cannot be known.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}

// colored reports whether w may be coloured; NO_COLOR (any value) forbids it.
func colored(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && isTerminal(w) }

// report writes diagnostics to standard error.
func (t *terminal) report(l source.List) {
	style := source.Style{Color: colored(t.Err)}
	for _, d := range l {
		fmt.Fprintln(t.Err, source.Render(d, style))
	}
	if n := count(l); n > 1 {
		fmt.Fprintf(t.Err, "%d errors\n", n)
	}
}

func count(l source.List) (n int) {
	for _, d := range l {
		if d.Severity == source.Error {
			n++
		}
	}
	return n
}

// interrupted says where a run stopped and how to go on.
func (t *terminal) interrupted(e *dfc.Interrupted) {
	fmt.Fprintf(t.Err, "%v\n", e)
	switch {
	case e.Dir != "" && t.resume != "":
		fmt.Fprintf(t.Err, "to go on: %s\n", t.resume)
	case e.Dir == "" && e.Name != "":
		fmt.Fprintf(t.Err, "with `--save DIR` the state is kept, and `--resume DIR` goes on from it\n")
	}
}

// bold makes a heading where the writer is a coloured terminal.
func bold(w io.Writer, s string) string {
	if !colored(w) {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}
