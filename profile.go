package dfc

import (
	"cmp"
	"slices"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
)

// Profile says where the time of the runs of a Bound went. Every moment of
// them counts once: for a kernel, or for a part. Times are of the goroutine
// that runs; what other cores do for a kernel or for the next batch meanwhile
// does not count.
type Profile struct {
	Open    time.Duration   `json:"open_ns"` // reading the data and planning: Bind
	Run     time.Duration   `json:"run_ns"`  // the runs: the sum of Parts and Kernels
	Parts   []ProfilePart   `json:"parts"`   // what is no kernel, the longest first
	Kernels []ProfileKernel `json:"kernels"` // the longest first
	Lines   []ProfileLine   `json:"lines"`   // the times of kernels again, by the line that asks for them
}

// ProfilePart is a part of a run: waiting for data, metrics, saving.
type ProfilePart struct {
	Name  string        `json:"name"`
	Calls int64         `json:"calls"`
	Time  time.Duration `json:"time_ns"`
}

// ProfileKernel is a kernel of a function of the IR, with all its calls.
type ProfileKernel struct {
	Function string        `json:"function"`
	Name     string        `json:"name"`
	Result   string        `json:"result"` // its type
	File     string        `json:"file"`
	Line     int           `json:"line"` // 0 where it stands for no line
	Backward bool          `json:"backward"`
	Calls    int64         `json:"calls"`
	Time     time.Duration `json:"time_ns"`
	Flops    int64         `json:"flops"`
	Bytes    int64         `json:"bytes"`

	shares []lineShare
}

// ProfileLine is what a line of the source asks for, forwards and in
// derivatives. A kernel that stands for several lines is divided among them by
// their arithmetic.
type ProfileLine struct {
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Text     string        `json:"text"`
	Forward  time.Duration `json:"forward_ns"`
	Backward time.Duration `json:"backward_ns"`
	Flops    int64         `json:"flops"`
	Bytes    int64         `json:"bytes"`
}

type lineShare struct {
	file     *source.File
	line     int
	backward bool
	share    float64
}

// Parts of a run.
const (
	partData    = "waiting for data"
	partMetrics = "metrics"
	partSaving  = "saving"
	partRest    = "the rest"
)

// partOf is the part that running a node is; what its kernels, its data and
// its metrics take is counted there.
func partOf(n *ir.Node) string {
	switch n.Body.(type) {
	case *ir.Derive:
		return "deriving tables"
	case *ir.Reduce:
		return "statistics"
	case *ir.Read:
		return "reading files"
	case *ir.Compute:
		return "computing"
	case *ir.Train:
		return "training loop"
	case *ir.Write:
		return "writing results"
	case *ir.Print:
		return "printing"
	}
	return partRest
}

// Profile is what was measured until now, nil without DataOptions.Profile.
func (b *Bound) Profile() *Profile {
	if b.profile == nil {
		return nil
	}
	p := &Profile{Open: b.before}
	for _, q := range b.profile.Parts() {
		p.Run += q.Time
		if q.Time >= time.Microsecond {
			p.Parts = append(p.Parts, ProfilePart(q))
		}
	}
	for _, k := range b.profile.Kernels() {
		p.addKernel(k)
		p.Run += k.Time
	}
	slices.SortStableFunc(p.Kernels, func(a, b ProfileKernel) int { return cmp.Compare(b.Time, a.Time) })
	p.divide()
	return p
}

// addKernel adds a kernel to the row of its like: of the same name and place.
func (p *Profile) addKernel(k runtime.KernelTime) {
	file, line := lineOf(k.Span)
	row := ProfileKernel{Function: k.Function, Name: k.Kernel(), Result: k.Result, Line: line, Backward: k.Backward}
	if file != nil {
		row.File = file.Path
	}
	i := slices.IndexFunc(p.Kernels, func(o ProfileKernel) bool {
		return o.Function == row.Function && o.Name == row.Name && o.Result == row.Result && o.File == row.File && o.Line == row.Line
	})
	if i < 0 {
		i = len(p.Kernels)
		p.Kernels = append(p.Kernels, row)
	}
	r := &p.Kernels[i]
	for _, s := range k.Lines {
		file, line := lineOf(s.Span)
		r.addShare(lineShare{file, line, s.Backward, s.Share * float64(k.Time)})
	}
	r.Calls, r.Time, r.Flops, r.Bytes = r.Calls+k.Calls, r.Time+k.Time, r.Flops+k.AllFlops, r.Bytes+k.AllMoved
}

func (r *ProfileKernel) addShare(s lineShare) {
	for i, o := range r.shares {
		if o.file == s.file && o.line == s.line && o.backward == s.backward {
			r.shares[i].share += s.share
			return
		}
	}
	r.shares = append(r.shares, s)
}

func lineOf(s source.Span) (*source.File, int) {
	if s.File == nil {
		return nil, 0
	}
	line, _ := s.File.Position(s.Start)
	return s.File, line
}

// divide gives the lines their shares of the kernels; until then a share is a
// time, and from then on a part of 1.
func (p *Profile) divide() {
	at := map[lineShare]int{}
	for i := range p.Kernels {
		k := &p.Kernels[i]
		for n := range k.shares {
			s := &k.shares[n]
			s.share /= max(1, float64(k.Time))
			place := lineShare{file: s.file, line: s.line}
			l, ok := at[place]
			if !ok {
				l = len(p.Lines)
				at[place] = l
				row := ProfileLine{Line: s.line}
				if s.file != nil {
					row.File, row.Text = s.file.Path, s.file.Line(s.line)
				}
				p.Lines = append(p.Lines, row)
			}
			p.Lines[l].add(k, *s)
		}
	}
	slices.SortStableFunc(p.Lines, func(a, b ProfileLine) int { return cmp.Compare(b.Forward+b.Backward, a.Forward+a.Backward) })
}

func (l *ProfileLine) add(k *ProfileKernel, s lineShare) {
	t := time.Duration(s.share * float64(k.Time))
	if s.backward {
		l.Backward += t
	} else {
		l.Forward += t
	}
	l.Flops += int64(s.share * float64(k.Flops))
	l.Bytes += int64(s.share * float64(k.Bytes))
}
