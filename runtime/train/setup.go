package train

import (
	"context"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Setup is a training ready to run: the node, its functions, and what stands
// around it. The fields that are functions are called from one goroutine.
type Setup struct {
	Node *ir.Node // its Body is a *ir.Train
	Step Call     // the step function, parameters donated as Donations says
	Init Call
	Hash string // of what a step computes

	Feed Feed // batches of the table; nil without a table
	// Input gives the value of an input of role Given or Column.
	Input func(ir.Input) (*array.Array, error)
	// Evaluate computes the metrics, in order, at the given parameters and
	// states; nil where there are none.
	Evaluate func(ctx context.Context, live []Named) ([]float64, error)
	// Blame finds out which operation of the step function makes a number that
	// is not finite, with these inputs; nil where it cannot be told.
	Blame func(in []*array.Array, actual map[string]int64) *source.Diagnostic
	// Locate says where a row of the table was read from.
	Locate func(row int64) source.Place

	Logs []Log
	FS   FS // of the logs; nil: the real one

	Keeper   *Keeper // saves; nil: nothing is saved
	Observer Observer
	Resumed  *Training // from a state, nil to start from the beginning
}

// Call is a planned function with its description.
type Call struct {
	Fn  *ir.Func
	Run func(in, out []*array.Array, actual map[string]int64) error
}

// Feed gives the batches of a training, pass by pass.
type Feed interface {
	// Rows is the number of rows of the table.
	Rows() int64
	// Open begins a pass, counted from 1, at a batch, counted from 0. The order
	// of rows is a function of the training's seed and the pass alone.
	Open(pass, batch int64) (Pass, error)
}

// Pass is one time through a table.
type Pass interface {
	// Next is the next batch, valid until the next call, nil at the end. The
	// columns are those of the step function's Col inputs, in order.
	Next() (*Batch, error)
	Close() error
}

// Batch is the rows of one step.
type Batch struct {
	Columns []*array.Array
	Rows    int
	Numbers func() *array.Array // i64: the numbers of the rows in the source table
}

// Result is what a training has come to.
type Result struct {
	State  *Training
	Params []Named // those kept, by path
	States []Named
	Start  []Named // parameters and states before the first step
	Finish Finish
	// Notices are remarks about logs that a resumed run could not go on with.
	Notices source.List
}

// Donations says which results of a step function take the place of which of
// its parameters: the i-th of the weights, states and slots in the results is
// the i-th of these among the inputs.
func Donations(t *ir.Train, fn *ir.Func) map[int]int {
	out := map[int]int{}
	for i, p := range livePositions(t, fn) {
		out[i] = p
	}
	return out
}

// livePositions are the inputs of a step function that it moves, in the order
// of its results.
func livePositions(t *ir.Train, fn *ir.Func) []int {
	var slots []int
	weight, state := map[string]int{}, map[string]int{}
	for i, in := range fn.Inputs {
		switch in.Role {
		case ir.Weight:
			weight[in.Bind] = i
		case ir.State:
			state[in.Bind] = i
		case ir.Plain:
			slots = append(slots, i)
		}
	}
	var out []int
	for _, p := range t.Params {
		out = append(out, weight[p.Path])
	}
	for _, s := range t.States {
		out = append(out, state[s.Path])
	}
	return append(out, slots...)
}

// StreamKey is the random key of a stream of a training at a step; step 0 is
// before the first. It is part of the format of states.
func StreamKey(seed int64, stream string, step int64) int64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := 0; i < len(stream); i++ {
		h = (h ^ uint64(stream[i])) * 1099511628211
	}
	return int64(ir.Mix(ir.Mix(uint64(seed), h), uint64(step)))
}
