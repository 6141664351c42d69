package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```(sh|df|text)(?: (\\S+))?\n(.*?)^```$")

// TestTour follows the tour in an empty folder: it writes the `df` blocks to
// the files that they name, runs the `sh` blocks, and compares what these
// print with the `text` block behind them.
func TestTour(t *testing.T) {
	for _, tool := range []string{"sh", "awk", "sed"} {
		if _, err := exec.LookPath(tool); err != nil || runtime.GOOS == "windows" {
			t.Skip("the tour is for a Unix shell")
		}
	}
	text, err := os.ReadFile("tour.md")
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "dfc"), "../cmd/dfc").CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	got, line := "", 0
	for _, m := range fence.FindAllSubmatchIndex(text, -1) {
		kind, name, body := string(text[m[2]:m[3]]), "", string(text[m[6]:m[7]])
		if m[4] >= 0 {
			name = string(text[m[4]:m[5]])
		}
		switch kind {
		case "df":
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		case "sh":
			line = 1 + strings.Count(string(text[:m[0]]), "\n")
			cmd := exec.Command("sh", "-c", body)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "LC_ALL=C")
			out, err := cmd.CombinedOutput()
			got = string(out)
			if err != nil && !strings.Contains(got, "error ") {
				t.Fatalf("the command at line %d: %v\n%s", line, err, got)
			}
		case "text":
			if !shows(body, got) {
				t.Errorf("the command at line %d prints\n%s\nnot\n%s", line, got, body)
			}
		}
	}
}

// shows compares an output with what the page says, in which … stands for any
// text, and alone on a line for any lines.
func shows(page, got string) bool {
	var re strings.Builder
	re.WriteString(`^`)
	for _, l := range strings.Split(strings.TrimSuffix(page, "\n"), "\n") {
		if l == "…" {
			re.WriteString(`(?:.*\n)*`)
			continue
		}
		for i, part := range strings.Split(strings.TrimRight(l, " "), "…") {
			if i > 0 {
				re.WriteString(`.*`)
			}
			re.WriteString(regexp.QuoteMeta(part))
		}
		re.WriteString(` *\n`)
	}
	re.WriteString(`$`)
	return regexp.MustCompile(re.String()).MatchString(strings.TrimSuffix(got, "\n") + "\n")
}
