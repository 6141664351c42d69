package syntax

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file cuts the text of a file into tokens. It is written by hand because
// it repairs and goes on after every error: an unknown character is dropped,
// an unclosed text ends with its line, `2x` counts as `2`.

// A line longer than this is no program, and would only make tools slow.
const maxLine = 1 << 20

// Offsets in tokens are 32 bits wide, and trees stay within a Go stack.
const maxFile = 1 << 28

type scanner struct {
	file  *source.File
	src   string
	at    int
	flags flags
	out   tokens
}

func lex(f *source.File) tokens {
	l := &scanner{file: f, flags: newlineBefore | blankBefore}
	if !l.readable() {
		l.out.dead = true
		l.token(kEOF, len(l.src), len(l.src))
		return l.out
	}
	l.src = string(f.Text)
	l.out.toks = make([]token, 0, len(l.src)/4+8)
	l.at = len(l.src) - len(strings.TrimPrefix(l.src, "\uFEFF"))
	for l.blanks(); l.at < len(l.src); l.blanks() {
		l.next()
	}
	l.token(kEOF, l.at, l.at)
	return l.out
}

// readable rejects what is not UTF-8 and what is too long to be a program.
func (l *scanner) readable() bool {
	text := l.file.Text
	if len(text) > maxFile {
		l.error("E0106", 0, 0, "the file has %d bytes; a program has at most %d", len(text), maxFile).
			WithHint("put the data into a file of its own and read it: `read csv(\"data.csv\")`")
		return false
	}
	if !utf8.Valid(text) {
		at := 0
		for {
			r, n := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		l.error("E0101", at, at+1, "the file is not UTF-8: byte 0x%02X at offset %d", text[at], at).
			WithHint("save the file as UTF-8")
		return false
	}
	if at := bytes.IndexByte(text, 0); at >= 0 {
		l.error("E0101", at, at+1, "the file is no text: byte 0 at offset %d", at).WithHint("save the file as UTF-8")
		return false
	}
	for from := 0; from < len(text); {
		n := bytes.IndexByte(text[from:], '\n')
		if n < 0 {
			n = len(text) - from
		}
		if n > maxLine {
			l.error("E0106", from, from, "this line has %d bytes; a line of a program has at most %d", n, maxLine).
				WithHint("break the line, or put the data into a file and read it: `read csv(\"data.csv\")`")
			return false
		}
		from += n + 1
	}
	return true
}

func (l *scanner) span(from, to int) source.Span {
	return source.Span{File: l.file, Start: from, End: to}
}

// maxErrors is how many faults of its characters a file is told of; more are
// a sign of a file that is no program.
const maxErrors = 100

func (l *scanner) error(code string, from, to int, format string, args ...any) *source.Diagnostic {
	d := source.Errorf(code, l.span(from, to), format, args...)
	if len(l.out.errs) < maxErrors {
		l.out.errs = append(l.out.errs, d)
	}
	return d
}

func (l *scanner) token(k kind, from, to int) {
	fl := l.flags
	if from == 0 || from <= len(l.src) && l.src[from-1] == '\n' || from == 3 && strings.HasPrefix(l.src, "\uFEFF") {
		fl |= column1
	}
	if to >= len(l.src) || isBlank(l.src[to]) {
		fl |= blankAfter
	}
	text := ""
	if to > from {
		text = l.src[from:to]
	}
	l.out.toks = append(l.out.toks, token{text: text, start: int32(from), kind: k, flags: fl})
	l.flags = 0
	l.at = max(l.at, to)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// blanks passes over blanks and comments.
func (l *scanner) blanks() {
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case c == '\n':
			l.flags |= newlineBefore | blankBefore
			l.at++
		case isBlank(c):
			l.flags |= blankBefore
			l.at++
		case strings.HasPrefix(l.src[l.at:], "//"):
			l.comment()
		default:
			return
		}
	}
}

func (l *scanner) comment() {
	end := strings.IndexByte(l.src[l.at:], '\n')
	if end < 0 {
		end = len(l.src) - l.at
	}
	text := strings.TrimRight(l.src[l.at:l.at+end], " \t\r")
	doc := strings.HasPrefix(text, "///") && !strings.HasPrefix(text, "////")
	l.out.comments = append(l.out.comments, &Comment{Pos: Pos{l.span(l.at, l.at+len(text))}, Text: text, Doc: doc})
	l.flags |= blankBefore
	l.at += end
}

