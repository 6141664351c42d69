package runtime

import (
	"math"
	"sync"
	"unsafe"
)

// hugePage is the size of a large page, and the alignment of large memory.
const hugePage = 2 << 20

// mostMemory is beyond what any machine has or an int can count.
const mostMemory = min(1<<46, math.MaxInt-2*hugePage)

// memory is the storage of an arena, zero at first. From a large page on it
// is mapped from the system, which can give it large pages, and goes back to
// it when freed; smaller and elsewhere it belongs to the Go heap.
type memory struct {
	base   unsafe.Pointer
	size   int64
	mapped []byte
	once   sync.Once
}

// newMemory is n > 0 bytes at a multiple of align, with one line more behind
// them; false where the system has no room.
func newMemory(n int64) (*memory, bool) {
	if n < hugePage {
		return &memory{base: aligned(n), size: n}, true
	}
	if n > mostMemory {
		return nil, false
	}
	whole, at, ok := mapMemory(n + align)
	switch {
	case !ok:
		return nil, false
	case whole == nil:
		return &memory{base: aligned(n), size: n}, true
	}
	return &memory{base: unsafe.Pointer(&whole[at]), size: n, mapped: whole}, true
}

// free gives the memory back; nothing may read it any more.
func (m *memory) free() {
	m.once.Do(func() {
		if m.mapped != nil {
			unmapMemory(m.mapped)
		}
	})
}

// aligned is n bytes of the Go heap at a multiple of align, nil for none.
func aligned(n int64) unsafe.Pointer {
	if n == 0 {
		return nil
	}
	words := make([]uint64, (n+2*align)/8)
	p := unsafe.Pointer(&words[0])
	if over := uintptr(p) % align; over != 0 {
		p = unsafe.Pointer(&words[(align-over)/8])
	}
	return p
}
