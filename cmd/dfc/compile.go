package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

func newCompile(t *terminal) *cobra.Command {
	var c compileFlags
	var emit, after, out string
	var measure bool
	var names []string
	for _, s := range dfc.Stages() {
		names = append(names, s.Name)
	}
	cmd := &cobra.Command{
		Use:   "compile FILE",
		Short: "Show what a program becomes: tree, IR, adjoint, batched code, plan",
		Long: `Compiles a program and prints one of its forms. The printed IR can be given to
` + "`dfc run`" + ` (name the file .ir).

` + stageHelp(),
		Example: `  dfc compile housing.df --emit adjoint
  dfc compile housing.df --emit plan
  dfc compile housing.df --after simplify.2
  dfc compile housing.df -o housing.ir && dfc run housing.ir`,
		Args: exactly(1, "one FILE, a program"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("emit") && after != "" {
				return usagef("`--emit` and `--after` do not go together")
			}
			stage := emit
			if measure && emit != "plan" {
				return usagef("`--measure` goes with `--emit plan`")
			}
			if measure {
				stage = "plan measured"
			}
			if after != "" {
				stage = "after " + after
			}
			p, err := c.compile(cmd, t, args[0])
			if err != nil {
				return err
			}
			var buf bytes.Buffer
			if err := emitStage(&buf, p, stage); err != nil {
				return err
			}
			if out == "" || out == "-" {
				_, err := io.Copy(t.Out, &buf)
				return err
			}
			if err := writeWhole(out, buf.Bytes()); err != nil {
				return err
			}
			if strings.HasSuffix(out, ".ir") && !sameFolder(args[0], out) {
				fmt.Fprintf(t.Err, "note: paths of data are relative to the folder of %s now\n", out)
			}
			return nil
		},
	}
	c.add(cmd)
	cmd.Flags().StringVar(&emit, "emit", "ir", "the `FORM` to print: "+strings.Join(names, ", "))
	cmd.Flags().StringVar(&after, "after", "", "the IR after this `PASS` of those that dfc explain lists; simplify.2 is the second simplify")
	cmd.Flags().BoolVar(&measure, "measure", false, "judge a plan by what this machine does, measured now, and not by the reference core")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this `FILE` instead of standard output")
	return cmd
}

func sameFolder(a, b string) bool {
	x, err := filepath.Abs(filepath.Dir(a))
	y, err2 := filepath.Abs(filepath.Dir(b))
	return err == nil && err2 == nil && x == y
}

func stageHelp() string {
	var b strings.Builder
	for _, s := range dfc.Stages() {
		b.WriteString("  " + s.Name + strings.Repeat(" ", max(1, 10-len(s.Name))) + s.Doc + "\n")
	}
	return b.String()
}

// emitStage opens the data only for the forms that need sizes.
func emitStage(w io.Writer, p *dfc.Program, stage string) error {
	err := p.Emit(w, stage)
	if !dfc.NeedsData(err) {
		return err
	}
	b, err := p.Bind(dfc.DataOptions{})
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Emit(w, stage)
}

// writeWhole writes a file beside its place and renames it, so that it is
// there whole or not at all.
func writeWhole(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".dfc-*")
	if err != nil {
		return unreadable(path, "%s cannot be written", path)
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return &source.Diagnostic{Code: "U0002", Class: source.Usage, Message: path + " cannot be written",
			Hint: "see that the folder is there, may be written to and has room"}
	}
	return nil
}
