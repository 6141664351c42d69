package data

import "testing"

func TestSchemaOfObjects(t *testing.T) {
	dir := write(t, "s.jsonl", `{"id": 3, "who": "ann", "v": [1, 2.5], "tags": ["a","b"], "o": {"x": 1}, "n": null, "a-b": true, "h": [1, null], "big": 3000000000, "code": "007", "m": [[1,2],[3,4]], "u": [1]}
{"id": 4, "who": "bob", "v": [1, 2], "tags": ["a","c"], "n": 1, "a-b": false, "h": [null, 2], "big": 1, "code": "8", "m": [[1,2],[3,4]], "u": [1,2], "late": 1.5}

{"id": 5, "who": "bob", "v": [1, 2], "tags": ["a","c"], "n": 1.25, "a-b": false, "h": null, "big": 1, "code": "9", "m": [[1,2],[3,4]], "u": [1,2], "e": []}
{"id": 6, "who": "bob", "v": [1, 2], "tags": ["a","c"], "n": 1.25, "a-b": false, "h": null, "big": 1, "code": "9", "m": [[1,2],[3,4]], "u": [1,2], "e": []}
`, "many.json", `[{"a": 1}]`, "empty.jsonl", "\n\n", "cut.ndjson", `{"a": 1}
{"a": 2`, "comma.jsonl", `{"a": 1,}`, "two.jsonl", `{"a": 1} {"a": 2}`)
	got, err := Schema(dir, "s.jsonl")
	want := `table S from jsonl("s.jsonl") {
  id: i32,
  who: category,
  v: f32[2],
  // tags: an array of texts; with ` + "`category Word` declared it is `Word[2]`" + `
  // o: an object, which no field holds
  n: f32?,
  a_b: bool from "a-b",
  h: i32?[2],
  big: i64,
  code: str,
  m: i32[2, 2],
  // u: arrays of different sizes, which no field holds
  late: f32?,
  // e: arrays of different sizes, which no field holds
}
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	for file, code := range map[string]string{"many.json": "D0134", "empty.jsonl": "D0103", "cut.ndjson": "D0121", "comma.jsonl": "D0121", "two.jsonl": "D0121"} {
		_, err := Schema(dir, file)
		wantFault(t, err, code)
	}
}

func TestSchemaOfIdx(t *testing.T) {
	dir := write(t, "train-images-idx3-ubyte", "\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x01ab",
		"t10k.idx", "\x00\x00\x0d\x01\x00\x00\x00\x00", "cut.idx", "\x00\x00\x08\x03\x00\x00")
	got, err := Schema(dir, "train-images-idx3-ubyte")
	if want := "// 1 rows\ntable TrainImagesIdx3Ubyte from idx(images: \"train-images-idx3-ubyte\") {\n  images: u8[2, 1],\n}\n"; err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = Schema(dir, "t10k.idx")
	if want := "// 0 rows\ntable T10k from idx(value: \"t10k.idx\") {\n  value: f32,\n}\n"; err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	_, err = Schema(dir, "cut.idx")
	wantFault(t, err, "D0123")
}

// TestSchemaOfTimes: a column is of times where each of its values is one.
func TestSchemaOfTimes(t *testing.T) {
	dir := write(t, "t.csv", "day,when,mixed,year\n2024-01-01,2024-01-01T10:00,2024-01-01,2024\n,2024-02-01 11:00:30+02:00,soon,2025\n",
		"t.jsonl", `{"day": "2024-01-01", "mixed": "2024-01-01"}`+"\n"+`{"day": "2024-01-02", "mixed": "x"}`+"\n")
	for file, want := range map[string]string{
		"t.csv":   "table T from csv(\"t.csv\") {\n  day: time?,\n  when: time,\n  mixed: str,\n  year: i32,\n}\n",
		"t.jsonl": "table T from jsonl(\"t.jsonl\") {\n  day: time,\n  mixed: str,\n}\n",
	} {
		if got, err := Schema(dir, file); err != nil || got != want {
			t.Errorf("%v\n%s", err, got)
		}
	}
}
