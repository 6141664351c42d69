package runtime

import "syscall"

// yieldThread lets another thread that waits for this core have it: perhaps
// the very helper that is waited for. The Go scheduler does that for
// goroutines only.
func yieldThread() { syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
