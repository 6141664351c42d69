// Command dfc compiles, runs and looks at programs of the dfc language. A
// file a verb; everything that is not flags, terminal and exit codes stands
// in the packages below.
package main

import "os"

func main() {
	os.Exit(execute(os.Args[1:], terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
