package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestLimits gives the compiler texts that no person writes: each ends within
// a second in one message that says which limit was met.
func TestLimits(t *testing.T) {
	deep := strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000)
	for _, c := range []struct{ name, text, code, says string }{
		{"100,000 nested parentheses", "let a = " + deep + "\nprint a\n", "E0150", "500"},
		{"100,000 open parentheses", "let a = " + deep[:100_000] + "\n", "E0150", "500"},
		{"100,000 nested lists", "let a = " + strings.Repeat("[", 100_000) + "\n", "E0150", "500"},
		{"100,000 nested blocks", "let a = " + strings.Repeat("{ let b = ", 100_000) + "\n", "E0150", "500"},
		{"100,000 nested types", "fn f(x: " + strings.Repeat("(", 100_000) + "f32) -> f32 = 1\n", "E0150", "500"},
		{"100,000 signs", "let a = " + strings.Repeat("-", 100_000) + "1\n", "E0150", "500"},
		{"a line of 10 MB", "let a = \"" + strings.Repeat("x", 10_000_000) + "\"\nprint a\n", "E0106", "1048576"},
		{"a comment of 10 MB", "//" + strings.Repeat("x", 10_000_000) + "\n", "E0106", "1048576"},
		{"a sum of 20,000 terms", "let a = 1" + strings.Repeat(" + 1", 20_000) + "\nprint a\n", "E0151", "10000"},
		{"a file that is no text", "print 1\nlet a = \"caf\xe9\"\n", "E0101", "UTF-8"},
		{"a file of zeros", strings.Repeat("\x00", 1_000_000), "E0101", "no text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := time.Now()
			l := dfc.CheckText("limits.df", []byte(c.text), dfc.Options{})
			if took := time.Since(from); took > time.Second {
				t.Errorf("took %v", took)
			}
			one(t, l, c.code, c.says)
		})
	}
}

// TestTooManyVersions makes a function of more types than a program needs.
func TestTooManyVersions(t *testing.T) {
	var b strings.Builder
	b.WriteString("fn f(x: f32[n], y: f32[m]) -> f32 = sum(x) + sum(y)\n")
	for i := range 101 {
		fmt.Fprintf(&b, "let a%d = [", i)
		for j := range 100 {
			fmt.Fprintf(&b, "f(zeros(%d), zeros(%d)), ", i+1, j+1)
		}
		b.WriteString("0.0]\n")
	}
	one(t, dfc.CheckText("limits.df", []byte(b.String()), dfc.Options{}), "E0218", "10000")
}

// one wants a single message of a code, short enough to be read.
func one(t *testing.T, l source.List, code, says string) {
	t.Helper()
	if len(l) != 1 || l[0].Code != code || !strings.Contains(l[0].Message+l[0].Hint, says) {
		s := l.Error()
		t.Fatalf("got %d messages, not one %s with %q:\n%s", len(l), code, says, s[:min(len(s), 2000)])
	}
	if s := l.Error(); len(s) > 2000 {
		t.Errorf("the message has %d bytes: %s", len(s), s[:200])
	}
}
