package main

import (
	"sluice/shared/judge/protocol"
)

// judgement judges rollouts that another program tells of.
type judgement struct {
	JSONL bool `required:"" name:"jsonl" help:"Speak lines of JSON on standard input and output."`
}

// Help is the text of sluice judge --help.
func (judgement) Help() string {
	return `A line with a plan begins a rollout and is not answered. Every other line is one minute of it, and is answered by one line: continue, hold or rollback, with the evidence against the candidate (a logarithm).

    {"rollout":"a","plan":[{"weight":0.1,"minutes":15}]}
    {"minute":0,"weight":0.1,"baseline":{"n":900,"bad":1},"candidate":{"n":100,"bad":0}}`
}

func (judgement) Run(c *call) error {
	if err := protocol.Serve(c.in, c.out); err != nil {
		return no("see sluice judge --help for the lines it takes", "judging: %v", err)
	}
	return nil
}
