package array

import "unsafe"

// line is the size of a cache line.
const line = 64

// zeros is n zero elements, of more than a few lines aligned to a line.
func zeros[T any](n int) []T {
	var one T
	size := int(unsafe.Sizeof(one))
	if n*size < 4*line {
		return make([]T, n)
	}
	more := line / size
	s := make([]T, n+more)
	skip := 0
	if over := int(uintptr(unsafe.Pointer(&s[0])) % line); over != 0 {
		skip = (line - over) / size
	}
	s = s[skip : skip+n : skip+n]
	if n*size >= worthHuge {
		adviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), n*size))
	}
	return s
}

// worthHuge is the size from which rows of a table looked up at random miss
// the cache of addresses: there large pages take a third of the time away.
const worthHuge = 8 << 20
