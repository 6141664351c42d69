package syntax

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/lang/source"
)

// This file is the printer behind `dfc fmt`. It lays out the tokens of a
// program that parses, with what the parser found out about them, so the tree
// cannot change and no comment can be lost. Lines break where the author broke
// them, and where they would be too long; spaces.go has the blanks inside.

const (
	maxWidth   = 100
	tabWidth   = 2
	alignWidth = 80 // comments of longer lines are not aligned with others
)

// Format gives the canonical layout of a program. It is nil if the program
// has errors; formatting its result changes nothing.
func Format(f *source.File) ([]byte, source.List) {
	p := newParser(f)
	tree := p.guarded(func(out *File) { p.declarationsOf(out) })
	if p.errs.HasErrors() {
		return nil, p.diagnostics()
	}
	out := newFormatter(p).run()
	again, errs := Parse(source.NewFile(f.Path, out))
	if len(errs) > 0 || Dump(again) != Dump(tree) || len(again.Comments) != len(tree.Comments) {
		return nil, source.List{source.Bugf(tree.At, "formatting would have changed what the program means; it was left alone")}
	}
	return out, p.diagnostics()
}

// frame is an open bracket, or the file itself at the bottom.
type frame struct {
	role  role
	body  bool // statements or clauses; else parts with commas
	tall  bool // its parts begin on a line of their own
	items int  // the column where its parts begin
	first int  // the token with which the part at hand begins
	close int  // the column of its partner at the start of a line
}

// outLine is a finished line; without code, the comment stands alone.
type outLine struct {
	blank   bool // an empty line before it
	indent  int
	code    string
	comment string
}

type formatter struct {
	p        *parser
	shown    []int // the tokens that have text
	comments []*Comment
	stack    []frame
	pads     map[int]int // for the word of a clause, the width of its column
	lines    []outLine
	last     int  // the end of the last token or comment
	opened   bool // the last token opened a bracket
}

func newFormatter(p *parser) *formatter {
	f := &formatter{p: p, comments: p.comments, stack: []frame{{body: true}}, pads: map[int]int{}}
	for i := range p.toks {
		if p.toks[i].text != "" {
			f.shown = append(f.shown, i)
		}
	}
	f.opened = true
	f.pad()
	return f
}

func (f *formatter) run() []byte {
	for k := 0; k < len(f.shown); {
		f.commentsBefore(int(f.tok(k).start), k)
		k = f.line(k)
	}
	f.commentsBefore(len(f.p.src)+1, len(f.shown))
	return f.print()
}

func (f *formatter) tok(k int) *token { return &f.p.toks[f.shown[k]] }
func (f *formatter) role(k int) role  { return f.p.roles[f.shown[k]] }

// breaks reports whether the author began a line with token k.
func (f *formatter) breaks(k int) bool {
	return k >= len(f.shown) || f.tok(k).has(newlineBefore)
}

// dropsSemicolon reports whether the `;` at k, last on its line, is not needed:
// it stands between statements, and the newline ends the one before by itself.
func (f *formatter) dropsSemicolon(k int) bool {
	if !f.top().body {
		return false
	}
	// Only a minus with one operand could go on with the line before.
	return k+2 >= len(f.shown) || f.role(k+1) != rolePrefix || !f.tok(k+2).has(newlineBefore)
}

func (f *formatter) top() *frame { return &f.stack[len(f.stack)-1] }

// indentAt is the column of token k at the start of a line.
func (f *formatter) indentAt(k int) int {
	t := f.top()
	switch {
	case k >= len(f.shown):
		return 0
	case f.closes(k):
		return t.close
	case f.beginsItem(k), t.body && f.tok(k).is("else") && f.tok(t.first).is("if"):
		return t.items
	}
	return t.items + tabWidth
}

func (f *formatter) closes(k int) bool {
	t := f.tok(k)
	return t.kind == kSym && (t.text == ")" || t.text == "]" || t.text == "}")
}

func (f *formatter) opens(k int) bool {
	t := f.tok(k)
	return t.kind == kSym && (t.text == "(" || t.text == "[" || t.text == "{")
}

