package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/local"
)

// hosts says how functions run, and sees to it that they can.
func (l laptop) hosts(ctx context.Context, c *call, endpoint string) (stage.Hosts, error) {
	if l.Functions == "in-process" {
		return local.InProcess, nil
	}
	err := l.compile(ctx, c)
	if ctx.Err() != nil {
		err = ctx.Err() // the compiler was stopped
	}
	return local.Binaries(l.Binaries, endpoint), err
}

// compile sees to it that there are binaries of all functions. In a checkout of the
// repository it makes those that are missing or older than their source.
func (l laptop) compile(ctx context.Context, c *call) error {
	oldest, missing := time.Time{}, ""
	for _, name := range slices.Sorted(maps.Keys(local.Functions)) {
		info, err := os.Stat(filepath.Join(l.Binaries, name, "bootstrap"))
		if err != nil {
			missing = name
			break
		}
		if oldest.IsZero() || info.ModTime().Before(oldest) {
			oldest = info.ModTime()
		}
	}
	newest, err := newestSource("functions", "shared", "go.mod")
	switch {
	case err == nil && missing == "" && newest.Before(oldest):
		return nil
	case err != nil && missing == "":
		return nil // no checkout: they are what they are
	case err != nil:
		return no("run it in a checkout of the repository, which compiles them, or use --functions in-process", "there is no compiled function %s in %s", missing, l.Binaries)
	}
	began := c.now()
	c.print.Note("compiling the Lambda functions (the first time takes a minute or two)")
	n, err := stage.Build(ctx, ".", l.Binaries)
	if err != nil {
		return no("repair what the compiler names, or use --functions in-process", "%v", err)
	}
	c.print.Note(fmt.Sprintf("%d functions compiled in %s", n, c.now().Sub(began).Round(100*time.Millisecond)))
	return nil
}

// newestSource is when the Go source below these folders was last changed.
func newestSource(roots ...string) (newest time.Time, err error) {
	for _, root := range roots {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			info, err := d.Info()
			if err == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
			return err
		})
		if err != nil {
			return newest, err
		}
	}
	return newest, nil
}
