package reporting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/reporting"
)

func TestSecretsAreMasked(t *testing.T) {
	tests := map[string]string{
		"nothing to hide, token ring":                                          "nothing to hide, token ring",
		"using AKIAIOSFODNN7EXAMPLE now":                                       "using **** now",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY":       "AWS_SECRET_ACCESS_KEY=****",
		"export DB_PASSWORD='hunter2' && ./run":                                "export DB_PASSWORD='****' && ./run",
		`{"apiKey": "abc123", "user": "mary"}`:                                 `{"apiKey": "****", "user": "mary"}`,
		"Authorization: Bearer abc.def.ghi":                                    "Authorization: Bearer ****",
		"clone https://mary:s3cr3t@git.acme.com/churn.git":                     "clone https://mary:****git.acme.com/churn.git",
		"ghp_0123456789abcdefghij and glpat-0123456789abcdef":                  "**** and ****",
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijk":                 "jwt ****",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": "-----BEGIN RSA PRIVATE KEY-----****",
	}
	for text, want := range tests {
		if got := reporting.Mask(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// Whatever stands around a secret, no report shows it.
func TestNoReportShowsASecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9]{8,24}`).Draw(t, "secret")
		form := rapid.SampledFrom([]string{"PASSWORD=%s", "token: %s", `"secret":"%s"`, "Authorization: Basic %s", "https://u:%s@host/"}).Draw(t, "form")
		line := rapid.StringMatching(`[a-z .,]{0,20}`).Draw(t, "before") + " " + fmt.Sprintf(form, secret) + " " + rapid.StringMatching(`[a-z .,]{0,20}`).Draw(t, "after")
		f := reporting.Failure{What: line, Where: line, Why: line, Log: []string{line}, Do: line, Link: line}
		if text := f.Subject() + f.Text(); strings.Contains(text, secret) {
			t.Fatalf("%s", text)
		}
	})
}

func TestAReportReads(t *testing.T) {
	f := reporting.Failure{
		What: "build of churn-model at 7f0103f", Where: "project churn-checks, phase BUILD", Why: "pytest: exit status 1",
		Log: []string{"1 failed", "\x1b[31mred\x00"}, Do: "fix the test and push again", Link: "https://console.aws.amazon.com/x",
	}
	const want = `What:  build of churn-model at 7f0103f failed
Where: project churn-checks, phase BUILD
Why:   pytest: exit status 1

Last lines of the log:
  1 failed
  [31mred

Do:    fix the test and push again
Link:  https://console.aws.amazon.com/x
`
	if diff := cmp.Diff(want, f.Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if got := f.Subject(); got != "Sluice: build of churn-model at 7f0103f failed" {
		t.Errorf("subject %q", got)
	}
	long := make([]string, 100)
	for i := range long {
		long[i] = strings.Repeat("é", 400)
	}
	if tail := reporting.Tail(long); len(tail) != 20 || len(tail[0]) > 410 {
		t.Errorf("%d lines of %d bytes", len(tail), len(tail[0]))
	}
}

// desk counts what is published, and fails when told to.
type desk struct {
	told      map[string]bool
	published int
	fail      string // the call that fails once
}

func (d *desk) failing(call string) error {
	if d.fail == call {
		d.fail = ""
		return errors.New("broken connection")
	}
	return nil
}

func (d *desk) Told(_ context.Context, cause string) (bool, error) {
	return d.told[cause], d.failing("told")
}

func (d *desk) Tell(_ context.Context, cause string, _ time.Time) error {
	if err := d.failing("tell"); err != nil {
		return err
	}
	d.told[cause] = true
	return nil
}

func (d *desk) Publish(context.Context, string, string) error {
	if err := d.failing("publish"); err != nil {
		return err
	}
	d.published++
	return nil
}

func TestACauseIsToldOnce(t *testing.T) {
	for fail, most := range map[string]int{"": 1, "told": 1, "publish": 1, "tell": 2} {
		d := &desk{told: map[string]bool{}, fail: fail}
		r := reporting.NewDesk(d, d)
		for range 4 {
			_ = r.Report(t.Context(), reporting.Failure{Cause: "a", What: "x"}, time.Time{}) // tried again on an error
		}
		if d.published < 1 || d.published > most {
			t.Errorf("with %q failing once, published %d times", fail, d.published)
		}
	}
}
