// Package dfc is the compiler and runtime of the dfc language as a library:
// what cmd/dfc does, a Go program can do with this package. The road is
//
//	Compile → (*Program).Bind → (*Bound).Run
//
// and, with a state that a run has saved,
//
//	Compile → (*Program).Load → (*Model).Predict or PredictRecord.
//
// Every error is a source.List of diagnostics (or an *Interrupted), each with
// a code, a place and, where there is one, a hint; Exit tells the class.
package dfc

import (
	"errors"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/train"
)

// Observer is told how training goes; Silent is one to embed.
type (
	Observer   = train.Observer
	Silent     = train.Silent
	Start      = train.Start
	Progress   = train.Progress
	Evaluation = train.Evaluation
	Saved      = train.Save
	Finish     = train.Finish
)

// Interrupted is the error of a Run whose context ended: the step at hand was
// finished and the state saved.
type Interrupted = train.Interrupted

// Options says how a program is compiled. The zero value is what the program
// itself says.
type Options struct {
	Settings map[string]string // settings of the program, as text: {"rate": "3e-4"}
	Seed     *int64            // replaces the seeds of trainings; nil: as the program says
	// Pedantic asks for warnings where some path of a gradient is cut. They are
	// given in any case, so it changes nothing.
	Pedantic bool
	Disabled []string // passes to leave out, for tests and bisection
	// Verify checks the IR before the first pass and after each, not only what
	// all of them have made, and that its text reads back.
	Verify bool
	// NoJIT keeps the process from making machine code, which systems that
	// forbid executable memory also do: loops are interpreted a tile at a time,
	// slower and with the same results.
	NoJIT bool
}

// Exit is the exit status that an error calls for: 0 for nil, 1 for a fault
// in the program or the data, 2 for wrong use of the command, 3 for a fault of
// dfc, 130 for an interrupted run.
func Exit(err error) int {
	if err == nil {
		return 0
	}
	var stopped *Interrupted
	if errors.As(err, &stopped) {
		return 130
	}
	status := 1
	for _, d := range source.AsList(err) {
		switch {
		case d.Severity == source.Warning:
		case d.Class == source.Bug:
			return 3
		case d.Class == source.Usage:
			status = 2
		}
	}
	return status
}
