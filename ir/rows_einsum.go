package ir

import (
	"fmt"
	"strings"
)

func init() {
	addRow(Row{
		Name: "einsum", Family: "contraction", Attrs: EinsumAttrs{}, Traits: Bilinear,
		Doc: "Products of one or two operands over labelled axes, summed over the labels that the result lacks: " +
			"\"bij,bjk->bik\".",
		Type: einsumType, Eval: evalEinsum,
		Tangent:   einsumTangent,
		Linear:    func(op *Op) []bool { return allOn(len(op.Operands)) },
		Transpose: einsumTranspose, Batch: einsumBatch,
		Flops: einsumFlops, Samples: einsumSamples,
	})
}

// EinsumLabels splits a specification into the labels of each operand and of
// the result: "ij,jk->ik" is {"ij", "jk"} and "ik".
func EinsumLabels(spec string) (in []string, out string, err error) {
	left, out, ok := strings.Cut(spec, "->")
	in = strings.Split(left, ",")
	if !ok || len(in) > 2 {
		return nil, "", fmt.Errorf("%q is not of the form \"ij,jk->ik\"", spec)
	}
	for _, labels := range append([]string{out}, in...) {
		for i, c := range labels {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
				return nil, "", fmt.Errorf("label %q in %q is no letter", c, spec)
			}
			if strings.ContainsRune(labels[i+1:], c) {
				return nil, "", fmt.Errorf("label %c stands twice in %q of %q", c, labels, spec)
			}
		}
	}
	for _, c := range out {
		if !strings.ContainsRune(left, c) {
			return nil, "", fmt.Errorf("label %c of the result stands in no operand of %q", c, spec)
		}
	}
	return in, out, nil
}

// EinsumSpec is the inverse of EinsumLabels.
func EinsumSpec(in []string, out string) string { return strings.Join(in, ",") + "->" + out }

// einsumDims is the dimension of each label.
func einsumDims(op *Op) (dims map[byte]Dim, in []string, out string, err error) {
	spec := attrsOf[EinsumAttrs](op).Spec
	if in, out, err = EinsumLabels(spec); err != nil {
		return nil, nil, "", err
	}
	if err = wantCount(op, len(in)); err != nil {
		return nil, nil, "", err
	}
	dims = map[byte]Dim{}
	for i, labels := range in {
		t := op.typeOf(i)
		if t.Rank() != len(labels) {
			return nil, nil, "", fmt.Errorf("operand %d is %s but has labels %q", i, t, labels)
		}
		for j := range labels {
			c := labels[j]
			if d, ok := dims[c]; ok && d != t.Dims[j] {
				return nil, nil, "", fmt.Errorf("label %c of %q is %s and %s", c, spec, d, t.Dims[j])
			}
			dims[c] = t.Dims[j]
		}
	}
	return dims, in, out, nil
}

func einsumType(op *Op) ([]Type, error) {
	dims, _, out, err := einsumDims(op)
	if err != nil {
		return nil, err
	}
	for i, v := range op.Operands {
		if err := wantKind(op, i, floatKinds); err != nil {
			return nil, err
		}
		if v.Type.Kind != op.typeOf(0).Kind {
			return nil, fmt.Errorf("operand %d is %s but operand 0 is %s; the kinds must be the same", i, v.Type, op.typeOf(0))
		}
	}
	t := Type{Kind: op.typeOf(0).Kind, Dims: []Dim{}}
	for i := range out {
		t.Dims = append(t.Dims, dims[out[i]])
	}
	return []Type{t}, nil
}

func einsumTangent(b *Builder, op *Op, t []*Value) []*Value {
	var sum *Value
	for i, ti := range t {
		if ti == nil {
			continue
		}
		in := append([]*Value{}, op.Operands...)
		in[i] = ti
		sum = addTangents(b, sum, b.One("einsum", op.Attrs, in...))
	}
	return []*Value{sum}
}

// einsumTranspose contracts the cotangent with the other operand. A label
// that stands in neither was summed on its own, so the result repeats along it.
func einsumTranspose(b *Builder, op *Op, lin []bool, ct []*Value, acc Accumulator) {
	in, out, err := EinsumLabels(attrsOf[EinsumAttrs](op).Spec)
	if err != nil {
		panic(err)
	}
	i := 0
	for !lin[i] {
		i++
	}
	from, operands := []string{out}, []*Value{ct[0]}
	if len(in) == 2 {
		from, operands = append(from, in[1-i]), append(operands, op.Operands[1-i])
	}
	var kept string
	var axes []int
	for j, c := range in[i] {
		if strings.ContainsRune(from[0], c) || len(from) == 2 && strings.ContainsRune(from[1], c) {
			kept += string(c)
			axes = append(axes, j)
		}
	}
	v := operands[0]
	if len(in) == 2 || kept != out {
		v = b.Einsum(EinsumSpec(from, kept), operands...)
	}
	acc.Add(i, b.Broadcast(v, op.typeOf(i).Dims, axes...))
}

// einsumBatch gives what is batched, and the result, one more label.
func einsumBatch(b *Builder, op *Op, in []*Value, on []bool, d Dim, _ bool) ([]*Value, []bool) {
	if !anyOn(on) {
		return batchNone(b, op, in, on, d, false)
	}
	spec := attrsOf[EinsumAttrs](op).Spec
	labels, out, err := EinsumLabels(spec)
	if err != nil {
		panic(err)
	}
	c := freshLabel(spec)
	for i := range labels {
		if on[i] {
			labels[i] = c + labels[i]
		}
	}
	return []*Value{b.Einsum(EinsumSpec(labels, c+out), in...)}, allOn(1)
}

// freshLabel is the first letter that does not stand in spec.
func freshLabel(spec string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, c := range letters {
		if !strings.ContainsRune(spec, c) {
			return string(c)
		}
	}
	panic("ir: einsum with more than 52 labels")
}

func einsumFlops(op *Op, size func(Dim) int64) int64 {
	dims, in, _, err := einsumDims(op)
	if err != nil {
		panic(err)
	}
	n := int64(len(in)) // a product and a sum, or a sum
	for _, d := range dims {
		n *= size(d)
	}
	return n
}

func einsumSamples() []Sample {
	s := func(spec string, ts ...Type) Sample { return Sample{Operands: ts, Attrs: EinsumAttrs{spec}} }
	return []Sample{
		s("ij,jk->ik", vec(2, 3), vec(3, 4)),
		s("bij,bjk->bik", vec(2, 2, 3), vec(2, 3, 2)),
		s("i,io->o", vec(3), vec(3, 2)),
		s("i,i->", vec(3), vec(3)),
		s("i,j->ji", vec(2), vec(3)),
		s(",i->i", vec(), vec(3)),
		s("ijk->ki", vec(2, 3, 2)),
		s("ik,j->i", vec(2, 3), vec(4)),
		s("ij->", vec(2, 3)),
	}
}
