package ir

import (
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// Node is one step of the outer graph. The graph is a list in an order in
// which it can run; a node names earlier nodes, tables and functions by their
// names. Body is a pointer to one of the structs below; nodes print as
// `node NAME KIND {json}` and read back the same.
//
// Tables (source, derive, category) are named by their dimension. Every other
// result is a tensor with a name of its own in one flat name space (Output);
// functions ask for it with an Input of role Given.
type Node struct {
	Name string
	Span source.Span
	Body NodeBody
}

// NodeBody is implemented by the pointer types below; Kind is the word printed.
type NodeBody interface{ Kind() string }

// Output is a named tensor that a node yields.
type Output struct {
	Name string
	Type Type
}

// Reader is a call such as csv("a.csv", separator: ";").
type Reader struct {
	Name    string            // csv jsonl idx text lines npy safetensors
	Paths   []NamedText       // files, in order; Name is "" or, for idx, the field
	Options map[string]string `json:",omitempty"` // separator, quote, missing (one a line), header, window, stride, streams, by, duplicates, tensor …
}

// NamedText is a text with a name, which may be empty.
type NamedText struct {
	Name, Text string
	Span       source.Span `json:"-"`
}

// SourceTable reads a table from files.
type SourceTable struct {
	Reader  Reader
	Fields  []Field
	KeyCols []string // names of the fields that are the key; empty: the row number
}

// Field is a column, or neighbouring columns, of a table.
type Field struct {
	Name     string
	Type     Type        // what a row function sees (u8[28,28], index<Proximity>, index<Users>, f32); for str and time: NoKind
	Text     string      `json:",omitempty"` // "str" or "time" for fields that are data only
	Optional bool        `json:",omitempty"`
	Each     bool        `json:",omitempty"` // with Optional: of a tensor each element may be missing, else only all of it
	IsKey    bool        `json:",omitempty"`
	Category string      `json:",omitempty"` // category whose member it is
	Table    string      `json:",omitempty"` // table that it is a key of
	From     []string    `json:",omitempty"` // names of columns; one, or for a composite key several
	FromTo   bool        `json:",omitempty"` // From is first and last of neighbouring columns
	Places   []int       `json:",omitempty"` // columns by place (header: none): one, or first and end
	Like     string      `json:",omitempty"` // the columns are those of this field of the table, and the field is none of the program
	Ask      []TextStep  `json:",omitempty"` // with Like: what is computed from the text when it is read
	Maybe    bool        `json:",omitempty"` // with Category: a text that is no member is missing, and fills nothing
	Span     source.Span `json:"-"`
}

// TextStep is a step of what is computed from a text. `lower` and `part` (number
// N of the parts between texts Arg, from 0; empty where there are fewer) yield
// a text; `is` (equal to Arg) and `matches` (the regular expression Arg) a bool;
// `length` (characters), `parts` (how many), `time` (see ParseTime) and `hash` an
// i64. No text enters a
// function, so fields of tables and reads of categories have them.
type TextStep struct {
	Op  string
	Arg string `json:",omitempty"`
	N   int    `json:",omitempty"`
}

// Category is a dimension of text values, filled from all its uses in
// code-point order, or given.
type Category struct {
	Fixed    bool       `json:",omitempty"`
	Values   []string   `json:",omitempty"`
	FromFile *Reader    `json:",omitempty"`
	Other    *string    `json:",omitempty"`
	Uses     []FieldRef // fields whose values it numbers
}

// FieldRef names a field of a source table.
type FieldRef struct{ Table, Field string }

// Derive makes a table from a table. Op is
//
//	split   rows whose hash of (seed, row or By) falls into part Part of Fractions
//	where   rows for which Fn (a row function with one bool result) holds
//	slice   rows From..To (To -1: the end)
//	sort    ordered by Fn (one result), Descending
//	sample  N rows drawn with Seed
//	batch   the rows of step N of the training Batch, in its order
//	map     a new table of the results of Fn, one field each (Fields) and, where a field is
//	        Optional, behind its value a bool that says whether there is one; keyed back to Of
//	        by a field of its name
//
// All but map are subsets: their rows are rows of Of's source table.
type Derive struct {
	Op         string
	Of         string
	Fn         string    `json:",omitempty"`
	Fractions  []float64 `json:",omitempty"`
	Part       int       `json:",omitempty"`
	Seed       int64     `json:",omitempty"`
	From, To   int64     `json:",omitempty"`
	N          int64     `json:",omitempty"`
	Batch      string    `json:",omitempty"`
	Descending bool      `json:",omitempty"`
	Fields     []Field   `json:",omitempty"`
}

// Reduce streams a table once: Fn is a row function; result i is aggregated
// by Aggs[i] into Outputs[i]. If Cond, result 0 is a bool that says which
// rows count and Aggs begin with result 1. Aggregates: sum mean min max count
// any all std var median quantile(P) collect (all rows, in file order).
// Statistics are accumulated in f64 over fixed blocks of 4096 rows.
type Reduce struct {
	Table   string
	Fn      string
	Cond    bool `json:",omitempty"`
	Aggs    []Agg
	Outputs []Output
	// Every says that a metric or a log of a training owns the node, which then
	// runs when that is due, not in its place in the list. Empty otherwise; else
	// the train node, for metrics, or LogOwner.
	Every string `json:",omitempty"`
}

// Agg is one aggregate; P is the quantile, Sample divides by n - 1.
type Agg struct {
	Op     string
	P      float64 `json:",omitempty"`
	Sample bool    `json:",omitempty"`
}

// Read binds a tensor from a file.
type Read struct {
	Reader  Reader
	Outputs []Output
}

// Compute calls Fn once; its results are Outputs.
type Compute struct {
	Fn      string
	Outputs []Output
	Every   string `json:",omitempty"` // as in Reduce
	// Ahead says that a pass made the node of other functions: what it yields is no
	// value of the program, and in no state.
	Ahead bool `json:",omitempty"`
}

// Train is one training. Parameters are initialised, then moved.
type Train struct {
	Model  string
	Table  string `json:",omitempty"` // rows learned from; "" without
	Params []TrainParam
	States []TrainParam // running values of the model

	// Loss is a function of Weight, State, Col, Given, Seed, Row, Step, Epoch
	// inputs; with a table, of one row. Results: the loss (scalar float), then
	// the new value of each state in States, in order.
	Loss string
	// Penalty, "" or a function of the same inputs without rows, result a
	// scalar, added once a step.
	Penalty string `json:",omitempty"`
	// Gradient, "" or a function from (a Plain input for each parameter's
	// gradient, then Weight, Given, Step … inputs) to new gradients: clip and
	// the gradient clauses, in order.
	Gradient string `json:",omitempty"`
	// Steps is the name of the assembled step function, "" until the pass
	// `step` has run; see StepFunc.
	StepFn string `json:",omitempty"`
	// InitFn initialises parameters, states and slots: results in order of
	// Params, States, and the Slots of each parameter. Inputs: Given, Seed
	// ("init"). "" until the pass `step` has run.
	InitFn string `json:",omitempty"`

	Symbol string // the symbol of the batch dimension (class Batch); "" without a table
	All    bool   `json:",omitempty"` // batch all
	Batch  int64
	Order  string // shuffle or file
	Last   string // short or drop
	Steps  int64  `json:",omitempty"`
	Epochs int64  `json:",omitempty"`
	Seed   int64

	// SaveMillis and SaveSteps say how often a run that keeps its state saves
	// it, unless the command says so; both 0: after evaluations.
	SaveMillis, SaveSteps int64 `json:",omitempty"`

	Metrics []Metric
	Logs    []Log  `json:",omitempty"`
	Stop    *Stop  `json:",omitempty"`
	Keep    string // last, or the metric whose best is kept
	KeepMax bool   `json:",omitempty"`

	// History is what the program asks of the course of the training: the outputs
	// "TRAIN:history/loss" and "TRAIN:history/METRIC", whose one dimension, the
	// symbol "TRAIN.history", counts the evaluations and is known when it has ended.
	History []Output `json:",omitempty"`
	// Now is what logs ask of the step just taken: the outputs "TRAIN:now/step",
	// "…/epoch", "…/loss" and, of the last evaluation, "…/measured" (a bool: there
	// was one) and "…/metric.METRIC".
	Now []Output `json:",omitempty"`
}

// TrainParam is a trained parameter or running state. Its value after
// training is the output "TRAIN/PATH"; before training, "TRAIN:init/PATH".
type TrainParam struct {
	Path string
	Type Type
	// Init is a function of Given and Seed inputs with one result.
	Init string
	// Update, for a parameter: a function of (Plain p, Plain g, a Plain input
	// for each slot, then Step, Epoch, Given inputs) to (p', slots').
	Update string `json:",omitempty"`
	// Lazily: Update leaves rows without a gradient as they are, states included.
	Lazily bool        `json:",omitempty"`
	Slots  []Slot      `json:",omitempty"`
	Span   source.Span `json:"-"`
}

// Slot is a running value of an optimiser for one parameter; Init is a
// function of one Plain input, the parameter, plus Given inputs.
type Slot struct {
	Name string
	Type Type
	Init string
}

// Note: the step function. `step` assembles `@NAME.step` with inputs, in this
// order: a Weight for each parameter, a State for each state, Plain slots in
// order of parameters, the Col inputs of the loss (batched, leading dimension
// Symbol), Row (i64[Symbol]) if used, Given inputs, Seed if used, Step and
// Epoch if used. Results: the parameters, states and slots in the same order,
// then the mean loss of the batch (with the penalty added).

// Metric is a named number computed after each pass and at the end: the nodes
// with Every = the train node run in order, and Output is then its value.
type Metric struct {
	Name   string
	Output string
	Max    bool `json:",omitempty"` // greater is better
}

// Log is a file that grows while training: a row after each so many steps.
// The nodes with Every = LogOwner run in order, and give the row its values.
type Log struct {
	Format  string // csv jsonl
	Path    string
	Steps   int64
	Columns []LogColumn
	Span    source.Span `json:"-"`
}

// LogColumn is a column of a log; Present is the output, a bool, that says
// whether there is a value, "" if there always is.
type LogColumn struct {
	Name, Value string
	Present     string `json:",omitempty"`
}

// LogOwner is the Every of the nodes that compute the rows of log i of a training.
func LogOwner(train string, i int) string { return train + ":log." + strconv.Itoa(i) }

// TrainOf is the training that a node with Every belongs to.
func TrainOf(every string) string {
	train, _, _ := strings.Cut(every, ":")
	return train
}

// Stop ends training when a metric has not improved for Patience evaluations.
type Stop struct {
	Metric   string
	Patience int64
	Max      bool `json:",omitempty"`
}

// Write writes a result file. With Table, Fn is a row function and Columns
// say what goes out, a row at a time; otherwise Value does.
type Write struct {
	Format  string // csv json jsonl npy safetensors
	Path    string
	Cond    string        `json:",omitempty"` // output (bool) that says whether to write
	Table   string        `json:",omitempty"`
	Fn      string        `json:",omitempty"`
	Columns []WriteColumn `json:",omitempty"`
	Value   *Tree         `json:",omitempty"`
}

// WriteColumn is a column of a written table: result number Result of Fn (an Index over a
// category or keyed table prints as its text), or, where Result is -1, the
// text Fixed of the program, the first of First that is there, or the text
// field at path Text of the row.
type WriteColumn struct {
	Name   string
	Result int
	Text   string        `json:",omitempty"`
	Fixed  *string       `json:",omitempty"`
	First  []WriteColumn `json:",omitempty"`
	// Present is the number of the bool result that says whether the value is there, -1 if it always is.
	Present int
}

// IsField reports a column that is a text field of the row.
func (c *WriteColumn) IsField() bool { return c.Result < 0 && c.Fixed == nil && c.First == nil }

// EachPart calls f for the column and for everything that it may be.
func (c *WriteColumn) EachPart(f func(*WriteColumn)) {
	f(c)
	for i := range c.First {
		c.First[i].EachPart(f)
	}
}

// Print prints values in a row.
type Print struct{ Parts []Tree }

// Test holds assertions: Fn has no results and its assert operations fail.
type Test struct {
	Title string
	Fn    string
}

// Tree is a structured value: a text, a tensor (an output's name), or a
// record, tuple or list of trees.
type Tree struct {
	Text  *string  `json:",omitempty"`
	Value string   `json:",omitempty"`
	Names []string `json:",omitempty"` // record
	Items []Tree   `json:",omitempty"` // record, tuple or list
	// Each is an element of a list of records or tuples: the tensors in it have
	// the list as the next of their leading dimensions.
	Each *Tree `json:",omitempty"`
	// First is a value that is chosen as the program runs: the first that is there.
	First []Tree `json:",omitempty"`
	// Present is the output, a bool, that says whether there is a value; "" if there always is.
	Present string `json:",omitempty"`
}

// Inner are the trees directly inside of t.
func (t *Tree) Inner() []Tree {
	if t.Each != nil {
		return []Tree{*t.Each}
	}
	return append(t.Items[:len(t.Items):len(t.Items)], t.First...)
}

func (*SourceTable) Kind() string { return "source" }
func (*Category) Kind() string    { return "category" }
func (*Derive) Kind() string      { return "derive" }
func (*Reduce) Kind() string      { return "reduce" }
func (*Read) Kind() string        { return "read" }
func (*Compute) Kind() string     { return "compute" }
func (*Train) Kind() string       { return "train" }
func (*Write) Kind() string       { return "write" }
func (*Print) Kind() string       { return "print" }
func (*Test) Kind() string        { return "test" }
