package dfc

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"
)

// TestProfile: parts and kernels add up to the time of the run, the lines to
// that of the kernels, and gradients are counted as such.
func TestProfile(t *testing.T) {
	p, err := Compile("examples/iris.df", Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, wall := profiled(t, p)
	for again := 0; r.Run < wall*9/10 && again < 20; again++ {
		r, wall = profiled(t, p) // the machine did something else between the clocks
	}
	if r.Run > wall || r.Run < wall*9/10 {
		t.Errorf("the parts of a run of %v are %v in all", wall, r.Run)
	}
	var kernels, lines, backward time.Duration
	flops, flopsOfLines := int64(0), int64(0)
	for _, k := range r.Kernels {
		kernels, flops = kernels+k.Time, flops+k.Flops
		if k.Calls <= 0 || k.Time < 0 || k.Flops < 0 || k.Bytes <= 0 || k.Name == "" {
			t.Errorf("a strange kernel: %+v", k)
		}
	}
	own := false
	for _, l := range r.Lines {
		lines, backward, flopsOfLines = lines+l.Forward+l.Backward, backward+l.Backward, flopsOfLines+l.Flops
		own = own || strings.HasSuffix(l.File, "iris.df") && strings.Contains(l.Text, "@ weight") && l.Forward > 0 && l.Backward > 0
	}
	if math.Abs(float64(lines-kernels)) > 0.01*float64(kernels)+1e4 || backward == 0 || !own {
		t.Errorf("the lines take %v (%v backwards), the kernels %v; found the product: %v", lines, backward, kernels, own)
	}
	if math.Abs(float64(flops-flopsOfLines)) > 0.01*float64(flops)+1000 {
		t.Errorf("the lines have %d flops, the kernels %d", flopsOfLines, flops)
	}
	other, err := p.Bind(DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Profile() != nil {
		t.Error("a profile that nobody asked for")
	}
}

// profiled is the profile of a run, and how long the run took.
func profiled(t *testing.T, p *Program) (*Profile, time.Duration) {
	t.Helper()
	b, err := p.Bind(DataOptions{Profile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	began := time.Now()
	if _, err := b.Run(context.Background(), RunOptions{Out: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return b.Profile(), time.Since(began)
}

// TestProtobuf compares a message with the bytes that the format demands
// (the example of its documentation: field 1 with 150, field 2 with "testing",
// field 3 with the message of field 1).
func TestProtobuf(t *testing.T) {
	var m protobuf
	m.int(1, 150)
	m.bytes(2, []byte("testing"))
	m.message(3, func(in *protobuf) { in.uint(1, 150) })
	if want := "\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01"; string(m.data) != want {
		t.Errorf("%x, not %x", m.data, want)
	}
}
