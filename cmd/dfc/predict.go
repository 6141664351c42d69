package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
)

func newPredict(t *terminal) *cobra.Command {
	var c compileFlags
	var state, out string
	var table []string
	var workers int
	var memory string
	cmd := &cobra.Command{
		Use:   "predict FILE --state DIR",
		Short: "Apply a trained model to new rows",
		Long: `Applies the model whose state a run has saved to new rows: those of a file, read as the program reads
that table, or one JSON object from standard input. What is written for a row is what the program writes
for it; the columns that only training needs may be missing. Without -o, rows go to standard output, as CSV.`,
		Example: `  dfc run housing.df --save state
  dfc predict housing.df --state state --table Houses=new.csv -o predicted.csv
  echo '{"longitude": -122.2, ...}' | dfc predict housing.df --state state`,
		Args: exactly(1, "one FILE, the program that was trained"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if state == "" {
				return usagef("`dfc predict` needs `--state DIR`, the folder that `dfc run --save DIR` wrote")
			}
			p, err := c.compile(cmd, t, args[0])
			if err != nil {
				return err
			}
			m, err := p.Load(state)
			if err != nil {
				return err
			}
			t.report(m.Notices())
			most, err := parseBytes(memory)
			if err != nil {
				return err
			}
			files, err := tables(table)
			if err != nil {
				return err
			}
			if len(files) > 1 {
				return usagef("one `--table` at a time")
			}
			ctx, stop := onSignal()
			defer stop()
			for name, file := range files {
				if err := readable(file); err != nil {
					return err
				}
				o := dfc.PredictOptions{Table: name, File: file, Output: out, Workers: workers, Memory: most}
				if out == "" {
					return predictTo(ctx, t.Out, m, o)
				}
				n, err := m.Predict(ctx, o)
				if err != nil {
					return err
				}
				fmt.Fprintf(t.Err, "wrote %s rows to %s\n", thousands(n), out)
				return nil
			}
			record, err := io.ReadAll(t.In)
			if err != nil {
				return unreadable("-", "standard input cannot be read")
			}
			if len(bytes.TrimSpace(record)) == 0 {
				return usagef("give rows with `--table Name=file -o out.csv`, or one JSON object on standard input")
			}
			answer, err := m.PredictRecord(ctx, "", record)
			if err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "%s\n", answer)
			return nil
		},
	}
	c.add(cmd)
	c.addMachine(cmd)
	cmd.Flags().StringVar(&state, "state", "", "the folder `DIR` of the saved state")
	cmd.Flags().StringArrayVar(&table, "table", nil, "the new rows: `Name=file`, Name a table of the program")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `FILE` to write: .csv, .jsonl, .json or .npy")
	cmd.Flags().StringVar(&memory, "memory", "", "memory (`SIZE`) that rows, parameters and the plan may take, such as 500MB; more is refused or spilled")
	cmd.Flags().IntVar(&workers, "workers", 0, "`N` cores to use; 0 is as many as there are")
	return cmd
}

// predictTo writes predictions to w as CSV, all of them or, on an error, none.
func predictTo(ctx context.Context, w io.Writer, m *dfc.Model, o dfc.PredictOptions) error {
	dir, err := os.MkdirTemp("", "dfc-predict-*")
	if err != nil {
		return unreadable(os.TempDir(), "no temporary folder can be made there")
	}
	defer os.RemoveAll(dir)
	o.Output = filepath.Join(dir, "predicted.csv")
	if _, err := m.Predict(ctx, o); err != nil {
		return err
	}
	f, err := os.Open(o.Output)
	if err != nil {
		return unreadable(o.Output, "the predictions cannot be read back")
	}
	defer f.Close()
	if _, err := io.Copy(w, f); err != nil {
		return unreadable("-", "standard output cannot be written")
	}
	return nil
}
