// Package host runs the commands of a build on this machine, in a folder of their
// own, for those who ask for it. It isolates nothing: what a buildspec says is done
// with the rights of whoever runs it.
//
// The phases share one environment and one current folder, as in CodeBuild. Not
// modelled: the build image, runtime versions, artifacts and caches.
package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sluice/local/codebuild"
)

// Host runs builds.
type Host struct {
	// Env is the environment that commands begin with, as os.Environ has it.
	Env []string
	// Await lets go of the world while commands run. nil keeps it.
	Await func(func())
}

// Run runs the commands of a build and says what they came to. It is a Script.
func (h Host) Run(r codebuild.Run) codebuild.Outcome {
	var out codebuild.Outcome
	run := func() {
		if err := h.run(r, &out); err != nil {
			out.FailPhase, out.Status, out.Reason = codebuild.Install, "FAULT", err.Error()
		}
	}
	if h.Await == nil {
		run()
	} else {
		h.Await(run)
	}
	return out
}

func (h Host) run(r codebuild.Run, out *codebuild.Outcome) (err error) {
	dir, err := os.MkdirTemp("", "sluice-build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	src := filepath.Join(dir, "src")
	if err := os.Mkdir(src, 0o755); err != nil {
		return err
	}
	for name, content := range r.Files {
		at := filepath.Join(src, filepath.FromSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("the source has a file %q, which is outside of it", name)
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, content, 0o755); err != nil {
			return err
		}
	}
	s := shell{dir: dir, src: src, env: slices.Clone(h.Env)}
	for _, vars := range []map[string]string{r.Buildspec.Env.Vars, r.Variables} {
		for name, value := range vars {
			s.env = append(s.env, name+"="+value)
		}
	}
	s.env = append(s.env, "CODEBUILD_SRC_DIR="+src)
	s.phases(r, out)
	out.Exported = s.exported(r.Buildspec.Env.Exported)
	return nil
}

// phases runs the phases in order, up to the first that fails; post_build also after
// a build that failed.
func (s *shell) phases(r codebuild.Run, out *codebuild.Outcome) {
	for _, p := range []codebuild.Phase{codebuild.Install, codebuild.PreBuild, codebuild.Build, codebuild.PostBuild} {
		if out.FailPhase != "" && (p != codebuild.PostBuild || out.FailPhase != codebuild.Build) {
			continue
		}
		c := r.Buildspec.Phases[strings.ToLower(string(p))]
		for _, commands := range [][]string{c.Commands, c.Finally} {
			lines, failed, err := s.run(commands)
			out.Log = append(out.Log, lines...)
			if err != nil && out.FailPhase == "" {
				out.FailPhase, out.Command, out.Reason = p, failed, err.Error()
			}
		}
	}
}

// shell is the environment that commands share.
type shell struct {
	dir, src string
	env      []string
}

// run runs commands in one shell, which goes on where the last one ended, and
// returns what they wrote, and the command that failed.
func (s *shell) run(commands []string) (lines []string, failed string, err error) {
	if len(commands) == 0 {
		return nil, "", nil
	}
	at, state := filepath.Join(s.dir, "at"), filepath.Join(s.dir, "state")
	var script strings.Builder
	fmt.Fprintf(&script, "set -e\nif [ -f '%[1]s' ]; then . '%[1]s'; fi\ntrap '{ export -p; echo \"cd \\\"$PWD\\\"\"; } > '\"'%[1]s'\" EXIT\n", state)
	for i, c := range commands {
		fmt.Fprintf(&script, "echo %d > '%s'\n%s\n", i, at, c)
	}
	cmd := exec.Command("sh", "-c", script.String())
	cmd.Dir, cmd.Env = s.src, s.env
	output, err := cmd.CombinedOutput()
	if text := strings.TrimRight(string(output), "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	if err == nil {
		return lines, "", nil
	}
	if n, read := os.ReadFile(at); read == nil {
		if i, bad := strconv.Atoi(strings.TrimSpace(string(n))); bad == nil && i < len(commands) {
			failed = commands[i]
		}
	}
	return lines, failed, err
}

// exported are the variables of these names as the last shell left them.
func (s *shell) exported(names []string) map[string]string {
	all := map[string]string{}
	for _, name := range names {
		cmd := exec.Command("sh", "-c", fmt.Sprintf("if [ -f '%[1]s' ]; then . '%[1]s'; fi; printf %%s \"$%[2]s\"", filepath.Join(s.dir, "state"), name))
		cmd.Dir, cmd.Env = s.src, s.env
		if out, err := cmd.Output(); err == nil {
			all[name] = string(out)
		}
	}
	return all
}
