// Package parse reads the Amazon States Language, with JSONPath as its query
// language, into a tree of nodes: one Go type per construct, each with its
// position in the text. It is strict: a field that it does not know is an error
// that names the state and the field.
//
// Parse decides what is well formed. Lint decides what is wise and what hangs
// together: dangling transitions, unreachable states, bad paths, missing timeouts.
// Running is for package exec. JSONata and distributed maps are refused, by name.
//
// Callers: local/states when a machine is created, exec, and tests over the
// machines that are deployed.
package parse
