package kernel

import (
	"syscall"
	"time"
	"unsafe"
)

// threadTime is the processor time of the thread, which other processes of the
// machine do not add to. The caller keeps to its thread.
func threadTime() time.Duration {
	const threadClock = 3
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
