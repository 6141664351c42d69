package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// blas is a Python that multiplies matrices when it is asked to.
type blas struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startBLAS(o options, n, threads int) (*blas, error) {
	cmd := exec.Command(o.peers, filepath.Join(o.dir, "peers", "peers.py"), "gemm", "--threads", strconv.Itoa(threads), "--size", strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the peers: %w", err)
	}
	return &blas{cmd, in, bufio.NewReader(out)}, nil
}

// turn is the median time of a product of a form over some milliseconds.
func (b *blas) turn(form string) (float64, error) {
	if _, err := fmt.Fprintln(b.in, form); err != nil {
		return 0, fmt.Errorf("the peers: %w", err)
	}
	line, err := b.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the peers: %w", err)
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil {
		return 0, fmt.Errorf("the peers printed %q: %w", line, err)
	}
	return s, nil
}

func (b *blas) close() {
	b.in.Close()
	b.cmd.Wait()
}
