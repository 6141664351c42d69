package main

import (
	"os"
	"syscall"
)

// peakOf is the most memory a process had, in bytes; 0 where not known.
func peakOf(p *os.ProcessState) int64 {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return int64(u.Maxrss) << 10
	}
	return 0
}
