package array

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// adviseHuge asks for large pages (MADV_HUGEPAGE, 14) under the whole ones of
// b, before they are first touched. It changes nothing but the speed.
func adviseHuge(b []byte) {
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % hugePage)
	if n := (len(b) - skip) / hugePage * hugePage; n > 0 {
		syscall.Madvise(b[skip:skip+n], 14)
	}
}
