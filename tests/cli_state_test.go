package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupt: a run that is told to end saves its state, says how to go on
// and exits with 130; gone on with, it leaves the bytes of a run that was
// never disturbed. Without --save it says that nothing was kept.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted from outside here")
	}
	c := newCLI(t, flowers)
	for _, s := range []struct {
		name   string
		signal os.Signal
	}{{"interrupted", os.Interrupt}, {"terminated", syscall.SIGTERM}} {
		t.Run(s.name, func(t *testing.T) {
			state, out := "state "+s.name, "out-"+s.name
			msg, status := c.interrupt(s.signal, "--set", "epochs=100000000", "--out", out, "--save", state)
			want := "to go on: dfc run flowers.df --resume '" + state + "' --json --out " + out + " --set epochs=100000000\n"
			if status != 130 || !strings.Contains(msg, "interrupted after step") || !strings.Contains(msg, want) {
				t.Fatalf("status %d\n%s\nnot with %s", status, msg, want)
			}
			if _, err := os.Stat(filepath.Join(c.dir, out, "all.csv")); err == nil {
				t.Error("an interrupted run has written a result")
			}
			c.bad(2, "not empty", "run", "flowers.df", "--save", state)
			epochs := fmt.Sprintf("epochs=%d", c.savedEpoch(state)+100)
			c.good("run", "flowers.df", "-q", "--resume", state, "--out", out, "--set", epochs)
			c.good("run", "flowers.df", "-q", "--out", "whole "+s.name, "--set", epochs)
			if c.read(out+"/all.csv") != c.read("whole "+s.name+"/all.csv") {
				t.Error("the resumed run has other results")
			}
		})
	}
	msg, status := c.interrupt(os.Interrupt, "--set", "epochs=100000000")
	if status != 130 || !strings.Contains(msg, "nothing was saved") || !strings.Contains(msg, "--save DIR") {
		t.Errorf("status %d\n%s", status, msg)
	}
}

// interrupt starts a run and sends it a signal after its first epochs.
func (c *cli) interrupt(s os.Signal, args ...string) (msg string, status int) {
	c.t.Helper()
	cmd := c.cmd(append([]string{"run", "flowers.df", "--json"}, args...)...)
	var e bytes.Buffer
	cmd.Stderr = &e
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	sent := false
	for lines.Scan() {
		if !sent && strings.Contains(lines.Text(), `"event":"epoch"`) {
			sent = true
			if err := cmd.Process.Signal(s); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // its status is looked at
	return e.String(), cmd.ProcessState.ExitCode()
}

var epochOf = regexp.MustCompile(`fit: step [\d,]+, epoch (\d+)`)

func (c *cli) savedEpoch(state string) int {
	c.t.Helper()
	m := epochOf.FindStringSubmatch(c.good("inspect", state))
	if m == nil {
		return -1
	}
	n := 0
	for _, d := range m[1] {
		n = 10*n + int(d-'0')
	}
	return n
}

// TestSave: a state is never written over, and a finished one repeats only the
// end of the program.
func TestSave(t *testing.T) {
	c := newCLI(t, flowers)
	c.good("run", "flowers.df", "-q", "--save", "state", "--save-every", "5")
	c.bad(2, "--resume state", "run", "flowers.df", "--save", "state")
	c.bad(2, "do not go together", "run", "flowers.df", "--save", "a", "--resume", "state")
	if err := os.Remove(filepath.Join(c.dir, "all.csv")); err != nil {
		t.Fatal(err)
	}
	if out := c.good("run", "flowers.df", "-q", "--resume", "state"); out != "rows 49\n" {
		t.Errorf("%q", out)
	}
	want := c.read("all.csv")
	if out := c.good("run", "flowers.df", "--resume", "state", "--set", "epochs=5"); !strings.Contains(out, "fit       35     5") {
		t.Errorf("two more epochs:\n%s", out)
	}
	if c.read("all.csv") == want {
		t.Error("two more epochs change nothing")
	}
	c.write("other.df", strings.ReplaceAll(c.read("flowers.df"), "@ weight", "@ (2 * weight)"))
	c.bad(1, "another program", "run", "other.df", "--resume", "state")
	c.bad(1, "another program", "predict", "other.df", "--state", "state", "--table", "Flowers=data/iris.csv", "-o", "x.csv")
}

var (
	epochs = regexp.MustCompile(`(?m)^  epochs +\d+`)
	steps  = regexp.MustCompile(`(?m)^  steps +\d+`)
	parts  = regexp.MustCompile(`= (Houses|Images|Flights) \|> split`)
)

// TestCompiled: of every example, made short and of few rows, the compiled IR printed, read
// back and printed is the same, and it runs to the same bytes as the text.
func TestCompiled(t *testing.T) {
	files, err := filepath.Glob("../examples/*.df")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".df")
		t.Run(name, func(t *testing.T) {
			c := newCLI(t, path)
			text := epochs.ReplaceAllString(c.read(name+".df"), "  epochs 1")
			text = parts.ReplaceAllString(steps.ReplaceAllString(text, "  steps 3"), "= $1[:1000] |> split")
			c.write(name+".df", text)
			c.good("compile", name+".df", "-o", name+".ir")
			c.good("compile", name+".ir", "-o", "again.ir")
			if c.read(name+".ir") != c.read("again.ir") {
				t.Error("read back and printed, the IR is another")
			}
			want := c.good("run", name+".df", "-q", "--out", "source")
			if got := c.good("run", name+".ir", "-q", "--out", "compiled"); got != want {
				t.Errorf("the IR prints %q, the program %q", got, want)
			}
			results, err := filepath.Glob(filepath.Join(c.dir, "source", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if c.read("source/"+filepath.Base(r)) != c.read("compiled/"+filepath.Base(r)) {
					t.Errorf("%s differs", filepath.Base(r))
				}
			}
		})
	}
}
