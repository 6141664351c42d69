package syntax

import (
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

func TestDocs(t *testing.T) {
	f, errs := parse(`/// The module.
/// Second line.

// not a doc
/// Doubles.
///   Really.
fn f(
  /// what is doubled
  x: f32,
  y: f32,
) -> f32 = 2*x

/// apart

let a = 1
/// rows
table T from csv("a.csv") {
  /// the time
  time: time, b: f32,
}
model m() -> f32 {
  /// slope
  param w: f32
  w
}
`)
	if errs != nil {
		t.Fatal(errs)
	}
	fn, table, m := f.Decls[0].(*Fn), f.Decls[2].(*Table), f.Decls[3].(*Model)
	got := []string{f.Doc, fn.Doc, fn.Args[0].Doc, fn.Args[1].Doc, f.Decls[1].(*Let).Doc, table.Doc,
		table.Fields.Items[0].(*Field).Doc, table.Fields.Items[1].(*Field).Doc, m.Body.(*Block).Stmts[0].(*Param).Doc}
	want := []string{"The module.\nSecond line.", "Doubles.\n  Really.", "what is doubled", "", "", "rows", "the time", "", "slope"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q", got)
	}
}

func TestSpans(t *testing.T) {
	const text = "let y = (a + b) * f(c)[0] |> g"
	e, _ := parse(text)
	var got []string
	Walk(e, func(n Node) bool {
		if _, ok := n.(Expr); ok {
			got = append(got, n.Span().Text())
		}
		return true
	})
	want := "y|(a + b) * f(c)[0] |> g|(a + b) * f(c)[0]|a + b|a|b|f(c)[0]|f(c)|f|c|0|g"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// A column may be called like any word of the language.
func TestWordsAsNames(t *testing.T) {
	words := append(Keywords(), DeclarationWords()...)
	for _, w := range append(words, ClauseWords()...) {
		text := "let a = r." + w + " + f(" + w + ": 1)\ntable T from csv(\"a\") { " + w + ": " + "f32 }\nlet r = { " + w + ": 1 }\n"
		if _, errs := parse(text); errs != nil {
			t.Errorf("%s: %v", w, errs)
		}
		if !reserved[w] {
			if _, errs := parse("let a = " + w + " + f(" + w + ")\nfn f(x: f32) -> f32 {\n  let " + w + " = x\n  " + w + "\n}\n"); errs != nil {
				t.Errorf("%s: %v", w, errs)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	e, errs := ParseExpr(source.NewFile("t.df", []byte(`"a\n\t\\\"\u{1F600}{{}}é"`)))
	if errs != nil {
		t.Fatal(errs)
	}
	if s, plain := e.(*Text).Plain(); !plain || s != "a\n\t\\\"😀{}é" {
		t.Errorf("%q", s)
	}
}

func TestNotUTF8(t *testing.T) {
	_, errs := parse("let a = 1\nlet b = \"\xff\"\n")
	if len(errs) != 1 || errs[0].Code != "E0101" || errs[0].Span.Start != 19 {
		t.Errorf("%v", errs)
	}
	if f, errs := parse("\uFEFFprecision f64\r\nlet a = 1\r\n"); errs != nil || len(f.Decls) != 1 || f.Precision == nil {
		t.Errorf("%v", errs)
	}
}

func TestGrammar(t *testing.T) {
	if g := Grammar(); !strings.Contains(g, `"setting" Name ":" Type`) {
		t.Errorf("%s", g)
	}
}
