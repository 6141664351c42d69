package ir

import (
	"math"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// reader is the lexical half of the parser: it holds what is left of a text
// and takes pieces off its front. The first fault ends reading, by a panic
// with *source.Diagnostic that Parse catches.
type reader struct {
	file *source.File
	s    string // what is left
	bad  *source.Diagnostic
}

func (p *reader) offset() int { return len(p.file.Text) - len(p.s) }

// failAt notes a fault that stop raises; between the two a hint may be added.
func (p *reader) failAt(at int, code, format string, args ...any) *source.Diagnostic {
	end := at
	for end < len(p.file.Text) && p.file.Text[end] > ' ' {
		end++
	}
	p.bad = source.Errorf(code, source.Span{File: p.file, Start: at, End: end}, format, args...)
	return p.bad
}

func (p *reader) stop() { panic(p.bad) }

// fail raises a fault at what comes next.
func (p *reader) fail(code, format string, args ...any) {
	p.failAt(p.offset(), code, format, args...)
	p.stop()
}

func (p *reader) expected(what string) {
	p.fail(codeSyntax, "%s expected, found %s", what, found(p.s))
}

// skipLine goes over blanks and comments (`//` or `#`) but not line ends.
func (p *reader) skipLine() {
	p.s = strings.TrimLeft(p.s, " \t\r")
	if strings.HasPrefix(p.s, "//") || strings.HasPrefix(p.s, "#") {
		if i := strings.IndexByte(p.s, '\n'); i >= 0 {
			p.s = p.s[i:]
		} else {
			p.s = ""
		}
	}
}

// skip goes over blanks, comments and line ends.
func (p *reader) skip() {
	for p.skipLine(); strings.HasPrefix(p.s, "\n"); p.skipLine() {
		p.s = p.s[1:]
	}
}

// accept takes a piece of punctuation if it comes next.
func (p *reader) accept(s string) bool {
	p.skip()
	if !strings.HasPrefix(p.s, s) {
		return false
	}
	p.s = p.s[len(s):]
	return true
}

// acceptHere is accept on the same line.
func (p *reader) acceptHere(s string) bool {
	p.skipLine()
	return !strings.HasPrefix(p.s, "\n") && p.accept(s)
}

func (p *reader) expect(s string) {
	if !p.accept(s) {
		p.expected("`" + s + "`")
	}
}

// peek is the word that comes next on the line, "" where there is none.
func (p *reader) peek() string {
	p.skipLine()
	n := 0
	for n < len(p.s) && isNameByte(p.s[n]) {
		n++
	}
	return p.s[:n]
}

// acceptWord takes a whole word if it comes next on the line.
func (p *reader) acceptWord(w string) bool {
	if p.peek() != w {
		return false
	}
	p.s = p.s[len(w):]
	return true
}

func (p *reader) word(what string) string {
	w := p.peek()
	if w == "" {
		p.expected(what)
	}
	p.s = p.s[len(w):]
	return w
}

// name is a word, or anything at all in quotes.
func (p *reader) name(what string) string {
	if p.skipLine(); strings.HasPrefix(p.s, `"`) {
		return p.quoted()
	}
	return p.word(what)
}

func (p *reader) quoted() string {
	p.skip()
	q, err := strconv.QuotedPrefix(p.s)
	if err != nil || q[0] != '"' {
		p.expected("a text in quotes")
	}
	text, _ := strconv.Unquote(q)
	p.s = p.s[len(q):]
	return text
}

// number takes the longest run of bytes of a number.
func (p *reader) number() string {
	p.skip()
	n := 0
	for n < len(p.s) && (isNameByte(p.s[n]) || p.s[n] == '-' || p.s[n] == '+') {
		n++
	}
	return p.s[:n]
}

func (p *reader) int() int64 {
	text := p.number()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.expected("a whole number")
	}
	p.s = p.s[len(text):]
	return n
}

// digits is a number without sign, up to a limit, with nothing but digits.
func (p *reader) digits(limit int) int {
	p.skipLine()
	n := 0
	for n < len(p.s) && p.s[n] >= '0' && p.s[n] <= '9' {
		n++
	}
	x, err := strconv.Atoi(p.s[:n])
	if err != nil || x > limit {
		p.expected("a number")
	}
	p.s = p.s[n:]
	return x
}

func (p *reader) float() float64 {
	text := p.number()
	x := math.NaN()
	if text != "nan" {
		var err error
		if x, err = strconv.ParseFloat(text, 64); err != nil {
			p.expected("a number")
		}
	}
	p.s = p.s[len(text):]
	return x
}

func (p *reader) bool() bool {
	switch {
	case p.acceptWord("true"):
		return true
	case p.acceptWord("false"):
		return false
	}
	p.expected("`true` or `false`")
	return false
}

// bits reads `0b101`.
func (p *reader) bits() []bool {
	w := p.peek()
	out := []bool{}
	if !strings.HasPrefix(w, "0b") || strings.Trim(w[2:], "01") != "" {
		p.expected("bits such as `0b01`")
	}
	for _, c := range w[2:] {
		out = append(out, c == '1')
	}
	p.s = p.s[len(w):]
	return out
}

func (p *reader) kind() Kind {
	if strings.HasPrefix(p.s, "?") {
		p.s = p.s[1:]
		return NoKind
	}
	k := KindOf(p.peek())
	if k == NoKind {
		p.fail(codeType, "a kind such as `f32` expected, found %s", found(p.s))
	}
	p.s = p.s[len(k.String()):]
	return k
}

func (p *reader) typ() Type {
	p.skip()
	t, rest, err := ParseType(p.s)
	p.took(rest, err)
	return t
}

func (p *reader) dim() Dim {
	p.skip()
	d, rest, err := parseDim(p.s)
	p.took(rest, err)
	return d
}

// took moves on to rest, or raises what the reader of a type or dimension
// found wrong there.
func (p *reader) took(rest string, err error) {
	p.s = rest
	if err != nil {
		p.fail(codeType, "%v", err)
	}
}
