package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file decodes what stands between the quotes of a text.

func quoteRune(r rune) string { return fmt.Sprintf("U+%04X", r) }

// textDecoder collects the parts of one text.
type textDecoder struct {
	file   *source.File
	raw    string
	base   int // offset of raw in the file
	i      int
	buf    strings.Builder
	parts  []TextPart
	report func(*source.Diagnostic)
}

// decodeText splits the inside of a text into pieces and settings. Each error
// goes to report; the parts are then incomplete.
func decodeText(f *source.File, raw string, base int, report func(*source.Diagnostic)) []TextPart {
	if strings.IndexAny(raw, "\\{}") < 0 {
		return []TextPart{{Text: raw}}
	}
	d := &textDecoder{file: f, raw: raw, base: base, report: report}
	for d.i < len(raw) {
		switch c := raw[d.i]; {
		case c == '\\':
			d.escape()
		case c == '{' || c == '}':
			d.brace(c)
		default:
			d.buf.WriteByte(c)
			d.i++
		}
	}
	d.flush()
	if len(d.parts) == 0 {
		d.parts = []TextPart{{}}
	}
	return d.parts
}

func (d *textDecoder) flush() {
	if d.buf.Len() > 0 {
		d.parts = append(d.parts, TextPart{Text: d.buf.String()})
		d.buf.Reset()
	}
}

func (d *textDecoder) span(from, to int) source.Span {
	return source.Span{File: d.file, Start: d.base + from, End: d.base + to}
}

func (d *textDecoder) error(from, to int, hint, format string, args ...any) {
	d.report(source.Errorf("E0104", d.span(from, to), format, args...).WithHint("%s", hint))
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\'}

func (d *textDecoder) escape() {
	from := d.i
	d.i++
	if d.i >= len(d.raw) {
		return
	}
	if c, ok := escapes[d.raw[d.i]]; ok {
		d.buf.WriteByte(c)
		d.i++
		return
	}
	if d.raw[d.i] == 'u' && strings.HasPrefix(d.raw[d.i+1:], "{") {
		if end := strings.IndexByte(d.raw[d.i:], '}'); end > 0 {
			n, err := strconv.ParseUint(d.raw[d.i+2:d.i+end], 16, 32)
			d.i += end + 1
			if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
				d.error(from, d.i, "write the number of the character in hexadecimal: `\\u{1F600}`", "`%s` is no character", d.raw[from:d.i])
				return
			}
			d.buf.WriteRune(rune(n))
			return
		}
	}
	_, n := utf8.DecodeRuneInString(d.raw[d.i:])
	d.i += n
	d.error(from, d.i, "the escapes are `\\n \\t \\r \\\" \\\\ \\u{…}`; a backslash itself is `\\\\`", "`%s` is no escape", d.raw[from:d.i])
}

// brace reads `{{`, `}}` or `{name}`.
func (d *textDecoder) brace(c byte) {
	from := d.i
	if d.i+1 < len(d.raw) && d.raw[d.i+1] == c {
		d.buf.WriteByte(c)
		d.i += 2
		return
	}
	d.i++
	const hint = "a brace itself is written twice: `{{` or `}}`"
	if c == '}' {
		d.error(from, d.i, hint, "a `}` in a text closes nothing")
		return
	}
	end := strings.IndexByte(d.raw[d.i:], '}')
	if end < 0 {
		d.error(from, d.i, hint, "this `{` in a text is not closed")
		return
	}
	inner := d.raw[d.i : d.i+end]
	name := strings.Trim(inner, " \t")
	start := d.i + strings.Index(inner, name)
	d.i += end + 1
	l := scanner{src: name}
	if name == "" || name == "_" || isDigit(name[0]) || l.nameEnd(0) != len(name) || reserved[name] {
		d.error(from, d.i, hint+"; put the expression into a `let` or a `setting` first", "in the braces of a text stands the name of a setting, not `%s`", inner)
		return
	}
	d.flush()
	d.parts = append(d.parts, TextPart{Setting: &Name{Pos{d.span(start, start+len(name))}, name}})
}
