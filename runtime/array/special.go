package array

import "math"

// Special is the word for a number that has no digits, the same in messages,
// prints and files, and the one of C and Python: inf, -inf, nan. It is "" for
// every other number.
func Special(x float64) string {
	switch {
	case x != x:
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return ""
}
