package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

func newFmt(t *terminal) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:     "fmt [FILE...]",
		Short:   "Lay out programs in the one canonical form",
		Long:    "Rewrites programs in place; without FILE, or with -, reads standard input and writes standard output.\nComments are kept. With --check nothing is written: files that would change are named, and the exit\nstatus is 1 if there are any.",
		Example: "  dfc fmt housing.df\n  dfc fmt --check *.df\n  dfc fmt < housing.df",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"-"}
			}
			changed := false
			for _, path := range args {
				c, err := formatFile(t, path, check)
				if err != nil {
					return err
				}
				changed = changed || c
			}
			if check && changed {
				return exitStatus(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; name the files that would change")
	return cmd
}

func formatFile(t *terminal, path string, check bool) (changed bool, err error) {
	name, text := path, []byte(nil)
	if path == "-" {
		name = "standard input"
		if text, err = io.ReadAll(t.In); err != nil {
			return false, unreadable(path, "standard input cannot be read")
		}
	} else {
		if err := readable(path); err != nil {
			return false, err
		}
		if text, err = os.ReadFile(path); err != nil {
			return false, unreadable(path, "%s cannot be read", path)
		}
	}
	out, diags := syntax.Format(source.NewFile(name, text))
	if diags.HasErrors() {
		return false, diags
	}
	changed = !bytes.Equal(out, text)
	switch {
	case check && changed:
		fmt.Fprintln(t.Out, name)
	case check:
	case path == "-":
		_, err = t.Out.Write(out)
	case changed:
		err = writeWhole(path, out)
	}
	return changed, err
}
