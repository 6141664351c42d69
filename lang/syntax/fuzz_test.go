package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

func seeds(f testing.TB) []string {
	var out []string
	for _, s := range snippets(f) {
		out = append(out, s.program())
	}
	files, _ := filepath.Glob("testdata/format/*.in")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, string(text))
	}
	for _, c := range source.Codes() {
		out = append(out, c.Wrong, c.Right)
	}
	return out
}

// checkParse holds what is true of every input: no fault of ours, and every
// span inside the file.
func checkParse(t *testing.T, text string) (*File, source.List) {
	file := source.NewFile("t.df", []byte(text))
	tree, errs := Parse(file)
	for _, d := range errs {
		if d.Class == source.Bug {
			t.Fatalf("%q: %v", text, d)
		}
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) || d.Hint == "" {
			t.Fatalf("%q: span %d..%d, hint %q: %v", text, d.Span.Start, d.Span.End, d.Hint, d)
		}
	}
	Walk(tree, func(n Node) bool {
		s := n.Span()
		if s.File != file || s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("%q: %T has span %d..%d", text, n, s.Start, s.End)
		}
		return true
	})
	Dump(tree)
	return tree, errs
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkParse(t, text)
		if e, errs := ParseExpr(source.NewFile("t.df", []byte(text))); (e == nil) != (len(errs) > 0) {
			t.Fatalf("%q: %v", text, errs)
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, errs := checkParse(t, text); len(errs) == 0 {
			checkFormat(t, text)
		}
	})
}

// TestMutations cuts and doubles pieces of the seeds: broken programs that are
// close to good ones.
func TestMutations(t *testing.T) {
	words := []string{"(", ")", "{", "}", "[", "\n", ";", "let ", " = ", "=>", " if ", "-", "...", "?", "\"", "// c\n", "|> ", ","}
	for i, s := range seeds(t) {
		for k := 0; k < 12 && len(s) > 0; k++ {
			at := (i*7919 + k*104729) % len(s)
			w := words[(i+k)%len(words)]
			for _, text := range []string{s[:at], s[:at] + w + s[at:], s[at:] + w, s[:at] + strings.TrimLeft(s[at:], "(){}[]=,:\n")} {
				if _, errs := checkParse(t, text); len(errs) == 0 {
					checkFormat(t, text)
				}
			}
		}
	}
}

func benchText(b *testing.B) []byte {
	text, err := os.ReadFile("testdata/format/housing.in")
	if err != nil {
		b.Fatal(err)
	}
	return []byte(strings.Repeat(string(text), 200))
}

func BenchmarkLex(b *testing.B) {
	text := benchText(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		endLines(lex(source.NewFile("t.df", text)).toks)
	}
}

func BenchmarkParse(b *testing.B) {
	text := benchText(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, errs := Parse(source.NewFile("t.df", text)); errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	text := benchText(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, errs := Format(source.NewFile("t.df", text)); errs != nil {
			b.Fatal(errs)
		}
	}
}
