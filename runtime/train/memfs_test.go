package train

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
)

// memFS is a file system that knows what would survive a loss of power: names
// that their directory was synced with, and bytes that were synced. Its k-th
// operation can be made to fail, and with it, if it crashes, all that follow.
type memFS struct {
	root    *inode
	ops     int
	failAt  int // 0: never
	crashes bool
	down    bool
}

type inode struct {
	dir        bool
	data       []byte
	synced     []byte
	kids       map[string]*inode
	syncedKids map[string]*inode
}

var errInjected = errors.New("injected fault")

func newMemFS() *memFS { return &memFS{root: newDir()} }

func newDir() *inode {
	return &inode{dir: true, kids: map[string]*inode{}, syncedKids: map[string]*inode{}}
}

// tick counts an operation that changes the disk.
func (m *memFS) tick() error {
	if m.down {
		return errInjected
	}
	m.ops++
	if m.ops == m.failAt {
		m.down = m.crashes
		return errInjected
	}
	return nil
}

func split(path string) []string {
	path = strings.Trim(filepath.ToSlash(filepath.Clean(path)), "/")
	if path == "." || path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func (m *memFS) at(path string) *inode {
	n := m.root
	for _, p := range split(path) {
		if n = n.kids[p]; n == nil {
			return nil
		}
	}
	return n
}

func (m *memFS) parent(path string) (*inode, string) {
	parts := split(path)
	return m.at(strings.Join(parts[:len(parts)-1], "/")), parts[len(parts)-1]
}

func absent(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist} }

func (m *memFS) Create(path string) (File, error) {
	if err := m.tick(); err != nil {
		return nil, err
	}
	d, name := m.parent(path)
	if d == nil {
		return nil, absent("create", path)
	}
	n := d.kids[name]
	if n == nil {
		n = &inode{}
		d.kids[name] = n
	}
	n.data = nil
	return &memFile{m, n}, nil
}

func (m *memFS) Append(path string, size int64) (File, int64, error) {
	if err := m.tick(); err != nil {
		return nil, 0, err
	}
	d, name := m.parent(path)
	if d == nil {
		return nil, 0, absent("open", path)
	}
	n := d.kids[name]
	if n == nil {
		n = &inode{}
		d.kids[name] = n
	}
	have := int64(len(n.data))
	n.data = n.data[:min(size, have)]
	return &memFile{m, n}, have, nil
}

type memFile struct {
	fs *memFS
	n  *inode
}

func (f *memFile) Write(b []byte) (int, error) {
	if err := f.fs.tick(); err != nil {
		f.n.data = append(f.n.data, b[:len(b)/2]...) // a disk that fills up takes a part
		return len(b) / 2, err
	}
	f.n.data = append(f.n.data, b...)
	return len(b), nil
}

func (f *memFile) Sync() error {
	if err := f.fs.tick(); err != nil {
		return err
	}
	f.n.synced = append([]byte{}, f.n.data...)
	return nil
}

func (f *memFile) Close() error { return nil }

func (m *memFS) ReadFile(path string) ([]byte, error) {
	n := m.at(path)
	if n == nil || n.dir {
		return nil, absent("open", path)
	}
	return append([]byte{}, n.data...), nil
}

func (m *memFS) ReadDir(path string) ([]fs.DirEntry, error) {
	n := m.at(path)
	if n == nil {
		return nil, absent("open", path)
	}
	var out []fs.DirEntry
	for name, k := range n.kids {
		out = append(out, memEntry{name, k})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out, nil
}

func (m *memFS) Mkdir(path string) error {
	if err := m.tick(); err != nil {
		return err
	}
	n := m.root
	for _, p := range split(path) {
		if n.kids[p] == nil {
			n.kids[p] = newDir()
		}
		n = n.kids[p]
	}
	return nil
}

func (m *memFS) Rename(from, to string) error {
	if err := m.tick(); err != nil {
		return err
	}
	d, name := m.parent(from)
	e, other := m.parent(to)
	if d == nil || e == nil || d.kids[name] == nil {
		return absent("rename", from)
	}
	if o := e.kids[other]; o != nil && o.dir && len(o.kids) > 0 {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	e.kids[other] = d.kids[name]
	delete(d.kids, name)
	return nil
}

func (m *memFS) Remove(path string) error {
	if err := m.tick(); err != nil {
		return err
	}
	if d, name := m.parent(path); d != nil {
		delete(d.kids, name)
	}
	return nil
}

func (m *memFS) SyncDir(path string) error {
	if err := m.tick(); err != nil {
		return err
	}
	n := m.at(path)
	if n == nil {
		return absent("open", path)
	}
	n.syncedKids = map[string]*inode{}
	for k, v := range n.kids {
		n.syncedKids[k] = v
	}
	return nil
}

// survive is the disk after a crash. power: what was not synced is lost.
// names: names outlive the crash unsynced, but unsynced bytes do not, which is
// what a journal of metadata alone does.
func (m *memFS) survive(power, names bool) *memFS {
	var keep func(n *inode) *inode
	keep = func(n *inode) *inode {
		if !n.dir {
			b := n.data
			if power || names {
				b = n.synced
			}
			return &inode{data: append([]byte{}, b...), synced: append([]byte{}, b...)}
		}
		out, kids := newDir(), n.kids
		if power {
			kids = n.syncedKids
		}
		for name, k := range kids {
			c := keep(k)
			out.kids[name], out.syncedKids[name] = c, c
		}
		return out
	}
	return &memFS{root: keep(m.root)}
}

// files lists every file with its bytes.
func (m *memFS) files() map[string]string {
	out := map[string]string{}
	var walk func(path string, n *inode)
	walk = func(path string, n *inode) {
		if !n.dir {
			out[path] = string(n.data)
		}
		for name, k := range n.kids {
			walk(path+"/"+name, k)
		}
	}
	walk("", m.root)
	return out
}

type memEntry struct {
	name string
	n    *inode
}

func (e memEntry) Name() string               { return e.name }
func (e memEntry) IsDir() bool                { return e.n.dir }
func (e memEntry) Type() fs.FileMode          { return 0 }
func (e memEntry) Info() (fs.FileInfo, error) { return nil, errors.New("no info") }
