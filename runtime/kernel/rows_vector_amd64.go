package kernel

import "unsafe"

// asWords reports whether rows of size bytes are whole words, as the kernels of
// rows have them; others are moved by Go.
func asWords(size int) bool { return Active() >= AVX2 && size%4 == 0 }

func start[T any](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// vectorGather is Gather of rows that are whole words.
func vectorGather[T any](dst, src []T, idx []int32, n, size int) int {
	return gatherRows(start(src), start(dst), unsafe.SliceData(idx), len(idx), size, n, 0, n, ahead)
}

// vectorWrite is RowWrite of the same.
func vectorWrite[T any](dst, upd []T, idx []int32, n, size, from, to int) int {
	return writeRows(start(dst), start(upd), unsafe.SliceData(idx), len(idx), size, n, from, to-from, ahead)
}

// vectorScatter is ScatterAdd on a tier of vectors.
func vectorScatter[T Float](acc, upd []T, idx []int32, n, size, from, to int) int {
	add := addRowsF64
	if isSingle[T]() {
		add = addRowsF32
	}
	return add(start(acc), start(upd), unsafe.SliceData(idx), len(idx), size, n, from, to-from, ahead)
}
