package train

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// Store is a state directory that is saved to:
//
//	DIR/CURRENT        names the state in force, "000123"
//	DIR/000123/        manifest.json, SHA256SUMS and files of tensors
//	DIR/000098/        the one before
//
// A state is written beside under a name of its own, synced file by file, and
// takes its place by renaming; CURRENT follows by renaming. So at any moment,
// whatever fails, the directory holds the last complete state. A process that
// is killed leaves at most names that the next one takes away.
type Store struct {
	fs  FS
	dir string
	// begun says that what lies in the directory belongs to this run; before
	// the first save of a run that starts anew, it belongs to another.
	begun bool
	last  int64 // the moment saved last, -1 before
}

// Create opens a directory to save a run that starts from the beginning. The
// directory may be absent, empty, or hold a state for which same is nil; that
// one is replaced by the first save. Anything else is a Usage error.
func Create(fsys FS, dir string, same func(*State) error) (*Store, error) {
	names, err := listDir(fsys, dir)
	if err != nil {
		return nil, notWritable(dir, err)
	}
	if len(names) > 0 {
		if d := ownedBy(fsys, dir, names, same); d != nil {
			return nil, d
		}
	}
	s := &Store{fs: fsys, dir: dir, last: -1}
	if err := fsys.Mkdir(dir); err != nil {
		return nil, notWritable(dir, err)
	}
	if err := fsys.SyncDir(filepath.Dir(dir)); err != nil {
		return nil, notWritable(dir, err)
	}
	if err := s.probe(); err != nil {
		return nil, notWritable(dir, err)
	}
	return s, nil
}

// ownedBy says whether a directory that is not empty may be saved to.
func ownedBy(fsys FS, dir string, names []string, same func(*State) error) *source.Diagnostic {
	for _, n := range names {
		if !stateName(n) {
			return usage("D0202", "%s holds files that are no state of this program, such as %s", dir, n).
				WithHint("give an empty directory, or one that a run of this program has saved to")
		}
	}
	st, _, err := Load(fsys, dir)
	if err != nil {
		var d *source.Diagnostic
		if errors.As(err, &d) && d.Code == "D0201" {
			return nil // left by a run that was killed before its first save
		}
		return usage("D0202", "%s holds a state that cannot be read, so it is not replaced", dir)
	}
	if err := same(st); err != nil {
		return usage("D0202", "%s holds the state of another program: %v", dir, err).
			WithHint("give another directory")
	}
	return nil
}

// Reopen opens a directory whose state s was loaded, to go on saving there.
// What a killed process has left is taken away.
func Reopen(fsys FS, dir string, s *State) (*Store, error) {
	st := &Store{fs: fsys, dir: dir, begun: true, last: -1}
	if s == nil {
		st.begun = false
		return st, nil
	}
	st.last = s.Moment
	if err := st.restore(s); err != nil {
		return nil, notWritable(dir, err)
	}
	if err := st.point(s.Moment); err != nil {
		return nil, notWritable(dir, err)
	}
	if err := st.tidy(s); err != nil {
		return nil, notWritable(dir, err)
	}
	return st, nil
}

// restore gives a loaded state its name back, where the save that was to
// replace it stopped half way.
func (s *Store) restore(st *State) error {
	name := dirName(st.Moment)
	if st.from == name {
		return nil
	}
	final := filepath.Join(s.dir, name)
	if err := s.fs.Remove(final); err != nil {
		return err
	}
	if err := s.fs.Rename(filepath.Join(s.dir, st.from), final); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// Dir is the directory.
func (s *Store) Dir() string { return s.dir }

// Last is the moment saved last, -1 before the first.
func (s *Store) Last() int64 { return s.last }

// stateName reports whether a name in a state directory is one of ours.
func stateName(name string) bool {
	if name == currentFile || name == currentFile+".new" {
		return true
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".new"), ".old")
	_, ok := momentOf(name)
	return ok
}

// momentOf is the moment that a directory name stands for.
func momentOf(name string) (int64, bool) {
	n, err := strconv.ParseInt(name, 10, 64)
	return n, err == nil && n >= 0 && dirName(n) == name
}

func dirName(moment int64) string { return fmt.Sprintf("%06d", moment) }

// probe creates and removes a file, to learn before the first step whether the
// directory can be written.
func (s *Store) probe() error {
	path := filepath.Join(s.dir, currentFile+".new")
	f, err := s.fs.Create(path)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return s.fs.Remove(path)
}

