// Package stdlib holds the standard library: modules in the language itself,
// embedded in the binary. A user's file has the same standing.
package stdlib

import "embed"

// FS holds the modules as NAME.df.
//
//go:embed *.df
var FS embed.FS

// Examples holds programs that show how functions are used: functions.df has a
// test for each, programs.df a line `// example NAME` before each.
//
//go:embed examples/*.df
var Examples embed.FS

// Open lists the modules whose names are open in every file, in order; all
// others are imported.
var Open = []string{"prelude", "loss", "optim", "init", "metric"}
