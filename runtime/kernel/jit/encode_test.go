package jit

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// encoding is an instruction as we write it and as the Go assembler reads it.
type encoding struct {
	text string
	b    []byte
}

type encodings struct{ list []encoding }

func (l *encodings) add(text string, f func(c *code)) {
	var c code
	f(&c)
	l.list = append(l.list, encoding{text, c.b})
}

func vecName(wide bool, v vec) string {
	if wide {
		return fmt.Sprintf("Y%d", v)
	}
	return fmt.Sprintf("X%d", v)
}

var regNames = map[reg]string{rAX: "AX", rCX: "CX", rDX: "DX", rBX: "BX", rSI: "SI", rDI: "DI", r8: "R8", r9: "R9",
	r10: "R10", r11: "R11", r12: "R12", r13: "R13", r15: "R15"}

func (m mem) String() string {
	s := fmt.Sprintf("%d(%s)", m.disp, regNames[m.base])
	if m.index != none {
		s += fmt.Sprintf("(%s*%d)", regNames[m.index], 1<<m.scale)
	}
	return s
}

// places are addresses of every form: each base, with and without index and
// displacement.
func places() []mem {
	var out []mem
	for b := range regNames {
		for _, d := range []int32{0, 8, -128, 128, 1 << 20} {
			out = append(out, at(b, d), mem{b, rDX, 2, d}, mem{b, r12, 0, d}, mem{b, r15, 3, d})
		}
	}
	return out
}

var mnemonics = map[Op][2]string{Add: {"VADDPS", "VADDPD"}, Sub: {"VSUBPS", "VSUBPD"}, Mul: {"VMULPS", "VMULPD"},
	Div: {"VDIVPS", "VDIVPD"}, Min: {"VMINPS", "VMINPD"}, Max: {"VMAXPS", "VMAXPD"}, Sqrt: {"VSQRTPS", "VSQRTPD"},
	Round: {"VROUNDPS", "VROUNDPD"}, Fma: {"VFMADD", "VFMADD"}, Fms: {"VFMSUB", "VFMSUB"}, Fnma: {"VFNMADD", "VFNMADD"},
	Fnms: {"VFNMSUB", "VFNMSUB"}, Cmp: {"VCMPPS", "VCMPPD"}, And: {"VANDPS", "VANDPD"}, AndNot: {"VANDNPS", "VANDNPD"},
	Or: {"VORPS", "VORPD"}, Xor: {"VXORPS", "VXORPD"}, Blend: {"VBLENDVPS", "VBLENDVPD"}, IAdd: {"VPADDD", "VPADDQ"},
	ISub: {"VPSUBD", "VPSUBQ"}, IMul: {"VPMULLD"}, IMin: {"VPMINSD"}, IMax: {"VPMAXSD"}, IEq: {"VPCMPEQD", "VPCMPEQQ"},
	IGt: {"VPCMPGTD", "VPCMPGTQ"}, Shl: {"VPSLLD", "VPSLLQ"}, Shr: {"VPSRLD", "VPSRLQ"}, Sar: {"VPSRAD"},
	MulHalves: {"", "VPMULDQ"}, MulUnsigned: {"", "VPMULUDQ"},
	FloatToDouble: {"", "VCVTPS2PD"}, IntToDouble: {"", "VCVTDQ2PD"}, SignExtend: {"", "VPMOVSXDQ"}, ZeroExtend: {"", "VPMOVZXDQ"},
	DoubleToFloat: {"", "VCVTPD2PS"}, DoubleToInt: {"", "VCVTPD2DQ"}, IntToFloat: {"VCVTDQ2PS"}, FloatToInt: {"VCVTPS2DQ"}}

