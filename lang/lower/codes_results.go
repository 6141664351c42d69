package lower

import "github.com/dfc-lang/dfc/lang/source"

// The catalogue of what can be wrong with results and settings.
func init() {
	source.Register(
		source.Code{ID: "E0801", Title: "a format of results that does not exist",
			Explain: "Results are written as csv, json, jsonl, npy and safetensors."},
		source.Code{ID: "E0802", Title: "a result without a path",
			Explain: "`write csv(\"a.csv\") = …` names the file."},
		source.Code{ID: "E0803", Title: "a file that is written twice",
			Explain: "The second result would replace the first."},
		source.Code{ID: "E0804", Title: "a path of a result that is no text",
			Explain: "The path of a file is a text; `\"{case}/out.csv\"` puts in a setting."},
		source.Code{ID: "E0805", Title: "an npy file of something that is no tensor",
			Explain: "An npy file holds one tensor."},
		source.Code{ID: "E0806", Title: "a safetensors file of something that is no record",
			Explain: "A safetensors file holds tensors with names: a record."},
		source.Code{ID: "E0807", Title: "a csv or jsonl file of something without rows",
			Explain: "A file of rows holds a table, a matrix or a list of records. `write json` holds any value."},
		source.Code{ID: "E0808", Title: "rows of a file that are no records",
			Explain: "A column of a file has a name, which a record gives."},
		source.Code{ID: "E0809", Title: "a column that no file holds",
			Explain: "Columns hold numbers, bools, texts, keys and members."},
		source.Code{ID: "E0811", Title: "something that cannot be written or printed",
			Explain: "Numbers, texts, tensors, records and tables have a printed form."},
		source.Code{ID: "E0820", Title: "a setting that the program does not have",
			Explain: "`--set name=value` changes a `setting` of the program."},
		source.Code{ID: "E0821", Title: "a setting of a type that settings do not have",
			Explain: "A setting is a number, `bool`, `str` or `dim`."},
		source.Code{ID: "E0822", Title: "a setting without a value",
			Explain: "It has no default, so `--set name=value` has to give one."},
		source.Code{ID: "E0823", Title: "a setting with a default that is computed",
			Explain: "The value of a setting is a constant."},
		source.Code{ID: "E0824", Title: "a value of `--set` of another type",
			Explain: "The value is of the type that the setting is declared with."},
	)
}
