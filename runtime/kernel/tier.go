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
)

func (t Tier) String() string {
	if t == AVX2 {
		return "avx2"
	}
	return "portable"
}

// tier is chosen once, before anything runs; see Use.
var tier = choose(os.Getenv("DFC_TIER"))

// Best is the greatest tier of this processor.
func Best() Tier {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return AVX2
	}
	return Portable
}

// choose is the tier of a name, at most the best; tests set it from outside
// with DFC_TIER=portable, users need not.
func choose(name string) Tier {
	if name == Portable.String() {
		return Portable
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
