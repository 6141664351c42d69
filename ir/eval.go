package ir

// Evaluator is the reference interpreter: it runs whole functions an
// operation at a time in f64, slowly and obviously.
type Evaluator struct {
	Module *Module
	Sizes  map[string]int64 // sizes of symbols
	Round  bool             // round every f32 value to f32 after each operation
}
