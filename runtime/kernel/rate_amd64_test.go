package kernel

// fmaPeak is the float32 operations a second of one core, measured in a moment.
func fmaPeak() float64 {
	if Best() < AVX2 {
		return 0
	}
	const n = 1 << 16
	start := threadTime()
	fmaRate(n)
	return n * 12 * 16 / (threadTime() - start).Seconds()
}
