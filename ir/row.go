package ir

import (
	"fmt"
	"reflect"
)

// Attrs is the typed struct of an operation's attributes; rows without any
// have nil. The structs stand in attrs.go; they print and parse by reflection.
type Attrs any

// Trait is a property of a row that passes ask for.
type Trait uint16

const (
	Elementwise Trait = 1 << iota // all operands and results have the same dims; Scalar or ScalarInt is its meaning
	Structural                    // moves elements, computes nothing
	Flat                          // derivative is zero wherever it exists
	Opaque                        // asking for its derivative is an error
	Commutative
	Control // has regions or calls; its rules derive those regions (in passes)
	Effect  // must not be removed though its results are unused
	Domain  // restricted domain: not moved out of or into a branch before derivatives are taken
	// Bilinear rows (mul, einsum) are linear in each operand while the others
	// are primal, never in two at once: Linear lists them all, and exactly one
	// of lin is true in Transpose.
	Bilinear
	// CrossRow rows see the other rows of a batch: their Batch must be called
	// though no operand is batched, once rows is true.
	CrossRow
)

// Row is one operation: its whole meaning. Everything else about an operation
// (builder check, printing, reading, interpreting, folding, batching,
// differentiating, testing, documenting) derives from the row.
type Row struct {
	Name   string
	Doc    string // one sentence
	Family string
	Traits Trait
	Attrs  Attrs // a zero value of the row's attribute struct, nil for none

	// Type computes the result types from operands, attributes and regions.
	Type func(op *Op) ([]Type, error)
	// TypeIn is the type rule of rows that must look at the module (call);
	// their Type repeats the types of the results that the op already has.
	TypeIn func(m *Module, op *Op) ([]Type, error)

	// Scalar and ScalarInt are the meaning of an elementwise row on float
	// operands (computed in f64) and on integer, bool and index operands
	// (bools are 0 and 1). ScalarInt may fail: overflow, division by zero.
	Scalar    func(op *Op, x []float64) float64
	ScalarInt func(op *Op, x []int64) (int64, error)

	// Eval is the meaning of every other row but the Control ones.
	Eval func(e *Evaluator, op *Op, in []*Tensor) ([]*Tensor, error)

	// Tangent gives the tangents of the results (nil is zero) from those of
	// the operands (nil is zero; at least one is not). It may use the primal
	// operands and results freely but, on tangents, only operations that are
	// linear in them: add, sub, neg, mul/einsum/select by a primal, structure,
	// gather, scatter_add, reduce_sum. Never division by a primal.
	Tangent func(b *Builder, op *Op, t []*Value) []*Value

	// Linear says which operands the row is linear in together (all others
	// must be primal); Transpose pushes cotangents of the results (nil is
	// zero; at least one is not) to those operands. lin[i] is true for the
	// operands that do carry tangents; of these, and of the results, a rule
	// uses the type alone.
	Linear    func(op *Op) []bool
	Transpose func(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator)

	// Batch applies the row once for each element of a new leading dimension
	// d. in[i] has d in front exactly where on[i]; of the operands of op itself
	// a rule uses the type alone. The default for Elementwise rows, set when
	// the row is added, broadcasts the rest. rows is true for a batch over the
	// rows of a table, false for any other (comprehensions, basis vectors).
	Batch func(b *Builder, op *Op, in []*Value, on []bool, d Dim, rows bool) (out []*Value, outOn []bool)

	// Safe lists operands that must be replaced where a lane is off, because a
	// bad one is unsafe and not just NaN: operand number to the value used.
	// Op.SafeOperands leaves out those that are harmless in the op at hand.
	Safe map[int]float64
	// Total reports that op can fail on no operand, though its row lists some
	// in Safe; nil where that depends on the kinds alone.
	Total func(op *Op) bool

	// Flops counts the operations for given sizes of dimensions.
	Flops func(op *Op, size func(Dim) int64) int64

	// Samples are instances that generate the tests of the row.
	Samples func() []Sample

	// Set when the row is added.
	number int
	dims   bool // the attributes can hold dimensions
	plain  bool // they are == exactly where they have the same text
}

// Sample is one instance of a row to test: operand types, attributes and, for
// each float operand, an interval to draw from (ordinary points), plus
// singular points with the documented derivative, if any.
type Sample struct {
	Operands []Type
	Attrs    Attrs
	Lo, Hi   []float64        // by operand; the default is [-2, 2]
	Ints     [][]int64        // by operand: values for integer operands, drawn at random where nil
	Regions  func(b *Builder) // reserved for control rows
	Singular []Singular
}

// Singular is a point where the derivative is a matter of definition (a kink,
// a tie, the border of the domain), with the value documented: At and Want
// hold the elements of each operand, none of an index, and of the gradient, with
// respect to it, of the sum of the results.
type Singular struct{ At, Want [][]float64 }

// Accumulator receives cotangents of operands in a Transpose rule.
type Accumulator interface {
	// Add adds v to the cotangent of operand i.
	Add(i int, v *Value)
	// Into lets an operation that updates in place do the adding: f gets the
	// accumulator so far (zeros where nothing was added) and returns it with
	// its contribution added (scatter_add, slice_add).
	Into(i int, f func(acc *Value) *Value)
}

// Has reports whether the row has all of the given traits.
func (r *Row) Has(t Trait) bool { return r.Traits&t == t }

var (
	table  = map[string]*Row{}
	listed []*Row
)

// addRow registers a row; each family's file does so from init, since the
// rules refer to the builder and the builder to the table.
func addRow(rs ...Row) {
	for i := range rs {
		r := rs[i]
		if table[r.Name] != nil {
			panic("ir: two rows named " + r.Name)
		}
		checkAttrs(&r)
		r.number = len(listed)
		r.dims = r.Attrs != nil && hasDims(reflect.TypeOf(r.Attrs))
		r.plain = r.Attrs != nil && plainAttrs(reflect.TypeOf(r.Attrs))
		if r.Batch == nil && r.Has(Elementwise) {
			r.Batch = batchElementwise
		}
		table[r.Name] = &r
		listed = append(listed, &r)
	}
}

// checkAttrs puts a check of the attribute struct before the type rule, so
// that the rules may rely on it.
func checkAttrs(r *Row) {
	rule, want := r.Type, reflect.TypeOf(r.Attrs)
	r.Type = func(op *Op) ([]Type, error) {
		if got := reflect.TypeOf(op.Attrs); got != want {
			return nil, fmt.Errorf("attributes are %v, expected %v", got, want)
		}
		return rule(op)
	}
}

// Types computes the result types of op, whose row is r, in module m.
func (r *Row) Types(m *Module, op *Op) ([]Type, error) {
	if r.TypeIn != nil {
		return r.TypeIn(m, op)
	}
	return r.Type(op)
}

// RowOf is the row of that name, nil where there is none.
func RowOf(name string) *Row { return table[name] }

// Rows is the whole table in order of declaration.
func Rows() []*Row { return listed }
