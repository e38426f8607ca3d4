package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// machine is sluice local in a process of its own.
type machine struct {
	url, table string
	env        []string // for clients of it
	cmd        *exec.Cmd
	out        bytes.Buffer // complete once drained is closed
	err        bytes.Buffer // complete once the process has ended
	drained    chan struct{}
	ended      bool
}

// serve starts sluice local on a free port, with functions in process, and waits
// until it says where it is. It is stopped at the end of the test.
func serve(t *testing.T, args ...string) *machine {
	t.Helper()
	return serveIn(t, "../..", args...)
}

func serveIn(t *testing.T, folder string, args ...string) *machine {
	t.Helper()
	s := &machine{drained: make(chan struct{})}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	s.cmd = exec.CommandContext(ctx, "sluice", append([]string{"local", "--json", "--addr", "127.0.0.1:0", "--functions", "in-process"}, args...)...)
	s.cmd.Dir = folder
	s.cmd.Env = append(os.Environ(), "SLUICE_TEST_NOW=2026-03-02T09:00:00Z", "SLUICE_TEST_TICK=", "SLUICE_TABLE=")
	s.cmd.Stderr = &s.err
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop(t)
		cancel()
		if t.Failed() {
			t.Logf("sluice local said\n%s%s", &s.out, &s.err)
		}
	})
	lines := bufio.NewScanner(out)
	for s.url == "" && lines.Scan() {
		s.out.Write(append(lines.Bytes(), '\n'))
		var said struct {
			Type   string
			Fields []struct{ Name, Value string }
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		for _, f := range said.Fields {
			switch f.Name {
			case "endpoint":
				s.url = f.Value
			case "table":
				s.table = f.Value
			}
		}
	}
	go func() {
		defer close(s.drained)
		for lines.Scan() {
			s.out.Write(append(lines.Bytes(), '\n'))
		}
	}()
	if s.url == "" || s.table == "" {
		t.Fatal("sluice local said neither endpoint nor table")
	}
	ours := func(pair string) bool { return strings.HasPrefix(pair, "AWS_") }
	s.env = append(slices.DeleteFunc(os.Environ(), ours),
		"AWS_ENDPOINT_URL="+s.url, "TABLE="+s.table, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=",
		"PYTHONDONTWRITEBYTECODE=1",
	)
	return s
}

// stop ends it as Ctrl-C does, which is no failure.
func (s *machine) stop(t *testing.T) {
	t.Helper()
	if s.ended {
		return
	}
	s.ended = true
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Errorf("interrupting sluice local: %v", err)
	}
	<-s.drained
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("sluice local ended with %v", err)
	}
}

// An SDK that puts the bucket into the host name reaches it, and so do its rows.
func TestLocalServesVirtualHosts(t *testing.T) {
	s := serve(t, "--speed", "600", "--log-requests")
	port := s.url[strings.LastIndexByte(s.url, ':')+1:]
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://localhost:" + port), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if !strings.HasPrefix(addr, "acme-features.localhost:") {
				t.Errorf("the request goes to %s: it has no virtual host", addr)
			}
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port) // not every resolver knows names below localhost
		}}},
	})
	bucket, key := aws.String("acme-features"), aws.String("churn/day 1/ä.parquet")
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if err != nil || len(got.Contents) != 1 || *got.Contents[0].Key != *key {
		t.Errorf("%+v, %v", got, err)
	}
	s.stop(t)
	for _, want := range []string{"s3 PutObject by admin", "s3 ListObjectsV2 by admin", "Ctrl-C"} {
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%q is not on standard error", want)
		}
	}
}

func TestLocalRefusesWhatItCannotDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tc := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"--addr", "0.0.0.0:0"}, "not on this machine's loopback", exitUsage},
		{[]string{"--addr", taken.Addr().String()}, "address already in use", exitUsage},
		{[]string{"--speed", "0"}, "--speed is 0", exitUsage},
		{[]string{"--scenario", "nope.yaml"}, "there is no scenario nope.yaml", exitNo},
		{[]string{"--addr", "127.0.0.1:0", "--binaries", "nowhere"}, "there is no compiled function announce-rollout", exitNo},
	} {
		cmd := exec.Command("sluice", append([]string{"local"}, tc.args...)...)
		cmd.Dir = t.TempDir() // no checkout
		cmd.Env = append(os.Environ(), "SLUICE_TEST_NOW=2026-03-02T09:00:00Z")
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), tc.want) || cmd.ProcessState.ExitCode() != tc.code {
			t.Errorf("%q: exit code %d, %s", tc.args, cmd.ProcessState.ExitCode(), out)
		}
	}
}

// Without a scenario there is Sluice's stack in the account, and nothing else.
func TestLocalNeedsNoScenario(t *testing.T) {
	s := serveIn(t, t.TempDir())
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	got, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(got.Buckets) != 1 || !strings.HasPrefix(*got.Buckets[0].Name, "sluice-store-") {
		t.Errorf("%+v, %v", got, err)
	}
}
