#include "textflag.h"

// func call(fn unsafe.Pointer, args *uint64)
//
// Generated code finds args in DI. It may change every register but SP, BP
// and R14, and uses no stack beyond its return address.
TEXT ·call(SB), NOSPLIT, $8-16
	MOVQ fn+0(FP), AX
	MOVQ args+8(FP), DI
	CALL AX
	RET
