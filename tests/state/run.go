package state

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// Build builds dfc into a folder, from a working directory in the module.
func Build(dir string) (string, error) {
	path := filepath.Join(dir, "dfc.exe") // a name that runs everywhere
	if out, err := exec.Command("go", "build", "-o", path, "github.com/dfc-lang/dfc/cmd/dfc").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building dfc: %w\n%s", err, out)
	}
	return path, nil
}

// Left is what a run leaves: its exit status, what it printed, its files
// below state/ and out/.
type Left struct {
	Status int
	Said   string
	Errors string
	Files  map[string]string
}

// Run runs dfc in the folder of a program to its end.
func Run(dfc string, p Program, dir string, args ...string) (Left, error) {
	var out, err bytes.Buffer
	c := Command(dfc, p, dir, args...)
	c.Stdout, c.Stderr = &out, &err
	status := 0
	if e := c.Run(); e != nil {
		if c.ProcessState == nil {
			return Left{}, e
		}
		status = c.ProcessState.ExitCode()
	}
	files, e := Files(dir)
	return Left{status, out.String(), err.String(), files}, e
}

// Command is dfc run of a program, with results below out/.
func Command(dfc string, p Program, dir string, args ...string) *exec.Cmd {
	all := append([]string{"run", p.Name + ".df", "--quiet", "--out", "out"}, p.Args...)
	c := exec.Command(dfc, append(all, args...)...)
	c.Dir = dir
	return c
}

// Files reads the files below state/ and out/.
func Files(dir string) (map[string]string, error) {
	all := map[string]string{}
	for _, sub := range []string{"state", "out"} {
		err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			all[filepath.ToSlash(rel)] = string(b)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	return all, nil
}

// Differ names the files that are not the same in both, "" for none.
func Differ(got, want map[string]string) string {
	var names []string
	for n, x := range got {
		if y, ok := want[n]; !ok {
			names = append(names, n+" is too much")
		} else if x != y {
			names = append(names, n+" differs")
		}
	}
	for n := range want {
		if _, ok := got[n]; !ok {
			names = append(names, n+" is missing")
		}
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
