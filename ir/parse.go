package ir

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// ParseOptions say how to read IR text.
type ParseOptions struct {
	// Resolve finds a source file that the text names; nil, or a nil result,
	// leaves a file with that name and no text.
	Resolve func(path string) *source.File
}

// Parse reads the text of a module that Fprint wrote. Types are taken as they
// stand; Verify checks them. An error is a *source.Diagnostic.
func Parse(name string, text []byte) (*Module, error) {
	return ParseWith(name, text, ParseOptions{})
}

// ParseWith is Parse with options.
func ParseWith(name string, text []byte, o ParseOptions) (m *Module, err error) {
	p := &parser{reader: reader{file: source.NewFile(name, text), s: string(text)}, o: o, m: &Module{}}
	defer func() {
		if x := recover(); x != nil {
			d, ok := x.(*source.Diagnostic)
			if !ok {
				panic(x)
			}
			m, err = nil, d
		}
	}()
	p.module()
	return p.m, nil
}

type parser struct {
	reader
	o ParseOptions
	m *Module
}

func (p *parser) module() {
	if p.skip(); !p.acceptWord("module") {
		p.expected("`module`")
	}
	p.m.Name = p.quoted()
	if p.acceptWord("numerics") {
		p.m.Numerics = int(p.int())
	}
	for p.skip(); p.s != ""; p.skip() {
		switch {
		case p.acceptWord("file"):
			p.sourceFile()
		case p.acceptWord("dim"):
			p.symbol()
		case p.acceptWord("func"):
			p.fn()
		case p.acceptWord("node"):
			p.node()
		default:
			p.expected("`file`, `dim`, `func` or `node`")
		}
	}
}

func (p *parser) sourceFile() {
	if n := p.int(); n != int64(len(p.m.Files)) {
		p.fail(codeSpan, "files are numbered in order; this is file %d", len(p.m.Files))
	}
	path := p.quoted()
	var f *source.File
	if p.o.Resolve != nil {
		f = p.o.Resolve(path)
	}
	if f == nil {
		f = source.NewFile(path, nil)
	}
	p.m.Files = append(p.m.Files, f)
}

func (p *parser) symbol() {
	p.skipLine()
	at := p.offset()
	s := &Symbol{Name: p.name("the name of a dimension")}
	if p.m.Symbol(s.Name) != nil {
		p.failAt(at, codeTwice, "the dimension %s is declared twice", s.Name)
		p.stop()
	}
	i := slices.Index(classNames[:], p.peek())
	if i < 0 {
		p.expected("`bound`, `batch` or `ragged`")
	}
	p.word("")
	s.Class = Class(i)
	if p.acceptHere("=") {
		s.Size = p.int()
	}
	if p.acceptWord("from") {
		s.From = p.quoted()
	}
	s.Span = p.lineSpan()
	p.m.Symbols = append(p.m.Symbols, s)
}

// lineSpan reads `; SPAN` at the end of a line, if it is there.
func (p *parser) lineSpan() source.Span {
	if !p.acceptHere(";") {
		return source.Span{}
	}
	return p.span()
}

// maxOffset bounds what a position may be, so that sums do not overflow.
const maxOffset = 1 << 30

func (p *parser) span() source.Span {
	if p.acceptHere("-") {
		return source.Span{}
	}
	at := p.offset()
	n := p.digits(maxOffset)
	if n >= len(p.m.Files) {
		p.failAt(at, codeSpan, "there is no file %d", n)
		p.stop()
	}
	p.expect("@")
	start := p.digits(maxOffset)
	p.expect("+")
	return source.Span{File: p.m.Files[n], Start: start, End: start + p.digits(maxOffset)}
}

func (p *parser) node() {
	p.skipLine()
	at := p.offset()
	n := &Node{Name: p.name("the name of a node")}
	if p.m.Node(n.Name) != nil {
		p.failAt(at, codeTwice, "two nodes are named %s", n.Name)
		p.stop()
	}
	kind := p.peek()
	if n.Body = newBody(kind); n.Body == nil {
		p.failAt(p.offset(), codeNode, "there is no kind of node `%s`", kind).
			WithHint("the kinds are %s", strings.Join(nodeKinds, ", "))
		p.stop()
	}
	p.word("")
	p.json(n.Body)
	if p.acceptHere(";") {
		n.Span = p.span()
		if p.acceptWord("spans") {
			for _, s := range innerSpans(n.Body) {
				*s = p.span()
			}
		}
	}
	p.m.Nodes = append(p.m.Nodes, n)
}

// json reads one JSON value that stands on the rest of the line.
func (p *parser) json(into any) {
	p.skipLine()
	line, _, _ := strings.Cut(p.s, "\n")
	dec := json.NewDecoder(strings.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		p.fail(codeNode, "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	p.s = p.s[dec.InputOffset():]
}
