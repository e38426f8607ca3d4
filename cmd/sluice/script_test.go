package main

import (
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/cmd/sluice/ui"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": func() { os.Exit(run(os.Args[1:], staged(), os.Exit)) }})
}

// staged is a call whose clock, pauses and terminal are the script's:
// SLUICE_TEST_NOW is the time, a pause is a GET of SLUICE_TEST_TICK, and output goes
// to a terminal of SLUICE_TEST_COLUMNS if that is set.
func staged() *call {
	now, err := time.Parse(time.RFC3339, os.Getenv("SLUICE_TEST_NOW"))
	if err != nil {
		panic(err)
	}
	screen := ui.Detect(os.Stdout, os.Getenv)
	if columns, err := strconv.Atoi(os.Getenv("SLUICE_TEST_COLUMNS")); err == nil {
		screen = ui.Screen{Terminal: true, Width: columns}
	}
	return &call{
		ctx: context.Background(),
		now: func() time.Time { return now },
		pause: func(d time.Duration) error {
			now = now.Add(d)
			return tick()
		},
		in:  os.Stdin,
		out: ui.Stream{Writer: os.Stdout, Screen: screen},
		err: ui.Stream{Writer: os.Stderr, Screen: screen},
	}
}

// tick lets the test's table move on; it is like an interrupt when there is nothing
// more to come.
func tick() error {
	answer, err := http.Get(os.Getenv("SLUICE_TEST_TICK"))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode == http.StatusGone {
		return context.Canceled
	}
	return nil
}

// TestScripts runs the command as a user does, against local DynamoDB and Step
// Functions on a loopback port. Run it with -update to rewrite what is expected.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			s := newScene(env.T())
			env.Defer(s.close)
			env.Values["scene"] = s
			for name, value := range map[string]string{
				"NO_COLOR": "1", "LANG": "C.UTF-8", "ENDPOINT": s.server.URL, "SLUICE_TABLE": tableName,
				"SLUICE_TEST_NOW": "2026-11-24T00:04:40Z", "SLUICE_TEST_TICK": s.server.URL + "/tick",
				"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"scene": func(ts *testscript.TestScript, _ bool, args []string) {
				if scenes[args[0]] == nil {
					ts.Fatalf("there is no scene %s", args[0])
				}
				ts.Value("scene").(*scene).play(args[0])
			},
			// exits CODE sluice ... runs the command and wants this exit code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				code := 0
				if err != nil {
					exit, ok := err.(interface{ ExitCode() int })
					if !ok {
						ts.Fatalf("%v", err)
					}
					code = exit.ExitCode()
				}
				if strconv.Itoa(code) != args[0] {
					ts.Fatalf("exit code %d, want %s", code, args[0])
				}
			},
			"woken": func(ts *testscript.TestScript, neg bool, _ []string) {
				if ts.Value("scene").(*scene).woken() == neg {
					ts.Fatalf("the waiting execution has been woken: %v", !neg)
				}
			},
		},
	})
}
