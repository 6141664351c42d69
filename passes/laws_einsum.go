package passes

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
)

// Laws about contractions.

var einsumLaws = []Law{
	{Name: "recognise-contraction", Says: "sum(repeated a · repeated b) is an einsum: a comprehension that is a contraction", Class: Reorder,
		On: []string{"reduce_sum"}, Apply: recogniseContraction},
	{Name: "einsum-broadcast", Says: "a label along which an operand repeats, and the other does not lack, goes", Class: Reorder, On: []string{"einsum"}, Apply: einsumBroadcast},
	{Name: "einsum-transpose", Says: "an einsum of a transpose has other labels", On: []string{"einsum"}, Apply: einsumOfTranspose},
	{Name: "transpose-einsum", Says: "a transposed einsum has other labels", On: []string{"transpose"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		x := op.Operands[0]
		if !is(x, "einsum") || w.uses(x) > 1 {
			return nil
		}
		in, out := labels(x.Def)
		return one(w.b.Einsum(ir.EinsumSpec(in, permuted(out, op.Attrs.(ir.TransposeAttrs).Perm)), x.Def.Operands...))
	}},
	{Name: "slice-einsum", Says: "a slice of an einsum is the einsum of slices", On: []string{"slice"}, Apply: sliceEinsum},
	{Name: "einsum-one", Says: "an einsum of one operand is a sum and a transpose", Class: Reorder, On: []string{"einsum"}, Apply: einsumOne},
	{Name: "einsum-product", Says: "an einsum that sums nothing, of operands with the same labels, is a product", Class: Reorder, On: []string{"einsum"}, Apply: func(w *rewriter, op *ir.Op) []*ir.Value {
		if in, out := labels(op); len(in) == 2 && in[0] == out && in[1] == out {
			return one(w.b.Mul(op.Operands[0], op.Operands[1]))
		}
		return nil
	}},
}

func labels(op *ir.Op) (in []string, out string) {
	in, out, err := ir.EinsumLabels(op.Attrs.(ir.EinsumAttrs).Spec)
	if err != nil {
		panic(err)
	}
	return in, out
}

// permuted is the labels after a transpose.
func permuted(s string, perm []int) string {
	out := make([]byte, len(perm))
	for i, p := range perm {
		out[i] = s[p]
	}
	return string(out)
}

// alphabet is the labels that laws use; ranks are far below its length.
const alphabet = "abcdefghijklmnopqrstuvwxyz"

func recogniseContraction(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "mul") || w.uses(x) > 1 || !x.Type.IsFloat() || x.Type.Rank() > len(alphabet) {
		return nil
	}
	all := alphabet[:x.Type.Rank()]
	var out []byte
	for i := range all {
		if !slices.Contains(op.Attrs.(ir.AxesAttrs).Axes, i) {
			out = append(out, all[i])
		}
	}
	var in []string
	var operands []*ir.Value
	repeated := false
	for _, y := range x.Def.Operands {
		s := all
		if is(y, "broadcast") {
			s, repeated = picked(all, y.Def.Attrs.(ir.BroadcastAttrs).Axes), true
			y = y.Def.Operands[0]
		}
		in, operands = append(in, s), append(operands, y)
	}
	both := in[0] + in[1]
	for i := range all {
		if strings.IndexByte(both, all[i]) < 0 {
			return nil
		}
	}
	// Without repetition a sum of products stays one: it fuses with what makes
	// its operands, while a batched dot product does not.
	if !repeated && (len(all) > 1 || operands[0] == operands[1]) {
		return nil
	}
	return one(w.b.Einsum(ir.EinsumSpec(in, string(out)), operands...))
}

func picked(s string, at []int) string {
	out := make([]byte, len(at))
	for i, a := range at {
		out[i] = s[a]
	}
	return string(out)
}

