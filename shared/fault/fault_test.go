package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/fault"
)

func TestWire(t *testing.T) {
	base := fault.NotReady.Errorf("endpoint %s is %s", "churn", "Updating")
	tests := []struct {
		name string
		err  error
		want messages.InvokeResponse_Error
	}{
		{"bare", base, messages.InvokeResponse_Error{Type: "NotReady", Message: "endpoint churn is Updating"}},
		{"wrapped once", fmt.Errorf("shifting: %w", base), messages.InvokeResponse_Error{Type: "NotReady", Message: "shifting: endpoint churn is Updating"}},
		{"wrapped thrice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", fmt.Errorf("c: %w", base))), messages.InvokeResponse_Error{Type: "NotReady", Message: "a: b: c: endpoint churn is Updating"}},
		{"joined", errors.Join(io.EOF, base), messages.InvokeResponse_Error{Type: "NotReady", Message: "EOF\nendpoint churn is Updating"}},
		{"the outermost kind counts", fault.Invalid.Errorf("refused: %w", base), messages.InvokeResponse_Error{Type: "Invalid", Message: "refused: endpoint churn is Updating"}},
		{"no kind", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), messages.InvokeResponse_Error{Type: "Internal", Message: "reading: unexpected EOF"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := fault.Wire(tt.err).(messages.InvokeResponse_Error) // not errors.As: only the outermost type reaches the wire
			if !ok {
				t.Fatalf("got a %T, which the runtime would name by its Go type", fault.Wire(tt.err))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("on the wire (-want +got):\n%s", diff)
			}
		})
	}
	if err := fault.Wire(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestIs(t *testing.T) {
	err := fmt.Errorf("writing: %w", fault.Conflict.Errorf("taken: %w", io.EOF))
	for _, k := range fault.Kinds() {
		if got, want := fault.Is(err, k), k == fault.Conflict; got != want {
			t.Errorf("Is(%s) is %v", k, got)
		}
		if fault.Is(nil, k) {
			t.Errorf("no error is %s", k)
		}
	}
	if fault.Is(io.EOF, fault.Internal) {
		t.Error("an error without a kind is of none, though it travels as Internal")
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestKindsAreAllThereIs(t *testing.T) {
	seen := map[fault.Kind]bool{}
	for _, k := range fault.Kinds() {
		if seen[k] {
			t.Errorf("%s is listed twice", k)
		}
		seen[k] = true
		if got := fault.Of(k.Errorf("x")); got != k {
			t.Errorf("an error of kind %s is of kind %s", k, got)
		}
	}
	if len(seen) != 7 {
		t.Errorf("there are %d kinds; a new one needs a place in both state machines", len(seen))
	}
}
