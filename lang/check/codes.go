package check

import "github.com/dfc-lang/dfc/lang/source"

// The catalogue of what can be wrong with names and modules.
func init() {
	source.Register(
		source.Code{ID: "E0201", Title: "a name declared twice",
			Explain: "A name stands for one thing in a file, whatever kind of thing that is. Rename one of the two."},
		source.Code{ID: "E0202", Title: "a module with the name of a declaration",
			Explain: "An imported module is known by its last name, which something in this file has already. `import … as other` gives it another one."},
		source.Code{ID: "E0203", Title: "two modules of one name",
			Explain: "Two imports end in the same name. `import … as other` tells them apart."},
		source.Code{ID: "E0204", Title: "no such module of the standard library",
			Explain: "A name after `import` is a module of the standard library. A file beside the program is imported with quotes: `import \"layers\"`."},
		source.Code{ID: "E0205", Title: "an import whose path depends on a setting",
			Explain: "Which files a program consists of is fixed by its text."},
		source.Code{ID: "E0206", Title: "an import with its extension",
			Explain: "The path of an import stands without `.df`."},
		source.Code{ID: "E0207", Title: "an import from outside the program's folder",
			Explain: "A program consists of its own folder and the standard library, so that it can be moved and passed on whole. Put the file beside the program or in a folder below."},
		source.Code{ID: "E0208", Title: "modules that import each other",
			Explain: "Each of the modules needs the other one first. Move what both need into a third file."},
		source.Code{ID: "E0209", Title: "a file to import that is not there",
			Explain: "Paths of imports are relative to the program's file, without the extension."},
		source.Code{ID: "E0210", Title: "a program that is imported",
			Explain: "A file with `table`, `read`, `train` or `write` does something when it runs. Only modules can be imported: files of functions, models, types, optimizers, categories and tests."},
		source.Code{ID: "E0211", Title: "a function that calls itself",
			Explain: "There is no recursion: every function is worked out before the program runs, so it has to come to an end by itself. Write a loop with `fold` or `scan`."},
		source.Code{ID: "E0212", Title: "a value that needs itself",
			Explain: "To compute the value, the value itself would be needed first. Break the circle at one place."},
	)
}
