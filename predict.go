package dfc

import (
	"context"

	"github.com/dfc-lang/dfc/lang/source"
)

// Model is a program together with the state that a run of it has saved: it
// predicts, it does not learn.
type Model struct {
	program *Program
	notices source.List
}

// PredictOptions says which rows to predict and where the results go.
type PredictOptions struct {
	Table   string // table of the program that the rows stand in for; "" where only one will do
	File    string // file with the rows, read as the program reads that table
	Output  string // file written; its ending must be that of a format: .csv, .jsonl, .json, .npy
	Write   string // which write node of the program to run, by its path; "" the first whose rows are of Table
	Workers int
}

// Load reads a state that p has saved. Its training code must be the same;
// the schedule and the paths of data may differ.
func (p *Program) Load(dir string) (*Model, error) { return nil, errAbsent }

// Notices tells of a damaged state that was passed over.
func (m *Model) Notices() source.List { return m.notices }

// Tables are the names of tables that Predict can take rows for, in order.
func (m *Model) Tables() []string { return nil }

// Predict runs the program's row writer for the rows of a file and writes the
// results, a row for each, to o.Output. The columns that only the loss uses
// need not be there. It returns the number of rows.
func (m *Model) Predict(ctx context.Context, o PredictOptions) (int64, error) { return 0, errAbsent }

// PredictRecord predicts one record, a JSON object with the fields of the
// table as keys, and returns the written columns as a JSON object.
func (m *Model) PredictRecord(ctx context.Context, table string, record []byte) ([]byte, error) {
	return nil, errAbsent
}

// StateInfo describes a state directory, for people.
type StateInfo struct {
	Dir        string
	Numerics   int
	Complete   bool // the whole program has run
	Seed       int64
	Trainings  []TrainingInfo
	Categories map[string][]string
	Given      []TensorInfo // statistics and other values computed before or after training
	Notices    source.List
}

// TrainingInfo is the state of one training.
type TrainingInfo struct {
	Name        string
	Step, Epoch int64
	Done        bool
	Kept        int64 // step of the parameters kept
	Parameters  []TensorInfo
	Slots       []TensorInfo // of optimisers
	States      []TensorInfo // running values of models
	Metrics     []string
	History     []Evaluation
}

// TensorInfo is a tensor of a state.
type TensorInfo struct {
	Name  string
	Kind  string
	Shape []int
}

// Inspect reads the description of a state; it needs no program.
func Inspect(dir string) (*StateInfo, error) { return nil, errAbsent }
