// Command memory shows that dfc learns from a file larger than its memory: it
// writes a CSV of one gigabyte, trains one pass of a small model on it in a
// process of its own, and fails when that process has held more than it may.
//
//	go run ./tests/cmd/memory [-size 1000] [-most 256] [-dfc PATH] [-keep DIR]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const mega = 1 << 20

func main() {
	size := flag.Int64("size", 1000, "size of the file, in megabytes")
	most := flag.Int64("most", 256, "memory that the process may hold at its peak, in megabytes")
	dfc := flag.String("dfc", "", "the dfc to run; built if not given")
	workers := flag.String("workers", "0", "cores to use, as for dfc run")
	keep := flag.String("keep", "", "folder to work in, which is not removed")
	flag.Parse()
	if err := check(*size*mega, *most*mega, *dfc, *workers, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

// check does all of it in a folder that is removed afterwards.
func check(size, most int64, dfc, workers, dir string) error {
	if dir == "" {
		d, err := os.MkdirTemp("", "dfc-memory-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(d)
		dir = d
	}
	// The decoded rows of a table that does not fit take about half its text.
	if room, ok := roomIn(dir); ok && room < size*2 {
		fmt.Printf("skipped: %s has room for %d MB, the file and its decoded rows need %d MB\n", dir, room/mega, size*2/mega)
		return nil
	}
	if dfc == "" {
		dfc = filepath.Join(dir, "dfc")
		build := exec.Command("go", "build", "-o", dfc, "./cmd/dfc")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building dfc, from the folder of the module: %w", err)
		}
	}
	began := time.Now()
	rows, err := generate(filepath.Join(dir, "rows.csv"), size)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.df"), []byte(program()), 0o666); err != nil {
		return err
	}
	fmt.Printf("wrote %d rows, %d MB, in %.1f s\n", rows, size/mega, time.Since(began).Seconds())
	return train(dfc, workers, dir, most)
}

// train runs the program and compares its peak with what it may hold.
func train(dfc, workers, dir string, most int64) error {
	began := time.Now()
	run := exec.Command(dfc, "run", filepath.Join(dir, "rows.df"), "--out", dir, "--quiet", "--workers", workers)
	run.Env = append(os.Environ(), "TMPDIR="+dir)
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		return fmt.Errorf("dfc run: %w", err)
	}
	held, ok := peak(run.ProcessState)
	if !ok {
		fmt.Printf("one pass in %.1f s; this system does not tell how much memory a process has held\n", time.Since(began).Seconds())
		return nil
	}
	fmt.Printf("one pass in %.1f s, at most %d MB held\n", time.Since(began).Seconds(), held/mega)
	if held >= most {
		return fmt.Errorf("the process has held %d MB, %d MB are allowed", held/mega, most/mega)
	}
	return nil
}
