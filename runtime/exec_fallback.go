package runtime

import (
	"fmt"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// fallback runs an operation in the reference interpreter: for rows without a
// kernel of their own and for branches with a predicate over lanes, which are
// flattened before they get here. It allocates.
func (b *binder) fallback(op *ir.Op) step {
	sizes := map[string]int64{}
	for name := range b.prog.sizes {
		if n, ok := b.look(name); ok {
			sizes[name] = n
		}
	}
	if s := b.plan.strip; s != nil {
		n, _ := b.look(s.name)
		sizes[s.name] = n
	}
	in, out, fr := b.viewsOf(op.Operands), b.viewsOf(op.Results), b.fr
	module := b.prog.module
	rows := b.rowsOf
	return func() *Fault {
		e := ir.NewEvaluator(module, sizes)
		e.Round = true
		args := make([]*ir.Tensor, len(in))
		for i, v := range in {
			args[i] = loadTensor(fr, v, op.Operands[i].Type)
		}
		rs, err := e.Apply(op, args)
		if err != nil {
			f, err := asFault(err, rows)
			if err != nil {
				f = &Fault{Span: op.Span, Code: "B0001", Message: fmt.Sprint(err), Element: -1, Row: -1}
			}
			return f
		}
		for i, r := range rs {
			storeTensor(fr, out[i], r)
		}
		return nil
	}
}

// rowsOf is the number of elements of a row in what faults of op count.
func (b *binder) rowsOf(op *ir.Op) int {
	var t ir.Type
	switch {
	case op.Row.Family == "indexed" && len(op.Operands) > 1 && op.Row.Name != "slice_add":
		t = op.Operands[1].Type
	case len(op.Results) > 0:
		t = op.Results[0].Type
	default:
		t = op.Operands[0].Type
	}
	return b.rowSize(t.Dims, b.shape(t.Dims))
}

// loadTensor is a value as a tensor of the interpreter.
func loadTensor(fr *frame, v view, t ir.Type) *ir.Tensor {
	x := ir.NewTensor(t, v.shape...)
	p := newPairs(v, v)
	c := p.from(0, p.n, v.off, v.off)
	_, ss := p.inner()
	at := 0
	for _, s, n := c.next(); n > 0 && p.n > 0; _, s, n = c.next() {
		for i := 0; i < n; i++ {
			e := readValue(fr.base[v.slot], v.kind, s+i*ss)
			if x.F != nil {
				x.F[at] = e.f
			} else {
				x.I[at] = e.i
			}
			at++
		}
	}
	return x
}

// storeTensor writes a tensor to a dense view.
func storeTensor(fr *frame, v view, x *ir.Tensor) {
	for i := range x.F {
		fillNumber(unsafe.Add(fr.base[v.slot], i*bytesOf(v.kind)), 1, v.kind, x.F[i], 0)
	}
	for i := range x.I {
		fillNumber(unsafe.Add(fr.base[v.slot], i*bytesOf(v.kind)), 1, v.kind, 0, x.I[i])
	}
}
