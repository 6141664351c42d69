package train

import "time"

// restTime is how long a run rests between states that nothing asks for: it
// keeps trainings with short passes from spending their time on saving.
const restTime = time.Second

// Keeper saves the states of a run as it goes. One serves all trainings of a
// program.
type Keeper struct {
	Store    *Store // nil: nothing is saved
	State    *State
	Every    time.Duration // save when so much time has passed …
	Steps    int64         // … or so many steps; both 0: after evaluations
	Observer Observer
	// Saving runs each write of the state, so that it can be measured; nil for
	// nothing of the kind.
	Saving func(save func() error) error

	ended int64 // trainings that have ended
	taken int64 // their steps
	last  time.Time
}

// begin enters the state of a training, in the place of one of that name.
func (k *Keeper) begin(t *Training) {
	if k.last.IsZero() {
		k.last = time.Now()
	}
	for i, o := range k.State.Trainings {
		if o.Name == t.Name {
			k.State.Trainings[i] = t
			return
		}
	}
	k.State.Trainings = append(k.State.Trainings, t)
}

// due says whether to save after a step, and whether every run saves there.
func (k *Keeper) due(step int64, evaluated bool) (save, scheduled bool) {
	switch {
	case k.Store == nil:
		return false, false
	case k.Steps > 0 && step%k.Steps == 0:
		return true, true
	case k.Every > 0:
		return time.Since(k.last) >= k.Every, false
	case k.Steps == 0 && evaluated:
		return time.Since(k.last) >= restTime, false
	}
	return false, false
}

// save saves the state with its training t as it is now.
func (k *Keeper) save(t *Training, scheduled bool) error {
	if k.Store == nil {
		return nil
	}
	k.State.Moment = k.taken + k.ended + t.Progress.Step
	if t.Progress.Done {
		k.State.Moment++
	}
	return k.put(t.Name, t.Progress.Step, t.Progress.Epoch, scheduled)
}

// end counts a training that has ended.
func (k *Keeper) end(t *Training) {
	k.ended++
	k.taken += t.Progress.Step
}

// Complete saves the state of a program that has run to its end.
func (k *Keeper) Complete() error {
	if k.Store == nil {
		return nil
	}
	k.State.Complete = true
	k.State.Moment = k.taken + k.ended + 1
	return k.put("", 0, 0, true)
}

func (k *Keeper) put(name string, step, epoch int64, scheduled bool) error {
	k.State.Scheduled = scheduled
	save := func() error { return k.Store.Save(k.State) }
	if k.Saving != nil {
		write := save
		save = func() error { return k.Saving(write) }
	}
	if err := save(); err != nil {
		return err
	}
	k.last = time.Now()
	k.Observer.Saved(Save{Name: name, Dir: k.Store.Dir(), Step: step, Epoch: epoch})
	return nil
}
