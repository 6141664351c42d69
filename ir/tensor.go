package ir

// Tensor is a value of the reference interpreter: floats in f64 whatever
// their kind, everything else in int64 (bools 0 and 1, keys their bits).
// Elements are row by row.
type Tensor struct {
	Type  Type
	Shape []int
	F     []float64 // float kinds
	I     []int64   // all other kinds
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// NewTensor is a zero tensor of that type and shape.
func NewTensor(t Type, shape ...int) *Tensor {
	x := &Tensor{Type: t, Shape: append([]int{}, shape...)}
	if t.IsFloat() {
		x.F = make([]float64, x.Len())
	} else {
		x.I = make([]int64, x.Len())
	}
	return x
}

// Mix is the counter-based generator under all randomness: 64 well mixed bits
// for a key and a counter (two rounds of the finaliser of splitmix64, Steele,
// Lea and Flood 2014, with the key in between). It is part of the file format.
func Mix(key, counter uint64) uint64 { return StreamOf(key).At(counter) }

// Stream is the numbers of one key: the half of Mix that does not depend on
// the counter.
type Stream uint64

// StreamOf prepares a key of which many numbers are wanted.
func StreamOf(key uint64) Stream {
	return Stream(finalise(key*0xd1342543de82ef95 + 0x2545f4914f6cdd1d))
}

// At is Mix of the key and a counter.
func (s Stream) At(counter uint64) uint64 {
	return finalise(finalise(counter+0x9e3779b97f4a7c15) ^ uint64(s))
}

func finalise(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// UniformF64 and UniformF32 map bits to (0, 1), symmetric about a half.
func UniformF64(bits uint64) float64 { return (float64(bits>>12) + 0.5) * 0x1p-52 }
func UniformF32(bits uint64) float32 { return (float32(bits>>41) + 0.5) * 0x1p-23 }
