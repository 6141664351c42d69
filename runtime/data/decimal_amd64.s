#include "textflag.h"

// func marksAVX2(p unsafe.Pointer, n int, sep, quote byte, out *marks)
TEXT ·marksAVX2(SB), NOSPLIT, $0-32
	MOVQ         p+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         out+24(FP), DI
	VPBROADCASTB sep+16(FP), Y0
	VPBROADCASTB quote+17(FP), Y1
	MOVL         $10, AX
	VMOVD        AX, X2
	VPBROADCASTB X2, Y2

next:
	VMOVDQU   (SI), Y3
	VMOVDQU   32(SI), Y4
	VPCMPEQB  Y0, Y3, Y5
	VPCMPEQB  Y0, Y4, Y6
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, (DI)
	VPCMPEQB  Y2, Y3, Y5
	VPCMPEQB  Y2, Y4, Y6
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, 8(DI)
	VPCMPEQB  Y1, Y3, Y5
	VPCMPEQB  Y1, Y4, Y6
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, 16(DI)
	ADDQ      $64, SI
	ADDQ      $24, DI
	DECQ      CX
	JNZ       next
	VZEROUPPER
	RET

// What decimals are made with: bytes of '.', '0' and 9, and the weights that
// join digits to pairs, pairs to fours and fours to eights.
DATA joints<>+0(SB)/8, $0x2e2e2e2e2e2e2e2e
DATA joints<>+8(SB)/8, $0x2e2e2e2e2e2e2e2e
DATA joints<>+16(SB)/8, $0x3030303030303030
DATA joints<>+24(SB)/8, $0x3030303030303030
DATA joints<>+32(SB)/8, $0x0909090909090909
DATA joints<>+40(SB)/8, $0x0909090909090909
DATA joints<>+48(SB)/8, $0x010a010a010a010a
DATA joints<>+56(SB)/8, $0x010a010a010a010a
DATA joints<>+64(SB)/8, $0x0001006400010064
DATA joints<>+72(SB)/8, $0x0001006400010064
DATA joints<>+80(SB)/8, $0x0001271000012710
DATA joints<>+88(SB)/8, $0x0001271000012710
GLOBL joints<>(SB), RODATA|NOPTR, $96

#define LOAD \
	MOVQ    base+0(FP), SI     \
	MOVQ    at+8(FP), R8       \
	MOVQ    step+16(FP), R9    \
	SHLQ    $2, R9             \
	MOVQ    rows+24(FP), CX    \
	MOVQ    out+32(FP), DI     \
	LEAQ    ·gather(SB), R14   \
	LEAQ    ·shift10(SB), R15  \
	MOVQ    $(1<<53), DX       \
	VMOVDQU joints<>+0(SB), X8 \
	VMOVDQU joints<>+16(SB), X9 \
	VMOVDQU joints<>+32(SB), X10 \
	VMOVDQU joints<>+48(SB), X11 \
	VMOVDQU joints<>+64(SB), X12 \
	VMOVDQU joints<>+80(SB), X13 \
	VXORPD  X14, X14, X14

// DECIMAL makes X6 of the field at R8, or goes to done. The digits are moved
// to the end of 16 bytes, and the point is left out, by one row of gather.
#define DECIMAL \
	MOVLQSX    (R8), AX       \
	MOVLQSX    4(R8), BX      \
	SUBQ       AX, BX         \
	ADDQ       SI, AX         \
	XORL       R10, R10       \
	CMPB       (AX), $0x2d    \
	SETEQ      R10            \
	ADDQ       R10, AX        \
	SUBQ       R10, BX        \
	LEAQ       -2(BX), R11    \
	CMPQ       R11, $16       \
	JAE        done           \
	DECQ       BX             \
	VMOVDQU    (AX), X0       \
	VPCMPEQB   X8, X0, X1     \
	VPMOVMSKB  X1, R11        \
	BTSQ       BX, R11        \
	BSFQ       R11, R11       \
	MOVQ       BX, R12        \
	SHLQ       $4, R12        \
	ADDQ       BX, R12        \
	ADDQ       R11, R12       \
	SHLQ       $4, R12        \
	VPSUBB     X9, X0, X0     \
	VPSHUFB    (R14)(R12*1), X0, X0 \
	VPSUBUSB   X10, X0, X1    \
	VPTEST     X1, X1         \
	JNZ        done           \
	VPMADDUBSW X11, X0, X0    \
	VPMADDWD   X12, X0, X0    \
	VPACKUSDW  X0, X0, X0     \
	VPMADDWD   X13, X0, X0    \
	VMOVQ      X0, R12        \
	MOVL       R12, R13       \
	SHRQ       $32, R12       \
	IMULQ      $100000000, R13 \
	ADDQ       R12, R13       \
	CMPQ       R13, DX        \
	JAE        done           \
	SUBQ       R11, BX        \
	VCVTSI2SDQ R13, X14, X6   \
	VDIVSD     (R15)(BX*8), X6, X6 \
	SHLQ       $63, R10       \
	VMOVQ      R10, X7        \
	VORPD      X7, X6, X6

// func decimals64(base unsafe.Pointer, at *int32, step, rows int, out *float64) (n int)
TEXT ·decimals64(SB), NOSPLIT, $0-48
	LOAD

next:
	DECIMAL
	VMOVSD X6, (DI)
	ADDQ   R9, R8
	ADDQ   $8, DI
	DECQ   CX
	JNZ    next

done:
	MOVQ rows+24(FP), AX
	SUBQ CX, AX
	MOVQ AX, n+40(FP)
	RET

// func decimals32(base unsafe.Pointer, at *int32, step, rows int, out *float32) (n int)
TEXT ·decimals32(SB), NOSPLIT, $0-48
	LOAD

next:
	DECIMAL
	VMOVQ     X6, R12
	ANDL      $0x1fffffff, R12
	CMPL      R12, $0x10000000
	JEQ       done
	VCVTSD2SS X6, X6, X6
	VMOVSS    X6, (DI)
	ADDQ      R9, R8
	ADDQ      $4, DI
	DECQ      CX
	JNZ       next

done:
	MOVQ rows+24(FP), AX
	SUBQ CX, AX
	MOVQ AX, n+40(FP)
	RET
