package runtime

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/kernel"
	"github.com/dfc-lang/dfc/runtime/kernel/jit"
)

// codeStore is the machine code of a program: nil where none is made.
type codeStore struct {
	mu  sync.Mutex
	mem jit.Memory
}

// newCodeStore is nil where the tier, the system or the caller wants none.
func newCodeStore(off bool) *codeStore {
	if off || kernel.Active() < kernel.AVX2 || !jit.Available() {
		return nil
	}
	c := &codeStore{}
	if kernel.Active() >= kernel.AVX512 {
		c.mem.Set = jit.AVX512
	}
	return c
}

// add compiles a program; equal programs share their code. nil where it cannot be.
func (c *codeStore) add(p *jit.Program) *jit.Func {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := c.mem.Add(p)
	if err != nil {
		return nil
	}
	return f
}

// seal makes what was added runnable. Where that is refused, tile programs go
// on as interpreters.
func (c *codeStore) seal() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.mem.Seal()
}

// made is how many programs there is code of.
func (c *codeStore) made() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mem.Len()
}

func (c *codeStore) free() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mem.Close()
}

// tileCode is a tile step in machine code. Points lie in rows, and rows in
// slabs, all in one where the loads allow it; loads that run along other
// strides are brought together tile by tile first.
type tileCode struct {
	fn     *jit.Func
	args   []*jit.Args // by worker
	row    int         // points of a row
	slab   int         // rows of a slab
	outer  []int       // shape of the axes over which slabs lie
	loads  []codeLoad
	gather bool // some load is brought together
}

// codeLoad is the strides of a load by point, by row, and along the axes over
// which slabs lie.
type codeLoad struct {
	row, point int
	outer      []int
}

// The shortest row, in vectors, whose end may cost scalar turns, and the least
// points of a slab. With AVX-512 the end of a row costs a turn, and rows may be
// half a vector.
const (
	shortRow  = 4
	shortSlab = 256
)

// shortest is the points of the shortest row that is no whole vectors.
func shortest(set jit.Set, lanes int) int {
	if set == jit.AVX512 {
		return lanes / 2
	}
	return shortRow * lanes
}

// code compiles a bound step; nil where it stays with the interpreter.
func (b *binder) code(s *tileStep, bounds []int64, alias func(r, i int) bool) *tileCode {
	if b.prog.code == nil {
		return nil
	}
	c := &tileCode{row: s.n}
	set := b.prog.code.mem.Set
	how := c.inRows(s, set)
	if how == nil {
		how = c.inOne(s)
	}
	after := make([][]int, len(s.stores))
	for k := range s.stores {
		for i, l := range s.prog.loads {
			if l.fixed != nil || !alias(k, l.operand) {
				continue
			}
			if s.loads[i].how != direct || s.loads[i].view.off != s.stores[k].view.off {
				return nil
			}
			after[k] = append(after[k], i)
		}
	}
	p := codeOf(s.prog, how, after, bounds)
	if p == nil {
		return nil
	}
	if p.Rows(c.row); c.gather {
		p.Rows(s.tile)
	}
	if c.fn = b.prog.code.add(p); c.fn == nil {
		return nil
	}
	for range b.prog.pool.workers {
		c.args = append(c.args, c.fn.NewArgs())
	}
	return c
}

// inRows describes the loads as slabs, rows and points, nil where one has other
// strides or there is too little of them.
func (c *tileCode) inRows(s *tileStep, set jit.Set) []jit.Access {
	if len(s.loads) == 0 || len(s.loads[0].shape) < 2 {
		return nil
	}
	shape := s.loads[0].shape
	k := len(shape) - 2
	c.outer, c.slab, c.row = shape[:k], shape[k], shape[k+1]
	lanes := set.Lanes(s.prog.wide())
	if c.row%lanes != 0 && c.row < shortest(set, lanes) || k > 0 && c.slab*c.row < shortSlab {
		return nil
	}
	var how []jit.Access
	c.loads = nil
	for _, l := range s.loads {
		x := codeLoad{l.stride[k], l.stride[k+1], l.stride[:k]}
		switch {
		case x.point == 1:
			how = append(how, jit.Direct)
		case x.point != 0:
			return nil
		case x.row == 0:
			how = append(how, jit.Once)
		default:
			how = append(how, jit.PerRow)
		}
		c.loads = append(c.loads, x)
	}
	return how
}

