package ir

import (
	"fmt"
	"strings"
)

// What the rules of many rows share: checks of types, broadcasts, batching.

// kindSet is a set of kinds, a bit each.
type kindSet uint16

const (
	floatKinds   kindSet = 1<<F32 | 1<<F64
	intKinds     kindSet = 1<<I32 | 1<<I64
	storageKinds kindSet = 1<<U8 | 1<<I8 | 1<<U16 | 1<<I16
	numberKinds          = floatKinds | intKinds
	boolKind     kindSet = 1 << Bool
	indexKind    kindSet = 1 << Index
	keyKind      kindSet = 1 << Key
	dataKinds            = numberKinds | storageKinds | boolKind | indexKind
	allKinds             = dataKinds | keyKind
)

func (s kindSet) has(k Kind) bool { return s>>k&1 == 1 }

// String lists the kinds: "f32, f64, i32 or i64".
func (s kindSet) String() string {
	var names []string
	for k := F32; k <= Key; k++ {
		if s.has(k) {
			names = append(names, k.String())
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return strings.Join(names, "")
}

// typeOf is the type of operand i.
func (op *Op) typeOf(i int) Type { return op.Operands[i].Type }

// wantCount checks the number of operands.
func wantCount(op *Op, n int) error {
	if got := len(op.Operands); got != n {
		return fmt.Errorf("takes %s, got %d", counted(n, "operand"), got)
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// wantKind checks the kind of operand i.
func wantKind(op *Op, i int, s kindSet) error {
	if t := op.typeOf(i); !s.has(t.Kind) {
		return fmt.Errorf("operand %d is %s; its kind must be %s", i, t, s)
	}
	return nil
}

// wantSame checks that operand i has the type of operand j.
func wantSame(op *Op, i, j int) error {
	if a, b := op.typeOf(i), op.typeOf(j); !a.Equal(b) {
		return fmt.Errorf("operand %d is %s but operand %d is %s; they must be the same", i, a, j, b)
	}
	return nil
}

// wantType checks the type of operand i.
func wantType(op *Op, i int, t Type) error {
	if got := op.typeOf(i); !got.Equal(t) {
		return fmt.Errorf("operand %d is %s, expected %s", i, got, t)
	}
	return nil
}

// wantAxis checks that axis is one of t.
func wantAxis(axis int, t Type) error {
	if axis < 0 || axis >= t.Rank() {
		return fmt.Errorf("axis %d is none of %s", axis, t)
	}
	return nil
}

// wantAxes checks that axes are axes of t, increasing and at least one.
func wantAxes(axes []int, t Type) error {
	if len(axes) == 0 {
		return fmt.Errorf("no axis given")
	}
	for i, a := range axes {
		if err := wantAxis(a, t); err != nil {
			return err
		}
		if i > 0 && axes[i-1] >= a {
			return fmt.Errorf("axes %v do not increase", axes)
		}
	}
	return nil
}

// first is the first error that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sameType is the rule of rows whose n operands and result have one type, of
// a kind in s.
func sameType(n int, s kindSet) func(op *Op) ([]Type, error) {
	return func(op *Op) ([]Type, error) {
		if err := wantCount(op, n); err != nil {
			return nil, err
		}
		for i := range op.Operands {
			if err := first(wantKind(op, i, s), wantSame(op, i, 0)); err != nil {
				return nil, err
			}
		}
		return []Type{op.typeOf(0)}, nil
	}
}

// attrsOf is the attributes of op, of the type that its row has.
func attrsOf[T any](op *Op) T { return op.Attrs.(T) }

// constant is the float x with the type of v.
func constant(b *Builder, v *Value, x float64) *Value { return b.Float(v.Type, x) }

// addTangents adds two tangents, either of which may be nil.
func addTangents(b *Builder, x, y *Value) *Value {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return b.Add(x, y)
}

// scale multiplies a tangent, which may be nil, by a primal factor that is
// only built where there is a tangent.
func scale(b *Builder, t *Value, by func() *Value) *Value {
	if t == nil {
		return nil
	}
	return b.Mul(t, by())
}

// linearMap is the tangent rule of rows with one linear operand, the first:
// the same operation on the tangent.
func linearMap(b *Builder, op *Op, t []*Value) []*Value {
	if t[0] == nil {
		return []*Value{nil}
	}
	in := append([]*Value{t[0]}, op.Operands[1:]...)
	return b.Op(op.Row.Name, op.Attrs, in...)
}

// linearIn makes a Linear rule of fixed answers.
func linearIn(which ...bool) func(*Op) []bool {
	return func(*Op) []bool { return which }
}

// rebuild applies the row of op to other operands.
func rebuild(b *Builder, op *Op, in []*Value) []*Value {
	return b.OpWith(op.Row.Name, op.Attrs, op.Regions, in...)
}

// lead is v with d in front: as it is where on, broadcast otherwise.
func lead(b *Builder, v *Value, on bool, d Dim) *Value {
	if on {
		return v
	}
	return b.Spread(v, d)
}

// leadAll is lead of every operand.
func leadAll(b *Builder, in []*Value, on []bool, d Dim) []*Value {
	out := make([]*Value, len(in))
	for i, v := range in {
		out[i] = lead(b, v, on[i], d)
	}
	return out
}

// allOn says of n results that they are batched.
func allOn(n int) []bool {
	on := make([]bool, n)
	for i := range on {
		on[i] = true
	}
	return on
}

func anyOn(on []bool) bool {
	for _, o := range on {
		if o {
			return true
		}
	}
	return false
}

// batchElementwise broadcasts what is not batched and applies the same row.
func batchElementwise(b *Builder, op *Op, in []*Value, on []bool, d Dim, _ bool) ([]*Value, []bool) {
	if !anyOn(on) {
		return batchNone(b, op, in, on, d, false)
	}
	out := rebuild(b, op, leadAll(b, in, on, d))
	return out, allOn(len(out))
}

// batchNone is the rule of rows without operands: nothing is batched.
func batchNone(b *Builder, op *Op, in []*Value, _ []bool, _ Dim, _ bool) ([]*Value, []bool) {
	out := rebuild(b, op, in)
	return out, make([]bool, len(out))
}

// batchShift is the rule of rows whose attributes count axes: with every
// operand batched they move by one.
func batchShift(shift func(op *Op, d Dim) Attrs) func(*Builder, *Op, []*Value, []bool, Dim, bool) ([]*Value, []bool) {
	return func(b *Builder, op *Op, in []*Value, on []bool, d Dim, _ bool) ([]*Value, []bool) {
		if !anyOn(on) {
			return batchNone(b, op, in, on, d, false)
		}
		out := b.Op(op.Row.Name, shift(op, d), leadAll(b, in, on, d)...)
		return out, allOn(len(out))
	}
}

// shiftAxes is axes, each one greater.
func shiftAxes(axes []int) []int {
	out := make([]int, len(axes))
	for i, a := range axes {
		out[i] = a + 1
	}
	return out
}

// dimsWith is dims with d in front, in new memory.
func dimsWith(d Dim, dims []Dim) []Dim { return append([]Dim{d}, dims...) }

// without is dims without the given axes, which increase.
func without(dims []Dim, axes ...int) []Dim {
	out := []Dim{}
	for i, d := range dims {
		if len(axes) > 0 && axes[0] == i {
			axes = axes[1:]
			continue
		}
		out = append(out, d)
	}
	return out
}

// otherAxes is the axes below rank that are not in axes, which increase.
func otherAxes(rank int, axes []int) []int {
	out := []int{}
	for i := 0; i < rank; i++ {
		if len(axes) > 0 && axes[0] == i {
			axes = axes[1:]
			continue
		}
		out = append(out, i)
	}
	return out
}

// product is the number of elements of something with these dims.
func product(dims []Dim) Dim {
	n := N(1)
	for _, d := range dims {
		n = n.Mul(d)
	}
	return n
}

// permute transposes v so that result axis i is operand axis perm[i]; v
// itself where nothing moves.
func permute(b *Builder, v *Value, perm []int) *Value {
	for i, p := range perm {
		if i != p {
			return b.One("transpose", TransposeAttrs{perm}, v)
		}
	}
	return v
}

// moveAxis is v with one axis brought to another place.
func moveAxis(b *Builder, v *Value, from, to int) *Value {
	perm := otherAxes(v.Type.Rank(), []int{from})
	perm = append(perm[:to], append([]int{from}, perm[to:]...)...)
	return permute(b, v, perm)
}

// reshape gives v other dims; v itself where they are the same.
func reshape(b *Builder, v *Value, dims []Dim) *Value {
	if EqualDims(v.Type.Dims, dims) {
		return v
	}
	return b.One("reshape", ReshapeAttrs{dims}, v)
}

// spreadAxes undoes the removal of axes: v, which lacks them, repeated along
// them up to dims.
func spreadAxes(b *Builder, v *Value, dims []Dim, axes []int) *Value {
	return b.Broadcast(v, dims, otherAxes(len(dims), axes)...)
}

// floatOf is a bool value as numbers 0 and 1 of float kind k.
func floatOf(b *Builder, v *Value, k Kind) *Value {
	return b.One("convert", ConvertAttrs{K: k}, v)
}

// zeroDims is n dimensions 0, as starts and paddings.
func zeroDims(n int) []Dim {
	out := make([]Dim, n)
	for i := range out {
		out[i] = N(0)
	}
	return out
}

// ones is n steps of 1.
func ones(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// count is the number of elements of t for given sizes.
func count(t Type, size func(Dim) int64) int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= size(d)
	}
	return n
}

// flopsOut counts k operations for each element of the first result.
func flopsOut(k int64) func(*Op, func(Dim) int64) int64 {
	return func(op *Op, size func(Dim) int64) int64 { return k * count(op.Results[0].Type, size) }
}

// flopsIn counts k operations for each element of operand i.
func flopsIn(i int, k int64) func(*Op, func(Dim) int64) int64 {
	return func(op *Op, size func(Dim) int64) int64 { return k * count(op.typeOf(i), size) }
}

// flopsNone is for rows that move elements.
func flopsNone(*Op, func(Dim) int64) int64 { return 0 }

// SafeOperands is Row.Safe without what is harmless in this operation: float
// operands, which yield an infinity or NaN at worst, except where one is
// converted to a kind that cannot hold them; and any operand where the row says
// that this operation is total.
func (op *Op) SafeOperands() map[int]float64 {
	out := map[int]float64{}
	if op.Row.Total != nil && op.Row.Total(op) {
		return out
	}
	for i, x := range op.Row.Safe {
		if op.typeOf(i).IsFloat() && (len(op.Results) == 0 || op.Results[0].Type.IsFloat()) {
			continue
		}
		out[i] = x
	}
	return out
}

// Flat reports whether the derivative of op is zero wherever it exists: its
// row is flat, or no result is a float.
func (op *Op) Flat() bool {
	if op.Row.Has(Flat) {
		return true
	}
	for _, r := range op.Results {
		if r.Type.IsFloat() {
			return false
		}
	}
	return true
}

// vec is a sample type: f64 with constant dimensions.
func vec(dims ...int64) Type { return Type{Kind: F64, Dims: dimsOf(dims...)} }

func dimsOf(ns ...int64) []Dim {
	var out []Dim
	for _, n := range ns {
		out = append(out, N(n))
	}
	return out
}

// within makes Lo or Hi of a sample: the same bound for n operands.
func within(n int, x float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x
	}
	return out
}
