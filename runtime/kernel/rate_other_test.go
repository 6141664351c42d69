//go:build !amd64

package kernel

// fmaPeak is unknown where there is no loop to measure it.
func fmaPeak() float64 { return 0 }
