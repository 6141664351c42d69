package editors

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/dfc-lang/dfc/lang/lower"
)

var bless = flag.Bool("bless", false, "write the generated files")

// TestFresh compares the files in the folder with what the tables make.
func TestFresh(t *testing.T) {
	var names []string
	for _, f := range lower.Intrinsics() {
		names = append(names, f.Name)
	}
	for path, want := range Files(Collect(names)) {
		if *bless {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is stale; `go test ./editors -bless` writes it again", path)
		}
	}
}
