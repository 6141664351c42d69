package kernel

import "unsafe"

// asWords reports whether rows of size bytes are whole words, as the kernels of
// rows have them; others are moved by Go.
func asWords(size int) bool { return Active() >= AVX2 && size%4 == 0 }

func start[T any](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// vectorGather is Gather of rows that are whole words.
func vectorGather[T any](dst, src []T, idx []int32, n, size int) int {
	if size%64 == 0 {
		lines := gatherLines
		if Active() >= AVX512 {
			lines = gatherLines512
		}
		return forwards(idx, func(at, many int) int {
			return lines(start(src), unsafe.Add(start(dst), at*size), &idx[at], many, size, n, ahead)
		})
	}
	return forwards(idx, func(at, many int) int {
		return gatherRows(start(src), unsafe.Add(start(dst), at*size), &idx[at], many, size, n, 0, n, ahead)
	})
}

// vectorWrite is RowWrite of the same.
func vectorWrite[T any](dst, upd []T, idx []int32, n, size, from, to int) int {
	for last := len(idx); last > 0; last -= rowsAtOnce {
		at := max(0, last-rowsAtOnce)
		if bad := writeRows(start(dst), unsafe.Add(start(upd), at*size), &idx[at], last-at, size, n, from, to-from, ahead); bad >= 0 {
			return at + bad
		}
	}
	return -1
}

// vectorWriteFirsts is WriteFirsts of the same.
func vectorWriteFirsts[T any](dst, upd []T, idx, first []int32, at, n, size int) int {
	write := writeFirsts
	if size%64 == 0 {
		write = writeFirstLines
	}
	return forwards(idx, func(from, many int) int {
		return write(start(dst), unsafe.Add(start(upd), from*size), &idx[from], &first[from], at+from, many, size, n)
	})
}

// vectorFold is FoldFirsts of the same, some positions at a time.
func vectorFold[T Float](acc []T, first []int32, size int) {
	fold := foldRowsF64
	if isSingle[T]() {
		fold = foldRowsF32
	}
	for at := 0; at < len(first); at += rowsAtOnce {
		fold(start(acc), &first[0], at, min(len(first), at+rowsAtOnce), size)
	}
}

// vectorScatter is ScatterAdd on a tier of vectors.
func vectorScatter[T Float](acc, upd []T, idx []int32, n, size, from, to int) int {
	add := addRowsF64
	if isSingle[T]() {
		add = addRowsF32
	}
	return forwards(idx, func(at, many int) int {
		return add(start(acc), unsafe.Add(start(upd), at*size), &idx[at], many, size, n, from, to-from, ahead)
	})
}

// vectorFirsts is ScatterAdd to zeros of at least one row, where no index is
// greater than its position; it returns the first that is, else -1.
func vectorFirsts[T Float](acc, upd []T, idx []int32, n, size int) int {
	if isSingle[T]() {
		return addFirstsF32(start(acc), start(upd), &idx[0], n, size)
	}
	return addFirstsF64(start(acc), start(upd), &idx[0], n, size)
}

// vectorFirstOf is firstOf of positions that a table of shorts holds.
func vectorFirstOf(dst, idx []int32, table []uint16) {
	dst = dst[:len(idx)]
	for from := 0; from < len(idx); from += rowsAtOnce {
		placeFirsts(&dst[0], &idx[0], &table[0], len(table), from, min(len(idx), from+rowsAtOnce))
	}
}

// forwards runs a kernel over positions, some at a time, until one is bad.
func forwards(idx []int32, run func(at, many int) int) int {
	for at := 0; at < len(idx); at += rowsAtOnce {
		if bad := run(at, min(rowsAtOnce, len(idx)-at)); bad >= 0 {
			return at + bad
		}
	}
	return -1
}
