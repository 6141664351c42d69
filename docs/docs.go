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

// groups order the functions of the page; what no group names comes under the
// module that it stands in.
var groups = []struct {
	title string
	names string
}{
	{"Numbers", "exp expm1 log log1p sqrt square pow abs sign floor round div mod min max clamp sin cos tan atan2 tanh sigmoid softplus erf lgamma digamma relu leaky_relu gelu"},
	{"Sums and statistics", "sum mean std var median quantile count any all argmax argmin logsumexp softmax log_softmax dot norm trace"},
	{"Tensors", "zeros ones full eye zeros_like concat stack reshape flatten scalar rows transpose outer diag diagonal one_hot flat unflat zip enumerate"},
	{"Tables and missing values", "split where sort sample map present"},
	{"Loops", "fold scan"},
	{"Derivatives", "grad value_and_grad vjp jvp jacobian hessian hvp stop"},
	{"Randomness, and the rows of a step", "random.normal random.uniform random.bernoulli batch.mean batch.sum batch.max"},
	{"Losses", "squared absolute huber logistic cross_entropy poisson pinball"},
	{"Metrics", "accuracy hit relative_error"},
	{"Optimisers and their rates", "sgd adam adamw adagrad rmsprop cosine linear_decay exponential_decay"},
	{"Initialisers", "normal uniform glorot he lecun"},
}

func stdlibPage() string {
	var b strings.Builder
	b.WriteString("# Functions, layers, losses, optimisers\n\nNames with the dot of a module (`nn.dense`) need `import`; all others are open " +
		"in every file. `dfc explain NAME` prints what stands here. `real` is `f32` or `f64`, as at the call. A function of numbers, " +
		"given tensors of the same dimensions, works element by element.\n")
	all := map[string]dfc.Topic{}
	var order []string
	for _, t := range dfc.Topics() {
		if t.Kind == "functions" {
			all[t.Name] = t
			order = append(order, t.Name)
		}
	}
	section := func(title string, names []string) {
		fmt.Fprintf(&b, "\n## %s\n", title)
		for _, n := range names {
			if t, ok := all[n]; ok {
				fmt.Fprintf(&b, "\n### %s\n\n%s\n\n%s\n", n, t.Title, strings.Trim(t.Text, "\n"))
				delete(all, n)
			}
		}
	}
	for _, g := range groups {
		section(g.title, strings.Fields(g.names))
	}
	for _, n := range order {
		if _, ok := all[n]; !ok {
			continue
		}
		module, _, _ := strings.Cut(n, ".")
		var names []string
		for _, m := range order {
			if of, _, _ := strings.Cut(m, "."); of == module && all[m].Name != "" {
				names = append(names, m)
			}
		}
		section("Module "+module, names)
	}
	return b.String()
}
