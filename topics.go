package dfc

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Topic is something that can be explained: an error code, an operation of the
// IR, a pass, a function of the standard library.
type Topic struct {
	Kind  string // "codes", "operations", "passes", "functions"
	Name  string
	Title string // one line
	Text  string // what there is beyond the title; may be empty
}

// Topics are all topics, ordered by kind and name.
func Topics() []Topic {
	var out []Topic
	for _, c := range source.Codes() {
		out = append(out, codeTopic(c))
	}
	for _, r := range ir.Rows() {
		out = append(out, rowTopic(r))
	}
	out = append(out, passTopics()...)
	return append(out, functionTopics()...)
}

// Explain finds the topics of a name, in any case and with or without its
// module; what users write comes first. Where there are none, near is a name
// that was perhaps meant, or "".
func Explain(name string) (found []Topic, near string) {
	all := Topics()
	var names []string
	for i := len(all) - 1; i >= 0; i-- {
		t := all[i]
		_, member, _ := strings.Cut(t.Name, ".")
		switch {
		case strings.EqualFold(t.Name, name):
			found = append(found, t)
		case t.Kind == "functions" && strings.EqualFold(member, name):
			found = append(found, t)
		}
		if t.Kind != "codes" {
			names = append(names, t.Name, member)
		}
	}
	if len(found) > 0 {
		return found, ""
	}
	return nil, source.Nearest(name, names)
}

func codeTopic(c source.Code) Topic {
	text := c.Explain
	if c.Wrong != "" {
		text += "\n\nWrong:\n" + indent(c.Wrong)
	}
	if c.Right != "" {
		text += "\n\nRight:\n" + indent(c.Right)
	}
	return Topic{Kind: "codes", Name: c.ID, Title: c.Title, Text: text}
}

func rowTopic(r *ir.Row) Topic {
	var facts []string
	for _, f := range []struct {
		trait ir.Trait
		text  string
	}{{ir.Elementwise, "works element by element"}, {ir.Structural, "moves elements, computes nothing"},
		{ir.Flat, "has derivative 0 wherever it has one"}, {ir.Opaque, "cannot be differentiated"},
		{ir.Commutative, "does not care for the order of its operands"}, {ir.Control, "has regions or calls functions"},
		{ir.Effect, "can fail and is kept though unused"}} {
		if r.Has(f.trait) {
			facts = append(facts, f.text)
		}
	}
	text := ""
	if len(facts) > 0 {
		text = "It " + strings.Join(facts, ", ") + "."
	}
	if r.Attrs != nil {
		text += fmt.Sprintf("\nAttributes: %s", attrNames(r.Attrs))
	}
	return Topic{Kind: "operations", Name: r.Name, Title: r.Doc, Text: strings.TrimPrefix(text, "\n")}
}

// attrNames are the fields of an attribute struct, as the IR prints them.
func attrNames(a ir.Attrs) string {
	text := strings.Trim(fmt.Sprintf("%+v", a), "{}")
	var names []string
	for _, f := range strings.Fields(text) {
		if name, _, ok := strings.Cut(f, ":"); ok {
			names = append(names, strings.ToLower(name[:1])+name[1:])
		}
	}
	return strings.Join(names, ", ")
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}
