package tests

import (
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestStdlib runs the tests that every module of the standard library holds.
func TestStdlib(t *testing.T) {
	for _, path := range programs(t, "../stdlib/*.df") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			results, err := dfc.RunTests(path, dfc.Options{Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(results) == 0 {
				t.Error("it has no tests")
			}
			for _, r := range results {
				if r.Err != nil {
					t.Errorf("%s:\n%s", r.Title, source.Render(source.AsList(r.Err)[0], source.Style{}))
				}
			}
		})
	}
}
