package dfc

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/train"
)

// keep prepares the state directory of a run, and the state that it goes on
// from.
func (s *session) keep() error {
	fsys := s.opt.FS
	if fsys == nil {
		fsys = train.Disk
	}
	s.origins = s.bound.program.origins()
	fresh, err := s.freshState()
	if err != nil {
		return err
	}
	s.keeper = &train.Keeper{State: fresh, Every: s.opt.Every, Steps: s.opt.EverySteps, Observer: s.opt.Observer,
		Saving: func(save func() error) error { return s.bound.profile.In(partSaving, save) }}
	dir := s.opt.Save
	if s.opt.Resume != "" {
		st, notices, err := train.Load(fsys, s.opt.Resume)
		if unsaved(err) && exists(fsys, s.opt.Resume) {
			// The run was killed before its first state was complete.
			d := source.Dataf("D0201", source.Place{File: s.opt.Resume}, "the directory holds no complete state, so the run starts from the beginning")
			d.Severity = source.Warning
			s.out.Notices = append(s.out.Notices, d)
			s.opt.Save, dir = s.opt.Resume, s.opt.Resume
		} else if err != nil {
			return err
		} else {
			s.out.Notices = append(s.out.Notices, notices...)
			if err := s.adopt(st); err != nil {
				return err
			}
			if dir == "" || same(dir, s.opt.Resume) {
				s.keeper.Store, err = train.Reopen(fsys, s.opt.Resume, st)
				return err
			}
		}
	}
	if dir == "" {
		return nil
	}
	s.keeper.Store, err = train.Create(fsys, dir, func(st *train.State) error { return s.bound.program.owns(st) })
	return err
}

func unsaved(err error) bool {
	var d *source.Diagnostic
	return errors.As(err, &d) && d.Code == "D0201"
}

func exists(fsys train.FS, dir string) bool {
	_, err := fsys.ReadDir(dir)
	return err == nil
}

func same(a, b string) bool { return filepath.Clean(a) == filepath.Clean(b) }

// freshState is the state of a run before its first node. Which data it was is
// found out only where a state is kept.
func (s *session) freshState() (*train.State, error) {
	st := &train.State{Numerics: ir.Numerics, Categories: s.bound.categories(), Given: []train.Named{}, Origins: map[string]string{}}
	if s.opt.Save == "" && s.opt.Resume == "" {
		return st, nil
	}
	var err error
	st.Data, err = s.bound.fingerprints()
	return st, err
}

// owns says why a state is not one of this program, nil where it is.
func (p *Program) owns(st *train.State) error {
	for _, t := range st.Trainings {
		switch h, ok := p.hashes()[t.Name]; {
		case !ok:
			return fmt.Errorf("it has a training named %s", t.Name)
		case h != t.Hash:
			return fmt.Errorf("its training %s computes something else", t.Name)
		}
	}
	return nil
}

// adopt takes a state to go on from: it must be of this program and of this
// data.
func (s *session) adopt(st *train.State) error {
	if err := s.bound.program.owns(st); err != nil {
		return (&source.Diagnostic{Code: "D0207", Class: source.Data, Place: source.Place{File: s.opt.Resume},
			Message: "the state was saved by another program: " + err.Error()}).
			WithHint("go on with the program and the settings that saved it, or start again with --save and another directory")
	}
	if st.Numerics != ir.Numerics {
		d := source.Dataf("D0211", source.Place{File: s.opt.Resume}, "the state has numerics %d, this dfc has %d", st.Numerics, ir.Numerics)
		d.Severity = source.Warning
		s.out.Notices = append(s.out.Notices, d)
	}
	if err := sameData(st.Data, s.keeper.State.Data); err != nil {
		return err
	}
	s.keeper.State.Trainings, s.was = st.Trainings, st.Complete
	s.recall(st)
	return nil
}

// sameData compares the data that a state was computed from with what is
// there now.
func sameData(was, is []train.Fingerprint) error {
	for _, w := range was {
		i := slices.IndexFunc(is, func(f train.Fingerprint) bool { return f.Name == w.Name && f.Hash == w.Hash && f.Size == w.Size })
		if i >= 0 {
			continue
		}
		d := source.Dataf("D0208", source.Place{File: w.Name}, "the data of %s is not what it was when the state was saved", w.Name)
		if j := slices.IndexFunc(is, func(f train.Fingerprint) bool { return f.Name == w.Name }); j >= 0 && is[j].Size != w.Size {
			d.Message += fmt.Sprintf(": it has %d bytes now, it had %d", is[j].Size, w.Size)
		}
		return d
	}
	return nil
}

// recall takes from a state the values of nodes that depend on no training and
// compute what they did; they need not be computed again.
func (s *session) recall(st *train.State) {
	for _, n := range s.module.Nodes {
		if s.trained[n] {
			continue
		}
		for _, o := range ir.OutputsOf(n) {
			a, origin := st.Value(o.Name), s.origins[o.Name]
			if a != nil && origin == st.Origins[o.Name] && fits(s, o.Name, a, o.Type) == nil {
				s.values[o.Name] = a
				s.note(o.Name, a)
			}
		}
	}
}

// recalled says whether a node need not run, since a state had its values.
// Outputs that no function asks for are not in a state, and are computed.
func (s *session) recalled(n *ir.Node) bool {
	outs := ir.OutputsOf(n)
	for _, o := range outs {
		if s.values[o.Name] == nil {
			return false
		}
	}
	_, is := n.Body.(*ir.Train)
	return len(outs) > 0 && !is
}

// fingerprints are those of the data, by the tables of the program: where the
// files lie has no part in a state.
func (b *Bound) fingerprints() ([]train.Fingerprint, error) {
	names := map[string]string{}
	for _, n := range b.module.Nodes {
		t, ok := n.Body.(*ir.SourceTable)
		if !ok {
			continue
		}
		for _, p := range t.Reader.Paths {
			names[p.Text] = n.Name + dot(p.Name)
		}
		if f, ok := b.files[n.Name]; ok {
			names[f] = n.Name
		}
	}
	out := []train.Fingerprint{}
	list, err := b.data.Fingerprints()
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		name, ok := names[f.Path]
		if !ok {
			name = filepath.Base(f.Path)
		}
		out = append(out, train.Fingerprint{Name: name, Size: f.Size, Hash: f.Hash})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func dot(s string) string {
	if s == "" {
		return ""
	}
	return "." + s
}

// categories are those of the data, ordered by name.
func (b *Bound) categories() []train.Category {
	out := []train.Category{}
	for name, values := range b.data.Categories() {
		out = append(out, train.Category{Name: name, Values: values})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
