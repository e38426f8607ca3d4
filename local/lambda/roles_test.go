package lambda

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/local/iam"
	"sluice/local/sim"
)

// Lambda refuses what the function's role does not permit, when it is set up.
func TestRolesAreAsked(t *testing.T) {
	const dead = "arn:aws:sqs:us-east-1:111122223333:dead"
	receive := `"sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"`
	tests := []struct{ name, service, actions, want string }{
		{"all there", "lambda", receive + `,"sqs:SendMessage"`, ""},
		{"not Lambda's role", "states", receive + `,"sqs:SendMessage"`, "cannot be assumed by Lambda"},
		{"dead letters", "lambda", receive, "permissions to call SendMessage on SQS"},
		{"receiving", "lambda", `"sqs:SendMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"`, "permissions to call ReceiveMessage on SQS"},
		{"deleting", "lambda", `"sqs:SendMessage","sqs:ReceiveMessage","sqs:GetQueueAttributes"`, "permissions to call DeleteMessage on SQS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := sim.NewWorld(start, 1)
			roles := iam.New(w)
			role, err := roles.CreateRole("worker", "", fmt.Appendf(nil, `{"Statement":[{"Effect":"Allow","Principal":{"Service":"%s.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, tt.service))
			must(t, err)
			must(t, roles.PutRolePolicy("worker", "p", fmt.Appendf(nil, `{"Statement":[{"Effect":"Allow","Action":[%s],"Resource":"*"}]}`, tt.actions)))
			s := New(w, func(Function) (Host, error) { return InProcess(nil), nil })
			s.Roles, s.Queues = roles, &fakeQueue{w: w, visibility: time.Minute}
			got := ""
			w.Do(func() {
				err := s.Create(Function{Name: "work", RoleARN: role.ARN, DeadLetterARN: dead})
				if err == nil {
					_, err = s.CreateMapping(MappingConfig{FunctionARN: "work", QueueARN: queueARN})
				}
				if err != nil {
					got = err.Error()
				}
			})
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
