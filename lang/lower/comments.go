package lower

import (
	"strings"
	"unicode"

	"github.com/dfc-lang/dfc/lang/check"
)

// commentedDivisors warns of `n // 2`, which divides in other languages and is
// n with a comment here. A comment is taken for a divisor where it is a number
// or a name of the program, behind a value on the same line.
func (e *el) commentedDivisors(m *check.Module) {
	for _, k := range m.File.Comments {
		text := strings.TrimSpace(strings.TrimLeft(k.Text, "/"))
		if k.Doc || !isDivisor(m, text) {
			continue
		}
		before := string(m.File.Source.Text[:k.At.Start])
		before = strings.TrimRight(before[strings.LastIndexByte(before, '\n')+1:], " \t")
		if before == "" || strings.Contains(before, "//") {
			continue
		}
		last := rune(before[len(before)-1])
		if !strings.ContainsRune(")]_", last) && !unicode.IsLetter(last) && !unicode.IsDigit(last) {
			continue
		}
		e.warnf("E0356", k.At, "`//` begins a comment, so that nothing is divided by %s here", text).
			hint("whole-number division is `div(a, b)`; a comment with a word more is never taken for one")
	}
}

func isDivisor(m *check.Module, text string) bool {
	if n, ok := parseNum(text); ok && n != nil {
		return true
	}
	return m.Decls[text] != nil
}
