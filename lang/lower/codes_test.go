package lower

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

var bless = flag.Bool("bless", false, "rewrite the golden messages")

const golden = "testdata/errors/catalogue.txt"

// ours reports whether a code belongs to this package or to check.
func ours(id string) bool {
	return id >= "E0200" && id < "E0600" || id >= "E0620" && id < "E0900"
}

// TestCatalogue compiles the examples of every code: the wrong one raises the
// code and nothing else, the right one nothing. The messages stand in a golden
// file, which `go test ./lang/lower -bless` rewrites.
func TestCatalogue(t *testing.T) {
	var text strings.Builder
	for _, c := range source.Codes() {
		if !ours(c.ID) {
			continue
		}
		if c.Wrong == "" {
			continue
		}
		_, errs := Program(source.NewFile("wrong.df", []byte(c.Wrong)), Options{})
		found := false
		for _, d := range errs {
			found = found || d.Code == c.ID
			if d.Code != c.ID {
				t.Errorf("%s: the wrong example raises %s as well:\n%s", c.ID, d.Code, source.Render(d, source.Style{}))
			}
			text.WriteString(source.Render(d, source.Style{}) + "\n\n")
		}
		if !found {
			t.Errorf("%s: the wrong example does not raise it:\n%s", c.ID, c.Wrong)
		}
		m, errs := Program(source.NewFile("right.df", []byte(c.Right)), Options{})
		if len(errs) > 0 {
			t.Errorf("%s: the right example:\n%v", c.ID, errs)
		} else if err := ir.Verify(m, ir.StageRaw); err != nil {
			t.Errorf("%s: the right example:\n%v", c.ID, err)
		}
	}
	if *bless {
		if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := os.ReadFile(golden)
	if string(want) != text.String() {
		t.Errorf("the messages have changed; read the difference of %s after `go test ./lang/lower -bless`", golden)
	}
}

// TestCodesRegistered finds every code in the source of both packages in the
// catalogue, and every code of the catalogue in the source.
func TestCodesRegistered(t *testing.T) {
	used := map[string]bool{}
	files, _ := filepath.Glob("*.go")
	more, _ := filepath.Glob("../check/*.go")
	code := regexp.MustCompile(`"(E0\d\d\d)"`)
	for _, f := range append(files, more...) {
		if strings.Contains(f, "codes") || strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
			if _, ok := source.LookupCode(m[1]); !ok {
				t.Errorf("%s uses %s, which is not in the catalogue", f, m[1])
			}
		}
	}
	for _, c := range source.Codes() {
		if ours(c.ID) && !used[c.ID] {
			t.Errorf("%s is in the catalogue and never raised", c.ID)
		}
	}
}
