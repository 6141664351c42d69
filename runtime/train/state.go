package train

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/dfc-lang/dfc/runtime/array"
)

// Format is the version of the layout of a state directory.
const Format = 1

// State is everything that a run needs to go on as if it had never been
// interrupted, and that a prediction needs: no time, no host, no path and no
// count of workers is in it, so that the same run leaves the same bytes
// anywhere.
type State struct {
	Numerics int
	// Moment names the directory: steps taken, plus one for each training that
	// has ended, plus one when the whole program has.
	Moment int64
	// Scheduled says that every run of the program saves at this moment. States
	// saved because time had passed or the run was interrupted are not, and do
	// not stay.
	Scheduled  bool
	Complete   bool // the whole program has run
	Data       []Fingerprint
	Categories []Category
	Given      []Named // values computed outside trainings, by name
	// Origins tell of values of Given, by name, what computed them, as a hash: a
	// program that computes one in another way now does not take it from here.
	Origins   map[string]string
	Trainings []*Training

	from string // the name of the directory that it was read from
}

// Fingerprint says which data a file held, not where it lay: the name is that
// of the table or file in the program.
type Fingerprint struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Hash string `json:"hash"`
}

// Category holds the values of a category, in the order of their numbers.
type Category struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Training is the state of one training.
type Training struct {
	Name     string
	Hash     string // of what a step computes; see StepHash
	Progress Progressed
	Params   []Named // by path
	States   []Named // running values of the model, by path
	Slots    []Named // of the optimiser, "path/slot"
	// Best are the parameters and states at the best evaluation, nil where the
	// last are kept. When the training has ended they have changed places: then
	// Params and States are the best and these the last, so that a longer
	// schedule can go on from them.
	Best []Named
}

// Progressed is how far a training has come, and its memory of how it went.
type Progressed struct {
	Seed     int64      `json:"seed"`
	Step     int64      `json:"step"`  // steps taken
	Epoch    int64      `json:"epoch"` // passes completed
	Batch    int64      `json:"batch"` // batches taken of the pass at hand
	Done     bool       `json:"done"`
	Why      string     `json:"why,omitempty"`  // it ended: steps, epochs, stalled
	Kept     int64      `json:"kept,omitempty"` // step of the parameters kept
	Loss     Float      `json:"loss"`           // of the last step
	LossSum  Float      `json:"loss_sum"`       // over the rows since the last evaluation
	LossRows int64      `json:"loss_rows"`
	Watch    Watch      `json:"watch"`
	Metrics  []string   `json:"metrics"`
	History  []Measured `json:"history"`
	Logs     []Logged   `json:"logs,omitempty"`
}

// Watch is the machine behind stop and keep.
type Watch struct {
	Metric  string `json:"metric,omitempty"` // that is watched
	Max     bool   `json:"max,omitempty"`    // greater is better
	Any     bool   `json:"any"`              // some evaluation has been the best
	Value   Float  `json:"value"`
	Step    int64  `json:"step"`
	Stalled int64  `json:"stalled"` // evaluations since
}

// Measured is one evaluation.
type Measured struct {
	Step   int64   `json:"step"`
	Epoch  int64   `json:"epoch"`
	Loss   Float   `json:"loss"`
	Values []Float `json:"values"`
}

// Training finds the state of a training by name, nil where there is none.
func (s *State) Training(name string) *Training {
	for _, t := range s.Trainings {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Value finds a value computed outside trainings, nil where there is none.
func (s *State) Value(name string) *array.Array { return find(s.Given, name) }

func find(list []Named, name string) *array.Array {
	for _, n := range list {
		if n.Name == name {
			return n.Value
		}
	}
	return nil
}

// Float is a float64 that JSON keeps exactly, the non-finite ones as texts.
type Float float64

// MarshalJSON writes the shortest text that reads back as the same number.
func (f Float) MarshalJSON() ([]byte, error) {
	x := float64(f)
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		text = `"` + text + `"`
	}
	return []byte(text), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Float) UnmarshalJSON(b []byte) error {
	text := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%s is not a number", text)
	}
	*f = Float(x)
	return nil
}
