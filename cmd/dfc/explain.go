package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
)

func newExplain(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:               "explain [CODE|FUNCTION|OP|PASS]...",
		Short:             "Explain an error code, a function, an operation or a pass",
		Long:              "Explains names; without a name, lists all that there are.",
		Example:           "  dfc explain D0113\n  dfc explain huber nn.dense\n  dfc explain einsum\n  dfc explain derive\n  dfc explain",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return topicNames() },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				listTopics(t)
				return nil
			}
			first := true
			for _, name := range args {
				found, near := dfc.Explain(name)
				if len(found) == 0 {
					d := usageDiagnostic("nothing is called `%s`", name).WithHint("`dfc explain` lists all that there is")
					if near != "" {
						d.Hint = fmt.Sprintf("did you mean `%s`?", near)
					}
					return d
				}
				for _, topic := range found {
					if !first {
						fmt.Fprintln(t.Out)
					}
					first = false
					explain(t, topic)
				}
			}
			return nil
		},
	}
}

var kinds = map[string]string{"codes": "message", "operations": "operation of the IR", "passes": "pass", "functions": "function"}

func explain(t *terminal, topic dfc.Topic) {
	fmt.Fprintf(t.Out, "%s (%s): %s\n", bold(t.Out, topic.Name), kinds[topic.Kind], topic.Title)
	if topic.Text != "" {
		fmt.Fprintf(t.Out, "\n%s\n", strings.TrimRight(topic.Text, "\n"))
	}
}

func topicNames() ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, p := range dfc.Topics() {
		out = append(out, cobra.CompletionWithDesc(p.Name, p.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func listTopics(t *terminal) {
	kind := ""
	for _, p := range dfc.Topics() {
		if p.Kind != kind {
			if kind != "" {
				fmt.Fprintln(t.Out)
			}
			kind = p.Kind
			fmt.Fprintln(t.Out, bold(t.Out, kind))
		}
		fmt.Fprintf(t.Out, "  %-18s %s\n", p.Name, p.Title)
	}
}
