package ir

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
	// operands that do carry tangents.
	Linear    func(op *Op) []bool
	Transpose func(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator)

	// Batch applies the row once for each element of a new leading dimension
	// d. in[i] has d in front exactly where on[i]. The default for
	// Elementwise rows broadcasts the rest. rows is true for a batch over the
	// rows of a table, false for any other (comprehensions, basis vectors).
	Batch func(b *Builder, op *Op, in []*Value, on []bool, d Dim, rows bool) (out []*Value, outOn []bool)

	// Safe lists operands that must be replaced where a lane is off, because a
	// bad one is unsafe and not just NaN: operand number to the value used.
	Safe map[int]float64

	// Flops counts the operations for given sizes of dimensions.
	Flops func(op *Op, size func(Dim) int64) int64

	// Samples are instances that generate the tests of the row.
	Samples func() []Sample
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
}

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
		table[r.Name] = &r
		listed = append(listed, &r)
	}
}

// RowOf is the row of that name, nil where there is none.
func RowOf(name string) *Row { return table[name] }

// Rows is the whole table in order of declaration.
func Rows() []*Row { return listed }
