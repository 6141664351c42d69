package ir

import (
	"fmt"
	"math"
)

// toInt converts element i of x to an integer of kind k, a bool or an index
// below bound; msg says why it does not fit.
func toInt(k Kind, bound int64, x *Tensor, i int) (y int64, msg string) {
	if k == Bool {
		if x.Type.IsFloat() {
			return int64(truth(x.F[i] != 0)), ""
		}
		return int64(truth(x.I[i] != 0)), ""
	}
	if x.Type.IsFloat() {
		f := math.Trunc(x.F[i])
		if !(f >= -0x1p63 && f < 0x1p63) { // also NaN
			return 0, fmt.Sprintf("%v does not fit in %s", x.F[i], k)
		}
		y = int64(f)
	} else {
		y = x.I[i]
	}
	if k == Index && (y < 0 || y >= bound) {
		return 0, fmt.Sprintf("%d is outside 0..%d", y, bound)
	}
	if err := fits(k, y); err != nil {
		return 0, err.Error()
	}
	return y, ""
}
