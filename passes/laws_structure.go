package passes

import (
	"slices"

	"github.com/dfc-lang/dfc/ir"
)

// Laws about operations that move elements.

var structureLaws = []Law{
	{Name: "move-nothing", Says: "a broadcast, reshape, transpose, slice or pad that changes nothing is its operand",
		On: []string{"broadcast", "reshape", "transpose", "slice", "pad", "concat"}, Apply: moveNothing},
	{Name: "broadcast-broadcast", Says: "two broadcasts are one", On: []string{"broadcast"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x := op.Operands[0]
		if !is(x, "broadcast") {
			return nil
		}
		inner, outer := x.Def.Attrs.(ir.BroadcastAttrs), op.Attrs.(ir.BroadcastAttrs)
		axes := make([]int, len(inner.Axes))
		for i, a := range inner.Axes {
			axes[i] = outer.Axes[a]
		}
		return one(w.b.One("broadcast", ir.BroadcastAttrs{Dims: outer.Dims, Axes: axes}, x.Def.Operands[0]))
	}},
	{Name: "broadcast-ones", Says: "a broadcast that adds dimensions 1 only is a reshape", On: []string{"broadcast"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		a := op.Attrs.(ir.BroadcastAttrs)
		for _, i := range added(a) {
			if a.Dims[i] != ir.N(1) {
				return nil
			}
		}
		return one(w.b.One("reshape", ir.ReshapeAttrs{Dims: a.Dims}, op.Operands[0]))
	}},
	{Name: "reshape-reshape", Says: "two reshapes are the second", On: []string{"reshape"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if x := op.Operands[0]; is(x, "reshape") {
			return one(w.b.One("reshape", op.Attrs, x.Def.Operands[0]))
		}
		return nil
	}},
	{Name: "transpose-transpose", Says: "two transposes are one", On: []string{"transpose"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x := op.Operands[0]
		if !is(x, "transpose") {
			return nil
		}
		inner, outer := x.Def.Attrs.(ir.TransposeAttrs).Perm, op.Attrs.(ir.TransposeAttrs).Perm
		perm := make([]int, len(outer))
		for i, p := range outer {
			perm[i] = inner[p]
		}
		return one(w.b.One("transpose", ir.TransposeAttrs{Perm: perm}, x.Def.Operands[0]))
	}},
	{Name: "transpose-broadcast", Says: "a transpose that leaves the broadcast axes in order is a broadcast", On: []string{"transpose"}, Apply: transposeBroadcast},
	{Name: "slice-slice", Says: "two slices are one", On: []string{"slice"}, Apply: sliceSlice},
	{Name: "slice-concat", Says: "a slice of one of those that stand behind each other is a slice of that one", On: []string{"slice"}, Apply: sliceConcat},
	{Name: "parts-concat", Says: "parts added to nothing, each at its place along an axis, until it is full, stand behind each other", Class: Reorder,
		On: []string{"slice_add"}, Apply: partsConcat},
	{Name: "slice-broadcast", Says: "a slice along axes that were repeated repeats less often", On: []string{"slice"}, Apply: sliceBroadcast},
	{Name: "reverse-reverse", Says: "reversed twice is as it was", On: []string{"reverse"}, Apply: func(_ *rewriter, op *ir.Op) []*ir.Value {
		if x := op.Operands[0]; is(x, "reverse") && x.Def.Attrs == op.Attrs {
			return one(x.Def.Operands[0])
		}
		return nil
	}},
	{Name: "elementwise-broadcast", Says: "f(repeated x, repeated y) = repeated f(x, y)", Apply: elementwiseBroadcast},
	{Name: "gather-all", Says: "a[0, 1, …, n-1] = a", On: []string{"gather"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		a := op.Attrs.(ir.GatherAttrs)
		src, idx := op.Operands[0], op.Operands[1]
		if a.BatchDims == 0 && is(idx, "iota") && src.Type.Dims[a.Axis] == idx.Type.Dims[0] {
			return one(src)
		}
		return nil
	}},
	{Name: "gather-known", Says: "a[3] is a slice", On: []string{"gather"}, Apply: gatherKnown},
	{Name: "reduce-ones", Says: "reducing axes of size 1 is a reshape", Class: Reorder, On: []string{"reduce_sum", "reduce_max", "reduce_prod"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		for _, i := range op.Attrs.(ir.AxesAttrs).Axes {
			if op.Operands[0].Type.Dims[i] != ir.N(1) {
				return nil
			}
		}
		return one(w.b.One("reshape", ir.ReshapeAttrs{Dims: op.Results[0].Type.Dims}, op.Operands[0]))
	}},
	{Name: "sum-sum", Says: "a sum of sums is one sum", Class: Reorder, On: []string{"reduce_sum"}, Apply: sumSum},
	{Name: "sum-repeated", Says: "the sum of n times x is n·x", Class: Reorder, On: []string{"reduce_sum"}, Apply: sumRepeated},
	{Name: "max-repeated", Says: "the greatest of n ≥ 1 times x is the greatest of x", Class: Reorder, On: []string{"reduce_max"}, Apply: maxRepeated},
}

