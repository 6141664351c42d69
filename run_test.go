package dfc

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestRunLine(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	b := line{batch: 32, epochs: 12}.bound(t, dir, 1)
	var said bytes.Buffer
	r, err := b.Run(context.Background(), RunOptions{Out: filepath.Join(dir, "out"), Save: filepath.Join(dir, "state"), Stdout: &said})
	if err != nil {
		t.Fatal(err)
	}
	slope, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(said.String(), "slope ")), 64)
	if err != nil || math.Abs(slope-2) > 0.05 {
		t.Errorf("printed %q", said.String())
	}
	if len(r.Trainings) != 1 || r.Trainings[0].Epochs != 12 || len(r.Files) != 1 {
		t.Errorf("%+v", r)
	}
	rows := strings.Split(strings.TrimSpace(tree(t, filepath.Join(dir, "out"))["predicted.csv"]), "\n")
	if rows[0] != "kind,actual,predicted" || len(rows) < 80 {
		t.Errorf("%d rows, the first %q", len(rows), rows[0])
	}
}