// einsumBroadcast drops labels of operands that only repeat along them, as
// long as the other operand has them: then the sum is the same.
func einsumBroadcast(w *rewriter, op *ir.Op) []*ir.Value {
	in, out := labels(op)
	if len(in) != 2 {
		return nil
	}
	for i, x := range op.Operands {
		if !is(x, "broadcast") {
			continue
		}
		a := x.Def.Attrs.(ir.BroadcastAttrs)
		var dims []ir.Dim
		var axes []int
		kept := ""
		for j := range in[i] {
			if !slices.Contains(a.Axes, j) && strings.IndexByte(in[1-i], in[i][j]) >= 0 {
				continue
			}
			if slices.Contains(a.Axes, j) {
				axes = append(axes, len(dims))
			}
			dims, kept = append(dims, a.Dims[j]), kept+in[i][j:j+1]
		}
		if kept == in[i] {
			continue
		}
		operands := append([]*ir.Value{}, op.Operands...)
		operands[i] = w.b.Broadcast(x.Def.Operands[0], dims, axes...)
		in[i] = kept
		return one(w.b.Einsum(ir.EinsumSpec(in, out), operands...))
	}
	return nil
}

// summedAlike reports whether two operands sum several labels, and in the same
// order: these are one long label for a matrix product.
func summedAlike(x, y, out string) bool {
	sum := func(s, other string) string {
		var kept []byte
		for i := range s {
			if strings.IndexByte(other, s[i]) >= 0 && strings.IndexByte(out, s[i]) < 0 {
				kept = append(kept, s[i])
			}
		}
		return string(kept)
	}
	a, b := sum(x, y), sum(y, x)
	return len(a) > 1 && a == b
}

// stored reports whether something else than contractions reads x, a transpose,
// so that it is made anyway.
func (w *rewriter) stored(x *ir.Value) bool {
	if w.uses(x) < 2 {
		return false
	}
	for _, op := range w.old {
		if op.Row.Name != "einsum" && slices.Contains(op.Operands, x) {
			return true
		}
	}
	return false
}

// einsumOfTranspose reads what was there before a transpose, unless this is
// made anyway and brings what is summed in the order of the other operand.
func einsumOfTranspose(w *rewriter, op *ir.Op) []*ir.Value {
	in, out := labels(op)
	for i, x := range op.Operands {
		if !is(x, "transpose") {
			continue
		}
		perm := x.Def.Attrs.(ir.TransposeAttrs).Perm
		was := make([]byte, len(perm))
		for j, p := range perm {
			was[p] = in[i][j]
		}
		if len(in) == 2 && summedAlike(in[i], in[1-i], out) && !summedAlike(string(was), in[1-i], out) && w.stored(x) {
			continue
		}
		operands := append([]*ir.Value{}, op.Operands...)
		operands[i], in[i] = x.Def.Operands[0], string(was)
		return one(w.b.Einsum(ir.EinsumSpec(in, out), operands...))
	}
	return nil
}

// sliceEinsum contracts only what is asked for, where nobody reads the rest.
func sliceEinsum(w *rewriter, op *ir.Op) []*ir.Value {
	x := op.Operands[0]
	if !is(x, "einsum") || w.uses(x) > 1 {
		return nil
	}
	in, out := labels(x.Def)
	a := op.Attrs.(ir.SliceAttrs)
	operands := append([]*ir.Value{}, x.Def.Operands...)
	for i, y := range operands {
		var part ir.SliceAttrs
		changed := false
		for j := range in[i] {
			start, size, step := ir.N(0), y.Type.Dims[j], int64(1)
			if k := strings.IndexByte(out, in[i][j]); k >= 0 {
				start, size, step = a.Starts[k], a.Sizes[k], a.Steps[k]
			}
			part.Starts, part.Sizes, part.Steps = append(part.Starts, start), append(part.Sizes, size), append(part.Steps, step)
			changed = changed || size != y.Type.Dims[j]
		}
		if changed {
			operands[i] = w.b.One("slice", part, y)
		}
	}
	return one(w.b.Einsum(ir.EinsumSpec(in, out), operands...))
}

func einsumOne(w *rewriter, op *ir.Op) []*ir.Value {
	in, out := labels(op)
	if len(in) != 1 {
		return nil
	}
	var axes, perm []int
	kept := ""
	for i := range in[0] {
		if strings.IndexByte(out, in[0][i]) < 0 {
			axes = append(axes, i)
		} else {
			kept += in[0][i : i+1]
		}
	}
	x := w.b.Sum(op.Operands[0], axes...)
	for i := range out {
		perm = append(perm, strings.IndexByte(kept, out[i]))
	}
	if kept != out {
		x = w.b.One("transpose", ir.TransposeAttrs{Perm: perm}, x)
	}
	return one(x)
}
