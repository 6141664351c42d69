package kernel

import "unsafe"

// prefetchRows asks for the first and last cache line of the rows, of size
// bytes, that n indices name. Nothing is read, so that no index is bad.
//
//go:noescape
func prefetchRows(rows unsafe.Pointer, idx *int32, n, size int)
