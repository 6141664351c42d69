package kernel

import (
	"math"
	"math/bits"
	"unsafe"
)

// Gather copies, for each index, a run of inner neighbouring elements:
// dst[j] = src[idx[j]]. It returns the first position of an index outside
// 0 … n, -1 where there is none.
func Gather[T any](dst, src []T, idx []int32, n, inner int) int {
	if inner == 1 {
		for j, i := range idx {
			if uint(i) >= uint(n) {
				return j
			}
			dst[j] = src[i]
		}
		return -1
	}
	size := inner * int(unsafe.Sizeof(src[0]))
	if asWords(size) {
		return vectorGather(dst[:len(idx)*inner], src[:n*inner], idx, n, size)
	}
	for from := 0; from < len(idx); from += ahead {
		ask(src, idx, from+ahead, size)
		for j := from; j < min(from+ahead, len(idx)); j++ {
			i := int(idx[j])
			if uint(i) >= uint(n) {
				return j
			}
			copyRow(dst[j*inner:(j+1)*inner], src[i*inner:(i+1)*inner])
		}
	}
	return -1
}

// ahead is how many rows are asked for while as many before them are moved:
// rows lie anywhere, and waiting for one at a time is what moving them costs.
const ahead = 32

// ask prefetches the rows, of size bytes, that up to ahead indices from a
// position on name.
func ask[T any](rows []T, idx []int32, from, size int) {
	if n := min(ahead, len(idx)-from); n > 0 && len(rows) > 0 {
		prefetchRows(unsafe.Pointer(unsafe.SliceData(rows)), &idx[from], n, size)
	}
}

// copyRow is copy, without a call for rows of usual lengths: through a value of
// its own, since rows that might overlap would be moved by one.
func copyRow[T any](dst, src []T) {
	switch {
	case len(dst) == 16 && len(src) == 16:
		row := [16]T(src)
		*(*[16]T)(dst) = row
	case len(dst) == 8 && len(src) == 8:
		row := [8]T(src)
		*(*[8]T)(dst) = row
	default:
		copy(dst, src)
	}
}

// ScatterAdd adds runs of inner elements to acc[idx[j]], in the order of
// positions: each element of acc is a chain. Only the runs from ≤ idx[j] < to
// are looked after, so that owners of different parts make the same sums. It
// returns the first position of an index outside 0 … n, -1 where there is none.
func ScatterAdd[T Float](acc, upd []T, idx []int32, n, inner, from, to int) int {
	part := uint(to - from)
	if inner == 1 {
		for j, i := range idx {
			if uint(i) >= uint(n) {
				return j
			}
			if uint(int(i)-from) < part {
				acc[i] += upd[j]
			}
		}
		return -1
	}
	size, whole := inner*int(unsafe.Sizeof(upd[0])), to-from == n // of a part, most rows are not wanted
	if asWords(size) {
		return vectorScatter(acc[:n*inner], upd[:len(idx)*inner], idx, n, size, from, to)
	}
	for block := 0; block < len(idx); block += ahead {
		if whole {
			ask(acc, idx, block+ahead, size)
		}
		for j := block; j < min(block+ahead, len(idx)); j++ {
			i := int(idx[j])
			if uint(i) >= uint(n) {
				return j
			}
			if uint(i-from) < part {
				addRun(acc[i*inner:(i+1)*inner], upd[j*inner:(j+1)*inner])
			}
		}
	}
	return -1
}

// ScatterMax is ScatterAdd that keeps the greatest, NaN where there is one.
func ScatterMax[T Float](acc, upd []T, idx []int32, n, inner, from, to int) int {
	part := uint(to - from)
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		if uint(int(i)-from) >= part {
			continue
		}
		row := acc[int(i)*inner:][:inner]
		for l, x := range upd[j*inner:][:inner] {
			row[l] = max(row[l], x)
		}
	}
	return -1
}

// Sum0 is ScatterAdd to zeros, all of n: acc, which has n rows, is written and not
// read. Where no index is greater than its position, as with those of FirstOf,
// it is one pass over rows in their order.
func Sum0[T Float](acc, upd []T, idx []int32, n, inner int) int {
	size := 0
	if len(idx) > 0 && inner > 0 {
		size = inner * int(unsafe.Sizeof(upd[0]))
	}
	if size > 0 && size%32 == 0 && Active() >= AVX2 && n == len(idx) && n <= rowsAtOnce && vectorFirsts(acc[:n*inner], upd[:n*inner], idx, n, size) < 0 {
		return -1
	}
	clear(acc[:n*inner])
	return ScatterAdd(acc, upd, idx, n, inner, 0, n)
}

// GatherEach takes one element of each line of n: dst[j] = src[j,idx[j]]. It
// returns the first position of an index outside 0 … n, -1 where there is none.
func GatherEach[T any](dst, src []T, idx []int32, n int) int {
	dst, src = dst[:len(idx)], src[:len(idx)*n]
	at := 0
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		dst[j] = src[at+int(i)]
		at += n
	}
	return -1
}

// AddEach adds a number to one element of each line of n, and returns what
// GatherEach does.
func AddEach[T Float](acc, upd []T, idx []int32, n int) int {
	upd, acc = upd[:len(idx)], acc[:len(idx)*n]
	at := 0
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		acc[at+int(i)] += upd[j]
		at += n
	}
	return -1
}

// rowsAtOnce is how many rows a kernel in assembly moves, which nothing can
// interrupt.
const rowsAtOnce = 2048

