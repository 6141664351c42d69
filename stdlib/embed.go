// Package stdlib holds the standard library: modules in the language itself,
// embedded in the binary. A user's file has the same standing.
package stdlib

import "embed"

// FS holds the modules as NAME.df.
//
//go:embed *.df
var FS embed.FS

// Open lists the modules whose names are open in every file, in order; all
// others are imported.
var Open = []string{"prelude", "loss", "optim", "init", "metric"}
