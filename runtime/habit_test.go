package runtime

import (
	"math"
	"testing"
	"time"
)

// habitOf runs a habit over runs that take so long under each bound, by a clock
// that is set forward, and says in which part of the time each bound was used.
func habitOf(took [len(bounds)]time.Duration, rests bool) (share [len(bounds)]float64) {
	p := &pool{base: time.Now()}
	var h habit
	var total time.Duration
	for total < 3*time.Second {
		least := h.least(p)
		for b, l := range bounds {
			if l != least {
				continue
			}
			d := took[b]
			if p.ledger.rest = 0; rests && int(total/time.Millisecond)%7 == 0 {
				p.ledger.rest, d = time.Millisecond, took[len(bounds)-1]
			}
			p.base = p.base.Add(-d)
			total += d
			share[b] += d.Seconds()
		}
		h.ran(p)
	}
	for b := range share {
		share[b] /= total.Seconds()
	}
	return share
}

// TestHabit: a function keeps the bound under which its runs are shortest,
// although the ledger interferes; alone where sharing gains next to nothing.
func TestHabit(t *testing.T) {
	const µs = time.Microsecond
	for _, c := range []struct {
		took [len(bounds)]time.Duration
		want int
	}{
		{[...]time.Duration{50 * µs, 60 * µs, 70 * µs, 90 * µs}, 0},
		{[...]time.Duration{80 * µs, 60 * µs, 70 * µs, 90 * µs}, 1},
		{[...]time.Duration{900 * µs, 800 * µs, 700 * µs, 1200 * µs}, 2},
		{[...]time.Duration{95 * µs, 92 * µs, 91 * µs, 90 * µs}, 3},
		{[...]time.Duration{89 * µs, 89 * µs, 89 * µs, 90 * µs}, 3},
		{[...]time.Duration{2 * µs, 2 * µs, 2 * µs, 2 * µs}, 3},
		{[...]time.Duration{8000 * µs, 8000 * µs, 8000 * µs, 7000 * µs}, 0}, // is not tried
	} {
		for _, rests := range []bool{false, true} {
			if s := habitOf(c.took, rests); s[c.want] < 0.85 {
				t.Errorf("runs of %v, the ledger interfering %v: bound %d is used in %.2f of the time, all are %.2f", c.took, rests, c.want, s[c.want], s)
			}
		}
	}
}

// TestNever: where sharing is out of habit no helper gets a task, not even of a
// job that nobody has measured.
func TestNever(t *testing.T) {
	p := newPool(2)
	defer p.close()
	p.least = math.MaxInt64
	j := &job{n: 64, do: func(w *worker, _ int) {
		if w.id != 0 {
			t.Error("a helper did a task")
		}
	}}
	for range 20 {
		p.run(j)
	}
	if j.cost == 0 {
		t.Error("what the job costs was not measured")
	}
}