// added is the axes that a broadcast adds.
func added(a ir.BroadcastAttrs) []int {
	var out []int
	for i := range a.Dims {
		if !slices.Contains(a.Axes, i) {
			out = append(out, i)
		}
	}
	return out
}

func moveNothing(_ *rewriter, op *ir.Op) []*ir.Value {
	if len(op.Operands) != 1 || !op.Operands[0].Type.Equal(op.Results[0].Type) {
		return nil
	}
	switch a := op.Attrs.(type) {
	case ir.TransposeAttrs:
		for i, p := range a.Perm {
			if p != i {
				return nil
			}
		}
	case ir.SliceAttrs:
		for i, n := range a.Steps {
			if n != 1 && a.Sizes[i] != ir.N(1) && a.Sizes[i] != ir.N(0) {
				return nil
			}
		}
	}
	return one(op.Operands[0])
}

func transposeBroadcast(w *rewriter, op *ir.Op) []*ir.Value {
	x, perm := op.Operands[0], op.Attrs.(ir.TransposeAttrs).Perm
	if !is(x, "broadcast") {
		return nil
	}
	a := x.Def.Attrs.(ir.BroadcastAttrs)
	axes := make([]int, len(a.Axes))
	for i, p := range perm {
		for j, k := range a.Axes {
			if k == p {
				axes[j] = i
			}
		}
	}
	for i := 1; i < len(axes); i++ {
		if axes[i-1] >= axes[i] {
			return nil
		}
	}
	return one(w.b.One("broadcast", ir.BroadcastAttrs{Dims: op.Results[0].Type.Dims, Axes: axes}, x.Def.Operands[0]))
}

func sliceSlice(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "slice") {
		return nil
	}
	in, out := x.Def.Attrs.(ir.SliceAttrs), op.Attrs.(ir.SliceAttrs)
	a := ir.SliceAttrs{Sizes: out.Sizes}
	for i := range in.Starts {
		a.Starts = append(a.Starts, in.Starts[i].Add(out.Starts[i].Mul(ir.N(in.Steps[i]))))
		a.Steps = append(a.Steps, in.Steps[i]*out.Steps[i])
	}
	return one(w.b.One("slice", a, x.Def.Operands[0]))
}

func sliceConcat(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "concat") {
		return nil
	}
	axis, a := x.Def.Attrs.(ir.AxisAttrs).Axis, op.Attrs.(ir.SliceAttrs)
	from, ok := a.Starts[axis].Const()
	size, ok2 := a.Sizes[axis].Const()
	if !ok || !ok2 || size < 1 {
		return nil
	}
	last := from + (size-1)*a.Steps[axis]
	before := int64(0)
	for _, y := range x.Def.Operands {
		n, ok := y.Type.Dims[axis].Const()
		if !ok || from < before {
			return nil
		}
		if last < before+n && from >= before {
			a.Starts = slices.Clone(a.Starts)
			a.Starts[axis] = ir.N(from - before)
			return one(w.b.One("slice", a, y))
		}
		before += n
	}
	return nil
}

