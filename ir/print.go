package ir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// The text of a module. What Parse reads back is the same module; what prints
// the same is the same.
//
//	module "housing" numerics 1
//	file 0 "housing.df"
//	dim B batch = 256 from "rows of a step of fit" ; 0@123+4
//
//	func @price(%place.0: f32[V,4] weight "price.place", %c.1: index<V> col "place") -> f32[4] { ; 0@12+40
//	  %h.2 = gather %place.0, %c.1 {axis 0, batch_dims 0} : f32[4] ; 0@200+12
//	  %3 = cond %p.9, %h.2 (%h.4: f32[4]) {
//	    yield %h.4
//	  } (%h.5: f32[4]) {
//	    %6 = call @g !vjp{in 0b1} %h.5 : f32[4] of h
//	    yield %6
//	  } : f32[4]
//	  return %h.2
//	}
//
//	node Train derive {"Op":"split",…} ; 0@40+10 spans - 0@44+2
//
// A value is `%NUMBER` or `%NAME.NUMBER`. After its type may follow `at SPAN`
// (for a result only where it differs from the span of the operation) and `of
// PRIMAL`; after that, for a parameter, its role and binding. `linear 0b01`
// before the body gives the linear parameters. What follows `;` is a span.

// PrintOptions choose what is shown beside the program itself.
type PrintOptions struct {
	Spans  bool // positions, so that the text reads back whole
	Source bool // the source text each operation stands for, as a comment
}

// Fprint writes the text of m that Parse reads back.
func Fprint(w io.Writer, m *Module) error { return FprintWith(w, m, PrintOptions{Spans: true}) }

// FprintWith is Fprint with a choice of what is shown.
func FprintWith(w io.Writer, m *Module, o PrintOptions) error {
	p := newPrinter(o, m.Files)
	if o.Spans {
		p.collect(m)
	}
	if err := p.module(m); err != nil {
		return err
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// String is the text of the module with spans, or the fault that keeps it
// from having one.
func (m *Module) String() string {
	var b strings.Builder
	if err := Fprint(&b, m); err != nil {
		return "// " + err.Error() + "\n"
	}
	return b.String()
}

// String is the text of the function without spans.
func (f *Func) String() string { return f.Text(PrintOptions{}) }

// Text is the text of the function; files are numbered as they appear.
func (f *Func) Text(o PrintOptions) string {
	p := newPrinter(o, nil)
	p.fn(f)
	return p.b.String()
}

// String is one line of text: the operation without the bodies of its regions.
func (op *Op) String() string {
	p := newPrinter(PrintOptions{}, nil)
	p.results(op)
	p.application(op)
	for range op.Regions {
		p.b.WriteString(" {…}")
	}
	p.types(op)
	return p.b.String()
}

// String is the value as operations refer to it: `%NAME.NUMBER`.
func (v *Value) String() string {
	if v == nil {
		return "%?"
	}
	if v.Name == "" {
		return "%" + strconv.Itoa(v.ID)
	}
	return "%" + bareOrQuoted(v.Name) + "." + strconv.Itoa(v.ID)
}

// bareOrQuoted is a name as it stands in the text.
func bareOrQuoted(s string) string {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

func fnName(s string) string {
	for i := range len(s) {
		if !isFuncByte(s[i]) {
			return "@" + strconv.Quote(s)
		}
	}
	if s == "" {
		return `@""`
	}
	return "@" + s
}

// isFuncByte allows a few marks more in the names of functions, which passes
// build from others.
func isFuncByte(c byte) bool { return isNameByte(c) || c == '!' || c == ':' || c == '/' }

type printer struct {
	b     strings.Builder
	o     PrintOptions
	files []*source.File
	index map[*source.File]int
}

func newPrinter(o PrintOptions, files []*source.File) *printer {
	p := &printer{o: o, index: map[*source.File]int{}}
	for _, f := range files {
		p.fileIndex(f)
	}
	return p
}

func (p *printer) fileIndex(f *source.File) int {
	i, ok := p.index[f]
	if !ok {
		i = len(p.files)
		p.index[f] = i
		p.files = append(p.files, f)
	}
	return i
}

// collect finds files that spans name and the module does not list, so that
// they stand at the top too.
func (p *printer) collect(m *Module) {
	spansOf(m, func(s *source.Span) {
		if s.File != nil {
			p.fileIndex(s.File)
		}
	})
}

// spansOf calls f for every span of a module in a fixed order.
func spansOf(m *Module, f func(*source.Span)) {
	for _, s := range m.Symbols {
		f(&s.Span)
	}
	for _, fn := range m.Funcs {
		f(&fn.Span)
		WalkValues(fn.Body, func(v *Value) { f(&v.Span) })
		Walk(fn.Body, func(op *Op) { f(&op.Span) })
	}
	for _, n := range m.Nodes {
		f(&n.Span)
		for _, s := range innerSpans(n.Body) {
			f(s)
		}
	}
}

func (p *printer) module(m *Module) error {
	fmt.Fprintf(&p.b, "module %s numerics %d\n", strconv.Quote(m.Name), m.Numerics)
	if p.o.Spans {
		for i, f := range p.files {
			fmt.Fprintf(&p.b, "file %d %s\n", i, strconv.Quote(f.Path))
		}
	}
	for _, s := range m.Symbols {
		p.symbol(s)
	}
	for _, f := range m.Funcs {
		p.b.WriteByte('\n')
		p.fn(f)
	}
	if len(m.Nodes) > 0 {
		p.b.WriteByte('\n')
	}
	for _, n := range m.Nodes {
		if err := p.node(n); err != nil {
			return err
		}
	}
	return nil
}

var classNames = [...]string{"bound", "batch", "ragged"}

// String is the word for the class in IR text.
func (c Class) String() string { return classNames[c] }

func (p *printer) symbol(s *Symbol) {
	fmt.Fprintf(&p.b, "dim %s %s", bareOrQuoted(s.Name), s.Class)
	if s.Size != 0 {
		fmt.Fprintf(&p.b, " = %d", s.Size)
	}
	if s.From != "" {
		p.b.WriteString(" from " + strconv.Quote(s.From))
	}
	p.span(s.Span)
	p.b.WriteByte('\n')
}

// span ends a line with its position.
func (p *printer) span(s source.Span) {
	if p.o.Spans && !s.IsZero() {
		p.b.WriteString(" ; " + p.spanText(s))
	}
}

func (p *printer) spanText(s source.Span) string {
	if s.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%d@%d+%d", p.fileIndex(s.File), s.Start, s.End-s.Start)
}

func (p *printer) node(n *Node) error {
	var js bytes.Buffer
	enc := json.NewEncoder(&js)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(n.Body); err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	fmt.Fprintf(&p.b, "node %s %s %s", bareOrQuoted(n.Name), n.Body.Kind(), bytes.TrimSpace(js.Bytes()))
	p.span(n.Span)
	if p.o.Spans {
		p.innerSpans(n)
	}
	p.b.WriteByte('\n')
	return nil
}

// innerSpans writes the spans that the JSON leaves out, in the order of
// innerSpans, unless there is none.
func (p *printer) innerSpans(n *Node) {
	var texts []string
	some := false
	for _, s := range innerSpans(n.Body) {
		texts = append(texts, p.spanText(*s))
		some = some || !s.IsZero()
	}
	if some {
		if n.Span.IsZero() {
			p.b.WriteString(" ; -")
		}
		p.b.WriteString(" spans " + strings.Join(texts, " "))
	}
}
