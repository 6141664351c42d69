package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/dfc-lang/dfc"
)

type obs struct {
	dfc.Silent
	first time.Time
}

func (o *obs) Step(p dfc.Progress) {
	if o.first.IsZero() {
		o.first = time.Now()
	}
}

func main() {
	f, _ := os.Create("/tmp/feed/run.prof")
	pprof.StartCPUProfile(f)
	t0 := time.Now()
	cpu := func() time.Duration {
		var r syscall.Rusage
		syscall.Getrusage(0, &r)
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	c0 := cpu()
	lap := func(s string) {
		fmt.Printf("%-10s wall %v cpu %v\n", s, time.Since(t0).Round(100*time.Microsecond), (cpu() - c0).Round(100*time.Microsecond))
		t0, c0 = time.Now(), cpu()
	}
	p, err := dfc.Compile(os.Args[1], dfc.Options{})
	if err != nil {
		panic(err)
	}
	lap("compile")
	b, err := p.Bind(dfc.DataOptions{})
	if err != nil {
		panic(err)
	}
	lap("bind")
	o := &obs{}
	t1 := time.Now()
	if _, err := b.Run(context.Background(), dfc.RunOptions{Out: "/tmp/feed/o", Observer: o, Stdout: os.Stdout}); err != nil {
		panic(err)
	}
	fmt.Println("first step", o.first.Sub(t1))
	lap("run")
	pprof.StopCPUProfile()
	f.Close()
}