// partsConcat looks for a chain of slice_adds that begins with zeros and in
// which every element is added to once, as the cotangent of what is read in
// parts is.
func partsConcat(w *rewriter, op *ir.Op) []*ir.Value {
	parts, axis, full := map[ir.Dim]*ir.Value{}, -1, op.Results[0].Type
	x := op.Results[0]
	for ; is(x, "slice_add"); x = x.Def.Operands[0] {
		part, starts := x.Def.Operands[1], x.Def.Attrs.(ir.SliceAddAttrs).Starts
		for i, d := range part.Type.Dims {
			if d == full.Dims[i] {
				continue
			}
			if axis >= 0 && axis != i {
				return nil
			}
			axis = i
		}
		if axis < 0 || parts[starts[axis]] != nil {
			return nil
		}
		parts[starts[axis]] = part
	}
	if axis < 0 || !isSplat(x, 0) {
		return nil
	}
	var in []*ir.Value
	at := ir.N(0)
	for len(in) < len(parts) {
		part := parts[at]
		if part == nil || part.Type.Dims[axis] == ir.N(0) {
			return nil
		}
		in, at = append(in, part), at.Add(part.Type.Dims[axis])
	}
	if at != full.Dims[axis] {
		return nil
	}
	return one(w.b.One("concat", ir.AxisAttrs{Axis: axis}, in...))
}

func sliceBroadcast(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "broadcast") {
		return nil
	}
	a, s := x.Def.Attrs.(ir.BroadcastAttrs), op.Attrs.(ir.SliceAttrs)
	var inner ir.SliceAttrs
	for _, i := range a.Axes {
		inner.Starts, inner.Sizes, inner.Steps = append(inner.Starts, s.Starts[i]), append(inner.Sizes, s.Sizes[i]), append(inner.Steps, s.Steps[i])
	}
	y := x.Def.Operands[0]
	if len(a.Axes) > 0 {
		y = w.b.One("slice", inner, y)
	}
	return one(w.b.One("broadcast", ir.BroadcastAttrs{Dims: op.Results[0].Type.Dims, Axes: a.Axes}, y))
}

// elementwiseBroadcast computes before repeating, where all operands repeat
// along the same axes or are one number throughout.
func elementwiseBroadcast(w *rewriter, op *ir.Op) []*ir.Value {
	if !op.Row.Has(ir.Elementwise) || op.Row.Has(ir.Effect) || len(op.Results) != 1 {
		return nil
	}
	var a *ir.BroadcastAttrs
	for _, x := range op.Operands {
		if _, ok := splat(x); ok {
			continue
		}
		if !is(x, "broadcast") {
			return nil
		}
		b := x.Def.Attrs.(ir.BroadcastAttrs)
		if a != nil && !slices.Equal(a.Axes, b.Axes) {
			return nil
		}
		a = &b
	}
	if a == nil {
		return nil
	}
	var small []*ir.Value
	var dims []ir.Dim
	for _, i := range a.Axes {
		dims = append(dims, a.Dims[i])
	}
	for _, x := range op.Operands {
		if _, ok := splat(x); ok {
			c := x.Def.Attrs.(ir.ConstAttrs)
			c.T = c.T.WithDims(dims...)
			small = append(small, w.constant(c)[0])
		} else {
			small = append(small, x.Def.Operands[0])
		}
	}
	y := w.b.One(op.Row.Name, op.Attrs, small...)
	return one(w.b.One("broadcast", ir.BroadcastAttrs{Dims: op.Results[0].Type.Dims, Axes: a.Axes}, y))
}

