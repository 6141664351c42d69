package train

import "github.com/dfc-lang/dfc/lang/source"

func init() {
	source.Register(
		source.Code{ID: "D0201", Title: "no state in the directory",
			Explain: "The directory given holds no state that a run of dfc has completed. A run saves its first state after its first pass over the data (or after the time or number of steps asked for), and names the directory when it does. Check the name, or start the program with --save DIR."},
		source.Code{ID: "D0202", Title: "the directory is not for this state",
			Explain: "dfc saves only into a directory that is absent, empty, or holds a state of the same program, so that nothing of yours is overwritten by mistake. Choose another directory, or empty this one."},
		source.Code{ID: "D0203", Title: "the state cannot be read",
			Explain: "Every state in the directory fails its checksum or is incomplete. Two states are kept, each written beside the other and synced before it counts, so this means that files were changed, deleted or damaged on the disk. Restore the directory from a copy, or train again."},
		source.Code{ID: "D0204", Title: "a state of another version of dfc",
			Explain: "The layout of states has changed since this one was written. Use the dfc that wrote it, or train again."},
		source.Code{ID: "D0205", Title: "a damaged state was passed over",
			Explain: "The newest state in the directory is damaged; the one before it was intact and is used. Training goes on from there and computes the lost steps again, with the same results."},
		source.Code{ID: "D0206", Title: "the state directory cannot be written",
			Explain: "States are written while training runs, so dfc tries before the first step whether it can. Give a directory that exists or can be made, on a disk with room, that you may write to."},
		source.Code{ID: "D0207", Title: "the state belongs to another program",
			Explain: "The state was saved by a program that trains something else: other parameters, another loss, another optimiser, or other settings of these. What may change between a run and its continuation is the schedule (steps, epochs, metrics, stop, keep), the results written, and where files lie."},
		source.Code{ID: "D0208", Title: "the data is not that of the state",
			Explain: "A run goes on exactly where it stopped, so it must find the same data. The size and the contents of the file were noted when the state was saved, and they differ now. Restore the file, or train again from the beginning."},
		source.Code{ID: "D0209", Title: "the state lacks a value",
			Explain: "Something that the program needs is not in the state, because the run that saved it had not come so far, or because the program has changed since. Run the program to its end with --save, then predict."},
		source.Code{ID: "D0210", Title: "the state cannot be saved",
			Explain: "Writing the state failed, most often because the disk is full. The state saved before it is intact: --resume goes on from it, and gives the same results as a run that was never disturbed."},
		source.Code{ID: "D0211", Title: "a state with other numerics",
			Explain: "The state was saved by a dfc whose arithmetic rounds in other places (another version, see `dfc version`). Training goes on, but its results can differ in the last digits from a run with one version throughout."},
		source.Code{ID: "D0212", Title: "a log that cannot be written",
			Explain: "A log grows as a training runs, a row at a time. Its folder could not be made, or writing a row failed, most often because the disk is full. A run that saves its state goes on from the last one with --resume, and the log with it."},
		source.Code{ID: "D0213", Title: "a log that begins anew",
			Explain: "A run that goes on goes on with its logs, too: the state knows how long each was. The file is not there, or shorter, as when the results go to another folder now; so its rows begin where the run goes on."},
		source.Code{ID: "D0220", Title: "the loss is not finite",
			Explain: "The loss of a step was not a number, or infinite, so there is nothing to learn from. The report shows the first operation that made such a value, its operands, and the row of the data that it came from. Usual causes: a rate that is too high, a logarithm or a quotient at 0, a value in the data that is out of all proportion. The state saved last is intact."},
		source.Code{ID: "D0221", Title: "a parameter is not finite",
			Explain: "The loss was finite, but the step that followed made a parameter that is not a number, or infinite: its gradient was not finite, or the optimiser divided by 0. The report shows the operation. The state saved last is intact."},
		source.Code{ID: "D0222", Title: "nothing to learn from",
			Explain: "The table that the model learns from has no rows, or, with `last drop`, fewer rows than a batch has. Check what the table is made from: a `where` that no row passes, a `split` of a small table."},
	)
}
