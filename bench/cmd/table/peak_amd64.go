package main

import "github.com/dfc-lang/dfc/runtime/kernel"

// fmaChains is the number of independent chains of a round.
const fmaChains = 12

//go:noescape
func fma32(n int)

//go:noescape
func fma64(n int)

//go:noescape
func fma32Wide(n int)

//go:noescape
func fma64Wide(n int)

// peaks measures multiply-adds a second of one core, as floating operations,
// with the widest registers of the tier.
func peaks() (f32, f64 float64) {
	const n = 2_000_000
	switch kernel.Active() {
	case kernel.Portable:
		return scalarPeak(), scalarPeak()
	case kernel.AVX2:
		return 2 * 8 * fmaChains * rate(n, fma32), 2 * 4 * fmaChains * rate(n, fma64)
	}
	return 2 * 16 * fmaChains * rate(n, fma32Wide), 2 * 8 * fmaChains * rate(n, fma64Wide)
}
