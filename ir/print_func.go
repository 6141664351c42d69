package ir

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// maxLine is how long the head of a function may be before each parameter
// gets a line of its own.
const maxLine = 100

func (p *printer) fn(f *Func) {
	p.b.WriteString("func " + fnName(f.Name))
	p.params(f)
	if rs := f.Results(); len(rs) > 0 {
		p.b.WriteString(" -> ")
		for i, r := range rs {
			p.comma(i)
			p.b.WriteString(r.Type.String())
		}
	}
	if f.Linear != nil {
		p.b.WriteString(" linear " + bits(f.Linear))
	}
	p.b.WriteString(" {")
	p.span(f.Span)
	p.b.WriteByte('\n')
	p.ops(f.Body, "  ")
	p.end("  return", f.Results())
	p.b.WriteString("}\n")
}

func (p *printer) params(f *Func) {
	var texts []string
	total := len(f.Name)
	for i, v := range f.Params() {
		t := p.param(v)
		if i < len(f.Inputs) {
			t += inputText(f.Inputs[i])
		}
		texts = append(texts, t)
		total += len(t) + 2
	}
	if total <= maxLine {
		p.b.WriteString("(" + strings.Join(texts, ", ") + ")")
		return
	}
	p.b.WriteString("(\n  " + strings.Join(texts, ",\n  ") + ")")
}

func inputText(in Input) string {
	if in == (Input{}) {
		return ""
	}
	if in.Bind == "" {
		return " " + in.Role.String()
	}
	return " " + in.Role.String() + " " + strconv.Quote(in.Bind)
}

// param is the definition of a parameter: name, type and notes.
func (p *printer) param(v *Value) string {
	return v.String() + ": " + v.Type.String() + p.notes(v, source.Span{})
}

// notes are the span of a value, where it is another than the one expected,
// and the primal value it belongs to.
func (p *printer) notes(v *Value, expected source.Span) string {
	s := ""
	if p.o.Spans && v.Span != expected {
		s = " at " + p.spanText(v.Span)
	}
	if v.Primal != "" {
		s += " of " + bareOrQuoted(v.Primal)
	}
	return s
}

func (p *printer) comma(i int) {
	if i > 0 {
		p.b.WriteString(", ")
	}
}

// end writes the last line of a region or body.
func (p *printer) end(word string, vs []*Value) {
	p.b.WriteString(word)
	p.operands(vs)
	p.b.WriteByte('\n')
}

func (p *printer) operands(vs []*Value) {
	for i, v := range vs {
		if i > 0 {
			p.b.WriteByte(',')
		}
		p.b.WriteString(" " + v.String())
	}
}

func (p *printer) ops(r *Region, indent string) {
	for _, op := range r.Ops {
		p.b.WriteString(indent)
		p.results(op)
		p.application(op)
		if p.o.Source && len(op.Regions) > 0 {
			p.source(op.Span) // on the line of the row, not below the regions
			p.b.WriteString("\n" + indent)
		}
		for _, in := range op.Regions {
			p.region(in, indent)
		}
		p.types(op)
		p.span(op.Span)
		if p.o.Source && len(op.Regions) == 0 {
			p.source(op.Span)
		}
		p.b.WriteByte('\n')
	}
}

func (p *printer) region(r *Region, indent string) {
	var texts []string
	for _, v := range r.Params {
		texts = append(texts, p.param(v))
	}
	p.b.WriteString(" (" + strings.Join(texts, ", ") + ") {\n")
	p.ops(r, indent+"  ")
	p.end(indent+"  yield", r.Results)
	p.b.WriteString(indent + "}")
}

func (p *printer) results(op *Op) {
	for i, v := range op.Results {
		p.comma(i)
		p.b.WriteString(v.String())
	}
	if len(op.Results) > 0 {
		p.b.WriteString(" = ")
	}
}

// application is the row with operands and attributes; the attributes of a
// call stand as part of the name called.
func (p *printer) application(op *Op) {
	p.b.WriteString(op.Row.Name)
	if c, ok := op.Attrs.(CallAttrs); ok {
		p.b.WriteString(" " + fnName(c.Fn))
		for _, q := range c.Req {
			p.b.WriteString(" !" + bareOrQuoted(q.Kind))
			writeStruct(&p.b, reflect.ValueOf(q), 1)
		}
		p.operands(op.Operands)
		return
	}
	p.operands(op.Operands)
	if a := AttrsText(op.Attrs); a != "" {
		p.b.WriteString(" " + a)
	}
}

func (p *printer) types(op *Op) {
	for i, v := range op.Results {
		if i == 0 {
			p.b.WriteString(" : ")
		}
		p.comma(i)
		p.b.WriteString(v.Type.String() + p.notes(v, op.Span))
	}
}

// source shows where a span is and the beginning of its text.
func (p *printer) source(s source.Span) {
	if s.IsZero() {
		return
	}
	line, col := s.File.Position(s.Start)
	p.b.WriteString("  // " + s.File.Path + ":" + strconv.Itoa(line) + ":" + strconv.Itoa(col))
	text, _, more := strings.Cut(s.Text(), "\n")
	if r := []rune(text); len(r) > 60 {
		text, more = string(r[:60]), true
	}
	if text == "" {
		return
	}
	if more {
		text += " …"
	}
	p.b.WriteString("  " + strings.TrimRight(text, "\r"))
}
