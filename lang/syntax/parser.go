package syntax

import (
	"fmt"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file holds the parser's state: where it is, what it has reported, and
// how it gets out of an error. Inside, an error unwinds with a panic to the
// next recovery point; none leaves the package.

// maxDepth bounds what nests: expressions, types, patterns, blocks, prefix and
// right-grouping operators. maxChain bounds operators or postfixes in a row
// on one level, maxSteps all of them in one declaration: the tree is deep on
// its left side, and every later pass has to walk it.
const (
	maxDepth = 500
	maxChain = 10_000
	maxSteps = 2_000_000
)

// role is what the printer has to know about a token that its text does not say.
type role uint8

const (
	roleNone   role = iota
	roleCall        // a bracket that calls, indexes, or belongs to a type or a head: no blank before it
	roleDims        // one around the dimensions of a type: the same, and lines break elsewhere
	rolePrefix      // a minus with one operand
	roleTight       // a colon between the parts of a short slice
	roleWide        // a colon between the parts of a slice that has operators
	roleBody        // a brace around statements, clauses
	roleDecl        // one behind the head of a declaration
	roleFields      // one around the fields of a table
	roleClause      // the word of a clause of `train`
)

// where is the body that the parser is in: what may stand there differs.
type where uint8

const (
	inFn where = iota
	inModel
	inOptimizer
	inTest
)

type parser struct {
	file     *source.File
	src      string
	toks     []token
	i        int
	roles    []role
	comments []*Comment
	parens   map[Expr]source.Span
	wild     []*Wildcard // those read as expressions, not yet turned into patterns

	errs  source.List
	dirty map[int]bool // lines with a lexical error: the parser adds nothing there
	seen  map[int]bool // offsets with an error: one is enough

	depth    int
	steps    int
	braces   int // `{` open since the declaration began
	inClause bool
	where    where
	broken   int // statements left out so far
}

func newParser(f *source.File) *parser {
	t := lex(f)
	p := &parser{file: f, src: string(f.Text), comments: t.comments, errs: t.errs,
		dirty: map[int]bool{}, seen: map[int]bool{}, parens: map[Expr]source.Span{}}
	for _, d := range t.errs {
		line, _ := f.Position(d.Span.Start)
		p.dirty[line] = true
	}
	if !t.dead {
		p.toks = endLines(t.toks)
	} else {
		p.toks = t.toks
	}
	p.roles = make([]role, len(p.toks))
	return p
}

// bail unwinds to a recovery point; whole ones pass by those inside a
// declaration.
type bail struct{ whole bool }

// try runs f and reports whether it came through. A bail of a whole
// declaration goes on to the outermost try.
func (p *parser) try(outermost bool, f func()) (ok bool) {
	depth, clause := p.depth, p.inClause
	defer func() {
		if r := recover(); r != nil {
			b, mine := r.(bail)
			if !mine || b.whole && !outermost {
				panic(r)
			}
			p.depth, p.inClause, p.wild = depth, clause, nil
			ok = false
		}
	}()
	f()
	return true
}

// report adds an error unless its place, or its line, already has one.
func (p *parser) report(d *source.Diagnostic) {
	line, _ := p.file.Position(d.Span.Start)
	if p.dirty[line] || p.seen[d.Span.Start] {
		return
	}
	p.seen[d.Span.Start] = true
	p.errs = append(p.errs, d)
}

// fail reports and unwinds.
func (p *parser) fail(d *source.Diagnostic) {
	p.report(d)
	panic(bail{})
}

// errorf makes an error at a token.
func (p *parser) errorf(code string, t *token, format string, args ...any) *source.Diagnostic {
	return source.Errorf(code, p.tokenSpan(t), format, args...)
}

func (p *parser) tok() *token           { return &p.toks[p.i] }
func (p *parser) peek() *token          { return &p.toks[min(p.i+1, len(p.toks)-1)] }
func (p *parser) at(text string) bool   { return p.toks[p.i].is(text) }
func (p *parser) mark(i int, r role)    { p.roles[i] = r }
func (p *parser) here() int             { return int(p.toks[p.i].start) }
func (p *parser) sameLine(i int) bool   { return !p.toks[i].has(newlineBefore) }
func (p *parser) adjacentWords() bool   { return p.peek().kind == kName && p.sameLine(p.i+1) }
func (p *parser) isEnd() bool           { k := p.toks[p.i].kind; return k == kEnd || k == kEOF }
func (p *parser) atNewline() bool       { return p.toks[p.i].kind == kEnd && p.toks[p.i].text == "" }
func (p *parser) pos(from int) Pos      { return Pos{p.span(from)} }
func (p *parser) tokenPos(t *token) Pos { return Pos{p.tokenSpan(t)} }

// span reaches from an offset to the end of the last token taken.
func (p *parser) span(from int) source.Span {
	to := from
	if p.i > 0 {
		to = max(to, p.toks[p.i-1].end())
	}
	return source.Span{File: p.file, Start: from, End: to}
}

func (p *parser) tokenSpan(t *token) source.Span {
	return source.Span{File: p.file, Start: int(t.start), End: t.end()}
}

// next takes the current token; the last one, kEOF, stays.
func (p *parser) next() *token {
	t := &p.toks[p.i]
	if t.kind == kEOF {
		return t
	}
	if t.kind == kSym {
		switch t.text {
		case "{":
			p.braces++
		case "}":
			p.braces--
		}
	}
	p.i++
	return t
}

// accept takes the current token if it is text.
func (p *parser) accept(text string) bool {
	if p.at(text) {
		p.next()
		return true
	}
	return false
}

// expect takes the current token, which has to be text; what says what is
// expected, example how it looks.
func (p *parser) expect(text, what, example string) {
	if p.accept(text) {
		return
	}
	p.missing(what)
	p.fail(p.errorf("E0110", p.tok(), "%s, found %s", what, p.found(p.tok())).WithHint("write `%s`", example))
}

// missing reports what is missing at the end of a line that goes on, with
// nothing but the next declaration behind it.
func (p *parser) missing(what string) {
	if p.i == 0 || !startsDecl(p.toks, p.i) {
		return
	}
	end := p.toks[p.i-1].end()
	p.fail(source.Errorf("E0110", source.Span{File: p.file, Start: end, End: end}, "%s, found the next declaration", what).
		Note(p.tokenSpan(p.tok()), "which begins here").WithHint("write what belongs here; a line that ends in an operator goes on in the next"))
}

// found describes a token to a user.
func (p *parser) found(t *token) string {
	switch {
	case t.kind == kEOF, t.kind == kEnd && int(t.start) >= p.lastText():
		return "the end of the file"
	case t.kind == kEnd && t.text == "":
		return "the end of the line"
	case t.kind == kText:
		return "a text"
	}
	return "`" + clip(t.text) + "`"
}

// lastText is the end of the last token that has text.
func (p *parser) lastText() int {
	for i := len(p.toks) - 1; i >= 0; i-- {
		if p.toks[i].text != "" {
			return p.toks[i].end()
		}
	}
	return 0
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:37]) + "…"
	}
	return s
}

