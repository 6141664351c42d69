package tests

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// ownLayout are programs and folders of programs whose layout is what they are
// about: those that do not parse or whose messages show a line as it stands,
// those of the layout itself, and one in whose comments columns count.
var ownLayout = []string{"tests/errors", "tests/run/lines.df", "lang/syntax/testdata", "lang/lower/testdata", "editors/vscode/tests"}

// TestProgramsAreLaidOut: every program of the repository is as `dfc fmt` lays it
// out.
func TestProgramsAreLaidOut(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		switch {
		case err != nil:
			return err
		case slices.Contains(ownLayout, name) && d.IsDir(), d.IsDir() && strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2:
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".df" || slices.Contains(ownLayout, name):
			return nil
		}
		seen++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out, errs := syntax.Format(source.NewFile(name, text))
		switch {
		case out == nil:
			t.Errorf("%s: %v", name, errs)
		case !bytes.Equal(out, text):
			t.Errorf("%s is not as `dfc fmt` lays it out", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 150 {
		t.Errorf("only %d programs", seen)
	}
	for _, name := range ownLayout {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(name))); err != nil {
			t.Errorf("the exception %s: %v", name, err)
		}
	}
}
