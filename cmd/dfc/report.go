package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dfc-lang/dfc"
)

// writeReport shows what the data looks like before anything is learned from
// it: rows, holes, categories, splits, keys without a match, columns that
// never change.
func writeReport(w io.Writer, r dfc.DataReport) {
	for _, t := range r.Tables {
		fmt.Fprintf(w, "%s  %s rows%s%s\n", bold(w, t.Name), thousands(t.Rows), from(t.Files), cached[t.Cache])
		var holes []string
		for _, c := range t.Columns {
			if c.Missing > 0 {
				holes = append(holes, fmt.Sprintf("%s %s", c.Name, thousands(c.Missing)))
			}
		}
		if len(holes) > 0 {
			fmt.Fprintf(w, "  missing: %s\n", strings.Join(holes, ", "))
		}
		for _, c := range t.Columns {
			if c.Unmatched > 0 {
				fmt.Fprintf(w, "  %s: %s rows match nothing in %s\n", c.Name, thousands(c.Unmatched), c.Table)
			}
			if c.Constant {
				fmt.Fprintf(w, "  %s never changes\n", c.Name)
			}
		}
	}
	for _, c := range r.Categories {
		fmt.Fprintf(w, "%s  %s values: %s\n", bold(w, c.Name), thousands(int64(c.Size)), strings.Join(c.Some, ", "))
	}
	for _, s := range r.Subsets {
		fmt.Fprintf(w, "%s  %s rows of %s\n", bold(w, s.Name), thousands(s.Rows), s.Of)
	}
}

// cached tells what became of the cache of a table.
var cached = map[string]string{
	"read":    ", as cached",
	"written": ", now cached",
	"stale":   ", cached anew: the file has changed",
	"damaged": ", cached anew: the cache was damaged",
	"failed":  ", not cached: the folder cannot be written",
}

func from(files []string) string {
	if len(files) == 0 {
		return ""
	}
	return " from " + strings.Join(files, ", ")
}
