package codecommit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"time"

	"sluice/local/wire"
)

// rule is an approval rule of one pull request.
type rule struct {
	id, name, content, by string
	created               time.Time
	needed                int
	pool                  []string // patterns of ARNs; none is everybody
}

type ruleShape struct {
	ID        string     `json:"approvalRuleId"`
	Name      string     `json:"approvalRuleName"`
	Content   string     `json:"approvalRuleContent"`
	SHA256    string     `json:"ruleContentSha256"`
	Created   *wire.Time `json:"creationDate"`
	Modified  *wire.Time `json:"lastModifiedDate"`
	ChangedBy string     `json:"lastModifiedUser"`
}

func (r *rule) shape() ruleShape {
	sum := sha256.Sum256([]byte(r.content))
	return ruleShape{r.id, r.name, r.content, hex.EncodeToString(sum[:]), wire.At(r.created), wire.At(r.created), r.by}
}

// approval is one person's state on one revision.
type approval struct {
	User     string `json:"userArn"`
	State    string `json:"approvalState"`
	revision string
}

const (
	approve = "APPROVE"
	revoke  = "REVOKE"
)

type approvalIn struct {
	PullRequestID       string `json:"pullRequestId"`
	RevisionID          string `json:"revisionId"`
	ApprovalState       string `json:"approvalState"`
	ApprovalRuleName    string `json:"approvalRuleName"`
	ApprovalRuleContent string `json:"approvalRuleContent"`
}

type ruleOut struct {
	Rule ruleShape `json:"approvalRule"`
}

type approvalsOut struct {
	Approvals []approval `json:"approvals"`
}

type evaluationOut struct {
	Evaluation evaluation `json:"evaluation"`
}

type evaluation struct {
	Approved     bool     `json:"approved"`
	Overridden   bool     `json:"overridden"`
	Satisfied    []string `json:"approvalRulesSatisfied"`
	NotSatisfied []string `json:"approvalRulesNotSatisfied"`
}

func (s *Service) wireApprovals(svc *wire.Service) {
	repo := func(in *approvalIn) string { return s.repositoryOf(in.PullRequestID) }
	handle(svc, "UpdatePullRequestApprovalState", repo, s.updateApproval)
	handle(svc, "CreatePullRequestApprovalRule", repo, s.createRule)
	handle(svc, "GetPullRequestApprovalStates", repo, func(_ *wire.Call, in *approvalIn) (*approvalsOut, error) {
		p, err := s.request(in.PullRequestID)
		if err != nil {
			return nil, err
		}
		return &approvalsOut{p.approved(in.RevisionID)}, nil
	})
	handle(svc, "EvaluatePullRequestApprovalRules", repo, func(_ *wire.Call, in *approvalIn) (*evaluationOut, error) {
		p, err := s.request(in.PullRequestID)
		switch {
		case err != nil:
			return nil, err
		case in.RevisionID != p.revision:
			return nil, outdated(in.RevisionID)
		}
		return &evaluationOut{p.evaluate()}, nil
	})
}

func outdated(revision string) error {
	return wire.Errorf("RevisionNotCurrentException", "The revision ID provided in the request does not match the current revision ID. It is outdated: %s", revision)
}

func (s *Service) updateApproval(c *wire.Call, in *approvalIn) (*empty, error) {
	p, err := s.openRequest(in.PullRequestID)
	caller := s.caller(c.AccessKey)
	switch {
	case err != nil:
		return nil, err
	case in.ApprovalState != approve && in.ApprovalState != revoke:
		return nil, wire.Errorf("InvalidApprovalStateException", "The state for the approval is not valid: %q; write APPROVE or REVOKE", in.ApprovalState)
	case in.RevisionID != p.revision:
		return nil, outdated(in.RevisionID)
	case caller == p.author:
		return nil, wire.Errorf("PullRequestCannotBeApprovedByAuthorException", "The approval cannot be applied because the user approving the pull request matches the user who created it: %s", caller)
	}
	before := len(p.approvals)
	p.approvals = slices.DeleteFunc(p.approvals, func(a approval) bool { return a.User == caller && a.revision == p.revision })
	if in.ApprovalState == revoke && len(p.approvals) == before {
		return &empty{}, nil // there was none to take back
	}
	if in.ApprovalState == approve {
		p.approvals = append(p.approvals, approval{caller, approve, p.revision})
		if len(p.approvals) == before {
			return &empty{}, nil // it was given already
		}
	}
	p.active = s.world.Now()
	s.requestChanged(p, "pullRequestApprovalStateChanged", caller, in.ApprovalState, "")
	return &empty{}, nil
}

func (s *Service) createRule(c *wire.Call, in *approvalIn) (*ruleOut, error) {
	p, err := s.openRequest(in.PullRequestID)
	if err != nil {
		return nil, err
	}
	var content struct {
		Statements []struct {
			Type                    string
			NumberOfApprovalsNeeded int
			ApprovalPoolMembers     []string
		}
	}
	if err := json.Unmarshal([]byte(in.ApprovalRuleContent), &content); err != nil || len(content.Statements) != 1 || content.Statements[0].Type != "Approvers" {
		return nil, wire.Errorf("InvalidApprovalRuleContentException", "The content for the approval rule is not valid: one statement of type Approvers must be there")
	}
	if slices.ContainsFunc(p.rules, func(r *rule) bool { return r.name == in.ApprovalRuleName }) {
		return nil, wire.Errorf("ApprovalRuleNameAlreadyExistsException", "An approval rule with that name already exists: %s", in.ApprovalRuleName)
	}
	st := content.Statements[0]
	r := &rule{
		id: s.world.UUID("rule"), name: in.ApprovalRuleName, content: in.ApprovalRuleContent, by: s.caller(c.AccessKey), created: s.world.Now(),
		needed: st.NumberOfApprovalsNeeded, pool: st.ApprovalPoolMembers,
	}
	p.rules = append(p.rules, r)
	s.requestChanged(p, "pullRequestApprovalRuleCreated", r.by, "", "")
	return &ruleOut{r.shape()}, nil
}

// approved lists who has approved a revision.
func (p *request) approved(revision string) []approval {
	all := []approval{}
	for _, a := range p.approvals {
		if a.revision == revision {
			all = append(all, a)
		}
	}
	return all
}

// evaluate holds the current revision against the rules.
func (p *request) evaluate() evaluation {
	e := evaluation{Satisfied: []string{}, NotSatisfied: []string{}}
	for _, r := range p.rules {
		n := 0
		for _, a := range p.approved(p.revision) {
			if len(r.pool) == 0 || slices.ContainsFunc(r.pool, func(pattern string) bool { return member(pattern, a.User) }) {
				n++
			}
		}
		if n >= r.needed {
			e.Satisfied = append(e.Satisfied, r.name)
		} else {
			e.NotSatisfied = append(e.NotSatisfied, r.name)
		}
	}
	e.Approved = len(e.NotSatisfied) == 0
	return e
}

// member reports whether an ARN is in a pool. A * stands for any characters up to
// the next slash, as in arn:aws:sts::111122223333:assumed-role/checks/*.
func member(pattern, arn string) bool {
	ok, err := path.Match(pattern, arn)
	return err == nil && ok
}
