package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// manifest is manifest.json of a state directory: all of a state but its
// tensors, which stand in the files that it names.
type manifest struct {
	Format     int               `json:"format"`
	Numerics   int               `json:"numerics"`
	Moment     int64             `json:"moment"`
	Scheduled  bool              `json:"scheduled"`
	Complete   bool              `json:"complete"`
	Data       []Fingerprint     `json:"data"`
	Categories []Category        `json:"categories"`
	Origins    map[string]string `json:"origins"`
	Trainings  []section         `json:"trainings"`
}

// section is a training in a manifest.
type section struct {
	Name     string     `json:"name"`
	Hash     string     `json:"step_hash"`
	Progress Progressed `json:"progress"`
	Aside    bool       `json:"aside"` // there are two versions of the parameters
}

// Names of the files of a state. Those of a training begin with its name; the
// parameters' file has nothing but parameters, under the paths of the program.
const (
	manifestFile = "manifest.json"
	sumsFile     = "SHA256SUMS"
	givenFile    = "given.safetensors"
	currentFile  = "CURRENT"
)

func partFile(training, part string) string { return training + "." + part + ".safetensors" }

// aside names what Training.Best holds.
func aside(done bool) string {
	if done {
		return "last"
	}
	return "best"
}

// part is a file of tensors.
type part struct {
	file    string
	tensors []Named
}

// parts are the tensor files of a state, in the order in which they are
// written.
func (s *State) parts() []part {
	out := []part{{givenFile, s.Given}}
	for _, t := range s.Trainings {
		out = append(out, part{partFile(t.Name, "params"), t.Params})
		if len(t.States) > 0 {
			out = append(out, part{partFile(t.Name, "states"), t.States})
		}
		if len(t.Slots) > 0 {
			out = append(out, part{partFile(t.Name, "optimizer"), t.Slots})
		}
		if t.Best != nil {
			out = append(out, part{partFile(t.Name, aside(t.Progress.Done)), t.Best})
		}
	}
	return out
}

// manifestText is the manifest of a state; the same state gives the same text.
func (s *State) manifestText() ([]byte, error) {
	m := manifest{Format: Format, Numerics: s.Numerics, Moment: s.Moment, Scheduled: s.Scheduled,
		Complete: s.Complete, Data: s.Data, Categories: s.Categories, Origins: s.Origins}
	for _, t := range s.Trainings {
		m.Trainings = append(m.Trainings, section{t.Name, t.Hash, t.Progress, t.Best != nil})
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// readManifest reads a manifest; read gives the verified bytes of a file.
func readManifest(text []byte, read func(file string) ([]byte, error)) (*State, error) {
	m, err := decodeManifest(text)
	if err != nil {
		return nil, err
	}
	s := m.state()
	tensors := func(file string) (out []Named, err error) {
		b, err := read(file)
		if err != nil {
			return nil, err
		}
		if out, err = readTensors(b); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return out, nil
	}
	if s.Given, err = tensors(givenFile); err != nil {
		return nil, err
	}
	for _, sec := range m.Trainings {
		t, err := readSection(sec, read, tensors)
		if err != nil {
			return nil, err
		}
		s.Trainings = append(s.Trainings, t)
	}
	return s, nil
}

func decodeManifest(text []byte) (*manifest, error) {
	m := &manifest{}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(m); err != nil {
		return nil, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	if m.Format != Format {
		return nil, &formatError{m.Format}
	}
	return m, nil
}

// state is what a manifest says of a state, without trainings and tensors.
func (m *manifest) state() *State {
	return &State{Numerics: m.Numerics, Moment: m.Moment, Scheduled: m.Scheduled,
		Complete: m.Complete, Data: m.Data, Categories: m.Categories, Origins: m.Origins}
}

// headOf reads a manifest without what needs tensors.
func headOf(text []byte) (*State, error) {
	m, err := decodeManifest(text)
	if err != nil {
		return nil, err
	}
	return m.state(), nil
}

func readSection(sec section, read func(string) ([]byte, error), tensors func(string) ([]Named, error)) (*Training, error) {
	t := &Training{Name: sec.Name, Hash: sec.Hash, Progress: sec.Progress}
	if !t.Progress.sound() {
		return nil, fmt.Errorf("its manifest tells of %s what cannot be", t.Name)
	}
	var err error
	if t.Params, err = tensors(partFile(t.Name, "params")); err != nil {
		return nil, err
	}
	optional := func(name string) ([]Named, error) {
		if _, err := read(partFile(t.Name, name)); err == errNotListed {
			return nil, nil
		}
		return tensors(partFile(t.Name, name))
	}
	if t.States, err = optional("states"); err != nil {
		return nil, err
	}
	if t.Slots, err = optional("optimizer"); err != nil {
		return nil, err
	}
	if sec.Aside {
		t.Best, err = tensors(partFile(t.Name, aside(t.Progress.Done)))
	}
	return t, err
}

// sound says whether a training can have come to where p says.
func (p *Progressed) sound() bool {
	for _, m := range p.History {
		if len(m.Values) != len(p.Metrics) {
			return false
		}
	}
	for _, g := range p.Logs {
		if g.Size < 0 {
			return false
		}
	}
	return p.Step >= 0 && 0 <= p.Epoch && p.Epoch <= p.Step && 0 <= p.Batch && p.Batch <= p.Step &&
		p.LossRows >= 0 && p.Kept >= 0 && p.Watch.Step >= 0 && p.Watch.Stalled >= 0
}

// formatError is the error for a state of a later dfc.
type formatError struct{ format int }

func (e *formatError) Error() string {
	return fmt.Sprintf("it has format %d, this dfc reads format %d", e.format, Format)
}

var errNotListed = fmt.Errorf("the file is not part of the state")

// sumsText lists checksums as sha256sum does, so that `sha256sum -c` can read it.
func sumsText(sums map[string]string) []byte {
	names := make([]string, 0, len(sums))
	for n := range sums {
		names = append(names, n)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "%s  %s\n", sums[n], n)
	}
	return []byte(b.String())
}

func readSums(text []byte) (map[string]string, error) {
	out := map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		sum, name, ok := strings.Cut(line, "  ")
		if !ok || len(sum) != 64 || name == "" {
			return nil, fmt.Errorf("its %s cannot be read", sumsFile)
		}
		out[name] = sum
	}
	return out, nil
}
