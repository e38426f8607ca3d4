package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestForecastScripts runs simulate and backtest as a user does. The exports beside the
// scripts were written by the AWS CLI: baseline.json is a variant through its own
// rollout and its successor's, which candidate.json is.
func TestForecastScripts(t *testing.T) {
	const dir = "testdata/forecast"
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("SLUICE_TEST_NOW", "2026-11-24T00:04:40Z")
			for _, name := range []string{"baseline.json", "candidate.json", "sluice.yaml"} {
				src, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), src, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
