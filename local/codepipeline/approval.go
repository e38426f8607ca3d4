package codepipeline

import (
	"cmp"
	"encoding/json"
	"errors"
	"time"

	"sluice/local/wire"
)

// approvalHolds is how long an approval waits, unless its action says otherwise.
// Source: CodePipeline user guide, Quotas.
const approvalHolds = 7 * 24 * time.Hour

// ask waits for somebody to approve or reject.
func (s *Service) ask(r *run) {
	r.token = s.world.UUID("approval")
	wait := cmp.Or(time.Duration(r.TimeoutInMinutes)*time.Minute, approvalHolds)
	expires := s.world.Now().Add(wait)
	if topic := r.Configuration["NotificationArn"]; topic != "" {
		err := r.permit(topic, "sns:Publish")
		if err == nil {
			err = s.outside.Publish(topic, "APPROVAL NEEDED: AWS CodePipeline "+r.e.pipeline.Name+" for action "+r.Name, r.notice(expires))
		}
		if err != nil {
			r.fail("PermissionError", err)
			return
		}
	}
	r.later(wait, func() { r.fail("JobTimedOut", errors.New("nobody has answered in "+wait.String())) })
}

// notice is the message that asks for an approval.
// Source: CodePipeline user guide, JSON data format for manual approval notifications.
func (r *run) notice(expires time.Time) string {
	type approval struct {
		Pipeline string `json:"pipelineName"`
		Stage    string `json:"stageName"`
		Action   string `json:"actionName"`
		Token    string `json:"token"`
		Expires  string `json:"expires"`
		Entity   string `json:"externalEntityLink,omitempty"`
		Data     string `json:"customData,omitempty"`
	}
	text, err := json.Marshal(map[string]any{
		"region": wire.Region, "consoleLink": "https://console.aws.amazon.com/codepipeline/home?region=" + wire.Region + "#/view/" + r.e.pipeline.Name,
		"approval": approval{r.e.pipeline.Name, r.stage.Name, r.Name, r.token, expires.UTC().Format("2006-01-02T15:04Z"), r.Configuration["ExternalEntityLink"], r.Configuration["CustomData"]},
	})
	if err != nil {
		panic(err) // it is made of texts
	}
	return string(text)
}

type approvalIn struct {
	PipelineName string `json:"pipelineName"`
	StageName    string `json:"stageName"`
	ActionName   string `json:"actionName"`
	Token        string `json:"token"`
	Result       struct {
		Status  string `json:"status"`
		Summary string `json:"summary"`
	} `json:"result"`
}

type approvalOut struct {
	ApprovedAt *wire.Time `json:"approvedAt"`
}

// maxSummary is how long the summary of an answer may be.
const maxSummary = 512

func (s *Service) putApproval(c *wire.Call, in *approvalIn) (*approvalOut, error) {
	p, err := s.pipeline(in.PipelineName)
	if err != nil {
		return nil, err
	}
	st, err := p.stage(in.StageName)
	if err != nil {
		return nil, err
	}
	r := st.runs[in.ActionName]
	switch {
	case in.Result.Status != "Approved" && in.Result.Status != "Rejected" || len(in.Result.Summary) > maxSummary:
		return nil, wire.Errorf("ValidationException", "the status must be Approved or Rejected, and the summary have at most %d characters", maxSummary)
	case r == nil || r.ActionTypeId.Provider != "Manual":
		return nil, wire.Errorf("ActionNotFoundException", "Stage '%s' has no approval in progress with name '%s'", in.StageName, in.ActionName)
	case r.status != inProgress:
		return nil, wire.Errorf("ApprovalAlreadyCompletedException", "The approval has already been completed")
	case r.token == "" || r.token != in.Token:
		return nil, wire.Errorf("InvalidApprovalTokenException", "The approval token does not match the one of the pending approval")
	}
	r.by = s.outside.Caller(c.AccessKey)
	if in.Result.Status == "Rejected" {
		r.end(failed, result{code: "JobFailed", summary: in.Result.Summary})
	} else {
		r.succeed(result{summary: in.Result.Summary})
	}
	return &approvalOut{wire.At(s.world.Now())}, nil
}