// wide reports whether a number has eight bytes.
func (p *tileProg) wide() bool {
	return slices.ContainsFunc(p.kinds, func(k ir.Kind) bool { return bytesOf(k) == 8 })
}

// inOne describes the loads as one row.
func (c *tileCode) inOne(s *tileStep) []jit.Access {
	c.row, c.slab, c.outer, c.loads, c.gather = s.n, 1, nil, nil, false
	how := make([]jit.Access, len(s.loads))
	for i, l := range s.loads {
		x := codeLoad{row: s.n, point: 1}
		switch l.how {
		case splat:
			how[i], x = jit.Once, codeLoad{}
		case gathered:
			c.gather = true
		}
		c.loads = append(c.loads, x)
	}
	return how
}

// offset is where a load finds a point of a row of a slab.
func (c *tileCode) offset(x *codeLoad, slab, row, point int) int {
	at := row*x.row + point*x.point
	for i := len(c.outer) - 1; i >= 0; i-- {
		at += slab % c.outer[i] * x.outer[i]
		slab /= c.outer[i]
	}
	return at
}

// codeTask runs points lo to hi in machine code.
func (s *tileStep) codeTask(w *worker, lo, hi int) {
	c := s.code
	step := hi - lo
	if c.gather {
		step = s.tile
	}
	for t := lo; t < hi; t += step {
		end := min(t+step, hi)
		if c.gather {
			for i := range s.loads {
				if l := &s.loads[i]; l.how == gathered {
					l.gather(s.fr, s.regs[w.id][l.reg], t, end-t)
				}
			}
		}
		left := 0 // times in a row
		for at := t; at < end; {
			next := s.runCode(w, t, at, end)
			if next == at {
				left++
			} else {
				left = 0
			}
			if at = next; at == end {
				break
			}
			if at = s.skip(w, at, end, left); s.decided(at) {
				return
			}
		}
	}
}

// runCode computes points from at on and returns where it stopped: at the end,
// or at lanes that are not for the code. tile is where the tile of what is
// brought together begins.
func (s *tileStep) runCode(w *worker, tile, at, end int) int {
	c := s.code
	for at < end {
		row, point := at/c.row, at%c.row
		slab := row / c.slab
		row %= c.slab
		rows, n := 1, min(c.row-point, end-at)
		if point == 0 && end-at >= c.row {
			rows = min((end-at)/c.row, c.slab-row)
		}
		a := c.args[w.id]
		for i := range s.loads {
			l, x := &s.loads[i], &c.loads[i]
			bytes := bytesOf(l.view.kind)
			if c.gather && l.how == gathered {
				a.Stream(i, unsafe.Add(s.regs[w.id][l.reg], (at-tile)*bytes), 0)
				continue
			}
			a.Stream(i, unsafe.Add(s.fr.base[l.view.slot], (l.view.off+c.offset(x, slab, row, point))*bytes), x.row*bytes)
		}
		for k := range s.stores {
			st := &s.stores[k]
			a.Stream(len(s.loads)+k, st.at(s.fr, w, at), c.row*st.bytes)
		}
		doneRows, done := c.fn.Run(a, rows, n)
		at += doneRows * n
		if doneRows < rows {
			return at + done
		}
	}
	return at
}

// skip interprets points that are not for the code and returns where the code
// goes on: a turn of it, more where it was left right away again.
func (s *tileStep) skip(w *worker, at, end, left int) int {
	c := s.code
	point := at % c.row
	few := c.fn.Turn(min(c.row, point+end-at), point) << min(left, 10)
	few = min(few, end-at, s.tile)
	s.fill(s.regs[w.id], few)
	s.interpret(w, at, few)
	return at + few
}
