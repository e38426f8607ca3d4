// Package exec runs a machine that package parse has read: it decides what AWS
// Step Functions would do next, in virtual time, one thing at a time, the same way
// for the same answers.
//
// Each execution, each branch of a Parallel state and each iteration of a Map state
// is a coroutine, so that the walk over states is straight-line code. A coroutine
// hands over only while it waits for a timer, a task or its children.
//
// It knows no service. Its Host starts tasks, keeps time and histories, and draws
// randomness; local/states is that host. All calls into this package hold the world.
package exec
