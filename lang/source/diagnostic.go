package source

import (
	"fmt"
	"sort"
	"strings"
)

// Class says whose turn it is to act on a diagnostic.
type Class uint8

const (
	Program Class = iota // your program; exit code 1
	Data                 // your data: file, row, column, value; exit code 1
	Usage                // wrong use of the command; exit code 2
	Bug                  // our bug; exit code 3
)

// Severity separates errors, which stop, from warnings, which do not.
type Severity uint8

const (
	Error Severity = iota
	Warning
)

// Place is a position in data: a file and, where known, the 1-based row (the
// header not counted), the line of the file, the column's name and the text
// found there.
type Place struct {
	File   string
	Row    int64 // 0: unknown
	Line   int64 // 0: unknown
	Column string
	Value  string
}

func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Row > 0 {
		fmt.Fprintf(&b, ", row %d", p.Row)
	}
	if p.Column != "" {
		fmt.Fprintf(&b, ", column %s", p.Column)
	}
	if p.Value != "" {
		fmt.Fprintf(&b, ", value %s", quote(p.Value))
	}
	return b.String()
}

func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:57]) + "..."
	}
	return fmt.Sprintf("%q", s)
}

// Note is a second place that explains a diagnostic; its span may be zero.
type Note struct {
	Span    Span
	Message string
}

// Diagnostic is the one error type of the project. Message says what is
// wrong, Notes why (with the other places involved), Hint what to try.
// A Diagnostic is an error value.
type Diagnostic struct {
	Code     string // "E0301"; registered with Register
	Severity Severity
	Class    Class
	Span     Span
	Place    Place // for Class Data
	Message  string
	Notes    []Note
	Hint     string
}

func (d *Diagnostic) Error() string { return Render(d, Style{}) }

// Errorf makes a program error at a span.
func Errorf(code string, at Span, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: code, Span: at, Message: fmt.Sprintf(format, args...)}
}

// Warnf makes a warning at a span.
func Warnf(code string, at Span, format string, args ...any) *Diagnostic {
	d := Errorf(code, at, format, args...)
	d.Severity = Warning
	return d
}

// Dataf makes an error about the user's data.
func Dataf(code string, at Place, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: code, Class: Data, Place: at, Message: fmt.Sprintf(format, args...)}
}

// Bugf makes a report of a fault of ours; span is the user text that led to it.
func Bugf(at Span, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: "B0001", Class: Bug, Span: at, Message: fmt.Sprintf(format, args...)}
}

// Note adds a second place and returns d, so that calls chain.
func (d *Diagnostic) Note(at Span, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{at, fmt.Sprintf(format, args...)})
	return d
}

// WithHint sets what to try and returns d.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// At sets the span where one is missing and returns d.
func (d *Diagnostic) At(s Span) *Diagnostic {
	if d.Span.IsZero() {
		d.Span = s
	}
	return d
}

// List is an ordered collection of diagnostics. A non-empty List is an error.
type List []*Diagnostic

func (l List) Error() string {
	var b strings.Builder
	for i, d := range l {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(d.Error())
	}
	return b.String()
}

// HasErrors reports whether any entry is more than a warning.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Err is nil when the list holds no error, and the list otherwise.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

// Add appends d unless the same code already stands at the same place.
func (l *List) Add(d *Diagnostic) {
	for _, o := range *l {
		if o.Code == d.Code && o.Span == d.Span && o.Place == d.Place && o.Message == d.Message {
			return
		}
	}
	*l = append(*l, d)
}

// Sort orders by file (in order of first appearance) and position, stably.
func (l List) Sort() {
	order := map[*File]int{}
	for _, d := range l {
		if _, ok := order[d.Span.File]; !ok {
			order[d.Span.File] = len(order)
		}
	}
	sort.SliceStable(l, func(i, j int) bool {
		a, b := l[i].Span, l[j].Span
		if a.File != b.File {
			return order[a.File] < order[b.File]
		}
		return a.Start < b.Start
	})
}

// AsList turns any error into a list: diagnostics as they are, anything else
// as a bug of ours, since no foreign error text may reach a user unexplained.
func AsList(err error) List {
	switch e := err.(type) {
	case nil:
		return nil
	case List:
		return e
	case *Diagnostic:
		return List{e}
	}
	return List{Bugf(Span{}, "%v", err)}
}
