// Package docs makes the pages that are generated: docs/stdlib.md and
// docs/errors.md come from the tables of the compiler, and a test keeps them fresh.
package docs

import (
	"fmt"
	"strings"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// Files are the generated pages by name.
func Files() map[string]string {
	return map[string]string{"errors.md": errorsPage(), "stdlib.md": stdlibPage()}
}

var ranges = []struct{ prefix, title string }{
	{"E01", "Syntax"}, {"E02", "Names and modules"}, {"E03", "Types and values"}, {"E04", "Dimensions"},
	{"E05", "Tables and sources"}, {"E06", "Derivatives"}, {"E07", "Models and training"},
	{"E08", "Results and settings"}, {"E09", "Text of the IR"}, {"D01", "Data files"}, {"D02", "State on disk and results"},
	{"D03", "Numbers gone wrong while running"}, {"U", "Use of the command"}, {"B", "Faults of dfc"},
}

func errorsPage() string {
	var b strings.Builder
	b.WriteString("# Messages\n\nEvery message has a code; `dfc explain CODE` prints what stands here. " +
		"E: the program. D: the data, or numbers in a run. U: the command line. B: a fault of dfc.\n")
	for _, r := range ranges {
		first := true
		for _, c := range source.Codes() {
			if !strings.HasPrefix(c.ID, r.prefix) {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n## %s\n", r.title)
				first = false
			}
			fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n", c.ID, c.Title, c.Explain)
			example(&b, "Wrong", c.Wrong)
			example(&b, "Right", c.Right)
		}
	}
	return b.String()
}

func example(b *strings.Builder, title, text string) {
	if text = strings.Trim(text, "\n"); text != "" {
		fmt.Fprintf(b, "\n%s:\n```\n%s\n```\n", title, text)
	}
}

func stdlibPage() string {
	var b strings.Builder
	b.WriteString("# Functions, layers, losses, optimisers\n\nThe prelude and the modules `loss`, `optim`, `init` and `metric` " +
		"are open in every file; names with a dot need `import`. `dfc explain NAME` prints what stands here.\n")
	for _, t := range dfc.Topics() {
		if t.Kind != "functions" {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", t.Name, t.Title)
		if text := strings.TrimRight(t.Text, "\n"); text != "" {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
	}
	return b.String()
}
