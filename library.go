package dfc

import (
	"io/fs"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
	"github.com/dfc-lang/dfc/stdlib"
)

// functionTopics are the functions, models and optimisers of the standard
// library with what their `///` lines say. Those of modules that must be
// imported carry the name of the module.
func functionTopics() []Topic {
	open := map[string]bool{}
	for _, m := range stdlib.Open {
		open[m] = true
	}
	names, err := fs.Glob(stdlib.FS, "*.df")
	if err != nil {
		return nil // the pattern is a constant
	}
	var out []Topic
	for _, name := range names {
		text, err := stdlib.FS.ReadFile(name)
		if err != nil {
			continue
		}
		module := strings.TrimSuffix(name, ".df")
		file, _ := syntax.Parse(source.NewFile(name, text))
		for _, d := range file.Decls {
			if t, ok := declTopic(d); ok {
				if !open[module] {
					t.Name = module + "." + t.Name
					t.Text += "\n\nIt needs `import " + module + "`."
				}
				out = append(out, t)
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
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
	title, _, _ := strings.Cut(doc, "\n")
	head := d.Span()
	if body != nil {
		head.End = body.Span().Start
	}
	text := indent(strings.TrimRight(strings.TrimSpace(head.Text()), "={ \n"))
	if _, rest, ok := strings.Cut(doc, "\n"); ok {
		text += "\n\n" + strings.TrimSpace(rest)
	}
	return Topic{Kind: "functions", Name: name.Name, Title: title, Text: text}, true
}
