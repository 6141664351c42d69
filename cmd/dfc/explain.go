package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
)

func newExplain(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [CODE|OP|PASS|FUNCTION]",
		Short:   "Explain an error code, an operation, a pass or a function",
		Long:    "Explains one name; without a name, lists all that there are.",
		Example: "  dfc explain E0401\n  dfc explain einsum\n  dfc explain derive\n  dfc explain",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				listTopics(t)
				return nil
			}
			for _, name := range args {
				topic, near, ok := dfc.Explain(name)
				if !ok {
					d := usagef("nothing is called `%s`", name)
					if near != "" {
						d = usagef("nothing is called `%s`; did you mean `%s`?", name, near)
					}
					return d
				}
				fmt.Fprintf(t.Out, "%s: %s\n", bold(t.Out, topic.Name), topic.Title)
				if topic.Text != "" {
					fmt.Fprintf(t.Out, "\n%s\n", strings.TrimRight(topic.Text, "\n"))
				}
			}
			return nil
		},
	}
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
