package docs

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
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

var block = regexp.MustCompile("(?ms)^```df( E\\d{4})?\n(.*?)^```$")

// TestReference compiles the examples of the reference; those marked with a
// code must fail with it.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("language.md")
	if err != nil {
		t.Fatal(err)
	}
	all := block.FindAllStringSubmatchIndex(string(text), -1)
	if len(all) < 10 {
		t.Fatalf("only %d examples found", len(all))
	}
	for _, m := range all {
		code := ""
		if m[2] >= 0 {
			code = strings.TrimSpace(string(text[m[2]:m[3]]))
		}
		line := 1 + strings.Count(string(text[:m[0]]), "\n")
		l := dfc.CheckText("language.md", text[m[4]:m[5]], dfc.Options{})
		found := false
		for _, d := range l {
			found = found || d.Code == code
			if d.Severity == source.Error && d.Code != code {
				t.Errorf("example at line %d:\n%v", line, d)
			}
		}
		if code != "" && !found {
			t.Errorf("example at line %d does not fail with %s", line, code)
		}
	}
}
