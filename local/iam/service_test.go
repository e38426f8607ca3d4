package iam

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`

func account1(t *testing.T) (*sim.World, *Service, string) {
	t.Helper()
	w := sim.NewWorld(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), 1)
	s := New(w)
	r, err := s.CreateRole("worker", "", []byte(trust))
	must(t, err)
	must(t, s.PutRolePolicy("worker", "data", []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":["`+table+`","`+table+`/index/*"]},
		{"Effect":"Deny","Action":"dynamodb:PutItem","Resource":"*","Condition":{"StringEquals":{"dynamodb:LeadingKeys":"locked"}}}]}`)))
	must(t, s.AttachRolePolicy("worker", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"))
	return w, s, r.ARN
}

func TestSessions(t *testing.T) {
	_, s, arn := account1(t)
	key, secret, token := s.Session(arn, "work")
	if again, _, _ := s.Session(arn, "work"); again != key || secret == "" || token == "" {
		t.Errorf("keys %s and %s of one session differ, or it lacks a secret or token", key, again)
	}
	const who = "User: arn:aws:sts::111122223333:assumed-role/worker/work is not authorized to perform: "
	tests := []struct {
		name, key string
		need      wire.Access
		want      string
	}{
		{"a person", "test", wire.Access{Action: "iam:DeleteRole", Resource: "*"}, ""},
		{"nobody", "", wire.Access{Action: "iam:DeleteRole", Resource: "*"}, ""},
		{"allowed", key, wire.Access{Action: "dynamodb:GetItem", Resource: table}, ""},
		{"managed", key, wire.Access{Action: "logs:PutLogEvents", Resource: "arn:aws:logs:us-east-1:1:log-group:x:*"}, ""},
		{"not allowed", key, wire.Access{Action: "dynamodb:Scan", Resource: table}, who + "dynamodb:Scan on resource: " + table + " because no identity-based policy allows the dynamodb:Scan action"},
		{"denied", key, wire.Access{Action: "dynamodb:PutItem", Resource: table, Conditions: map[string][]string{"dynamodb:LeadingKeys": {"locked"}}},
			who + "dynamodb:PutItem on resource: " + table + " with an explicit deny in an identity-based policy"},
		{"forged", "ASIAFORGED", wire.Access{Action: "dynamodb:GetItem", Resource: table}, "the security token included in the request is invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := s.Allow(tt.key, tt.need); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	s.DeleteRole("worker")
	if s.Allow(key, wire.Access{Action: "dynamodb:GetItem", Resource: table}) == nil {
		t.Error("a session outlives its role's permissions")
	}
}

func TestUsage(t *testing.T) {
	_, s, arn := account1(t)
	if err := s.AllowRole(arn, wire.Access{Action: "dynamodb:Scan", Resource: table}); err == nil {
		t.Error("Scan is allowed")
	}
	must(t, s.AllowRole(arn, wire.Access{Action: "dynamodb:GetItem", Resource: table}))
	if diff := cmp.Diff([]Grant{{"dynamodb:GetItem", table}}, s.Granted(arn)); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Use{{"data", 0, "dynamodb:GetItem", table}}, s.Used(arn)); diff != "" {
		t.Errorf("used (-want +got):\n%s", diff)
	}
	basic := "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	want := []Use{
		{basic, 0, "", "*"}, {basic, 0, "logs:CreateLogGroup", ""}, {basic, 0, "logs:CreateLogStream", ""}, {basic, 0, "logs:PutLogEvents", ""},
		{"data", 0, "", table + "/index/*"}, {"data", 0, "dynamodb:PutItem", ""},
	}
	if diff := cmp.Diff(want, s.Unused(arn)); diff != "" {
		t.Errorf("unused (-want +got):\n%s", diff)
	}
}

func TestRoles(t *testing.T) {
	_, s, arn := account1(t)
	if !s.Trusts(arn, "lambda.amazonaws.com") || s.Trusts(arn, "states.amazonaws.com") || s.Trusts(arn+"2", "lambda.amazonaws.com") {
		t.Error("the trust policy is not kept")
	}
	tests := []struct {
		name, want string
		do         func() error
	}{
		{"twice", "EntityAlreadyExists", func() error { _, err := s.CreateRole("worker", "", []byte(trust)); return err }},
		{"name", "ValidationError", func() error { _, err := s.CreateRole("a b", "", []byte(trust)); return err }},
		{"path", "ValidationError", func() error { _, err := s.CreateRole("a", "x", []byte(trust)); return err }},
		{"trust", "MalformedPolicyDocument", func() error { _, err := s.CreateRole("a", "", []byte(`{}`)); return err }},
		{"policy", "MalformedPolicyDocument", func() error { return s.PutRolePolicy("worker", "x", []byte(`{}`)) }},
		{"no role", "NoSuchEntity", func() error { return s.PutRolePolicy("none", "x", []byte(`{}`)) }},
		{"unknown managed policy", "NoSuchEntity", func() error { return s.AttachRolePolicy("worker", "arn:aws:iam::aws:policy/AdministratorAccess") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWire(t *testing.T) {
	w, s, _ := account1(t)
	srv := wire.NewServer(w)
	srv.Allow = s.Allow
	srv.Register(s.Wire())
	tests := []struct{ form, want string }{
		{"Action=GetRole&RoleName=worker", "<Arn>arn:aws:iam::111122223333:role/worker</Arn>"},
		{"Action=GetRole&RoleName=none", "<Code>NoSuchEntity</Code>"},
		{"Action=ListRoles", "<RoleName>worker</RoleName>"},
		{"Action=ListRolePolicies&RoleName=worker", "<PolicyNames><member>data</member></PolicyNames>"},
		{"Action=GetRolePolicy&RoleName=worker&PolicyName=data", "<PolicyDocument>%7B%22Version%22%3A%222012-10-17%22"},
		{"Action=GetRolePolicy&RoleName=worker&PolicyName=none", "<Code>NoSuchEntity</Code>"},
		{"Action=ListAttachedRolePolicies&RoleName=worker", "<PolicyName>AWSLambdaBasicExecutionRole</PolicyName>"},
		{"Action=DeleteRole&RoleName=worker", "does not implement iam DeleteRole"},
	}
	for _, tt := range tests {
		t.Run(tt.form, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPost, "http://local/", strings.NewReader(tt.form+"&Version=2010-05-08"))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/iam/aws4_request, Signature=x")
			w.Do(func() {
				resp, err := srv.RoundTrip(req)
				must(t, err)
				b, err := io.ReadAll(resp.Body)
				must(t, err)
				if !strings.Contains(string(b), tt.want) {
					t.Errorf("got %s, want %s in it", b, tt.want)
				}
			})
		})
	}
}
