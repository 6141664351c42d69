package docs

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/lower"
	"github.com/dfc-lang/dfc/lang/source"
)

var bless = flag.Bool("bless", false, "write the generated pages")

// TestFresh compares the generated pages with what the tables make.
func TestFresh(t *testing.T) {
	for name, want := range Files() {
		if *bless {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("docs/%s is stale; `go test ./docs -bless` writes it again", name)
		}
	}
}

// later are names that the compiler keeps for later versions.
var later = map[string]bool{"lower": true, "matches": true, "length": true}

// TestExamples: every function has an example; those that are tests pass, the
// others compile.
func TestExamples(t *testing.T) {
	known := map[string]bool{}
	for _, p := range dfc.Topics() {
		if p.Kind == "functions" {
			known[p.Name] = true
			if !strings.Contains(p.Text, "\nExample:\n") {
				t.Errorf("%s has no example in stdlib/examples", p.Name)
			}
		}
	}
	for _, f := range lower.Intrinsics() {
		if known[f.Name] == later[f.Name] {
			t.Errorf("%s: it has an example, or stands in the list of what comes later", f.Name)
		}
	}
	results, err := dfc.RunTests("../stdlib/examples/functions.df", dfc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !known[r.Title] || r.Err != nil {
			t.Errorf("%s: no function has this name, or its example fails: %v", r.Title, r.Err)
		}
	}
	if l := dfc.Check("../stdlib/examples/programs.df", dfc.Options{}); l.HasErrors() {
		t.Errorf("programs.df:\n%v", l)
	}
}

var block = regexp.MustCompile("(?ms)^```df( E\\d{4})?\n(.*?)^```$")

// TestReference compiles the examples of the reference and of the README;
// those marked with a code must fail with it.
func TestReference(t *testing.T) {
	for name, least := range map[string]int{"language.md": 10, "../README.md": 1} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all := block.FindAllStringSubmatchIndex(string(text), -1)
		if len(all) < least {
			t.Fatalf("only %d examples found in %s", len(all), name)
		}
		for _, m := range all {
			code := ""
			if m[2] >= 0 {
				code = strings.TrimSpace(string(text[m[2]:m[3]]))
			}
			line := 1 + strings.Count(string(text[:m[0]]), "\n")
			compileExample(t, fmt.Sprintf("%s:%d", name, line), text[m[4]:m[5]], code)
		}
	}
}

// compileExample checks an example that must compile, or fail with code.
func compileExample(t *testing.T, where string, text []byte, code string) {
	found := false
	for _, d := range dfc.CheckText(where, text, dfc.Options{}) {
		found = found || d.Code == code
		if d.Severity == source.Error && d.Code != code {
			t.Errorf("example at %s:\n%v", where, d)
		}
	}
	if code != "" && !found {
		t.Errorf("example at %s does not fail with %s", where, code)
	}
}
