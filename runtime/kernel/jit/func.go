package jit

import (
	"errors"
	"unsafe"
)

// Memory owns executable pages. Programs are added, then Seal makes them all
// runnable at once; Close gives the pages back, and no code of them may run
// then or later.
type Memory struct {
	Set     Set // what programs are made of, chosen before the first is added
	pages   [][]byte
	waiting []*Func
	text    []byte
	known   map[string]*Func
}

// Func is a compiled program.
type Func struct {
	entry   unsafe.Pointer // nil until sealed
	set     Set
	at      int // in the text that waits
	size    int
	lanes   int
	long    int // elements of a turn of the first loop
	slots   int
	streams int
	bound   Bound
}

// ErrRefused says that the system does not allow code to be made.
var ErrRefused = errors.New("jit: executable memory was refused")

// Add compiles a program, unless an equal one was added before.
func (m *Memory) Add(p *Program) (*Func, error) {
	key := p.key(m.Set)
	if f := m.known[key]; f != nil {
		return f, nil
	}
	t, err := p.compile(m.Set)
	if err != nil {
		return nil, err
	}
	for len(m.text)%64 != 0 {
		m.text = append(m.text, 0xcc)
	}
	f := &Func{set: m.Set, at: len(m.text), size: len(t.code), lanes: 1, slots: t.slots, streams: len(p.streams), bound: t.bound}
	if !p.steps {
		f.lanes = m.Set.Lanes(p.wide)
	}
	f.long = f.lanes * t.turns
	m.text = append(m.text, t.code...)
	m.waiting = append(m.waiting, f)
	if m.known == nil {
		m.known = map[string]*Func{}
	}
	m.known[key] = f
	return f, nil
}

// Seal makes what was added runnable. On an error, which is ErrRefused, none
// of it is.
func (m *Memory) Seal() error {
	if len(m.waiting) == 0 {
		return nil
	}
	page, err := mapCode(m.text)
	waiting := m.waiting
	m.text, m.waiting = nil, nil
	if err != nil {
		return ErrRefused
	}
	m.pages = append(m.pages, page)
	for _, f := range waiting {
		f.entry = unsafe.Pointer(&page[f.at])
	}
	return nil
}

// Len is the number of programs, equal ones counted once.
func (m *Memory) Len() int { return len(m.known) }

// Close gives the pages back.
func (m *Memory) Close() {
	for _, p := range m.pages {
		unmapCode(p)
	}
	m.pages = nil
}

// Ready reports whether f may run.
func (f *Func) Ready() bool { return f.entry != nil }

// Size is the bytes of code and constants.
func (f *Func) Size() int { return f.size }

// Turn is how many elements are computed together with the one at which Run
// left a row of n: those of many vectors, of one, and behind the last whole
// vector what is left, or one where turns are of single numbers.
func (f *Func) Turn(n, element int) int {
	switch {
	case element < n-n%f.long:
		return f.long
	case element < n-n%f.lanes:
		return f.lanes
	case f.set == AVX512:
		return n - element
	}
	return 1
}

// Args are the arguments of a Func and its scratch memory: one for each
// goroutine that runs it.
type Args struct {
	words   []uint64
	points  int // of a row, as the words have them
	scratch int // the word where scratch memory begins
	slot    int // bytes from slot to slot of it
}

// NewArgs makes arguments for f.
func (f *Func) NewArgs() *Args {
	const line = 8 // words of a cache line
	head := argStreams + 2*f.streams
	slot := f.set.bytes()
	a := &Args{words: make([]uint64, head+slot/8*f.slots+line), slot: slot}
	scratch := unsafe.Pointer(&a.words[head])
	over := int(uintptr(scratch)%64) / 8
	a.scratch = head + (line-over)%line
	a.words[argScratch] = uint64(uintptr(unsafe.Pointer(&a.words[a.scratch])))
	return a
}

// Stream says where stream i begins, and how many bytes lie between the
// beginnings of its rows. The memory must stay where it is, and alive, until
// Run has returned.
func (a *Args) Stream(i int, p unsafe.Pointer, row int) {
	a.words[argStreams+2*i] = uint64(uintptr(p))
	a.words[argStreams+2*i+1] = uint64(row)
}

// Begin is Stream with the bytes between rows that it had before.
func (a *Args) Begin(i int, p unsafe.Pointer) {
	a.words[argStreams+2*i] = uint64(uintptr(p))
}

// Carry is where the bits of carry i lie, 16 bytes at least: to be set before the first
// step, the lane in front, and to be read behind the last.
func (a *Args) Carry(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&a.words[a.scratch]), a.slot*i)
}

// CarryWords is all lanes of carry i, of a program that runs in rounds.
func (a *Args) CarryWords(i int) []uint64 {
	at := a.scratch + a.slot/8*i
	return a.words[at : at+a.slot/8]
}

// count sets the words that depend on the elements of a row alone.
func (f *Func) count(a *Args, n int) {
	a.points = n
	a.words[argMain] = uint64(n - n%f.lanes)
	a.words[argLong] = uint64(n - n%f.long)
	a.words[argCount] = uint64(n)
	a.words[argTail] = 1
	if f.lanes > 1 {
		a.words[argTail] = 1<<(n%f.lanes) - 1
	}
}

// Run computes n elements of each of some rows; both are at least 1, and n is 1
// where rows are steps. Where the
// program leaves the loops it returns the row and the element from which on
// nothing is stored, else rows and 0. Where streams begin must be said anew for each run.
// What runs cannot be interrupted: at most 50 microseconds are good manners.
func (f *Func) Run(a *Args, rows, n int) (row, element int) {
	if a.points != n {
		f.count(a, n)
	}
	a.words[argRows] = uint64(rows)
	call(f.entry, &a.words[0])
	if left := int(a.words[argLeft]); left < n {
		return rows - int(a.words[argRows]), left
	}
	return rows, 0
}