// open takes an opening bracket and returns a function that takes its partner.
func (p *parser) open(text string) (closing func()) {
	from := p.next()
	partner := map[string]string{"(": ")", "[": "]"}[text]
	return func() { p.closing(from, partner) }
}

func (p *parser) closing(from *token, partner string) {
	if p.accept(partner) {
		return
	}
	at := p.tok()
	d := p.errorf("E0111", at, "`%s` expected, found %s", partner, p.found(at)).
		Note(p.tokenSpan(from), "this `%s` is still open", from.text)
	switch {
	case at.kind == kEnd && at.text == ";":
		d.WithHint("close the bracket with `%s` before the `;`", partner)
	case p.isEnd():
		d.WithHint("close the bracket with `%s`", partner)
	case at.kind == kName && infixHints[at.text] != "":
		d.WithHint("%s", infixHints[at.text])
	default:
		d.WithHint("separate the parts with `,`, or close the bracket with `%s`", partner)
	}
	p.fail(d)
}

// deeper counts one more level of nesting; the caller takes it back.
func (p *parser) deeper() {
	p.depth++
	if p.depth > maxDepth {
		p.report(p.errorf("E0150", p.tok(), "this nests more than %d levels deep", maxDepth).
			WithHint("give the inner parts names with `let`, or compute them in functions"))
		panic(bail{whole: true})
	}
}

// step counts one more operator or postfix in a chain of n.
func (p *parser) step(n int) {
	p.steps++
	if n < maxChain && p.steps < maxSteps {
		return
	}
	d := p.errorf("E0151", p.tok(), "more than %d operators or calls in a row", maxChain)
	if n < maxChain {
		d.Message = fmt.Sprintf("more than %d operators in one declaration", maxSteps)
	}
	p.report(d.WithHint("sum over a list or a table instead: `sum(e for x in xs)`"))
	panic(bail{whole: true})
}

// name takes a name that is bound or used as such.
func (p *parser) name(what string) *Name {
	t := p.tok()
	if t.kind == kName && t.text != "_" {
		p.next()
		return &Name{p.tokenPos(t), t.text}
	}
	d := p.errorf("E0110", t, "%s expected, found %s", what, p.found(t))
	switch {
	case t.kind == kReserved:
		d.WithHint("`%s` is a word of the language; choose another name", t.text)
	case t.is("_"):
		d.WithHint("`_` binds nothing; write a name")
	default:
		d.WithHint("a name is a letter, then letters, digits and `_`")
	}
	p.fail(d)
	return nil
}

// word takes a name that follows `.` or stands before `:`, where reserved
// words are names, too.
func (p *parser) word(what string) *Name {
	if t := p.tok(); t.kind == kReserved {
		p.next()
		return &Name{p.tokenPos(t), t.text}
	}
	return p.name(what)
}

// path takes `a.b.c`.
func (p *parser) path(what string) *Path {
	from := p.here()
	parts := []*Name{p.name(what)}
	for n := 0; p.at("."); n++ {
		p.step(n)
		p.next()
		p.missing("a name expected after `.`")
		parts = append(parts, p.word("a name after `.`"))
	}
	return &Path{p.pos(from), parts}
}

// text takes a text.
func (p *parser) text(what string) *Text {
	t := p.tok()
	if t.kind != kText {
		p.fail(p.errorf("E0110", t, "%s expected, found %s", what, p.found(t)).WithHint("texts stand in double quotes: `\"…\"`"))
	}
	p.next()
	raw := t.text[1:]
	if n := len(raw); n > 0 && raw[n-1] == '"' {
		raw = raw[:n-1]
	}
	parts := decodeText(p.file, raw, int(t.start)+1, func(*source.Diagnostic) {})
	return &Text{p.tokenPos(t), raw, parts}
}
