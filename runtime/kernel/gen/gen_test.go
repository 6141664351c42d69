package gen

import (
	"flag"
	"go/format"
	"os"
	"path/filepath"
	"testing"
)

var bless = flag.Bool("bless", false, "write the generated files anew")

// TestFresh holds the checked-in kernels beside what the generator writes.
func TestFresh(t *testing.T) {
	for _, f := range Files {
		a := f.Write()
		decl, err := format.Source(a.decl.Bytes())
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, a.decl.Bytes())
		}
		compare(t, f.Name+"_amd64.s", a.text.Bytes())
		compare(t, f.Name+"_amd64.go", decl)
	}
}

func compare(t *testing.T, name string, want []byte) {
	path := filepath.Join("..", name)
	if *bless {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what the generator writes; go test ./runtime/kernel/gen -bless writes it anew", name)
	}
}
