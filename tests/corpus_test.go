package tests

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

var bless = flag.Bool("bless", false, "rewrite the expectations in the corpora")

// Note: the file is the test. A program of a corpus ends in comments that say
// what must come out: `//> ` a line printed to standard output, or of a file
// that was written (after `//> == FILE`), `//! ` a line of diagnostics. `//set name=value` gives a setting. Programs under errors/
// are only checked; those under run/, threads/ and data/ are run. `go test
// ./tests -bless` rewrites the comments; read the difference before you commit.

// expectation is what the comments of a program say.
type expectation struct {
	body     string // the program without its expectations
	stdout   string
	messages string
	settings map[string]string
}

func readExpectation(text string) expectation {
	e := expectation{settings: map[string]string{}}
	var body, out, msg []string
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "//> "), line == "//>":
			out = append(out, strings.TrimPrefix(strings.TrimPrefix(line, "//>"), " "))
		case strings.HasPrefix(line, "//! "), line == "//!":
			msg = append(msg, strings.TrimPrefix(strings.TrimPrefix(line, "//!"), " "))
		default:
			if s, ok := strings.CutPrefix(line, "//set "); ok {
				name, value, _ := strings.Cut(strings.TrimSpace(s), "=")
				e.settings[name] = value
			}
			body = append(body, line)
		}
	}
	e.body = strings.TrimRight(strings.Join(body, "\n"), "\n") + "\n"
	e.stdout, e.messages = strings.Join(out, "\n"), strings.Join(msg, "\n")
	return e
}

func (e expectation) text() string {
	var b strings.Builder
	b.WriteString(e.body)
	for _, part := range []struct{ prefix, text string }{{"//> ", e.stdout}, {"//! ", e.messages}} {
		if part.text == "" {
			continue
		}
		for _, line := range strings.Split(part.text, "\n") {
			b.WriteString(strings.TrimRight(part.prefix+line, " ") + "\n")
		}
	}
	return b.String()
}

// render shows diagnostics as a user sees them, with paths cut to the folder
// of the program.
func render(l source.List, dir string) string {
	var lines []string
	for _, d := range l {
		lines = append(lines, source.Render(d, source.Style{}))
	}
	s := strings.Join(lines, "\n")
	if abs, err := filepath.Abs(dir); err == nil {
		s = strings.ReplaceAll(s, abs+string(filepath.Separator), "")
	}
	return strings.ReplaceAll(s, dir+string(filepath.Separator), "")
}

func programs(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	return files
}

// judge compares, or with -bless rewrites.
func judge(t *testing.T, path string, want, got expectation) {
	t.Helper()
	if want.stdout == got.stdout && want.messages == got.messages {
		return
	}
	if *bless {
		if err := os.WriteFile(path, []byte(got.text()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want.stdout != got.stdout {
		t.Errorf("printed:\n%s\nwanted:\n%s", got.stdout, want.stdout)
	}
	if want.messages != got.messages {
		t.Errorf("messages:\n%s\nwanted:\n%s", got.messages, want.messages)
	}
}

// checkOnly compiles a program for its diagnostics.
func checkOnly(path string, e expectation) expectation {
	l := dfc.Check(path, dfc.Options{Settings: e.settings, Verify: true})
	e.messages, e.stdout = render(l, filepath.Dir(path)), ""
	return e
}

// runProgram runs a program with results in a folder that must stay empty
// when it fails.
func runProgram(t *testing.T, path string, e expectation) expectation {
	out := t.TempDir()
	var stdout bytes.Buffer
	var all source.List
	err := func() error {
		p, err := dfc.Compile(path, dfc.Options{Settings: e.settings, Verify: true})
		if err != nil {
			return err
		}
		all = append(all, p.Warnings()...)
		b, err := p.Bind(dfc.DataOptions{Workers: 1})
		if err != nil {
			return err
		}
		defer b.Close()
		all = append(all, b.Notices()...)
		res, err := b.Run(context.Background(), dfc.RunOptions{Out: out, Stdout: &stdout})
		if err == nil {
			all = append(all, res.Notices...)
		}
		return err
	}()
	if err != nil {
		all = append(all, source.AsList(err)...)
		if left, _ := os.ReadDir(out); len(left) > 0 {
			t.Errorf("failed, and left %s behind", left[0].Name())
		}
	}
	if err == nil {
		stdout.WriteString(resultsIn(t, out))
	}
	e.stdout = strings.TrimRight(stdout.String(), "\n")
	e.messages = strings.ReplaceAll(render(all, filepath.Dir(path)), out+string(filepath.Separator), "")
	return e
}

// resultsIn shows the files that a program has written: a line with the name,
// then the text, or the size of what is no text.
func resultsIn(t *testing.T, dir string) string {
	var b strings.Builder
	for _, path := range programs(t, filepath.Join(dir, "*")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("== " + filepath.Base(path) + "\n")
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			fmt.Fprintf(&b, "%d bytes\n", len(text))
			continue
		}
		b.WriteString(strings.TrimRight(string(text), "\n") + "\n")
	}
	return b.String()
}

func corpus(t *testing.T, pattern string, do func(*testing.T, string, expectation) expectation) {
	files := programs(t, pattern)
	if len(files) == 0 {
		t.Fatalf("no programs at %s", pattern)
	}
	for _, path := range files {
		t.Run(filepath.ToSlash(strings.TrimSuffix(path, filepath.Ext(path))), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := readExpectation(string(text))
			judge(t, path, want, do(t, path, want))
		})
	}
}

// TestErrors checks every broken program for its exact messages.
func TestErrors(t *testing.T) {
	check := func(_ *testing.T, p string, e expectation) expectation { return checkOnly(p, e) }
	corpus(t, "errors/*.df", check)
	corpus(t, "errors/*.ir", check)
}

// TestRun runs the programs that show what the language means.
func TestRun(t *testing.T) { corpus(t, "run/*.df", runProgram) }

// TestThreads runs what users of other systems complained of, one program each.
func TestThreads(t *testing.T) { corpus(t, "threads/*.df", runProgram) }

// TestBrokenData runs programs over broken files: one message each, and no
// output file left behind.
func TestBrokenData(t *testing.T) {
	corpus(t, "data/*/main.df", runProgram)
	corpus(t, "data/*/main.ir", runProgram)
}

// TestEveryCodeHasAProgram finds the codes that no corpus shows.
func TestEveryCodeHasAProgram(t *testing.T) {
	shown := map[string]bool{}
	for _, pattern := range []string{"errors/*.*", "run/*.df", "threads/*.df", "data/*/main.*"} {
		for _, path := range programs(t, pattern) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			said := string(text)
			if filepath.Ext(path) != ".txt" {
				said = readExpectation(said).messages
			}
			for _, c := range source.Codes() {
				if strings.Contains(said, "error "+c.ID+":") || strings.Contains(said, "warning "+c.ID+":") {
					shown[c.ID] = true
				}
			}
		}
	}
	for _, c := range source.Codes() {
		if !shown[c.ID] && elsewhere[c.ID] == "" {
			t.Errorf("nothing under tests/ shows %s (%s)", c.ID, c.Title)
		}
		if shown[c.ID] && elsewhere[c.ID] != "" {
			t.Errorf("%s is shown, and named as shown elsewhere", c.ID)
		}
	}
}

// elsewhere names the test of each code that no program and no command can
// show: the message of each is compared there, letter by letter.
var elsewhere = map[string]string{
	"D0220": "runtime/train: TestDivergenceUntraced",
	"D0221": "runtime/train: TestDivergenceUntraced",
}
