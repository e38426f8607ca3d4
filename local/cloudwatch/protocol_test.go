package cloudwatch_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
)

// One GetMetricData request as botocore 1.43.11 writes it in each protocol that
// CloudWatch speaks. It chooses awsJson 1.0 by itself; the AWS CLI does the same.
const (
	asCBOR = "a469537461727454696d65c11a69a56db067456e6454696d65c11a69a56e64665363616e42797254696d657374616d70417363656e64696e67714d6574726963446174615175657269657382a3624964616d6a4d657472696353746174a3664d6574726963a3694e616d6573706163656d4157532f536167654d616b65726a4d65747269634e616d656b496e766f636174696f6e736a44696d656e73696f6e7382a2644e616d656c456e64706f696e744e616d656556616c75656563687572" +
		"6ea2644e616d656b56617269616e744e616d656556616c75656a416c6c5472616666696366506572696f64183c64537461746353756d6a52657475726e44617461f4a262496461656a45787072657373696f6e636d2a32"
	asJSON = `{"StartTime": 1772449200, "EndTime": 1772449380, "ScanBy": "TimestampAscending", "MetricDataQueries": [{"Id": "m", "MetricStat": {"Metric": {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": [{"Name": "EndpointName", "Value": "churn"}, {"Name": "VariantName", "Value": "AllTraffic"}]}, "Period": 60, "Stat": "Sum"}, "ReturnData": false}, {"Id": "e", "Expression": "m*2"}]}`
	asForm = `Action=GetMetricData&Version=2010-08-01&StartTime=2026-03-02T11%3A00%3A00Z&EndTime=2026-03-02T11%3A03%3A00Z&ScanBy=TimestampAscending&MetricDataQueries.member.1.Id=m&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FSageMaker&MetricDataQueries.member.1.MetricStat.Metric.MetricName=Invocations&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=EndpointName&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=churn&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Name=VariantName&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Value=AllTraffic&MetricDataQueries.member.1.MetricStat.Period=60&MetricDataQueries.member.1.MetricStat.Stat=Sum&MetricDataQueries.member.1.ReturnData=false&MetricDataQueries.member.2.Id=e&MetricDataQueries.member.2.Expression=m%2A2`
)

func TestBotocoreRequests(t *testing.T) {
	cbor, err := hex.DecodeString(asCBOR)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, body string
		header           map[string]string
		want             string
	}{
		{"cbor", "/service/GraniteServiceVersion20100801/operation/GetMetricData", string(cbor),
			map[string]string{"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}, ""},
		{"json", "/", asJSON, map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData", "Content-Type": "application/x-amz-json-1.0"},
			`{"MetricDataResults":[{"Id":"e","Label":"e","Timestamps":[1772449200,1772449260],"Values":[200,202],"StatusCode":"Complete"}],"Messages":[]}` + "\n"},
		{"query", "/", asForm, map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
			`<GetMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><GetMetricDataResult><MetricDataResults><member><Id>e</Id><Label>e</Label>` +
				`<Timestamps><member>2026-03-02T11:00:00.000Z</member><member>2026-03-02T11:01:00.000Z</member></Timestamps><Values><member>200</member><member>202</member></Values>` +
				`<StatusCode>Complete</StatusCode></member></MetricDataResults><Messages></Messages></GetMetricDataResult>`},
	}
	s := newStage(t)
	s.requests(0, 100, 0)
	s.requests(1, 101, 0)
	s.world.RunFor(5 * time.Minute)
	srv := wire.NewServer(s.world)
	srv.Register(s.cw.Wire())
	for _, tt := range tests {
		r, err := http.NewRequest(http.MethodPost, "http://local"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
		for k, v := range tt.header {
			r.Header.Set(k, v)
		}
		s.world.Do(func() {
			resp, err := srv.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s %q", tt.name, resp.Status, b)
			}
			got, _, _ := strings.Cut(string(b), "<ResponseMetadata>")
			if tt.want != "" && got != tt.want {
				t.Errorf("%s (-want +got):\n%s", tt.name, cmp.Diff(tt.want, got))
			}
			if resp.Header.Get("Content-Type") != strings.Replace(tt.header["Content-Type"], "application/x-www-form-urlencoded; charset=utf-8", "text/xml", 1) {
				t.Errorf("%s: answered as %s", tt.name, resp.Header.Get("Content-Type"))
			}
		})
	}
}

// TestWhatIAMIsAsked: alarms are resources, metrics are not, and composite alarms
// can be described only by those who may describe everything.
func TestWhatIAMIsAsked(t *testing.T) {
	s := newStage(t)
	srv := wire.NewServer(s.world)
	srv.Register(s.cw.Wire())
	var asked []string
	srv.Allow = func(_ string, need wire.Access) error {
		asked = append(asked, need.Action+" "+need.Resource)
		return nil
	}
	for _, call := range [][2]string{
		{"GetMetricData", `{}`}, {"PutMetricAlarm", `{"AlarmName":"a"}`}, {"DescribeAlarms", `{}`},
		{"DescribeAlarms", `{"AlarmTypes":["CompositeAlarm"]}`}, {"DeleteAlarms", `{"AlarmNames":["a","b"]}`},
	} {
		r, err := http.NewRequest(http.MethodPost, "http://local/", strings.NewReader(call[1]))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+call[0])
		s.world.Do(func() {
			if _, err := srv.RoundTrip(r); err != nil {
				t.Fatal(err)
			}
		})
	}
	alarm := "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
	want := []string{
		"cloudwatch:GetMetricData *", "cloudwatch:PutMetricAlarm " + alarm + "a", "cloudwatch:DescribeAlarms " + alarm + "*",
		"cloudwatch:DescribeAlarms *", "cloudwatch:DeleteAlarms " + alarm + "a", "cloudwatch:DeleteAlarms " + alarm + "b",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
