package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// Load reads the state in force in a directory. Where that one is damaged it
// falls back to the one before and says so in a notice. Where there is none at
// all the error is D0201, where every one is damaged D0203.
func Load(fsys FS, dir string) (*State, source.List, error) {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fault("D0201", dir, "there is no state directory").
				WithHint("the name is that given to --save")
		}
		return nil, nil, fault("D0203", dir, "the state directory cannot be read: %s", plain(err))
	}
	var notices source.List
	var first error
	for _, name := range candidates(fsys, dir, names) {
		s, err := readDirectory(fsys, filepath.Join(dir, name), true)
		if err == nil {
			s.from = name
			return s, notices, nil
		}
		var format *formatError
		if errors.As(err, &format) {
			return nil, nil, fault("D0204", filepath.Join(dir, name), "the state was written by another version of dfc: %v", err)
		}
		if first == nil {
			first = err
		}
		d := fault("D0205", filepath.Join(dir, name), "the state is damaged (%s), the one before it is used", plain(err))
		d.Severity = source.Warning
		notices = append(notices, d)
	}
	if first == nil {
		return nil, nil, fault("D0201", dir, "the directory holds no complete state").
			WithHint("a run saves its first state after its first pass; start the program again with --save")
	}
	return nil, nil, fault("D0203", dir, "every state in the directory is damaged: %s", plain(first))
}

// candidates are the directories that may hold the state in force, the most
// likely first: the one that CURRENT names, the same stepped aside, the rest
// from the latest down. A state later than CURRENT was complete, but not yet
// in force; it is as good as any, being of the same run, but only a last resort.
func candidates(fsys FS, dir string, names []fs.DirEntry) []string {
	var out []string
	var moments []int64
	have := map[string]bool{}
	for _, n := range names {
		have[n.Name()] = true
		if m, ok := momentOf(strings.TrimSuffix(n.Name(), ".old")); ok {
			moments = append(moments, m)
		}
	}
	sort.Slice(moments, func(i, j int) bool { return moments[i] > moments[j] })
	add := func(name string) {
		if have[name] {
			out = append(out, name)
			delete(have, name)
		}
	}
	if b, err := fsys.ReadFile(filepath.Join(dir, currentFile)); err == nil {
		if m, ok := momentOf(strings.TrimSpace(string(b))); ok {
			add(dirName(m))
			add(dirName(m) + ".old")
			for _, o := range moments {
				if o < m {
					add(dirName(o))
				}
			}
		}
	}
	for _, m := range moments {
		add(dirName(m))
		add(dirName(m) + ".old")
	}
	return out
}

// readDirectory reads one state and verifies its checksums; without tensors
// it reads the manifest alone.
func readDirectory(fsys FS, dir string, tensors bool) (*State, error) {
	text, err := fsys.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return nil, err
	}
	sums, err := readSums(text)
	if err != nil {
		return nil, err
	}
	read := func(name string) ([]byte, error) {
		want, ok := sums[name]
		if !ok {
			return nil, errNotListed
		}
		b, err := fsys.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != want {
			return nil, fmt.Errorf("%s does not have the bytes that were written", name)
		}
		return b, nil
	}
	m, err := read(manifestFile)
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(m, []byte("}\n")) {
		return nil, fmt.Errorf("its manifest is cut off")
	}
	if !tensors {
		return headOf(m)
	}
	return readManifest(m, read)
}

// plain is the text of an error of the operating system without the path,
// which the diagnostic has already.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func fault(code, dir, format string, args ...any) *source.Diagnostic {
	return source.Dataf(code, source.Place{File: dir}, format, args...)
}

func usage(code, format string, args ...any) *source.Diagnostic {
	return &source.Diagnostic{Code: code, Class: source.Usage, Message: fmt.Sprintf(format, args...)}
}

func notWritable(dir string, err error) error {
	return fault("D0206", dir, "the state directory cannot be written: %s", plain(err)).
		WithHint("give a directory that you may write to")
}
