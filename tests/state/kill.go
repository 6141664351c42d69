package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Killer kills runs of a program at random moments.
type Killer struct {
	Dfc     string
	Program Program
	Save    string // for --save-every
	Calm    Left   // what an undisturbed run leaves
	Took    time.Duration
}

// NewKiller runs the program once in a folder, undisturbed.
func NewKiller(dfc string, p Program, save, dir string) (*Killer, error) {
	k := &Killer{Dfc: dfc, Program: p, Save: save}
	if err := p.Lay(dir); err != nil {
		return nil, err
	}
	began := time.Now()
	var err error
	k.Calm, err = Run(dfc, p, dir, "--save", "state", "--save-every", save)
	k.Took = time.Since(began)
	if err == nil && k.Calm.Status != 0 {
		err = fmt.Errorf("%s: status %d\n%s", p.Name, k.Calm.Status, k.Calm.Errors)
	}
	return k, err
}

// Round starts the program in a folder, kills it and has it go on so many
// times, each at a moment that r chooses, or until one has come to its end
// first, and compares what the last leaves with the undisturbed run. It
// returns how many were killed.
func (k *Killer) Round(dir string, kills int, r *rand.Rand) (killed int, err error) {
	if err := k.Program.Lay(dir); err != nil {
		return 0, err
	}
	for range kills {
		ended, err := k.start(dir, time.Duration(r.Int64N(int64(k.Took))))
		if err != nil {
			return killed, err
		}
		if ended {
			break
		}
		killed++
	}
	left, err := Run(k.Dfc, k.Program, dir, k.args(dir)...)
	switch {
	case err != nil:
		return killed, err
	case left.Status != 0:
		return killed, fmt.Errorf("%s, killed %d times, ends with status %d\n%s", k.Program.Name, killed, left.Status, left.Errors)
	case left.Said != k.Calm.Said:
		return killed, fmt.Errorf("%s, killed %d times, prints %q and undisturbed %q", k.Program.Name, killed, left.Said, k.Calm.Said)
	}
	if d := Differ(left.Files, k.Calm.Files); d != "" {
		return killed, fmt.Errorf("%s, killed %d times: %s", k.Program.Name, killed, d)
	}
	return killed, nil
}

func (k *Killer) args(dir string) []string {
	word := "--save"
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		word = "--resume"
	}
	return []string{word, "state", "--save-every", k.Save}
}

// start starts the program and kills it after a while, unless it has ended.
func (k *Killer) start(dir string, after time.Duration) (ended bool, err error) {
	var said bytes.Buffer
	c := Command(k.Dfc, k.Program, dir, k.args(dir)...)
	c.Stderr = &said
	if err := c.Start(); err != nil {
		return false, err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	select {
	case err = <-done:
		ended = true
	case <-time.After(after):
		c.Process.Kill()
		err = <-done
		ended = c.ProcessState.Exited()
	}
	if ended && err != nil {
		return true, fmt.Errorf("%s: %w\n%s", k.Program.Name, err, said.String())
	}
	return ended, nil
}
