// Package redriving gives dead letters back to the functions that could not take them,
// once the cause is gone, such as a bad version of a function. The command line calls it;
// nothing of Sluice does by itself: whether the cause is gone a person knows.
//
// Events may come twice, so that a letter that was given back and not deleted does no
// harm. It reads what Lambda and EventBridge write around an event, and nothing in it.
package redriving

import (
	"context"
	"encoding/json"
	"strings"
)

// Letter is a message in a dead-letter queue.
type Letter struct {
	ID         string
	Receipt    string // by which it is deleted
	Body       string
	Attributes map[string]string
}

type letters interface {
	// Take reads some letters, which nobody else sees for a while; none if there are none.
	Take(ctx context.Context, queue string) ([]Letter, error)
	// Drop deletes a letter.
	Drop(ctx context.Context, queue string, l Letter) error
}

type functions interface {
	// Send gives a function an event. It does not wait for what becomes of it.
	Send(ctx context.Context, function string, payload []byte) error
}

// Redriving gives letters back.
type Redriving struct {
	Letters   letters
	Functions functions
}

// Returned is what became of a letter.
type Returned struct {
	Letter   string `json:"letter"`
	Function string `json:"function"` // that has it again, "" if it lies where it lay
	Why      string `json:"why,omitempty"`
}

// Redrive gives all letters of a queue back that name a function and have its event; the
// others stay. A letter is deleted when Lambda has accepted its event. Errors: those of
// the queue and of Lambda; what was given back until then is in the list.
func (r *Redriving) Redrive(ctx context.Context, queue string) ([]Returned, error) {
	all, seen := []Returned{}, map[string]bool{}
	for {
		taken, err := r.Letters.Take(ctx, queue)
		if err != nil {
			return all, err
		}
		fresh := false
		for _, l := range taken {
			if seen[l.ID] {
				continue
			}
			seen[l.ID], fresh = true, true
			function, payload := address(l)
			if function == "" {
				all = append(all, Returned{Letter: l.ID, Why: "it has no event to give back: it tells of a place in a stream, or is no dead letter of Lambda or EventBridge"})
				continue
			}
			if err := r.Functions.Send(ctx, function, payload); err != nil {
				return all, err
			}
			all = append(all, Returned{Letter: l.ID, Function: function})
			if err := r.Letters.Drop(ctx, queue, l); err != nil {
				return all, err
			}
		}
		if !fresh {
			return all, nil
		}
	}
}

// address is whose event a letter has, and the event. Lambda writes a record of the
// invocation around it, EventBridge puts it into the body and the target beside it.
func address(l Letter) (function string, payload []byte) {
	var record struct {
		RequestContext struct{ FunctionArn string }
		RequestPayload json.RawMessage
	}
	if json.Unmarshal([]byte(l.Body), &record) != nil {
		return "", nil
	}
	function, payload = record.RequestContext.FunctionArn, record.RequestPayload
	if target := l.Attributes["TARGET_ARN"]; function == "" && strings.Contains(target, ":function:") {
		function, payload = target, []byte(l.Body)
	}
	if len(payload) == 0 {
		return "", nil
	}
	return strings.TrimSuffix(function, ":$LATEST"), payload
}
