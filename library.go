package dfc

import (
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/lang/lower"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
	"github.com/dfc-lang/dfc/stdlib"
)

// functionTopics are the functions that the compiler knows and the functions,
// models and optimisers of the standard library with what their `///` lines
// say, each with its example. Those of modules that must be imported carry the
// name of the module.
func functionTopics() []Topic {
	shown := examples()
	out := intrinsicTopics(shown)
	names, err := fs.Glob(stdlib.FS, "*.df")
	if err != nil {
		return out // the pattern is a constant
	}
	for _, name := range names {
		text, err := stdlib.FS.ReadFile(name)
		if err != nil {
			continue
		}
		module := strings.TrimSuffix(name, ".df")
		file, _ := syntax.Parse(source.NewFile(name, text))
		for _, d := range file.Decls {
			if t, ok := declTopic(d); ok {
				if !slices.Contains(stdlib.Open, module) {
					t.Name = module + "." + t.Name
					t.Text += "\n\nIt needs `import " + module + "`."
				}
				out = append(out, withExample(t, shown))
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// intrinsicTopics are the functions that the compiler knows. One without an
// example is a name that is kept for a later version.
func intrinsicTopics(shown map[string]string) []Topic {
	var out []Topic
	for _, f := range lower.Intrinsics() {
		if shown[f.Name] != "" {
			out = append(out, withExample(Topic{Kind: "functions", Name: f.Name, Title: f.Doc, Text: indent(f.Sig)}, shown))
		}
	}
	return out
}

func withExample(t Topic, shown map[string]string) Topic {
	if e := shown[t.Name]; e != "" {
		t.Text += "\n\nExample:\n\n" + indent(e)
	}
	return t
}

// examples are those of the standard library by the function that they show:
// bodies of tests, and what stands behind `// example NAME` lines.
func examples() map[string]string {
	out := map[string]string{}
	if text, err := stdlib.Examples.ReadFile("examples/functions.df"); err == nil {
		file, _ := syntax.Parse(source.NewFile("functions.df", text))
		for _, d := range file.Decls {
			if t, ok := d.(*syntax.Test); ok {
				name, body, _ := strings.Cut(t.Span().Text(), "{")
				name = strings.Trim(strings.TrimPrefix(name, "test"), " \"")
				out[name] = dedent(strings.TrimRight(body, "} \n"))
			}
		}
	}
	if text, err := stdlib.Examples.ReadFile("examples/programs.df"); err == nil {
		for _, part := range strings.Split(string(text), "// example ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			body, _, _ = strings.Cut(body, "\n\n")
			if !strings.Contains(name, " ") {
				out[name] = dedent(body)
			}
		}
	}
	return out
}

// dedent takes the blanks before the first line away from every line.
func dedent(s string) string {
	s = strings.Trim(s, "\n")
	lead := s[:len(s)-len(strings.TrimLeft(s, " "))]
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, lead)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \n")
}

func declTopic(d syntax.Decl) (Topic, bool) {
	var name *syntax.Name
	var doc string
	var body syntax.Node
	switch d := d.(type) {
	case *syntax.Fn:
		name, doc, body = d.Name, d.Doc, d.Body
	case *syntax.Model:
		name, doc, body = d.Name, d.Doc, d.Body
	case *syntax.Optimizer:
		name, doc, body = d.Name, d.Doc, d.Body
	default:
		return Topic{}, false
	}
	doc = strings.ReplaceAll(strings.TrimSpace(doc), "\n", " ")
	title, rest := firstSentence(doc)
	head := d.Span()
	if body != nil {
		head.End = body.Span().Start
	}
	text := indent(strings.TrimRight(strings.TrimSpace(head.Text()), "={ \n"))
	if rest != "" {
		text += "\n\n" + rest
	}
	return Topic{Kind: "functions", Name: name.Name, Title: title, Text: text}, true
}

// firstSentence cuts a doc comment behind its first sentence.
func firstSentence(doc string) (first, rest string) {
	if i := strings.Index(doc, ". "); i >= 0 && !strings.HasSuffix(doc[:i], "al") {
		return doc[:i+1], doc[i+2:]
	}
	return doc, ""
}
