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
	if n*size >= worthHuge {
		s := alignedTo[T](n, hugePage)
		adviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), n*size))
		return s
	}
	return alignedTo[T](n, line)
}

// alignedTo is n zero elements that begin at a multiple of some bytes.
func alignedTo[T any](n, bytes int) []T {
	var one T
	size := int(unsafe.Sizeof(one))
	s := make([]T, n+bytes/size)
	skip := 0
	if over := int(uintptr(unsafe.Pointer(&s[0])) % uintptr(bytes)); over != 0 {
		skip = (bytes - over) / size
	}
	return s[skip : skip+n : skip+n]
}

// hugePage is the size of a large page.
const hugePage = 2 << 20

// worthHuge is the size from which rows of a table looked up at random miss the
// cache of addresses: there large pages take a third of the time away. Such
// arrays begin at one, so that nearly all of them lies in such pages; what is in
// front of them is never touched.
const worthHuge = 4 << 20