// addRun adds x, which is as long, to d. Runs are short: four at a time is
// worth more than what a call of Add would be.
func addRun[T Float](d, x []T) {
	x = x[:len(d)]
	for len(d) >= 4 && len(x) >= 4 {
		d[0] += x[0]
		d[1] += x[1]
		d[2] += x[2]
		d[3] += x[3]
		d, x = d[4:], x[4:]
	}
	for i := range d {
		d[i] += x[i]
	}
}

// RowWrite copies runs of inner elements to dst[idx[j]], those with from ≤
// idx[j] < to; of equal indices the first counts. It returns the last position
// of an index outside 0 … n, -1 where there is none.
func RowWrite[T any](dst, upd []T, idx []int32, n, inner, from, to int) int {
	part := uint(to - from)
	size, whole := inner*int(unsafe.Sizeof(upd[0])), to-from == n // of a part, most rows are not wanted
	if asWords(size) {
		return vectorWrite(dst[:n*inner], upd[:len(idx)*inner], idx, n, size, from, to)
	}
	for last := len(idx); last > 0; last -= ahead {
		if whole {
			ask(dst, idx[:max(0, last-ahead)], max(0, last-2*ahead), size)
		}
		for j := last - 1; j >= max(0, last-ahead); j-- {
			i := int(idx[j])
			if uint(i) >= uint(n) {
				return j
			}
			if uint(i-from) < part {
				copyRow(dst[i*inner:(i+1)*inner], upd[j*inner:(j+1)*inner])
			}
		}
	}
	return -1
}

// WriteFirsts is RowWrite of many positions from at on where first, as FirstOf
// gives it, says which of equal indices counts: in any order, and by several
// owners of positions at a time. It returns how many of the positions are done
// where an index is outside 0 … n, -1 where there is none.
func WriteFirsts[T any](dst, upd []T, idx, first []int32, at, n, inner int) int {
	size := inner * int(unsafe.Sizeof(upd[0]))
	if asWords(size) {
		return vectorWriteFirsts(dst[:n*inner], upd[:len(idx)*inner], idx, first[:len(idx)], at, n, size)
	}
	for j, i := range idx {
		if int(first[j]) != at+j {
			continue
		}
		if uint(i) >= uint(n) {
			return j
		}
		copyRow(dst[int(i)*inner:(int(i)+1)*inner], upd[j*inner:(j+1)*inner])
	}
	return -1
}

// FoldFirsts is Sum0 of rows that have 0 added and lie where the sums will: those
// of positions that are not the first, which first says, are added to the one that
// is, and are 0 then.
func FoldFirsts[T Float](acc []T, first []int32, inner int) {
	if size := inner * int(unsafe.Sizeof(acc[0])); asWords(size) {
		vectorFold(acc[:len(first)*inner], first, size)
		return
	}
	for j, i := range first {
		if int(i) != j {
			x := acc[j*inner : (j+1)*inner]
			addRun(acc[int(i)*inner:(int(i)+1)*inner], x)
			clear(x)
		}
	}
}

// FirstsTable is the length of the table that FirstOf needs for n positions.
func FirstsTable(n int) int {
	words := firstsRoom
	for words < firstsRoom*n {
		words *= 2
	}
	if n <= math.MaxUint16 {
		words /= 2
	}
	return words
}

// firstsRoom is how many places a position has in the table of FirstOf: so many
// that few keys find another one in theirs, which no branch is ready for.
const firstsRoom = 16

// FirstOf finds, for each position, the first one with the same index: dst[j]
// is the least i with idx[i] = idx[j]. Indices are not negative. The table, of
// FirstsTable(len(idx)) elements, is scratch: where the hash of a key leads, or
// behind it if that is taken, stands its first position, plus one, in as few
// bytes as it needs.
func FirstOf(dst, idx, table []int32) {
	clear(table)
	if len(idx) > math.MaxUint16 {
		firstOf(dst, idx, table)
		return
	}
	short := unsafe.Slice((*uint16)(unsafe.Pointer(&table[0])), 2*len(table))
	if Active() >= AVX2 {
		vectorFirstOf(dst, idx, short)
		return
	}
	firstOf(dst, idx, short)
}

func firstOf[T uint16 | int32](dst, idx []int32, table []T) {
	dst = dst[:len(idx)]
	shift := bits.LeadingZeros32(uint32(len(table) - 1))
	for j, k := range idx {
		at := uint32(k) * 2654435769 >> (shift & 31) // Knuth's multiplicative hash
		if table[at] == 0 {
			table[at] = T(j + 1)
			dst[j] = int32(j)
			continue
		}
		dst[j] = firstAt(idx, table, at, j)
	}
}

// firstAt is the first position of key number j, which is j where it has none
// before: its place at is taken.
func firstAt[T uint16 | int32](idx []int32, table []T, at uint32, j int) int32 {
	mask := uint32(len(table) - 1)
	for ; ; at = (at + 1) & mask {
		switch i := int(table[at]) - 1; {
		case i < 0:
			table[at] = T(j + 1)
			return int32(j)
		case idx[i] == idx[j]:
			return int32(i)
		}
	}
}

// CopyRun copies len(dst) elements of src from at on, stride apart.
func CopyRun[T any](dst, src []T, at, stride int) {
	switch stride {
	case 1:
		copy(dst, src[at:at+len(dst)])
	case 0:
		Fill(dst, src[at])
	default:
		for i := range dst {
			dst[i] = src[at]
			at += stride
		}
	}
}
