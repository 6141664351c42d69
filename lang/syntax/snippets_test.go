package syntax

import (
	"os"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
)

// snippet is one line of testdata/snippets.txt.
type snippet struct{ kind, text, want string }

func snippets(t testing.TB) []snippet {
	t.Helper()
	data, err := os.ReadFile("testdata/snippets.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []snippet
	kind := ""
	for _, line := range strings.Split(string(data), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && !strings.Contains(line, "→"):
			kind = strings.Trim(line, "[]")
		default:
			text, want, ok := strings.Cut(line, "  →  ")
			if !ok {
				t.Fatalf("no arrow in %q", line)
			}
			out = append(out, snippet{kind, strings.ReplaceAll(text, "¶", "\n"), want})
		}
	}
	return out
}

// program wraps a snippet so that it is a whole file.
func (s snippet) program() string {
	switch s.kind {
	case "expressions", "errors":
		return "let snippet = " + s.text + "\n"
	case "statements":
		return "model snippet() -> f32 {\n" + s.text + "\n}\n"
	case "types":
		return "setting snippet: " + s.text + "\n"
	case "clauses":
		return "train snippet of m {\n" + s.text + "\n}\n"
	}
	return s.text + "\n"
}

// tree parses a snippet in the way of its kind and gives its dump.
func (s snippet) tree(t *testing.T) string {
	if s.kind == "expressions" {
		e, errs := ParseExpr(source.NewFile("t.df", []byte(s.text)))
		if errs != nil {
			t.Errorf("%q: %v", s.text, errs)
			return ""
		}
		return Dump(e)
	}
	f, errs := Parse(source.NewFile("t.df", []byte(s.program())))
	if errs != nil {
		t.Errorf("%q: %v", s.text, errs)
		return ""
	}
	switch s.kind {
	case "statements":
		b := f.Decls[0].(*Model).Body.(*Block)
		return dumps(append(all(b.Stmts), Node(b.Result)))
	case "types":
		return Dump(f.Decls[0].(*Setting).Type)
	case "clauses":
		return dumps(all(f.Decls[0].(*Train).Clauses))
	}
	return Dump(f)
}

func dumps(ns []Node) string {
	var out []string
	for _, n := range ns {
		out = append(out, Dump(n))
	}
	return strings.Join(out, " ; ")
}

func TestSnippets(t *testing.T) {
	for _, s := range snippets(t) {
		if s.kind == "errors" {
			_, errs := ParseExpr(source.NewFile("t.df", []byte(s.text)))
			checkError(t, s, errs)
			continue
		}
		if got := s.tree(t); got != "" && got != s.want {
			t.Errorf("%q\n got %s\nwant %s", s.text, got, s.want)
		}
	}
}

func checkError(t *testing.T, s snippet, errs source.List) {
	t.Helper()
	if len(errs) != 1 {
		t.Errorf("%q: %d errors, want one: %v", s.text, len(errs), errs)
		return
	}
	if all := errs.Error(); !strings.Contains(all, s.want) {
		t.Errorf("%q: %q is not in\n%s", s.text, s.want, all)
	}
	if errs[0].Hint == "" {
		t.Errorf("%q: no hint: %v", s.text, errs)
	}
}
