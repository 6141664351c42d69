package kernel

// fmaPeak is the float32 operations a second of one core with the registers
// of the tier, measured in a moment.
func fmaPeak() float64 {
	const n = 1 << 16
	start := threadTime()
	switch Active() {
	case Portable:
		return 0
	case AVX2:
		fmaRate(n)
		return n * 12 * 16 / (threadTime() - start).Seconds()
	}
	fmaRate512(n)
	return n * 12 * 32 / (threadTime() - start).Seconds()
}
