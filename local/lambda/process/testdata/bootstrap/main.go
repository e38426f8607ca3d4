// Command bootstrap is a function whose event says how it is to end.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do string `json:"do"`
	N  int    `json:"n"`
}

type answer struct {
	Served   int    `json:"served"` // by this process
	Function string `json:"function"`
	Own      string `json:"own"`
	Key      string `json:"key"`
	Request  string `json:"request"`
	Deadline bool   `json:"deadline"`
	Big      string `json:"big,omitempty"`
}

var served int

func handle(ctx context.Context, e event) (answer, error) {
	served++
	fmt.Println("doing", e.Do)
	lc, _ := lambdacontext.FromContext(ctx)
	_, bounded := ctx.Deadline()
	out := answer{Served: served, Function: os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), Own: os.Getenv("OWN"), Key: os.Getenv("AWS_ACCESS_KEY_ID"), Request: lc.AwsRequestID, Deadline: bounded}
	switch e.Do {
	case "fail":
		return out, fmt.Errorf("wrapped: %w", errors.New("inner"))
	case "kind":
		return out, messages.InvokeResponse_Error{Type: "NotReady", Message: "endpoint is updating"}
	case "panic":
		panic("boom")
	case "exit":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Minute)
	case "big":
		out.Big = strings.Repeat("x", e.N)
	case "call":
		resp, err := http.Get(os.Getenv("AWS_ENDPOINT_URL"))
		if err != nil {
			return out, err
		}
		out.Own = resp.Status
		return out, resp.Body.Close()
	}
	return out, nil
}

func main() { lambda.Start(handle) }
