package jit

// Set is the instructions that code is made of. The results are the same bits.
type Set uint8

// The sets.
const (
	AVX2   Set = iota // with FMA
	AVX512            // F, BW, DQ and VL
)

func (s Set) String() string { return [...]string{"avx2", "avx512"}[s] }

// bytes is the length of a vector.
func (s Set) bytes() int { return 32 << s }

// vecs is the vector registers that are given to values.
func (s Set) vecs() bank {
	if s == AVX512 {
		return vecs512
	}
	return vecs256
}

// Lanes is how many elements a turn of a loop computes; wide says that some
// lane has eight bytes.
func (s Set) Lanes(wide bool) int {
	if wide {
		return s.bytes() / 8
	}
	return s.bytes() / 4
}
