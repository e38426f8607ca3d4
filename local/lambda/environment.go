package lambda

import (
	"cmp"
	"maps"
	"strconv"

	"sluice/local/wire"
)

// reservedVariables are set by Lambda and cannot be set by a function's configuration.
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// Environment is what a function finds in its environment: its own variables, those
// that Lambda sets, and the credentials of its role. endpoint is where local AWS
// listens, for AWS_ENDPOINT_URL, or "". The address of the Runtime API is not in it.
// Source: AWS.md E.
func (s *Service) Environment(f Function, endpoint string) map[string]string {
	env := maps.Clone(f.Environment)
	if env == nil {
		env = map[string]string{}
	}
	memory := f.MemoryMB
	if memory == 0 {
		memory = 128
	}
	number := cmp.Or(f.Version, latest)
	maps.Copy(env, map[string]string{
		"_HANDLER": f.Handler, "AWS_REGION": wire.Region, "AWS_DEFAULT_REGION": wire.Region,
		"AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": number,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(memory), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":  "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME": s.world.Now().Format("2006/01/02") + "/[" + number + "]" + s.world.ID("lambda/stream", 32),
		"TZ":                         ":UTC", "LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
	})
	if f.LogGroup != "" {
		env["AWS_LAMBDA_LOG_GROUP_NAME"] = f.LogGroup
	}
	if s.Roles != nil {
		key, secret, token := s.Roles.Session(f.RoleARN, f.Name)
		env["AWS_ACCESS_KEY_ID"], env["AWS_ACCESS_KEY"] = key, key
		env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"] = secret, token
	}
	if endpoint != "" {
		env["AWS_ENDPOINT_URL"] = endpoint
	}
	return env
}
