package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
)

// constant is the elements of a const operation, made once; one element where
// it stands for all.
type constant struct {
	slot   int
	single bool
	data   unsafe.Pointer
}

// constStorage makes the elements of a constant.
func (p *plan) constStorage(op *ir.Op) {
	if p.consts[op] != nil {
		return
	}
	a := op.Attrs.(ir.ConstAttrs)
	n := max(len(a.F), len(a.I))
	c := &constant{single: n == 1, data: aligned(int64(max(n, 1) * bytesOf(a.T.Kind)))}
	c.slot = p.newSlot(fixed, int64(n*bytesOf(a.T.Kind)), 0, p.next, "const")
	for i := 0; i < n; i++ {
		at := unsafe.Add(c.data, i*bytesOf(a.T.Kind))
		if a.T.IsFloat() {
			fillNumber(at, 1, a.T.Kind, a.F[i], 0)
		} else {
			fillNumber(at, 1, a.T.Kind, 0, a.I[i])
		}
	}
	p.consts[op] = c
	if i := p.info[op.Results[0]]; i != nil && i.slot < 0 {
		i.slot = c.slot
	}
}

// constView is the elements of a constant under the shape of its type.
func (b *binder) constView(op *ir.Op) view {
	c := b.plan.consts[op]
	t := op.Attrs.(ir.ConstAttrs).T
	v := view{slot: c.slot, kind: t.Kind, shape: b.shape(t.Dims)}
	v.stride = stridesOf(v.shape)
	if c.single {
		v.stride = make([]int, len(v.shape))
	}
	return v
}