// operations adds every operation of the table, at both lengths.
func (l *encodings) operations() {
	registers := [][3]vec{{0, 1, 2}, {15, 8, 7}, {3, 14, 9}}
	address := mem{r13, rDX, 2, 0}
	for op := Add; op < numOps; op++ {
		w := rows[op]
		for i := range 2 {
			if mnemonics[op][i] == "" {
				continue
			}
			in, name, ext := w.inst[i], mnemonics[op][i], []string{"PS", "PD"}[i]
			for _, wide := range []bool{false, true} {
				for _, r := range registers {
					d, x, y := vecName(wide, r[0]), vecName(wide, r[1]), vecName(wide, r[2])
					switch w.form {
					case monadic:
						l.conversion(op, name, in, wide, r, w.imm)
					case dyadic:
						l.add(fmt.Sprintf("%s %s, %s, %s", name, y, x, d), func(c *code) { c.rrr(in, wide, r[0], r[1], r[2]) })
						l.add(fmt.Sprintf("%s %s, %s, %s", name, address, x, d), func(c *code) { c.rrm(in, wide, r[0], r[1], address) })
					case comparison:
						l.add(fmt.Sprintf("%s $17, %s, %s, %s", name, y, x, d), func(c *code) { c.rrr(in, wide, r[0], r[1], r[2]); c.bytes(17) })
					case shift:
						l.add(fmt.Sprintf("%s $9, %s, %s", name, y, x), func(c *code) { c.rrr(in, wide, vec(w.ext), r[1], r[2]); c.bytes(9) })
					case fused:
						for k, order := range []string{"132", "213", "231"} {
							in := in
							in.op += byte(k << 4)
							l.add(fmt.Sprintf("%s%s%s %s, %s, %s", name, order, ext, y, x, d), func(c *code) { c.rrr(in, wide, r[0], r[1], r[2]) })
						}
					case blend:
						m := vec(11)
						l.add(fmt.Sprintf("%s %s, %s, %s, %s", name, vecName(wide, m), y, x, d), func(c *code) { c.rrr(in, wide, r[0], r[1], r[2]); c.bytes(byte(m) << 4) })
					}
				}
			}
		}
	}
}

// conversion adds an operation of one operand, whose length may not be that of
// the result.
func (l *encodings) conversion(op Op, name string, in inst, wide bool, r [3]vec, imm bool) {
	d, y := vecName(wide, r[0]), vecName(wide, r[2])
	switch op {
	case FloatToDouble, IntToDouble, SignExtend, ZeroExtend:
		y = vecName(false, r[2])
	case DoubleToFloat, DoubleToInt:
		d = vecName(false, r[0])
		name += map[bool]string{false: "X", true: "Y"}[wide]
	}
	pre := ""
	if imm {
		pre = "$1, "
	}
	l.add(fmt.Sprintf("%s %s%s, %s", name, pre, y, d), func(c *code) {
		c.rrr(in, wide, r[0], 0, r[2])
		if imm {
			c.bytes(1)
		}
	})
}

