package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// built is the command, built once for the tests of this folder.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dfc-state-*")
	if err == nil {
		built, err = Build(dir)
	}
	status := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		status = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// lay writes a program into a folder of its own.
func lay(t *testing.T, p Program) string {
	t.Helper()
	dir := t.TempDir()
	if err := p.Lay(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program and expects an exit status.
func run(t *testing.T, p Program, dir string, status int, args ...string) Left {
	t.Helper()
	left, err := Run(built, p, dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	if left.Status != status {
		t.Fatalf("%s %v: status %d, not %d\n%s%s", p.Name, args, left.Status, status, left.Said, left.Errors)
	}
	return left
}

func same(t *testing.T, what string, got, want Left) {
	t.Helper()
	if got.Said != want.Said {
		t.Errorf("%s: prints %q, not %q", what, got.Said, want.Said)
	}
	if d := Differ(got.Files, want.Files); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

// TestWorkers runs each program, in a folder of its own, on 1, 2 and 4 workers:
// state, results and print are the same bytes.
func TestWorkers(t *testing.T) {
	for _, p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			want := run(t, p, lay(t, p), 0, "--workers", "1", "--save", "state")
			if len(want.Files) < 8 || want.Said == "" {
				t.Fatalf("%d files, prints %q", len(want.Files), want.Said)
			}
			for _, n := range []string{"2", "4"} {
				same(t, n+" workers", run(t, p, lay(t, p), 0, "--workers", n, "--save", "state"), want)
			}
		})
	}
}

// TestPlaceless: nothing of the machine is in a state, and the path by which a
// program is called does not matter.
func TestPlaceless(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	p := Shop(200, 30, 2)
	dir := lay(t, p)
	want := run(t, p, dir, 0, "--save", "state")
	for name, text := range want.Files {
		for _, bad := range []string{dir, filepath.Base(dir), os.TempDir(), host, "orders.csv"} {
			if strings.HasPrefix(name, "state/") && len(bad) > 3 && strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
	away := lay(t, p)
	elsewhere := t.TempDir()
	q := p
	q.Name = filepath.Join(away, p.Name)
	same(t, "called from another folder", run(t, q, elsewhere, 0, "--save", "state"), want)
}

// TestSpill: the table of the program that is to spill does, and its batches
// are those that come from memory.
func TestSpill(t *testing.T) {
	p, roomy := Wide(30000), Wide(30000)
	roomy.Args = nil
	same(t, "from disk", run(t, p, lay(t, p), 0, "--save", "state"), run(t, roomy, lay(t, roomy), 0, "--save", "state"))
	for _, p := range All() {
		dir := lay(t, p)
		t.Setenv("TMPDIR", filepath.Join(dir, "none"))
		left, err := Run(built, p, dir)
		if err != nil {
			t.Fatal(err)
		}
		if spilled := strings.Contains(left.Errors, "D0120"); spilled != p.Spill {
			t.Errorf("%s: spilled is %v\n%s", p.Name, spilled, left.Errors)
		}
	}
}
