package jit

import (
	"encoding/binary"
	"errors"
	"math/rand"
	"runtime"
	"testing"
	"unsafe"
)

// TestRandomRecurrences compares random recurrences with their meaning, with
// few and with more carries than there are registers.
func TestRandomRecurrences(t *testing.T) {
	needCode(t)
	for seed := range 300 {
		tryRecurrence(t, rand.New(rand.NewSource(int64(seed))))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzRecurrences(f *testing.F) {
	needCode(f)
	f.Add(int64(1))
	f.Fuzz(func(t *testing.T, seed int64) { tryRecurrence(t, rand.New(rand.NewSource(seed))) })
}

func tryRecurrence(t testing.TB, r *rand.Rand) {
	g := &grower{r: r, p: NewSteps(), by: map[Width][]Value{}, in: map[Width][]Value{}}
	w := []Width{W4, W8}[r.Intn(2)]
	g.by[W4] = append(g.by[W4], g.p.Const(W4, 0))
	carries := 1 + r.Intn(4)*r.Intn(6)
	for range carries {
		g.by[w] = append(g.by[w], g.p.Carry(w))
	}
	for range r.Intn(5) {
		s := g.p.Stream(kindOf(w), []Access{Direct, Once}[r.Intn(2)])
		g.by[w] = append(g.by[w], g.p.Load(s, w))
	}
	for range 1 + r.Intn(60) {
		g.grow()
	}
	for i := range carries {
		g.p.Next(i, g.pick(w))
	}
	for range r.Intn(3) {
		g.p.Output(g.p.Stream(kindOf(w), Direct), g.pick(w), nil)
	}
	if l := g.in[w]; len(l) > 0 {
		g.p.Output(g.p.Stream(Bool, Direct), l[len(l)-1], nil)
	}
	if r.Intn(4) == 0 {
		limit := g.p.Const(W4, b32(1e4))
		if w == W8 {
			limit = g.p.Const(W8, b64(1e4))
		}
		g.p.Leave(g.p.DoImm(Cmp, w, Less, limit, g.pick(w)))
	}
	for _, steps := range []int{1, 2, 40} {
		checkSteps(t, g.p, r, steps)
	}
}

// checkSteps runs a recurrence both ways, in two parts.
func checkSteps(t testing.TB, p *Program, r *rand.Rand, steps int) {
	for _, s := range sets() {
		checkStepsOn(t, s, p, r, steps)
	}
}

func checkStepsOn(t testing.TB, set Set, p *Program, r *rand.Rand, steps int) {
	m := Memory{Set: set}
	defer m.Close()
	f, err := m.Add(p)
	if errors.Is(err, errOrder) {
		return
	}
	if err == nil {
		err = m.Seal()
	}
	if err != nil {
		t.Fatal(err)
	}
	a := f.NewArgs()
	var want, got []*buffer
	for _, s := range p.streams {
		x, y := newBuffer(s.kind, 1, steps), newBuffer(s.kind, 1, steps)
		fill(r, x)
		copy(y.words, x.words)
		want, got = append(want, x), append(got, y)
	}
	val := make([]uint64, len(p.nodes))
	for i, v := range p.carries {
		x := float64(r.Intn(9))
		bits := b64(x)
		if p.nodes[v].width == W4 {
			bits = b32(float32(x))
		}
		val[v] = bits
		binary.LittleEndian.PutUint64(unsafe.Slice((*byte)(a.Carry(i)), 8), bits)
	}
	left := p.recur(val, want, steps)
	first := steps / 3
	for _, part := range [][2]int{{0, first}, {first, steps}} {
		if part[0] == part[1] {
			continue
		}
		for s, st := range p.streams {
			at := 0
			if st.access == Direct {
				at = part[0] << st.kind.shift()
			}
			a.Stream(s, unsafe.Add(got[s].start(), at), 1<<st.kind.shift())
		}
		done, _ := f.Run(a, part[1]-part[0], 1)
		if done < part[1]-part[0] {
			if part[0]+done != left {
				t.Errorf("%v: left at step %d, want %d", set, part[0]+done, left)
			}
			return
		}
	}
	if left < steps {
		t.Errorf("%v: not left at step %d", set, left)
		return
	}
	for i, v := range p.carries {
		bits := binary.LittleEndian.Uint64(unsafe.Slice((*byte)(a.Carry(i)), 8))
		w := p.nodes[v].width
		if !same(kindOf(w), w, bits&ones(w, true), val[v]&ones(w, true)) {
			t.Errorf("%v: carry %d behind %d steps: %#x, want %#x\n%v", set, i, steps, bits, val[v], p)
			return
		}
	}
	for s := range want {
		for i, x := range want[s].words {
			if y := got[s].words[i]; y != x && !sameWord(want[s].kind, x, y) {
				t.Errorf("%v: stream %d, word %d of %d steps: %#x, want %#x\n%v", set, s, i-margin, steps, y, x, p)
				return
			}
		}
	}
}

// recur is the meaning of steps; the step at which they are left, or their number.
func (p *Program) recur(val []uint64, bufs []*buffer, steps int) int {
	for i := range steps {
		p.evaluate(val, bufs, 0, i)
		if p.exit >= 0 && val[p.exit] != 0 {
			return i
		}
		for _, o := range p.outputs {
			bufs[o.stream].set(i, val[o.value])
		}
		next := make([]uint64, len(p.next))
		for k, v := range p.next {
			next[k] = val[v]
		}
		for k, v := range p.carries {
			val[v] = next[k]
		}
	}
	return steps
}

// TestCollector runs code while the garbage collector stops the world again
// and again: generated code is no place where a goroutine can be stopped.
func TestCollector(t *testing.T) {
	needCode(t)
	p := NewSteps()
	c := p.Carry(W8)
	p.Next(0, p.Do(Add, W8, c, p.Const(W8, b64(1))))
	var m Memory
	defer m.Close()
	f, err := m.Add(p)
	if err == nil {
		err = m.Seal()
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan bool)
	go func() {
		for range 50 {
			runtime.GC()
		}
		close(stop)
	}()
	a := f.NewArgs()
	const steps = 20000
	for n := 1; ; n++ {
		f.Run(a, steps, 1)
		if got := *(*float64)(a.Carry(0)); got != float64(n*steps) {
			t.Fatalf("%g behind %d steps", got, n*steps)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}
