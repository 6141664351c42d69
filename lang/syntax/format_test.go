package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

// checkFormat formats a program twice: the tree and the comments stay, and the
// second time changes nothing.
func checkFormat(t *testing.T, text string) string {
	t.Helper()
	before, errs := parse(text)
	if errs != nil {
		t.Fatalf("%q: %v", text, errs)
	}
	out, errs := Format(source.NewFile("t.df", []byte(text)))
	if errs != nil {
		raw := newFormatter(parsed(text)).run()
		t.Fatalf("%q: %v\n%s", text, errs, raw)
	}
	after, _ := parse(string(out))
	if a, b := comments(before), comments(after); a != b {
		t.Errorf("%q: comments\n%s\nbecame\n%s", text, a, b)
	}
	again, errs := Format(source.NewFile("t.df", out))
	if errs != nil || string(again) != string(out) {
		t.Errorf("%q: not the same twice: %v\n%s\nthen\n%s", text, errs, out, again)
	}
	return string(out)
}

func parsed(text string) *parser {
	p := newParser(source.NewFile("t.df", []byte(text)))
	p.guarded(func(out *File) { p.declarationsOf(out) })
	return p
}

func comments(f *File) string {
	var out []string
	for _, c := range f.Comments {
		out = append(out, c.Text)
	}
	return strings.Join(out, "\n")
}

func TestFormatSnippets(t *testing.T) {
	for _, s := range snippets(t) {
		if s.kind == "errors" {
			continue
		}
		text := s.program()
		checkFormat(t, text)
		checkFormat(t, strings.ReplaceAll(strings.ReplaceAll(text, " (", "    ("), "\n", " // c\n\n\n// d\n"))
	}
}

// Files testdata/format/NAME.df hold what testdata/format/NAME.in becomes.
func TestFormatFiles(t *testing.T) {
	ins, _ := filepath.Glob("testdata/format/*.in")
	for _, in := range ins {
		text, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		got := checkFormat(t, string(text))
		golden := strings.TrimSuffix(in, ".in") + ".df"
		if os.Getenv("UPDATE") != "" {
			os.WriteFile(golden, []byte(got), 0o644)
		}
		want, _ := os.ReadFile(golden)
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", in, got, want)
		}
	}
}
