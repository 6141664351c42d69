package runtime

import (
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// KernelRow is one operation as it will run.
type KernelRow struct {
	Row      string // of the operation table
	Detail   string // einsum specification
	What     string // the kernel: "GEMM 64×128×784", "tile program of 5"
	Result   string // type of the result
	Kind     ir.Kind
	Weight   string // the trained parameter that it reads, or whose gradient it makes
	Backward bool   // part of a derivative
	Span     source.Span
	Times    int64   // how often it runs, at most
	Flops    int64   // each time
	Moved    int64   // bytes read and written, each time
	Cycles   float64 // of a core, that the instructions of its machine code need at least, each time; 0 where none was made
}

// container reports an operation that only runs others, which have rows of
// their own.
func (r *KernelRow) container() bool {
	switch r.Row {
	case "call", "scan", "map", "cond":
		return r.What != "interpreted"
	}
	return r.What == "region"
}

// describe is the row of an operation.
func (b *binder) describe(op *ir.Op, what string) KernelRow {
	r := KernelRow{Row: op.Row.Name, What: what, Span: op.Span, Times: int64(b.loops), Weight: b.weightOf(op),
		Backward: isBackward(op)}
	if a, ok := op.Attrs.(ir.EinsumAttrs); ok {
		r.Detail = a.Spec
	}
	if len(op.Results) > 0 {
		t := op.Results[0].Type
		r.Result, r.Kind = t.String(), t.Kind
	}
	if r.container() || op.Row.Name == "strips" {
		return r
	}
	if op.Row.Flops != nil {
		r.Flops = op.Row.Flops(op, func(d ir.Dim) int64 { return int64(b.size(d)) })
	}
	r.Moved, r.Cycles = b.moved(op), b.least[op]
	return r
}

// weightOf is the path of the trained parameter that an operation is about, ""
// where there is none or where there are several.
func (b *binder) weightOf(op *ir.Op) string {
	found := ""
	for i, in := range b.plan.fn.Inputs {
		if in.Role != ir.Weight {
			continue
		}
		v := b.plan.fn.Params()[i]
		about := slices.Contains(op.Operands, v)
		for _, r := range op.Results {
			about = about || r.Primal != "" && r.Primal == v.Name
		}
		if about && found != "" {
			return ""
		}
		if about {
			found = in.Bind
		}
	}
	return found
}

// moved is how many bytes an operation reads and writes. What is repeated is
// read once; of a table that is looked up, the rows that are.
func (b *binder) moved(op *ir.Op) int64 {
	n := int64(0)
	for i, v := range op.Operands {
		if i == 0 && op.Row.Name == "gather" {
			v = op.Results[0]
		}
		n += b.bytesAt(v)
	}
	for _, v := range op.Results {
		n += b.bytesAt(v)
	}
	if b.plan.ops[op].folds && b.view(op.Results[0]).slot == b.view(op.Operands[2]).slot {
		return b.bytesAt(op.Operands[1]) // and the rows of what stands again
	}
	if (op.Row.Name == "scatter_add" || op.Row.Name == "scatter_max") && b.view(op.Results[0]).slot == b.view(op.Operands[0]).slot {
		n += 2 * (b.bytesAt(op.Operands[2]) - b.bytesAt(op.Results[0]))
	}
	if op.Row.Name == "row_write" && b.mayAlias(b.view(op.Results[0]).slot, b.view(op.Operands[0]).slot) {
		n += b.bytesAt(op.Operands[2]) - b.bytesAt(op.Operands[0]) - b.bytesAt(op.Results[0])
	}
	return n
}

func (b *binder) bytesAt(v *ir.Value) int64 {
	w := b.view(v)
	if w.slot == noSlot {
		return 0
	}
	n := bytesOf(w.kind)
	for i, s := range w.shape {
		if w.stride[i] != 0 {
			n *= s
		}
	}
	return int64(n)
}

// Name is what the row is called in reports.
func (r *KernelRow) Name() string {
	if r.Detail != "" {
		return r.Row + " " + r.Detail
	}
	return r.Row
}

// Kernel is the name of what runs, for a list of kernels.
func (r *KernelRow) Kernel() string {
	words := []string{r.What}
	switch {
	case r.Row == "fused":
		words[0] = "fused " + r.What
	case r.Row != "einsum" && r.Row != r.What:
		words[0] = r.Row + ", " + r.What
	}
	if r.Weight != "" {
		words = append(words, "of "+r.Weight)
	}
	if r.Backward {
		words = append(words, "(backward)")
	}
	return strings.Join(words, " ")
}
