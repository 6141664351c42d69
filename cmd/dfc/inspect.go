package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
)

func newInspect(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "inspect DIR",
		Short:   "Show what a saved state holds",
		Example: "  dfc inspect state",
		Args:    exactly(1, "one DIR, a state that `dfc run --save` wrote"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := dfc.Inspect(args[0])
			if err != nil {
				return err
			}
			t.report(s.Notices)
			fmt.Fprintf(t.Out, "state %s, numerics %d, seed %d\n", s.Dir, s.Numerics, s.Seed)
			for _, tr := range s.Trainings {
				fmt.Fprintf(t.Out, "\n%s: step %s, epoch %d", bold(t.Out, tr.Name), thousands(tr.Step), tr.Epoch)
				if tr.Done {
					fmt.Fprintf(t.Out, ", done")
				}
				fmt.Fprintln(t.Out)
				for _, p := range tr.Parameters {
					fmt.Fprintf(t.Out, "  %-40s %s%s\n", p.Name, p.Kind, shapeText(p.Shape))
				}
			}
			if len(s.Given) > 0 {
				fmt.Fprintln(t.Out, "\n"+bold(t.Out, "values"))
				for _, g := range s.Given {
					fmt.Fprintf(t.Out, "  %-40s %s%s\n", g.Name, g.Kind, shapeText(g.Shape))
				}
			}
			return nil
		},
	}
}

func shapeText(shape []int) string {
	if len(shape) == 0 {
		return ""
	}
	return "[" + strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]") + "]"
}
