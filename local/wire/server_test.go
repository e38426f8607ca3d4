package wire_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

type echo struct {
	Text string `json:"Text"`
}

// stand is a server with an RPC service that once spoke awsQuery, and a REST service.
func stand(t *testing.T) (*wire.Server, *httptest.Server) {
	t.Helper()
	s := wire.NewServer(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1))
	rpc := &wire.Service{Prefix: "talk", Target: "Talk", QueryCodes: map[string]string{"Gone": "Talk.NonExistent"}}
	wire.Handle(rpc, "Echo", nil, func(_ *wire.Call, in *echo) (*echo, error) {
		switch in.Text {
		case "gone":
			return nil, wire.Errorf("Gone", "it is gone")
		case "broken":
			return nil, fmt.Errorf("a bug")
		}
		return in, nil
	})
	s.Register(rpc)
	s.Register(&wire.Service{Prefix: "s3", HTTP: func(c *wire.Call, w http.ResponseWriter) bool {
		body, err := io.ReadAll(c.HTTP.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "%s %s %s", c.AccessKey, c.HTTP.URL.Path, body)
		return c.HTTP.URL.Path != "/lost"
	}})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server
}

const signed = "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"

func send(t *testing.T, method, url, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func TestErrorsCarryTheCodesOfAWSQuery(t *testing.T) {
	_, server := stand(t)
	for text, want := range map[string]struct {
		status int
		header string
	}{
		"hello": {200, ""}, "gone": {400, "Talk.NonExistent;Sender"}, "broken": {500, "InternalFailure;Receiver"},
	} {
		resp, body, err := send(t, "POST", server.URL, `{"Text":"`+text+`"}`, "X-Amz-Target", "Talk.Echo", "Content-Type", "application/x-amz-json-1.0")
		if err != nil || resp.StatusCode != want.status || resp.Header.Get("X-Amzn-Query-Error") != want.header {
			t.Errorf("%s: %v %v %s", text, resp, err, body)
		}
	}
}

func TestAnHTTPServiceCanBreakTheConnection(t *testing.T) {
	s, server := stand(t)
	auth := fmt.Sprintf(signed, "s3")
	if _, body, err := send(t, "PUT", server.URL+"/kept", "x", "Authorization", auth); err != nil || body != "test /kept x" {
		t.Errorf("%q, %v", body, err)
	}
	if resp, body, err := send(t, "PUT", server.URL+"/lost", "x", "Authorization", auth); err == nil {
		t.Errorf("answered %v %s", resp, body)
	}
	r := httptest.NewRequest("PUT", "http://local/lost", nil)
	r.Header.Set("Authorization", auth)
	if _, err := s.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "connection reset") {
		t.Errorf("in process: %v", err)
	}
}

func TestWhatNobodyAnswersIsRefusedByName(t *testing.T) {
	_, server := stand(t)
	auth := fmt.Sprintf(signed, "ec2")
	for _, tc := range []struct {
		name, body string
		header     []string
		status     int
		want       string
	}{
		{"form", "Action=DescribeInstances", []string{"Authorization", auth, "Content-Type", "application/x-www-form-urlencoded"}, 501, "<Code>NotImplemented</Code><Message>local AWS has no service ec2"},
		{"rest", "", []string{"Authorization", auth}, 501, "local AWS has no service ec2: nothing answers POST /"},
		{"target", "{}", []string{"X-Amz-Target", "Other.Do"}, 501, "local AWS has no service Other"},
		{"operation", "{}", []string{"X-Amz-Target", "Talk.Shout"}, 501, "local AWS does not implement talk Shout"},
		{"unsigned", "", nil, 403, "MissingAuthenticationToken"},
	} {
		resp, body, err := send(t, "POST", server.URL+"/", tc.body, tc.header...)
		if err != nil || resp.StatusCode != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %v %v %s", tc.name, resp, err, body)
		}
	}
}

func TestPresignedRequestsNameTheirCaller(t *testing.T) {
	_, server := stand(t)
	for _, query := range []string{"AWSAccessKeyId=me&Signature=0&Expires=1", "X-Amz-Credential=me%2F20260302%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"} {
		if _, body, err := send(t, "GET", server.URL+"/b/k?"+query, ""); err != nil || body != "me /b/k " {
			t.Errorf("%s: %q, %v", query, body, err)
		}
	}
}

// boto3 expects the continuation of an empty body, too, and waits for it.
func TestAnEmptyBodyMayContinue(t *testing.T) {
	_, server := stand(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /k HTTP/1.1\r\nHost: local\r\nContent-Length: 0\r\nExpect: 100-continue\r\nAuthorization: "+signed+"\r\n\r\n", "s3")
	lines := bufio.NewScanner(conn)
	var said []string
	for len(said) < 3 && lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < 3 || said[0] != "HTTP/1.1 100 Continue" || said[1] != "" || said[2] != "HTTP/1.1 200 OK" {
		t.Errorf("%q", said)
	}
}
