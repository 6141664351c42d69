package main

import (
	"os"
	"strings"
	"time"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// machine is what one core of this machine can do.
type machine struct {
	tier           string
	peak32, peak64 float64 // floating operations a second
	bandwidth      float64 // bytes a second, read and written, from memory
	clock          float64 // cycles a second, 0 where that cannot be told
}

func measureMachine() machine {
	m := machine{tier: kernel.Active().String()}
	m.peak32, m.peak64 = peaks()
	if lanes := map[kernel.Tier]float64{kernel.AVX2: 8, kernel.AVX512: 16}[kernel.Active()]; lanes > 0 {
		m.clock = m.peak32 / (2 * 2 * lanes) // two units for a product and a sum each
	}
	m.bandwidth = bandwidth()
	return m
}

// rate is the best number of rounds a second over several runs of f(n).
func rate(n int, f func(int)) float64 {
	best := 0.0
	for i := 0; i < 7; i++ {
		began := time.Now()
		f(n)
		best = max(best, float64(n)/time.Since(began).Seconds())
	}
	return best
}

// scalarPeak is multiply and add of numbers one by one, in four chains.
func scalarPeak() float64 {
	sink := 0.0
	r := rate(4_000_000, func(n int) {
		a, b, c, d := 1.0, 2.0, 3.0, 4.0
		for i := 0; i < n; i++ {
			a, b, c, d = a*0.5+1, b*0.5+1, c*0.5+1, d*0.5+1
		}
		sink += a + b + c + d
	})
	if sink == 0 {
		return 0
	}
	return 8 * r
}

// bandwidth copies what no cache holds.
func bandwidth() float64 {
	const n = 64 << 20
	src, dst := make([]byte, n), make([]byte, n)
	for i := range src {
		src[i] = byte(i)
	}
	return 2 * n * rate(1, func(int) { copy(dst, src) })
}

// cpuName is the processor as Linux calls it.
func cpuName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return "processor"
}
