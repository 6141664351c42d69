// Package train runs trainings: the loop over steps and epochs, metrics, the
// rules for stopping and keeping, and the state on disk from which a killed
// run goes on as if nothing had happened. It knows the executor and the data
// readers below it and prints nothing; an Observer is told how it goes.
package train
