package runtime

import (
	"math"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// begin sets the carries before a block of rows: chains begin anew.
func (s *roundSum) begin(a *jit.Args, first bool) {
	if !s.chain && !first {
		return
	}
	bits := math.Float64bits(s.start)
	if s.single {
		bits = uint64(math.Float32bits(float32(s.start)))
		bits |= bits << 32
	}
	for i := range s.parts {
		x := a.CarryWords(s.parts[i].carry)
		for j := range x {
			x[j] = bits
		}
	}
}

// add adds the chains of a block to those before, of which nothing is written yet.
func (s *roundSum) add(a *jit.Args, first bool) {
	switch {
	case !s.chain:
	case s.single:
		addParts[float32](s, a, first)
	default:
		addParts[float64](s, a, first)
	}
}

func addParts[T kernel.Float](s *roundSum, a *jit.Args, first bool) {
	at := 0
	for i := range s.parts {
		p := &s.parts[i]
		x := carried[T](a, p.carry, p.n)
		sum := unsafe.Slice((*T)(unsafe.Pointer(&s.sum[0])), at+p.n)[at:]
		if first {
			copy(sum, x)
		} else {
			for j, v := range x {
				sum[j] += v
			}
		}
		at += p.n
	}
}

// carried is the first lanes of a carry.
func carried[T kernel.Float](a *jit.Args, i, n int) []T {
	return unsafe.Slice((*T)(a.Carry(i)), n)
}

// bind is the step that brings a sum to its place.
func (s *roundSum) bind(b *binder, op *ir.Op, r *rounds) step {
	if op.Row.Name == "einsum" {
		s.after = b.then(op)
	}
	if s.chain && r.rows > kernel.K0 {
		s.sum = make([]uint64, s.n)
	}
	if s.single {
		return func() *Fault { return bring[float32](s, r) }
	}
	return func() *Fault { return bring[float64](s, r) }
}

// bring writes a sum where it belongs, and does what follows.
func bring[T kernel.Float](s *roundSum, r *rounds) *Fault {
	size := int(unsafe.Sizeof(*new(T)))
	base := unsafe.Pointer(&s.w.block[0])
	if s.dst.slot != noSlot {
		base = unsafe.Add(s.fr.base[s.dst.slot], s.dst.off*size)
	}
	dst := unsafe.Slice((*T)(base), s.n)
	if !s.chain {
		each := len(s.parts) / s.n // carries side by side
		for i := range dst {
			dst[i] = kernel.SumBlock(carried[T](r.args, s.parts[i*each].carry, 64/size))
		}
		return nil
	}
	at := 0
	for i := range s.parts {
		p := &s.parts[i]
		x := carried[T](r.args, p.carry, p.n)
		if s.sum != nil {
			x = unsafe.Slice((*T)(unsafe.Pointer(&s.sum[0])), s.n)[at : at+p.n]
		}
		if p.step == 1 {
			copy(dst[p.at:], x)
		} else {
			for j, v := range x {
				dst[p.at+j*p.step] = v
			}
		}
		at += p.n
	}
	if s.after != nil {
		s.w.blockAt = 0
		s.after(s.w, 0, s.n)
	}
	return nil
}
