package random

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// TestFound runs again what was once found, by chance or by thought, to go
// wrong: each file of tests/found is a module with a function @f of one row,
// whose derivatives of every order must be, in a batch, those of its rows.
func TestFound(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "found", "*.ir"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			made := func() *ir.Module {
				m, err := ir.Parse(file, text)
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
			for seed := range uint64(5) {
				if err := CheckAll(seed, made); err != nil && !errors.Is(err, ErrSkip) {
					t.Errorf("rows %d: %v", seed, err)
				}
			}
		})
	}
}
