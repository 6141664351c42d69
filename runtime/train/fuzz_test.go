package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/lang/source"
)

// saved is the disk of a toy that was killed after 8 steps, and the files of
// the state in force.
func saved(t testing.TB) (*memFS, []string) {
	t.Helper()
	m, y := newMemFS(), newToy()
	y.train.Keep = "error"
	ctx, cancel := context.WithCancel(context.Background())
	y.cancel = func(step int64) {
		if step == 8 {
			cancel()
		}
	}
	var stop *Interrupted
	if _, err := y.saving(ctx, m, false, 0); !errors.As(err, &stop) {
		t.Fatal(err)
	}
	var names []string
	for n := range m.files() {
		if strings.HasPrefix(n, "/s/") {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return m, names
}

// rewrite gives a file other bytes, and where asked puts their checksum into
// the list, so that what reads the file is put to the test.
func rewrite(m *memFS, name string, data []byte, sum bool) {
	m.at(name).data = data
	list := m.at(filepath.Dir(name) + "/" + sumsFile)
	if !sum || list == nil {
		return
	}
	was := strings.Split(string(list.data), "\n")
	for i, line := range was {
		if strings.HasSuffix(line, "  "+filepath.Base(name)) {
			h := sha256.Sum256(data)
			was[i] = hex.EncodeToString(h[:]) + "  " + filepath.Base(name)
		}
	}
	list.data = []byte(strings.Join(was, "\n"))
}

// survives loads what lies on the disk and goes on from it: the outcome is a
// result or a message for the user, never a panic or a fault of ours.
func survives(t *testing.T, m *memFS) {
	t.Helper()
	y := newToy()
	y.train.Keep = "error"
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := y.saving(ctx, m, true, 0)
	var d *source.Diagnostic
	if err != nil && (!errors.As(err, &d) || d.Class == source.Bug || d.Code == "") {
		t.Fatalf("%v", err)
	}
}

// FuzzState reads states whose files hold anything.
func FuzzState(f *testing.F) {
	m, names := saved(f)
	for i, n := range names {
		b := m.at(n).data
		f.Add(uint8(i), b, true)
		f.Add(uint8(i), b[:len(b)/2], true)
		f.Add(uint8(i), bytes.ReplaceAll(b, []byte("1"), []byte("-9")), true)
		f.Add(uint8(i), bytes.ReplaceAll(b, []byte(": "), []byte(":9")), true)
		f.Add(uint8(i), []byte("{}\n"), true)
		f.Add(uint8(i), []byte("null}\n"), true)
		f.Add(uint8(i), []byte{}, false)
	}
	f.Fuzz(func(t *testing.T, at uint8, data []byte, sum bool) {
		copy := m.survive(false, false)
		rewrite(copy, names[int(at)%len(names)], data, sum)
		survives(t, copy)
	})
}

// TestMutations changes the files of a state in small ways, numbers above all.
func TestMutations(t *testing.T) {
	m, names := saved(t)
	r := rand.New(rand.NewPCG(5, 6))
	numbers := []string{"-1", "0", "1", "2", "3", "7", "4000000000", "-9223372036854775808", "9223372036854775807", "1e300", `"NaN"`, "null", "[]", "true"}
	for range 1000 {
		c := m.survive(false, false)
		name := names[r.IntN(len(names))]
		data := append([]byte{}, m.at(name).data...)
		for range 1 + r.IntN(2) {
			data = mutated(r, data, numbers)
		}
		rewrite(c, name, data, true)
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%v, with %s:\n%s", p, name, strconv.QuoteToASCII(string(data)))
				}
			}()
			survives(t, c)
		}()
		if t.Failed() {
			t.Fatalf("with %s:\n%s", name, strconv.QuoteToASCII(string(data)))
		}
	}
}

// mutated exchanges a number, a byte or a piece.
func mutated(r *rand.Rand, b []byte, numbers []string) []byte {
	if len(b) == 0 {
		return b
	}
	at := r.IntN(len(b))
	switch r.IntN(6) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
	case 1:
		b = append(b[:at], b[min(len(b), at+1+r.IntN(8)):]...)
	case 2:
		b = append(b[:at], append([]byte(numbers[r.IntN(len(numbers))]), b[at:]...)...)
	default:
		from := bytes.IndexAny(b[at:], "0123456789")
		if from < 0 {
			return b
		}
		from += at
		to := from
		for to < len(b) && strings.IndexByte("0123456789.e", b[to]) >= 0 {
			to++
		}
		b = append(append(append([]byte{}, b[:from]...), numbers[r.IntN(len(numbers))]...), b[to:]...)
	}
	return b
}