// Save writes a state and makes it the one in force. When it fails, the one
// before is still in force.
func (s *Store) Save(st *State) error {
	if err := s.save(st); err != nil {
		d := fault("D0210", s.dir, "the state cannot be saved: %s", plain(err))
		if s.last >= 0 {
			d.Note(source.Span{}, "the state saved before it is intact")
		}
		return d.WithHint("make room or mend the disk, then go on with --resume")
	}
	s.begun, s.last = true, st.Moment
	return nil
}

func (s *Store) save(st *State) error {
	name := dirName(st.Moment)
	final := filepath.Join(s.dir, name)
	fresh := final + ".new"
	if err := s.fs.Remove(fresh); err != nil {
		return err
	}
	if err := s.fs.Mkdir(fresh); err != nil {
		return err
	}
	if err := s.fill(fresh, st); err != nil {
		return err
	}
	if err := s.install(final, fresh); err != nil {
		return err
	}
	if err := s.point(st.Moment); err != nil {
		return err
	}
	return s.tidy(st)
}

// install gives a written directory its name. A directory cannot be renamed
// over another, so one of that name steps aside first; the loader knows.
func (s *Store) install(final, fresh string) error {
	old := final + ".old"
	if _, err := s.fs.ReadDir(final); err == nil {
		if err := s.fs.Remove(old); err != nil {
			return err
		}
		if err := s.fs.Rename(final, old); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.fs.Rename(fresh, final); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// point makes a moment the one in force.
func (s *Store) point(moment int64) error {
	path := filepath.Join(s.dir, currentFile)
	if err := s.write(path+".new", []byte(dirName(moment)+"\n")); err != nil {
		return err
	}
	if err := s.fs.Rename(path+".new", path); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// fill writes the files of a state and makes them durable.
func (s *Store) fill(dir string, st *State) error {
	sums := map[string]string{}
	put := func(name string, fill func(io.Writer) error) error {
		sum, err := s.create(filepath.Join(dir, name), fill)
		sums[name] = sum
		return err
	}
	for _, p := range st.parts() {
		if err := put(p.file, func(w io.Writer) error { return writeTensors(w, p.tensors) }); err != nil {
			return err
		}
	}
	text, err := st.manifestText()
	if err != nil {
		return err
	}
	if err := put(manifestFile, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	if err := s.write(filepath.Join(dir, sumsFile), sumsText(sums)); err != nil {
		return err
	}
	return s.fs.SyncDir(dir)
}

func (s *Store) write(path string, text []byte) error {
	_, err := s.create(path, func(w io.Writer) error { _, err := w.Write(text); return err })
	return err
}

// create writes a file, syncs it and returns the checksum of what was written.
func (s *Store) create(path string, fill func(io.Writer) error) (string, error) {
	f, err := s.fs.Create(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if err := fill(io.MultiWriter(f, h)); err != nil {
		f.Close()
		return "", err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), f.Close()
}

// tidy removes what is not to stay beside the state in force: of the earlier
// ones the latest that every run saves stays, or the latest of any kind where
// there is none, so that what stays does not depend on interruptions.
func (s *Store) tidy(st *State) error {
	names, err := listDir(s.fs, s.dir)
	if err != nil {
		return err
	}
	stay := map[string]bool{currentFile: true, dirName(st.Moment): true}
	if s.begun {
		if m := s.before(names, st.Moment); m >= 0 {
			stay[dirName(m)] = true
		}
	}
	for _, n := range names {
		if !stay[n] && stateName(n) {
			if err := s.fs.Remove(filepath.Join(s.dir, n)); err != nil {
				return err
			}
		}
	}
	return s.fs.SyncDir(s.dir)
}

// before is the earlier state that stays, -1 for none.
func (s *Store) before(names []string, moment int64) int64 {
	any, scheduled := int64(-1), int64(-1)
	for _, n := range names {
		m, ok := momentOf(n)
		if !ok || m >= moment || m < any && m < scheduled {
			continue
		}
		st, err := readDirectory(s.fs, filepath.Join(s.dir, n), false)
		if err != nil {
			continue
		}
		any = max(any, m)
		if st.Scheduled {
			scheduled = max(scheduled, m)
		}
	}
	if scheduled >= 0 {
		return scheduled
	}
	return any
}

// listDir lists a directory; an absent one is empty.
func listDir(fsys FS, dir string) ([]string, error) {
	es, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range es {
		out = append(out, e.Name())
	}
	return out, nil
}
