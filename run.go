package dfc

import (
	"context"
	"io"
	"time"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/train"
)

// DataOptions says where the data lies and what it may cost.
type DataOptions struct {
	Dir     string            // what paths in the program are relative to; "" is the folder of its file
	Files   map[string]string // files to read instead, by table ("Houses") or by path as written in the program
	Spill   string            // folder for decoded columns that do not fit; "" is the system's
	Memory  int64             // bytes that data and plan may take; 0 is no bound
	Workers int               // 0: as many as the machine allows
	Tier    string            // "" the best that the machine has, else "portable", "avx2", "avx512"
}

// RunOptions says where results go and what is saved. The zero value writes
// results relative to the working directory and saves no state.
type RunOptions struct {
	Out        string        // folder that paths of results are relative to; "" is the working directory
	Save       string        // directory of the state; "" saves none
	Resume     string        // directory of a state to go on from; saving goes on there
	Every      time.Duration // save when this much time has passed since the last save …
	EverySteps int64         // … or this many steps; both 0: after each evaluation of the metrics
	Stdout     io.Writer     // where print nodes write; nil discards
	Observer   Observer      // nil: none
	FS         train.FS      // file system of the state; nil: the real one
}

// Result is what a run has yielded.
type Result struct {
	Trainings []Finish    // in order
	Files     []string    // written, in order
	Notices   source.List // such as a damaged state that was passed over
	values    map[string]*array.Array
}

// Value is an output of the program by its name in the IR: "centre",
// "fit/price.dense_1.weight".
func (r *Result) Value(name string) (*array.Array, bool) {
	a, ok := r.values[name]
	return a, ok
}

// TestResult is the outcome of one `test` of a program.
type TestResult struct {
	Title string
	Span  source.Span
	Err   error // nil: passed
}

// Bound is a program whose data is open, whose sizes are known and whose plan
// is made. Close it when done.
type Bound struct {
	program *Program
}

// Bind opens the data that the program names, learns the sizes of tables,
// categories and files, runs the passes that need them and plans the memory.
// Whether results can be written is checked by Run, before its first step.
func (p *Program) Bind(o DataOptions) (*Bound, error) { return nil, errAbsent }

// Notices are remarks of binding about the data: keys that match nothing,
// sizes of splits.
func (b *Bound) Notices() source.List { return nil }

// Emit writes the program at a stage, as (*Program).Emit, and the stages that
// need sizes: plan, and "after PASS" of the sized passes.
func (b *Bound) Emit(w io.Writer, stage string) error { return errAbsent }

// Run runs the nodes of the program in order: statistics, trainings, results.
// Result files appear, renamed into place, when all of it has succeeded. When
// ctx ends, the step at hand is finished and saved and the error is an
// *Interrupted.
func (b *Bound) Run(ctx context.Context, o RunOptions) (*Result, error) { return nil, errAbsent }

// RunTests runs the tests of the program, after what they depend on.
func (b *Bound) RunTests(ctx context.Context, o RunOptions) ([]TestResult, error) {
	return nil, errAbsent
}

// Close lets go of the data and the plan.
func (b *Bound) Close() error { return nil }
