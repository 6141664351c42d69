package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dfc runs a command line and returns what it wrote and its exit status.
func dfcRun(stdin string, args ...string) (out, err string, status int) {
	var o, e bytes.Buffer
	status = execute(args, terminal{In: strings.NewReader(stdin), Out: &o, Err: &e})
	return o.String(), e.String(), status
}

// TestUsage: wrong use of the command is exit status 2, one message with a
// hint, and no trace of Go.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"rum"}, "did you mean `dfc run`"},
		{[]string{"model.df"}, "dfc run model.df"},
		{[]string{"run", "--workers", "two", "x.df"}, "whole number"},
		{[]string{"run", "--sav", "s", "x.df"}, "did you mean `--save`"},
		{[]string{"run"}, "one FILE"},
		{[]string{"run", "--bogus", "x.df"}, "has no flag"},
		{[]string{"run", filepath.Join(dir, "none.df")}, "there is no file"},
		{[]string{"run", dir}, "is a folder"},
		{[]string{"run", "--save", "a", "--resume", "b", "x.df"}, "do not go together"},
		{[]string{"run", "--set", "rate", "x.df"}, "name=value"},
		{[]string{"run", "--table", "T", "x.df"}, "Name=file"},
		{[]string{"run", "--workers", "-1", "x.df"}, "number of cores"},
		{[]string{"run", "--memory", "lots", "x.df"}, "amount of memory"},
		{[]string{"run", "--save-every", "never", "x.df"}, "number of steps"},
		{[]string{"predict", "x.df"}, "--state"},
		{[]string{"explain", "E9999"}, "nothing is called"},
		{[]string{"explain", "einsumm"}, "did you mean"},
		{[]string{"schema", filepath.Join(dir, "none.csv")}, "there is no file"},
		{[]string{"check"}, "one FILE or more"},
	} {
		_, msg, status := dfcRun("", c.args...)
		if status != 2 || !strings.Contains(msg, c.want) {
			t.Errorf("dfc %s: status %d\n%s", strings.Join(c.args, " "), status, msg)
		}
		for _, bad := range []string{"goroutine", "panic", ".go:", "no such file"} {
			if strings.Contains(msg, bad) {
				t.Errorf("dfc %s: %q in the message\n%s", strings.Join(c.args, " "), bad, msg)
			}
		}
	}
}

// TestHelp: every verb has help with an example.
func TestHelp(t *testing.T) {
	for _, cmd := range newRoot(&terminal{}).Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		out, _, status := dfcRun("", cmd.Name(), "--help")
		if status != 0 || !strings.Contains(out, "Examples:\n") || cmd.Short == "" {
			t.Errorf("dfc %s --help: status %d\n%s", cmd.Name(), status, out)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _, status := dfcRun("", "completion", shell); status != 0 || len(out) < 100 {
			t.Errorf("completion %s: status %d", shell, status)
		}
	}
	dir := t.TempDir()
	if _, msg, status := dfcRun("", "man", dir); status != 0 {
		t.Errorf("man: status %d\n%s", status, msg)
	}
	if _, err := os.Stat(filepath.Join(dir, "dfc-run.1")); err != nil {
		t.Error(err)
	}
}

// TestFmt: standard input to standard output, --check names files and changes
// none, a broken program is exit status 1 and stays as it is.
func TestFmt(t *testing.T) {
	out, _, status := dfcRun("let  a=1\n", "fmt")
	if status != 0 || out != "let a = 1\n" {
		t.Errorf("status %d, %q", status, out)
	}
	path := filepath.Join(t.TempDir(), "a.df")
	if err := os.WriteFile(path, []byte("let  a=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _, status := dfcRun("", "fmt", "--check", path); status != 1 || !strings.Contains(out, "a.df") {
		t.Errorf("--check: status %d, %q", status, out)
	}
	if _, _, status := dfcRun("", "fmt", path); status != 0 {
		t.Errorf("status %d", status)
	}
	if text, _ := os.ReadFile(path); string(text) != "let a = 1\n" {
		t.Errorf("%q", text)
	}
	if _, msg, status := dfcRun("let = 1\n", "fmt"); status != 1 || !strings.Contains(msg, "standard input:1:") {
		t.Errorf("broken: status %d, %q", status, msg)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "500MB": 5e8, "2GiB": 2 << 30, "1000": 1000, "1.5k": 1500} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for text, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := thousands(text); got != want {
			t.Errorf("%d: %s", text, got)
		}
	}
	if got := shellWord("a b"); got != "'a b'" {
		t.Error(got)
	}
}
