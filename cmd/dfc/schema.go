package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
)

func newSchema(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "schema DATA",
		Short:   "Print the `table` block for a data file",
		Long:    "Reads a file of separated values, of JSON objects a line, or in IDX (.gz and .zst too) and prints the declaration\nthat reads it: a kind for each column, `?` where values are missing, `category` where a text column has few\ndifferent values.",
		Example: "  dfc schema data/housing.csv.gz > housing.df",
		Args:    exactly(1, "one DATA file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readable(args[0]); err != nil {
				return err
			}
			text, err := dfc.Schema(args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(t.Out, text)
			return nil
		},
	}
}
