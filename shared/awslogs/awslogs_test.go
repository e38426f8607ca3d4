package awslogs_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/logs"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awslogs"
	"sluice/shared/fault"
)

func TestLast(t *testing.T) {
	ctx := context.Background()
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	service, srv := logs.New(w), wire.NewServer(w)
	srv.Register(service.Wire())
	l := awslogs.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	for i := range 30 {
		service.Append("/aws/sagemaker/TrainingJobs", "job-1/algo-1-177", w.Now().Add(time.Duration(i)*time.Second), fmt.Sprintf("line %d", i))
	}
	service.Append("/aws/sagemaker/TrainingJobs", "job-10/algo-1-177", w.Now(), "another job's\n")
	service.Append("/aws/sagemaker/ProcessingJobs", "job-1/algo-1-177", w.Now(), strings.Repeat("ä", 400)+"\n")
	tests := []struct {
		job  string
		want []string
	}{
		{"training-job/job-1", []string{"line 28", "line 29"}},
		{"training-job/job-10", []string{"another job's"}},
		{"processing-job/job-1", []string{strings.Repeat("ä", 248) + "..."}},
		{"training-job/job-2", nil},
		{"transform-job/job-1", nil}, // the group is not there
		{"automl-job/job-1", nil},
		{"", nil},
	}
	for _, tt := range tests {
		got, err := l.Last(ctx, tt.job, 2)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.job, err, diff)
		}
	}
	srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	if _, err := l.Last(ctx, "training-job/job-1", 2); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}
