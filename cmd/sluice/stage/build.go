package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sluice/local"
)

// Build compiles the functions below root for this machine into dir, as
// dir/<function>/bootstrap, and returns how many there are. root is a checkout of
// the repository. What has not changed is not compiled again.
func Build(ctx context.Context, root, dir string) (int, error) {
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil || len(mains) == 0 {
		return 0, fmt.Errorf("there are no functions below %s: run this in a checkout of the repository", root)
	}
	// The compiler finds last time's binaries here and links only what has changed.
	flat, err := filepath.Abs(filepath.Join(dir, ".all"))
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(flat, 0o755); err != nil {
		return 0, err
	}
	if err := compile(ctx, root, flat, "./functions/..."); err != nil {
		return 0, err
	}
	for _, m := range mains {
		name := filepath.Base(filepath.Dir(m))
		if err := put(filepath.Join(flat, name), filepath.Join(dir, name, "bootstrap")); err != nil {
			return 0, err
		}
	}
	return len(mains), nil
}

// BuildOne compiles one function below root for this machine, as
// dir/<function>/bootstrap.
func BuildOne(ctx context.Context, root, dir, function string) error {
	flat, err := filepath.Abs(filepath.Join(dir, ".all"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(flat, 0o755); err != nil {
		return err
	}
	if err := compile(ctx, root, flat, "./functions/"+function); err != nil {
		return err
	}
	return put(filepath.Join(flat, function), filepath.Join(dir, function, "bootstrap"))
}

// compile compiles packages below root into a folder.
func compile(ctx context.Context, root, into, packages string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", into+string(filepath.Separator), packages)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the functions: %w\n%s", err, out)
	}
	return nil
}

// put makes to the same file as from. A process that still runs the old one keeps it.
func put(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(from, to)
}

// Door is where local AWS listens on loopback.
type Door struct {
	URL      string
	listener net.Listener
	server   *http.Server
}

// OpenDoor listens on addr, a loopback address. Nothing is answered until Admit.
func OpenDoor(addr string) (*Door, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address %q is not on this machine's loopback: local AWS asks nobody for a password", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening: %w; is another sluice running there?", err)
	}
	return &Door{URL: "http://" + l.Addr().String(), listener: l}, nil
}

// Admit answers requests to the account until Close.
func (d *Door) Admit(a *local.AWS) {
	d.server = &http.Server{Handler: a.Server, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("local AWS stopped listening: %v", err)) // nothing works without it
		}
	}()
}

// Close stops listening.
func (d *Door) Close() {
	if d.server != nil {
		_ = d.server.Close()
		return
	}
	_ = d.listener.Close()
}
