package train

import "time"

// Observer is told how a training goes. Progress on a terminal, progress as
// JSON and a log are observers; the loop itself prints nothing. Calls come
// from one goroutine, in order, and the values must not be kept: they are
// reused.
type Observer interface {
	// Begin comes before the first step of a training, also of a resumed one.
	Begin(Start)
	// Step comes after each step.
	Step(Progress)
	// Epoch comes after each evaluation of the metrics.
	Epoch(Evaluation)
	// Saved comes after a state is safely on disk.
	Saved(Save)
	// End comes after the last step of a training.
	End(Finish)
}

// Start describes a training that begins.
type Start struct {
	Name       string // the train node
	Rows       int64  // rows of its table, 0 without a table
	Batch      int64
	Steps      int64 // in all, 0 where not yet known
	Epochs     int64 // in all, 0 where the program counts steps
	Parameters int64 // numbers trained
	Resumed    bool
	Step       int64 // steps already taken by the state resumed
	Epoch      int64
}

// Progress is one step.
type Progress struct {
	Name  string
	Step  int64 // counted from 1
	Steps int64 // in all, 0 where not yet known
	Epoch int64 // counted from 1, 0 without a table
	Rows  int64 // rows of this step
	Loss  float64
	// Took is the time of this step, data included. It is for display only and
	// never reaches a file.
	Took time.Duration
}

// Evaluation is what the metrics were after a pass.
type Evaluation struct {
	Name    string
	Step    int64
	Epoch   int64
	Loss    float64 // mean over the rows since the last evaluation
	Names   []string
	Values  []float64
	Best    bool // the metric watched is the best so far
	Stalled int64
}

// Save is a state that was written.
type Save struct {
	Name  string
	Dir   string
	Step  int64
	Epoch int64
}

// Finish is the end of a training.
type Finish struct {
	Name   string
	Steps  int64
	Epochs int64
	Loss   float64
	Kept   int64  // the step whose parameters are kept
	Why    string // "steps", "epochs" or "stalled"
}

// Silent is the observer that does nothing; embed it to implement a part.
type Silent struct{}

func (Silent) Begin(Start)      {}
func (Silent) Step(Progress)    {}
func (Silent) Epoch(Evaluation) {}
func (Silent) Saved(Save)       {}
func (Silent) End(Finish)       {}
