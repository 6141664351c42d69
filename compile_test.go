package dfc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/passes"
)

// TestExamplesVerify compiles every example with all checks.
func TestExamplesVerify(t *testing.T) {
	paths, err := filepath.Glob("examples/*.df")
	if err != nil || len(paths) == 0 {
		t.Fatal("no examples", err)
	}
	for _, path := range paths {
		p, err := Compile(path, Options{Verify: true})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if text, err := p.Text(); err != nil || len(text) == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestFaultOfPass spoils the program in one pass: what the verifier finds at
// the end of the list is put down to that pass.
func TestFaultOfPass(t *testing.T) {
	was := sizeFreePasses
	defer func() { sizeFreePasses = was }()
	spoil := passes.Pass{Name: "spoil", Run: func(m *ir.Module, _ ir.Sizes) error {
		for _, f := range m.Funcs {
			for _, op := range f.Body.Ops {
				op.Results[0].Type = ir.ScalarOf(ir.Bool)
			}
		}
		return nil
	}}
	sizeFreePasses = slices.Insert(slices.Clone(was), 2, spoil)
	for _, verify := range []bool{false, true} {
		_, err := CompileText("p.df", []byte("setting a: f32 = 2\nprint sin(a)\n"), Options{Verify: verify})
		if err == nil || Exit(err) != 3 || !strings.Contains(err.Error(), "after pass spoil") {
			t.Errorf("verify %v: %v", verify, err)
		}
	}
}

// TestSharedConstants computes each constant from the two before it: what many
// name is emitted once, not once for each way to it, of which there are more
// than can be counted.
func TestSharedConstants(t *testing.T) {
	const n = 200
	var text strings.Builder
	text.WriteString("let a0 = sqrt(2)\nlet a1 = sin(a0)\n")
	for i := 2; i < n; i++ {
		fmt.Fprintf(&text, "let a%d = a%d * 0.5 + sin(a%d)\n", i, i-1, i-2)
	}
	fmt.Fprintf(&text, "setting s: f32 = 1\nprint a%d * s\n", n-1)
	p, err := CompileText("p.df", []byte(text.String()), Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	ops := 0
	for _, f := range p.lowered.Funcs {
		ops += ir.OpCount(f)
	}
	if ops < n || ops > 5*n {
		t.Errorf("%d operations for %d constants", ops, n)
	}
}

func TestCompileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"let a = b\n": "",
		"model m() -> f32 {\n  param w: f32 = 0.5\n  round(w)\n}\ntrain fit of m {\n  loss m()\n  optimizer sgd(0.1)\n  steps 3\n}\n": "E0602",
	} {
		_, err := CompileText("p.df", []byte(text), Options{})
		if err == nil || Exit(err) != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
		if l := CheckText("p.df", []byte(text), Options{}); !l.HasErrors() {
			t.Errorf("%q passes the check", text)
		}
	}
	if _, err := Compile(filepath.Join(t.TempDir(), "none.df"), Options{}); Exit(err) != 2 {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestExit(t *testing.T) {
	bug, warning := source.Bugf(source.Span{}, "x"), source.Warnf("E0603", source.Span{}, "x")
	for status, err := range map[int]error{0: nil, 3: source.List{warning, bug}, 130: &Interrupted{}, 1: source.List{source.Errorf("E0101", source.Span{}, "x")}} {
		if got := Exit(err); got != status {
			t.Errorf("%v exits with %d, not %d", err, got, status)
		}
	}
}

// TestFaultsAreReported turns a panic inside into a report.
func TestFaultsAreReported(t *testing.T) {
	err := func() (err error) {
		defer guard(&err, "testing")
		var none []int
		_ = none[len(os.Args)+5]
		return nil
	}()
	if Exit(err) != 3 || !strings.Contains(err.Error(), "testing") || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("%v", err)
	}
}

func TestRunTests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.df")
	save(t, path, "test \"holds\" { assert 1 + 1 == 2 }\ntest \"fails\" { let x = 3.0\n  assert x * x < 5 }\n")
	r, err := RunTests(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r) != 2 || r[0].Err != nil || r[1].Err == nil || Exit(r[1].Err) != 1 {
		t.Errorf("%+v", r)
	}
}