func (f *formatter) beginsItem(k int) bool {
	if k == 0 || f.opens(k-1) {
		return true
	}
	if f.top().body {
		return f.p.toks[f.shown[k]-1].kind == kEnd
	}
	return f.tok(k-1).is(",") || f.tok(k-1).is(";") || f.tok(k).is("for")
}

// gap says how the text between the last thing printed and an offset breaks.
func (f *formatter) gap(to int) (newline, blank bool) {
	n := strings.Count(f.p.src[min(f.last, to):to], "\n")
	return n > 0, n > 1
}

// commentsBefore prints the comments before an offset, where token k begins.
func (f *formatter) commentsBefore(offset, k int) {
	for len(f.comments) > 0 && f.comments[0].At.Start < offset {
		c := f.comments[0]
		f.comments = f.comments[1:]
		newline, blank := f.gap(c.At.Start)
		if !newline && len(f.lines) > 0 && f.last > 0 {
			f.lines[len(f.lines)-1].comment = c.Text
		} else {
			indent := f.indentAt(k)
			if k < len(f.shown) && f.closes(k) {
				indent = f.top().items
			}
			f.lines = append(f.lines, outLine{blank: blank && !f.opened, indent: indent, comment: c.Text})
			f.opened = false
		}
		f.last = c.At.End
	}
}

// line prints tokens from k on as one line and returns the first of the next.
func (f *formatter) line(k int) int {
	_, blank := f.gap(int(f.tok(k).start))
	blank = blank && !f.opened && !f.closes(k)
	indent := f.indentAt(k)
	before := slices.Clone(f.stack)
	code, end, broken := f.render(k, -1, indent)
	if broken {
		f.stack = before
		code, end, _ = f.render(k, end, indent)
	}
	last := f.tok(end - 1)
	f.last, f.opened = last.end(), f.opens(end-1)
	f.lines = append(f.lines, outLine{blank: blank, indent: indent, code: code})
	return end
}

// render lays out tokens from k to the author's next newline, or to stop if
// that is not negative. A line that grows too long is broken: the place is
// returned instead.
func (f *formatter) render(k, stop, indent int) (code string, end int, broken bool) {
	var b strings.Builder
	var c candidates
	col := indent
	write := func(s string) { b.WriteString(s); col += utf8.RuneCountInString(s) }
	for j := k; ; j++ {
		last := stop == j+1 || f.breaks(j+1) || f.closesTall(j+1)
		if f.closes(j) && len(f.stack) > 1 {
			f.stack = f.stack[:len(f.stack)-1]
		}
		if f.beginsItem(j) {
			f.top().first = j
		}
		at := col
		if t := f.tok(j); !(t.is(";") && last && f.dropsSemicolon(j)) {
			write(t.text)
		}
		if stop < 0 && col > maxWidth && c.at > 0 {
			return "", c.at, true
		}
		if f.opens(j) {
			f.push(j, at, indent, last)
		}
		if last {
			return b.String(), j + 1, false
		}
		if stop < 0 {
			c.add(f, j+1, col)
			if col > maxWidth && c.at > 0 {
				return "", c.at, true
			}
		}
		write(f.between(j, j == k))
	}
}

// closesTall reports whether token k closes the fields of a table that begin on
// a line of their own: so does the brace behind them.
func (f *formatter) closesTall(k int) bool {
	return f.top().role == roleFields && f.top().tall && f.closes(k)
}

// push opens the bracket at j, printed in column at of a line.
func (f *formatter) push(j, at, indent int, last bool) {
	r := f.role(j)
	if r == roleDecl || r == roleFields {
		indent = f.top().items // of the declaration, where its head goes over several lines
	}
	fr := frame{role: r, body: r == roleBody || r == roleDecl, tall: last, items: indent + tabWidth, close: indent}
	if !last {
		fr.close = at
		fr.items = at + 1 + len(f.between(j, false))
	}
	f.stack = append(f.stack, fr)
}

// between is the blank between token j and the next on the same line.
func (f *formatter) between(j int, first bool) string {
	n := 0
	if f.space(j, first) {
		n = 1
	}
	if width := f.pads[f.shown[j]]; width > 0 && first {
		n += width - utf8.RuneCountInString(f.tok(j).text)
	}
	return strings.Repeat(" ", n)
}

// candidates remembers where a long line breaks best: in the outermost
// brackets, and among equals as late as it fits.
type candidates struct{ at, cost int }

