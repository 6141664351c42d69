// Command dfc compiles, runs and looks at programs of the dfc language. A
// file a verb; everything that is not flags, terminal and exit codes stands
// in the packages below.
package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	collectLater()
	os.Exit(execute(os.Args[1:], terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// laterPercent makes the first collection wait for a heap of 16 MB, four times
// what Go begins with.
const laterPercent = 400

// collectLater puts off the first collection of garbage, and that one alone:
// compiling a program of usual size is over before it. Nearly all that would be
// found is garbage, and the collections took a tenth of the time of a short
// command. The heap is 12 MB larger for it once, in a command of any length. Who
// sets GOGC decides alone.
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	was := debug.SetGCPercent(laterPercent)
	runtime.AddCleanup(new(first), func(int) { debug.SetGCPercent(was) }, 0)
}

// first is garbage that the first collection finds. It has a pointer, so that
// it lies in memory of its own.
type first struct{ _ *first }
