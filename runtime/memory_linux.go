package runtime

import (
	"syscall"
	"unsafe"
)

// adviseHuge is MADV_HUGEPAGE of madvise(2).
const adviseHuge = 14

// mapMemory maps n bytes, which begin at index at of whole, a multiple of
// hugePage, and asks for large pages: fewer faults when it is first touched,
// and fewer misses of the address cache. Whether the system has large pages
// changes nothing but the speed.
func mapMemory(n int64) (whole []byte, at int, ok bool) {
	whole, err := syscall.Mmap(-1, 0, int(n)+hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, 0, false
	}
	if over := int(uintptr(unsafe.Pointer(&whole[0])) % hugePage); over != 0 {
		at = hugePage - over
	}
	// The rest behind the last whole page stays in small ones.
	syscall.Madvise(whole[at:at+int(n)/hugePage*hugePage], adviseHuge)
	return whole, at, true
}

func unmapMemory(whole []byte) { syscall.Munmap(whole) }