// moves adds what is no operation: loads, stores, and general instructions.
func (l *encodings) moves() {
	for _, m := range places() {
		l.add(fmt.Sprintf("VMOVUPS %s, Y9", m), func(c *code) { c.rrm(vmovups, true, 9, 0, m) })
		l.add(fmt.Sprintf("VMOVUPS X1, %s", m), func(c *code) { c.rrm(vmovupsSt, false, 1, 0, m) })
		l.add(fmt.Sprintf("MOVQ %s, R9", m), func(c *code) { c.load(r9, m) })
		l.add(fmt.Sprintf("MOVQ BX, %s", m), func(c *code) { c.store(m, rBX) })
		l.add(fmt.Sprintf("ADDQ %s, R15", m), func(c *code) { c.addMem(r15, m) })
		l.add(fmt.Sprintf("VPMOVZXBD %s, Y12", m), func(c *code) { c.rrm(vpmovzxbd, true, 12, 0, m) })
	}
	m := mem{r9, rDX, 0, 5}
	for _, t := range []struct {
		name string
		in   inst
		wide bool
	}{{"VMOVSS", vmovss, false}, {"VMOVSD", vmovsd, false}, {"VBROADCASTSS", vbroadcastss, true}, {"VBROADCASTSD", vbroadcastsd, true},
		{"VMOVDDUP", vmovddup, false}, {"VPBROADCASTD", vpbroadcastd, false}, {"VPBROADCASTQ", vpbroadcastq, true},
		{"VPMOVSXBD", vpmovsxbd, true}, {"VPMOVSXWD", vpmovsxwd, true}, {"VPMOVZXBQ", vpmovzxbq, true}, {"VPMOVZXWD", vpmovzxwd, true}} {
		l.add(fmt.Sprintf("%s %s, %s", t.name, m, vecName(t.wide, 13)), func(c *code) { c.rrm(t.in, t.wide, 13, 0, m) })
	}
	l.add("VMOVSS X9, 5(R9)(DX*1)", func(c *code) { c.rrm(vmovssSt, false, 9, 0, m) })
	l.add("VMOVSD X9, 5(R9)(DX*1)", func(c *code) { c.rrm(vmovsdSt, false, 9, 0, m) })
	l.add("VMOVD X9, 5(R9)(DX*1)", func(c *code) { c.rrm(vmovdSt, false, 9, 0, m) })
	l.add("VMOVQ X9, 5(R9)(DX*1)", func(c *code) { c.rrm(vmovqSt, false, 9, 0, m) })
	l.add("VMOVD AX, X9", func(c *code) { c.rrr(vmovd, false, 9, 0, vec(rAX)) })
	l.add("VMOVD X9, AX", func(c *code) { c.rrr(vmovdSt, false, 9, 0, vec(rAX)) })
	l.add("VMOVAPS 5(R9)(DX*1), Y9", func(c *code) { c.rrm(vmovaps, true, 9, 0, m) })
	l.add("VEXTRACTI128 $1, Y9, X2", func(c *code) { c.rrr(vextracti128, true, 9, 0, 2); c.bytes(1) })
	l.add("VSHUFPS $136, X9, X1, X2", func(c *code) { c.rrr(vshufps, false, 2, 1, 9); c.bytes(0x88) })
	l.add("VPACKSSDW X9, X1, X2", func(c *code) { c.rrr(vpackssdw, false, 2, 1, 9) })
	l.add("VPACKSSWB X9, X1, X2", func(c *code) { c.rrr(vpacksswb, false, 2, 1, 9) })
	l.add("VPAND X9, X1, X2", func(c *code) { c.rrr(vpand, false, 2, 1, 9) })
	l.add("ADDQ $8, DX", func(c *code) { c.addImm(rDX, 8) })
	l.add("ADDQ $4096, R9", func(c *code) { c.addImm(r9, 4096) })
	l.add("XORL DX, DX", func(c *code) { c.zero(rDX) })
	l.add("XORL R9, R9", func(c *code) { c.zero(r9) })
	for k, name := range map[Kind]string{U8: "MOVBLZX", Bool: "MOVBLZX", I8: "MOVBLSX", U16: "MOVWLZX", I16: "MOVWLSX"} {
		l.add(name+" 5(R9)(DX*1), AX", func(c *code) { e := emitter{}; e.extend(k, m); c.b = e.b })
	}
}

// TestEncodings compares every instruction with what the Go assembler makes of
// its text.
func TestEncodings(t *testing.T) {
	l := &encodings{}
	l.operations()
	l.moves()
	l.compare(t)
}

func (l *encodings) compare(t *testing.T) {
	var src strings.Builder
	src.WriteString("TEXT ·f(SB), 4, $0-0\n")
	for _, e := range l.list {
		src.WriteString("\t" + e.text + "\n")
	}
	want := assemble(t, src.String())
	for _, e := range l.list {
		got := hex.EncodeToString(e.b)
		if !strings.HasPrefix(want, got) {
			t.Fatalf("%s: %s, the assembler goes on with %.20s", e.text, got, want)
		}
		want = want[len(got):]
	}
	t.Logf("%d encodings", len(l.list))
}

// assemble is the bytes of a text. The disassembler does not know all of the
// instructions, but it shows all bytes.
func assemble(t *testing.T, src string) string {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "x_amd64.s"), filepath.Join(dir, "x.o")
	if err := os.WriteFile(in, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	asm := exec.Command("go", "tool", "asm", "-p", "x", "-o", out, in)
	asm.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	if b, err := asm.CombinedOutput(); err != nil {
		t.Fatalf("go tool asm: %v\n%s", err, b)
	}
	// Text of the form "  x_amd64.s:3  0x7  c5f458c2  VADDPS X2, X1, X0".
	b, err := exec.Command("go", "tool", "objdump", out).CombinedOutput()
	if err != nil {
		t.Fatalf("go tool objdump: %v\n%s", err, b)
	}
	var text strings.Builder
	for _, s := range strings.Split(string(b), "\n") {
		if f := strings.Fields(s); len(f) > 3 && strings.HasPrefix(f[0], "x_amd64.s:") {
			text.WriteString(f[2])
		}
	}
	return text.String()
}
