package main

import "github.com/dfc-lang/dfc/runtime/kernel"

// fmaChains is the number of independent chains of a round.
const fmaChains = 12

//go:noescape
func fma32(n int)

//go:noescape
func fma64(n int)

// peaks measures multiply-adds a second of one core, as floating operations.
func peaks() (f32, f64 float64) {
	if kernel.Best() < kernel.AVX2 {
		return scalarPeak(), scalarPeak()
	}
	const n = 2_000_000
	return 2 * 8 * fmaChains * rate(n, fma32), 2 * 4 * fmaChains * rate(n, fma64)
}
