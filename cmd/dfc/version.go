package main

import (
	"fmt"
	goruntime "runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/dfc-lang/dfc/ir"
)

func newVersion(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of dfc and of its numerics",
		Example: "  dfc version",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			version := "(development)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			fmt.Fprintf(t.Out, "dfc %s %s/%s, numerics %d, built with %s\n", version, goruntime.GOOS, goruntime.GOARCH, ir.Numerics, goruntime.Version())
			return nil
		},
	}
}

func newMan(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Example: "  dfc man /usr/local/share/man/man1",
		Args:    exactly(1, "one DIR to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "DFC", Section: "1"}, args[0]); err != nil {
				return unreadable(args[0], "the manual pages cannot be written to %s", args[0])
			}
			return nil
		},
	}
	return cmd
}
