package train

import "fmt"

// Interrupted is the error of a run that was asked to stop: the step at hand
// was finished and, where there is a state directory, saved.
type Interrupted struct {
	Name    string // the training interrupted, "" between trainings
	Step    int64
	Epoch   int64
	Reading bool   // the data was still being read
	Dir     string // where the state lies, "" when nothing is saved
	Cause   error  // context.Cause
}

func (e *Interrupted) Error() string {
	if e.Reading {
		return "interrupted while the data was read"
	}
	at := "between two steps of the program"
	if e.Name != "" {
		at = fmt.Sprintf("after step %d of %s", e.Step, e.Name)
	}
	if e.Dir == "" {
		return "interrupted " + at + "; nothing was saved"
	}
	return "interrupted " + at + "; the state is in " + e.Dir
}

// Unwrap gives the reason why the context ended.
func (e *Interrupted) Unwrap() error { return e.Cause }
