package kernel

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
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		copy(dst[j*inner:(j+1)*inner], src[int(i)*inner:])
	}
	return -1
}

// ScatterAdd adds runs of inner elements to acc[idx[j]], in the order of
// positions: each element of acc is a chain.
func ScatterAdd[T Float](acc, upd []T, idx []int32, n, inner int) int {
	if inner == 1 {
		for j, i := range idx {
			if uint(i) >= uint(n) {
				return j
			}
			acc[i] += upd[j]
		}
		return -1
	}
	for j, i := range idx {
		if uint(i) >= uint(n) {
			return j
		}
		d := acc[int(i)*inner : (int(i)+1)*inner]
		Add(d, d, upd[j*inner:])
	}
	return -1
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
