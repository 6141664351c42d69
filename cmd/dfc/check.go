package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

func newCheck(t *terminal) *cobra.Command {
	var c compileFlags
	var data, asJSON bool
	cmd := &cobra.Command{
		Use:     "check FILE...",
		Short:   "Find every error in programs without running them",
		Long:    "Checks programs: names, types, dimensions, gradients. Opens no data unless --data asks for the\nheaders to be compared with the tables.",
		Example: "  dfc check housing.df\n  dfc check --data housing.df\n  dfc check --json housing.df        # for editors",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("`dfc check` takes one FILE or more")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := c.options(cmd)
			if err != nil {
				return err
			}
			var all source.List
			for _, path := range args {
				if err := readable(path); err != nil {
					return err
				}
				all = append(all, checkFile(path, o, data)...)
			}
			if asJSON {
				writeJSONDiagnostics(t, all)
			} else {
				t.report(all)
			}
			if err := all.Err(); err != nil {
				return exitStatus(dfc.Exit(err))
			}
			if !asJSON {
				fmt.Fprintln(t.Err, "no errors")
			}
			return nil
		},
	}
	c.add(cmd)
	cmd.Flags().BoolVar(&data, "data", false, "open the data files and compare their headers with the tables")
	cmd.Flags().BoolVar(&asJSON, "json", false, "diagnostics as lines of JSON on standard output")
	return cmd
}

func checkFile(path string, o dfc.Options, data bool) source.List {
	l := dfc.Check(path, o)
	if !data || l.HasErrors() {
		return l
	}
	p, err := dfc.Compile(path, o)
	if err != nil {
		return source.AsList(err)
	}
	return append(l, source.AsList(p.CheckData(dfc.DataOptions{}))...)
}

// jsonDiagnostic is the form for editors; lines and columns count from 1.
type jsonDiagnostic struct {
	V         int        `json:"v"`
	Code      string     `json:"code"`
	Severity  string     `json:"severity"`
	File      string     `json:"file,omitempty"`
	Line      int        `json:"line,omitempty"`
	Column    int        `json:"column,omitempty"`
	EndLine   int        `json:"endLine,omitempty"`
	EndColumn int        `json:"endColumn,omitempty"`
	Data      string     `json:"data,omitempty"`
	Message   string     `json:"message"`
	Notes     []jsonNote `json:"notes,omitempty"`
	Hint      string     `json:"hint,omitempty"`
}

type jsonNote struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

func writeJSONDiagnostics(t *terminal, l source.List) {
	enc := json.NewEncoder(t.Out)
	enc.SetEscapeHTML(false)
	for _, d := range l {
		_ = enc.Encode(diagnosticJSON(d))
	}
}

func diagnosticJSON(d *source.Diagnostic) jsonDiagnostic {
	j := jsonDiagnostic{V: jsonVersion, Code: d.Code, Severity: "error", Message: d.Message, Hint: d.Hint}
	if d.Severity == source.Warning {
		j.Severity = "warning"
	}
	if !d.Span.IsZero() {
		j.File = d.Span.File.Path
		j.Line, j.Column = d.Span.File.Position(d.Span.Start)
		j.EndLine, j.EndColumn = d.Span.File.Position(d.Span.End)
	}
	if d.Place.File != "" {
		j.Data = d.Place.String()
	}
	for _, n := range d.Notes {
		k := jsonNote{Message: n.Message}
		if !n.Span.IsZero() {
			k.File = n.Span.File.Path
			k.Line, k.Column = n.Span.File.Position(n.Span.Start)
		}
		j.Notes = append(j.Notes, k)
	}
	return j
}
