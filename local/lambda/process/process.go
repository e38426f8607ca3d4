// Package process hosts the code of a function in a process of its own: a compiled
// bootstrap that speaks the Lambda Runtime API on a loopback port.
//
// Real time passes while a process works; the world's clock stands still meanwhile. It
// knows nothing of versions, retries and metrics: local/lambda calls a host for one
// invocation at a time.
package process

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluice/local/lambda"
	"sluice/local/sim"
)

// Config says how to run a function's compiled bootstrap.
type Config struct {
	Binary string            // path of the bootstrap
	Env    map[string]string // from lambda.Service.Environment
	// Timeout is how much real time an invocation with this timeout may take. nil is
	// the function's own timeout, but at least 30 seconds: a laptop may be slow.
	Timeout func(time.Duration) time.Duration
}

// initLimit is how much real time a process may take until it asks for its first
// invocation. AWS gives 10 s; a busy laptop gets more.
const initLimit = 30 * time.Second

// Host hosts a compiled bootstrap: it starts it when it is first needed, talks the
// Runtime API with it, and starts it anew after it has died.
//
// Invocations of one function wait for each other. Not modelled: several
// environments side by side, which could hide races between them.
type Host struct {
	world  *sim.World
	config Config
	mu     sync.Mutex // one invocation at a time
	api    *runtimeAPI
	run    *bootstrap
	log    []string // lines not yet handed on
}

// New returns a host for the binary. Nothing is started yet.
func New(w *sim.World, c Config) *Host {
	if c.Timeout == nil {
		c.Timeout = func(d time.Duration) time.Duration { return max(d, 30*time.Second) }
	}
	return &Host{world: w, config: c}
}

// bootstrap is one running process.
type bootstrap struct {
	cmd     *exec.Cmd
	session *session
	output  *lines
	ended   string // how it ended; read after session.dead is closed
}

// Invoke implements lambda.Host.
func (p *Host) Invoke(in lambda.Invocation) (out lambda.Outcome) {
	p.world.Await(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		out = p.invoke(in)
	})
	return out
}

// Close implements lambda.Host. It ends the process at once.
func (p *Host) Close() {
	p.world.Await(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.kill()
		if p.api != nil {
			p.api.close()
			p.api = nil
		}
	})
}

func (p *Host) invoke(in lambda.Invocation) (out lambda.Outcome) {
	defer func() {
		if p.run != nil {
			p.log = append(p.log, p.run.output.take()...)
		}
		out.Log, p.log = append(out.Log, p.log...), nil
	}()
	// a process that was asked to end, or crashed after its last answer, is replaced once
	for fresh := p.run == nil; ; fresh = true {
		if err := p.start(); err != nil {
			return lambda.Outcome{Died: "Couldn't find valid bootstrap: " + err.Error()}
		}
		run := p.run
		if died := p.ready(run); died == "" {
			if out, ok := p.handOver(run, in); ok {
				return out
			}
		} else if fresh {
			return lambda.Outcome{Died: died}
		}
		p.kill()
		if fresh {
			return lambda.Outcome{Died: run.ended}
		}
	}
}

// ready waits until the process asks for an invocation, or reports how it failed to.
func (p *Host) ready(run *bootstrap) string {
	ctx, cancel := context.WithTimeout(context.Background(), initLimit)
	defer cancel()
	select {
	case <-run.session.ready:
		return ""
	case <-run.session.dead:
		died := run.ended
		p.kill()
		return died
	case <-ctx.Done():
		p.kill()
		return fmt.Sprintf("the process asked for no invocation within %s", initLimit)
	}
}

// handOver gives the invocation to the process and waits for the answer. It reports
// false if the process was dead before it took the invocation.
func (p *Host) handOver(run *bootstrap, in lambda.Invocation) (lambda.Outcome, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), p.config.Timeout(in.Timeout))
	defer cancel()
	deadline, _ := ctx.Deadline() // the only place where real time is told to anybody
	task := &task{Invocation: in, deadlineMS: deadline.UnixMilli(), answered: make(chan lambda.Outcome, 1)}
	select {
	case run.session.tasks <- task:
	case <-run.session.dead:
		return lambda.Outcome{}, false
	case <-ctx.Done():
		p.kill()
		return lambda.Outcome{TimedOut: true}, true
	}
	select {
	case out := <-task.answered:
		return out, true
	case <-run.session.dead:
		ended := run.ended
		p.kill()
		select {
		case out := <-task.answered: // it answered and then ended
			return out, true
		default:
			return lambda.Outcome{Died: ended}, true
		}
	case <-ctx.Done():
		p.kill()
		return lambda.Outcome{TimedOut: true}, true
	}
}

func (p *Host) start() error {
	if p.run != nil {
		return nil
	}
	if p.api == nil {
		api, err := listen()
		if err != nil {
			return err
		}
		p.api = api
	}
	binary, err := filepath.Abs(p.config.Binary)
	if err != nil {
		return err
	}
	output, err := newLines()
	if err != nil {
		return err
	}
	run := &bootstrap{cmd: exec.Command(binary), session: newSession(), output: output}
	run.cmd.Dir = filepath.Dir(binary)
	env := list(p.config.Env)
	run.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+p.api.address(), "LAMBDA_TASK_ROOT="+run.cmd.Dir, "LAMBDA_RUNTIME_DIR="+run.cmd.Dir)
	run.cmd.Stdout, run.cmd.Stderr = output.file, output.file
	p.api.serve(run.session)
	if err := run.cmd.Start(); err != nil {
		output.close()
		return err
	}
	p.run = run
	go func() {
		err := run.cmd.Wait()
		run.ended = "exit status 0"
		if err != nil {
			run.ended = err.Error()
		}
		close(run.session.dead)
	}()
	return nil
}

// list is an environment in the form that a process takes, sorted.
func list(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out
}

// kill ends the process and waits until it is gone.
func (p *Host) kill() {
	if p.run == nil {
		return
	}
	_ = p.run.cmd.Process.Kill() // it may be gone already
	<-p.run.session.dead
	p.log = append(p.log, p.run.output.take()...)
	p.run.output.close()
	p.run = nil
}

// lines is what a process writes, cut at line ends. It goes through a file, not a
// pipe: what was written before an answer is there when the answer is.
type lines struct {
	file *os.File
	read int64  // how far
	part []byte // behind the last line end
	buf  [4096]byte
}

func newLines() (*lines, error) {
	f, err := os.CreateTemp("", "function-output")
	if err != nil {
		return nil, err
	}
	return &lines{file: f}, nil
}

// take returns the lines complete by now.
func (l *lines) take() []string {
	var out []string
	for {
		n, err := l.file.ReadAt(l.buf[:], l.read)
		l.read += int64(n)
		for rest := l.buf[:n]; len(rest) > 0; {
			line, after, ok := bytes.Cut(rest, []byte("\n"))
			l.part = append(l.part, line...)
			if ok {
				out = append(out, string(l.part))
				l.part = nil
			}
			rest = after
		}
		if err != nil { // the end of what is written, or a file that is gone
			return out
		}
	}
}

func (l *lines) close() {
	_ = l.file.Close()
	_ = os.Remove(l.file.Name()) // a leftover in the temporary folder harms nobody
}
