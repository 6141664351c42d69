package lower

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestMain lets faults of ours show where they come from.
func TestMain(m *testing.M) {
	debugPanics = true
	os.Exit(m.Run())
}

func compileFile(t *testing.T, path string, opt Options) (*ir.Module, source.List) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	opt.ReadFile = func(p string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, p)) }
	return Program(source.NewFile(filepath.Base(path), text), opt)
}

// TestExamples compiles every example and verifies what comes of it.
func TestExamples(t *testing.T) {
	files, _ := filepath.Glob("../../examples/*.df")
	if len(files) == 0 {
		t.Fatal("no examples")
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			m, errs := compileFile(t, f, Options{})
			if errs.HasErrors() {
				t.Fatalf("%v", errs)
			}
			for _, e := range errs {
				t.Logf("%v", e)
			}
			if err := ir.Verify(m, ir.StageRaw); err != nil {
				t.Fatalf("%v\n%s", err, m)
			}
		})
	}
}

// TestStdlib compiles the tests of the standard library, with every function
// of it checked at its most general arguments.
func TestStdlib(t *testing.T) {
	files, _ := filepath.Glob("../../stdlib/*.df")
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, errs := Tests(source.NewFile(filepath.Base(f), text), Options{})
			if len(errs) > 0 {
				t.Fatalf("%v", errs)
			}
			if err := ir.Verify(m, ir.StageRaw); err != nil {
				t.Fatalf("%v\n%s", err, m)
			}
		})
	}
}
