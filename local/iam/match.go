package iam

import "strings"

// Match reports whether text matches a pattern in which * stands for any
// characters and ? for exactly one. Case counts. It works on bytes: ARNs are ASCII.
func Match(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// MatchARN matches each of the six parts of an ARN on its own, so that a * in one
// part never swallows the next; the last part has the remaining colons. The
// pattern * matches everything, and a pattern with fewer parts is completed with *,
// as IAM does.
func MatchARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	parts := strings.SplitN(arn, ":", 6)
	patterns := strings.SplitN(pattern, ":", 6)
	if len(parts) < 6 || patterns[0] != "arn" {
		return pattern == arn
	}
	for i, part := range parts {
		if i < len(patterns) && !Match(patterns[i], part) {
			return false
		}
	}
	return true
}
