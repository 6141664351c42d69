// Package tests holds corpora and properties that cross packages.
package tests

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/dfc-lang/dfc"

// mayImport is the architecture: which packages of ours a package may import,
// and the libraries from outside that it is the one door to.
var mayImport = map[string]struct{ ours, outside []string }{
	"lang/source":        {},
	"stdlib":             {},
	"ir":                 {ours: []string{"lang/source"}},
	"lang/syntax":        {ours: []string{"lang/source"}, outside: []string{"github.com/alecthomas/participle"}},
	"lang/check":         {ours: []string{"lang/source", "lang/syntax", "ir", "stdlib"}},
	"lang/lower":         {ours: []string{"lang/source", "lang/syntax", "lang/check", "ir", "stdlib"}},
	"passes":             {ours: []string{"ir", "lang/source"}},
	"runtime/array":      {ours: []string{"ir"}},
	"runtime/kernel":     {ours: []string{"ir", "runtime/kernel/macro"}, outside: []string{"gonum.org/v1/gonum", "golang.org/x/sys/cpu"}},
	"runtime/kernel/gen": {ours: []string{"runtime/kernel/macro"}},
	"runtime":            {ours: []string{"ir", "lang/source", "runtime/array", "runtime/kernel", "runtime/kernel/jit", "runtime/kernel/macro"}, outside: []string{"gonum.org/v1/gonum"}},
	"runtime/data":       {ours: []string{"ir", "lang/source", "runtime/array"}, outside: []string{"github.com/klauspost/compress"}},
	"runtime/train":      {ours: []string{"ir", "lang/source", "runtime/array", "runtime/data", "runtime"}},
	"":                   {ours: []string{"ir", "lang/source", "lang/syntax", "lang/check", "lang/lower", "passes", "runtime", "runtime/array", "runtime/data", "runtime/train", "stdlib"}},
	"cmd/dfc":            {ours: []string{"", "ir", "lang/source", "lang/syntax"}, outside: []string{"github.com/spf13", "golang.org/x/term"}},

	"runtime/kernel/blas":  {ours: []string{"runtime/kernel"}, outside: []string{"gonum.org/v1/gonum"}},
	"runtime/kernel/macro": {},
	"runtime/kernel/jit":   {ours: []string{"runtime/kernel/macro"}},
}

type listed struct {
	ImportPath string
	Imports    []string
}

// TestArrows holds the arrows of ARCHITECTURE.md: data flows one way through
// the folders, and each library from outside has one door.
func TestArrows(t *testing.T) {
	for _, p := range list(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if strings.HasPrefix(name, "tests") || strings.HasPrefix(name, "bench") || strings.HasPrefix(name, "docs") || strings.HasPrefix(name, "editors") {
			continue
		}
		rule, ok := mayImport[name]
		if !ok {
			t.Errorf("package %s has no row in the table of arrows", name)
			continue
		}
		for _, imp := range p.Imports {
			checkArrow(t, name, imp, rule.ours, rule.outside)
		}
	}
}

func checkArrow(t *testing.T, name, imp string, ours, outside []string) {
	if imp == module || strings.HasPrefix(imp, module+"/") {
		short := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
		for _, o := range ours {
			if o == short {
				return
			}
		}
		t.Errorf("%s imports %s: no such arrow", name, short)
		return
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		if imp == "runtime" && strings.HasPrefix(name, "runtime") {
			return // under another name, which vet's eyes see to
		}
		return
	}
	for _, o := range outside {
		if strings.HasPrefix(imp, o) {
			return
		}
	}
	t.Errorf("%s imports %s: it is not the door to that library", name, imp)
}

func list(t *testing.T) []listed {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
