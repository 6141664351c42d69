//go:build !linux

package kernel

import "time"

var started = time.Now()

// threadTime is the time that passed, where there is no clock of a thread.
func threadTime() time.Duration { return time.Since(started) }
