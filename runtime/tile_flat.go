package runtime

import (
	"unsafe"

	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// Note: steps of one piece. Small operations are one task, and what is derived
// for a task (which rows, which slabs, where a load of them begins) is then the
// same at every run. It is worked out when the step is bound; a run writes
// where the slots lie now and calls the code.

// flatCode is a tile step in machine code whose points are one piece: one task,
// of rows of one slab, with no load to bring together. It runs on the worker of
// the caller.
type flatCode struct {
	s       *tileStep
	w       *worker
	fn      *jit.Func
	args    *jit.Args
	streams []flatStream
	rows, n int
}

// flatStream begins off bytes behind where its slot lies.
type flatStream struct {
	base *unsafe.Pointer
	off  int // bytes
}

// flatten finds out whether s is of one piece, and prepares it.
func (s *tileStep) flatten(w *worker) {
	c := s.code
	whole := c != nil && !c.gather && s.job.n == 1 && s.n%c.row == 0 && s.n <= c.slab*c.row
	if !whole || s.writes != nil || s.sums != nil && s.n > lineElems {
		return
	}
	for i := range s.loads {
		if s.loads[i].view.slot == noSlot {
			return // where it lies depends on the task
		}
	}
	f := &flatCode{s: s, w: w, fn: c.fn, args: c.args[w.id], rows: s.n / c.row, n: c.row}
	for i := range s.loads {
		l := &s.loads[i]
		bytes := bytesOf(l.view.kind)
		f.stream(flatStream{&s.fr.base[l.view.slot], l.view.off * bytes}, c.loads[i].row*bytes)
	}
	for i := range s.stores {
		st := &s.stores[i]
		t := flatStream{&w.lines, st.line}
		if st.view.slot != noSlot {
			t = flatStream{&s.fr.base[st.view.slot], st.view.off * st.bytes}
		}
		f.stream(t, c.row*st.bytes)
	}
	s.flat = f
}

// stream adds a stream; its rows are as many bytes apart at every run, also where
// a task goes on.
func (f *flatCode) stream(t flatStream, row int) {
	f.args.Stream(len(f.streams), nil, row)
	f.streams = append(f.streams, t)
}

// run does all points. Where the code is left the rest goes on as a task does.
func (f *flatCode) run() {
	if !f.fn.Ready() {
		f.s.task(f.w, 0)
		return
	}
	a := f.args
	for i := range f.streams {
		t := &f.streams[i]
		a.Begin(i, unsafe.Add(*t.base, t.off))
	}
	rows, done := f.fn.Run(a, f.rows, f.n)
	if f.s.sums != nil {
		f.w.lineAt = 0
	}
	if rows < f.rows {
		f.s.codeTask(f.w, rows*f.n+done, f.s.n)
	}
	if f.s.sums != nil {
		f.s.sumUp(f.w, 0, f.s.n)
	}
}

// within runs points lo to hi within the operation that made them.
func (s *tileStep) within(w *worker, lo, hi int) {
	if s.flat != nil && lo == 0 && hi == s.n && w == s.flat.w {
		s.flat.run()
		return
	}
	s.points(w, lo, hi)
}

// step runs the program over all points.
func (f *flatCode) step() *Fault {
	f.run()
	return f.s.failed()
}