func (l *scanner) next() {
	c := l.src[l.at]
	switch {
	case c == '"':
		l.text()
	case isDigit(c):
		l.number()
	case c == '_' || isLetter(c):
		l.name()
	case c >= utf8.RuneSelf:
		if r, _ := utf8.DecodeRuneInString(l.src[l.at:]); unicode.IsLetter(r) {
			l.name()
		} else {
			l.unknown(r)
		}
	default:
		l.symbol()
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// nameEnd is the end of the letters, digits and `_` that begin at i.
func (l *scanner) nameEnd(i int) int {
	for i < len(l.src) {
		c := l.src[i]
		if c == '_' || isLetter(c) || isDigit(c) {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if c < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		i += n
	}
	return i
}

func (l *scanner) name() {
	end := l.nameEnd(l.at)
	k := kName
	if reserved[l.src[l.at:end]] {
		k = kReserved
	}
	l.token(k, l.at, end)
}

// digits passes over digits, grouped by `_` between two of them.
func (l *scanner) digits(i int) int {
	for i < len(l.src) && (isDigit(l.src[i]) || l.src[i] == '_' && i+1 < len(l.src) && isDigit(l.src[i+1])) {
		i++
	}
	return i
}

func (l *scanner) digitAt(i int) bool { return i < len(l.src) && isDigit(l.src[i]) }

func (l *scanner) number() {
	from, i := l.at, l.digits(l.at)
	if i < len(l.src) && l.src[i] == '.' && l.digitAt(i+1) {
		i = l.digits(i + 1)
	}
	if i < len(l.src) && l.src[i]|0x20 == 'e' {
		j := i + 1
		if j < len(l.src) && (l.src[j] == '+' || l.src[j] == '-') {
			j++
		}
		if l.digitAt(j) {
			i = l.digits(j)
		}
	}
	end := l.nameEnd(i)
	switch rest := l.src[i:end]; rest {
	case "":
		l.token(kNumber, from, i)
	case "s", "min", "h", "d", "ms":
		l.token(kDuration, from, end)
	default:
		l.error("E0105", from, end, "a name cannot begin with a digit, and a number has no letters: `%s`", l.src[from:end]).
			WithHint("for a product write `%s*%s`", l.src[from:i], strings.TrimLeft(rest, "_"))
		l.token(kNumber, from, i)
		l.at = end
	}
}

// text finds the end of a text; what is in it is decoded by texts.go, here
// only to report what is wrong.
func (l *scanner) text() {
	from, i := l.at, l.at+1
	for i < len(l.src) && l.src[i] != '"' && l.src[i] != '\n' {
		if l.src[i] == '\\' && i+1 < len(l.src) && l.src[i+1] != '\n' {
			i++
		}
		i++
	}
	if i >= len(l.src) || l.src[i] == '\n' {
		end := from + len(strings.TrimRight(l.src[from:min(i, len(l.src))], " \t\r"))
		l.error("E0103", from, end, "this text has no closing quote on its line").
			WithHint("close it with `\"`; write `\\n` for a new line inside a text and `\\\"` for a quote")
		l.token(kText, from, end)
		return
	}
	decodeText(l.file, l.src[from+1:i], from+1, func(d *source.Diagnostic) { l.out.errs = append(l.out.errs, d) })
	l.token(kText, from, i+1)
}

var (
	symbols3 = set([]string{"..."})
	symbols2 = set([]string{"..", "<-", "<=", ">=", "==", "=>", "!=", "->", "|>", "??"})
)

const symbols1 = ".<>=-?+*/@^~:;,()[]{}"

func (l *scanner) symbol() {
	rest := l.src[l.at:]
	n := 0
	switch {
	case len(rest) >= 3 && symbols3[rest[:3]]:
		n = 3
	case len(rest) >= 2 && symbols2[rest[:2]]:
		n = 2
	case strings.IndexByte(symbols1, rest[0]) >= 0:
		n = 1
	default:
		l.unknown(rune(rest[0]))
		return
	}
	k := kSym
	if rest[:n] == ";" {
		k = kEnd
	}
	l.token(k, l.at, l.at+n)
}

var characterHints = map[rune]string{
	'%': "for a remainder write `mod(a, b)`, for whole-number division `div(a, b)`", '&': "write `and`", '|': "write `or`; the pipe is `|>`",
	'!': "write `not`; different is `!=`", '\'': "texts stand in double quotes: `\"…\"`", '#': "comments begin with `//`",
	'“': "texts stand in plain double quotes: `\"…\"`", '”': "texts stand in plain double quotes: `\"…\"`",
	'−': "write the minus of the keyboard: `-`", '×': "write `*`", '·': "write `*`", '≤': "write `<=`", '≥': "write `>=`",
	'≠': "write `!=`", '→': "write `->`", '…': "write `...`", '\\': "a backslash stands only in texts",
	'$': "a setting in a text is `{name}`", '\u00a0': "this is a non-breaking blank; write an ordinary one",
}

func (l *scanner) unknown(r rune) {
	n := utf8.RuneLen(r)
	// `&&` and `||` are one mistake, not two.
	if (r == '&' || r == '|') && l.at+1 < len(l.src) && rune(l.src[l.at+1]) == r {
		n = 2
	}
	show := "`" + l.src[l.at:l.at+n] + "`"
	if !unicode.IsPrint(r) {
		show = "the character " + strings.ToUpper(strings.Trim(quoteRune(r), "'"))
	}
	d := l.error("E0102", l.at, l.at+n, "%s has no meaning here", show)
	if h := characterHints[r]; h != "" {
		d.WithHint("%s", h)
	} else {
		d.WithHint("remove it; inside a text any character may stand")
	}
	l.at += n
	l.flags |= blankBefore
}
