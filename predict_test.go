package dfc

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func trainedLine(t *testing.T) (dir string, m *Model) {
	t.Helper()
	dir = t.TempDir()
	points(t, dir)
	l := line{batch: 32, epochs: 10}
	if _, _, err := runIn(t, l, dir, 1, false, RunOptions{}); err != nil {
		t.Fatal(err)
	}
	m, err := l.compiled(t, dir).Load(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestPredictRecord(t *testing.T) {
	_, m := trainedLine(t)
	out, err := m.PredictRecord(context.Background(), "", []byte(`{"x": 3, "kind": "mid"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind      string
		Predicted float64
		Actual    *float64
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if got.Kind != "mid" || math.Abs(got.Predicted-11) > 0.2 || got.Actual != nil {
		t.Errorf("%s", out)
	}
	if out, err = m.PredictRecord(context.Background(), "Points", []byte(`{"x": 3, "kind": "mid", "y": 4}`)); err != nil || !strings.Contains(string(out), `"actual":4`) {
		t.Errorf("with the target: %s, %v", out, err)
	}
}

func TestPredictFile(t *testing.T) {
	dir, m := trainedLine(t)
	save(t, filepath.Join(dir, "new.csv"), "kind,x\nlow,1\ntop,2\n")
	out := filepath.Join(dir, "new-predicted.csv")
	n, err := m.Predict(context.Background(), PredictOptions{Table: "Points", File: filepath.Join(dir, "new.csv"), Output: out})
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(tree(t, dir)["new-predicted.csv"]), "\n")
	if n != 2 || len(rows) != 3 || rows[0] != "kind,predicted" || !strings.HasPrefix(rows[2], "top,1") {
		t.Errorf("%d rows: %q", n, rows)
	}
}

// TestPredictWithoutTarget reads rows in another format, one of which has the
// field that was learned.
func TestPredictWithoutTarget(t *testing.T) {
	dir, m := trainedLine(t)
	save(t, filepath.Join(dir, "new.jsonl"), "{\"kind\": \"low\", \"x\": 1, \"y\": 2}\n{\"kind\": \"top\", \"x\": 2}\n")
	out := filepath.Join(dir, "new.json")
	if _, err := m.Predict(context.Background(), PredictOptions{File: filepath.Join(dir, "new.jsonl"), Output: out}); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(tree(t, dir)["new.json"]), &rows); err != nil || len(rows) != 2 || rows[0]["actual"] != nil || rows[1]["kind"] != "top" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestPredictErrors(t *testing.T) {
	dir, m := trainedLine(t)
	for record, want := range map[string]string{
		`[1]`:                        "U0016",
		`{"x": 3, "kind": "unseen"}`: "D01",
		`{"x": "three"}`:             "D01",
		`{"kind": "mid"}`:            "D01",
	} {
		if _, err := m.PredictRecord(context.Background(), "", []byte(record)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", record, err)
		}
	}
	if _, err := m.PredictRecord(context.Background(), "Pionts", []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "U0015") {
		t.Errorf("a table that is not there: %v", err)
	}
	o := PredictOptions{File: filepath.Join(dir, "points.csv"), Output: filepath.Join(dir, "p.txt")}
	if _, err := m.Predict(context.Background(), o); err == nil || Exit(err) != 2 {
		t.Errorf("a format that is not there: %v", err)
	}
}

func TestInspect(t *testing.T) {
	dir, _ := trainedLine(t)
	s, err := Inspect(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Complete || len(s.Trainings) != 1 || len(s.Trainings[0].Parameters) != 2 || len(s.Trainings[0].History) != 10 || len(s.Categories["Kind"]) != 3 {
		t.Errorf("%+v", s)
	}
}
