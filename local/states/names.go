package states

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/local/wire"
)

const arnPrefix = "arn:aws:states:" + wire.Region + ":" + wire.Account + ":"

// MachineARN is the ARN of the state machine of this name.
func MachineARN(name string) string { return arnPrefix + "stateMachine:" + name }

// ExecutionARN is the ARN of an execution.
func ExecutionARN(machine, name string) string {
	return arnPrefix + "execution:" + machine + ":" + name
}

// checkName applies the rule for names of machines and executions (AWS.md D.2).
func checkName(name string) error {
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("?*<>{}[]\"#%\\^|~`$&,;:/", r)
	}
	if name == "" || utf8.RuneCountInString(name) > 80 || strings.ContainsFunc(name, bad) {
		return wire.Errorf("InvalidName", "Invalid Name: '%s'", name)
	}
	return nil
}

// checkARN refuses what is no Step Functions ARN of this kind.
func checkARN(arn, kind string) error {
	if !strings.HasPrefix(arn, "arn:") {
		return wire.Errorf("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", arn)
	}
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || parts[2] != "states" || parts[5] != kind {
		return wire.Errorf("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: %s'", arn)
	}
	if kind == "stateMachine" && len(parts) > 7 {
		return wire.Errorf("NotImplemented", "local AWS does not implement versions and aliases of state machines: %s", arn)
	}
	return nil
}

// limit checks maxResults; 0 asks for 100.
func limit(n int) (int, error) {
	if n < 0 || n > 1000 {
		return 0, wire.Errorf("ValidationException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000", n)
	}
	if n == 0 {
		return 100, nil
	}
	return n, nil
}

var errBadPage = wire.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
