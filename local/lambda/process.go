package lambda

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"sluice/local/sim"
)

// ProcessConfig says how to run a function's compiled bootstrap.
type ProcessConfig struct {
	Binary string            // path of the bootstrap
	Env    map[string]string // from Service.Environment
	// Timeout is how much real time an invocation with this timeout may take. nil is
	// the function's own timeout, but at least 30 seconds: a laptop may be slow.
	Timeout func(time.Duration) time.Duration
}

// initLimit is how much real time a process may take until it asks for its first
// invocation. AWS gives 10 s; a busy laptop gets more.
const initLimit = 30 * time.Second

// Process hosts a compiled bootstrap: it starts it when it is first needed, talks
// the Runtime API with it on a loopback port, and starts it anew after it has died.
// Real time passes while it works; the world's clock stands still meanwhile.
//
// Invocations of one function wait for each other. Not modelled: several
// environments side by side, which could hide races between them.
type Process struct {
	world  *sim.World
	config ProcessConfig
	mu     sync.Mutex // one invocation at a time
	api    *runtimeAPI
	run    *process
	log    []string // lines not yet handed on
}

// NewProcess returns a host for the binary. Nothing is started yet.
func NewProcess(w *sim.World, c ProcessConfig) *Process {
	if c.Timeout == nil {
		c.Timeout = func(d time.Duration) time.Duration { return max(d, 30*time.Second) }
	}
	return &Process{world: w, config: c}
}

// process is one running bootstrap.
type process struct {
	cmd     *exec.Cmd
	session *session
	output  *lines
	ended   string // how it ended; read after session.dead is closed
}

// Invoke implements Host.
func (p *Process) Invoke(in Invocation) (out Outcome) {
	p.world.Await(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		out = p.invoke(in)
	})
	return out
}

// Close implements Host. It ends the process at once.
func (p *Process) Close() {
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

func (p *Process) invoke(in Invocation) (out Outcome) {
	defer func() {
		if p.run != nil {
			p.log = append(p.log, p.run.output.take()...)
		}
		out.Log, p.log = append(out.Log, p.log...), nil
	}()
	// a process that was asked to end, or crashed after its last answer, is replaced once
	for fresh := p.run == nil; ; fresh = true {
		if err := p.start(); err != nil {
			return Outcome{Died: "Couldn't find valid bootstrap: " + err.Error()}
		}
		run := p.run
		if died := p.ready(run); died == "" {
			if out, ok := p.handOver(run, in); ok {
				return out
			}
		} else if fresh {
			return Outcome{Died: died}
		}
		p.kill()
		if fresh {
			return Outcome{Died: run.ended}
		}
	}
}

// ready waits until the process asks for an invocation, or reports how it failed to.
func (p *Process) ready(run *process) string {
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
func (p *Process) handOver(run *process, in Invocation) (Outcome, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), p.config.Timeout(in.Timeout))
	defer cancel()
	deadline, _ := ctx.Deadline() // the only place where real time is told to anybody
	task := &task{Invocation: in, deadlineMS: deadline.UnixMilli(), answered: make(chan Outcome, 1)}
	select {
	case run.session.tasks <- task:
	case <-run.session.dead:
		return Outcome{}, false
	case <-ctx.Done():
		p.kill()
		return Outcome{TimedOut: true}, true
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
			return Outcome{Died: ended}, true
		}
	case <-ctx.Done():
		p.kill()
		return Outcome{TimedOut: true}, true
	}
}

func (p *Process) start() error {
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
	run := &process{cmd: exec.Command(binary), session: newSession(), output: output}
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

// kill ends the process and waits until it is gone.
func (p *Process) kill() {
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
