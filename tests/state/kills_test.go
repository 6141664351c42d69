package state

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestKills kills the programs at random moments, several times a round, 50
// times in all: the last run leaves the bytes of an undisturbed one. The
// command tests/cmd/kills does the same for as long as one likes.
func TestKills(t *testing.T) {
	for _, c := range []struct {
		p     Program
		save  string
		kills int
	}{{Shop(400, 24, 5), "5", 18}, {Shop(400, 24, 5), "15ms", 16}, {Swing(200), "20", 16}} {
		t.Run(c.p.Name+" "+c.save, func(t *testing.T) {
			t.Parallel()
			k, err := NewKiller(built, c.p, c.save, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			killed := 0
			for round := 0; killed < c.kills; round++ {
				n, err := k.Round(t.TempDir(), min(6, c.kills-killed), rand.New(rand.NewPCG(7, uint64(round))))
				if err != nil {
					t.Fatal(err)
				}
				killed += n
			}
			t.Logf("%d kills of a process of %v", killed, k.Took)
		})
	}
}

// TestSignals: Ctrl-C and SIGTERM end the step at hand, save it, and say with
// status 130 how to go on; what goes on leaves the same bytes.
func TestSignals(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("processes there get no signals")
	}
	p := Swing(1200)
	want := run(t, p, lay(t, p), 0, "--save", "state")
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(fmt.Sprint(signal), func(t *testing.T) {
			t.Parallel()
			dir := lay(t, p)
			status, said := interrupt(t, p, dir, signal)
			if status != 130 || !strings.Contains(said, "--resume state") {
				t.Errorf("status %d\n%s", status, said)
			}
			if left := results(t, dir); len(left) > 0 {
				t.Errorf("an interrupted run left %v", left)
			}
			same(t, "going on", run(t, p, dir, 0, "--resume", "state"), want)
		})
	}
}

// interrupt starts a program and sends a signal when it reports progress.
func interrupt(t *testing.T, p Program, dir string, signal os.Signal) (status int, said string) {
	t.Helper()
	c := Command(built, p, dir, "--save", "state", "--quiet=false")
	progress, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(progress)
	for !strings.Contains(said, "step 100") {
		line, err := lines.ReadString('\n')
		if said += line; err != nil {
			t.Fatalf("%v after\n%s", err, said)
		}
	}
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	c.Wait() // its error is the status
	return c.ProcessState.ExitCode(), said + string(rest)
}
