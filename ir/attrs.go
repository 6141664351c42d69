package ir

// The attribute structs of the rows. Fields print as `{axis 0, batch_dims 1}`
// in order; the reader and printer know the field types used here: bool, int,
// int64, float64, string, Kind, Type, Dim, lists of these, and []Request.

// ConstAttrs is a constant tensor: T is its type, and F (floats) or I (ints,
// bools as 0 and 1, indices) its elements row by row; one element stands for
// all. Floats of kind F32 are already rounded.
type ConstAttrs struct {
	T Type
	F []float64
	I []int64
}

// IotaAttrs is the vector 0, 1, … of type index<N>[N].
type IotaAttrs struct{ N Dim }

// SizeAttrs is the actual size of a dimension as a scalar of kind K.
type SizeAttrs struct {
	N Dim
	K Kind
}

// KindAttrs is the kind of a scalar result: cross_count.
type KindAttrs struct{ K Kind }

// NAttrs is a small integer: the exponent of powi, the order of polygamma.
type NAttrs struct{ N int64 }

// CmpAttrs names a comparison: eq ne lt le gt ge.
type CmpAttrs struct{ Pred string }

// ConvertAttrs is the kind converted to. Floats to integers truncate toward
// zero (checked: out of range or NaN is an error); to Index, values outside
// Bound are an error; to Bool, not zero.
type ConvertAttrs struct {
	K     Kind
	Bound Dim
}

// BroadcastAttrs: result dims, and for each operand axis the result axis it
// becomes, increasing.
type BroadcastAttrs struct {
	Dims []Dim
	Axes []int
}

// ReshapeAttrs: result dims; the same number of elements in the same order.
type ReshapeAttrs struct{ Dims []Dim }

// TransposeAttrs: result axis i is operand axis Perm[i].
type TransposeAttrs struct{ Perm []int }

// SliceAttrs: by axis, where it starts, how many elements, and the step.
type SliceAttrs struct {
	Starts, Sizes []Dim
	Steps         []int64
}

// PadAttrs: zeros before and after, by axis.
type PadAttrs struct{ Before, After []Dim }

// AxisAttrs names one axis: concat, argmax, reverse.
type AxisAttrs struct{ Axis int }

// AxesAttrs names axes, increasing: the reductions. They are removed.
type AxesAttrs struct{ Axes []int }

// CumAttrs: running sum along Axis, from the end if Reverse, without the
// element itself if Exclusive.
type CumAttrs struct {
	Axis               int
	Reverse, Exclusive bool
}

// GatherAttrs: result = src[:Axis] ++ idx[BatchDims:] ++ src[Axis+1:], where
// the first BatchDims ≤ Axis dimensions of src and idx run together. idx is an
// index<src.dims[Axis]>.
type GatherAttrs struct{ Axis, BatchDims int }

// SliceAddAttrs: acc[Starts : Starts+dims(upd)] += upd.
type SliceAddAttrs struct{ Starts []Dim }

// EinsumAttrs is a contraction of one or two operands by labels, "bij,bjk->bik".
// No label twice in one operand; every output label stands in an operand.
type EinsumAttrs struct{ Spec string }

// UniformAttrs: uniform numbers in (0,1) of kind K and Dims behind those of the key.
type UniformAttrs struct {
	K    Kind
	Dims []Dim
}

// Request is a transform asked for at a call; `derive` realises it.
//
//	jvp   in: which parameters carry tangents. Parameters: all of f's, then a
//	      tangent for each in. Results: all of f's, then a tangent for each
//	      float result.
//	vjp   in: which parameters get cotangents; out: which results carry them
//	      (nil: every float result). Parameters: all of f's, then a cotangent
//	      for each out. Results: all of f's, then a cotangent for each in.
//	batch in: which parameters have the leading dimension D. Results: all with it.
//	      Rows: D is rows of a table (cross_sum reduces), not a comprehension.
type Request struct {
	Kind    string
	In, Out []bool
	D       Dim
	Rows    bool
}

// CallAttrs: the function called, and transforms applied to it, innermost first.
type CallAttrs struct {
	Fn  string
	Req []Request
}

// CondAttrs: nothing to say. Operands: predicate, captures. Two regions with
// the captures as parameters and the same result types. A predicate with
// dimensions P (a batched branch) demands that every result begins with P;
// each lane then takes its side. A capture that begins with as many dimensions
// as P has, each the one of P or 1, carries the lanes of those that are not 1;
// any other carries none (see Note: lanes, in passes).
type CondAttrs struct{}

// ScanAttrs: operands are Captures, then Carries, then Xs (each with Count
// leading), and nothing else. Region parameters: captures, carries, one slice
// of each x. Region results: new carries, then ys. Results: final carries,
// then ys stacked with Count leading. Reverse runs (and stacks) from the last
// element to the first: ys[i] belongs to xs[i] either way.
type ScanAttrs struct {
	Count                 Dim
	Captures, Carries, Xs int
	Reverse               bool
}

// MapAttrs: a comprehension. Operands: Captures, then Xs with Count leading.
// Region parameters: captures, slices. Results: stacked with Count leading.
type MapAttrs struct {
	Count        Dim
	Captures, Xs int
}

// StopAttrs: Reason is shown where a gradient is found to be cut; "" for a
// stop(x) that the program wrote.
type StopAttrs struct{ Reason string }

// AssertAttrs: the message when the predicate (any dims) is false somewhere.
type AssertAttrs struct{ Message string }
