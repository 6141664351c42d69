package dfc

import (
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/train"
)

// StateInfo describes a state directory, for people.
type StateInfo struct {
	Dir        string
	Numerics   int
	Complete   bool  // the whole program has run
	Seed       int64 // of its first training
	Trainings  []TrainingInfo
	Categories map[string][]string
	Given      []TensorInfo // statistics and other values computed before or after training
	Notices    source.List
}

// TrainingInfo is the state of one training.
type TrainingInfo struct {
	Name        string
	Step, Epoch int64
	Done        bool
	Kept        int64 // step of the parameters kept
	Parameters  []TensorInfo
	Slots       []TensorInfo // of optimisers
	States      []TensorInfo // running values of models
	Metrics     []string
	History     []Evaluation
}

// TensorInfo is a tensor of a state.
type TensorInfo struct {
	Name  string
	Kind  string
	Shape []int
}

// Inspect reads the description of a state; it needs no program.
func Inspect(dir string) (info *StateInfo, err error) {
	defer guard(&err, "reading the state")
	st, notices, err := train.Load(train.Disk, dir)
	if err != nil {
		return nil, err
	}
	info = &StateInfo{Dir: dir, Numerics: st.Numerics, Complete: st.Complete, Given: tensorInfos(st.Given),
		Categories: map[string][]string{}, Notices: notices}
	for _, c := range st.Categories {
		info.Categories[c.Name] = c.Values
	}
	for i, t := range st.Trainings {
		if i == 0 {
			info.Seed = t.Progress.Seed
		}
		info.Trainings = append(info.Trainings, trainingInfo(t))
	}
	return info, nil
}

func trainingInfo(t *train.Training) TrainingInfo {
	p := t.Progress
	out := TrainingInfo{Name: t.Name, Step: p.Step, Epoch: p.Epoch, Done: p.Done, Kept: p.Kept, Metrics: p.Metrics,
		Parameters: tensorInfos(t.Params), Slots: tensorInfos(t.Slots), States: tensorInfos(t.States)}
	for _, m := range p.History {
		e := Evaluation{Name: t.Name, Step: m.Step, Epoch: m.Epoch, Loss: float64(m.Loss), Names: p.Metrics}
		for _, v := range m.Values {
			e.Values = append(e.Values, float64(v))
		}
		out.History = append(out.History, e)
	}
	return out
}

func tensorInfos(list []train.Named) []TensorInfo {
	var out []TensorInfo
	for _, n := range list {
		out = append(out, TensorInfo{Name: n.Name, Kind: n.Value.Kind.String(), Shape: n.Value.Shape})
	}
	return out
}
