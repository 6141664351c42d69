package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

func newTest(t *terminal) *cobra.Command {
	var c compileFlags
	cmd := &cobra.Command{
		Use:     "test FILE...",
		Short:   "Run the `test` blocks of programs and modules",
		Example: "  dfc test layers.df\n  dfc test model.df layers.df",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("`dfc test` takes one FILE or more")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := c.options(cmd)
			if err != nil {
				return err
			}
			began, passed, failed := time.Now(), 0, 0
			for _, path := range args {
				if err := readable(path); err != nil {
					return err
				}
				results, err := dfc.RunTests(path, o)
				if err != nil {
					return err
				}
				for _, r := range results {
					if r.Err == nil {
						passed++
						continue
					}
					failed++
					fmt.Fprintf(t.Out, "failed: %s\n", r.Title)
					t.report(source.AsList(r.Err))
				}
			}
			fmt.Fprintf(t.Out, "%d passed, %d failed in %s\n", passed, failed, clock(time.Since(began)))
			if failed > 0 {
				return exitStatus(1)
			}
			return nil
		},
	}
	c.add(cmd)
	c.addMachine(cmd)
	return cmd
}
