#include "textflag.h"

// func prefetchRows(rows unsafe.Pointer, idx *int32, n, size int)
TEXT ·prefetchRows(SB), NOSPLIT, $0-32
	MOVQ rows+0(FP), DI
	MOVQ idx+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ size+24(FP), DX
	TESTQ CX, CX
	JLE  done

next:
	MOVLQSX (SI), AX
	IMULQ   DX, AX
	ADDQ    DI, AX
	PREFETCHT0 (AX)
	PREFETCHT0 -1(AX)(DX*1)
	ADDQ    $4, SI
	DECQ    CX
	JNZ     next

done:
	RET
