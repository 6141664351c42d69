package kernel

import "unsafe"

// gemmCall is a call of a kernel: of one for rows with a vector, or of tiles.
type gemmCall struct {
	t       gemmTile // without its pointers
	a, b, c place
	groups  int // of rows with a vector, else 0
	wide    bool
	rows    int // of tiles
	panel   panel
}

// place is so many bytes from the first element of an operand, a, b or c.
type place struct{ operand, bytes int }

// note notes a call.
func (n *notes[T]) note(t *gemmTile, call gemmCall) {
	call.t = *t
	call.a, call.b, call.c = n.place(t.a), n.place(t.b), n.place(t.c)
	call.t.a, call.t.b, call.t.c = nil, nil, nil
	n.list = append(n.list, call)
}

// place finds a pointer in the operands.
func (n *notes[T]) place(p unsafe.Pointer) place {
	for i, x := range [...][]T{n.a, n.b, n.c} {
		if d := int(uintptr(p) - uintptr(at(x, 0))); d >= 0 && d < len(x)*int(unsafe.Sizeof(x[0])) {
			return place{i, d}
		}
	}
	n.elsewhere = true
	return place{}
}

// Run computes the product; a, b and c are where the first elements of the
// operands lie.
func (l *Calls[T]) Run(a, b, c unsafe.Pointer) {
	operands := [...]unsafe.Pointer{a, b, c}
	for i := range l.list {
		call := &l.list[i]
		t := call.t
		t.a = unsafe.Add(operands[call.a.operand], call.a.bytes)
		t.b = unsafe.Add(operands[call.b.operand], call.b.bytes)
		t.c = unsafe.Add(operands[call.c.operand], call.c.bytes)
		if call.groups > 0 {
			runDot[T](call.wide, call.groups, false, &t)
		} else {
			l.g.run(call.rows, call.panel, &t)
		}
	}
}
