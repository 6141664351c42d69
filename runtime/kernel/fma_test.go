package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNothingContracted compiles the package for an architecture whose
// compiler contracts products into sums wherever the language lets it, and
// looks for such instructions outside the kernel that asks for them.
func TestNothingContracted(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another architecture")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	main := filepath.Join(dir, "main.go")
	text := `package main

import "github.com/dfc-lang/dfc/runtime/kernel"

var sink any

func use[T kernel.Float]() {
	g := kernel.NewGemm[T](1, 1, 1, [2]int{}, [2]int{}, [2]int{})
	g.Block(0, 1, 0, 1, false, nil, nil, nil, nil)
	kernel.SumColumns[T](nil, nil, nil, 0, 0)
	kernel.ScatterAdd[T](nil, nil, nil, 0, 0, 0, 0)
	sink = []any{kernel.FloatUnary[T]("exp", 0), kernel.FloatUnary[T]("powi", 3), kernel.FloatUnary[T]("polygamma", 3),
		kernel.FloatBinary[T]("pow"), kernel.FloatBinary[T]("rem"), kernel.Sum[T], kernel.FoldProd[T], kernel.ArgMax[T]}
}

func main() { use[float32](); use[float64]() }
`
	if err := os.WriteFile(main, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	build := exec.Command(goTool, "build", "-o", bin, main)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot compile for arm64: %v\n%s", err, out)
	}
	dump, err := exec.Command(goTool, "tool", "objdump", "-s", `runtime/kernel\.`, bin).Output()
	if err != nil {
		t.Fatalf("cannot disassemble: %v", err)
	}
	if !strings.Contains(string(dump), "kernel.Exp") {
		t.Fatal("the disassembly lacks the kernels")
	}
	fused := regexp.MustCompile(`\bF(N?)M(ADD|SUB)[SD]?\b`)
	name := ""
	for _, line := range strings.Split(string(dump), "\n") {
		if strings.HasPrefix(line, "TEXT ") {
			name = strings.Fields(line)[1]
		}
		if fused.MatchString(line) && !strings.Contains(name, "kernel.Fma") {
			t.Errorf("%s is contracted:%s", name, line[strings.IndexByte(line, '\t'):])
		}
	}
}