func gatherKnown(w *rewriter, op *ir.Op) []*ir.Value {
	a := op.Attrs.(ir.GatherAttrs)
	src, idx := op.Operands[0], op.Operands[1]
	n, ok := splat(idx)
	if !ok || idx.Type.Rank() > 0 || a.BatchDims > 0 {
		return nil
	}
	var s ir.SliceAttrs
	for i, d := range src.Type.Dims {
		start := ir.N(0)
		if i == a.Axis {
			start, d = ir.N(int64(n)), ir.N(1)
		}
		s.Starts, s.Sizes, s.Steps = append(s.Starts, start), append(s.Sizes, d), append(s.Steps, 1)
	}
	return one(w.b.One("reshape", ir.ReshapeAttrs{Dims: op.Results[0].Type.Dims}, w.b.One("slice", s, src)))
}

func sumSum(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "reduce_sum") || w.uses(x) > 1 {
		return nil
	}
	inner, outer := x.Def.Attrs.(ir.AxesAttrs).Axes, op.Attrs.(ir.AxesAttrs).Axes
	var left, axes []int
	for i := range x.Def.Operands[0].Type.Dims {
		if !slices.Contains(inner, i) {
			left = append(left, i)
		}
	}
	for i := range x.Def.Operands[0].Type.Dims {
		gone := slices.Contains(inner, i)
		for _, o := range outer {
			gone = gone || left[o] == i
		}
		if gone {
			axes = append(axes, i)
		}
	}
	return one(w.b.Sum(x.Def.Operands[0], axes...))
}

func sumRepeated(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "broadcast") || !x.Type.IsFloat() {
		return nil
	}
	a := x.Def.Attrs.(ir.BroadcastAttrs)
	n := ir.N(1)
	var sum []int // of the axes of what was repeated
	for _, i := range op.Attrs.(ir.AxesAttrs).Axes {
		if !slices.Contains(a.Axes, i) {
			n = n.Mul(a.Dims[i])
		}
	}
	if n == ir.N(1) || n == ir.N(0) {
		return nil
	}
	var axes []int
	at := 0
	for i := range a.Dims {
		gone := slices.Contains(op.Attrs.(ir.AxesAttrs).Axes, i)
		for j, k := range a.Axes {
			if k == i && gone {
				sum = append(sum, j)
			} else if k == i {
				axes = append(axes, at)
			}
		}
		if !gone {
			at++
		}
	}
	y := w.b.Sum(x.Def.Operands[0], sum...)
	y = w.b.Mul(y, w.b.Spread(w.b.One("size", ir.SizeAttrs{N: n, K: y.Type.Kind}), y.Type.Dims...))
	return one(w.b.Broadcast(y, op.Results[0].Type.Dims, axes...))
}

// maxRepeated takes the greatest along the axes of x before they are repeated.
// Of the axes that repeat, those stay of which it is not known that they have
// an element.
func maxRepeated(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "broadcast") {
		return nil
	}
	a := x.Def.Attrs.(ir.BroadcastAttrs)
	var dims []ir.Dim
	var own, rest, axes []int // of x, of the new reduction, of the new broadcast
	for i, d := range a.Dims {
		j, gone := slices.Index(a.Axes, i), slices.Contains(op.Attrs.(ir.AxesAttrs).Axes, i)
		n, known := d.Const()
		switch {
		case gone && j >= 0:
			own = append(own, j)
			continue
		case gone && known && n > 0:
			continue
		case gone:
			rest = append(rest, len(dims))
		case j >= 0:
			axes = append(axes, len(dims))
		}
		dims = append(dims, d)
	}
	if len(dims) == len(a.Dims) {
		return nil
	}
	y := x.Def.Operands[0]
	if len(own) > 0 {
		y = w.b.One("reduce_max", ir.AxesAttrs{Axes: own}, y)
	}
	if y = w.b.Broadcast(y, dims, axes...); len(rest) > 0 {
		y = w.b.One("reduce_max", ir.AxesAttrs{Axes: rest}, y)
	}
	return one(y)
}
