package kernel

import (
	"os"

	"golang.org/x/sys/cpu"
)

// Tier is a family of kernels by what the processor can do. All tiers above
// Portable give the same bits: sums have the same trees, and what contracts is
// written as a contraction. Portable rounds products before they are added.
type Tier uint8

// The tiers, slowest first.
const (
	Portable Tier = iota
	AVX2          // 256 bits and fused multiply-add
	AVX512        // 512 bits, masks, twice the registers
)

func (t Tier) String() string { return [...]string{"portable", "avx2", "avx512"}[t] }

// Tiers are those that this processor can run, slowest first.
func Tiers() []Tier { return []Tier{Portable, AVX2, AVX512}[:Best()+1] }

// tier is chosen once, before anything runs; see Use.
var tier = choose(os.Getenv("DFC_TIER"))

// Best is the greatest tier of this processor.
func Best() Tier {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return Portable
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL:
		return AVX512
	}
	return AVX2
}

// choose is the tier of a name, at most the best; tests set it from outside
// with DFC_TIER=portable or avx2, users need not.
func choose(name string) Tier {
	for _, t := range Tiers() {
		if name == t.String() {
			return t
		}
	}
	return Best()
}

// Active is the tier in use.
func Active() Tier { return tier }

// Use selects a tier, at most the best, and returns the one in use before.
// Only for tests and benchmarks that compare tiers, while nothing runs: what
// is bound already keeps its kernels.
func Use(t Tier) Tier {
	old := tier
	tier = min(t, Best())
	return old
}
