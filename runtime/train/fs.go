package train

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the file system under a state directory. It stands between the state
// and the operating system so that a test can make the k-th operation fail.
// Paths are those of the operating system.
type FS interface {
	Create(path string) (File, error)
	// Append opens a file, made where it is not, to be written from size on: what
	// it has behind is cut off. have is how much it had.
	Append(path string, size int64) (f File, have int64, err error)
	ReadFile(path string) ([]byte, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	Mkdir(path string) error // with parents; existing ones are fine
	Rename(from, to string) error
	Remove(path string) error // a file, or a directory with what is in it
	SyncDir(path string) error
}

// File is a file being written.
type File interface {
	io.WriteCloser
	Sync() error
}

// Disk is the real file system.
var Disk FS = disk{}

type disk struct{}

func (disk) Create(path string) (File, error) { return os.Create(path) }

func (disk) Append(path string, size int64) (File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, 0, err
	}
	have, err := f.Seek(0, io.SeekEnd)
	if err == nil && have > size {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(min(size, have), io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, have, nil
}

func (disk) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

func (disk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

func (disk) Mkdir(path string) error { return os.MkdirAll(path, 0o777) }

func (disk) Rename(from, to string) error { return os.Rename(from, to) }

func (disk) Remove(path string) error { return os.RemoveAll(path) }

func (disk) SyncDir(path string) error { return syncDir(filepath.Clean(path)) }