// add considers a break before token k, with the line so far ending in col.
func (c *candidates) add(f *formatter, k, col int) {
	cost := f.breakCost(k)
	switch {
	case cost < 0:
		return
	case f.role(k-1) == roleFields, f.beginsValue(k) && f.fits(k):
		cost = 0
	default:
		cost += 2 * len(f.stack)
	}
	if c.at == 0 || col <= maxWidth && cost <= c.cost {
		c.at, c.cost = k, cost
	}
}

// beginsValue reports whether token k follows the `=` of a statement, not that of
// a name within a pipe.
func (f *formatter) beginsValue(k int) bool {
	return f.tok(k-1).is("=") && f.top().body && !(k > 2 && f.tok(k-3).is("|>"))
}

// fits reports whether the tokens from k to the author's next newline fit on a
// line of their own, further in than the statement.
func (f *formatter) fits(k int) bool {
	col := f.top().items + tabWidth
	for ; col <= maxWidth; k++ {
		if col += utf8.RuneCountInString(f.tok(k).text); f.breaks(k + 1) {
			break
		}
		col += len(f.between(k, false))
	}
	return col <= maxWidth
}

// breakCost weighs a break before token k; each bracket around it costs 2.
// Negative: none.
func (f *formatter) breakCost(k int) int {
	t, p := f.tok(k), f.tok(k-1)
	switch {
	case p.is(",") && f.top().role == roleDims:
		return 6
	case t.is("|>"), p.is(","), p.is(";"), f.role(k-1) == roleFields && !f.closes(k):
		return 0
	case p.is("="), p.is("=>"):
		return 3
	case t.is("then"), t.is("else"), t.is("and"), t.is("or"), t.is("for") && !f.top().body:
		return f.wordCost(k)
	case (t.is("+") || t.is("-")) && f.role(k) != rolePrefix:
		return 1
	}
	return -1
}

// wordCost keeps words that are names here together with their dot or colon.
func (f *formatter) wordCost(k int) int {
	if f.tok(k-1).is(".") || k+1 < len(f.shown) && f.tok(k+1).is(":") {
		return -1
	}
	return 1
}

// pad finds the width of the first words of each `train` whose clauses stand
// on lines of their own.
func (f *formatter) pad() {
	var open [][]int // the clause words of the braces that are open
	for k := range f.shown {
		switch i := f.shown[k]; {
		case f.tok(k).is("{") && f.tok(k).kind == kSym:
			open = append(open, nil)
		case f.tok(k).is("}") && len(open) > 0:
			f.padWords(open[len(open)-1])
			open = open[:len(open)-1]
		case f.role(k) == roleClause && len(open) > 0:
			if f.tok(k).has(newlineBefore) {
				open[len(open)-1] = append(open[len(open)-1], i)
			}
		}
	}
}

func (f *formatter) padWords(words []int) {
	width := 0
	for _, i := range words {
		width = max(width, utf8.RuneCountInString(f.p.toks[i].text))
	}
	for _, i := range words {
		f.pads[i] = width
	}
}

// print puts the lines together, with comments behind code aligned.
func (f *formatter) print() []byte {
	var out bytes.Buffer
	for i := 0; i < len(f.lines); {
		n, width := f.commentRun(i)
		for ; n > 0; n-- {
			l := f.lines[i]
			if l.blank && out.Len() > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(strings.Repeat(" ", l.indent))
			out.WriteString(l.code)
			if l.comment != "" && l.code != "" {
				out.WriteString(strings.Repeat(" ", max(0, width-l.width())+2))
			}
			out.WriteString(l.comment)
			out.WriteByte('\n')
			i++
		}
	}
	return out.Bytes()
}

func (l *outLine) width() int { return l.indent + utf8.RuneCountInString(l.code) }

// commentRun counts the lines from i on whose comments stand in one column,
// and gives the width of the code before it.
func (f *formatter) commentRun(i int) (n, width int) {
	for k := i; k < len(f.lines); k++ {
		l := &f.lines[k]
		if l.comment == "" || l.code == "" || l.width() > alignWidth || k > i && l.blank {
			break
		}
		n, width = n+1, max(width, l.width())
	}
	return max(n, 1), width
}
