package syntax

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/lang/source"
)

// TestLayouts formats good programs in which newlines, comments, semicolons
// and long names are put at random places, as far as they still parse.
func TestLayouts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	names := regexp.MustCompile(`\b[a-z]\b`)
	tried, good := 0, 0
	for _, seed := range seeds(t) {
		if _, errs := parse(seed); len(errs) > 0 {
			continue
		}
		for range 30 {
			text := mutate(rng, seed)
			if rng.IntN(3) == 0 {
				long := strings.Repeat("long_", 1+rng.IntN(9)) + "name"
				text = names.ReplaceAllStringFunc(text, func(s string) string { return long + s })
			}
			tried++
			if _, errs := checkParse(t, text); len(errs) > 0 {
				continue
			}
			good++
			out := checkFormat(t, text)
			// A program that is laid out reads the same without its comments' columns.
			if strings.Contains(out, "\t") || strings.Contains(out, " \n") || strings.Contains(out, "\n\n\n") {
				t.Errorf("%q: blanks\n%s", text, out)
			}
		}
		if t.Failed() {
			return
		}
	}
	if good < tried/4 {
		t.Errorf("only %d of %d parse", good, tried)
	}
}

// mutate changes some of the blanks of a program.
func mutate(rng *rand.Rand, text string) string {
	fill := []string{"\n", " // c\n", "\n\n\n", " ", "   ", "\n  // d\n\n/// e\n", " ; ", "", ";\n", "\r\n"}
	var b strings.Builder
	quoted := false
	rate := 2 + rng.IntN(20)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			quoted = !quoted
		}
		if !quoted && (c == ' ' || strings.IndexByte("(),[]{}+-|", c) >= 0) && rng.IntN(rate) == 0 {
			if c != ' ' {
				b.WriteByte(c)
			}
			b.WriteString(fill[rng.IntN(len(fill))])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// A large program, and a line as long as lines may be, stay linear.
func TestLarge(t *testing.T) {
	for name, text := range map[string]string{
		"numbers":   "let a = [" + strings.Repeat("1, ", 150_000) + "]\n",
		"one line":  "let a = f(" + strings.Repeat("g(h(1)), ", 50_000) + ")\n",
		"lines":     strings.Repeat("let a = f(b, c) + 1\n", 20_000),
		"semicolon": strings.Repeat("let a = 1; ", 30_000) + "\n",
		"comments":  strings.Repeat("// c\n/// d\n", 30_000) + "let a = 1\n",
		"docs":      strings.Repeat("/// c\nlet a = 1\n", 15_000),
		"errors":    strings.Repeat("let a = )\n", 10_000),
		"open":      strings.Repeat("fn f() -> f32 {\n", 5_000),
		"tables":    strings.Repeat("table T from csv(\"a\") {\n", 5_000),
		"broken":    "fn f() -> f32 {\n" + strings.Repeat("  let a = )\n", 10_000) + "}\n",
		"bad":       strings.Repeat("let a = $ ?\n", 10_000),
	} {
		start := time.Now()
		if _, errs := checkParse(t, text); len(errs) == 0 {
			Format(source.NewFile("t.df", []byte(text)))
		}
		if d := time.Since(start); d > 4*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}
